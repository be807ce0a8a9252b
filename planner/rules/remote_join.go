package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteJoin lets one source join its own tables.
//
//	inner join on t.a = u.a AND f(t.b, u.b)   ->   filter f(t.b, u.b)
//	  remote pg                                      remote pg
//	    scan t                                         inner join on t.a = u.a
//	  remote pg                                          scan t
//	    scan u                                           scan u
//
// Sound because the dialect calls a condition over two columns exact only where the
// engine compares them as DuckDB does; conditions of an inner join may as well be
// asked above it, those of any other kind may not, so all of them have to be exact.
// One statement also reads both tables at one moment. It must not fire for a
// join without an exact equality: every row with every row is more than the two
// tables together.
var remoteJoin = Rule{Name: "remote_join", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		j, ok := n.(*ir.Join)
		if !ok || j.Delim != nil {
			return n
		}
		left, d := c.remoteOf(j.Left)
		right, _ := c.remoteOf(j.Right)
		if left == nil || right == nil || left.Source != right.Source {
			return n
		}
		return c.joinThere(j, left, right, d)
	}), nil
}}

func (c *Context) joinThere(j *ir.Join, left, right *ir.Remote, d dialect.Dialect) ir.Node {
	at, scan := placesOf(left, right), firstScan(left)
	var there, here []ir.Expr
	var asked []noted
	for _, e := range j.On {
		verdict, reason := d.Condition(e, at)
		if verdict == dialect.Exact {
			there = append(there, e)
			asked = append(asked, noted{scan, e, verdict, reason})
		} else {
			here = append(here, e)
			c.note(scan, e, verdict, reason)
		}
	}
	if len(here) > 0 && j.Kind != ir.Inner {
		return j
	}
	inside := *j
	inside.Left, inside.Right, inside.On = left.Input, right.Input, there
	verdict, reason := d.Operator(&inside, at)
	if verdict == dialect.Exact { // else none of them went anywhere
		c.noted = append(c.noted, asked...)
	}
	c.note(scan, j, verdict, reason)
	if verdict != dialect.Exact {
		return j
	}
	return ir.Where(&ir.Remote{Source: left.Source, Input: &inside}, here...)
}

func placesOf(left, right *ir.Remote) dialect.Columns {
	at := dialect.Columns{}
	for _, r := range []*ir.Remote{left, right} {
		for id, p := range dialect.Places(r.Input) {
			at[id] = p
		}
	}
	return at
}
