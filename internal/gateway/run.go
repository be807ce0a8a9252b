package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/server"
)

// run plans a query, or an EXPLAIN of one, and starts what it asks for; the answer is to be
// held to the budget, which may be nil. The order of its steps counts: what is refused is
// charged to no quota, what cannot be charged is recorded as refused, and nothing leaves,
// no error of a source either, before the record of its start is on disk.
func (g *Gateway) run(ctx context.Context, s server.Session, r server.Request, stmt sqltext.Stmt, rec *recorded) (*server.Answer, *quota.Budget, error) {
	plan, bound, err := g.plan(ctx, policy.OrDenied(s.Snapshot), stmt.SQL, r.Params)
	if err != nil {
		return nil, nil, shifted(err, r.SQL, stmt.Offset)
	}
	// Planning takes its time too: what was bound must still be open.
	reads := bound.Resources()
	if err := holds(s, reads); err != nil {
		return nil, nil, err
	}
	if stmt.Kind == sqltext.Query && sqltext.NoRows(stmt.SQL) {
		answer, err := columnsAlone(ctx, s, bound, plan, rec)
		return answer, nil, err
	}
	rec.uses(bound, plan)
	var budget *quota.Budget
	if stmt.Kind != sqltext.Explain || stmt.Analyze { // else nothing is read
		if budget, err = charge(ctx, s, bound, reads); err != nil {
			return nil, nil, err
		}
	}
	if err := rec.submit(ctx); err != nil {
		uncharge(budget)
		return nil, nil, err
	}
	answer, err := g.start(ctx, s, r, bound, reads, plan, stmt, rec)
	if unrecorded := rec.durable(ctx); unrecorded != nil {
		if err == nil {
			answer.Stream.Release()
		}
		uncharge(budget)
		return nil, nil, unrecorded
	}
	if errs.CodeOf(err) == errs.QueueFull {
		uncharge(budget)
	}
	if err != nil || stmt.Kind == sqltext.Explain { // whose rows are no data
		return answer, nil, err
	}
	return answer, budget, nil
}

// columnsAlone answers a query that has no rows by its own words, as DESCRIBE does: no source
// is asked, no quota charged, and its record names no item that it used. Tools that look
// around before anybody asked for something send many of these.
func columnsAlone(ctx context.Context, s server.Session, bound *planner.Statement, plan *planner.Plan, rec *recorded) (*server.Answer, error) {
	began := time.Now()
	if err := rec.begin(ctx); err != nil {
		return nil, err
	}
	times := sync.OnceValue(func() []server.SourceTimes { return readTimes(bound, began, nil) })
	answer := &server.Answer{Columns: plan.Columns, Stream: &fixed{schema: catalog.ArrowSchema(plan.Columns)}, Times: times}
	return browsed(s, answer, nil), nil
}

// start explains a plan or lets it run.
func (g *Gateway) start(ctx context.Context, s server.Session, r server.Request, bound *planner.Statement, reads []*policy.Resource, plan *planner.Plan, stmt sqltext.Stmt, rec *recorded) (*server.Answer, error) {
	if stmt.Kind == sqltext.Explain {
		return g.explained(ctx, s, bound, plan, stmt)
	}
	rec.reading(bound, plan)
	watch, end := watched(ctx, s, reads)
	began := time.Now()
	rows, err := g.engine.Run(watch, plan)
	if err != nil {
		err = why(watch, err)
		end()
		return nil, err
	}
	rec.counts = rows.Reads
	answer := &server.Answer{Columns: plan.Columns, Stream: rows}
	answer.Times = sync.OnceValue(func() []server.SourceTimes {
		rows.Release() // what the sources gave is known then
		return readTimes(bound, began, rows.Reads())
	})
	if s.Holds != nil {
		answer.Holds = func() error { return holds(s, reads) }
		answer.Stream = &held{Stream: rows, ctx: watch, session: s, reads: reads, lookups: bound.Lookups, end: end}
	}
	return browsed(s, answer, g.keeper(s, r, &kept{bound: bound, plan: plan, times: answer.Times, number: 2})), nil
}
