package rules

import (
	"github.com/lianji/lianji/planner/ir"
)

// sharedSubtree computes rows once that two aggregates read, or that two equal
// aggregates give.
//
//	inner join                            ->   cte 1 shared
//	  aggregate by b: sum(a)                     inner join on t.a = w.a
//	    inner join on t.a = w.a                    remote pg
//	      remote pg                                  scan t: a, b
//	        scan t: a, b                           remote lite
//	      remote lite                                scan w
//	        scan w                               inner join
//	  aggregate: max(a)                            aggregate by b: sum(a)
//	    inner join on t2.a = w2.a                    cte ref 1 shared
//	      remote pg                                aggregate: max(a)
//	        scan t: a                                cte ref 1 shared
//	      remote lite
//	        scan w
//
// Then each source is read once, and both see the same rows. Columns that one of the
// two leaves out do not part them: the other one gives them all.
//
// It is sound because the two trees are the same, node by node, over the same tables,
// with the same policy at the same places: they have the same rows but for columns that
// decide nothing. An aggregate reads all of its rows, so nothing is computed that was
// not before.
//
// It must not fire where something can fail or is volatile, for joins that may have
// more rows than the tables that they read have, because all rows of a CTE are held for
// the time of the statement, over a delim get, nor below the border of a source or of
// policy; and not before the late rules are done, because a CTE goes to no source.
var sharedSubtree = Rule{Name: "shared_subtree", Late: true, Last: true, Apply: func(c *Context) (ir.Node, error) {
	root := c.Plan.Root
	for {
		next := c.shareOnce(root)
		if next == root {
			return root, nil
		}
		root = next
	}
}}

// shareOnce makes a CTE of the first subtree, outermost first, that is there twice.
func (c *Context) shareOnce(root ir.Node) ir.Node {
	all := shareable(root)
	for _, a := range all {
		uses := map[ir.Node]map[ir.ColID]ir.ColID{}
		for _, b := range all {
			m := &matcher{ids: map[ir.ColID]ir.ColID{}}
			if a != b && m.same(a, b) && m.gives(a, b) && !overlaps(uses, a, b) {
				uses[b] = m.ids
			}
		}
		if len(uses) > 0 && steadyTree(root, a) {
			return c.share(root, a, uses)
		}
	}
	return root
}

// shareable lists what stays here of which a CTE may be made: aggregates, and the
// joins whose rows an aggregate reads.
func shareable(root ir.Node) []ir.Node {
	var out []ir.Node
	aggregates := 0
	outside(root, func(n ir.Node) {
		a, ok := n.(*ir.Aggregate)
		if !ok {
			return
		}
		aggregates++
		if a.Sets == nil && len(a.Grouping) == 0 {
			out = append(out, a)
		}
		in := a.Input
		for {
			if j, ok := in.(*ir.Join); ok {
				if noMoreThanTable(j) {
					out = append(out, j)
				}
				return
			}
			switch in.(type) {
			case *ir.Filter, *ir.Project:
				in = in.Inputs()[0]
			default:
				return
			}
		}
	})
	if aggregates < 2 || len(out) > mostShareable {
		return nil
	}
	return out
}

// mostShareable bounds how many subtrees are compared, each with each.
const mostShareable = 32

func holds(n, other ir.Node) bool {
	found := false
	outside(n, func(n ir.Node) { found = found || n == other })
	return found
}

// overlaps reports whether b is a part of a or of what is listed already, or the other
// way round.
func overlaps(uses map[ir.Node]map[ir.ColID]ir.ColID, a, b ir.Node) bool {
	apart := !holds(a, b) && !holds(b, a)
	for u := range uses {
		apart = apart && !holds(u, b) && !holds(b, u)
	}
	return !apart
}

// steadyTree reports whether nothing in a tree can fail or is volatile, as far as it
// stays here.
func steadyTree(root, n ir.Node) bool {
	steady := true
	d := &delim{root: root}
	outside(n, func(n ir.Node) {
		for _, e := range n.Exprs() {
			if call, ok := e.(*ir.Agg); ok {
				steady = steady && d.totalAggregate(call)
			} else {
				steady = steady && total(e)
			}
		}
	})
	return steady
}

// share puts a CTE over the lowest node that has all places where a's rows are read.
func (c *Context) share(root, a ir.Node, uses map[ir.Node]map[ir.ColID]ir.ColID) ir.Node {
	def, ids := c.Plan.Copy(a)
	for i := range c.noted {
		if now, ok := ids[c.noted[i].scan]; ok {
			c.noted[i].scan = now
		}
	}
	number := c.Plan.NewNumber()
	refs := map[ir.Node]ir.Node{a: sharedRef(number, a, ids, nil)}
	for b, of := range uses {
		refs[b] = sharedRef(number, b, ids, of)
	}
	var place func(n ir.Node) ir.Node
	place = func(n ir.Node) ir.Node {
		inputs := n.Inputs()
		for i, in := range inputs {
			if holdsAll(in, refs) {
				inputs[i] = place(in)
				return with(n, inputs...)
			}
		}
		body := n
		for old, ref := range refs {
			body = put(body, old, ref)
		}
		return &ir.CTE{ID: number, Name: "shared", Materialized: true, Def: def, Body: body}
	}
	return place(root)
}

// sharedRef reads the CTE in the place of n. ids leads from the columns of the tree
// that was copied to those of the copy, of from n's to those of that tree.
func sharedRef(number int, n ir.Node, ids, of map[ir.ColID]ir.ColID) *ir.CTERef {
	ref := &ir.CTERef{ID: number, Name: "shared", Columns: n.Output()}
	for _, col := range ref.Columns {
		id := col.ID
		if of != nil {
			id = of[id]
		}
		ref.From = append(ref.From, ids[id])
	}
	return ref
}

func holdsAll(n ir.Node, refs map[ir.Node]ir.Node) bool {
	for old := range refs {
		if !holds(n, old) {
			return false
		}
	}
	return true
}

// noMoreThanTable reports whether a tree, by the keys that its tables declare, has no more
// rows than one of the tables. The answer does not hang on it.
func noMoreThanTable(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Scan, *ir.CTERef, *ir.Aggregate:
		return true
	case *ir.Filter, *ir.Project, *ir.Remote, *ir.Barrier:
		return noMoreThanTable(n.Inputs()[0])
	case *ir.Join:
		switch n.Kind {
		case ir.Semi, ir.Anti:
			return noMoreThanTable(n.Left)
		case ir.Inner, ir.Left:
			return noMoreThanTable(n.Left) && noMoreThanTable(n.Right) && (keyed(n.Right, partnerKey(n)) || (n.Kind == ir.Inner && keyed(n.Left, partnerKey(turned(n)))))
		}
	}
	return false
}

func turned(n *ir.Join) *ir.Join {
	return &ir.Join{Kind: n.Kind, Left: n.Right, Right: n.Left, On: n.On}
}

// keyed reports whether a tree has one row for each combination of values of these
// columns, if its tables' declared keys are ones.
func keyed(n ir.Node, columns ir.Set) bool {
	switch n := n.(type) {
	case *ir.Scan:
		have := map[string]bool{}
		for _, col := range n.Columns {
			have[col.Base.Name] = columns[col.ID]
		}
		return declares(n.Table.PrimaryKey, have)
	case *ir.Aggregate:
		return n.Sets == nil && hasAll(columns, outputOf(n.Groups))
	case *ir.Filter, *ir.Remote, *ir.Barrier:
		return keyed(n.Inputs()[0], columns)
	case *ir.Project:
		below := ir.Set{}
		for _, a := range n.Cols {
			if r, ok := a.Expr.(*ir.Ref); ok && columns[a.ID] {
				below[r.ID] = true
			}
		}
		return keyed(n.Input, below)
	case *ir.Join:
		switch n.Kind {
		case ir.Semi, ir.Anti:
			return keyed(n.Left, columns)
		case ir.Inner, ir.Left:
			return keyed(n.Left, columns) && keyed(n.Right, partnerKey(n))
		}
	}
	return false
}

func declares(key []string, have map[string]bool) bool {
	for _, name := range key {
		if !have[name] {
			return false
		}
	}
	return len(key) > 0
}
