package planner

import (
	"context"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// finish reads the plan of a text whose parameters all have types, and then what the
// binder says of result and parameters. Of several errors the binder's own is told.
func (b *binding) finish(ctx context.Context, bound *Bound, a *attempt) (*Statement, error) {
	s, err := b.checked(bound, a)
	var later error
	if err == nil {
		later = b.planned(ctx, s, bound)
	}
	if failed := bound.Described(); failed != nil {
		return nil, b.bindError(ctx, failed, a)
	}
	if err != nil {
		return nil, err
	}
	if err := b.results(s, bound); err != nil {
		return nil, err
	}
	if later != nil {
		return nil, later
	}
	return s, nil
}

// checked makes the statement of a plan that passes the second gate.
func (b *binding) checked(bound *Bound, a *attempt) (*Statement, error) {
	if err := checkPlan(bound.Plan, a.refs); err != nil {
		return nil, err
	}
	return &Statement{refs: a.refs, planBytes: len(bound.PlanText), text: a.text, longest: a.longest, raw: bound.Plan, planner: b.planner}, nil
}

// planned gives the statement what is made of its plan: the guards and the tree, or
// what the fallback needs in its place.
func (b *binding) planned(ctx context.Context, s *Statement, bound *Bound) error {
	if err := b.guard(ctx, s); err != nil {
		return err
	}
	if err := s.decodeLogical(ctx, bound.Plan); err != nil || s.logical != nil {
		return err
	}
	_, err := s.forText()
	return err
}

// results names and types the statement's columns and parameters.
func (b *binding) results(s *Statement, bound *Bound) error {
	s.Columns = bound.Columns
	for i, c := range s.Columns {
		s.Columns[i].Name = b.asWritten(c.Name, s.refs)
		if !c.Type.Readable() {
			return errs.New(errs.NotSupported, "result_type_not_supported", msg.Args{"Column": c.Name, "Number": i + 1})
		}
	}
	for n, name := range b.names {
		c := b.types[n+1]
		if c.typ.Kind == catalog.Invalid && c.viaText == "" {
			c.typ = bound.Params[n+1]
		}
		p := Param{Name: name, Type: c.typ, Cast: c.viaText}
		if c.viaText != "" && c.typ.Kind == catalog.List {
			p.List = c.typ
		}
		if c.viaText != "" || !c.typ.Readable() { // numbered, but not used
			p.Type = catalog.Type{Kind: catalog.Text}
		}
		if told := p.Told(); told.Kind == catalog.TimestampTZ || told.Kind == catalog.List {
			p.zone, _ = time.LoadLocation(b.planner.binder.Settings()) // nil where Go knows none of that name
		}
		s.Params = append(s.Params, p)
	}
	return nil
}
