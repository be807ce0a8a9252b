package residual

import (
	"strings"

	"github.com/lianji/lianji/planner/ir"
)

func (w *writer) window(n *ir.Window, need ir.Set) *block {
	calls := needed(n.Calls, need)
	exprs := exprsOf(calls)
	kept := within(need, n.Input.Output())
	below := union(kept, exprs...)
	b := w.node(n.Input, below)
	isWindow := func(v value) bool { return v.once } // and all else that must not stand inside of a window
	if b.distinct != "" || len(b.order) > 0 || b.limit != "" || !b.takes(kept, exprs...) || b.any(isWindow, exprs...) {
		b = w.wrap(b, below)
	}
	out := *b
	out.windowed = true
	out.cols = map[ir.ColID]value{}
	for id, v := range b.cols {
		out.cols[id] = v
	}
	for _, a := range calls {
		call, ok := a.Expr.(*ir.WindowCall)
		if !ok {
			w.unsupported("a window that is no call")
			continue
		}
		out.cols[a.ID] = w.windowCall(b, call)
	}
	return &out
}

func (w *writer) windowCall(b *block, e *ir.WindowCall) value {
	args := w.exprs(b, e.List)
	text := w.ident(e.Name) + "("
	if e.Name == "count_star" && len(args) == 0 {
		text = "count(*"
	}
	if e.Distinct {
		text += "DISTINCT "
	}
	order := w.orderBy(b, e.ArgOrder)
	text += list(args) + order.text
	if e.IgnoreNulls {
		text += " IGNORE NULLS"
	}
	v := w.filtered(b, text+")", e.Filter)
	by := w.exprs(b, e.Partition)
	keys := w.orderBy(b, e.Order)
	over := ""
	if len(by) > 0 {
		over = "PARTITION BY " + list(by)
	}
	frame := w.frame(b, e.Frame)
	over = strings.TrimPrefix(over+keys.text+frame.text, " ")
	all := append(append(args, v, order, keys, frame), by...)
	out := join(v.text+" OVER ("+over+")", all...)
	out.once = true
	return out
}

var frameUnits = map[string]bool{"ROWS": true, "RANGE": true, "GROUPS": true}

func (w *writer) frame(b *block, f ir.Frame) value {
	if !f.Explicit {
		return value{}
	}
	if !frameUnits[f.Unit] {
		w.unsupported("such a frame")
	}
	from, to := w.bound(b, f.From, f.Start), w.bound(b, f.To, f.End)
	text := " " + f.Unit + " BETWEEN " + from.text + " AND " + to.text
	switch f.Exclude {
	case "":
	case "CURRENT ROW", "GROUP", "TIES":
		text += " EXCLUDE " + f.Exclude
	default:
		w.unsupported("such a frame")
	}
	return join(text, from, to)
}

func (w *writer) bound(b *block, e ir.Expr, word string) value {
	switch word {
	case "UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING", "CURRENT ROW":
		if e == nil {
			return value{text: word}
		}
	case "PRECEDING", "FOLLOWING":
		if e != nil {
			v := w.expr(b, e)
			v.text += " " + word
			return v
		}
	}
	w.unsupported("such a frame")
	return value{}
}
