package rules

import (
	"slices"

	"github.com/lianji/lianji/planner/ir"
)

// outerToInner makes an outer join a narrower one where what stands above drops the
// rows that were completed with NULLs.
//
//	filter b.y = 1
//	  left join on a.x = b.x
//	->
//	filter b.y = 1
//	  inner join on a.x = b.x
//
// It is sound because a comparison, an IN or a LIKE over NULL is not true, and no
// more is IS NOT NULL: a row that has NULL in all of b's columns is dropped anyway. A
// left or right join becomes an inner one, a full join a left, right or inner one.
//
// It must not fire for a condition that can be true over NULL (IS NULL, IS DISTINCT,
// COALESCE, CASE, an OR of which one part does not reject it), nor for one that can
// fail, whose error would vanish. What stands above a LIMIT, a window or an aggregate's
// result says nothing of the rows below.
var outerToInner = Rule{Name: "outer_to_inner", Apply: func(c *Context) (ir.Node, error) {
	return narrow(c.Plan.Root, nil), nil
}}

// narrow rebuilds n when only rows for which all of preds are true matter: preds may
// read columns of other inputs, with which a row of n is then paired.
func narrow(n ir.Node, preds []ir.Expr) ir.Node {
	switch n := n.(type) {
	case *ir.Filter:
		return with(n, narrow(n.Input, append(totals(n.Preds), preds...)))
	case *ir.Project:
		var through []ir.Expr
		if !volatile(n.Exprs()...) {
			through, _ = substituted(preds, n.Cols)
		}
		return with(n, narrow(n.Input, through))
	case *ir.Sort, *ir.Unnest, *ir.Distinct, *ir.Window:
		in := n.Inputs()[0]
		var through []ir.Expr
		if !volatile(n.Exprs()...) {
			through, _ = split(preds, passes(n, in))
		}
		return with(n, narrow(in, through))
	case *ir.Aggregate:
		var through []ir.Expr
		if n.Sets == nil && len(n.Groups) > 0 && !volatile(n.Exprs()...) {
			through, _ = split(preds, ir.SetOf(outputOf(n.Groups)))
			through, _ = substituted(through, n.Groups)
		}
		return with(n, narrow(n.Input, through))
	case *ir.CTE:
		return with(n, narrow(n.Def, nil), narrow(n.Body, preds))
	case *ir.Join:
		return narrowJoin(n, preds)
	case *ir.Barrier, *ir.Remote:
		return n
	}
	inputs := n.Inputs()
	for i := range inputs {
		inputs[i] = narrow(inputs[i], nil)
	}
	return with(n, inputs...)
}

// totals gives the conjuncts that cannot fail, of conditions none of which is volatile.
func totals(list []ir.Expr) []ir.Expr {
	if volatile(list...) {
		return nil
	}
	var out []ir.Expr
	for _, e := range ir.Conjuncts(list...) {
		if total(e) {
			out = append(out, e)
		}
	}
	return out
}

func narrowJoin(n *ir.Join, preds []ir.Expr) ir.Node {
	left, right := ir.OutputOf(n.Left), ir.OutputOf(n.Right)
	kind := n.Kind
	if !volatile(n.On...) {
		kind = narrowed(kind, rejected(preds, left), rejected(preds, right))
	}
	var on []ir.Expr
	if n.Delim == nil {
		on = totals(n.On)
	}
	var toLeft, toRight []ir.Expr
	switch kind {
	case ir.Inner:
		toLeft = slices.Concat(on, preds)
		toRight = toLeft
	case ir.Semi:
		toLeft, toRight = slices.Concat(on, preds), on
	case ir.Left, ir.Single, ir.Anti:
		toLeft, toRight = preds, on
	case ir.Right:
		toLeft, toRight = on, preds
	case ir.Mark:
		toLeft = preds
	}
	if n.Delim != nil {
		toRight = nil
	}
	out := with(n, narrow(n.Left, toLeft), narrow(n.Right, toRight))
	if kind != n.Kind {
		j := *(out.(*ir.Join))
		j.Kind = kind
		return &j
	}
	return out
}

func narrowed(k ir.JoinKind, noLeft, noRight bool) ir.JoinKind {
	switch {
	case k == ir.Left && noRight, k == ir.Right && noLeft, k == ir.Full && noLeft && noRight:
		return ir.Inner
	case k == ir.Full && noLeft: // no row without one of the left side
		return ir.Left
	case k == ir.Full && noRight:
		return ir.Right
	}
	return k
}

// rejected reports whether one of the predicates is not true of a row that has NULL
// in all columns of a side.
func rejected(preds []ir.Expr, side ir.Set) bool {
	for _, e := range preds {
		if rejects(e, side) {
			return true
		}
	}
	return false
}

func rejects(e ir.Expr, side ir.Set) bool {
	switch e := e.(type) {
	case *ir.And:
		return rejected(e.List, side)
	case *ir.Or:
		for _, x := range e.List {
			if !rejects(x, side) {
				return false
			}
		}
		return true
	case *ir.IsNull:
		return e.Negated && null(e.Arg, side)
	case *ir.Not:
		if inner, ok := e.Arg.(*ir.IsNull); ok {
			return !inner.Negated && null(inner.Arg, side)
		}
	}
	return null(e, side)
}

// null reports whether an expression is NULL where all columns of a side are.
func null(e ir.Expr, side ir.Set) bool {
	switch e := e.(type) {
	case *ir.Ref:
		return side[e.ID]
	case *ir.Compare:
		return e.Op != ir.IsDistinct && e.Op != ir.IsNotDistinct && (null(e.Left, side) || null(e.Right, side))
	case *ir.In:
		return null(e.Arg, side)
	case *ir.Not:
		return null(e.Arg, side)
	case *ir.Cast:
		return null(e.Arg, side)
	case *ir.Func:
		return like(e) && null(e.List[0], side)
	}
	return false
}
