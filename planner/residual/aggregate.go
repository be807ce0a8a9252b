package residual

import (
	"strings"

	"github.com/lianji/lianji/planner/ir"
)

func (w *writer) aggregate(n *ir.Aggregate, need ir.Set) *block {
	aggs := needed(n.Aggs, need)
	groups := exprsOf(n.Groups)
	all := append(exprsOf(n.Groups), exprsOf(aggs)...)
	below := ir.RefsOf(all...)
	b := w.node(n.Input, below)
	if r := w.reduced[n]; r != nil {
		b = w.ofKeys(b, r, below)
	}
	if !b.open() || !b.takes(nil, all...) || b.any(isSubquery, all...) {
		b = w.wrap(b, below)
	}
	texts := w.exprs(b, groups)
	if !mayGroup(texts, n.Sets != nil) {
		b, texts = w.groupsBelow(b, groups, ir.RefsOf(exprsOf(aggs)...))
	}
	out := &block{from: b.from, joined: b.joined, where: b.where, grouped: true, cols: map[ir.ColID]value{}}
	for i, g := range n.Groups {
		out.cols[g.ID] = value{text: texts[i].text, size: 1, column: true}
	}
	for _, a := range aggs {
		call, ok := a.Expr.(*ir.Agg)
		if !ok {
			w.unsupported("an aggregate that is no call")
			continue
		}
		v := w.agg(b, call)
		v.size, v.once = 1, v.volatile // of several equal ones DuckDB computes one
		out.cols[a.ID] = v
	}
	for _, g := range n.Grouping {
		items := make([]string, len(g.Groups))
		for i, at := range g.Groups {
			items[i] = texts[at].text
		}
		out.cols[g.ID] = value{text: "GROUPING(" + strings.Join(items, ", ") + ")", size: 1}
	}
	out.groupBy = w.groupBy(texts, n.Sets)
	return out
}

// mayGroup reports whether the groups may be written in GROUP BY and again where
// they are read. DuckDB knows them there by what they look like, which is safe for
// columns alone: a constant, or an expression over another group, may look like a
// group and be none, and `NOT (a = b)` is read as `a <> b`.
func mayGroup(texts []value, sets bool) bool {
	seen := map[string]bool{}
	for _, v := range texts {
		if !v.column || sets && seen[v.text] {
			return false
		}
		seen[v.text] = true
	}
	return true
}

// groupsBelow computes the groups in a derived table, beside the columns in need.
func (w *writer) groupsBelow(b *block, groups []ir.Expr, need ir.Set) (*block, []value) {
	out := *b
	out.cols = map[ir.ColID]value{}
	for id, v := range b.cols {
		out.cols[id] = v
	}
	ids := make([]ir.ColID, len(groups))
	reads := ir.Set{}
	for id := range need {
		reads[id] = true
	}
	for i, v := range w.exprs(b, groups) {
		ids[i] = w.newID()
		out.cols[ids[i]] = v
		reads[ids[i]] = true
	}
	c := w.wrap(&out, reads)
	texts := make([]value, len(ids))
	for i, id := range ids {
		texts[i] = c.cols[id]
	}
	return c, texts
}

func (w *writer) groupBy(texts []value, sets [][]int) string {
	if sets == nil {
		if len(texts) == 0 {
			return "()"
		}
		return list(texts)
	}
	used := make([]bool, len(texts))
	items := make([]string, len(sets))
	for i, set := range sets {
		members := make([]value, len(set))
		for k, at := range set {
			members[k], used[at] = texts[at], true
		}
		items[i] = "(" + list(members) + ")"
	}
	for _, u := range used {
		if !u {
			w.unsupported("a group in none of the grouping sets")
		}
	}
	return "GROUPING SETS (" + strings.Join(items, ", ") + ")"
}

func (w *writer) agg(b *block, e *ir.Agg) value {
	if e.Name == "count_star" && len(e.List) == 0 && !e.Distinct && len(e.Order) == 0 {
		return w.filtered(b, "count(*)", e.Filter)
	}
	args := w.exprs(b, e.List)
	order := w.orderBy(b, e.Order)
	text := w.ident(e.Name) + "("
	if e.Distinct {
		text += "DISTINCT "
	}
	v := w.filtered(b, text+list(args)+order.text+")", e.Filter)
	return join(v.text, append(args, v, order)...)
}

// filtered writes an aggregate's FILTER behind it.
func (w *writer) filtered(b *block, call string, filter ir.Expr) value {
	if filter == nil {
		return value{text: call}
	}
	f := w.expr(b, filter)
	return join(call+" FILTER (WHERE "+f.text+")", f)
}

// orderBy writes ORDER BY inside of a call, with a space before it.
func (w *writer) orderBy(b *block, keys []ir.Key) value {
	if len(keys) == 0 {
		return value{}
	}
	items := make([]value, len(keys))
	texts := make([]string, len(keys))
	for i, k := range keys {
		items[i] = w.expr(b, k.Expr)
		texts[i] = items[i].text + direction(k)
	}
	return join(" ORDER BY "+strings.Join(texts, ", "), items...)
}
