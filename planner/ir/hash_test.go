package ir_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// What is equal has one hash.
func TestHashOfEquals(t *testing.T) {
	for _, e := range expressions() {
		if ir.Hash(e) != ir.Hash(anew(e)) {
			t.Errorf("%s: two hashes", ir.ExprText(e, ir.Exactly))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		e := anyExpr(t, 4)
		for _, other := range []ir.Expr{anew(e), otherValues(t, e)} {
			if ir.Equal(e, other) && ir.Hash(e) != ir.Hash(other) {
				t.Fatalf("two hashes of\n%s\n%s", ir.ExprText(e, ir.Exactly), ir.ExprText(other, ir.Exactly))
			}
		}
	})
	double := func(v any) ir.Expr {
		return &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.Float64}, V: v}}
	}
	for _, pair := range [][2]ir.Expr{
		{&ir.Ref{ID: 7, Name: "a", Typ: i64}, &ir.Ref{ID: 7, Name: "b", Typ: i64}},
		{double(math.NaN()), double(math.NaN())},
		{double(1.0), double(int64(1))},
		{double(int64(1)), double("1")},
	} {
		if !ir.Equal(pair[0], pair[1]) || ir.Hash(pair[0]) != ir.Hash(pair[1]) {
			t.Errorf("%s, %s: not equal, or two hashes", ir.ExprText(pair[0], ir.Exactly), ir.ExprText(pair[1], ir.Exactly))
		}
	}
}

// Thousands of conditions that differ in a value, a column or an operator alone have
// thousands of hashes: one for all would make every look-up a walk.
func TestHashTellsApart(t *testing.T) {
	seen := map[uint64]int{}
	n := 0
	for id := range 10 {
		for value := range 100 {
			for _, op := range []ir.CompareOp{ir.Eq, ir.Ne, ir.Lt} {
				for _, constant := range []ir.Expr{num(int64(value)), &ir.Param{Number: value, Typ: i64}} {
					compare := &ir.Compare{Op: op, Left: ref(ir.ColID(id), i64), Right: constant}
					for _, e := range []ir.Expr{compare, &ir.Not{Arg: compare}, &ir.IsNull{Arg: compare}, &ir.IsNull{Arg: compare, Negated: true}} {
						seen[ir.Hash(e)]++
						n++
					}
				}
			}
		}
	}
	if len(seen) < n-1 { // one collision of 64 bits may be
		t.Errorf("%d hashes of %d expressions", len(seen), n)
	}
}
