package ir_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lianji/lianji/planner/ir"
)

// byArgs walks by Args alone.
func byArgs(e ir.Expr, f func(ir.Expr)) {
	f(e)
	for _, a := range e.Args() {
		byArgs(a, f)
	}
}

// A walk meets what Args gives, in that order, whatever the kind; a transformation
// that changes nothing gives the same pointer, and one that changes a reference gives
// what building anew would give.
func TestWalksKnowEveryKind(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, e ir.Expr) {
		var got, want []ir.Expr
		ir.WalkExpr(e, func(x ir.Expr) { got = append(got, x) })
		byArgs(e, func(x ir.Expr) { want = append(want, x) })
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %d parts, want %d", ir.ExprText(e, ir.Exactly), len(got), len(want))
		}
		seen := 0
		if ir.TransformExpr(e, func(x ir.Expr) ir.Expr { seen++; return x }) != e || seen != len(want) {
			t.Fatalf("%s: changed, or %d parts of %d seen", ir.ExprText(e, ir.Exactly), seen, len(want))
		}
		shift := func(x ir.Expr) ir.Expr {
			if r, ok := x.(*ir.Ref); ok {
				return &ir.Ref{ID: r.ID + 1000, Name: r.Name, Typ: r.Typ}
			}
			return x
		}
		var anewShifted func(e ir.Expr) ir.Expr
		anewShifted = func(e ir.Expr) ir.Expr {
			if len(e.Args()) == 0 {
				return shift(e)
			}
			args := slices.Clone(e.Args())
			for i := range args {
				args[i] = anewShifted(args[i])
			}
			return e.WithArgs(args)
		}
		if other := ir.TransformExpr(e, shift); !ir.Equal(other, anewShifted(e)) {
			t.Fatalf("%s became %s", ir.ExprText(e, ir.Exactly), ir.ExprText(other, ir.Exactly))
		}
	}
	for _, e := range expressions() {
		check(t, e)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, anyExpr(t, 4)) })
}

// What a node gives is told without lists as with them.
func TestOutputOf(t *testing.T) {
	for _, n := range nodes() {
		want := ir.SetOf(n.Output())
		got := ir.OutputOf(n)
		if len(got) != len(want) {
			t.Errorf("%d columns, want %d of\n%s", len(got), len(want), ir.Text(n, ir.Exactly))
		}
		for id := range want {
			if !got[id] {
				t.Errorf("without #%d of\n%s", id, ir.Text(n, ir.Exactly))
			}
		}
	}
	for kind := ir.Inner; kind <= ir.Single; kind++ {
		n := &ir.Join{Kind: kind, Left: scan(1, 1), Right: scan(2, 2)}
		if kind == ir.Mark {
			n.Mark = col(3, ir.Bool)
		}
		if got, want := ir.OutputOf(n), ir.SetOf(n.Output()); len(got) != len(want) || got[2] != want[2] || got[3] != want[3] {
			t.Errorf("%s join: %v, want %v", kind, got, want)
		}
	}
}

// Columns of any id are looked at.
func TestCheckOfLargeIDs(t *testing.T) {
	for _, id := range []ir.ColID{1, 8, 9, 100, 1<<16 - 1, 1 << 16, 1 << 30, -1} {
		read := func(from, read ir.ColID) ir.Node {
			return &ir.Filter{Input: scan(1, from), Preds: []ir.Expr{eq(ref(read, i32), num(1))}}
		}
		if err := ir.Check(read(id, id)); err != nil {
			t.Errorf("#%d: %v", id, err)
		}
		for what, n := range map[string]ir.Node{
			"another is read":        read(id, id+1),
			"it is made twice":       product(scan(1, id), scan(2, id)),
			"it is read as a text":   &ir.Sort{Input: scan(1, id), Keys: []ir.Key{{Expr: ref(id, text)}}},
			"it was given elsewhere": product(read(id, id), read(5, id)),
		} {
			if ir.Check(n) == nil {
				t.Errorf("#%d: nobody notices that %s", id, what)
			}
		}
	}
}

// A tree that reads one base column more is told apart from one that reads fewer.
func TestReadsMore(t *testing.T) {
	n := product(scan(1, 1), scan(2, 2))
	allowed := ir.Reads(n)
	if b, more := ir.ReadsMore(n, allowed); more {
		t.Errorf("%+v is read too", b)
	}
	for b := range ir.Reads(n) {
		delete(allowed, b)
		if got, more := ir.ReadsMore(n, allowed); !more || got != b {
			t.Errorf("%+v %v, want %+v", got, more, b)
		}
		allowed[b] = true
	}
}

// A node's width and the set of its columns are those of its output.
func TestWidthIsOfTheOutput(t *testing.T) {
	for _, n := range everyNode() {
		ir.Walk(n, func(n ir.Node) {
			out := n.Output()
			if ir.Width(n) != len(out) || len(ir.OutputOf(n)) != len(out) || !maps.Equal(ir.OutputOf(n), ir.SetOf(out)) {
				t.Errorf("%s: width %d and columns %v, output %v", ir.Line(n, ir.Redacted), ir.Width(n), ir.OutputOf(n), out)
			}
		})
	}
}
