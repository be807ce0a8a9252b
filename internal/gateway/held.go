package gateway

import (
	"context"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// holds tells whether what a statement reads is still open to the session.
func holds(s server.Session, reads []*policy.Resource) error {
	if s.Holds == nil {
		return nil
	}
	return s.Holds(reads)
}

// mayExplain refuses to explain what policy stands before: the plan holds its text,
// and estimates of rows that it hides.
func mayExplain(s server.Session, reads []*policy.Resource) error {
	for _, r := range reads {
		if r.Guard != nil && !s.Operator {
			return errs.New(errs.NotSupported, "gateway_explain_guarded", nil)
		}
	}
	return nil
}

// held ends an answer at the first batch that is no longer open to the session.
type held struct {
	server.Stream
	session server.Session
	reads   []*policy.Resource
	err     error
}

func (h *held) Next() bool {
	if h.err != nil || !h.Stream.Next() {
		return false
	}
	if h.err = holds(h.session, h.reads); h.err != nil {
		h.Stream.Release() // what still runs at the sources ends now
		return false
	}
	return true
}

func (h *held) Err() error {
	if h.err != nil {
		return h.err
	}
	return h.Stream.Err()
}

// CheckGuard implements policy.GuardChecker.
func (g *Gateway) CheckGuard(ctx context.Context, r *policy.Resource) error {
	return g.planner.CheckGuard(ctx, r)
}
