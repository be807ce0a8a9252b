package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteFilter sends conditions to the source: an exact one leaves the rest of the
// plan together with the text that carries it, a superset is checked again here.
//
//	filter a = 1 AND f(b) AND c = 'x'    ->   filter f(b) AND c = 'x'
//	  remote pg                                 remote pg
//	    scan t                                    filter a = 1 AND c = 'x'
//	                                                scan t
//
// Sound because conjuncts may be asked in any order as long as none can fail, and
// the dialect calls no condition exact or superset that can. A superset keeps every
// row that the condition keeps. It must not fire for a condition that the dialect
// does not know: None is its zero value.
var remoteFilter = Rule{Name: "remote_filter", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.over(func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
		f, ok := n.(*ir.Filter)
		if !ok {
			return n
		}
		at, scan := dialect.Places(r.Input), firstScan(r)
		asked := setOf(filtered(r.Input))
		var there, here []ir.Expr
		for _, p := range f.Preds {
			verdict, reason := d.Condition(p, at)
			c.note(scan, p, verdict, reason)
			if verdict != dialect.None && !asked.has(p) {
				there = append(there, p)
			}
			if verdict != dialect.Exact {
				here = append(here, p)
			}
		}
		if len(there) == 0 && len(here) == len(f.Preds) {
			return n
		}
		return ir.Where(&ir.Remote{Source: r.Source, Input: ir.Where(r.Input, there...)}, here...)
	})
}}

// filtered gives what is asked below already, as a superset is that stayed here too.
func filtered(n ir.Node) []ir.Expr {
	var asked []ir.Expr
	for {
		switch x := n.(type) {
		case *ir.Filter:
			asked = append(asked, x.Preds...)
			n = x.Input
		case *ir.Project:
			n = x.Input
		default:
			return asked
		}
	}
}
