package gateway

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/server"
)

// charge charges a statement to the quotas of the grants that it reads by, before anything
// of it runs. It gives nil where there is none: then nobody is asked.
func charge(ctx context.Context, s server.Session, stmt *planner.Statement, reads []*policy.Resource) (*quota.Budget, error) {
	metered := false
	for _, r := range reads {
		metered = metered || len(r.Quotas) > 0
	}
	if !metered {
		return nil, nil
	}
	var charged []quota.Read
	for _, read := range stmt.Reads() {
		columns := make([]string, len(read.Items))
		for i, item := range read.Items {
			columns[i] = item.Name
		}
		if of := read.Resource.Charged(columns); len(of) > 0 {
			charged = append(charged, quota.Read{Resource: read.Resource.Name(), Quotas: of})
		}
	}
	switch {
	case len(charged) == 0:
		return nil, nil
	case s.Quota == nil:
		return nil, errs.New(errs.StoreFailed, "store_failed", nil)
	}
	return s.Quota.Open(ctx, charged)
}

// uncharge takes the charge of a statement back of which nothing ran.
func uncharge(b *quota.Budget) {
	if b != nil {
		b.Undo()
	}
}

// within holds an answer to a budget; nil is without one.
func within(ctx context.Context, b *quota.Budget, a *server.Answer) *server.Answer {
	if b != nil {
		a.Stream = &charged{Stream: a.Stream, ctx: ctx, budget: b}
		a.Unread = b.PutBack
	}
	return a
}

// charged charges each batch of rows before it is delivered. The last rows of a budget
// are delivered, then the answer breaks off.
type charged struct {
	server.Stream
	ctx    context.Context
	budget *quota.Budget
	last   arrow.RecordBatch // the part of a batch for which the budget was enough
	err    error
}

// Next implements server.Stream.
func (c *charged) Next() bool {
	c.drop()
	if c.err != nil {
		c.Stream.Release() // what still runs at the sources ends now
		return false
	}
	if !c.Stream.Next() {
		c.budget.Close()
		return false
	}
	batch := c.Stream.RecordBatch()
	rows := batch.NumRows()
	var given int64
	if given, c.err = c.budget.Take(c.ctx, rows); given == rows {
		return true
	}
	if given == 0 {
		c.Stream.Release()
		return false
	}
	c.last = batch.NewSlice(0, given)
	return true
}

// RecordBatch implements server.Stream.
func (c *charged) RecordBatch() arrow.RecordBatch {
	if c.last != nil {
		return c.last
	}
	return c.Stream.RecordBatch()
}

// Err implements server.Stream.
func (c *charged) Err() error {
	if c.err != nil && c.last == nil {
		return c.err
	}
	return c.Stream.Err()
}

// Release implements server.Stream.
func (c *charged) Release() {
	c.drop()
	c.Stream.Release()
	c.budget.Close()
}

func (c *charged) drop() {
	if c.last != nil {
		c.last.Release()
		c.last = nil
	}
}
