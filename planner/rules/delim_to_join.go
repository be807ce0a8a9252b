package rules

import "github.com/lianji/lianji/planner/ir"

// delimToJoin untangles correlated subqueries: the delim join of a subquery becomes
// an ordinary join, and the rows of delim get, the distinct values of the outer
// columns, are no longer made.
//
//	single join delim 1 (#1) on a.id#1 IS NOT DISTINCT FROM id#7
//	  scan a
//	  project max#6, id#7
//	    inner join on id#7 IS NOT DISTINCT FROM id#5
//	      delim get 1: id#7 = #1
//	      aggregate by id#5 = id#4: max#6 = max(b.v)
//	        filter b.a_id = id#4
//	          inner join
//	            scan b
//	            delim get 1: id#4 = #1
//	->
//	single join on key#8 = a.id#1
//	  scan a
//	  aggregate by key#8 = b.a_id: max#6 = max(b.v)
//	    filter b.a_id IS NOT NULL
//	      scan b
//
//	semi join delim 1 (#1, #2) on a.id#1 IS NOT DISTINCT FROM id#4 AND a.x#2 IS NOT DISTINCT FROM x#5
//	  scan a
//	  filter b.a_id = id#4 AND b.v <> x#5
//	    inner join
//	      scan b
//	      delim get 1: id#4 = #1, x#5 = #2
//	->
//	semi join on b.a_id = a.id#1 AND b.v <> a.x#2
//	  scan a
//	  scan b
//
// Why it is sound. A bound subquery R is a union of parts R(d), one for each combination
// d of the outer columns' values, whose rows carry d; the join's IS NOT DISTINCT FROM
// gives a row of the left side the part of its own d and no other. So parts for values
// that the left side does not have may be there or not, and R can be written as: a
// tree T that hangs on no d, conditions over T and d, and outputs over T and d
// (type lifted). Conditions become the join's, with the left side's columns for d. That
// form survives filters, projections, inner joins, semi, anti, mark and left joins with
// uncorrelated trees, and, where each condition with d equates it with an expression x
// of T, an aggregate, DISTINCT or window whose groups or partitions hold d: they then
// group by x. For = the rows where x is NULL are left out first; they had no part.
// A subquery whose outer row comes first (count(*), COALESCE over an aggregate: delim
// get is the left side of a left join) is the same operators over the left side's
// own rows, in which each d stands as often as it must (type spine).
//
// It must not fire
//   - where something looks at all parts at once: LIMIT, an aggregate that is not
//     grouped by d, a window that is not partitioned by it;
//   - where an expression that can fail or is volatile would now be evaluated on rows
//     of T that no d selects: below an aggregate, a window or a DISTINCT; elsewhere
//     such an expression moves up with the conditions and sees the same pairs as before;
//   - so that a mark becomes NULL where it was false: a condition that moves to a mark
//     join is made one that is never NULL;
//   - where tables that only d links would become a product of all of their rows; those
//     that equal one column of d are linked by that, and of a table of a product of which
//     nothing is read one row is enough for an existence;
//   - where a LIMIT decides which values an IN compares, and not only whether there are any;
//   - for set operations, DISTINCT ON, UNNEST, CTEs and right and full joins over delim
//     get, and inside of a delim join that itself stays.
var delimToJoin = Rule{Name: "delim_to_join", Apply: func(c *Context) (ir.Node, error) {
	root := c.Plan.Root
	for {
		next := delimOnce(c.Plan, root)
		if next == root {
			return root, nil
		}
		root = next
	}
}}

// delimOnce untangles the first innermost join that it can.
func delimOnce(p *ir.Plan, root ir.Node) ir.Node {
	var joins []*ir.Join
	ir.Walk(root, func(n ir.Node) {
		if j, ok := n.(*ir.Join); ok && j.Delim != nil {
			joins = append(joins, j)
		}
	})
	for i := len(joins) - 1; i >= 0; i-- { // outermost first in the list
		j := joins[i]
		if varyingRows(j.Right) || volatile(j.On...) {
			continue
		}
		d := &delim{plan: p, root: root, join: j}
		if next := d.untangle(); next != nil {
			return next
		}
	}
	return root
}

// delim is one delim join at work.
type delim struct {
	plan *ir.Plan
	root ir.Node
	join *ir.Join
	// vars are the columns of the join's delim gets, with their places in its Delim.
	vars map[ir.ColID]int
	// same leads from a var to another that surely has its value, or to the left side's column.
	same map[ir.ColID]ir.ColID
	// bare says that the join's conditions do no more than select the parts.
	bare bool
}

// untangle gives the tree without this delim join, or nil.
func (d *delim) untangle() ir.Node {
	d.vars = map[ir.ColID]int{}
	ir.Walk(d.join.Right, func(n ir.Node) {
		g, ok := n.(*ir.DelimGet)
		if !ok || g.Delim != d.join.Delim.ID {
			return
		}
		for i, col := range g.Columns {
			d.vars[col.ID] = d.place(g.From[i])
		}
	})
	d.bare = len(d.join.On) == len(d.join.Delim.Columns)
	for _, e := range d.join.On {
		c, ok := e.(*ir.Compare)
		d.bare = d.bare && ok && c.Op == ir.IsNotDistinct
	}
	for _, way := range []func() ir.Node{d.lift, d.overLeft} {
		d.same = map[ir.ColID]ir.ColID{}
		if next := way(); next != nil {
			return next
		}
	}
	return nil
}

func (d *delim) place(outer ir.ColID) int {
	for i, id := range d.join.Delim.Columns {
		if id == outer {
			return i
		}
	}
	return -1
}

// find gives the var, or the left side's column, that stands for a var.
func (d *delim) find(id ir.ColID) ir.ColID {
	for {
		next, ok := d.same[id]
		if !ok {
			return id
		}
		id = next
	}
}

// unify takes two vars of one outer column for one, when the condition is that they
// are not distinct. They then have one value wherever it is true.
func (d *delim) unify(e ir.Expr) bool {
	c, ok := e.(*ir.Compare)
	if !ok || c.Op != ir.IsNotDistinct {
		return false
	}
	l, lok := c.Left.(*ir.Ref)
	r, rok := c.Right.(*ir.Ref)
	if !lok || !rok {
		return false
	}
	i, lvar := d.vars[l.ID]
	k, rvar := d.vars[r.ID]
	if !lvar || !rvar || i != k {
		return false
	}
	a, b := d.find(l.ID), d.find(r.ID)
	if _, isVar := d.vars[a]; !isVar {
		a, b = b, a // a is the left side's column already
	}
	if a != b {
		d.same[a] = b
	}
	return true
}

// bind takes the join's own conditions: one that is IS NOT DISTINCT FROM between an
// outer column and the var of that column gives the var that column's value on every row; the
// others are given back over what the right side's columns are now.
func (d *delim) bind(out map[ir.ColID]ir.Expr) []ir.Expr {
	var rest []ir.Expr
	for _, e := range ir.Conjuncts(d.join.On...) {
		if !d.binds(e, out) {
			rest = append(rest, ir.Substitute(e, out))
		}
	}
	return rest
}

func (d *delim) binds(e ir.Expr, out map[ir.ColID]ir.Expr) bool {
	c, ok := e.(*ir.Compare)
	if !ok || c.Op != ir.IsNotDistinct {
		return false
	}
	for _, side := range [][2]ir.Expr{{c.Left, c.Right}, {c.Right, c.Left}} {
		outer, ok := side[0].(*ir.Ref)
		inner, ok2 := side[1].(*ir.Ref)
		if !ok || !ok2 {
			continue
		}
		v, ok := out[inner.ID].(*ir.Ref)
		if !ok {
			continue
		}
		place, isVar := d.vars[v.ID]
		if !isVar || place < 0 || d.join.Delim.Columns[place] != outer.ID {
			continue
		}
		if at := d.find(v.ID); at != outer.ID {
			d.same[at] = outer.ID
		}
		return true
	}
	return false
}

// bound reports whether every var has an outer column's value.
func (d *delim) bound() bool {
	for v, place := range d.vars {
		if place < 0 || d.find(v) != d.join.Delim.Columns[place] {
			return false
		}
	}
	return true
}

// outer puts the left side's columns in the place of vars.
func (d *delim) outer(list ...ir.Expr) []ir.Expr {
	out := make([]ir.Expr, len(list))
	for i, e := range list {
		out[i] = ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
			if r, ok := x.(*ir.Ref); ok && d.find(r.ID) != r.ID {
				return &ir.Ref{ID: d.find(r.ID), Name: r.Name, Typ: r.Typ}
			}
			return x
		})
	}
	return out
}

// reads reports whether an expression reads a var.
func (d *delim) reads(list ...ir.Expr) bool {
	for id := range ir.RefsOf(list...) {
		if _, ok := d.vars[id]; ok {
			return true
		}
	}
	return false
}

// correlated reports whether a tree holds a delim get of this join.
func (d *delim) correlated(n ir.Node) bool {
	found := false
	ir.Walk(n, func(n ir.Node) {
		if g, ok := n.(*ir.DelimGet); ok && g.Delim == d.join.Delim.ID {
			found = true
		}
	})
	return found
}
