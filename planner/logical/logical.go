// Package logical reads DuckDB's bound plan, as json_serialize_plan writes it, into
// the planner's tree. It is strict: what is not known in every part is Unsupported
// and never left out, because the format carries no promise between versions.
package logical

import (
	"errors"
	"fmt"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/planjson"
)

// Unsupported says what a plan holds that the tree cannot; the statement then runs
// by the fallback.
type Unsupported struct{ What string }

func (e *Unsupported) Error() string { return "the tree cannot hold " + e.What }

// Table is a table reference of the statement.
type Table struct {
	Catalog  string // the reference's own catalogue in the plan
	Ref      int    // its number in the statement, from 1
	Source   string
	Resource string // for people
	Table    *catalog.Table
	Columns  []catalog.Column // in the order of the binder's stub
}

// Decode reads one plan from its text. The error is an *Unsupported, or says how the
// plan contradicts itself or the tables.
func Decode(raw []byte, tables []Table) (*ir.Plan, error) {
	v, err := planjson.Parse(string(raw))
	if errors.Is(err, planjson.ErrNesting) {
		return nil, &Unsupported{What: fmt.Sprintf("a plan of more than %d levels", maxDepth)}
	}
	if err != nil {
		return nil, fmt.Errorf("the plan is not understood: %w", err)
	}
	return Read(v, tables)
}

// Read is Decode for a plan whose JSON is read already.
func Read(v *planjson.Value, tables []Table) (*ir.Plan, error) {
	d := &decoder{plan: ir.NewPlan(), tables: map[string]Table{}, ctes: map[uint64]*cteScope{}, params: map[int]catalog.Type{}}
	for _, t := range tables {
		d.tables[t.Catalog] = t
	}
	root := d.exact(d.node(v), "the result")
	if d.err != nil {
		return nil, d.err
	}
	if err := ir.Check(root); err != nil {
		return nil, fmt.Errorf("the plan is not understood: %w", err)
	}
	d.plan.Root = root
	return d.plan, nil
}
