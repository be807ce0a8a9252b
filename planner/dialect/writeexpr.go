package dialect

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// condition writes an expression that was judged, in brackets wherever it could be
// torn apart by what it stands in.
func (w *writer) condition(e ir.Expr, columns map[ir.ColID]operand) string {
	switch e := e.(type) {
	case *ir.And:
		return w.all(e.List, " AND ", columns)
	case *ir.Or:
		return w.all(e.List, " OR ", columns)
	case *ir.Not:
		return "(NOT " + w.condition(e.Arg, columns) + ")"
	case *ir.IsNull:
		return w.predicate(e.Arg, nullOp(e), nil, columns)
	case *ir.Compare:
		return w.compare(e, columns)
	case *ir.In:
		values, _ := constants(e.List)
		text := w.predicate(e.Arg, In, values, columns)
		if e.Negated {
			text = "(NOT " + text + ")"
		}
		return text
	case *ir.Func:
		column, prefix, _ := likePrefix(e)
		text, values := w.d.begins(columns[column.(*ir.Ref).ID], prefix, len(w.values))
		w.bind(values...)
		return "(" + text + ")"
	case *ir.Const:
		if e.Value.V == true {
			return "TRUE"
		}
		return "FALSE"
	}
	return w.predicate(e, Eq, []catalog.Value{isTrue}, columns)
}

func (w *writer) all(list []ir.Expr, by string, columns map[ir.ColID]operand) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = w.condition(e, columns)
	}
	return "(" + strings.Join(parts, by) + ")"
}

// predicate writes a predicate about a column.
func (w *writer) predicate(column ir.Expr, op Op, values []catalog.Value, columns map[ir.ColID]operand) string {
	o := columns[column.(*ir.Ref).ID]
	text := w.d.predicate(o, Predicate{Column: *o.place.Base, Op: op, Values: values}, len(w.values))
	w.bind(values...)
	return "(" + text + ")"
}

func (w *writer) compare(e *ir.Compare, columns map[ir.ColID]operand) string {
	op, left, value, right := splitCompare(e)
	if value == nil {
		return "(" + w.d.compare(op, columns[narrow(left).(*ir.Ref).ID], columns[narrow(right).(*ir.Ref).ID]) + ")"
	}
	text := w.predicate(left, valueOp(op), []catalog.Value{value.Value}, columns)
	switch op {
	case ir.IsNotDistinct:
		text = "(" + w.predicate(left, NotNull, nil, columns) + " AND " + text + ")"
	case ir.IsDistinct:
		text = "(" + w.predicate(left, IsNull, nil, columns) + " OR NOT " + text + ")"
	}
	return text
}

// value writes a column as the connector reads it.
func (w *writer) value(o operand) string {
	if o.read {
		return o.text
	}
	return w.d.read(o)
}
