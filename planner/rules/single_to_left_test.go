package rules

import (
	"testing"

	"github.com/lianji/lianji/planner/ir"
)

// Only a single join without conditions, of which the right side has a row always, is an
// inner one.
func TestSingleJoins(t *testing.T) {
	rows := func(id ir.ColID, count int) *ir.Values {
		v := &ir.Values{Columns: []ir.Column{{ID: id, Name: "c", Type: i32}}}
		for range count {
			v.Rows = append(v.Rows, []ir.Expr{constant(i32, int64(1))})
		}
		return v
	}
	for _, c := range []struct {
		right int // its rows
		on    []ir.Expr
		want  ir.JoinKind
	}{
		{1, nil, ir.Inner}, {1, []ir.Expr{eq(ref(1, i32), ref(2, i32))}, ir.Left}, {0, nil, ir.Left}, {2, nil, ir.Single},
	} {
		j := &ir.Join{Kind: ir.Single, Left: rows(1, 3), Right: rows(2, c.right), On: c.on}
		got, err := singleToLeft.Apply(&Context{Plan: &ir.Plan{Root: j}})
		if err != nil {
			t.Fatal(err)
		}
		if kind := got.(*ir.Join).Kind; kind != c.want {
			t.Errorf("%d rows on %d conditions: %v, want %v", c.right, len(c.on), kind, c.want)
		}
	}
}
