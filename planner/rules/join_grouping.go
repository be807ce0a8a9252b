package rules

import (
	"slices"
	"strconv"

	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// joinGrouping brings inputs of one source together that stand apart in a tree
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
		t := &joinTree{}
		t.flatten(j)
		for i, leaf := range t.leaves {
			t.leaves[i] = c.group(leaf, ordered)
		}
		if now := c.regroup(j, t, j.Output(), ordered); now != nil {
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
}

func (t *joinTree) flatten(n ir.Node) {
	if j, ok := n.(*ir.Join); ok && plainInner(j) {
		t.flatten(j.Left)
		t.flatten(j.Right)
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

// regroup gives the tree with the linked leaves of each source side by side; nil when
// they are already.
func (c *Context) regroup(n ir.Node, t *joinTree, output []ir.Column, ordered bool) ir.Node {
	if volatile(t.on...) {
		return nil
	}
	groups := c.linked(t)
	if len(groups) == len(t.leaves) {
		return nil
	}
	on := append([]ir.Expr{}, t.on...)
	// join puts the conditions that can be asked of two inputs there; those that can
	// fail are asked last, of rows that passed all others.
	join := func(left, right ir.Node, last bool) *ir.Join {
		joined := &ir.Join{Kind: ir.Inner, Left: left, Right: right}
		have := ir.OutputOf(joined)
		var later []ir.Expr
		for _, e := range on {
			if have.Has(e) && (last || total(e)) {
				joined.On = append(joined.On, e)
			} else {
				later = append(later, e)
			}
		}
		on = later
		return joined
	}
	var tree ir.Node
	for k, group := range groups {
		part := t.leaves[group[0]]
		for m, leaf := range group[1:] {
			part = join(part, t.leaves[leaf], k == 0 && len(groups) == 1 && m == len(group)-2)
		}
		if tree == nil {
			tree = part
		} else {
			tree = join(tree, part, k == len(groups)-1)
		}
	}
	if shape(n) == shape(tree) {
		return nil
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

// shape tells how a tree of inner joins is put together.
func shape(n ir.Node) string {
	if j, ok := n.(*ir.Join); ok && plainInner(j) {
		return "(" + shape(j.Left) + " " + shape(j.Right) + ")"
	}
	return strconv.Itoa(int(n.Output()[0].ID))
}

// linked puts leaves of one source that exact equalities link into one group, each
// behind one that it is linked to; every other leaf is a group of its own. Groups
// come in the order of their first leaves.
func (c *Context) linked(t *joinTree) [][]int {
	leafOf := map[ir.ColID]int{}
	for i, leaf := range t.leaves {
		if r, _ := c.remoteOf(leaf); r == nil {
			continue
		}
		for _, col := range leaf.Output() {
			leafOf[col.ID] = i
		}
	}
	links := map[int][]int{}
	for _, e := range t.on {
		cmp, ok := e.(*ir.Compare)
		if !ok || cmp.Op != ir.Eq {
			continue
		}
		i, ok := onlyLeaf(cmp.Left, leafOf)
		k, ok2 := onlyLeaf(cmp.Right, leafOf)
		if !ok || !ok2 || i == k || slices.Contains(links[i], k) {
			continue
		}
		left, d := c.remoteOf(t.leaves[i])
		right, _ := c.remoteOf(t.leaves[k])
		if left.Source == right.Source && linkedBy(e, left, right, d) {
			links[i], links[k] = append(links[i], k), append(links[k], i)
		}
	}
	var groups [][]int
	taken := map[int]bool{}
	for i := range t.leaves {
		if taken[i] {
			continue
		}
		taken[i] = true
		group := []int{i}
		for at := 0; at < len(group); at++ {
			slices.Sort(links[group[at]])
			for _, k := range links[group[at]] {
				if !taken[k] {
					taken[k] = true
					group = append(group, k)
				}
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// onlyLeaf gives the one leaf whose columns an expression reads.
func onlyLeaf(e ir.Expr, leafOf map[ir.ColID]int) (int, bool) {
	leaf, ok := -1, true
	for id := range ir.RefsOf(e) {
		i, known := leafOf[id]
		ok = ok && known && (leaf < 0 || leaf == i)
		leaf = i
	}
	return leaf, ok && leaf >= 0
}

// linkedBy reports whether two inputs could be joined at their source by e.
func linkedBy(e ir.Expr, left, right *ir.Remote, d dialect.Dialect) bool {
	at := placesOf(left, right)
	if verdict, _ := d.Condition(e, at); verdict != dialect.Exact {
		return false
	}
	inside := &ir.Join{Kind: ir.Inner, Left: left.Input, Right: right.Input, On: []ir.Expr{e}}
	verdict, _ := d.Operator(inside, at)
	return verdict == dialect.Exact
}
