package planner

import (
	"maps"
	"slices"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/policy"
)

// Item is a column of a resource.
type Item struct {
	Resource *policy.Resource
	Column   string
}

// origins lists the items out of which a column of n is made; none for one that the
// statement's own text gives. It is not ok where that cannot be told.
func (s *Statement) origins(n ir.Node, id ir.ColID) (items []Item, ok bool) {
	switch n := n.(type) {
	case *ir.Scan:
		for _, c := range n.Columns {
			if c.ID == id {
				r := s.resource(n.Ref)
				return []Item{{r, c.Base.Name}}, r != nil
			}
		}
	case *ir.Barrier: // what stands below it in the place of a column is not the column
		r := s.resource(s.guardedRef(n))
		for _, c := range n.Output() {
			if c.ID == id {
				return []Item{{r, c.Name}}, r != nil
			}
		}
	case *ir.Project:
		return s.assigned(n.Cols, n.Input, id)
	case *ir.Aggregate:
		return s.assigned(slices.Concat(n.Groups, n.Aggs), n.Input, id)
	case *ir.Remote, *ir.Filter, *ir.Sort, *ir.Limit, *ir.TopN, *ir.Distinct:
		return s.origins(n.Inputs()[0], id)
	case *ir.Join:
		for _, side := range []ir.Node{n.Left, n.Right} {
			if n.Delim == nil && ir.SetOf(side.Output())[id] {
				return s.origins(side, id)
			}
		}
	case *ir.Values:
		return nil, ir.SetOf(n.Output())[id]
	}
	return nil, false
}

func (s *Statement) assigned(list []ir.Assign, input ir.Node, id ir.ColID) (items []Item, ok bool) {
	for _, a := range list {
		if a.ID != id {
			continue
		}
		for _, below := range slices.Sorted(maps.Keys(ir.RefsOf(a.Expr))) {
			more, ok := s.origins(input, below)
			if !ok {
				return nil, false
			}
			items = append(items, more...)
		}
		return items, true
	}
	return nil, false
}

// keysMayTravel decides whether the values of a column of a stream may be sent to the
// source of another. Each item out of which they are made must be allowed to go there,
// and so must every item that is read of other resources in the same stream, and the
// keys for which that one waits: which values there are tells of them too. Nothing is
// sent to be compared with what has a mask.
func (k *keyPlanner) keysMayTravel(by *Stream, column ir.ColID, to []*policy.Resource) bool {
	for _, r := range to {
		if r == nil || (r.Guard != nil && len(r.Guard.Masks) > 0) {
			return false
		}
	}
	items, ok := k.s.origins(by.part, column)
	if !ok {
		return false
	}
	of := map[*policy.Resource]bool{}
	for _, i := range items {
		of[i.Resource] = true
	}
	for _, r := range k.parts[by].reads {
		if r == nil {
			return false
		}
	}
	ir.Walk(by.part, func(n ir.Node) {
		if scan, is := n.(*ir.Scan); is && !of[k.s.resource(scan.Ref)] {
			for _, c := range scan.Columns {
				items = append(items, Item{k.s.resource(scan.Ref), c.Base.Name})
			}
		}
	})
	for _, i := range items {
		for _, r := range to {
			if !i.Resource.KeyMayTravel(i.Column, r) {
				return false
			}
		}
	}
	if by.Keyed == nil {
		return len(to) > 0
	}
	return k.keysMayTravel(by.Keyed.By, by.Keyed.By.part.Output()[by.Keyed.Column].ID, to)
}
