package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteScan draws the border of a source around each of its scans.
//
//	scan t at pg   ->   remote pg
//	                      scan t
//
// Sound because a scan is what every source does exactly: the connector's
// conformance suite holds its rows to DuckDB's. It must not fire where the source
// takes no trees; the statement then runs by the fallback.
var remoteScan = Rule{Name: "remote_scan", Late: true, Apply: func(c *Context) (ir.Node, error) {
	var visit func(n ir.Node) ir.Node
	visit = func(n ir.Node) ir.Node {
		switch n := n.(type) {
		case *ir.Remote:
			return n
		case *ir.Scan:
			d := c.Dialect(n.Source)
			if d == nil {
				return n
			}
			if verdict, _ := d.Operator(n, nil); verdict != dialect.Exact {
				return n
			}
			return &ir.Remote{Source: n.Source, Input: n}
		}
		inputs, changed := n.Inputs(), false
		for i, in := range inputs {
			if now := visit(in); now != in {
				inputs[i], changed = now, true
			}
		}
		if changed {
			return n.With(inputs)
		}
		return n
	}
	return visit(c.Plan.Root), nil
}}
