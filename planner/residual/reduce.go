package residual

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// reduction says that an aggregate needs the groups of some keys alone: those in a
// column of few, rows that the text has in a table of its own.
type reduction struct {
	key ir.Expr  // over the aggregate's input
	few ir.Node  // below the other side of the join that reads the aggregate
	col ir.ColID // few's column that has every key
}

// reduce looks for a join whose right side groups by what a few rows of its left side
// decide, as a correlated subquery does once it is untangled, and lets the aggregate
// see the rows of these keys alone, by a semi join:
//
//	WITH few AS MATERIALIZED (SELECT ... FROM b WHERE b.x = 1)
//	SELECT ... FROM a JOIN few ON a.k = few.k
//	LEFT JOIN (SELECT max(c.v), c.k FROM c SEMI JOIN few ON c.k = few.k GROUP BY c.k) AS d ON d.k = few.k
//
// It is sound because the join's other side has no value in that column, NULL aside,
// that is not among those of few, and = finds no partner for a NULL: groups that are
// not made would have met no row. What is not computed for them cannot have failed, for
// nothing but columns and aggregates over columns stands there. Few is read once,
// as before: both places read the table.
//
// It is not done for a mark join, which tells a NULL from no row; for a key that is
// computed; nor for a side without a condition that leaves few rows: its rows are all
// held for the time of the statement.
func (w *writer) reduce(n *ir.Join) {
	if n.Delim != nil || n.Kind == ir.Mark || n.Kind == ir.Right || n.Kind == ir.Full {
		return
	}
	agg, groups := w.grouped(n.Right)
	if agg == nil || w.reduced[agg] != nil || !w.steadyGroups(agg) {
		return
	}
	for _, e := range ir.Conjuncts(n.On...) {
		c, ok := e.(*ir.Compare)
		if !ok || c.Op != ir.Eq {
			continue
		}
		l, okLeft := c.Left.(*ir.Ref)
		r, okRight := c.Right.(*ir.Ref)
		if !okLeft || !okRight || !l.Typ.Equal(r.Typ) || !comparable(l.Typ) {
			continue
		}
		if groups[l.ID] != nil {
			l, r = r, l
		}
		key := groups[r.ID]
		if key == nil {
			continue
		}
		if few, col := w.fewWith(n.Left, l.ID); few != nil {
			w.hold(few)
			w.reduced[agg], w.joinedFew[n] = &reduction{key: key, few: few, col: col}, true
			return
		}
	}
}

// comparable reports whether equality of two values is the same in a join and in a
// group: not so for floating point, of which 0 and -0 are one group.
func comparable(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32,
		catalog.Uint64, catalog.HugeInt, catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp, catalog.TimestampTZ, catalog.UUID:
		return true
	}
	return false
}

// grouped gives the aggregate of which n hands columns on, and what of them are
// groups, as columns of the aggregate's input.
func (w *writer) grouped(n ir.Node) (*ir.Aggregate, map[ir.ColID]*ir.Ref) {
	if _, ok := w.leaves[n]; ok {
		return nil, nil
	}
	groups := map[ir.ColID]*ir.Ref{}
	switch n := n.(type) {
	case *ir.Project:
		agg, below := w.grouped(n.Input)
		if agg == nil {
			return nil, nil
		}
		for _, a := range n.Cols {
			r, ok := a.Expr.(*ir.Ref)
			if !ok {
				return nil, nil
			}
			if key := below[r.ID]; key != nil {
				groups[a.ID] = key
			}
		}
		return agg, groups
	case *ir.Aggregate:
		for _, g := range n.Groups {
			if r, ok := g.Expr.(*ir.Ref); ok && n.Sets == nil {
				groups[g.ID] = r
			}
		}
		return n, groups
	}
	return nil, nil
}

// sumDigits are those of which every sum fits DuckDB's, of 38 digits, for more rows
// than anyone will ever read.
const sumDigits = 23

// steadyGroups reports whether nothing in an aggregate and below it, as far as it is
// written here, can fail or differs from call to call.
func (w *writer) steadyGroups(n *ir.Aggregate) bool {
	for _, a := range n.Aggs {
		call, ok := a.Expr.(*ir.Agg)
		if !ok || len(call.Order) > 0 || len(call.List) > 1 || (call.Filter != nil && !tame(call.Filter)) {
			return false
		}
		for _, e := range call.List {
			if _, ok := e.(*ir.Ref); !ok {
				return false
			}
		}
		switch call.Name {
		case "count_star", "count", "min", "max", "bool_and", "bool_or":
		case "sum", "avg":
			if t := call.List[0].Type(); t.Kind != catalog.Int32 && t.Kind != catalog.Int64 && (t.Kind != catalog.Decimal || t.Precision > sumDigits) {
				return false
			}
		default:
			return false
		}
	}
	return w.tameTree(n.Input)
}

func (w *writer) tameTree(n ir.Node) bool {
	if _, ok := w.leaves[n]; ok {
		return true
	}
	switch n := n.(type) {
	case *ir.Filter, *ir.Project:
	case *ir.Join:
		if n.Delim != nil || n.Kind == ir.Single {
			return false
		}
	default:
		return false
	}
	for _, e := range n.Exprs() {
		if !tame(e) {
			return false
		}
	}
	for _, in := range n.Inputs() {
		if !w.tameTree(in) {
			return false
		}
	}
	return true
}

// tame reports whether an expression has a value on every row. The list is closed.
func tame(e ir.Expr) bool {
	switch x := e.(type) {
	case *ir.Ref, *ir.Const, *ir.And, *ir.Or, *ir.Not, *ir.IsNull:
	case *ir.Compare:
		if !x.Left.Type().Equal(x.Right.Type()) {
			return false
		}
	case *ir.In:
		for _, y := range x.List {
			if !y.Type().Equal(x.Arg.Type()) {
				return false
			}
		}
	case *ir.Func:
		if (x.Name != "~~" && x.Name != "!~~") || len(x.List) != 2 {
			return false
		}
		if _, constant := x.List[1].(*ir.Const); !constant {
			return false
		}
	default:
		return false
	}
	for _, a := range e.Args() {
		if !tame(a) {
			return false
		}
	}
	return true
}

// fewWith finds, below the side of a join, rows that a condition makes few and that
// have every value, NULL aside, of one of the side's columns.
func (w *writer) fewWith(n ir.Node, id ir.ColID) (ir.Node, ir.ColID) {
	if !ir.SetOf(n.Output())[id] {
		return nil, 0
	}
	if w.isFew(n) {
		return n, id
	}
	if _, ok := w.leaves[n]; ok {
		return nil, 0
	}
	switch n := n.(type) {
	case *ir.Filter:
		return w.fewWith(n.Input, id)
	case *ir.Project:
		for _, a := range n.Cols {
			if r, ok := a.Expr.(*ir.Ref); ok && a.ID == id {
				return w.fewWith(n.Input, r.ID)
			}
		}
	case *ir.Join:
		if n.Delim != nil {
			return nil, 0
		}
		if few, col := w.fewWith(n.Left, id); few != nil {
			return few, col
		}
		if n.Kind == ir.Inner || n.Kind == ir.Left {
			return w.fewWith(n.Right, id)
		}
	}
	return nil, 0
}

// isFew reports whether n is the rows of one leaf, with a condition for a value or
// some, and computes nothing that could fail.
func (w *writer) isFew(n ir.Node) bool {
	found := false
	for {
		if _, leaf := w.leaves[n]; leaf {
			r, remote := n.(*ir.Remote)
			return found || remote && selectsBelow(r.Input)
		}
		switch n.(type) {
		case *ir.Filter, *ir.Project:
		default:
			return false
		}
		for _, e := range n.Exprs() {
			if !tame(e) {
				return false
			}
		}
		found = found || selects(n)
		n = n.Inputs()[0]
	}
}

// selectsBelow looks into what a source does, as far as policy: what that keeps is
// nobody's business.
func selectsBelow(n ir.Node) bool {
	if _, ok := n.(*ir.Barrier); ok {
		return false
	}
	inputs := n.Inputs()
	return selects(n) || len(inputs) == 1 && selectsBelow(inputs[0])
}

// selects reports whether a filter asks for a value, or for some.
func selects(n ir.Node) bool {
	f, ok := n.(*ir.Filter)
	if !ok {
		return false
	}
	for _, e := range ir.Conjuncts(f.Preds...) {
		switch e := e.(type) {
		case *ir.Compare:
			_, left := e.Left.(*ir.Const)
			_, right := e.Right.(*ir.Const)
			if e.Op == ir.Eq && (left || right) {
				return true
			}
		case *ir.In:
			if !e.Negated {
				return true
			}
		}
	}
	return false
}

// hold writes few rows into a table of their own, from where they are read.
func (w *writer) hold(few ir.Node) {
	if w.named[few] != "" {
		return
	}
	ids, all := idsOf(few.Output()), ir.SetOf(few.Output())
	b := w.node(few, all)
	if !b.mayList(ids) {
		b = w.wrap(b, all)
	}
	w.named[few] = w.table(b, ids)
}

// ofKeys gives the rows of an aggregate's input that have one of the keys.
func (w *writer) ofKeys(b *block, r *reduction, need ir.Set) *block {
	var col *ir.Ref
	for _, c := range r.few.Output() {
		if c.ID == r.col {
			col = c.Ref()
		}
	}
	on := []ir.Expr{&ir.Compare{Op: ir.Eq, Left: r.key, Right: col}}
	return w.exists(w.side(b, need, counts(need, on...), on, true), w.node(r.few, ir.RefsOf(col)), " SEMI JOIN ", on)
}

// afterJoin keeps a filter's comparisons of both sides of a join over it, where what
// they compare is computed. As a plain comparison DuckDB takes it into the join, and
// computes it for every row of a side, of which few are joined.
func afterJoin(texts []value, preds []ir.Expr, j *ir.Join) {
	left, right := ir.SetOf(j.Left.Output()), ir.SetOf(j.Right.Output())
	for i, e := range preds {
		c, ok := e.(*ir.Compare)
		if !ok || left.Has(c) || right.Has(c) || (isRef(c.Left) && isRef(c.Right)) {
			continue
		}
		texts[i].text = "(" + texts[i].text + " IS TRUE)"
	}
}

func isRef(e ir.Expr) bool {
	_, ok := e.(*ir.Ref)
	return ok
}
