package dialect

import "github.com/lianji/lianji/planner/ir"

// ScansOnly is the part of a Dialect that takes trees, for one that takes none: its
// source is read by Scan alone, through the fallback.
type ScansOnly struct{}

// Condition implements Dialect.
func (ScansOnly) Condition(ir.Expr, Columns) (Verdict, string) {
	return None, "the source is read by scans alone"
}

// Operator implements Dialect.
func (ScansOnly) Operator(ir.Node, Columns) (Verdict, string) {
	return None, "the source is read by scans alone"
}

// Statement implements Dialect.
func (ScansOnly) Statement(ir.Node) (Statement, error) { return Statement{}, errNotWritten }
