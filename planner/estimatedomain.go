package planner

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// domain is how many values a column can have.
type domain struct {
	values float64 // less than 0 when unknown
	base   float64 // rows of the table that they are the values of; 0 where there is no one table
	scan   *ir.Scan
	id     ir.ColID // in scan
	column string   // of scan, by its name
	known  catalog.ColumnStatistics
	narrow bool // a condition left but some of the table's values
}

var noDomain = domain{values: -1, known: catalog.ColumnStatistics{NullShare: -1}}

// plain takes off casts, which rarely make two values one.
func plain(x ir.Expr) ir.Expr {
	for {
		c, ok := x.(*ir.Cast)
		if !ok {
			return x
		}
		x = c.Arg
	}
}

// domainOf gives the domain of an expression over n.
func (e *estimator) domainOf(n ir.Node, x ir.Expr) domain {
	switch x := plain(x).(type) {
	case *ir.Ref:
		return e.domain(n, x.ID)
	case *ir.Const:
		return domain{values: 1, known: noDomain.known}
	case *ir.Func:
		var one *ir.Ref
		for id := range ir.RefsOf(x) {
			if one != nil {
				return noDomain
			}
			one = &ir.Ref{ID: id}
		}
		if one == nil {
			return noDomain
		}
		d := e.domain(n, one.ID)
		// Of another value than the column's nothing is known but that there are no more.
		d.known, d.column, d.id = noDomain.known, "", 0
		if parts := partsOf(x.Name, e.domain(n, one.ID).known); parts > 0 && d.values > parts {
			d.values = parts
		}
		return d
	}
	return noDomain
}

const microsOfDay = 24 * 60 * 60 * 1e6

// partsOf gives how many values a part of a date has over an extent; -1 when unknown.
func partsOf(function string, c catalog.ColumnStatistics) float64 {
	days := c.Extent() / microsOfDay
	switch function {
	case "month":
		return 12
	case "quarter":
		return 4
	case "day", "dayofmonth":
		return 31
	case "dayofweek", "weekday", "isodow":
		return 7
	case "hour":
		return 24
	case "year":
		if days >= 0 {
			return days/365.25 + 1
		}
	}
	return -1
}

// domain gives the domain of a column of n.
func (e *estimator) domain(n ir.Node, id ir.ColID) domain {
	switch n := n.(type) {
	case *ir.Scan:
		for _, c := range n.Columns {
			if c.ID == id {
				return ofColumn(n, c)
			}
		}
		return noDomain
	case *ir.Filter:
		return e.narrowed(n, e.domain(n.Input, id), id)
	case *ir.Project:
		for _, c := range n.Cols {
			if c.ID == id {
				return e.domainOf(n.Input, c.Expr)
			}
		}
		return noDomain
	case *ir.Aggregate:
		for _, g := range n.Groups {
			if g.ID == id {
				d := e.domainOf(n.Input, g.Expr)
				d.base = 0 // a value does not stand in as many rows any more
				return d
			}
		}
		return noDomain
	case *ir.Join:
		if n.Kind == ir.Mark && n.Mark.ID == id {
			return domain{values: 2, known: noDomain.known}
		}
		if d := e.domain(n.Left, id); d.values >= 0 || d.scan != nil {
			return d
		}
		return e.domain(n.Right, id) // ids are unique: what is not there is not known
	case *ir.SetOp:
		for i, c := range n.Columns {
			if c.ID == id {
				left, right := e.domain(n.Left, n.Left.Output()[i].ID), e.domain(n.Right, n.Right.Output()[i].ID)
				if left.values < 0 || right.values < 0 {
					return noDomain
				}
				return domain{values: max(left.values, right.values), known: noDomain.known}
			}
		}
		return noDomain
	case *ir.CTE:
		e.defs[n.ID] = n.Def
		return e.domain(n.Body, id)
	case *ir.CTERef:
		for i, c := range n.Columns {
			if def := e.defs[n.ID]; c.ID == id && def != nil {
				return e.domain(def, n.From[i])
			}
		}
		return noDomain
	}
	if inputs := n.Inputs(); len(inputs) == 1 {
		return e.domain(inputs[0], id)
	}
	return noDomain
}

// ofColumn gives what the statistics of a table tell of a column.
func ofColumn(s *ir.Scan, c ir.ScanColumn) domain {
	rows := float64(s.Table.Estimate())
	d := domain{values: -1, base: max(rows, 0), scan: s, id: c.ID, column: c.Base.Name, known: s.Table.Statistics().Column(c.Base.Name)}
	switch extent := d.known.Extent(); {
	case d.known.Distinct > 0:
		d.values = d.known.Distinct
	case c.Base.Type.Kind == catalog.Bool:
		d.values = 2
	case rows >= 0 && keyAlone(s.Table, c.Base.Name):
		d.values = rows
	case extent >= 0 && rows >= 0 && wholeNumbers(c.Base.Type.Kind):
		d.values = min(extent+1, rows)
	case extent >= 0 && rows >= 0 && c.Base.Type.Kind == catalog.Date:
		d.values = min(extent/microsOfDay+1, rows)
	}
	return d
}

func keyAlone(t *catalog.Table, name string) bool {
	for _, key := range keysOf(t) {
		if len(key) == 1 && catalog.SameName(key[0], name) {
			return true
		}
	}
	return false
}

func wholeNumbers(k catalog.Kind) bool {
	switch k {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		return true
	}
	return false
}

// narrowed looks for conditions of a filter on the column itself: these leave fewer
// values, while others leave fewer rows.
func (e *estimator) narrowed(f *ir.Filter, d domain, id ir.ColID) domain {
	for _, p := range f.Preds {
		refs := ir.RefsOf(p)
		if d.values < 0 || len(refs) != 1 || !refs[id] {
			continue
		}
		left := d.values
		switch p := p.(type) {
		case *ir.Compare:
			switch p.Op {
			case ir.Eq, ir.IsNotDistinct:
				left = 1
			case ir.Lt, ir.Le, ir.Gt, ir.Ge:
				left *= e.keptByAll([]ir.Expr{p}, f.Input)
			}
		case *ir.In:
			if !p.Negated {
				left = float64(len(p.List))
			}
		}
		if left < d.values {
			d.values, d.narrow = max(left, 1), true
			d.base = 0
		}
	}
	return d
}
