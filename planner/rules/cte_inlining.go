package rules

import "github.com/lianji/lianji/planner/ir"

// cteInlining puts the definition of a CTE in the place of its references: where
// there is one, or where the definition is no more than a table, filters and
// projections. One that nobody reads goes away.
//
//	cte 1 t
//	  filter a.x > 1
//	    scan a
//	  inner join on y = z
//	    cte ref 1 t: y = #1
//	    scan b
//	->
//	inner join on y = z
//	  project y = a.x
//	    filter a.x > 1
//	      scan a
//	  scan b
//
// It is sound because a reference reads the rows of the definition, and these are the
// same wherever they are computed. It must not fire for a definition that is volatile
// and read more than once or materialised: its references must see the same rows.
// Nor does it copy an expression that can fail, a join, an aggregate or what else
// costs: computed once, it stays a CTE.
var cteInlining = Rule{Name: "cte_inlining", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		cte, ok := n.(*ir.CTE)
		if !ok {
			return n
		}
		refs := 0
		ir.Walk(cte.Body, func(n ir.Node) {
			if r, ok := n.(*ir.CTERef); ok && r.ID == cte.ID {
				refs++
			}
		})
		varies := varyingRows(cte.Def)
		switch {
		case refs == 0 && !varies:
		case refs == 1 && !(cte.Materialized && varies):
		case refs > 1 && !cte.Materialized && cheap(cte.Def):
		default:
			return n
		}
		return inlined(c.Plan, cte)
	}), nil
}}

// inlined replaces each reference; the first takes the definition itself, the others
// copies.
func inlined(p *ir.Plan, cte *ir.CTE) ir.Node {
	used := false
	return ir.Transform(cte.Body, func(n ir.Node) ir.Node {
		r, ok := n.(*ir.CTERef)
		if !ok || r.ID != cte.ID {
			return n
		}
		def, ids := cte.Def, map[ir.ColID]ir.ColID{}
		if used {
			def, ids = p.Copy(cte.Def)
		}
		used = true
		from := map[ir.ColID]ir.Column{}
		for _, col := range def.Output() {
			from[col.ID] = col
		}
		out := &ir.Project{Input: def}
		for i, col := range r.Columns {
			id := r.From[i]
			if now, ok := ids[id]; ok {
				id = now
			}
			out.Cols = append(out.Cols, ir.Assign{Column: col, Expr: from[id].Ref()})
		}
		return out
	})
}

// cheap reports whether a tree is a table with filters and projections that cannot
// fail: reading it twice costs no more than reading the table twice.
func cheap(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Scan:
		return true
	case *ir.Barrier:
		return cheap(n.Input)
	case *ir.Filter, *ir.Project:
		return total(n.Exprs()...) && cheap(n.Inputs()[0])
	}
	return false
}

// varyingRows reports whether a tree has an expression that is another value each time.
func varyingRows(n ir.Node) bool {
	found := false
	ir.Walk(n, func(n ir.Node) { found = found || volatile(n.Exprs()...) })
	return found
}
