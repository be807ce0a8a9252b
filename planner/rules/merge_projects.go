package rules

import "github.com/lianji/lianji/planner/ir"

// mergeProjects makes one projection of two, and none of one that changes nothing.
//
//	project x = c + 1, y = d
//	  project c = a * 2, d = b
//	->
//	project x = a * 2 + 1, y = b
//
// It is sound because an expression may stand for the column that it computes.
//
// It must not fire where that would compute something twice, for a volatile
// expression, nor where an expression that can fail would come into a CASE, a
// COALESCE, an AND or an OR, which may leave it out and its error with it.
var mergeProjects = Rule{Name: "merge_projects", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		outer, ok := n.(*ir.Project)
		if !ok {
			return n
		}
		if inner, ok := outer.Input.(*ir.Project); ok && mergeable(outer, inner) {
			by := map[ir.ColID]ir.Expr{}
			for _, a := range inner.Cols {
				by[a.ID] = a.Expr
			}
			merged := outer.MapExprs(func(e ir.Expr) ir.Expr { return ir.Substitute(e, by) })
			outer = merged.With([]ir.Node{inner.Input}).(*ir.Project)
		}
		if changesNothing(outer) {
			return outer.Input
		}
		return outer
	}), nil
}}

func changesNothing(p *ir.Project) bool {
	in := p.Input.Output()
	if len(in) != len(p.Cols) {
		return false
	}
	for i, a := range p.Cols {
		if r, ok := a.Expr.(*ir.Ref); !ok || r.ID != a.ID || in[i].ID != a.ID {
			return false
		}
	}
	return true
}

func mergeable(outer, inner *ir.Project) bool {
	if volatile(exprsOf(inner.Cols)...) {
		return false
	}
	reads := map[ir.ColID]int{}
	optional := ir.Set{} // read where it may be left out
	for _, e := range exprsOf(outer.Cols) {
		ir.WalkExpr(e, func(x ir.Expr) {
			switch x := x.(type) {
			case *ir.Ref:
				reads[x.ID]++
			case *ir.Case, *ir.Coalesce, *ir.And, *ir.Or:
				optional.Add(x)
			}
		})
	}
	for _, a := range inner.Cols {
		switch a.Expr.(type) {
		case *ir.Ref, *ir.Const, *ir.Param:
			continue
		}
		if reads[a.ID] > 1 || reads[a.ID] == 0 || (optional[a.ID] && !total(a.Expr)) {
			return false
		}
	}
	return true
}
