package rules

import "github.com/lianji/lianji/planner/ir"

// matcher compares two trees that may differ in the ids of columns, and in columns
// that the second one leaves out.
type matcher struct {
	ids map[ir.ColID]ir.ColID // from the second tree's columns to the first one's
}

// same reports whether b has the rows of a, with some of the columns perhaps left out.
// What it does not know it takes for different.
func (m *matcher) same(a, b ir.Node) bool {
	a, b = belowReorder(a), belowReorder(b)
	switch b := b.(type) {
	case *ir.Scan:
		a, ok := a.(*ir.Scan)
		return ok && m.scan(a, b)
	case *ir.CTERef:
		a, ok := a.(*ir.CTERef)
		return ok && m.cteRef(a, b)
	case *ir.Remote:
		a, ok := a.(*ir.Remote)
		return ok && a.Source == b.Source && m.same(a.Input, b.Input)
	case *ir.Barrier:
		a, ok := a.(*ir.Barrier)
		return ok && m.same(a.Input, b.Input)
	case *ir.Filter:
		a, ok := a.(*ir.Filter)
		return ok && m.same(a.Input, b.Input) && m.conditions(a.Preds, b.Preds)
	case *ir.Project:
		a, ok := a.(*ir.Project)
		return ok && m.same(a.Input, b.Input) && m.assigned(a.Cols, b.Cols)
	case *ir.Join:
		a, ok := a.(*ir.Join)
		return ok && m.join(a, b)
	case *ir.Aggregate:
		a, ok := a.(*ir.Aggregate)
		return ok && m.aggregate(a, b)
	}
	return false
}

// gives reports whether a's rows have every column of b's.
func (m *matcher) gives(a, b ir.Node) bool {
	have := ir.SetOf(a.Output())
	for _, c := range b.Output() {
		if id, ok := m.ids[c.ID]; !ok || !have[id] {
			return false
		}
	}
	return true
}

func (m *matcher) scan(a, b *ir.Scan) bool {
	if a.Source != b.Source || a.Resource != b.Resource || a.Table.ID != b.Table.ID {
		return false
	}
	at := map[int]ir.ScanColumn{}
	for _, c := range a.Columns {
		at[c.Position] = c
	}
	for _, c := range b.Columns {
		twin, ok := at[c.Position]
		if !ok || twin.Base.Name != c.Base.Name || !twin.Type.Equal(c.Type) {
			return false
		}
		m.ids[c.ID] = twin.ID
	}
	return true
}

func (m *matcher) cteRef(a, b *ir.CTERef) bool {
	if a.ID != b.ID {
		return false
	}
	at := map[ir.ColID]ir.ColID{}
	for i, id := range a.From {
		at[id] = a.Columns[i].ID
	}
	for i, id := range b.From {
		twin, ok := at[id]
		if !ok {
			return false
		}
		m.ids[b.Columns[i].ID] = twin
	}
	return true
}

func (m *matcher) join(a, b *ir.Join) bool {
	switch {
	case a.Kind != b.Kind || a.Delim != nil || b.Delim != nil:
		return false
	case a.Kind != ir.Inner && a.Kind != ir.Left && a.Kind != ir.Semi && a.Kind != ir.Anti:
		return false
	}
	return m.same(a.Left, b.Left) && m.same(a.Right, b.Right) && m.conditions(a.On, b.On)
}

// conditions reports whether two lists are ANDs of the same.
func (m *matcher) conditions(a, b []ir.Expr) bool {
	first, second := ir.Conjuncts(a...), make([]ir.Expr, 0, len(b))
	for _, e := range ir.Conjuncts(b...) {
		second = append(second, m.translated(e))
	}
	return len(without(first, second)) == 0 && len(without(second, first)) == 0
}

func (m *matcher) translated(e ir.Expr) ir.Expr {
	return ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
		if r, ok := x.(*ir.Ref); ok {
			return &ir.Ref{ID: m.ids[r.ID], Name: r.Name, Typ: r.Typ} // 0 is no column's
		}
		return x
	})
}

// assigned reports whether each of b's columns is among a's.
func (m *matcher) assigned(a, b []ir.Assign) bool {
	for _, x := range b {
		e, found := m.translated(x.Expr), false
		for _, y := range a {
			if !found && ir.Equal(y.Expr, e) {
				m.ids[x.ID], found = y.ID, true
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func (m *matcher) aggregate(a, b *ir.Aggregate) bool {
	if a.Sets != nil || b.Sets != nil || len(a.Grouping)+len(b.Grouping) > 0 {
		return false
	}
	if !m.same(a.Input, b.Input) {
		return false
	}
	// a's groups are b's too, or it would have more of them.
	have := make([]ir.Expr, len(b.Groups))
	for i, g := range b.Groups {
		have[i] = m.translated(g.Expr)
	}
	return len(without(exprsOf(a.Groups), have)) == 0 && m.assigned(a.Groups, b.Groups) && m.assigned(a.Aggs, b.Aggs)
}
