package pgcatalog

import (
	"context"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	plangate "github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/server"
)

// statement is one that was read.
type statement struct {
	in    instance
	facts Facts
	stmt  *prepared
	sets  []assignment
	sql   string // as it was sent, with the parameters that have no value yet
}

// read judges a statement and prepares it; false: it is not the catalogue's. One that asks
// of its connection and reads nothing of the catalogue means what it means elsewhere,
// whatever its names: a WITH clause may be named like a relation.
func (s *statement) read(ctx context.Context, sql string) (mine bool, err error) {
	s.sql = sql
	r := rewrite(sql, s.facts, false)
	if r.ours {
		v, reads, err := s.judge(ctx, r.sql)
		switch {
		case err != nil:
			return true, err
		case v == foreign:
			return false, nil
		case !reads:
		case r.collation != "":
			return true, errs.New(errs.NotSupported, "pgwire_collation", msg.Args{"Name": r.collation})
		default:
			return true, s.prepare(ctx, r.sql, v)
		}
	}
	if !r.asks {
		return false, nil
	}
	r = rewrite(sql, s.facts, true)
	s.sets = r.sets
	v, _, err := s.judge(ctx, r.sql)
	if err != nil || v == foreign {
		return err != nil, err
	}
	return true, s.prepare(ctx, r.sql, v)
}

// judge looks at a text before DuckDB prepares it.
func (s *statement) judge(ctx context.Context, text string) (_ verdict, reads bool, _ error) {
	if len(text) > mostText || plangate.PreCheck(text, mostParsed) != nil {
		return denied, true, errs.New(errs.StatementTooComplex, "pgwire_catalogue", nil)
	}
	tree, err := s.in.tree(ctx, text)
	if err != nil {
		return denied, true, failed(err)
	}
	v, reads := judge(tree)
	return v, reads, nil
}

func (s *statement) prepare(ctx context.Context, text string, v verdict) (err error) {
	if v == denied {
		return errs.New(errs.NotSupported, "pgwire_catalogue", nil)
	}
	if s.stmt, err = s.in.prepare(ctx, text); err != nil {
		return failed(err)
	}
	if !s.stmt.Select {
		return errs.New(errs.ReadOnly, "pgwire_catalogue", nil)
	}
	return nil
}

// again prepares the statement with values in the place of its parameters; one that says
// nothing of itself is NULL.
func (s *statement) again(ctx context.Context, values []server.Param) error {
	text, err := written(s.sql, s.stmt.Params, values)
	if err != nil {
		return err
	}
	mine, err := s.read(ctx, text)
	if err == nil && !mine {
		err = errs.New(errs.NotSupported, "pgwire_catalogue", nil)
	}
	return err
}

// columnsOf gives the columns of an answer.
func columnsOf(stmt *prepared) ([]catalog.Column, error) {
	var out []catalog.Column
	for _, column := range stmt.Columns {
		if !column.Type.Readable() {
			return nil, errs.New(errs.NotSupported, "pgwire_catalogue_column", msg.Args{"Column": column.Name})
		}
		out = append(out, catalog.Column{Name: column.Name, Type: column.Type})
	}
	return out, nil
}
