package rules

import (
	"slices"

	"github.com/lianji/lianji/planner/ir"
)

// factored takes out of an OR the conjuncts that all its alternatives have: (a AND
// b) OR (a AND c) is a AND (b OR c), for NULL too. The expression must be total,
// because an alternative is then evaluated where it was not.
func factored(e ir.Expr) ir.Expr {
	o, ok := e.(*ir.Or)
	if !ok {
		return e
	}
	alternatives := alternativesOf(o)
	others := make([]*exprSet, 0, len(alternatives))
	for _, other := range alternatives[1:] {
		others = append(others, setOf(other))
	}
	shared := setOf(nil)
	for _, x := range alternatives[0] {
		if !slices.ContainsFunc(others, func(other *exprSet) bool { return !other.has(x) }) && !shared.has(x) {
			shared.add(x)
		}
	}
	common := shared.list
	if len(common) == 0 {
		return e
	}
	rest := make([]ir.Expr, 0, len(alternatives))
	for _, list := range alternatives {
		var own []ir.Expr
		for _, x := range list {
			if !shared.has(x) {
				own = append(own, x)
			}
		}
		if len(own) == 0 { // a OR (a AND b) is a
			return and(common)
		}
		rest = append(rest, and(own))
	}
	return and(append(common, &ir.Or{List: rest}))
}

// impliedFor gives what ORs among the predicates say of the columns of one side
// alone: an OR of the parts of each alternative that read that side only, if each
// has one. Where the OR is true, so is that.
func impliedFor(side ir.Set, preds []ir.Expr, allowed bool) []ir.Expr {
	if !allowed {
		return nil
	}
	var out []ir.Expr
	for _, e := range preds {
		o, ok := e.(*ir.Or)
		if !ok || !total(o) {
			continue
		}
		var parts []ir.Expr
		for _, list := range alternativesOf(o) {
			own, _ := split(list, side)
			if len(own) == 0 {
				parts = nil
				break
			}
			parts = append(parts, and(own))
		}
		if len(parts) > 0 {
			out = append(out, ir.Conjuncts(factored(&ir.Or{List: parts}))...)
		}
	}
	return out
}

// alternativesOf gives the conjuncts of each alternative of an OR.
func alternativesOf(o *ir.Or) [][]ir.Expr {
	var out [][]ir.Expr
	for _, x := range o.List {
		if inner, ok := x.(*ir.Or); ok {
			out = append(out, alternativesOf(inner)...)
			continue
		}
		out = append(out, ir.Conjuncts(x))
	}
	return out
}

func and(list []ir.Expr) ir.Expr {
	if len(list) == 1 {
		return list[0]
	}
	return &ir.And{List: list}
}
