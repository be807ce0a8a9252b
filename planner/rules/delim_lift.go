package rules

import (
	"maps"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// lifted is a tree of which each part for a combination of outer values is: the rows
// of node that meet conds, with the outputs out. Only conds and out read vars.
type lifted struct {
	node  ir.Node // nil is one row without columns
	out   map[ir.ColID]ir.Expr
	conds []ir.Expr
}

// substitute rewrites expressions over the old tree's columns.
func (l *lifted) substitute(list ...ir.Expr) []ir.Expr {
	out := make([]ir.Expr, len(list))
	for i, e := range list {
		out[i] = ir.Substitute(e, l.out)
	}
	return out
}

// lift lifts the vars out of n, or gives nil. exists says that only whether there are
// rows counts, not how many.
func (d *delim) liftNode(n ir.Node, exists bool) *lifted {
	if !d.correlated(n) {
		return &lifted{node: n, out: identity(n.Output())}
	}
	switch n := n.(type) {
	case *ir.DelimGet:
		return &lifted{out: identity(n.Columns)}
	case *ir.Sort:
		return d.liftNode(n.Input, exists)
	case *ir.Filter:
		if exists && d.bare {
			if l := d.liftFirstRows(n); l != nil {
				return l
			}
		}
		if in := d.liftNode(n.Input, exists); in != nil {
			d.condition(in, n.Preds)
			return in
		}
	case *ir.Project:
		if in := d.liftNode(n.Input, exists); in != nil {
			out := map[ir.ColID]ir.Expr{}
			for _, a := range n.Cols {
				out[a.ID] = ir.Substitute(a.Expr, in.out)
			}
			in.out = out
			return in
		}
	case *ir.Join:
		return d.liftJoin(n, exists)
	case *ir.Aggregate:
		return d.liftAggregate(n)
	case *ir.Distinct:
		if exists && n.On == nil {
			return d.liftNode(n.Input, true)
		}
		return d.liftDistinct(n)
	case *ir.Window:
		return d.liftWindow(n)
	}
	return nil
}

// liftFirstRows leaves out a LIMIT of each part.
func (d *delim) liftFirstRows(f *ir.Filter) *lifted {
	w := firstRows(f)
	if w == nil || readAbove(d.root, f)[w.Calls[0].ID] {
		return nil
	}
	l := d.liftNode(w.Input, true)
	if l == nil || !d.covered(w.Input, l.substitute(w.Calls[0].Expr.(*ir.WindowCall).Partition...)) {
		return nil
	}
	return l
}

// firstRows gives the window of a filter that keeps the first rows of each partition,
// at least one: the form in which a correlated LIMIT is bound. Where only the existence
// of rows counts, neither is needed.
func firstRows(f *ir.Filter) *ir.Window {
	w, ok := f.Input.(*ir.Window)
	if !ok || len(w.Calls) != 1 || len(f.Preds) != 1 {
		return nil
	}
	call, ok := w.Calls[0].Expr.(*ir.WindowCall)
	c, ok2 := f.Preds[0].(*ir.Compare)
	if !ok || !ok2 || call.Name != "row_number" || c.Op != ir.Le {
		return nil
	}
	r, ok := c.Left.(*ir.Ref)
	limit, ok2 := c.Right.(*ir.Const)
	if !ok || !ok2 || r.ID != w.Calls[0].ID {
		return nil
	}
	if n, ok := limit.Value.V.(int64); !ok || n < 1 {
		return nil
	}
	return w
}

func identity(columns []ir.Column) map[ir.ColID]ir.Expr {
	out := map[ir.ColID]ir.Expr{}
	for _, c := range columns {
		out[c.ID] = c.Ref()
	}
	return out
}

// condition adds predicates over the old tree's columns.
func (d *delim) condition(l *lifted, preds []ir.Expr) {
	for _, e := range ir.Conjuncts(l.substitute(preds...)...) {
		if total(e) {
			for _, f := range ir.Conjuncts(factored(e)) {
				d.conditionOne(l, f)
			}
			continue
		}
		d.conditionOne(l, e)
	}
}

// conditionOne adds a condition over the node and vars. One that reads no var, or none
// that the node does not know, and cannot fail filters the node; the others wait for
// the pairs that they see now. Of two columns that equal one var each keeps its
// condition, and they meet in the node already: what else parts them may be a product.
func (d *delim) conditionOne(l *lifted, e ir.Expr) {
	if d.unify(e) {
		return
	}
	if l.node != nil {
		_, key := d.keyOf(e, ir.SetOf(l.node.Output()))
		now := d.known(l, []ir.Expr{e})[0]
		here := !d.reads(now) && total(now)
		if here && !(key && saysNothing(now)) {
			l.node = where(l.node, now)
		}
		if here && !key {
			return
		}
	}
	l.conds = append(l.conds, e)
}

// saysNothing reports whether an equality compares something with itself.
func saysNothing(e ir.Expr) bool {
	c, ok := e.(*ir.Compare)
	return ok && ir.Equal(c.Left, c.Right)
}

func (d *delim) liftJoin(n *ir.Join, exists bool) *lifted {
	if n.Delim != nil {
		return nil
	}
	switch n.Kind {
	case ir.Inner:
		return d.liftInner(n, exists)
	case ir.Left, ir.Semi, ir.Anti, ir.Mark:
	default:
		return nil
	}
	saved := maps.Clone(d.same)
	if l := d.liftLeft(n, exists); l != nil {
		return l
	}
	d.same = saved
	if n.Kind == ir.Semi && exists {
		return d.liftInner(n, exists)
	}
	return nil
}

// liftLeft lifts the vars out of a join whose right side has none, and whose conditions
// need none once what is known of the left side stands in their place.
func (d *delim) liftLeft(n *ir.Join, exists bool) *lifted {
	if d.correlated(n.Right) {
		return nil
	}
	l := d.liftNode(n.Left, exists)
	if l == nil || l.node == nil {
		return nil
	}
	on := d.known(l, l.substitute(n.On...))
	if d.reads(on...) || !total(on...) {
		return nil
	}
	j := *n
	j.Left, j.On = l.node, on
	l.node = &j
	switch n.Kind {
	case ir.Left:
		for _, c := range n.Right.Output() {
			l.out[c.ID] = c.Ref()
		}
	case ir.Mark:
		l.out[n.Mark.ID] = n.Mark.Ref()
	}
	return l
}

// known puts into the conditions of a join, in the place of vars, what conditions over
// its left side hold equal to them: on rows that do not meet those, the join does not
// matter. Values that are equal must be the same.
func (d *delim) known(l *lifted, on []ir.Expr) []ir.Expr {
	columns, by := ir.SetOf(l.node.Output()), map[ir.ColID]ir.Expr{}
	for _, e := range l.conds {
		if k, ok := d.keyOf(e, columns); ok && identical(k.x.Type()) {
			if v, ok := k.h.(*ir.Ref); ok {
				by[d.find(v.ID)] = k.x
			}
		}
	}
	out := make([]ir.Expr, len(on))
	for i, e := range on {
		out[i] = ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
			if r, ok := x.(*ir.Ref); ok && by[d.find(r.ID)] != nil {
				return by[d.find(r.ID)]
			}
			return x
		})
	}
	return out
}

// identical reports whether values of a type that are equal are the same value.
func identical(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Float32, catalog.Float64, catalog.Interval:
		return false
	}
	return groupable(t)
}

// liftInner also takes a semi join of which only the existence of rows counts, but not
// to make a product of it.
func (d *delim) liftInner(n *ir.Join, exists bool) *lifted {
	l := d.liftNode(n.Left, exists)
	if l == nil {
		return nil
	}
	r := d.liftNode(n.Right, exists)
	if r == nil {
		return nil
	}
	parts := 0
	if n.Kind == ir.Semi && l.node != nil && r.node != nil {
		parts = len(partsOf(l.node)) + len(partsOf(r.node))
	}
	both := &lifted{node: l.node, out: l.out, conds: l.conds}
	for id, e := range r.out {
		both.out[id] = e
	}
	var on []ir.Expr
	switch {
	case l.node == nil:
		both.node = r.node
	case r.node != nil:
		for _, e := range ir.Conjuncts(both.substitute(n.On...)...) {
			if !d.reads(e) && total(e) {
				on = append(on, e)
			}
		}
		both.node = &ir.Join{Kind: ir.Inner, Left: l.node, Right: r.node, On: on}
	}
	for _, e := range ir.Conjuncts(n.On...) {
		if s := both.substitute(e); !contains(on, s[0]) {
			d.condition(both, []ir.Expr{e})
		}
	}
	for _, e := range r.conds {
		d.conditionOne(both, e)
	}
	if parts > 0 && len(partsOf(both.node)) == parts {
		return nil
	}
	return both
}
