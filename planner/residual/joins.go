package residual

import (
	"slices"

	"github.com/lianji/lianji/planner/ir"
)

// join makes one FROM of both sides where that is exact, so that DuckDB chooses
// the order of the whole tree.
func (w *writer) join(n *ir.Join, need ir.Set) *block {
	below := union(need, n.On...)
	left, right := within(below, n.Left.Output()), within(below, n.Right.Output())
	w.reduce(n)
	l := w.left(n, left)
	tables := len(w.tables)
	r := w.node(n.Right, right)
	tangled := n.Delim != nil || len(w.tables) > tables
	reads := counts(need, n.On...)
	switch n.Kind {
	case ir.Inner:
		return w.inner(w.side(l, left, reads, n.On, true), w.side(r, right, reads, n.On, true), n.On)
	case ir.Left:
		return w.outer(w.side(l, left, reads, n.On, true), w.nullable(r, right, reads, n.On), " LEFT JOIN ", n.On)
	case ir.Right:
		return w.outer(w.nullable(l, left, reads, n.On), w.side(r, right, reads, n.On, true), " RIGHT JOIN ", n.On)
	case ir.Full:
		l, r = w.nullable(l, left, reads, n.On), w.nullable(r, right, reads, n.On)
		if len(l.where) > 0 {
			l = w.wrap(l, left)
		}
		if len(r.where) > 0 {
			r = w.wrap(r, right)
		}
		return w.outer(l, r, " FULL JOIN ", n.On)
	case ir.Semi:
		return w.exists(w.side(l, left, reads, n.On, true), w.side(r, right, reads, n.On, false), " SEMI JOIN ", n.On)
	case ir.Anti:
		return w.exists(w.side(l, left, reads, n.On, true), w.side(r, right, reads, n.On, false), " ANTI JOIN ", n.On)
	case ir.Mark:
		return w.mark(n, l, r, need, tangled)
	case ir.Single:
		return w.single(n, l, r, need, tangled)
	}
	w.unsupported("a " + n.Kind.String() + " join")
	return l
}

// left makes the block of a join's left side. That of a delim join is computed
// once, for its right side reads it too.
func (w *writer) left(n *ir.Join, need ir.Set) *block {
	if n.Delim == nil || !w.readsDelim(n.Right, n.Delim.ID) {
		return w.node(n.Left, need)
	}
	all := union(need)
	for _, id := range n.Delim.Columns {
		all[id] = true
	}
	b := w.node(n.Left, all)
	if !b.mayList(sorted(all)) {
		b = w.wrap(b, all)
	}
	name := w.table(b, sorted(all))
	w.delims[n.Delim.ID] = name
	return w.item(name, sorted(all))
}

func (w *writer) readsDelim(n ir.Node, id int) bool {
	if _, ok := w.leaves[n]; ok {
		return false
	}
	if d, ok := n.(*ir.DelimGet); ok && d.Delim == id {
		return true
	}
	for _, in := range n.Inputs() {
		if w.readsDelim(in, id) {
			return true
		}
	}
	return false
}

func (w *writer) delimGet(n *ir.DelimGet) *block {
	name, ok := w.delims[n.Delim]
	if !ok {
		w.unsupported("a correlated column without its join")
	}
	b := w.item(name, n.From).rename(n.Columns, n.From)
	b.distinct, b.frozen = "DISTINCT", idsOf(n.Columns)
	return b
}

// side makes a block fit to stand in a FROM beside others. Its expressions are
// then computed after the join instead of before, so they must not differ from
// call to call.
func (w *writer) side(b *block, need ir.Set, reads map[ir.ColID]int, on []ir.Expr, where bool) *block {
	if !b.open() || b.from == "" || b.gives(isVolatile, need) || !b.bears(reads) || b.uses(isWary, on...) || b.any(isSubquery, on...) || !where && len(b.where) > 0 {
		return w.wrap(b, need)
	}
	for _, v := range b.where {
		if v.volatile {
			return w.wrap(b, need)
		}
	}
	return b
}

// nullable makes a block fit to be the side that an outer join fills with NULLs:
// its columns are computed below, and its WHERE becomes a part of ON.
func (w *writer) nullable(b *block, need ir.Set, reads map[ir.ColID]int, on []ir.Expr) *block {
	b = w.side(b, need, reads, on, true)
	for id := range need {
		if !b.cols[id].column {
			return w.wrap(b, need)
		}
	}
	for _, v := range b.where {
		if v.subquery {
			return w.wrap(b, need)
		}
	}
	return b
}

func (w *writer) inner(l, r *block, on []ir.Expr) *block {
	b := both(l, r)
	word := " CROSS JOIN "
	if len(on) > 0 {
		word = " JOIN "
	}
	b.from = l.from + word + r.operand()
	if len(on) > 0 {
		b.from += " ON " + w.condition(w.exprs(b, on))
	}
	b.where = append(append([]value{}, l.where...), r.where...)
	return b
}

func (w *writer) outer(l, r *block, word string, on []ir.Expr) *block {
	b := both(l, r)
	conditions := w.exprs(b, on)
	switch word {
	case " LEFT JOIN ":
		b.where, conditions = l.where, append(conditions, r.where...)
	case " RIGHT JOIN ":
		b.where, conditions = r.where, append(conditions, l.where...)
	}
	b.from = l.from + word + r.operand() + " ON " + w.condition(conditions)
	return b
}

func (w *writer) exists(l, r *block, word string, on []ir.Expr) *block {
	b := *l
	b.from = l.from + word + r.operand() + " ON " + w.condition(w.exprs(both(l, r), on))
	b.joined = true
	return &b
}

// operand writes a FROM as a join's right side.
func (b *block) operand() string {
	if b.joined {
		return "(" + b.from + ")"
	}
	return b.from
}

func both(l, r *block) *block {
	b := &block{cols: map[ir.ColID]value{}, joined: true}
	for _, side := range []*block{l, r} {
		for id, v := range side.cols {
			b.cols[id] = v
		}
	}
	return b
}

// condition ANDs what an ON holds.
func (w *writer) condition(list []value) string {
	text := ""
	for i, v := range list {
		if i > 0 {
			text += " AND "
		}
		text += v.text
	}
	if text == "" {
		return typed("true", "BOOLEAN")
	}
	return text
}

// mark writes the boolean of a mark join as an expression over the left side.
func (w *writer) mark(n *ir.Join, l, r *block, need ir.Set, tangled bool) *block {
	left := within(union(need, n.On...), n.Left.Output())
	kept := within(need, n.Left.Output())
	if !l.open() || l.from == "" || l.gives(isVolatile, left) || !l.takes(kept, n.On...) || l.any(isOnce, n.On...) {
		l = w.wrap(l, left)
	}
	if !need[n.Mark.ID] {
		return l
	}
	read := within(ir.RefsOf(n.On...), n.Right.Output())
	if tangled && slices.ContainsFunc(n.On, besides) {
		r = w.apart(r, read)
	}
	if !r.open() || r.from == "" {
		r = w.wrap(r, read)
	}
	out := *l
	out.cols = map[ir.ColID]value{n.Mark.ID: {text: w.markText(n, l, r), size: 1, once: true, subquery: true}}
	for id, v := range l.cols {
		out.cols[id] = v
	}
	return &out
}

// apart puts the right side of a join that becomes a correlated subquery into a table of
// its own, where tables of WITH are read below. DuckDB untangles that subquery once more,
// and it multiplies the rows of each such table by the left side's values.
func (w *writer) apart(b *block, need ir.Set) *block {
	if !b.mayList(sorted(need)) {
		b = w.wrap(b, need)
	}
	return w.item(w.table(b, sorted(need)), sorted(need))
}

func isOnce(v value) bool { return v.once }

// markText writes a mark's conditions. Those that are NULL for no pair go into the
// subquery's WHERE; the others decide between true, false and NULL, which is what
// IN and ANY do.
func (w *writer) markText(n *ir.Join, l, r *block) string {
	rightIDs := ir.SetOf(n.Right.Output())
	leftIDs := ir.SetOf(n.Left.Output())
	pair := both(l, r)
	var deciding []*ir.Compare // left side first
	query := &block{from: r.from, where: r.where, cols: r.cols}
	for _, e := range n.On {
		c, ok := e.(*ir.Compare)
		if ok && rightIDs.Has(c.Left) && leftIDs.Has(c.Right) && !leftIDs.Has(c.Left) {
			c = &ir.Compare{Op: c.Op.Flip(), Left: c.Right, Right: c.Left}
		}
		switch {
		case besides(e):
			query.where = append(query.where, w.expr(pair, e))
		case ok && leftIDs.Has(c.Left) && rightIDs.Has(c.Right):
			deciding = append(deciding, c)
		default:
			w.unsupported("a mark join on such a condition")
			return ""
		}
	}
	if len(query.where) > len(r.where) {
		w.steady(n)
	}
	body := func(items []ir.Expr) string {
		text := "SELECT "
		if len(items) == 0 {
			text += typed("1", "INTEGER")
		}
		return "(" + text + list(w.exprs(r, items)) + w.rest(query) + ")"
	}
	if len(deciding) == 0 {
		return "EXISTS " + body(nil)
	}
	var lefts, rights []ir.Expr
	for _, c := range deciding {
		lefts, rights = append(lefts, c.Left), append(rights, c.Right)
		if len(deciding) > 1 && c.Op != ir.Eq {
			w.unsupported("a mark join on several comparisons")
		}
	}
	if len(deciding) > 1 {
		return "((" + list(w.exprs(l, lefts)) + ") IN " + body(rights) + ")"
	}
	return "(" + w.expr(l, lefts[0]).text + " " + deciding[0].Op.String() + " ANY " + body(rights) + ")"
}

// besides reports whether a mark's condition is one of the subquery's own.
func besides(e ir.Expr) bool {
	c, ok := e.(*ir.Compare)
	return ok && (c.Op == ir.IsDistinct || c.Op == ir.IsNotDistinct)
}

// steady refuses a subquery that reads columns of the left side, when what it reads
// differs from call to call: the tree has its rows once for all rows of the left side.
func (w *writer) steady(n *ir.Join) {
	if len(n.On) == 0 {
		return
	}
	ir.Walk(n.Right, func(below ir.Node) {
		for _, e := range below.Exprs() {
			ir.WalkExpr(e, func(x ir.Expr) {
				if f, ok := x.(*ir.Func); ok && ir.VolatileFunction(f.Name) {
					w.unsupported("a correlated subquery with the function " + f.Name)
				}
			})
		}
	})
}

// rest writes FROM and WHERE.
func (w *writer) rest(b *block) string {
	text := " FROM " + b.from
	for i, v := range b.where {
		if i == 0 {
			text += " WHERE "
		} else {
			text += " AND "
		}
		text += v.text
	}
	return text
}

// single writes a single join as a left join where no row can have two pairs, else
// as a scalar subquery, which fails as the join does.
func (w *writer) single(n *ir.Join, l, r *block, need ir.Set, tangled bool) *block {
	below := union(need, n.On...)
	left, right := within(below, n.Left.Output()), within(below, n.Right.Output())
	reads := counts(need, n.On...)
	if w.unique(n.Right, w.equated(n)) {
		return w.outer(w.side(l, left, reads, n.On, true), w.nullable(r, right, reads, n.On), " LEFT JOIN ", n.On)
	}
	read := sorted(within(need, n.Right.Output()))
	w.steady(n)
	if len(read) != 1 { // a subquery that nothing reads would not fail
		w.unsupported("a subquery that may have several rows, of which not one column is read")
		return l
	}
	if !l.open() || l.from == "" || l.gives(isVolatile, left) || !l.takes(within(need, n.Left.Output()), n.On...) || l.any(isOnce, n.On...) {
		l = w.wrap(l, left)
	}
	if tangled && len(n.On) > 0 {
		r = w.apart(r, right)
	}
	if !r.open() || r.from == "" || r.any(isOnce, n.On...) {
		r = w.wrap(r, right)
	}
	query := &block{from: r.from, where: append(append([]value{}, r.where...), w.exprs(both(l, r), n.On)...)}
	text := "(SELECT " + r.cols[read[0]].text + w.rest(query) + ")"
	out := *l
	out.cols = map[ir.ColID]value{read[0]: {text: text, size: 1, once: true, subquery: true}}
	for id, v := range l.cols {
		out.cols[id] = v
	}
	return &out
}
