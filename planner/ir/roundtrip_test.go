package ir_test

import (
	"reflect"
	"testing"

	"github.com/lianji/lianji/planner/ir"
)

func everyNode() []ir.Node { return append(nodes(), leaves()...) }

func identity(e ir.Expr) ir.Expr { return e }

// With puts each input in its place and keeps all else; the node itself stays.
func TestWith(t *testing.T) {
	for _, n := range everyNode() {
		before := ir.Text(n, ir.Exactly)
		inputs := n.Inputs()
		if again := n.With(inputs); !reflect.DeepEqual(again, n) {
			t.Errorf("%s: with its own inputs it is\n%s", before, ir.Text(again, ir.Exactly))
		}
		var others []ir.Node
		for range inputs {
			others = append(others, &ir.Barrier{Input: scan(9, 99)})
		}
		other := n.With(others)
		got := other.Inputs()
		if len(got) != len(inputs) {
			t.Errorf("%s: %d inputs became %d", before, len(inputs), len(got))
			continue
		}
		for i := range got {
			if got[i] != others[i] {
				t.Errorf("%s: input %d is not the one that was given", before, i)
			}
		}
		if len(inputs) > 0 && other == n || ir.Text(n, ir.Exactly) != before {
			t.Errorf("%s: the node itself was changed", before)
		}
		if back := other.With(inputs); !reflect.DeepEqual(back, n) {
			t.Errorf("%s: there and back it is\n%s", before, ir.Text(back, ir.Exactly))
		}
	}
}

// MapExprs replaces each of Exprs, at its place and once, and keeps all else.
func TestMapExprs(t *testing.T) {
	for _, n := range everyNode() {
		before := ir.Text(n, ir.Exactly)
		if again := n.MapExprs(identity); !reflect.DeepEqual(again, n) {
			t.Errorf("%s: mapped to the same it is\n%s", before, ir.Text(again, ir.Exactly))
		}
		old := n.Exprs()
		calls := map[ir.Expr]int{}
		mapped := n.MapExprs(func(e ir.Expr) ir.Expr {
			calls[e]++
			return &ir.Not{Arg: e}
		})
		got := mapped.Exprs()
		if len(got) != len(old) || len(calls) != len(old) {
			t.Errorf("%s: %d expressions, %d mapped, %d afterwards", before, len(old), len(calls), len(got))
			continue
		}
		for i := range got {
			if w, ok := got[i].(*ir.Not); !ok || w.Arg != old[i] || calls[old[i]] != 1 {
				t.Errorf("%s: expression %d became %s", before, i, ir.ExprText(got[i], ir.Exactly))
			}
		}
		back := mapped.MapExprs(func(e ir.Expr) ir.Expr { return e.(*ir.Not).Arg })
		if !reflect.DeepEqual(back, n) {
			t.Errorf("%s: there and back it is\n%s", before, ir.Text(back, ir.Exactly))
		}
		if ir.Text(n, ir.Exactly) != before {
			t.Errorf("%s: the node itself was changed", before)
		}
	}
}

// Exprs has all that a node computes or tests: nothing reads a column besides.
func TestExprsAreAll(t *testing.T) {
	var count func(v reflect.Value) int
	expr := reflect.TypeFor[ir.Expr]()
	node := reflect.TypeFor[ir.Node]()
	count = func(v reflect.Value) int {
		switch {
		case v.Type() == node:
			return 0
		case v.Type() == expr:
			if v.IsNil() {
				return 0
			}
			return 1
		}
		n := 0
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				n += count(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				n += count(v.Index(i))
			}
		}
		return n
	}
	for _, n := range everyNode() {
		if want := count(reflect.ValueOf(n).Elem()); len(n.Exprs()) != want {
			t.Errorf("%s: %d expressions of %d", ir.Line(n, ir.Exactly), len(n.Exprs()), want)
		}
	}
	for _, e := range expressions() {
		if want := count(reflect.ValueOf(e).Elem()); len(e.Args()) != want {
			t.Errorf("%s: %d arguments of %d", ir.ExprText(e, ir.Exactly), len(e.Args()), want)
		}
	}
}

// WithArgs puts each argument in its place and keeps all else.
func TestWithArgs(t *testing.T) {
	for _, e := range expressions() {
		before := ir.ExprText(e, ir.Exactly)
		args := e.Args()
		if again := e.WithArgs(args); !reflect.DeepEqual(again, e) {
			t.Errorf("%s: with its own arguments it is %s", before, ir.ExprText(again, ir.Exactly))
		}
		var others []ir.Expr
		for i := range args {
			others = append(others, ref(ir.ColID(100+i), i32))
		}
		other := e.WithArgs(others)
		got := other.Args()
		if len(got) != len(args) {
			t.Errorf("%s: %d arguments became %d", before, len(args), len(got))
			continue
		}
		for i := range got {
			if got[i] != others[i] {
				t.Errorf("%s: argument %d is not the one that was given", before, i)
			}
		}
		// Coalesce has the type of its first argument.
		if _, ok := e.(*ir.Coalesce); !ok && !other.Type().Equal(e.Type()) {
			t.Errorf("%s: the type %s became %s", before, e.Type(), other.Type())
		}
		if back := other.WithArgs(args); !reflect.DeepEqual(back, e) {
			t.Errorf("%s: there and back it is %s", before, ir.ExprText(back, ir.Exactly))
		}
		if ir.ExprText(e, ir.Exactly) != before {
			t.Errorf("%s: the expression itself was changed", before)
		}
	}
}

// Transform visits each node once, inputs first, and makes new only what lies over
// a change.
func TestTransform(t *testing.T) {
	for _, n := range nodes() {
		var order []ir.Node
		if again := ir.Transform(n, func(x ir.Node) ir.Node { order = append(order, x); return x }); again != n {
			t.Errorf("%s: made anew though nothing changed", ir.Text(n, ir.Exactly))
		}
		count := 0
		ir.Walk(n, func(ir.Node) { count++ })
		if len(order) != count || order[len(order)-1] != n {
			t.Errorf("%s: %d nodes visited of %d", ir.Text(n, ir.Exactly), len(order), count)
		}
	}
	kept := &ir.Filter{Input: scan(1, 1), Preds: []ir.Expr{eq(ref(1, i32), num(1))}}
	old := scan(2, 2)
	join := &ir.Join{Kind: ir.Inner, Left: kept, Right: &ir.Sort{Input: old, Keys: []ir.Key{{Expr: ref(2, i32)}}}}
	fresh := scan(3, 2)
	got := ir.Transform(join, func(n ir.Node) ir.Node {
		if n == old {
			return fresh
		}
		return n
	})
	g := got.(*ir.Join)
	if got == ir.Node(join) || g.Left != ir.Node(kept) || g.Right.Inputs()[0] != ir.Node(fresh) {
		t.Errorf("one leaf was changed:\n%s", ir.Text(got, ir.Exactly))
	}
	if join.Right.Inputs()[0] != ir.Node(old) {
		t.Error("the tree itself was changed")
	}
}

// TransformExpr makes new only what lies over a change.
func TestTransformExpr(t *testing.T) {
	for _, e := range expressions() {
		if again := ir.TransformExpr(e, identity); again != e {
			t.Errorf("%s: made anew though nothing changed", ir.ExprText(e, ir.Exactly))
		}
		before := ir.ExprText(e, ir.Exactly)
		for _, at := range e.Args() {
			got := ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
				if x == at {
					return ref(50, i32)
				}
				return x
			})
			if got == e || ir.ExprText(got, ir.Exactly) == before || ir.ExprText(e, ir.Exactly) != before {
				t.Errorf("%s: with another argument it is %s", before, ir.ExprText(got, ir.Exactly))
			}
		}
	}
	kept, old := eq(ref(1, i32), num(1)), num(2)
	and := &ir.And{List: []ir.Expr{kept, eq(ref(1, i32), old)}}
	got := ir.Substitute(and, map[ir.ColID]ir.Expr{7: num(7)})
	if got != ir.Expr(and) {
		t.Error("made anew though no reference was replaced")
	}
	got = ir.TransformExpr(and, func(x ir.Expr) ir.Expr {
		if x == old {
			return num(3)
		}
		return x
	})
	if g := got.(*ir.And); g.List[0] != kept || g.List[1] == and.List[1] {
		t.Errorf("one constant was changed: %s", ir.ExprText(got, ir.Exactly))
	}
}

// Where joins conditions with those of a filter that is there, in their order.
func TestWhere(t *testing.T) {
	s := scan(1, 1)
	p, q := eq(ref(1, i32), num(1)), eq(ref(1, i32), num(2))
	if ir.Where(s) != ir.Node(s) {
		t.Error("a filter without conditions")
	}
	first := ir.Where(s, p)
	both, ok := ir.Where(first, q).(*ir.Filter)
	if !ok || both.Input != ir.Node(s) || len(both.Preds) != 2 || both.Preds[0] != p || both.Preds[1] != q {
		t.Errorf("two filters became\n%s", ir.Text(both, ir.Exactly))
	}
	if len(first.(*ir.Filter).Preds) != 1 {
		t.Error("the filter itself was changed")
	}
	c := ir.Conjuncts(&ir.And{List: []ir.Expr{p, &ir.And{List: []ir.Expr{q, p}}}}, &ir.Or{List: []ir.Expr{p, q}})
	if len(c) != 4 || c[0] != p || c[1] != q || c[2] != p {
		t.Errorf("%d conjuncts", len(c))
	}
}
