package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// atMostOne reports whether n surely has at most one row for each combination of
// values of the key columns, NULL being a value. An empty key asks for one row in
// all. The keys that a table declares prove nothing.
func atMostOne(n ir.Node, key ir.Set) bool {
	switch n := n.(type) {
	case *ir.Filter:
		return atMostOne(n.Input, key) || firstOfPartition(n, key)
	case *ir.Sort, *ir.Window:
		return atMostOne(n.Inputs()[0], key)
	case *ir.Limit:
		return isOne(n.Count) || atMostOne(n.Input, key)
	case *ir.TopN:
		return isOne(n.Count) || atMostOne(n.Input, key)
	case *ir.Project:
		below := ir.Set{}
		for _, a := range n.Cols {
			if r, ok := a.Expr.(*ir.Ref); ok && key[a.ID] {
				below[r.ID] = true
			}
		}
		return atMostOne(n.Input, below)
	case *ir.Aggregate:
		return n.Sets == nil && hasAll(key, outputOf(n.Groups))
	case *ir.Distinct:
		if n.On == nil {
			return hasAll(key, n.Output()) || atMostOne(n.Input, key)
		}
		return refsIn(n.On, key) || atMostOne(n.Input, key)
	case *ir.DelimGet:
		return hasAll(key, n.Columns)
	case *ir.SetOp:
		return !n.All && hasAll(key, n.Columns)
	case *ir.Values:
		return len(n.Rows) <= 1
	case *ir.Join:
		return joinAtMostOne(n, key)
	}
	return false
}

func joinAtMostOne(n *ir.Join, key ir.Set) bool {
	switch n.Kind {
	case ir.Semi, ir.Anti, ir.Mark, ir.Single:
		return atMostOne(n.Left, key)
	case ir.Inner, ir.Left:
		return atMostOne(n.Left, key) && atMostOne(n.Right, partnerKey(n))
	}
	return false
}

// partnerKey gives the columns of a join's right side that its conditions hold equal
// to something that only the left side decides.
func partnerKey(n *ir.Join) ir.Set {
	left, right := ir.OutputOf(n.Left), ir.OutputOf(n.Right)
	key := ir.Set{}
	for _, e := range ir.Conjuncts(n.On...) {
		c, ok := e.(*ir.Compare)
		if !ok || (c.Op != ir.Eq && c.Op != ir.IsNotDistinct) || !groupable(c.Left.Type()) {
			continue
		}
		for _, side := range [][2]ir.Expr{{c.Left, c.Right}, {c.Right, c.Left}} {
			if r, ok := side[0].(*ir.Ref); ok && right[r.ID] && left.Has(side[1]) && !volatile(side[1]) {
				key[r.ID] = true
			}
		}
	}
	return key
}

// firstOfPartition reports whether a filter keeps only row_number() = 1 of partitions
// that the key decides: the form in which a correlated LIMIT 1 is bound.
func firstOfPartition(f *ir.Filter, key ir.Set) bool {
	w, ok := f.Input.(*ir.Window)
	if !ok {
		return false
	}
	for _, p := range ir.Conjuncts(f.Preds...) {
		c, ok := p.(*ir.Compare)
		if !ok || (c.Op != ir.Le && c.Op != ir.Eq) || !isOne(c.Right) {
			continue
		}
		for _, a := range w.Calls {
			call, ok := a.Expr.(*ir.WindowCall)
			r, isRef := c.Left.(*ir.Ref)
			if ok && isRef && r.ID == a.ID && call.Name == "row_number" && refsIn(call.Partition, key) {
				return true
			}
		}
	}
	return false
}

// exactlyOne reports whether n surely has one row, not none.
func exactlyOne(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Project, *ir.Sort, *ir.Window:
		return exactlyOne(n.Inputs()[0])
	case *ir.Aggregate:
		return len(n.Groups) == 0 && n.Sets == nil
	case *ir.Values:
		return len(n.Rows) == 1
	}
	return false
}

func hasAll(s ir.Set, columns []ir.Column) bool {
	for _, c := range columns {
		if !s[c.ID] {
			return false
		}
	}
	return true
}

// refsIn reports whether each of a list is a column of the set.
func refsIn(list []ir.Expr, s ir.Set) bool {
	for _, e := range list {
		if r, ok := e.(*ir.Ref); !ok || !s[r.ID] {
			return false
		}
	}
	return true
}

func isOne(e ir.Expr) bool {
	c, ok := e.(*ir.Const)
	if !ok {
		return false
	}
	switch v := c.Value.V.(type) {
	case int64:
		return v == 1
	case uint64:
		return v == 1
	}
	return false
}

// groupable reports whether values that are equal by = fall into one group and one
// partition, and only those: so it is for every type that is not made of others.
func groupable(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Invalid, catalog.List, catalog.Struct, catalog.Map, catalog.JSON, catalog.Null:
		return false
	}
	return true
}

// handedOn assigns columns to themselves.
func handedOn(columns []ir.Column) []ir.Assign {
	out := make([]ir.Assign, len(columns))
	for i, c := range columns {
		out[i] = ir.Assign{Column: c, Expr: c.Ref()}
	}
	return out
}
