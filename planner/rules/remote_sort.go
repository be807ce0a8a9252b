package rules

import (
	"github.com/lianji/lianji/planner/ir"
)

// remoteSort lets the source order the rows of the whole answer.
//
//	project b              ->   remote pg
//	  sort a nulls last           project b
//	    remote pg                   sort a nulls last
//	      scan t                      scan t
//
// Sound because the dialect orders only by keys whose order there is DuckDB's, and
// because the source's rows are then the answer. It must not fire anywhere but at
// the end of the answer: DuckDB reads a stream in any order, and the sort would be
// lost.
var remoteSort = Rule{Name: "remote_sort", Late: true, Apply: func(c *Context) (ir.Node, error) {
	above, n := endOf(c.Plan.Root)
	s, ok := n.(*ir.Sort)
	if !ok {
		return c.Plan.Root, nil
	}
	r, d := c.remoteOf(s.Input)
	if r == nil {
		return c.Plan.Root, nil
	}
	if out := c.ending(above, s, r, d); out != nil {
		return out, nil
	}
	return c.Plan.Root, nil
}}
