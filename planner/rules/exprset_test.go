package rules

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// A set of any length has what a walk through its list finds, and adds what it does
// not have; a volatile expression is added every time.
func TestExprSet(t *testing.T) {
	number := catalog.Type{Kind: catalog.Int64}
	expr := func(n int) ir.Expr { // as many anew as are asked for
		constant := &ir.Const{Value: catalog.Value{Type: number, V: int64(n)}}
		column := &ir.Ref{ID: 1, Typ: number}
		if n%7 == 3 {
			return &ir.Compare{Op: ir.Lt, Left: column, Right: &ir.Func{Name: "random", Typ: number}}
		}
		return &ir.Compare{Op: ir.Ne, Left: column, Right: constant}
	}
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.SliceOfN(rapid.IntRange(0, 30), 0, 40).Draw(t, "first")
		more := rapid.SliceOfN(rapid.IntRange(0, 30), 0, 40).Draw(t, "more")
		var list []ir.Expr
		for _, n := range first {
			list = append(list, expr(n))
		}
		s := setOf(list)
		want := append([]ir.Expr{}, list...)
		for _, n := range more {
			e := expr(n)
			if has := s.has(e); has != contains(want, e) {
				t.Fatalf("%s of %d: %v", ir.ExprText(e, ir.Exactly), len(want), has)
			}
			if !contains(want, e) || volatile(e) {
				want = append(want, e)
			}
			s.add(e)
		}
		if !sameExprs(s.list, want) {
			t.Fatalf("%d expressions, want %d", len(s.list), len(want))
		}
		if len(list) > 0 && cap(list) > len(list) && len(want) > len(list) && list[:len(list)+1][len(list)] == want[len(list)] {
			t.Fatal("the list that was given is written to")
		}
	})
}
