package gateway

import (
	"context"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// Describe implements server.Querier. A statement that cannot be described is recorded
// as a refused one; one that can gives nothing of any table, and leaves no record.
func (g *Gateway) Describe(ctx context.Context, s server.Session, r server.Request) (*server.Described, error) {
	id, start := r.ID, time.Now()
	if id == "" {
		id = newID()
	}
	ctx, span := g.follow(ctx, tracing.Described, id, s, r)
	d, err := g.describe(ctx, s, r)
	if err == nil {
		span.Outcome("")
		span.End()
		return d, nil
	}
	q := &query{id: id, start: start, log: g.log, by: s, ended: g.ended, span: span}
	q.record = g.record(q.id, s, r)
	e := server.Discreet(s, explainFullWidth(nameSchemas(s.Snapshot, errs.From(err)), r.SQL))
	q.end(0, 0, 0, e)
	return nil, e
}

func (g *Gateway) describe(ctx context.Context, s server.Session, r server.Request) (*server.Described, error) {
	stmt, err := sqltext.Statement(r.SQL)
	if err != nil {
		return nil, err
	}
	switch stmt.Kind {
	case sqltext.Grants:
		if s.GrantsColumns == nil || s.Operator {
			return nil, errs.New(errs.NotSupported, "grants_no_store", nil)
		}
		names, err := s.GrantsColumns(stmt.SQL)
		if err != nil {
			return nil, shifted(err, r.SQL, stmt.Offset)
		}
		return &server.Described{Columns: textColumns(names)}, nil
	case sqltext.ShowSchemas:
		return &server.Described{Columns: textColumns(schemasColumns)}, nil
	case sqltext.ShowTables:
		return &server.Described{Columns: textColumns(tablesColumns)}, nil
	case sqltext.Describe:
		return &server.Described{Columns: textColumns(describeColumns)}, nil
	}
	if !s.Operator {
		limited, turn, err := g.turn(ctx, s, r.ID)
		if err != nil {
			return nil, err
		}
		defer turn.End()
		ctx = limited
	}
	bound, err := g.prepare(ctx, policy.OrDenied(s.Snapshot), stmt.SQL, declared(r.Params))
	if err != nil {
		return nil, shifted(err, r.SQL, stmt.Offset)
	}
	d := &server.Described{Columns: bound.Columns}
	if stmt.Kind == sqltext.Explain {
		d.Columns = textColumns(explainColumns)
	}
	for _, p := range bound.Params {
		d.Params = append(d.Params, catalog.Column{Name: p.Name, Type: p.Told()})
	}
	return d, nil
}
