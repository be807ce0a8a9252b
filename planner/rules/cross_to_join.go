package rules

import "github.com/lianji/lianji/planner/ir"

// crossToJoin makes a filter's conjuncts that read both sides of an inner join, or
// of a product of two inputs, conditions of the join.
//
//	filter a.x = b.x
//	  inner join
//	->
//	inner join on a.x = b.x
//
// It is sound because an inner join's conditions and a filter over it keep the same
// pairs.
//
// It must not fire for a conjunct that can fail or is volatile, because a join may
// evaluate its conditions on pairs that another conjunct drops; not for other kinds
// of join, where a condition adds NULLs instead of dropping rows; and not for a
// delim join, whose conditions tie it to the rows of its left side.
var crossToJoin = Rule{Name: "cross_to_join", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		f, ok := n.(*ir.Filter)
		if !ok {
			return n
		}
		j, ok := f.Input.(*ir.Join)
		if !ok || j.Kind != ir.Inner || j.Delim != nil || volatile(f.Preds...) || volatile(j.On...) {
			return n
		}
		left, right := ir.OutputOf(j.Left), ir.OutputOf(j.Right)
		var both, stay []ir.Expr
		for _, e := range ir.Conjuncts(f.Preds...) {
			if total(e) && !left.Has(e) && !right.Has(e) {
				both = append(both, e)
			} else {
				stay = append(stay, e)
			}
		}
		if len(both) == 0 {
			return n
		}
		d := *j
		d.On = union(j.On, both)
		return where(&d, stay...)
	}), nil
}}
