package duckscan

import (
	"context"
	"errors"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// failure turns an error of a scan into one of the gateway's.
func (s *stream) failure(err error) error {
	p, f := s.conn.pool, s.fragment
	var value *duck.ValueError
	var e *duck.Error
	switch {
	case s.ctx.Err() != nil:
		if s.caller.Err() == nil {
			return errs.New(errs.SourceFailed, "source_lost", msg.Args{"Source": p.o.Source})
		}
	case errors.As(err, &value):
		return p.unreadable(f.Table, f.Columns, value)
	case errors.As(err, &e):
		if e.Fatal() {
			p.retire(s.conn.in)
		}
		if explain := p.o.Explain; explain != nil {
			if err := explain(s.ctx, Instance{s.conn.in.db, s.conn.duck}, f, e); err != nil {
				return err
			}
		}
		return p.statement(f.Table, e)
	}
	return p.failure(s.caller, err)
}

// failure turns an error outside of a scan into one of the gateway's; nil stays nil.
func (p *Pool) failure(ctx context.Context, err error) error {
	var ours *errs.Error
	var e *duck.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || p.ctx.Err() != nil:
		return p.ended(ctx)
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &e):
		return p.statement(catalog.TableID{}, e)
	}
	return errs.From(err)
}

// ended is the error after the caller's context or the source has ended.
func (p *Pool) ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return errs.From(err)
	}
	return errs.New(errs.SourceUnreachable, "duckdb_closed", msg.Args{"Source": p.o.Source})
}

func (p *Pool) changed(table catalog.TableID) *errs.Error {
	return errs.New(errs.SourceFailed, "source_table_changed", msg.Args{"Source": p.o.Source, "Table": table.Name})
}

// statement is the error of a statement that DuckDB refused or broke off.
func (p *Pool) statement(table catalog.TableID, e *duck.Error) *errs.Error {
	var out *errs.Error
	args := msg.Args{"Source": p.o.Source, "Table": table.Name}
	switch {
	case table.Name != "" && (e.Kind == duck.KindCatalog || e.Kind == duck.KindBinder):
		out = p.changed(table)
	case e.Kind == duck.KindPermission:
		out = errs.New(errs.SourceRefused, "duckdb_outside", args)
	case e.Kind == duck.KindMemory || e.Kind == duck.KindDiskFull:
		out = errs.New(errs.OutOfMemory, "duckdb_out_of_memory", args)
	// The statement's own: it asked for something that has no value. Who may not see that
	// the source has such rows is not told of which table. What interrupts while nobody
	// cancelled is one of DuckDB's threads that failed in this way.
	case e.Kind == duck.KindData || e.Kind == duck.KindInterrupt:
		out = errs.New(errs.DataError, "data_error", nil)
	default:
		out = errs.New(errs.SourceFailed, "source_failed", args)
	}
	out.Detail = Detail(e)
	return out
}

// Detail gives what an operator may read of DuckDB's words: of errors about data
// only their kind, because their text quotes values.
func Detail(e *duck.Error) string {
	kind, _, _ := strings.Cut(e.Message, ":")
	switch e.Kind {
	case duck.KindCatalog, duck.KindBinder, duck.KindParser, duck.KindIO, duck.KindPermission, duck.KindMemory, duck.KindDiskFull, duck.KindUnsupported:
		line, _, _ := strings.Cut(e.Message, "\n")
		return line
	}
	if !strings.HasSuffix(kind, " Error") {
		return duck.OfData
	}
	return kind
}

// valueMessages say in words why a value has no exact form here.
var valueMessages = map[string]string{
	duck.InfiniteDate:      "duckdb_infinite",
	duck.InfiniteTimestamp: "duckdb_infinite",
	duck.WideInteger:       "duckdb_wide_integer",
	duck.WideInterval:      "duckdb_wide_interval",
}

func (p *Pool) unreadable(table catalog.TableID, columns []catalog.Column, v *duck.ValueError) error {
	args := msg.Args{"Source": p.o.Source, "Table": table.Name, "Column": v.Column, "Type": "", "Found": v.Reason}
	for _, c := range columns {
		if c.Name == v.Column {
			args["Type"] = c.SourceType
		}
	}
	id, ok := valueMessages[v.Reason]
	if !ok {
		id = "value_unreadable"
	}
	return errs.New(errs.ValueUnreadable, id, args)
}
