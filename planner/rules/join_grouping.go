package rules

import (
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// joinGrouping brings two inputs of one source together that stand apart in a tree
// of inner joins, so that remote_join finds them side by side.
//
//	inner join on y = z            ->   inner join on x = y
//	  inner join on x = y                 inner join on y = z
//	    remote pg (t: y)                    remote pg (t: y)
//	    remote lite (w: x)                  remote pg (u: z)
//	  remote pg (u: z)                    remote lite (w: x)
//
// Sound because inner joins may be made in any order when each condition is asked
// where all of its columns are there; one that can fail is asked last, of rows that
// passed all others. It must not fire for two inputs that no exact equality links,
// nor across a join of another kind, nor where a condition is volatile.
var joinGrouping = Rule{Name: "join_grouping", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return c.group(c.Plan.Root, true), nil
}}

// group rebuilds the inner join trees below n. Ordered says that somebody reads n's
// columns by their order.
func (c *Context) group(n ir.Node, ordered bool) ir.Node {
	if j, ok := n.(*ir.Join); ok && plainInner(j) {
		t := &joinTree{beside: map[int]bool{}}
		t.flatten(j)
		for i, leaf := range t.leaves {
			t.leaves[i] = c.group(leaf, ordered)
		}
		if now := c.regroup(t, j.Output(), ordered); now != nil {
			return now
		}
		k := 0
		return t.rebuild(j, &k)
	}
	inputs, changed := n.Inputs(), false
	for i, in := range inputs {
		if now := c.group(in, byOrder(n, i, ordered)); now != in {
			inputs[i], changed = now, true
		}
	}
	if changed {
		return n.With(inputs)
	}
	return n
}

// byOrder says whether n, or whoever reads n, reads its input i by the columns' order.
func byOrder(n ir.Node, i int, ordered bool) bool {
	switch n.(type) {
	case *ir.SetOp:
		return true
	case *ir.Project, *ir.Aggregate:
		return false
	case *ir.CTE:
		return i == 1 && ordered
	}
	return ordered
}

func plainInner(j *ir.Join) bool { return j.Kind == ir.Inner && j.Delim == nil }

// joinTree is a tree of inner joins taken apart.
type joinTree struct {
	leaves []ir.Node
	on     []ir.Expr
	beside map[int]bool // leaf i and the next one are a join's two inputs
}

func (t *joinTree) flatten(n ir.Node) {
	if j, ok := n.(*ir.Join); ok && plainInner(j) {
		at := len(t.leaves)
		t.flatten(j.Left)
		one := len(t.leaves) == at+1
		t.flatten(j.Right)
		t.beside[at] = t.beside[at] || (one && len(t.leaves) == at+2)
		t.on = append(t.on, j.On...)
		return
	}
	t.leaves = append(t.leaves, n)
}

// rebuild gives the tree its leaves in their old places.
func (t *joinTree) rebuild(n ir.Node, k *int) ir.Node {
	if j, ok := n.(*ir.Join); ok && plainInner(j) {
		left := t.rebuild(j.Left, k)
		right := t.rebuild(j.Right, k)
		if left == j.Left && right == j.Right {
			return j
		}
		return j.With([]ir.Node{left, right})
	}
	*k++
	return t.leaves[*k-1]
}

// regroup gives the tree with one pair of linked leaves of a source side by side; nil
// when there is none that is not.
func (c *Context) regroup(t *joinTree, output []ir.Column, ordered bool) ir.Node {
	i, k := c.linked(t)
	if i < 0 || volatile(t.on...) {
		return nil
	}
	pair := []ir.Node{t.leaves[i], t.leaves[k]}
	rest := append(append(append([]ir.Node{}, t.leaves[:i]...), t.leaves[i+1:k]...), t.leaves[k+1:]...)
	on := append([]ir.Expr{}, t.on...)
	tree := pair[0]
	for n, leaf := range append(pair[1:], rest...) {
		last := n == len(rest)
		joined := &ir.Join{Kind: ir.Inner, Left: tree, Right: leaf}
		have := ir.SetOf(joined.Output())
		var later []ir.Expr
		for _, e := range on {
			if have.Has(e) && (last || total(e)) {
				joined.On = append(joined.On, e)
			} else {
				later = append(later, e)
			}
		}
		tree, on = joined, later
	}
	if !ordered {
		return tree
	}
	p := &ir.Project{Input: tree}
	for _, col := range output {
		p.Cols = append(p.Cols, ir.Assign{Column: col, Expr: col.Ref()})
	}
	return p
}

// linked finds two leaves of one source with an exact equality over both; -1 for none.
func (c *Context) linked(t *joinTree) (int, int) {
	for i := range t.leaves {
		left, d := c.remoteOf(t.leaves[i])
		if left == nil {
			continue
		}
		for k := i + 1; k < len(t.leaves); k++ {
			right, _ := c.remoteOf(t.leaves[k])
			if k == i+1 && t.beside[i] { // remote_join looks at them
				continue
			}
			if right != nil && right.Source == left.Source && linkedBy(t.on, left, right, d) {
				return i, k
			}
		}
	}
	return -1, -1
}

func linkedBy(on []ir.Expr, left, right *ir.Remote, d dialect.Dialect) bool {
	a, b := ir.SetOf(left.Output()), ir.SetOf(right.Output())
	for _, e := range on {
		cmp, ok := e.(*ir.Compare)
		if !ok || cmp.Op != ir.Eq {
			continue
		}
		if !(a.Has(cmp.Left) && b.Has(cmp.Right)) && !(b.Has(cmp.Left) && a.Has(cmp.Right)) {
			continue
		}
		verdict, _ := d.Condition(e, placesOf(left, right))
		inside := &ir.Join{Kind: ir.Inner, Left: left.Input, Right: right.Input, On: []ir.Expr{e}}
		if verdict != dialect.Exact {
			continue
		}
		if verdict, _ = d.Operator(inside, placesOf(left, right)); verdict == dialect.Exact {
			return true
		}
	}
	return false
}
