package rules

import (
	"github.com/lianji/lianji/planner/ir"
)

// key is a condition x = h or x IS NOT DISTINCT FROM h where x reads the lifted node
// and h reads vars.
type key struct {
	op   ir.CompareOp
	x, h ir.Expr
}

// keyOf takes a condition for a key.
func (d *delim) keyOf(e ir.Expr, columns ir.Set) (key, bool) {
	c, ok := e.(*ir.Compare)
	if !ok || (c.Op != ir.Eq && c.Op != ir.IsNotDistinct) || !groupable(c.Left.Type()) {
		return key{}, false
	}
	k := key{op: c.Op, x: c.Left, h: c.Right}
	if d.reads(k.x) {
		k.x, k.h = k.h, k.x
	}
	return k, !d.reads(k.x) && readsAny(columns, k.x) && !readsAny(columns, k.h) && d.reads(k.h) && total(k.x)
}

// keys takes the conditions apart into keys; ok is false when one is no such
// equality, or can fail on rows that no outer value selects. Conditions on vars alone are
// given back: they decide whether the whole part is there.
func (d *delim) keys(l *lifted) (keys []key, alone []ir.Expr, ok bool) {
	if l == nil || l.node == nil || d.severed(l) {
		return nil, nil, false
	}
	columns := ir.SetOf(l.node.Output())
	for _, e := range l.conds {
		if !readsAny(columns, e) && d.reads(e) {
			alone = append(alone, e)
			continue
		}
		k, ok := d.keyOf(e, columns)
		if !ok {
			return nil, nil, false
		}
		keys = append(keys, k)
	}
	return keys, alone, true
}

func readsAny(s ir.Set, e ir.Expr) bool {
	for id := range ir.RefsOf(e) {
		if s[id] {
			return true
		}
	}
	return false
}

// selected gives the node without the rows that no outer value can select: where = is
// asked of a NULL.
func selected(n ir.Node, keys []key) ir.Node {
	for _, k := range keys {
		if k.op == ir.Eq && !neverNull(k.x, n) {
			n = where(n, &ir.IsNull{Arg: k.x, Negated: true})
		}
	}
	return n
}

// covered reports whether a list of expressions over a lifted tree holds a var for
// each column of each delim get below n: then the operator that groups by them takes
// each part for itself.
func (d *delim) covered(n ir.Node, list []ir.Expr) bool {
	have := ir.Set{}
	for _, e := range list {
		if r, ok := e.(*ir.Ref); ok {
			have[d.find(r.ID)] = true
		}
	}
	whole := true
	ir.Walk(n, func(n ir.Node) {
		if g, ok := n.(*ir.DelimGet); ok && g.Delim == d.join.Delim.ID {
			for _, c := range g.Columns {
				whole = whole && have[d.find(c.ID)]
			}
		}
	})
	return whole
}

// groups makes the assignments of an operator that grouped by old: each key, then what
// reads no var. The conditions that select a part and the outputs come with it.
func (d *delim) groups(l *lifted, keys []key, old []ir.Assign) (*lifted, []ir.Assign) {
	next := &lifted{out: map[ir.ColID]ir.Expr{}}
	var list []ir.Assign
	for _, a := range old {
		e := l.substitute(a.Expr)[0]
		if d.reads(e) {
			if _, ok := e.(*ir.Ref); !ok {
				return nil, nil
			}
			next.out[a.ID] = e
			continue
		}
		if !total(e) {
			return nil, nil
		}
		list = append(list, ir.Assign{Column: a.Column, Expr: e})
		next.out[a.ID] = a.Ref()
	}
	for _, k := range keys {
		var col *ir.Column
		for i := range list {
			if ir.Equal(list[i].Expr, k.x) {
				col = &list[i].Column
			}
		}
		if col == nil {
			made := d.plan.NewColumn(nameOf(k.x), k.x.Type())
			list = append(list, ir.Assign{Column: made, Expr: k.x})
			col = &made
		}
		next.conds = append(next.conds, &ir.Compare{Op: k.op, Left: col.Ref(), Right: k.h})
	}
	return next, list
}

func nameOf(e ir.Expr) string {
	if r, ok := e.(*ir.Ref); ok {
		return r.Name
	}
	return "key"
}

func (d *delim) liftAggregate(n *ir.Aggregate) *lifted {
	if len(n.Grouping) > 0 || !oneSet(n) {
		return nil
	}
	l := d.liftNode(n.Input, false)
	keys, alone, ok := d.keys(l)
	if !ok || !d.covered(n.Input, l.substitute(exprsOf(n.Groups)...)) {
		return nil
	}
	next, groups := d.groups(l, keys, n.Groups)
	if next == nil || len(groups) == 0 {
		return nil
	}
	agg := &ir.Aggregate{Input: selected(l.node, keys), Groups: groups}
	for _, a := range n.Aggs {
		call, ok := l.substitute(a.Expr)[0].(*ir.Agg)
		if !ok || d.reads(call) || !d.totalAggregate(call) {
			return nil
		}
		agg.Aggs = append(agg.Aggs, ir.Assign{Column: a.Column, Expr: call})
		next.out[a.ID] = a.Ref()
	}
	next.node, next.conds = agg, append(next.conds, alone...)
	return next
}

// oneSet reports whether an aggregate has one grouping set, of all of its groups.
func oneSet(n *ir.Aggregate) bool {
	if n.Sets == nil {
		return true
	}
	in := map[int]bool{}
	for _, i := range n.Sets[0] {
		in[i] = true
	}
	return len(n.Sets) == 1 && len(in) == len(n.Groups)
}

// totalAggregate reports whether a call has a value over any rows, whatever their order.
func (d *delim) totalAggregate(a *ir.Agg) bool {
	if !total(a.List...) || (a.Filter != nil && !total(a.Filter)) || len(a.Order) > 0 {
		return false
	}
	switch a.Name {
	case "count", "count_star":
		return true
	case "min", "max":
		return len(a.List) == 1
	case "sum", "sum_no_overflow", "avg":
		return len(a.List) == 1 && digitsOf(d.root, a.List[0]) <= sumDigits
	case "bool_and", "bool_or":
		return true
	}
	return false
}

// liftDistinct groups like an aggregate without calls. It gives the columns of its
// input by new nodes, so a column that only hands on keeps its id.
func (d *delim) liftDistinct(n *ir.Distinct) *lifted {
	if n.On != nil {
		return nil
	}
	l := d.liftNode(n.Input, false)
	keys, alone, ok := d.keys(l)
	old := handedOn(n.Output())
	if !ok || !d.covered(n.Input, l.substitute(exprsOf(old)...)) {
		return nil
	}
	next, list := d.groups(l, keys, old)
	if next == nil || len(list) == 0 {
		return nil
	}
	next.node = &ir.Distinct{Input: &ir.Project{Input: selected(l.node, keys), Cols: list}}
	next.conds = append(next.conds, alone...)
	return next
}

// liftWindow partitions by the keys. The conditions stay over the columns that the
// window hands on.
func (d *delim) liftWindow(n *ir.Window) *lifted {
	l := d.liftNode(n.Input, false)
	keys, _, ok := d.keys(l)
	if !ok {
		return nil
	}
	w := &ir.Window{Input: selected(l.node, keys)}
	for _, a := range n.Calls {
		call, ok := l.substitute(a.Expr)[0].(*ir.WindowCall)
		if !ok || !d.covered(n.Input, call.Partition) {
			return nil
		}
		now := *call
		now.Partition = nil
		for _, e := range call.Partition {
			if !d.reads(e) {
				now.Partition = append(now.Partition, e)
			} else if _, ok := e.(*ir.Ref); !ok {
				return nil
			}
		}
		for _, k := range keys {
			if !contains(now.Partition, k.x) {
				now.Partition = append(now.Partition, k.x)
			}
		}
		if d.reads(&now) || !d.totalWindow(&now) {
			return nil
		}
		w.Calls = append(w.Calls, ir.Assign{Column: a.Column, Expr: &now})
		l.out[a.ID] = a.Ref()
	}
	l.node = w
	return l
}

// totalWindow reports whether a window call has a value over any rows.
func (d *delim) totalWindow(w *ir.WindowCall) bool {
	if !total(w.Args()...) {
		return false
	}
	switch w.Name {
	case "row_number", "rank", "dense_rank":
		return true
	}
	return w.Aggregate && d.totalAggregate(&ir.Agg{Name: w.Name, List: w.List, Filter: w.Filter, Order: w.ArgOrder, Typ: w.Typ})
}
