package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteOf gives the Remote that n is and its dialect, nil when n is none or when
// nothing can be sent there.
func (c *Context) remoteOf(n ir.Node) (*ir.Remote, dialect.Dialect) {
	r, ok := n.(*ir.Remote)
	if !ok {
		return nil, nil
	}
	d := c.Dialect(r.Source)
	if d == nil {
		return nil, nil
	}
	return r, d
}

// into puts a node that stands over r to r's source, where the source does exactly
// what the node does; otherwise it gives n, and the reason is noted.
func (c *Context) into(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node {
	inside := n.With([]ir.Node{r.Input})
	verdict, reason := d.Operator(inside, dialect.Places(r.Input))
	c.note(firstScan(r), n, verdict, reason)
	if verdict != dialect.Exact {
		return n
	}
	return &ir.Remote{Source: r.Source, Input: inside}
}

// over applies f to every node of the tree that stands over a Remote alone, from
// the leaves up.
func (c *Context) over(f func(n ir.Node, r *ir.Remote, d dialect.Dialect) ir.Node) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		inputs := n.Inputs()
		if len(inputs) != 1 {
			return n
		}
		r, d := c.remoteOf(inputs[0])
		if r == nil {
			return n
		}
		return f(n, r, d)
	}), nil
}
