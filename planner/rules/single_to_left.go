package rules

import "github.com/lianji/lianji/planner/ir"

// singleToLeft turns a single join, which fails where a row has two partners, into a
// left join where no row can have two, and into an inner join where each has one.
//
//	single join on a.id = b.k
//	  scan a
//	  aggregate by k = b.id: max(b.v)
//	    scan b
//	->
//	left join on a.id = b.k
//	  scan a
//	  aggregate by k = b.id: max(b.v)
//	    scan b
//
// It is sound because a single join gives what a left join gives or fails, and it
// cannot fail when the right side has at most one row for each value of the columns
// that the conditions hold equal to the left side: groups, DISTINCT, LIMIT 1, the
// first row of a partition. An aggregate without groups has one row always, so
// without conditions nothing is completed with NULLs.
//
// It must not fire on the strength of a key that a table declares, nor where a group
// is wider than the columns that are compared: then two partners are an error that
// the statement must show.
var singleToLeft = Rule{Name: "single_to_left", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		j, ok := n.(*ir.Join)
		if !ok || j.Kind != ir.Single {
			return n
		}
		now := *j
		switch {
		case len(j.On) == 0 && j.Delim == nil && exactlyOne(j.Right):
			now.Kind = ir.Inner
		case atMostOne(j.Right, partnerKey(j)):
			now.Kind = ir.Left
		default:
			return n
		}
		return &now
	}), nil
}}
