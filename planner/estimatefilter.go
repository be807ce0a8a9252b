package planner

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Shares of rows that a condition is taken to keep where nothing is known of the
// column.
const (
	keptByEquality = 0.1
	keptByRange    = 0.33
	keptByPattern  = 0.1
	keptAtLeast    = 1e-5 // statistics have an age: what they have not seen may be there
)

// between is the part of a column's values that conditions leave.
type between struct{ from, to, values float64 }

// keptByAll is the share of n's rows that all of the conditions keep together. They
// are taken to have nothing to do with each other, except for the two ends of a range.
func (e *estimator) keptByAll(preds []ir.Expr, n ir.Node) float64 {
	share := 1.0
	ranges := map[ir.ColID]*between{}
	var order []ir.ColID
	for _, p := range conjunctsOf(preds) {
		id, d, v, op, ok := e.rangeOf(p, n)
		if !ok {
			share *= e.kept(p, n)
			continue
		}
		b := ranges[id]
		if b == nil {
			b = &between{0, 1, 1 - max(d.known.NullShare, 0)}
			ranges[id] = b
			order = append(order, id)
		}
		below := d.known.Below(v)
		own := 0.0 // what the end itself holds
		if d.values >= 1 {
			own = 1 / d.values
		}
		switch op {
		case ir.Lt:
			b.to = min(b.to, below)
		case ir.Le:
			b.to = min(b.to, below+own)
		case ir.Gt:
			b.from = max(b.from, below+own)
		case ir.Ge:
			b.from = max(b.from, below)
		}
	}
	for _, id := range order {
		b := ranges[id]
		share *= max(b.to-b.from, keptAtLeast) * b.values
	}
	return min(share, 1)
}

func conjunctsOf(preds []ir.Expr) []ir.Expr {
	var out []ir.Expr
	for _, p := range preds {
		if and, ok := p.(*ir.And); ok {
			out = append(out, conjunctsOf(and.List)...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// rangeOf reads `column < constant` and its like, where it is known how the column's
// values lie.
func (e *estimator) rangeOf(p ir.Expr, n ir.Node) (id ir.ColID, d domain, v catalog.Value, op ir.CompareOp, ok bool) {
	cmp, isCompare := p.(*ir.Compare)
	if !isCompare {
		return 0, d, v, 0, false
	}
	column, constant, op := plain(cmp.Left), plain(cmp.Right), cmp.Op
	if _, isConst := column.(*ir.Const); isConst {
		column, constant, op = constant, column, op.Flip()
	}
	ref, isRef := column.(*ir.Ref)
	c, isConst := constant.(*ir.Const)
	if !isRef || !isConst || op < ir.Lt || op > ir.Ge {
		return 0, d, v, 0, false
	}
	d = e.domain(n, ref.ID)
	return ref.ID, d, c.Value, op, d.known.Below(c.Value) >= 0
}

// kept is the share of n's rows that a condition keeps.
func (e *estimator) kept(x ir.Expr, n ir.Node) float64 {
	switch x := x.(type) {
	case *ir.Const:
		if yes, ok := x.Value.V.(bool); ok && yes {
			return 1
		}
		return keptAtLeast
	case *ir.Compare:
		switch x.Op {
		case ir.Eq, ir.IsNotDistinct:
			return e.equal(x.Left, x.Right, n)
		case ir.Ne, ir.IsDistinct:
			return 1 - e.equal(x.Left, x.Right, n)
		}
		if _, _, _, _, ok := e.rangeOf(x, n); ok {
			return e.keptByAll([]ir.Expr{x}, n)
		}
		return keptByRange
	case *ir.In:
		share := 0.0
		for _, item := range x.List {
			share += e.equal(x.Arg, item, n)
		}
		share = min(share, 1)
		if x.Negated {
			return max(1-share, keptAtLeast)
		}
		return share
	case *ir.IsNull:
		share := keptByEquality
		if known := e.domainOf(n, x.Arg).known.NullShare; known >= 0 {
			share = max(known, keptAtLeast)
		}
		if x.Negated {
			return 1 - share
		}
		return share
	case *ir.And:
		return e.keptByAll(x.List, n)
	case *ir.Or:
		dropped := 1.0
		for _, item := range x.List {
			dropped *= 1 - e.kept(item, n)
		}
		return 1 - dropped
	case *ir.Not:
		return max(1-e.kept(x.Arg, n), keptAtLeast)
	case *ir.Func:
		switch x.Name {
		case "~~", "~~*", "like_escape", "prefix", "suffix", "contains", "starts_with":
			return keptByPattern
		case "!~~", "!~~*", "not_like_escape":
			return 1 - keptByPattern
		}
	}
	return keptByRange
}

// equal is the share of rows in which two values are equal.
func (e *estimator) equal(a, b ir.Expr, n ir.Node) float64 {
	a, b = plain(a), plain(b)
	if _, isConst := a.(*ir.Const); isConst {
		a, b = b, a
	}
	if c, isConst := b.(*ir.Const); isConst {
		d := e.domainOf(n, a)
		if share := d.known.Equal(c.Value); share >= 0 && !d.narrow {
			return max(share, keptAtLeast/100)
		}
		if d.values >= 1 {
			return 1 / d.values
		}
		return keptByEquality
	}
	if values := max(e.domainOf(n, a).values, e.domainOf(n, b).values); values >= 1 {
		return 1 / values
	}
	return keptByEquality
}
