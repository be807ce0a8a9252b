package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// severed reports whether a lifted tree is a product of parts that only the outer
// values had linked: each has keys of its own, and no equality holds them together. For
// one outer row the parts are small, all at once they are not.
func (d *delim) severed(l *lifted) bool {
	if l.node == nil {
		return false
	}
	parts := partsOf(l.node)
	columns := ir.SetOf(l.node.Output())
	at := -1
	for _, e := range l.conds {
		k, ok := d.keyOf(e, columns)
		if !ok {
			continue
		}
		for i, part := range parts {
			if !readsAny(part, k.x) {
				continue
			}
			if at >= 0 && at != i {
				return true
			}
			at = i
		}
	}
	return false
}

// partsOf gives the columns of the inputs of inner joins, those together that an
// equality links.
func partsOf(n ir.Node) []ir.Set {
	switch n := n.(type) {
	case *ir.Filter:
		return linked(partsOf(n.Input), n.Preds)
	case *ir.Project:
		parts := partsOf(n.Input)
		for _, a := range n.Cols {
			for _, part := range parts {
				if readsAny(part, a.Expr) {
					part[a.ID] = true
				}
			}
		}
		return parts
	case *ir.Join:
		switch n.Kind {
		case ir.Inner:
			return linked(append(partsOf(n.Left), partsOf(n.Right)...), n.On)
		case ir.Semi, ir.Anti:
			return partsOf(n.Left)
		}
	}
	return []ir.Set{ir.OutputOf(n)}
}

// linked makes one part of those whose columns an equality compares.
func linked(parts []ir.Set, preds []ir.Expr) []ir.Set {
	for _, e := range ir.Conjuncts(preds...) {
		c, ok := e.(*ir.Compare)
		if !ok || (c.Op != ir.Eq && c.Op != ir.IsNotDistinct) {
			continue
		}
		whole := ir.Set{}
		rest := []ir.Set{whole}
		for _, part := range parts {
			if !readsAny(part, c) {
				rest = append(rest, part)
				continue
			}
			for id := range part {
				whole[id] = true
			}
		}
		parts = rest
	}
	return parts
}

// oneEnough gives a tree of which only counts what rows there are, not how often, and
// of these only the columns in need. The side of a product of which nothing is read says
// no more than whether it has a row.
func oneEnough(n ir.Node, need ir.Set) ir.Node {
	below := ir.Set{}
	for id := range need {
		below[id] = true
	}
	below.Add(n.Exprs()...)
	switch n := n.(type) {
	case *ir.Filter:
		return with(n, oneEnough(n.Input, below))
	case *ir.Project:
		return with(n, oneEnough(n.Input, below))
	case *ir.Join:
		if n.Delim != nil {
			return n
		}
		switch n.Kind {
		case ir.Semi, ir.Anti, ir.Mark:
			return with(n, oneEnough(n.Left, below), n.Right)
		case ir.Inner:
			return with(n, oneOf(n.Left, below), oneOf(n.Right, below))
		}
	}
	return n
}

// oneOf gives a side of an inner join, or one row of it if nothing of it is read.
func oneOf(n ir.Node, need ir.Set) ir.Node {
	for _, c := range n.Output() {
		if need[c.ID] {
			return oneEnough(n, need)
		}
	}
	one := catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: int64(1)}
	return &ir.Limit{Input: n, Count: &ir.Const{Value: one}}
}
