package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner"
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

// explainsWhole tells whether the session sees all of how a statement is carried out:
// an operator does, and who provides everything that is read. Others see their own
// statement's shape.
func explainsWhole(s server.Session, reads []*policy.Resource) bool {
	if s.Operator {
		return true
	}
	for _, r := range reads {
		if s.Explains == nil || !s.Explains(r) {
			return false
		}
	}
	return true
}

// watchEvery is how often it is looked whether a statement that gives no rows may go on.
const watchEvery = 250 * time.Millisecond

// watched ends what runs under the context that it gives as soon as the session may no
// longer read it. End frees the watch; it may be repeated.
func watched(ctx context.Context, s server.Session, reads []*policy.Resource) (_ context.Context, end func()) {
	if s.Holds == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var looking sync.Mutex
	var next *time.Timer
	looking.Lock()
	defer looking.Unlock()
	// A timer, because most statements end before its first look: a goroutine would cost each
	// of them the waking of a thread.
	next = time.AfterFunc(watchEvery, func() {
		looking.Lock()
		defer looking.Unlock()
		if ctx.Err() != nil {
			return
		}
		if err := safego.Call(func() error { return holds(s, reads) }); err != nil {
			cancel(err)
			return
		}
		next.Reset(watchEvery)
	})
	return ctx, func() {
		cancel(context.Canceled)
		looking.Lock() // a look that has begun ends first
		defer looking.Unlock()
		next.Stop()
	}
}

// held ends an answer at the first batch that is no longer open to the session.
type held struct {
	server.Stream
	ctx     context.Context // of the watch
	session server.Session
	reads   []*policy.Resource
	lookups func() []planner.Read // what policy reads
	err     error
	end     func()
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

// Warnings implements server.Stream.
func (h *held) Warnings() []errs.Warning {
	all := h.Stream.Warnings()
	if h.session.Operator || len(all) == 0 {
		return all
	}
	return discreetWarnings(all, h.reads, h.lookups())
}

// AtEnd is for server.AtEnd.
func (h *held) AtEnd() bool { return h.err != nil || server.AtEnd(h.Stream) }

func (h *held) Err() error {
	if h.err != nil {
		return h.err
	}
	if err := h.Stream.Err(); err != nil {
		return server.Discreet(h.session, why(h.ctx, err))
	}
	return nil
}

func (h *held) Release() {
	h.Stream.Release()
	h.end()
}

// why gives the reason for which the watch ended a statement, in the place of the
// statement's own error.
func why(ctx context.Context, err error) *errs.Error {
	e := errs.From(err)
	var own *errs.Error
	if e != nil && e.Code == errs.Canceled && errors.As(context.Cause(ctx), &own) {
		return own
	}
	return e
}

// CheckGuard implements policy.GuardChecker.
func (g *Gateway) CheckGuard(ctx context.Context, r *policy.Resource) error {
	return g.planner.CheckGuard(ctx, r)
}
