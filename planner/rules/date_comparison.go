package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// dateComparison compares a date with a constant as a date. DuckDB makes a date plus
// an interval a timestamp, and then casts the other side too.
//
//	filter CAST(d AS TIMESTAMP) < TIMESTAMP '1995-01-01 00:00:00'
//	->
//	filter d < DATE '1995-01-01'
//
// It is sound because a date becomes the midnight that begins it: of two midnights
// the order is that of their days, and a moment within a day lies after this day's
// midnight and before the next one's. One thing changes, and on purpose: a date after
// the year 294246, which has no timestamp, is compared instead of failing the
// statement. Nothing else lets such a condition move down or go to a source.
//
// It must not fire for an equality with a moment that is no midnight, for a TRY_CAST,
// which is NULL for such dates, nor for a timestamp with a time zone.
var dateComparison = Rule{Name: "date_comparison", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		return mapExprs(n, func(e ir.Expr) ir.Expr { return ir.TransformExpr(e, asDates) })
	}), nil
}}

func asDates(e ir.Expr) ir.Expr {
	c, ok := e.(*ir.Compare)
	if !ok {
		return e
	}
	left, right, op := c.Left, c.Right, c.Op
	if _, ok := left.(*ir.Const); ok {
		left, right, op = right, left, op.Flip()
	}
	cast, okCast := left.(*ir.Cast)
	moment, okMoment := right.(*ir.Const)
	if !okCast || !okMoment || cast.Try || cast.Typ.Kind != catalog.Timestamp || moment.Value.Type.Kind != catalog.Timestamp ||
		cast.Arg.Type().Kind != catalog.Date {
		return e
	}
	micros, ok := moment.Value.V.(int64)
	if !ok {
		return e
	}
	const day = 86400 * 1_000_000
	days := micros / day
	if micros%day < 0 {
		days--
	}
	if !ordinary(days) {
		return e
	}
	if micros%day != 0 {
		switch op {
		case ir.Lt, ir.Le:
			op = ir.Le
		case ir.Gt, ir.Ge:
			op = ir.Gt
		default:
			return e
		}
	}
	date := &ir.Const{Value: catalog.Value{Type: cast.Arg.Type(), V: days}}
	return &ir.Compare{Op: op, Left: cast.Arg, Right: date}
}
