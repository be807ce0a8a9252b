package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// neverNull reports whether an expression surely has a value on every row of n. A
// table's own NOT NULL is a declaration and proves nothing.
func neverNull(e ir.Expr, n ir.Node) bool {
	switch e := e.(type) {
	case *ir.Ref:
		return columnNeverNull(e.ID, n)
	case *ir.Const:
		return !e.Value.IsNull()
	case *ir.Cast:
		return !e.Try && neverNull(e.Arg, n)
	case *ir.IsNull:
		return true
	case *ir.Coalesce:
		for _, x := range e.List {
			if neverNull(x, n) {
				return true
			}
		}
	}
	return false
}

func columnNeverNull(id ir.ColID, n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Filter:
		return withValue(n.Preds...)[id] || columnNeverNull(id, n.Input)
	case *ir.Barrier, *ir.Sort, *ir.Limit, *ir.TopN, *ir.Distinct:
		return columnNeverNull(id, n.Inputs()[0])
	case *ir.Project:
		return assignNeverNull(id, n.Cols, n.Input)
	case *ir.Window:
		return columnNeverNull(id, n.Input)
	case *ir.Aggregate:
		if n.Sets != nil {
			return false
		}
		for _, a := range n.Aggs {
			if g, ok := a.Expr.(*ir.Agg); ok && a.ID == id {
				return g.Name == "count" || g.Name == "count_star"
			}
		}
		return assignNeverNull(id, n.Groups, n.Input)
	case *ir.Join:
		return joinNeverNull(id, n)
	case *ir.Values:
		return valuesNeverNull(id, n)
	}
	return false
}

func assignNeverNull(id ir.ColID, list []ir.Assign, input ir.Node) bool {
	for _, a := range list {
		if a.ID == id {
			return neverNull(a.Expr, input)
		}
	}
	return false
}

func joinNeverNull(id ir.ColID, n *ir.Join) bool {
	left := ir.OutputOf(n.Left)[id]
	switch n.Kind {
	case ir.Inner:
		return withValue(n.On...)[id] || (left && columnNeverNull(id, n.Left)) || (!left && columnNeverNull(id, n.Right))
	case ir.Semi:
		return withValue(n.On...)[id] || columnNeverNull(id, n.Left)
	case ir.Left, ir.Single, ir.Anti, ir.Mark:
		return left && columnNeverNull(id, n.Left)
	}
	return false
}

func valuesNeverNull(id ir.ColID, n *ir.Values) bool {
	for i, c := range n.Columns {
		if c.ID != id {
			continue
		}
		for _, row := range n.Rows {
			if !neverNull(row[i], n) {
				return false
			}
		}
		return true
	}
	return false
}

// withValue gives columns that are surely not NULL on a row where all of preds are
// true.
func withValue(preds ...ir.Expr) ir.Set {
	out := ir.Set{}
	for _, p := range ir.Conjuncts(preds...) {
		switch p := p.(type) {
		case *ir.Ref:
			out[p.ID] = true
		case *ir.IsNull:
			if p.Negated {
				addStrict(out, p.Arg)
			}
		case *ir.Compare:
			if p.Op < ir.IsDistinct {
				addStrict(out, p.Left)
				addStrict(out, p.Right)
			}
		case *ir.In:
			addStrict(out, p.Arg)
		case *ir.Not:
			addStrict(out, p.Arg)
		case *ir.Func:
			addStrict(out, p)
		case *ir.Or:
			addCommon(out, p.List)
		}
	}
	return out
}

// addCommon adds what has a value whichever of the list is true.
func addCommon(out ir.Set, list []ir.Expr) {
	count := map[ir.ColID]int{}
	for _, e := range list {
		for id := range withValue(e) {
			count[id]++
		}
	}
	for id, n := range count {
		if n == len(list) {
			out[id] = true
		}
	}
}

// strictFunctions give NULL as soon as one argument is NULL.
var strictFunctions = map[string]bool{"+": true, "-": true, "*": true, "/": true, "//": true, "%": true, "~~": true, "!~~": true}

// addStrict adds the columns without whose value e has none.
func addStrict(out ir.Set, e ir.Expr) {
	switch e := e.(type) {
	case *ir.Ref:
		out[e.ID] = true
	case *ir.Cast:
		addStrict(out, e.Arg)
	case *ir.Not:
		addStrict(out, e.Arg)
	case *ir.Compare:
		if e.Op < ir.IsDistinct {
			addStrict(out, e.Left)
			addStrict(out, e.Right)
		}
	case *ir.Func:
		if strictFunctions[e.Name] && scalars(e.List) {
			for _, a := range e.List {
				addStrict(out, a)
			}
		}
	}
}

// scalars reports whether no expression is a list or made of others: over those the
// operators are functions of another kind.
func scalars(list []ir.Expr) bool {
	for _, e := range list {
		switch e.Type().Kind {
		case catalog.List, catalog.Struct, catalog.Map, catalog.JSON:
			return false
		}
	}
	return true
}
