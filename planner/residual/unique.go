package residual

import "github.com/lianji/lianji/planner/ir"

// equated gives the columns of a join's right side that have one value for each
// row of its left side.
func (w *writer) equated(n *ir.Join) ir.Set {
	left, right, out := ir.SetOf(n.Left.Output()), ir.SetOf(n.Right.Output()), ir.Set{}
	for _, e := range n.On {
		c, ok := e.(*ir.Compare)
		if !ok || c.Op != ir.Eq && c.Op != ir.IsNotDistinct {
			continue
		}
		for _, sides := range [][2]ir.Expr{{c.Left, c.Right}, {c.Right, c.Left}} {
			if r, ok := sides[1].(*ir.Ref); ok && right[r.ID] && left.Has(sides[0]) {
				out[r.ID] = true
			}
		}
	}
	return out
}

// unique reports whether no two rows of n can be equal in these columns; without
// columns, whether n surely has at most one row.
func (w *writer) unique(n ir.Node, on ir.Set) bool {
	if _, ok := w.leaves[n]; ok {
		return false
	}
	switch n := n.(type) {
	case *ir.Aggregate:
		return n.Sets == nil && allOf(n.Groups, on)
	case *ir.Project:
		below := ir.Set{}
		for _, a := range n.Cols {
			if r, ok := a.Expr.(*ir.Ref); ok && on[a.ID] {
				below[r.ID] = true
			}
		}
		return w.unique(n.Input, below)
	case *ir.Filter:
		return w.unique(n.Input, on)
	case *ir.Sort:
		return w.unique(n.Input, on)
	case *ir.Window:
		return w.unique(n.Input, on)
	case *ir.Limit:
		return atMostOne(n.Count) || w.unique(n.Input, on)
	case *ir.TopN:
		return atMostOne(n.Count) || w.unique(n.Input, on)
	case *ir.Distinct:
		return n.On == nil && coversColumns(on, n.Output()) || w.unique(n.Input, on)
	case *ir.DelimGet:
		return coversColumns(on, n.Columns)
	case *ir.Values:
		return len(n.Rows) <= 1
	case *ir.Join:
		return w.uniqueJoin(n, on)
	}
	return false
}

func (w *writer) uniqueJoin(n *ir.Join, on ir.Set) bool {
	switch n.Kind {
	case ir.Semi, ir.Anti, ir.Mark, ir.Single:
		return w.unique(n.Left, on)
	case ir.Inner, ir.Left:
		right := w.equated(n)
		for id := range within(on, n.Right.Output()) {
			right[id] = true
		}
		return w.unique(n.Left, within(on, n.Left.Output())) && w.unique(n.Right, right)
	}
	return false
}

func allOf(list []ir.Assign, on ir.Set) bool {
	for _, a := range list {
		if !on[a.ID] {
			return false
		}
	}
	return true
}

func coversColumns(on ir.Set, columns []ir.Column) bool {
	for _, c := range columns {
		if !on[c.ID] {
			return false
		}
	}
	return true
}

func atMostOne(count ir.Expr) bool {
	c, ok := count.(*ir.Const)
	if !ok {
		return false
	}
	n, ok := c.Value.V.(int64)
	return ok && n <= 1
}
