package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteProject lets the source leave columns out and order them.
//
//	project b      ->   remote pg
//	  remote pg           project b
//	    scan t              scan t
//
// Sound because a column that is handed on unchanged is the same on both sides of
// the border. It must not fire for a computed column: no function's value is exact
// at a source yet.
var remoteProject = Rule{Name: "remote_project", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.over(func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
		if p, ok := n.(*ir.Project); ok {
			return c.into(p, r, d)
		}
		return n
	})
}}
