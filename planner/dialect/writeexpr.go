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
		return all(e.List, " AND ", func(e ir.Expr) string { return w.condition(e, columns) })
	case *ir.Compare:
		if e.Op != ir.IsDistinct && e.Op != ir.IsNotDistinct {
			return w.part(e, columns)
		}
	case *ir.In:
		if !e.Negated {
			return w.part(e, columns)
		}
	case *ir.Or, *ir.Not:
	default:
		return w.part(e, columns)
	}
	alone, sieve := w.alone, w.sieve
	w.alone, w.sieve = false, false
	text := w.part(e, columns)
	w.alone, w.sieve = alone, sieve
	return w.d.looked(text, cellsOf(e, columns))
}

// cellsOf lists the columns of which a condition asks more than whether they are NULL.
func cellsOf(e ir.Expr, columns map[ir.ColID]operand) []operand {
	var out []operand
	seen := ir.Set{}
	var walk func(ir.Expr)
	walk = func(e ir.Expr) {
		switch e := e.(type) {
		case *ir.IsNull:
			return
		case *ir.Ref:
			if !seen[e.ID] {
				seen[e.ID] = true
				out = append(out, columns[e.ID])
			}
		}
		for _, a := range e.Args() {
			walk(a)
		}
	}
	walk(e)
	return out
}

// part writes an expression that may be a part of another.
func (w *writer) part(e ir.Expr, columns map[ir.ColID]operand) string {
	one := func(e ir.Expr) string { return w.part(e, columns) }
	switch e := e.(type) {
	case *ir.And:
		return all(e.List, " AND ", one)
	case *ir.Or:
		return all(e.List, " OR ", one)
	case *ir.Not:
		return "(NOT " + one(e.Arg) + ")"
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
		m, _ := matchOf(e)
		o := w.operand(m.arg, columns)
		text, values := w.d.matches(o, m, len(w.values))
		w.bind(values...)
		if m.negated {
			return "(NOT (" + text + "))"
		}
		return "(" + text + ")"
	case *ir.Const:
		return w.d.truth(e.Value.V == true)
	}
	return w.predicate(e, Eq, []catalog.Value{isTrue}, columns)
}

func all(list []ir.Expr, by string, one func(ir.Expr) string) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = one(e)
	}
	return "(" + strings.Join(parts, by) + ")"
}

// predicate writes a predicate about a column.
func (w *writer) predicate(column ir.Expr, op Op, values []catalog.Value, columns map[ir.ColID]operand) string {
	o := w.operand(narrow(column), columns)
	o.alone, o.sieve = w.alone, w.sieve
	c, _ := columnFor(w.d, o.place, o.typ)
	p := Predicate{Column: *c, Op: op, Values: valuesFor(c, values)}
	text := w.d.predicate(o, p, len(w.values))
	w.bind(p.Values...)
	return "(" + text + ")"
}

func (w *writer) compare(e *ir.Compare, columns map[ir.ColID]operand) string {
	op, left, value, right := splitCompare(e)
	if value == nil {
		a, b := w.operand(narrow(left), columns), w.operand(narrow(right), columns)
		a.sieve, b.sieve = w.sieve, w.sieve
		return "(" + w.d.compare(op, a, b) + ")"
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
