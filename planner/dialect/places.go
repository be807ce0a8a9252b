package dialect

import "github.com/lianji/lianji/planner/ir"

// Places tells what each column of n's output is at the source, given that all of n
// runs there. A column that some node computes has no Base.
//
// Hidden begins at a Barrier that has a Filter below it: that filter may be a row
// filter, and a source may look at a row with the statement's own conditions before
// it looks with the filter's. It ends where a column is computed of whole groups.
func Places(n ir.Node) Columns {
	switch n := n.(type) { // of what hands columns on as they are, nothing is copied
	case *ir.Filter:
		return Places(n.Input)
	case *ir.Sort:
		return Places(n.Input)
	case *ir.Limit:
		return Places(n.Input)
	case *ir.TopN:
		return Places(n.Input)
	case *ir.Join:
		return placesOfJoin(n, Places(n.Left))
	}
	below := Columns{}
	for _, in := range n.Inputs() {
		for id, p := range Places(in) {
			below[id] = p
		}
	}
	return placesOver(n, below)
}

// placesOfJoin adds to the places of a join's left side those of its other columns.
func placesOfJoin(n *ir.Join, at Columns) Columns {
	switch n.Kind {
	case ir.Semi, ir.Anti:
	case ir.Mark:
		at[n.Mark.ID] = Place{}
	default:
		for id, p := range Places(n.Right) {
			at[id] = p
		}
	}
	return at
}

// placesOver gives the places of n's output, from those of its inputs' columns.
func placesOver(n ir.Node, below Columns) Columns {
	out := Columns{}
	switch n := n.(type) {
	case *ir.Scan:
		for i := range n.Columns {
			out[n.Columns[i].ID] = Place{Base: &n.Columns[i].Base, Table: n.Table}
		}
	case *ir.Project:
		for _, a := range n.Cols {
			out[a.ID] = placeOf(a.Expr, below)
		}
	case *ir.Aggregate:
		for _, a := range n.Groups {
			out[a.ID] = placeOf(a.Expr, below)
		}
	}
	hides := false
	if set, ok := n.(*ir.SetOp); ok {
		left, right := set.Left.Output(), set.Right.Output()
		for i, c := range set.Columns {
			out[c.ID] = Place{Hidden: below[left[i].ID].Hidden || below[right[i].ID].Hidden}
		}
	}
	if b, ok := n.(*ir.Barrier); ok {
		hides = filters(b.Input)
	}
	for _, c := range n.Output() {
		p, ok := out[c.ID]
		if !ok {
			p = below[c.ID]
		}
		p.Hidden = p.Hidden || hides
		out[c.ID] = p
	}
	return out
}

// placeOf gives the place of a column that is e.
func placeOf(e ir.Expr, below Columns) Place {
	if r, ok := e.(*ir.Ref); ok {
		return below[r.ID]
	}
	p := Place{}
	for id := range ir.RefsOf(e) {
		p.Hidden = p.Hidden || below[id].Hidden
	}
	return p
}

func filters(n ir.Node) bool {
	found := false
	ir.Walk(n, func(n ir.Node) {
		if _, ok := n.(*ir.Filter); ok {
			found = true
		}
	})
	return found
}

// leadsKey reports whether a key of the table begins with the column.
func leadsKey(p Place) bool {
	if p.Base == nil {
		return false
	}
	leads := len(p.Table.PrimaryKey) > 0 && p.Table.PrimaryKey[0] == p.Base.Name
	for _, u := range p.Table.Unique {
		leads = leads || len(u) > 0 && u[0] == p.Base.Name
	}
	return leads
}

// oneTable reports whether a tree is written as one table.
func oneTable(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Scan:
		return true
	case *ir.Filter:
		return oneTable(n.Input)
	case *ir.Project:
		return oneTable(n.Input)
	}
	return false
}
