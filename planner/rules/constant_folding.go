package rules

import (
	"cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// constantFolding computes what is constant in a condition.
//
//	filter a = CAST('2024-01-01' AS DATE) AND (NULL IS NULL OR b)
//	->
//	filter a = DATE '2024-01-01'
//
// It is sound because a cast is computed only where DuckDB's is known to give that
// very value (ir.CastValue), sums only where they are exact, comparisons only over values whose order is the one of
// Go, and AND, OR and NOT follow SQL's three values. A TRUE conjunct of a filter or
// a join is no condition at all.
//
// It must not fire where an operand that can fail would vanish: FALSE AND x is FALSE
// only when x is total. A filter that is constantly FALSE or NULL stays a filter.
var constantFolding = Rule{Name: "constant_folding", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, foldNode), nil
}}

func foldNode(n ir.Node) ir.Node {
	n = mapExprs(n, fold)
	switch n := n.(type) {
	case *ir.Filter:
		if preds := withoutTrue(n.Preds); len(preds) == 0 {
			return n.Input
		} else if len(preds) < len(n.Preds) {
			return &ir.Filter{Input: n.Input, Preds: preds}
		}
	case *ir.Join:
		if on := withoutTrue(n.On); len(on) < len(n.On) {
			j := *n
			j.On = on
			return &j
		}
	}
	return n
}

func withoutTrue(list []ir.Expr) []ir.Expr {
	keep := func(e ir.Expr) bool {
		b, known := truth(e)
		return !known || b != true
	}
	for _, e := range list {
		if !keep(e) {
			var out []ir.Expr
			for _, e := range list {
				if keep(e) {
					out = append(out, e)
				}
			}
			return out
		}
	}
	return list
}

func fold(e ir.Expr) ir.Expr { return ir.TransformExpr(e, foldOne) }

func foldOne(e ir.Expr) ir.Expr {
	switch e := e.(type) {
	case *ir.Cast:
		if c, ok := e.Arg.(*ir.Const); ok {
			if v, ok := ir.CastValue(c.Value, e.Typ); ok {
				return &ir.Const{Value: v}
			}
		}
	case *ir.Func:
		return foldArithmetic(e)
	case *ir.Compare:
		return foldCompare(e)
	case *ir.IsNull:
		if c, ok := e.Arg.(*ir.Const); ok {
			return boolean(c.Value.IsNull() != e.Negated)
		}
	case *ir.In:
		return foldIn(e)
	case *ir.Not:
		if b, known := truth(e.Arg); known {
			return boolean(negate(b))
		}
	case *ir.And:
		return foldList(e, e.List, false)
	case *ir.Or:
		return foldList(e, e.List, true)
	}
	return e
}

// truth gives a constant condition's value: a bool, or nil for NULL.
func truth(e ir.Expr) (value any, known bool) {
	c, ok := e.(*ir.Const)
	if !ok || c.Value.Type.Kind != catalog.Bool {
		return nil, false
	}
	return c.Value.V, true
}

func boolean(v any) ir.Expr { return &ir.Const{Value: catalog.Value{Type: ir.Bool, V: v}} }

func negate(v any) any {
	if b, ok := v.(bool); ok {
		return !b
	}
	return nil
}

// foldList folds an AND or an OR. The one value that decides it is FALSE for AND and
// TRUE for OR; the other one does nothing.
func foldList(e ir.Expr, list []ir.Expr, decides bool) ir.Expr {
	var rest []ir.Expr
	decided, null := false, false
	for _, x := range list {
		switch b, known := truth(x); {
		case !known:
			rest = append(rest, x)
		case b == nil:
			null = true
		case b == decides:
			decided = true
		}
	}
	switch {
	case len(rest) == len(list):
		return e
	case decided && total(rest...):
		return boolean(decides)
	case decided:
		rest = append(rest, boolean(decides))
	case null:
		rest = append(rest, boolean(nil))
	case len(rest) == 0:
		return boolean(!decides)
	}
	if len(rest) == 1 {
		return rest[0]
	}
	if len(rest) == len(list) {
		return e
	}
	return e.WithArgs(rest)
}

func foldCompare(e *ir.Compare) ir.Expr {
	l, okLeft := e.Left.(*ir.Const)
	r, okRight := e.Right.(*ir.Const)
	if !okLeft || !okRight || !l.Value.Type.Equal(r.Value.Type) {
		return e
	}
	distinct := e.Op == ir.IsDistinct || e.Op == ir.IsNotDistinct
	switch lNull, rNull := l.Value.IsNull(), r.Value.IsNull(); {
	case (lNull || rNull) && distinct:
		return boolean((lNull != rNull) == (e.Op == ir.IsDistinct))
	case lNull || rNull:
		return boolean(nil)
	}
	order, ok := compareValues(l.Value, r.Value)
	if !ok {
		return e
	}
	switch e.Op {
	case ir.Eq, ir.IsNotDistinct:
		return boolean(order == 0)
	case ir.Ne, ir.IsDistinct:
		return boolean(order != 0)
	case ir.Lt:
		return boolean(order < 0)
	case ir.Le:
		return boolean(order <= 0)
	case ir.Gt:
		return boolean(order > 0)
	case ir.Ge:
		return boolean(order >= 0)
	}
	return e
}

// compareValues orders two values of one type that is an integer's, a date's, a
// timestamp's or a boolean's.
func compareValues(l, r catalog.Value) (order int, ok bool) {
	switch l.Type.Kind {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Date, catalog.Timestamp:
		a, okLeft := l.V.(int64)
		b, okRight := r.V.(int64)
		return cmp.Compare(a, b), okLeft && okRight
	case catalog.Bool:
		a, okLeft := l.V.(bool)
		b, okRight := r.V.(bool)
		switch {
		case a == b:
			return 0, okLeft && okRight
		case b:
			return -1, okLeft && okRight
		}
		return 1, okLeft && okRight
	}
	return 0, false
}

// foldIn folds an IN whose operands are all constant: an OR of equalities.
func foldIn(e *ir.In) ir.Expr {
	for _, x := range e.List { // one that fails must not vanish behind an equal one
		if _, ok := x.(*ir.Const); !ok {
			return e
		}
	}
	null := false
	for _, x := range e.List {
		b, known := truth(foldCompare(&ir.Compare{Op: ir.Eq, Left: e.Arg, Right: x}))
		switch {
		case !known:
			return e
		case b == nil:
			null = true
		case b == true:
			return boolean(!e.Negated)
		}
	}
	if null {
		return boolean(nil)
	}
	return boolean(e.Negated)
}
