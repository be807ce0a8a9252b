package dialect

import (
	"math"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// operating is what a dialect knows of columns that group, sort and are summed.
type operating interface {
	judging
	// keyed says why a column does not group as DuckDB would group it, or with ordered
	// does not sort so; empty when it does. A place without a Base was computed by an
	// aggregate at the source and has type t.
	keyed(t catalog.Type, p Place, ordered bool) string
	// combines says why a set operation is not the one here, or not one of all versions
	// of the source; empty when it is.
	combines(k ir.SetKind, all bool) string
	// summed says why the sum of a base column of type t, a whole number or a decimal,
	// is not DuckDB's; empty when it is.
	summed(t catalog.Type, p Place) string
}

// operator judges n. Of a Filter it asks no more than that each condition can be
// sent: which of them are checked again here is for the rules.
func operator(d operating, n ir.Node, at Columns) (Verdict, string) {
	reason := ""
	switch n := n.(type) {
	case *ir.Scan, *ir.Barrier:
	case *ir.Filter:
		for _, e := range n.Preds {
			if v, why := condition(d, e, at); v == None {
				return None, why
			}
		}
	case *ir.Project:
		for _, c := range n.Cols {
			if _, ok := c.Expr.(*ir.Ref); !ok {
				reason = "a column is computed"
			}
		}
	case *ir.Join:
		reason = judgeJoin(d, n, at)
	case *ir.Aggregate:
		reason = judgeAggregate(d, n, at)
	case *ir.Distinct:
		reason = judgeDistinct(d, n, at)
	case *ir.SetOp:
		reason = judgeSetOp(d, n, at)
	case *ir.Sort:
		reason = judgeKeys(d, n.Keys, at)
	case *ir.TopN:
		if reason = judgeKeys(d, n.Keys, at); reason == "" {
			reason = judgeBounds(n.Count, n.Offset)
		}
	case *ir.Limit:
		reason = judgeBounds(n.Count, n.Offset)
	default:
		reason = "not an operator that sources are given"
	}
	if reason != "" {
		return None, reason
	}
	return Exact, ""
}

func judgeJoin(d operating, n *ir.Join, at Columns) string {
	switch n.Kind {
	case ir.Inner, ir.Left, ir.Semi, ir.Anti:
	default:
		return "a " + n.Kind.String() + " join stays here"
	}
	if n.Delim != nil {
		return "a correlated subquery stays here"
	}
	left, right := ir.SetOf(n.Left.Output()), ir.SetOf(n.Right.Output())
	equal := false
	for _, e := range n.On {
		if v, reason := condition(d, e, at); v != Exact {
			return reason
		}
		c, ok := e.(*ir.Compare)
		equal = equal || ok && c.Op == ir.Eq && joins(left, right, c)
	}
	if !equal {
		return "a join without an equality of its two sides"
	}
	return ""
}

// joins reports whether a comparison has a column of either side.
func joins(left, right ir.Set, c *ir.Compare) bool {
	a, b := ir.RefsOf(c.Left), ir.RefsOf(c.Right)
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	return left.Has(c.Left) && right.Has(c.Right) || left.Has(c.Right) && right.Has(c.Left)
}

func judgeDistinct(d operating, n *ir.Distinct, at Columns) string {
	if n.On != nil {
		return "one row of each group by an order stays here"
	}
	return judgeOutput(d, n.Input, at, false)
}

// judgeSetOp asks for keys even of what keeps all rows: columns of two sides that are
// read alike could be of two types at the source, and keys are made alike. They must
// be fit to order by: of what they were of nothing is known above.
func judgeSetOp(d operating, n *ir.SetOp, at Columns) string {
	if reason := d.combines(n.Kind, n.All); reason != "" {
		return reason
	}
	for _, side := range n.Inputs() {
		if reason := judgeOutput(d, side, at, true); reason != "" {
			return reason
		}
	}
	return ""
}

func judgeOutput(d operating, n ir.Node, at Columns, ordered bool) string {
	for _, c := range n.Output() {
		if reason := judgeKey(d, c.Ref(), at, ordered); reason != "" {
			return reason
		}
	}
	return ""
}

func judgeKeys(d operating, keys []ir.Key, at Columns) string {
	for _, k := range keys {
		if reason := judgeKey(d, k.Expr, at, true); reason != "" {
			return reason
		}
	}
	return ""
}

func judgeKey(d operating, e ir.Expr, at Columns, ordered bool) string {
	p, reason := columnOf(d, e, at)
	if reason != "" {
		return reason
	}
	return d.keyed(e.Type(), p, ordered)
}

// columnOf finds the column that e reads, computed ones too.
func columnOf(d judging, e ir.Expr, at Columns) (Place, string) {
	r, ok := e.(*ir.Ref)
	if !ok {
		return Place{}, "a computed value and not a column"
	}
	if p, ok := at[r.ID]; ok && p.Base == nil {
		return p, ""
	}
	return baseOf(d, e, at)
}

// judgeBounds takes counts that are there and are constants.
func judgeBounds(count, offset ir.Expr) string {
	if count == nil {
		return "an offset without a count"
	}
	for _, e := range []ir.Expr{count, offset} {
		if e == nil {
			continue
		}
		if _, ok := countOf(e); !ok {
			return "a count that is no constant"
		}
	}
	return ""
}

func countOf(e ir.Expr) (int64, bool) {
	c, ok := e.(*ir.Const)
	if !ok {
		return 0, false
	}
	switch v := c.Value.V.(type) {
	case int64:
		return v, v >= 0 && c.Value.Type.Kind >= catalog.Int8 && c.Value.Type.Kind <= catalog.Int64
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func judgeAggregate(d operating, n *ir.Aggregate, at Columns) string {
	if n.Sets != nil || len(n.Grouping) > 0 {
		return "grouping sets stay here"
	}
	for _, g := range n.Groups {
		if reason := judgeKey(d, g.Expr, at, false); reason != "" {
			return reason
		}
	}
	for _, a := range n.Aggs {
		agg, ok := a.Expr.(*ir.Agg)
		if !ok {
			return "not an aggregate"
		}
		if reason := judgeAgg(d, agg, at); reason != "" {
			return reason
		}
	}
	return ""
}

// The aggregates that are sent, by DuckDB's names.
const (
	countStar = "count_star"
	count     = "count"
	minimum   = "min"
	maximum   = "max"
	sum       = "sum"
)

func judgeAgg(d operating, a *ir.Agg, at Columns) string {
	if a.Filter != nil {
		if v, reason := condition(d, a.Filter, at); v != Exact {
			return reason
		}
	}
	if len(a.Order) > 0 {
		return "an aggregate with an order stays here"
	}
	if a.Name == countStar && len(a.List) == 0 {
		return typed(a, catalog.Type{Kind: catalog.Int64}, false)
	}
	if len(a.List) != 1 {
		return a.Name + " stays here"
	}
	arg := a.List[0]
	switch a.Name {
	case count:
		p, reason := columnOf(d, arg, at)
		switch {
		case reason != "":
			return reason
		case a.Distinct || p.Base == nil:
			reason = d.keyed(arg.Type(), p, false)
		default:
			_, reason = d.Verdict(Predicate{Column: *p.Base, Op: NotNull})
		}
		if reason != "" {
			return reason
		}
		return typed(a, catalog.Type{Kind: catalog.Int64}, a.Distinct)
	case minimum, maximum:
		if reason := judgeKey(d, arg, at, true); reason != "" {
			return reason
		}
		return typed(a, arg.Type(), false)
	case sum:
		p, reason := baseOf(d, arg, at)
		if reason != "" {
			return reason
		}
		if reason := d.summed(arg.Type(), p); reason != "" {
			return reason
		}
		return typed(a, sumType(arg.Type()), false)
	}
	return a.Name + " stays here"
}

// typed checks what is left to check of an aggregate: its result, and DISTINCT.
func typed(a *ir.Agg, want catalog.Type, distinct bool) string {
	switch {
	case a.Distinct != distinct:
		return a.Name + " of distinct values stays here"
	case !a.Typ.Equal(want):
		return a.Name + " gives a " + a.Typ.DuckDB() + " here"
	}
	return ""
}

// sumType is the type of DuckDB's sum over t; Invalid where none is sent.
func sumType(t catalog.Type) catalog.Type {
	switch {
	case t.Kind == catalog.Decimal:
		return catalog.DecimalOf(38, t.Scale)
	case signed(t.Kind):
		return catalog.Type{Kind: catalog.HugeInt}
	}
	return catalog.Type{}
}
