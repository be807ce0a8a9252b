package gateway

import (
	"context"

	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/limits"
)

// limited answers a statement in its turn, and holds the answer to the limits and then to
// its budget: what is not delivered is not charged. What is answered out of memory takes no
// turn, and an operator's own statements have no limits.
func (g *Gateway) limited(ctx context.Context, s server.Session, id string, do func(context.Context) (*server.Answer, *quota.Budget, error)) (*server.Answer, error) {
	if s.Operator {
		answer, budget, err := do(ctx)
		if err != nil {
			return nil, err
		}
		return within(ctx, budget, answer), nil
	}
	ctx, turn, err := g.turn(ctx, s, id)
	if err != nil {
		return nil, err
	}
	answer, budget, err := do(ctx)
	if err != nil {
		turn.End()
		return nil, err
	}
	answer.Stream = turn.Answer(answer.Stream)
	return within(ctx, budget, answer), nil
}

// turn waits for a statement's turn.
func (g *Gateway) turn(ctx context.Context, s server.Session, id string) (context.Context, *limits.Statement, error) {
	_, span := tracing.Start(ctx, tracing.Queue)
	defer span.End()
	return g.limits.Begin(ctx, s, id)
}

// Place implements server.Queue.
func (g *Gateway) Place(s server.Session, id string) (place int, waits bool) {
	if place, waits := g.limits.Place(s, id); waits {
		return place, true
	}
	return g.engine.Place(limits.Who(s), id)
}
