package rules

import (
	"github.com/lianji/lianji/planner/ir"
)

// remoteSort lets the source order the rows of the whole answer.
//
//	sort a nulls last   ->   remote pg
//	  remote pg                sort a nulls last
//	    scan t                   scan t
//
// Sound because the dialect orders only by keys whose order there is DuckDB's. It
// fires at the root alone: anywhere else DuckDB reads the stream in any order, and
// the sort would be lost.
var remoteSort = Rule{Name: "remote_sort", Late: true, Apply: func(c *Context) (ir.Node, error) {
	s, ok := c.Plan.Root.(*ir.Sort)
	if !ok {
		return c.Plan.Root, nil
	}
	r, d := c.remoteOf(s.Input)
	if r == nil {
		return s, nil
	}
	return c.into(s, r, d), nil
}}
