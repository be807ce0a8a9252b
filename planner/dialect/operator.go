package dialect

import (
	"fmt"
	"math"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// operating is what a dialect knows of columns that group, sort and are summed.
type operating interface {
	judging
	// keyed says why a column of a type that groups does not group as DuckDB would group
	// it, or with ordered does not sort so; empty when it does. A place without a Base was
	// computed at the source and has type t.
	keyed(t catalog.Type, p Place, ordered bool) string
	// summed says why the sum of a base column of type t, which has an entry, is not
	// DuckDB's; empty when it is.
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
			if reason == "" && isComputed(c.Expr) {
				if _, reason = neverFailing(d, c.Expr, at); reason == "" {
					reason = returned(d, c.Expr)
				}
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
			reason = judgeBounds(d, n.Count, n.Offset)
		}
	case *ir.Limit:
		reason = judgeBounds(d, n.Count, n.Offset)
	default:
		reason = d.table().whole(strings.ToUpper(strings.TrimPrefix(fmt.Sprintf("%T", n), "*ir.")))
	}
	if reason != "" {
		return None, reason
	}
	return Exact, ""
}

func judgeJoin(d operating, n *ir.Join, at Columns) string {
	if reason := d.table().whole(strings.ToUpper(n.Kind.String()) + " JOIN"); reason != "" {
		return reason
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
		return d.table().whole(partFirst)
	}
	return judgeOutput(d, partDistinct, n.Input, at, false)
}

// judgeSetOp asks for keys even of what keeps all rows: columns of two sides that are
// read alike could be of two types at the source, and keys are made alike. They must
// be fit to order by: of what they were of nothing is known above.
func judgeSetOp(d operating, n *ir.SetOp, at Columns) string {
	name := strings.ToUpper(n.Kind.String())
	if n.All {
		name += " ALL"
	}
	if reason := d.table().whole(name); reason != "" {
		return reason
	}
	for _, side := range n.Inputs() {
		if reason := judgeOutput(d, partCombined, side, at, true); reason != "" {
			return reason
		}
	}
	return ""
}

func judgeOutput(d operating, part string, n ir.Node, at Columns, ordered bool) string {
	for _, c := range n.Output() {
		if reason := judgeKey(d, part, c.Ref(), at, ordered); reason != "" {
			return reason
		}
	}
	return ""
}

func judgeKeys(d operating, keys []ir.Key, at Columns) string {
	for _, k := range keys {
		if reason := judgeKey(d, partOrder, k.Expr, at, true); reason != "" {
			return reason
		}
	}
	return ""
}

// judgeKey judges e where a part of SQL tells its values apart.
func judgeKey(d operating, part string, e ir.Expr, at Columns, ordered bool) string {
	p, reason := columnOf(d, e, at)
	if reason != "" {
		return reason
	}
	return keyedIn(d, part, e.Type(), p, ordered)
}

func keyedIn(d operating, part string, t catalog.Type, p Place, ordered bool) string {
	if v, reason := d.table().part(part, t); v != Exact {
		return reason
	}
	if t.Kind == catalog.HugeInt && p.Base != nil {
		return notCompared(t) // only a sum is known to fit
	}
	return d.keyed(t, p, ordered)
}

// judgePair judges two columns that are compared with each other.
func judgePair(d operating, a, b Place, ordered bool) (Verdict, string) {
	for _, p := range []Place{a, b} {
		if reason := keyedIn(d, partPair, p.Base.Type, p, ordered); reason != "" {
			return None, reason
		}
	}
	return Exact, ""
}

// columnOf finds the column that e reads, computed ones too, or what stands for the
// value that e computes of every row.
func columnOf(d judging, e ir.Expr, at Columns) (Place, string) {
	r, ok := e.(*ir.Ref)
	if !ok {
		return ofEveryRow(d, e, at)
	}
	if p, ok := at[r.ID]; ok && p.Base == nil {
		return p, ""
	}
	return baseOf(d, e, at)
}

// returned says why a value, if it is computed, does not come back as one of its type.
func returned(d judging, e ir.Expr) string {
	v, ok := d.(valuing)
	if !ok || !isComputed(e) {
		return ""
	}
	return v.returned(e.Type())
}

// judgeBounds takes counts that are there and are constants.
func judgeBounds(d operating, count, offset ir.Expr) string {
	if reason := d.table().whole(partLimit); reason != "" {
		return reason
	}
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
		return d.table().whole(partSets)
	}
	for _, g := range n.Groups {
		if reason := judgeKey(d, partGroup, g.Expr, at, false); reason != "" {
			return reason
		}
		if reason := returned(d, g.Expr); reason != "" {
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
		for _, e := range a.List { // here they are computed of every row, there of some
			if c := computed(d, e, at); isComputed(e) && c.fails {
				return "a computed value that may fail, of some rows"
			}
		}
	}
	if len(a.Order) > 0 {
		return "an aggregate with an order stays here"
	}
	if a.Name == countStar && len(a.List) == 0 {
		if reason := d.table().whole(countStar); reason != "" {
			return reason
		}
		return typed(a, catalog.Type{Kind: catalog.Int64}, false)
	}
	if len(a.List) != 1 {
		return a.Name + " stays here"
	}
	arg := a.List[0]
	e := d.table().find(a.Name, catalog.Type{}, arg.Type())
	switch {
	case e == nil && (a.Name == minimum || a.Name == maximum):
		return notCompared(arg.Type())
	case e == nil && a.Name == sum:
		return "the sum of a " + arg.Type().DuckDB() + " is not one that the source holds"
	case e == nil:
		return a.Name + " stays here"
	case e.Verdict != Exact:
		return e.Reason
	}
	switch a.Name {
	case count:
		p, reason := columnOf(d, arg, at)
		switch {
		case reason != "":
			return reason
		case a.Distinct || p.Base == nil:
			reason = keyedIn(d, partCounted, arg.Type(), p, false)
		default:
			_, reason = d.Verdict(Predicate{Column: *p.Base, Op: NotNull})
		}
		if reason != "" {
			return reason
		}
		return typed(a, catalog.Type{Kind: catalog.Int64}, a.Distinct)
	case minimum, maximum:
		if reason := judgeKey(d, partOrder, arg, at, true); reason != "" {
			return reason
		}
		if reason := returned(d, arg); reason != "" {
			return reason
		}
		return typed(a, arg.Type(), false)
	case sum:
		p, reason := columnOf(d, arg, at)
		if reason != "" {
			return reason
		}
		if p.Base == nil {
			if p, reason = baseOf(d, arg, at); reason != "" {
				return reason
			}
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
