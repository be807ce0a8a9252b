package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteTopN lets the source order its rows and cut them off.
//
//	project f(d)                                    ->   project f(d)
//	  top 10 offset 5 by d desc nulls last                 top 10 by d desc nulls last
//	    remote pg                                            remote pg
//	      scan t                                               top 10 offset 5 by d desc nulls last
//	                                                             scan t
//
// Sound because a Remote holds the whole of its input: every condition below it is
// exact, else a filter would stand between, and the dialect orders only by keys
// whose order there is DuckDB's, with the place of NULL written out. DuckDB
// reads a stream with several threads, in any order: where somebody above reads the
// rows as a list, they are put in order once more here. At the end of the answer they
// are not, when all that is above goes to the source as well. It must not fire over a
// filter that stayed here, nor for text in another collation, nor for a count that is
// no constant.
var remoteTopN = Rule{Name: "remote_topn", Late: true, Apply: func(c *Context) (ir.Node, error) {
	above, n := endOf(c.Plan.Root)
	if top, ok := n.(*ir.TopN); ok {
		if r, d := c.remoteOf(top.Input); r != nil {
			if out := c.ending(above, top, r, d); out != nil {
				return out, nil
			}
		}
	}
	return c.cut(c.Plan.Root, true), nil
}}

// endOf finds the node below the projections at the root, which hand its rows on in
// their order.
func endOf(root ir.Node) (above []ir.Node, n ir.Node) {
	for {
		p, ok := root.(*ir.Project)
		if !ok {
			return above, root
		}
		above, root = append(above, p), p.Input
	}
}

// ending puts n, which stands over r, to r's source with the projections over it; nil
// when the source does not do all of it.
func (c *Context) ending(above []ir.Node, n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
	out, ok := c.into(n, r, d).(*ir.Remote)
	for i := len(above) - 1; ok && i >= 0; i-- {
		out, ok = c.into(above[i], out, d).(*ir.Remote)
	}
	if !ok {
		return nil
	}
	return out
}

// cut puts limits to their sources, from the leaves up. Ordered says that somebody
// reads n's rows in their order.
func (c *Context) cut(n ir.Node, ordered bool) ir.Node {
	if _, ok := n.(*ir.Remote); ok {
		return n
	}
	inputs := n.Inputs()
	for i, in := range inputs {
		inputs[i] = c.cut(in, readInOrder(n, i, ordered))
	}
	n = with(n, inputs...)
	if len(inputs) != 1 {
		return n
	}
	r, d := c.remoteOf(inputs[0])
	if r == nil {
		return n
	}
	switch n := n.(type) {
	case *ir.Limit:
		return c.into(n, r, d)
	case *ir.TopN:
		if !ordered {
			return c.into(n, r, d)
		}
		rows, ok := whole(n.Count)
		if !ok || bounded(r, rows) { // by itself, the last time
			return n
		}
		if there, ok := c.into(n, r, d).(*ir.Remote); ok {
			return &ir.TopN{Input: there, Keys: n.Keys, Count: n.Count}
		}
	}
	return n
}

// readInOrder says whether n, or whoever reads n's rows in their order, reads those
// of its input i in theirs.
func readInOrder(n ir.Node, i int, ordered bool) bool {
	switch n := n.(type) {
	case *ir.Sort, *ir.TopN:
		return false
	case *ir.Join:
		return i == 0 && ordered && n.Kind != ir.Inner
	case *ir.SetOp:
		return ordered && n.Kind == ir.Union && n.All
	case *ir.Distinct:
		return n.On != nil
	case *ir.Aggregate:
		for _, a := range n.Aggs {
			if call, ok := a.Expr.(*ir.Agg); !ok || !anyOrder[call.Name] {
				return true
			}
		}
		return false
	case *ir.Project, *ir.Filter:
		return ordered
	case *ir.CTE:
		return i == 0 || ordered
	}
	return true
}

// anyOrder are the aggregates that give the same whatever order their rows come in.
var anyOrder = map[string]bool{"avg": true, "bool_and": true, "bool_or": true, "count": true, "count_star": true, "max": true, "min": true, "sum": true}
