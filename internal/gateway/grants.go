package gateway

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// grants answers a GRANT, REVOKE or SHOW GRANTS. It is in the audit log before anything
// is changed. An operator's own statement has no catalogue: there is nobody in whose
// name it could grant.
func grants(ctx context.Context, s server.Session, statement string, params []server.Param, rec *recorded) (*server.Answer, error) {
	switch {
	case s.Grants == nil || s.Operator:
		return nil, errs.New(errs.NotSupported, "grants_no_store", nil)
	case len(params) > 0:
		return nil, errs.New(errs.ParameterInvalid, "grants_parameters", nil)
	}
	if err := rec.begin(ctx); err != nil {
		return nil, err
	}
	t, err := s.Grants(ctx, s, statement)
	if err != nil {
		return nil, err
	}
	if t.More == nil {
		return table(t.Columns, t.Rows), nil
	}
	columns := textColumns(t.Columns)
	return &server.Answer{Columns: columns, Stream: &listed{ctx: ctx, schema: catalog.ArrowSchema(columns), left: t}}, nil
}

// listed is a table that is put together while it is read.
type listed struct {
	ctx    context.Context
	schema *arrow.Schema
	left   server.Table
	batch  arrow.RecordBatch
	err    error
	over   bool
}

// Schema implements server.Stream.
func (l *listed) Schema() *arrow.Schema { return l.schema }

// Next implements server.Stream.
func (l *listed) Next() bool {
	l.drop()
	if l.over {
		return false
	}
	rows := l.left.Rows
	if l.left.Rows = nil; len(rows) == 0 {
		rows = l.left.More()
	}
	if err := l.ctx.Err(); err != nil { // what is looked at after that may be wrong
		l.err, rows = why(l.ctx, err), nil
	}
	if len(rows) == 0 {
		l.over = true
		return false
	}
	l.batch = textBatch(l.schema, rows)
	return true
}

// RecordBatch implements server.Stream.
func (l *listed) RecordBatch() arrow.RecordBatch { return l.batch }

// Err implements server.Stream.
func (l *listed) Err() error { return l.err }

// Warnings implements server.Stream.
func (l *listed) Warnings() []errs.Warning { return nil }

// Release implements server.Stream.
func (l *listed) Release() {
	l.drop()
	l.over = true
}

func (l *listed) drop() {
	if l.batch != nil {
		l.batch.Release()
		l.batch = nil
	}
}
