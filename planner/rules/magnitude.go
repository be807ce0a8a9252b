package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// rowDigits are the digits of more rows than an operator will ever read: at a
// hundred million rows a second they would take months.
const rowDigits = 15

// sumDigits are those of which every sum fits DuckDB's: it adds in 128 bits.
const sumDigits = 38 - rowDigits

// digitsOf gives how many decimal digits, without the point, a value of a decimal
// expression has at most: those of its type, or fewer where it is a sum of narrower
// values. Without a bound it gives what no sum fits.
func digitsOf(root ir.Node, e ir.Expr) int32 {
	t := e.Type()
	if t.Kind != catalog.Decimal {
		if d, ok := digits[t.Kind]; ok {
			return d
		}
		return sumDigits + 1
	}
	bound := t.Precision
	switch e := e.(type) {
	case *ir.Cast:
		if from := e.Arg.Type(); from.Kind == catalog.Decimal && t.Scale >= from.Scale {
			bound = min(bound, digitsOf(root, e.Arg)+t.Scale-from.Scale)
		}
	case *ir.Agg:
		switch e.Name {
		case "sum":
			bound = min(bound, digitsOf(root, e.List[0])+rowDigits)
		case "min", "max":
			bound = min(bound, digitsOf(root, e.List[0]))
		}
	case *ir.Ref:
		if from := madeBy(root, e.ID); from != nil {
			bound = min(bound, digitsOf(root, from))
		}
	}
	return bound
}

// madeBy gives the expression that computes a column, a reference to the CTE's column
// for that of a CTERef, or nil.
func madeBy(root ir.Node, id ir.ColID) (made ir.Expr) {
	find := func(list []ir.Assign) {
		for _, a := range list {
			if r, ok := a.Expr.(*ir.Ref); a.ID == id && (!ok || r.ID != id) {
				made = a.Expr
			}
		}
	}
	ir.Walk(root, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Project:
			find(n.Cols)
		case *ir.Aggregate:
			find(n.Groups)
			find(n.Aggs)
		case *ir.CTERef:
			for i, c := range n.Columns {
				if c.ID == id {
					made = &ir.Ref{ID: n.From[i], Name: c.Name, Typ: c.Type}
				}
			}
		}
	})
	return made
}
