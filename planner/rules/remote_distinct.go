package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteDistinct lets the source leave equal rows out.
//
//	distinct       ->   remote pg
//	  remote pg           distinct
//	    scan t              scan t
//
// Sound where the dialect says that each column is told apart as DuckDB tells it. It
// must not fire for floating point, for what a collation folds, over a filter that
// stayed here, nor for DISTINCT ON, which keeps a row by an order.
var remoteDistinct = Rule{Name: "remote_distinct", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.over(func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
		if u, ok := n.(*ir.Distinct); ok {
			return c.into(u, r, d)
		}
		return n
	})
}}
