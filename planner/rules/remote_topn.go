package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteTopN lets the source order its rows and cut them off.
//
//	top 10 by d desc nulls last   ->   remote pg
//	  remote pg                          top 10 by d desc nulls last
//	    scan t                             scan t
//
// Sound because a Remote holds the whole of its input: every condition below it is
// exact, else a filter would stand between (A5), and the dialect orders only by keys
// whose order there is DuckDB's, with the place of NULL written out (A4). It must
// not fire over a filter that stayed here, nor for text in another collation.
var remoteTopN = Rule{Name: "remote_topn", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.over(func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
		switch n.(type) {
		case *ir.TopN, *ir.Limit:
			return c.into(n, r, d)
		}
		return n
	})
}}
