package rules

import (
	"reflect"
	"slices"

	"github.com/lianji/lianji/planner/ir"
)

// mapExprs applies f to the expressions of a node. A node of which nothing changed
// stays the same pointer.
func mapExprs(n ir.Node, f func(ir.Expr) ir.Expr) ir.Node {
	changed := false
	exprs := slices.Clone(n.Exprs()) // a node may give its own slice
	for i, e := range exprs {
		exprs[i] = f(e)
		changed = changed || exprs[i] != e
	}
	if !changed {
		return n
	}
	i := 0
	return n.MapExprs(func(ir.Expr) ir.Expr {
		i++
		return exprs[i-1]
	})
}

// with puts other inputs below a node, which stays the same pointer when they are
// the ones that it has.
func with(n ir.Node, inputs ...ir.Node) ir.Node {
	for i, in := range n.Inputs() {
		if in != inputs[i] {
			return n.With(inputs)
		}
	}
	return n
}

// where puts predicates over n like ir.Where, each only once. A filter to which
// nothing is added stays the same pointer.
func where(n ir.Node, preds ...ir.Expr) ir.Node {
	f, below := n.(*ir.Filter)
	var have []ir.Expr
	if below {
		have = f.Preds
	}
	all := union(have, preds)
	switch {
	case len(all) == len(have):
		return n
	case below:
		return &ir.Filter{Input: f.Input, Preds: all}
	}
	return &ir.Filter{Input: n, Preds: all}
}

// union adds those expressions to a list that it does not have. A volatile one is
// another each time.
func union(list, more []ir.Expr) []ir.Expr {
	s := setOf(list)
	s.add(more...)
	return s.list
}

// without leaves those expressions out that are in drop.
func without(list, drop []ir.Expr) []ir.Expr {
	dropped := setOf(drop)
	var out []ir.Expr
	for _, e := range list {
		if !dropped.has(e) {
			out = append(out, e)
		}
	}
	return out
}

// contains looks for an expression in a short list; an exprSet is for others.
func contains(list []ir.Expr, e ir.Expr) bool {
	for _, x := range list {
		if x == e || (reflect.TypeOf(x) == reflect.TypeOf(e) && ir.Equal(x, e)) {
			return true
		}
	}
	return false
}

func sameExprs(a, b []ir.Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// refilter gives f over another input with other predicates, f itself when both are
// what it has, and no filter when there are no predicates.
func refilter(f *ir.Filter, input ir.Node, preds []ir.Expr) ir.Node {
	if g, ok := input.(*ir.Filter); ok && g.Input == f.Input {
		if all := union(g.Preds, preds); sameExprs(all, f.Preds) {
			return f
		}
	}
	if input == f.Input && sameExprs(preds, f.Preds) {
		return f
	}
	return where(input, preds...)
}
