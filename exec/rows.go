package exec

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner"
)

// Next moves to the next batch; false at the end, on an error and after the
// context ended: read Err then.
func (r *Rows) Next() bool {
	r.drop()
	if r.err != nil || r.source == nil {
		return false
	}
	if !r.source.Next() {
		if err := r.source.Err(); err != nil {
			r.err = r.person(err)
		} else if r.ctx.Err() != nil {
			r.err = r.person(r.ctx.Err())
		} else {
			r.warned, r.ended = r.warners.warnings(), true
		}
		r.source = nil
		return false
	}
	b := r.source.RecordBatch()
	columns := b.Columns()
	if r.project != nil {
		columns = make([]arrow.Array, len(r.project))
		for i, k := range r.project {
			columns[i] = b.Column(k)
		}
	}
	r.batch = array.NewRecordBatch(r.schema, columns, b.NumRows())
	return true
}

// AtEnd is for server.AtEnd.
func (r *Rows) AtEnd() bool { return r.err != nil || r.source == nil || atEnd(r.source) }

func atEnd(stream any) bool {
	s, ok := stream.(interface{ AtEnd() bool })
	return ok && s.AtEnd()
}

// person makes an *errs.Error of whatever went wrong.
func (r *Rows) person(err error) error {
	if r.ctx.Err() != nil {
		var own *errs.Error
		if cause := context.Cause(r.ctx); errors.As(cause, &own) {
			return own
		}
		return errs.From(r.ctx.Err())
	}
	if r.failure != nil {
		err = r.failure(err)
	}
	var d *duck.Error
	var v *duck.ValueError
	switch {
	case errors.As(err, &v):
		return errs.Wrap(errs.DataError, "result_value", msg.Args{"Column": v.Column}, err)
	case errors.As(err, &d):
		return duckError(d)
	}
	return errs.From(err)
}

// duckError replaces DuckDB's text by ours: it may quote statements and values.
func duckError(d *duck.Error) *errs.Error {
	switch d.Kind {
	// Parser and binder: a LIKE pattern, a negative LIMIT, what only running shows. An
	// interrupt while nobody cancelled: one of DuckDB's threads failed and stopped the
	// others, one of which spoke first.
	case duck.KindData, duck.KindParser, duck.KindBinder, duck.KindInterrupt:
		e := dataError(d)
		e.Detail = duck.OfData
		return e
	case duck.KindMemory:
		return errs.Wrap(errs.OutOfMemory, "out_of_memory", nil, d)
	case duck.KindDiskFull:
		return errs.Wrap(errs.DiskFull, "disk_full", nil, d)
	case duck.KindUnsupported:
		return errs.Wrap(errs.NotSupported, "statement_not_supported", nil, d)
	}
	return errs.Wrap(errs.Internal, "internal", nil, d)
}

// straight lets one source's rows go to the client as they are.
func (r *Rows) straight(p *planner.Plan) error {
	s := p.Streams[0]
	conns, err := r.acquire(s.Source, 1)
	if err != nil {
		return err
	}
	stream, err := r.open(r.ctx, s, func(ctx context.Context) (openStream, error) {
		f := r.engine.fragment(ctx, s)
		f.Alone = true
		return r.start(ctx, conns[0], f)
	})
	if err != nil {
		return err
	}
	r.free = append(r.free, stream.Release)
	r.schema, r.project, r.source = catalog.ArrowSchema(p.Columns), p.Project, stream
	return nil
}

// Warnings tells what did not come as it stands at the sources, once Next has been
// false and Err nil; before that, nothing.
func (r *Rows) Warnings() []errs.Warning { return r.warned }

// scan starts a stream whose warnings the answer tells.
func (r *Rows) scan(ctx context.Context, c connectors.Conn, s *planner.Stream) (openStream, error) {
	return r.start(ctx, c, r.engine.fragment(ctx, s))
}

func (r *Rows) start(ctx context.Context, c connectors.Conn, f connectors.Fragment) (openStream, error) {
	stream, err := c.Scan(ctx, f)
	if err != nil {
		return nil, err
	}
	r.warners.note(stream)
	return stream, nil
}

func (e *Engine) source(name string) (connectors.Source, error) {
	s, ok := e.o.Sources[name]
	if !ok {
		return nil, errs.New(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": name})
	}
	return s, nil
}

// fragment gives what a source gets to do. The source is told of a statement that is
// followed to which it belongs.
func (e *Engine) fragment(ctx context.Context, s *planner.Stream) connectors.Fragment {
	f := connectors.Fragment{SQL: s.SQL, Values: s.Values, Table: s.Table, More: s.More, Columns: s.Columns, Alloc: e.o.Alloc}
	if span := tracing.Of(ctx); span != nil {
		f.Comment = connectors.Comment{Purpose: span.Purpose(), Query: span.Query(), Traceparent: span.Traceparent()}
	}
	return f
}
