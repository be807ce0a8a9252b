package rules

import "github.com/lianji/lianji/planner/ir"

// impliedFilter drops what predicate_pushdown added to a side of a join because an OR
// above says as much, where no source has taken it over.
//
//	inner join on a.x = b.x AND ((a.y = 1 AND b.z = 2) OR (a.y = 3 AND b.z = 4))
//	  filter a.y = 1 OR a.y = 3
//	    remote lite
//	      scan a
//	  remote pg
//	    filter b.z = 2 OR b.z = 4
//	      scan b
//	->
//	inner join on a.x = b.x AND ((a.y = 1 AND b.z = 2) OR (a.y = 3 AND b.z = 4))
//	  remote lite
//	    scan a
//	  remote pg
//	    filter b.z = 2 OR b.z = 4
//	      scan b
//
// Here DuckDB finds such a condition in the OR by itself, and computed both. At a
// source it spares rows that travel, so that there it stays.
//
// It is sound because the OR still asks it: a row for which the condition is not
// true takes part in no row of the join for which the OR is true, and between the two
// there is nothing but filters, projections and joins, which such a row passes alone
// and without changing what others become. The condition is found again in the OR in
// the way in which it was found there first, whoever wrote the filter.
//
// It must not fire past an operator that counts rows or compares them with each
// other, past a side that a join completes with NULLs, for an OR that can fail, for
// one in the condition of a join that is not an inner one, where DuckDB does not look
// for it, nor below the border of a source or of policy.
var impliedFilter = Rule{Name: "implied_filter", Late: true, Last: true, Apply: func(c *Context) (ir.Node, error) {
	return withoutImplied(c.Plan.Root), nil
}}

// withoutImplied looks for joins over which, or in which, an OR stands.
func withoutImplied(n ir.Node) ir.Node {
	if isBarrier(n) {
		return n
	}
	switch m := n.(type) {
	case *ir.Filter:
		if j, ok := m.Input.(*ir.Join); ok {
			n = with(m, unaskJoin(j, ir.Conjuncts(m.Preds...), nil))
		}
	case *ir.Join:
		n = unaskJoin(m, nil, nil)
	}
	inputs := n.Inputs()
	for i := range inputs {
		inputs[i] = withoutImplied(inputs[i])
	}
	return with(n, inputs...)
}

// unask gives n without filters that only say what an OR above implies.
func unask(n ir.Node, implied []ir.Expr) ir.Node {
	if len(implied) == 0 || volatile(n.Exprs()...) {
		return n
	}
	switch n := n.(type) {
	case *ir.Filter:
		all := ir.Conjuncts(n.Preds...)
		kept := without(all, implied)
		in := unask(n.Input, implied)
		if len(kept) == len(all) {
			return with(n, in)
		}
		return where(in, kept...)
	case *ir.Project:
		below, _ := substituted(implied, n.Cols)
		return with(n, unask(n.Input, below))
	case *ir.Join:
		return unaskJoin(n, nil, implied)
	}
	return n
}

// unaskJoin hands on to each side what is implied for it: by the filter over the join,
// by the join's own conditions, and by what is implied for both sides together.
func unaskJoin(n *ir.Join, over, implied []ir.Expr) ir.Node {
	if n.Delim != nil || volatile(n.On...) || volatile(over...) {
		return n
	}
	if n.Kind == ir.Inner {
		over = append(ir.Conjuncts(n.On...), over...)
	}
	of := func(side ir.Node, open bool) ir.Node {
		if !open {
			return side
		}
		columns := ir.SetOf(side.Output())
		list, both := split(implied, columns)
		_, rest := split(over, columns)
		list = append(list, impliedFor(columns, both, true)...)
		return unask(side, append(list, impliedFor(columns, rest, true)...))
	}
	return with(n, of(n.Left, n.Kind != ir.Right && n.Kind != ir.Full), of(n.Right, n.Kind == ir.Inner || n.Kind == ir.Right))
}
