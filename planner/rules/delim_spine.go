package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// spine is a tree whose rows come first from a delim get, with the left side of the
// delim join in its place.
type spine struct {
	node     ir.Node
	out      map[ir.ColID]ir.Expr
	gone     ir.Set    // columns of the old tree that out cannot give
	filtered bool      // a row of the left side may have no row here
	conds    []ir.Expr // that a row here must meet, when the left side's row stays all the same
	single   bool      // and surely has no two
}

// substitute rewrites expressions of the old tree; ok is false when one cannot be had.
func (s *spine) substitute(list ...ir.Expr) (out []ir.Expr, ok bool) {
	for id := range ir.RefsOf(list...) {
		if s.gone[id] {
			return nil, false
		}
	}
	out = make([]ir.Expr, len(list))
	for i, e := range list {
		out[i] = ir.Substitute(e, s.out)
	}
	return out, true
}

// overLeft untangles a join whose right side begins with the outer values and looks the
// rest up for each: the left side's own rows do as well, because each has exactly one
// combination of outer values.
func (d *delim) overLeft() ir.Node {
	j := d.join
	s := d.spine(j.Right)
	if s == nil {
		return nil
	}
	for id := range ir.RefsOf(j.On...) {
		if s.gone[id] {
			return nil
		}
	}
	on := d.bind(s.out)
	if !d.bound() {
		return nil
	}
	on = d.outer(on...)
	switch j.Kind {
	case ir.Inner:
		s.node = ir.Where(s.node, on...)
	case ir.Left, ir.Single:
		s.conds = append(s.conds, on...)
		if s.filtered || (!s.single && (j.Kind == ir.Single || len(s.conds) > 0)) {
			return nil
		}
	case ir.Semi:
		if !s.single {
			return nil
		}
		return d.replaced(ir.Where(s.node, on...), nil)
	case ir.Anti:
		if s.filtered || !s.single {
			return nil
		}
		return d.replaced(ir.Where(s.node, &ir.Not{Arg: orFalse(on)}), nil)
	case ir.Mark:
		if s.filtered || !s.single {
			return nil
		}
		return d.replaced(s.node, []ir.Assign{{Column: j.Mark, Expr: truthOf(on)}})
	default:
		return nil
	}
	var cols []ir.Assign
	read := readAbove(d.root, j)
	for _, c := range j.Right.Output() {
		switch {
		case !read[c.ID]:
		case s.gone[c.ID]:
			return nil
		default:
			cols = append(cols, ir.Assign{Column: c, Expr: onlyWhere(s.conds, d.outer(s.out[c.ID])[0])})
		}
	}
	return d.replaced(s.node, cols)
}

// onlyWhere gives e where the conditions hold, else NULL.
func onlyWhere(conds []ir.Expr, e ir.Expr) ir.Expr {
	if len(conds) == 0 {
		return e
	}
	return &ir.Case{When: []ir.Expr{and(conds)}, Then: []ir.Expr{e}, Else: &ir.Const{Value: catalog.Value{Type: e.Type()}}, Typ: e.Type()}
}

func (d *delim) spine(n ir.Node) *spine {
	switch n := n.(type) {
	case *ir.DelimGet:
		if n.Delim != d.join.Delim.ID {
			return nil
		}
		for i, c := range n.Columns {
			d.same[c.ID] = n.From[i]
		}
		return &spine{node: d.join.Left, out: identity(n.Columns), gone: ir.Set{}, single: true}
	case *ir.Sort:
		return d.spine(n.Input)
	case *ir.Filter:
		s := d.spine(n.Input)
		if s == nil {
			return nil
		}
		preds, ok := s.substitute(n.Preds...)
		if !ok {
			return nil
		}
		if d.join.Kind == ir.Left || d.join.Kind == ir.Single {
			s.conds = append(s.conds, d.outer(preds...)...)
		} else {
			s.node, s.filtered = ir.Where(s.node, d.outer(preds...)...), true
		}
		return s
	case *ir.Project:
		return d.spineProject(n)
	case *ir.Join:
		return d.spineJoin(n)
	}
	return nil
}

func (d *delim) spineProject(n *ir.Project) *spine {
	s := d.spine(n.Input)
	if s == nil {
		return nil
	}
	out, gone := map[ir.ColID]ir.Expr{}, ir.Set{}
	for _, a := range n.Cols {
		if e, ok := s.substitute(a.Expr); ok {
			out[a.ID] = e[0]
		} else {
			gone[a.ID] = true
		}
	}
	s.out, s.gone = out, gone
	return s
}

func (d *delim) spineJoin(n *ir.Join) *spine {
	if n.Delim != nil || n.Kind == ir.Right || n.Kind == ir.Full {
		return nil
	}
	s := d.spine(n.Left)
	if s == nil || len(s.conds) > 0 {
		return nil
	}
	exists := n.Kind == ir.Semi || n.Kind == ir.Anti || n.Kind == ir.Mark
	r := d.liftNode(n.Right, exists)
	if r == nil || r.node == nil {
		return nil
	}
	on, ok := d.spineOn(n, s, r)
	if !ok {
		return nil
	}
	if n.Kind == ir.Mark {
		d.certain(r)
	}
	join := *n
	join.Left, join.Right = s.node, r.node
	join.On = append(d.outer(r.conds...), d.outer(on...)...)
	s.node = &join
	switch n.Kind {
	case ir.Inner, ir.Left, ir.Single:
		s.filtered = s.filtered || n.Kind == ir.Inner
		s.single = s.single && (n.Kind == ir.Single || atMostOne(join.Right, partnerKey(&join)))
		for id, e := range r.out {
			if e = d.outer(e)[0]; n.Kind != ir.Inner {
				e = completed(e, &join)
			}
			if e == nil {
				s.gone[id] = true
			} else {
				s.out[id] = e
			}
		}
	case ir.Semi, ir.Anti:
		s.filtered = true
	case ir.Mark:
		s.out[n.Mark.ID] = n.Mark.Ref()
	}
	return s
}

// spineOn gives a join's conditions but for those that only say that both sides
// speak of one combination of outer values.
func (d *delim) spineOn(n *ir.Join, s *spine, r *lifted) ([]ir.Expr, bool) {
	var on []ir.Expr
	for _, e := range ir.Conjuncts(n.On...) {
		list, ok := s.substitute(e)
		if !ok {
			return nil, false
		}
		if list = r.substitute(list...); !d.unify(list[0]) {
			on = append(on, list[0])
		}
	}
	return on, true
}
