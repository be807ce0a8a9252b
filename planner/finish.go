package planner

import (
	"context"
	"strings"

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
		return nil, b.bindError(failed, a)
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
	root, err := decodePlan(bound.Plan)
	if err != nil {
		return nil, errs.Wrap(errs.NotSupported, "plan_not_known", nil, err)
	}
	if err := checkPlan(root, a.refs); err != nil {
		return nil, err
	}
	need := requiredColumns(root)
	if need.rowid {
		return nil, errs.New(errs.UnknownName, "unknown_column", msg.Args{"Name": "rowid"})
	}
	for _, ref := range a.refs {
		ref.spool = ref.spool || need.reads[ref.number] > 1 || need.again[ref.number]
		for i := range ref.resource.Columns {
			if need.columns[ref.number][i] {
				ref.columns = append(ref.columns, i)
			}
		}
		if len(ref.columns) == 0 { // count(*): rows still have to be counted by something
			ref.columns = []int{narrowest(ref.resource.Columns)}
		}
	}
	s := &Statement{refs: a.refs, planBytes: len(bound.PlanText), text: a.text, root: root, planner: b.planner, pushed: pushPredicates(root)}
	for _, ref := range a.refs {
		if need.reads[ref.number] != 1 {
			delete(s.pushed, ref.number) // one read's filter says nothing of the other's
		}
	}
	return s, nil
}

// planned gives the statement what is made of its plan: the short way, the guards and
// the tree.
func (b *binding) planned(ctx context.Context, s *Statement, bound *Bound) error {
	s.straight = straightThrough(s.root, s.refs)
	if err := b.guard(ctx, s); err != nil {
		return err
	}
	return s.decodeLogical(ctx, bound.Plan)
}

// results names and types the statement's columns and parameters.
func (b *binding) results(s *Statement, bound *Bound) error {
	s.Columns = bound.Columns
	for i, c := range s.Columns {
		s.Columns[i].Name = asWritten(c.Name, s.refs)
		if !c.Type.Readable() {
			return errs.New(errs.NotSupported, "result_type_not_supported", msg.Args{"Column": c.Name, "Number": i + 1})
		}
	}
	for n, name := range b.names {
		c := b.types[n+1]
		if c.typ.Kind == catalog.Invalid && c.viaText == "" {
			c.typ = bound.Params[n+1]
		}
		if c.viaText != "" {
			c.typ = catalog.Type{Kind: catalog.Text}
		}
		if !c.typ.Readable() { // numbered, but not used
			c.typ = catalog.Type{Kind: catalog.Text}
		}
		s.Params = append(s.Params, Param{Name: name, Type: c.typ, Cast: c.viaText})
	}
	return nil
}

// asWritten takes the references' catalogues out of the name of a column that has
// no alias: DuckDB names it after its text.
func asWritten(name string, refs []*reference) string {
	if !strings.Contains(name, catalogPrefix) {
		return name
	}
	for i := len(refs) - 1; i >= 0; i-- { // 12 before 1
		name = strings.ReplaceAll(name, refs[i].catalog()+".", refs[i].prefix)
	}
	return name
}

// narrowest picks the column that costs least to read.
func narrowest(columns []catalog.Column) int {
	best, cost := 0, 1<<30
	for i, c := range columns {
		w := 64
		switch c.Type.Kind {
		case catalog.Bool, catalog.Int8, catalog.Uint8:
			w = 1
		case catalog.Int16, catalog.Uint16:
			w = 2
		case catalog.Int32, catalog.Uint32, catalog.Float32, catalog.Date:
			w = 4
		case catalog.Int64, catalog.Uint64, catalog.Float64, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
			w = 8
		case catalog.Decimal:
			w = 16
		}
		if w < cost {
			best, cost = i, w
		}
	}
	return best
}
