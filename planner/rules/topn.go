package rules

import (
	"math"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// topN joins a LIMIT with the order below it and brings it nearer to the rows.
//
//	limit 5
//	  project a, c = b
//	    sort b
//	->
//	project a, c = b
//	  top 5 by b
//
// Both pass a projection, the order when it is by columns that are handed on. Both
// are copied, with what OFFSET skips added, to the sides of a UNION ALL.
//
// It is sound because a projection gives a row for each row in their order, and of
// the first n rows of a union at most n come from each side.
//
// It must not fire over a projection with an expression that can fail or is
// volatile, which is then evaluated on other rows, and not to the sides of a union
// for counts that are not known or not a number.
var topN = Rule{Name: "topn", Apply: func(c *Context) (ir.Node, error) {
	return limits(c.Plan.Root), nil
}}

// limits works from the root down, so that a limit falls as far as it can.
func limits(n ir.Node) ir.Node {
	n = lowered(n)
	inputs := n.Inputs()
	if len(inputs) == 0 || isBarrier(n) {
		return n
	}
	for i := range inputs {
		inputs[i] = limits(inputs[i])
	}
	return with(n, inputs...)
}

func lowered(n ir.Node) ir.Node {
	switch n := n.(type) {
	case *ir.Limit:
		switch in := n.Input.(type) {
		case *ir.Sort:
			if n.Count != nil {
				return lowered(&ir.TopN{Input: in.Input, Keys: in.Keys, Count: n.Count, Offset: n.Offset})
			}
		case *ir.Project:
			if total(exprsOf(in.Cols)...) {
				return in.With([]ir.Node{&ir.Limit{Input: in.Input, Count: n.Count, Offset: n.Offset}})
			}
		case *ir.SetOp:
			return copied(n, in, nil, n.Count, n.Offset)
		}
	case *ir.TopN:
		switch in := n.Input.(type) {
		case *ir.Project:
			if keys, ok := below(n.Keys, in.Cols); ok && total(exprsOf(in.Cols)...) {
				return in.With([]ir.Node{&ir.TopN{Input: in.Input, Keys: keys, Count: n.Count, Offset: n.Offset}})
			}
		case *ir.SetOp:
			return copied(n, in, n.Keys, n.Count, n.Offset)
		}
	}
	return n
}

// below rewrites keys that a projection only hands on.
func below(keys []ir.Key, cols []ir.Assign) ([]ir.Key, bool) {
	by := map[ir.ColID]ir.Expr{}
	for _, a := range cols {
		if _, ok := a.Expr.(*ir.Ref); ok {
			by[a.ID] = a.Expr
		}
	}
	out := make([]ir.Key, len(keys))
	for i, k := range keys {
		r, ok := k.Expr.(*ir.Ref)
		if !ok || by[r.ID] == nil {
			return nil, false
		}
		k.Expr = by[r.ID]
		out[i] = k
	}
	return out, true
}

// copied copies the bounds of n, a Limit or with keys a TopN, into the sides of the
// union below it.
func copied(n ir.Node, u *ir.SetOp, keys []ir.Key, count, offset ir.Expr) ir.Node {
	rows, ok := most(count, offset)
	if !ok || u.Kind != ir.Union || !u.All || volatile(n.Exprs()...) {
		return n
	}
	side := func(in ir.Node) ir.Node {
		if bounded(in, rows) {
			return in
		}
		bound := &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: rows}}
		if keys == nil {
			return &ir.Limit{Input: in, Count: bound}
		}
		by := map[ir.ColID]ir.Expr{}
		for i, c := range in.Output() {
			by[u.Columns[i].ID] = c.Ref()
		}
		own := make([]ir.Key, len(keys))
		for i, k := range keys {
			k.Expr = ir.Substitute(k.Expr, by)
			own[i] = k
		}
		return &ir.TopN{Input: in, Keys: own, Count: bound}
	}
	return with(n, with(u, side(u.Left), side(u.Right)))
}

// most gives count + offset when both are known.
func most(count, offset ir.Expr) (int64, bool) {
	n, ok := whole(count)
	if offset == nil || !ok {
		return n, ok
	}
	skip, ok := whole(offset)
	return n + skip, ok && n <= math.MaxInt64-skip
}

func whole(e ir.Expr) (int64, bool) {
	c, ok := e.(*ir.Const)
	if !ok {
		return 0, false
	}
	n, ok := c.Value.V.(int64)
	return n, ok && n >= 0
}

// bounded reports whether n gives no more rows than that already.
func bounded(n ir.Node, rows int64) bool {
	switch n := n.(type) {
	case *ir.Limit:
		have, ok := whole(n.Count)
		return ok && have <= rows
	case *ir.TopN:
		have, ok := whole(n.Count)
		return ok && have <= rows
	case *ir.Project, *ir.Remote:
		return bounded(n.Inputs()[0], rows)
	}
	return false
}
