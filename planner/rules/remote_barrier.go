package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteBarrier moves the border of policy to the source, where everything below it
// is there already.
//
//	barrier                ->   remote pg
//	  remote pg                   barrier
//	    filter a > 3                filter a > 3
//	      scan t                      scan t
//
// Sound because the dialect writes a barrier as a derived table of its own and, over
// rows that a row filter hides, calls no condition exact that could fail. It must not
// fire while a mask or a row filter is still computed here: the barrier then is a
// stage of its own, and nothing of the statement reaches below it. Nor must it where
// policy looks values up in another table: what of the statement could tell of that one
// is not looked at.
var remoteBarrier = Rule{Name: "remote_barrier", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.over(func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
		if b, ok := n.(*ir.Barrier); ok && !joins(b.Input) {
			return c.into(b, r, d)
		}
		return n
	})
}}

func joins(n ir.Node) bool {
	found := false
	ir.Walk(n, func(n ir.Node) {
		if _, ok := n.(*ir.Join); ok {
			found = true
		}
	})
	return found
}
