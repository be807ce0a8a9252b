package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// lift untangles the join by lifting the outer values out of its whole right side.
func (d *delim) lift() ir.Node {
	j := d.join
	switch j.Kind {
	case ir.Inner, ir.Left, ir.Single, ir.Semi, ir.Anti, ir.Mark:
	default:
		return nil
	}
	l := d.liftNode(j.Right, j.Kind == ir.Semi || j.Kind == ir.Anti || j.Kind == ir.Mark)
	if l == nil {
		return nil
	}
	on := d.bind(l.out)
	if !d.bound() {
		return nil
	}
	on = d.outer(on...)
	if l.node == nil {
		return d.withoutRight(l, on)
	}
	if j.Kind != ir.Inner && d.severed(l) { // the order of inner joins is free
		return nil
	}
	if j.Kind == ir.Mark {
		d.certain(l)
	}
	now := *j
	now.Delim, now.Right, now.On = nil, l.node, append(d.outer(l.conds...), on...)
	switch j.Kind {
	case ir.Semi, ir.Anti, ir.Mark:
		now.Right = oneEnough(now.Right, ir.RefsOf(now.On...))
		return put(d.root, j, &now)
	}
	var cols []ir.Assign
	read := readAbove(d.root, j)
	for _, c := range j.Right.Output() {
		if !read[c.ID] {
			continue
		}
		e := d.outer(l.out[c.ID])[0]
		if j.Kind != ir.Inner {
			if e = completed(e, &now); e == nil {
				return nil
			}
		}
		cols = append(cols, ir.Assign{Column: c, Expr: e})
	}
	return d.replaced(&now, cols)
}

// withoutRight is the join whose right side was nothing but the outer values: its
// conditions and outputs are those of the left side's own rows.
func (d *delim) withoutRight(l *lifted, on []ir.Expr) ir.Node {
	j := d.join
	conds := d.outer(l.conds...)
	all := append(append([]ir.Expr{}, conds...), on...)
	var cols []ir.Assign
	switch j.Kind {
	case ir.Semi:
		return put(d.root, j, ir.Where(j.Left, all...))
	case ir.Anti:
		return put(d.root, j, ir.Where(j.Left, &ir.Not{Arg: orFalse(all)}))
	case ir.Mark:
		if len(conds) > 0 {
			on = append([]ir.Expr{orFalse(conds)}, on...)
		}
		return d.replaced(j.Left, []ir.Assign{{Column: j.Mark, Expr: truthOf(on)}})
	case ir.Left, ir.Single:
		if len(all) > 0 {
			return nil
		}
	}
	for _, c := range j.Right.Output() {
		cols = append(cols, ir.Assign{Column: c, Expr: d.outer(l.out[c.ID])[0]})
	}
	return d.replaced(ir.Where(j.Left, all...), cols)
}

// truthOf gives the conjunction of a list, which is true when the list is empty.
func truthOf(list []ir.Expr) ir.Expr {
	if len(list) == 0 {
		return boolean(true)
	}
	return and(list)
}

// orFalse gives whether all of a list are true, never NULL.
func orFalse(list []ir.Expr) ir.Expr {
	return &ir.Coalesce{List: []ir.Expr{truthOf(list), boolean(false)}}
}

// certain makes conditions of a mark join that were a filter below it: false, and
// never NULL, where they are not true.
func (d *delim) certain(l *lifted) {
	columns := ir.SetOf(l.node.Output())
	for i, e := range l.conds {
		k, ok := d.keyOf(e, columns)
		if !ok {
			l.conds[i] = &ir.Compare{Op: ir.IsNotDistinct, Left: e, Right: boolean(true)}
			continue
		}
		l.node = selected(l.node, []key{k})
		l.conds[i] = &ir.Compare{Op: ir.IsNotDistinct, Left: k.x, Right: k.h}
	}
}

// completed gives an output of the right side of a left or single join as an
// expression over the join: NULL where the row has no partner. It is nil when it
// cannot tell those rows.
func completed(e ir.Expr, j *ir.Join) ir.Expr {
	right := ir.SetOf(j.Right.Output())
	strict := ir.Set{}
	addStrict(strict, e)
	for id := range strict {
		if right[id] {
			return e
		}
	}
	for _, on := range ir.Conjuncts(j.On...) {
		c, ok := on.(*ir.Compare)
		if !ok || c.Op != ir.Eq {
			continue
		}
		for _, side := range []ir.Expr{c.Left, c.Right} {
			if r, ok := side.(*ir.Ref); ok && right[r.ID] {
				return &ir.Case{
					When: []ir.Expr{&ir.IsNull{Arg: r, Negated: true}}, Then: []ir.Expr{e},
					Else: &ir.Const{Value: catalog.Value{Type: e.Type()}}, Typ: e.Type(),
				}
			}
		}
	}
	return nil
}

// replaced puts another tree in the place of the join. It has all of the left
// side's columns; cols are those of the right side, or the mark. What they compute is
// computed where it is read, so that no projection parts the joins above and below. It is
// nil where a column would be made twice.
func (d *delim) replaced(n ir.Node, cols []ir.Assign) ir.Node {
	by := map[ir.ColID]ir.Expr{}
	for _, a := range cols {
		if r, ok := a.Expr.(*ir.Ref); ok && r.ID == a.ID {
			continue
		}
		if ir.RefsOf(a.Expr)[a.ID] { // n has the column itself
			return nil
		}
		by[a.ID] = a.Expr
	}
	if !listed(d.root, d.join) {
		h := &raising{from: d.join, to: n, by: by}
		if root, _, open := h.visit(d.root); !h.failed && !open {
			return root
		}
	}
	return put(d.root, d.join, &ir.Project{Input: n, Cols: append(handedOn(d.join.Left.Output()), cols...)})
}

// raising puts a node in the place of another and, above it, expressions in the place
// of columns that are no longer there, up to the first projection or aggregate.
type raising struct {
	from, to ir.Node
	by       map[ir.ColID]ir.Expr
	failed   bool // the expressions' values would be others where they are read
}

// visit gives n, whether from was in it, and whether its columns may still be read above.
func (h *raising) visit(n ir.Node) (out ir.Node, found, open bool) {
	if n == h.from {
		return h.to, true, true
	}
	inputs := n.Inputs()
	for i, in := range inputs {
		now, found, open := h.visit(in)
		if !found {
			continue
		}
		inputs[i] = now
		m := n.With(inputs)
		if !open {
			return m, true, false
		}
		return mapExprs(m, func(e ir.Expr) ir.Expr { return ir.Substitute(e, h.by) }), true, h.passes(n, i)
	}
	return n, false, false
}

// passes reports whether the columns of n's input number i are n's columns too.
func (h *raising) passes(n ir.Node, i int) bool {
	switch n := n.(type) {
	case *ir.Project, *ir.Aggregate:
		return false
	case *ir.Filter, *ir.Sort, *ir.Limit, *ir.TopN, *ir.Window, *ir.Unnest:
		return true
	case *ir.CTE:
		h.failed = h.failed || i == 0
		return true
	case *ir.Join:
		return h.passesJoin(n, i)
	}
	h.failed = true
	return true
}

func (h *raising) passesJoin(n *ir.Join, i int) bool {
	if n.Delim != nil {
		for _, id := range n.Delim.Columns {
			_, gone := h.by[id]
			h.failed = h.failed || gone
		}
	}
	switch n.Kind {
	case ir.Inner:
		return true
	case ir.Semi, ir.Anti, ir.Mark:
		return i == 0
	case ir.Left, ir.Single:
		h.failed = h.failed || i == 1
		return true
	}
	h.failed = true
	return true
}
