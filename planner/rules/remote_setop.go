package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteSetOp lets one source combine rows of its own.
//
//	except          ->   remote pg
//	  remote pg            except
//	    scan t               scan t
//	  remote pg              scan u
//	    scan u
//
// Sound where the dialect says that each column of both sides is told apart as DuckDB
// tells it, NULL from NULL not at all, and that the source has the operation. It
// must not fire for rows of two sources, for floating point, nor over a filter that
// stayed here.
var remoteSetOp = Rule{Name: "remote_setop", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		s, ok := n.(*ir.SetOp)
		if !ok {
			return n
		}
		left, d := c.remoteOf(s.Left)
		right, _ := c.remoteOf(s.Right)
		if left == nil || right == nil || left.Source != right.Source {
			return n
		}
		inside := s.With([]ir.Node{left.Input, right.Input})
		verdict, reason := d.Operator(inside, placesOf(left, right))
		c.note(firstScan(left), s, verdict, reason)
		if verdict != dialect.Exact {
			return n
		}
		return &ir.Remote{Source: left.Source, Input: inside}
	}), nil
}}
