package logical

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

var joinKinds = map[string]ir.JoinKind{
	"INNER": ir.Inner, "LEFT": ir.Left, "RIGHT": ir.Right, "FULL": ir.Full,
	"SEMI": ir.Semi, "ANTI": ir.Anti, "MARK": ir.Mark, "SINGLE": ir.Single,
}

// joined reads what all joins have but their conditions.
func (d *decoder) joined(r *reader, between func(left rel) *ir.Delim) (*ir.Join, rel, rel) {
	n := &ir.Join{Kind: enum(r, "join_type", joinKinds)}
	r.numbers("mark_index")
	c := r.children(2)
	if c == nil {
		return n, stub(), stub()
	}
	left := d.node(&c[0])
	n.Delim = between(left)
	if n.Delim != nil {
		d.delims = append(d.delims, &delimScope{id: n.Delim.ID, from: d.pick(left.cols, n.Delim.Columns)})
	}
	right := d.node(&c[1])
	if n.Delim != nil {
		d.delims = d.delims[:len(d.delims)-1]
	}
	n.Left, n.Right = left.node, right.node
	return n, left, right
}

// out gives the join with its columns: those of the left side, then what its kind
// gives of the right side.
func (d *decoder) out(r *reader, n *ir.Join, left, right rel) rel {
	left = d.mapped(left, r.indexes("left_projection_map", len(left.cols)))
	right = d.mapped(right, r.indexes("right_projection_map", len(right.cols)))
	switch n.Kind {
	case ir.Semi, ir.Anti:
		return rel{node: n, cols: left.cols}
	case ir.Mark:
		n.Mark = d.plan.NewColumn("mark", ir.Bool)
		return rel{node: n, cols: join(left.cols, []ir.Column{n.Mark})}
	}
	return rel{node: n, cols: join(left.cols, right.cols)}
}

func join(left, right []ir.Column) []ir.Column {
	return append(append(make([]ir.Column, 0, len(left)+len(right)), left...), right...)
}

func (*decoder) noDelim(rel) *ir.Delim { return nil }

func (d *decoder) comparisonJoin(r *reader) rel {
	n, left, right := d.joined(r, d.noDelim)
	n.On = d.pairs(r, n.Kind, left, right)
	r.empty("mark_types", "duplicate_eliminated_columns")
	r.not("delim_flipped")
	return d.out(r, n, left, right)
}

func (d *decoder) anyJoin(r *reader) rel {
	n, left, right := d.joined(r, d.noDelim)
	e, _ := d.expr(r.get("condition"), join(left.cols, right.cols))
	d.boolean(e)
	if !isTrue(e) {
		n.On = ir.Conjuncts(e)
	}
	return d.out(r, n, left, right)
}

func isTrue(e ir.Expr) bool {
	c, ok := e.(*ir.Const)
	return ok && c.Value.Type.Kind == catalog.Bool && c.Value.V == true
}

func (d *decoder) crossProduct(r *reader) rel {
	c := r.children(2)
	if c == nil {
		return stub()
	}
	left, right := d.node(&c[0]), d.node(&c[1])
	return rel{node: &ir.Join{Kind: ir.Inner, Left: left.node, Right: right.node}, cols: join(left.cols, right.cols)}
}

var comparisons = map[string]ir.CompareOp{
	"COMPARE_EQUAL": ir.Eq, "COMPARE_NOTEQUAL": ir.Ne, "COMPARE_LESSTHAN": ir.Lt, "COMPARE_LESSTHANOREQUALTO": ir.Le,
	"COMPARE_GREATERTHAN": ir.Gt, "COMPARE_GREATERTHANOREQUALTO": ir.Ge,
	"COMPARE_DISTINCT_FROM": ir.IsDistinct, "COMPARE_NOT_DISTINCT_FROM": ir.IsNotDistinct,
}

// pairs reads conditions that compare a side's value with the other's. An inner
// join may have none.
func (d *decoder) pairs(r *reader, kind ir.JoinKind, left, right rel) []ir.Expr {
	var out []ir.Expr
	list := r.list("conditions")
	for i := range list {
		c := d.object(&list[i], "a condition of a join")
		l, _ := d.expr(c.get("left"), left.cols)
		x, _ := d.expr(c.get("right"), right.cols)
		if kind == ir.Mark {
			x = d.castInUTC(x)
		}
		out = append(out, d.compare(enum(c, "comparison", comparisons), l, x))
		c.done()
	}
	if len(list) == 0 && kind != ir.Inner { // what DuckDB runs then is a cross product of any kind
		d.unsupported("a %s join without conditions", kind)
	}
	return out
}

// delimScope is a join whose right side is being read.
type delimScope struct {
	id   int
	from []ir.Column
}

func (d *decoder) pick(cols []ir.Column, ids []ir.ColID) []ir.Column {
	var out []ir.Column
	for _, id := range ids {
		for _, c := range cols {
			if c.ID == id {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

func (d *decoder) delimJoin(r *reader) rel {
	n, left, right := d.joined(r, func(left rel) *ir.Delim {
		delim := &ir.Delim{ID: d.plan.NewNumber()}
		marks := d.types(r.list("mark_types"))
		list := d.exprs(r.list("duplicate_eliminated_columns"), left.cols)
		if len(list) == 0 || len(marks) != len(list) {
			d.unsupported("a correlated subquery over %d columns and %d types", len(list), len(marks))
			return delim
		}
		for i, e := range list {
			ref, ok := e.(*ir.Ref)
			if !ok || !ref.Typ.Equal(marks[i]) {
				d.unsupported("a correlated subquery over something else than columns")
				return delim
			}
			delim.Columns = append(delim.Columns, ref.ID)
		}
		return delim
	})
	n.On = d.pairs(r, n.Kind, left, right)
	r.not("delim_flipped")
	return d.out(r, n, left, right)
}

// delimGet belongs to the innermost join whose right side holds it: a plan has no
// link between the two, so their types must agree.
func (d *decoder) delimGet(r *reader) rel {
	r.children(0)
	r.numbers("table_index")
	types := d.types(r.list("chunk_types"))
	if d.err != nil {
		return stub()
	}
	if len(d.delims) == 0 {
		d.broken("a DELIM_GET outside of a DELIM_JOIN")
		return stub()
	}
	scope := d.delims[len(d.delims)-1]
	if len(scope.from) != len(types) {
		d.unsupported("a correlated subquery of %d columns that reads %d", len(scope.from), len(types))
		return stub()
	}
	n := &ir.DelimGet{Delim: scope.id}
	for i, c := range scope.from {
		if !c.Type.Equal(types[i]) {
			d.unsupported("a correlated subquery whose columns have other types")
			return stub()
		}
		n.Columns = append(n.Columns, d.plan.NewColumn(c.Name, c.Type))
		n.From = append(n.From, c.ID)
	}
	return rel{node: n, cols: n.Columns}
}
