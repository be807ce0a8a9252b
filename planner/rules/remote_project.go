package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteProject lets the source leave columns out and order them, and compute some.
//
//	project b      ->   remote pg
//	  remote pg           project b
//	    scan t              scan t
//
// Sound because a column that is handed on unchanged is the same on both sides of
// the border, and because the dialect calls a computed one exact only if the source
// gives DuckDB's value and cannot fail. It must not fire where more columns would come
// than before, nor for what has no entry in the dialect's table.
var remoteProject = Rule{Name: "remote_project", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.over(func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
		p, ok := n.(*ir.Project)
		if !ok || len(p.Cols) > len(r.Output()) && computes(p) {
			return n
		}
		return c.into(p, r, d)
	})
}}

// computes reports whether a projection does more than hand columns on.
func computes(p *ir.Project) bool {
	for _, a := range p.Cols {
		if _, ok := a.Expr.(*ir.Ref); !ok {
			return true
		}
	}
	return false
}
