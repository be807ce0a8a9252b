package dialect

import (
	"math"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// judging is what a dialect knows of single comparisons; condition makes verdicts on
// whole expressions of it. Of Exact verdicts it is asked more than of a predicate
// that stands alone in a WHERE: the answer is NULL on the rows where DuckDB's is,
// because it may come to stand under NOT.
type judging interface {
	// table holds what the dialect knows of types and functions.
	table() *entries
	Verdict(p Predicate) (Verdict, string)
	// pair judges op between two base columns of one type, or both of signed whole
	// numbers, or both of decimals. For the last two operators NULL is a value like others.
	pair(op ir.CompareOp, a, b Place) (Verdict, string)
	// matching judges a match of a text column, of a shape that has an exact entry.
	matching(c catalog.Column, m match) (Verdict, string)
	// mayFail says why to look at a base column may fail on a row of its table; empty
	// when it cannot.
	mayFail(p Place) string
}

// computing is a dialect that also judges columns which an aggregate at the source
// has computed.
type computing interface {
	// computed gives a column to judge and write in the place of one of type t; false
	// when there is none. A HugeInt's is a decimal, whose constants can be bound.
	computed(t catalog.Type) (catalog.Column, bool)
}

// columnFor gives the column that stands for o's place: its base, or what the dialect
// has for a computed one.
func columnFor(d judging, p Place, t catalog.Type) (*catalog.Column, bool) {
	if p.Base != nil {
		return p.Base, p.Base.Type.Equal(t)
	}
	if k, ok := d.(computing); ok {
		c, ok := k.computed(t)
		return &c, ok
	}
	return nil, false
}

// valuesFor gives constants the type of the column that they are compared with, which
// may be shorter than the one that the comparison was bound with. One that the
// column's type does not hold stays as it is.
func valuesFor(c *catalog.Column, values []catalog.Value) []catalog.Value {
	out := make([]catalog.Value, len(values))
	for i, v := range values {
		out[i] = v
		switch x := v.V.(type) {
		case int64:
			if signed(v.Type.Kind) && signed(c.Type.Kind) && x >= -limitOf(c.Type.Kind)-1 && x <= limitOf(c.Type.Kind) {
				out[i].Type = c.Type
			}
		case string:
			if (v.Type.Kind == catalog.Decimal || v.Type.Kind == catalog.HugeInt) && c.Type.Kind == catalog.Decimal {
				if x, ok := fit(x, c.Type); ok {
					out[i] = catalog.Value{Type: c.Type, V: x}
				}
			}
		}
	}
	return out
}

// limitOf gives the greatest number of a signed kind.
func limitOf(k catalog.Kind) int64 {
	return map[catalog.Kind]int64{catalog.Int8: math.MaxInt8, catalog.Int16: math.MaxInt16, catalog.Int32: math.MaxInt32, catalog.Int64: math.MaxInt64}[k]
}

// fit writes a decimal with as many places as t has; false when t does not hold it.
func fit(digits string, t catalog.Type) (string, bool) {
	before, after, _ := strings.Cut(digits, ".")
	for len(after) > int(t.Scale) {
		if !strings.HasSuffix(after, "0") {
			return "", false
		}
		after = after[:len(after)-1]
	}
	if len(strings.TrimLeft(before, "-0")) > int(t.Precision-t.Scale) {
		return "", false
	}
	if after == "" {
		return before, before != "" && before != "-"
	}
	return before + "." + after, true
}

// condition judges e.
func condition(d judging, e ir.Expr, at Columns) (Verdict, string) {
	switch e := e.(type) {
	case *ir.And:
		return worst(d, partAnd, e.List, at)
	case *ir.Or:
		return worst(d, partOr, e.List, at)
	case *ir.Not:
		if v, reason := d.table().part(partNot, ir.Bool); v != Exact {
			return v, reason
		}
		v, reason := condition(d, e.Arg, at)
		if v == Superset {
			return None, "the source may keep more rows, so it would drop too many under NOT"
		}
		return v, reason
	case *ir.IsNull:
		return judgePredicate(d, e.Arg, nullOp(e), nil, at)
	case *ir.Compare:
		return judgeCompare(d, e, at)
	case *ir.In:
		return judgeIn(d, e, at)
	case *ir.Func:
		return judgeMatch(d, e, at)
	case *ir.Ref:
		if e.Typ.Kind == catalog.Bool {
			return judgePredicate(d, e, Eq, []catalog.Value{isTrue}, at)
		}
	case *ir.Const:
		if _, ok := e.Value.V.(bool); ok {
			return Exact, ""
		}
		return None, "a constant that is no truth value"
	case *ir.Cast:
		return None, "a conversion to a truth value stays here"
	}
	return None, "no comparison of columns and constants"
}

var isTrue = catalog.Value{Type: ir.Bool, V: true}

// worst judges parts of which each is as good as the whole may be: under AND and OR
// alike, more rows of a part are more rows of the whole.
func worst(d judging, part string, list []ir.Expr, at Columns) (Verdict, string) {
	if v, reason := d.table().part(part, ir.Bool); v != Exact {
		return v, reason
	}
	if len(list) == 0 {
		return None, "a list without conditions"
	}
	verdict, why := Exact, ""
	for _, e := range list {
		v, reason := condition(d, e, at)
		if v < verdict {
			verdict, why = v, reason
		}
	}
	return verdict, why
}

func nullOp(e *ir.IsNull) Op {
	if e.Negated {
		return NotNull
	}
	return IsNull
}

// baseOf finds the column that e reads. Base of a computed one is what stands for it.
func baseOf(d judging, e ir.Expr, at Columns) (Place, string) {
	r, ok := e.(*ir.Ref)
	if !ok {
		return Place{}, "a computed value and not a column"
	}
	p, ok := at[r.ID]
	if !ok {
		return Place{}, "a column that is not at the source"
	}
	c, ok := columnFor(d, p, r.Typ)
	switch {
	case !ok && p.Base == nil:
		return Place{}, "a computed column"
	case !ok:
		return Place{}, "the column is read as another type than it has"
	case p.Hidden:
		if reason := d.mayFail(p); reason != "" {
			return Place{}, reason
		}
	}
	p.Base = c
	return p, ""
}

// lookedAt finds the column that a condition looks at, or what stands for the value
// that it computes.
func lookedAt(d judging, e ir.Expr, at Columns) (Place, string) {
	if isComputed(e) {
		return neverFailing(d, e, at)
	}
	return baseOf(d, e, at)
}

func judgePredicate(d judging, column ir.Expr, op Op, values []catalog.Value, at Columns) (Verdict, string) {
	for _, v := range values {
		if !v.Type.Equal(column.Type()) {
			return None, "a value of another type than what it is compared with"
		}
	}
	p, reason := lookedAt(d, narrow(column), at)
	if reason != "" {
		return None, reason
	}
	return d.Verdict(Predicate{Column: *p.Base, Op: op, Values: valuesFor(p.Base, values)})
}

// splitCompare gives a comparison with its constant at the right, where it has one.
func splitCompare(e *ir.Compare) (op ir.CompareOp, left ir.Expr, value *ir.Const, right ir.Expr) {
	if c, ok := e.Right.(*ir.Const); ok {
		return e.Op, e.Left, c, nil
	}
	if c, ok := e.Left.(*ir.Const); ok {
		return e.Op.Flip(), e.Right, c, nil
	}
	return e.Op, e.Left, nil, e.Right
}

// narrow takes off a cast that changes no value and no comparison: of a whole number
// to a longer one, of a decimal to one with as many places at least on either side.
// What it was for is done by comparing at the source, which knows both types.
func narrow(e ir.Expr) ir.Expr {
	c, ok := e.(*ir.Cast)
	if !ok || c.Try {
		return e
	}
	from, to := c.Arg.Type(), c.Typ
	switch {
	case signed(from.Kind) && signed(to.Kind) && from.Kind <= to.Kind:
		return c.Arg
	case from.Kind == catalog.Decimal && to.Kind == catalog.Decimal &&
		from.Scale <= to.Scale && from.Precision-from.Scale <= to.Precision-to.Scale:
		return c.Arg
	}
	return e
}

func signed(k catalog.Kind) bool { return k >= catalog.Int8 && k <= catalog.Int64 }

// valueOp gives the operator against a value that is not NULL; of the two that know
// NULL it says nothing of the rows of NULL.
func valueOp(op ir.CompareOp) Op {
	switch op {
	case ir.Eq, ir.IsNotDistinct, ir.IsDistinct:
		return Eq
	case ir.Ne:
		return Ne
	case ir.Lt:
		return Lt
	case ir.Le:
		return Le
	case ir.Gt:
		return Gt
	case ir.Ge:
		return Ge
	}
	return 0
}

func judgeCompare(d judging, e *ir.Compare, at Columns) (Verdict, string) {
	op, left, value, right := splitCompare(e)
	if value == nil {
		a, reason := lookedAt(d, narrow(left), at)
		if reason != "" {
			return None, reason
		}
		b, reason := lookedAt(d, narrow(right), at)
		if reason != "" {
			return None, reason
		}
		if !left.Type().Equal(right.Type()) {
			return None, "columns of two types"
		}
		return d.pair(op, a, b)
	}
	if value.Value.IsNull() {
		return None, "a comparison with NULL"
	}
	v, reason := judgePredicate(d, left, valueOp(op), []catalog.Value{value.Value}, at)
	if v != None && (op == ir.IsDistinct || op == ir.IsNotDistinct) {
		null, why := judgePredicate(d, left, IsNull, nil, at)
		if v != Exact || null != Exact {
			return None, strings.Trim(reason+"; "+why, "; ")
		}
	}
	return v, reason
}

// constants gives the values of a list; false when one is no constant or NULL.
func constants(list []ir.Expr) ([]catalog.Value, bool) {
	out := make([]catalog.Value, len(list))
	for i, e := range list {
		c, ok := e.(*ir.Const)
		if !ok || c.Value.IsNull() {
			return nil, false
		}
		out[i] = c.Value
	}
	return out, true
}

func judgeIn(d judging, e *ir.In, at Columns) (Verdict, string) {
	values, ok := constants(e.List)
	if !ok {
		return None, "a list that holds other than constants, or NULL"
	}
	v, reason := judgePredicate(d, e.Arg, In, values, at)
	if e.Negated && v == Superset {
		return None, "the source may keep more rows, so it would drop too many under NOT"
	}
	return v, reason
}
