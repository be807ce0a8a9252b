package rules

import (
	"errors"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// What a rule gives is looked at: a tree that is not whole, that gives something else
// or reads a base column more fails the query, whichever rule it was.
func TestRulesAreChecked(t *testing.T) {
	number, word := catalog.Type{Kind: catalog.Int32}, catalog.Type{Kind: catalog.Text}
	column := func(id ir.ColID, position int, typ catalog.Type) ir.ScanColumn {
		return ir.ScanColumn{Column: ir.Column{ID: id, Name: "c", Type: typ}, Position: position}
	}
	scan := func(ref int, columns ...ir.ScanColumn) *ir.Scan { return &ir.Scan{Ref: ref, Columns: columns} }
	only := func(n ir.Node, c ir.ScanColumn) ir.Node {
		return &ir.Project{Input: n, Cols: []ir.Assign{{Column: c.Column, Expr: c.Ref()}}}
	}
	a, b := column(1, 0, number), column(2, 1, number)
	for want, out := range map[string]ir.Node{
		"":                            &ir.Filter{Input: scan(1, a), Preds: []ir.Expr{&ir.IsNull{Arg: a.Ref()}}},
		"column 2 of reference 1":     only(scan(1, a, b), a),
		"column 1 of reference 2":     only(&ir.Join{Kind: ir.Inner, Left: scan(1, a), Right: scan(2, column(3, 0, number))}, a),
		"1 columns became 2":          &ir.Project{Input: scan(1, a), Cols: []ir.Assign{{Column: a.Column, Expr: a.Ref()}, {Column: b.Column, Expr: a.Ref()}}},
		"was a INTEGER and became":    scan(1, column(1, 0, word)),
		"#2 is not given by an input": &ir.Filter{Input: scan(1, a), Preds: []ir.Expr{&ir.IsNull{Arg: b.Ref()}}},
	} {
		for _, late := range []bool{false, true} {
			c := &Context{Plan: ir.NewPlan()}
			c.Plan.Root = scan(1, a)
			run, once := RunEarly, false
			if late {
				run = RunLate
			}
			_, err := run(c, []Rule{{Name: "bad", Late: late, Apply: func(c *Context) (ir.Node, error) {
				if once {
					return c.Plan.Root, nil
				}
				once = true
				return out, nil
			}}}, nil)
			if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
				t.Errorf("late %v: %v, want %q", late, err, want)
			}
		}
	}
}

// Between two rules the end of the context is noticed.
func TestRulesEndWithTheContext(t *testing.T) {
	over := errors.New("over")
	ran := 0
	c := &Context{Plan: ir.NewPlan()}
	c.Plan.Root = &ir.Values{Columns: []ir.Column{{ID: 1, Type: ir.Bool}}}
	c.Err = func() error {
		if ran == 2 {
			return over
		}
		return nil
	}
	nothing := Rule{Name: "nothing", Apply: func(c *Context) (ir.Node, error) { ran++; return c.Plan.Root, nil }}
	if _, err := RunEarly(c, []Rule{nothing, nothing, nothing, nothing}, nil); !errors.Is(err, over) || ran != 2 {
		t.Errorf("%v after %d rules", err, ran)
	}
}
