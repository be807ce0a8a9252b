package logical

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// rel is a node with its columns by position, as the plan counts them. Most often
// they are the node's output; a column without an id is one that nothing may read
// (the row's number, or the one of a row without columns).
type rel struct {
	node ir.Node
	cols []ir.Column
}

// nodes reads each kind of node. What is not in it is not supported.
var nodes map[string]func(d *decoder, r *reader) rel

func init() {
	nodes = map[string]func(d *decoder, r *reader) rel{
		"LOGICAL_GET":                    (*decoder).get,
		"LOGICAL_PROJECTION":             (*decoder).projection,
		"LOGICAL_FILTER":                 (*decoder).filter,
		"LOGICAL_AGGREGATE_AND_GROUP_BY": (*decoder).aggregate,
		"LOGICAL_WINDOW":                 (*decoder).window,
		"LOGICAL_UNNEST":                 (*decoder).unnest,
		"LOGICAL_COMPARISON_JOIN":        (*decoder).comparisonJoin,
		"LOGICAL_ANY_JOIN":               (*decoder).anyJoin,
		"LOGICAL_DELIM_JOIN":             (*decoder).delimJoin,
		"LOGICAL_CROSS_PRODUCT":          (*decoder).crossProduct,
		"LOGICAL_DELIM_GET":              (*decoder).delimGet,
		"LOGICAL_ORDER_BY":               (*decoder).orderBy,
		"LOGICAL_LIMIT":                  (*decoder).limit,
		"LOGICAL_DISTINCT":               (*decoder).distinct,
		"LOGICAL_UNION":                  (*decoder).union,
		"LOGICAL_EXCEPT":                 (*decoder).except,
		"LOGICAL_INTERSECT":              (*decoder).intersect,
		"LOGICAL_MATERIALIZED_CTE":       (*decoder).cte,
		"LOGICAL_CTE_REF":                (*decoder).cteRef,
		"LOGICAL_EXPRESSION_GET":         (*decoder).expressionGet,
		"LOGICAL_DUMMY_SCAN":             (*decoder).dummyScan,
	}
}

// stub stands where something went wrong.
func stub() rel { return rel{node: &ir.Values{}} }

func (d *decoder) node(v *value) rel {
	if !d.enter() {
		return stub()
	}
	defer d.leave()
	r := d.object(v, "a node")
	kind := r.text("type")
	read, ok := nodes[kind]
	if !ok {
		d.unsupported("the node %s", kind)
	}
	if d.err != nil {
		return stub()
	}
	r.what = kind
	r.above, d.above = d.above, kind
	out := read(d, r)
	d.above = r.above
	r.done()
	if d.err != nil {
		return stub()
	}
	return out
}

// children makes sure of the number of children; nil when it is another.
func (r *reader) children(n int) []value {
	list := r.list("children")
	if len(list) != n {
		r.d.broken("%s with %d inputs", r.what, len(list))
		return nil
	}
	return list
}

// input reads the one child of a node.
func (d *decoder) input(r *reader) rel {
	c := r.children(1)
	if c == nil {
		return stub()
	}
	return d.node(&c[0])
}

// exact gives a node whose output is the columns of in, each with an id of its own.
func (d *decoder) exact(in rel, what string) ir.Node {
	if d.err != nil {
		return in.node
	}
	for _, c := range in.cols {
		if c.ID == 0 {
			d.broken("%s has a column that cannot be read", what)
			return in.node
		}
	}
	if slices.EqualFunc(in.cols, in.node.Output(), func(a, b ir.Column) bool { return a.ID == b.ID }) {
		return in.node
	}
	p := &ir.Project{Input: in.node}
	seen := ir.Set{}
	for _, c := range in.cols {
		p.Cols = append(p.Cols, d.assign(c.Ref(), "", seen))
	}
	return p
}

// assign gives a computed column. A column that is handed on keeps its id, once.
func (d *decoder) assign(e ir.Expr, name string, seen ir.Set) ir.Assign {
	if ref, ok := e.(*ir.Ref); ok {
		if !seen[ref.ID] {
			seen[ref.ID] = true
			return ir.Assign{Column: ir.Column{ID: ref.ID, Name: ref.Name, Type: ref.Typ}, Expr: e}
		}
		name = ref.Name
	}
	return ir.Assign{Column: d.plan.NewColumn(named(e, name), e.Type()), Expr: e}
}

// named finds a name for people.
func named(e ir.Expr, name string) string {
	if name != "" {
		return name
	}
	switch e := e.(type) {
	case *ir.Func:
		return e.Name
	case *ir.Agg:
		return e.Name
	case *ir.WindowCall:
		return e.Name
	case *ir.Cast:
		return named(e.Arg, "")
	case *ir.Ref:
		return e.Name
	}
	return "column"
}

func columnsOf(list []ir.Assign) []ir.Column {
	out := make([]ir.Column, len(list))
	for i, a := range list {
		out[i] = a.Column
	}
	return out
}

// project puts the columns of a projection map in place of in's.
func (d *decoder) mapped(in rel, list []int) rel {
	if len(list) == 0 {
		return in
	}
	cols := make([]ir.Column, len(list))
	for i, at := range list {
		cols[i] = in.cols[at]
	}
	return rel{node: in.node, cols: cols}
}

func (d *decoder) projection(r *reader) rel {
	in := d.input(r)
	r.numbers("table_index")
	list := r.list("expressions")
	p := &ir.Project{Input: in.node}
	seen := ir.Set{}
	for i := range list {
		e, alias := d.expr(&list[i], in.cols)
		p.Cols = append(p.Cols, d.assign(e, alias, seen))
	}
	if len(p.Cols) == 0 {
		d.broken("a projection of nothing")
	}
	return rel{node: p, cols: columnsOf(p.Cols)}
}

func (d *decoder) filter(r *reader) rel {
	in := d.input(r)
	preds := d.conditions(r.list("expressions"), in.cols)
	positions := r.indexes("projection_map", len(in.cols))
	if len(preds) == 0 {
		return d.mapped(in, positions)
	}
	return d.mapped(rel{node: &ir.Filter{Input: in.node, Preds: preds}, cols: in.cols}, positions)
}

// conditions reads boolean expressions.
func (d *decoder) conditions(list []value, in []ir.Column) []ir.Expr {
	out := d.exprs(list, in)
	for _, e := range out {
		d.boolean(e)
	}
	return out
}

func (d *decoder) boolean(e ir.Expr) {
	if e != nil && d.err == nil && e.Type().Kind != catalog.Bool {
		d.broken("a condition of the type %s", e.Type())
	}
}

func (d *decoder) orderBy(r *reader) rel {
	in := d.input(r)
	keys := d.keys(r.list("orders"), in.cols)
	positions := r.indexes("projections", len(in.cols))
	if len(keys) == 0 {
		d.broken("an order without keys")
	}
	return d.mapped(rel{node: &ir.Sort{Input: in.node, Keys: keys}, cols: in.cols}, positions)
}

var (
	directions = map[string]bool{"ASCENDING": false, "DESCENDING": true}
	nullOrders = map[string]bool{"NULLS FIRST": true, "NULLS LAST": false}
)

func (d *decoder) keys(list []value, in []ir.Column) []ir.Key {
	var out []ir.Key
	for i := range list {
		r := d.object(&list[i], "a sort key")
		k := ir.Key{Desc: enum(r, "type", directions), NullsFirst: enum(r, "null_order", nullOrders)}
		k.Expr, _ = d.expr(r.get("expression"), in)
		r.done()
		out = append(out, k)
	}
	return out
}

func (d *decoder) limit(r *reader) rel {
	in := d.input(r)
	count, offset := d.bound(r.object("limit_val"), in.cols), d.bound(r.object("offset_val"), in.cols)
	if count == nil && offset == nil {
		return in
	}
	return rel{node: &ir.Limit{Input: in.node, Count: count, Offset: offset}, cols: in.cols}
}

// bound reads a number of rows: a constant or an expression that reads no column.
func (d *decoder) bound(v *value, in []ir.Column) ir.Expr {
	r := d.object(v, "a limit")
	kind := r.text("type")
	n := r.index("constant_integer")
	r.of("constant_percentage", number)
	var e ir.Expr
	switch kind {
	case "UNSET":
	case "CONSTANT_VALUE":
		if n > 1<<62 {
			d.unsupported("a limit that is not one of rows")
		}
		e = plain(catalog.Type{Kind: catalog.Int64}, int64(n))
	case "EXPRESSION_VALUE":
		e, _ = d.expr(r.get("expression"), in)
		if len(ir.RefsOf(e)) > 0 {
			d.unsupported("a limit out of a subquery")
		}
	default:
		d.unsupported("a limit of the kind %s", kind)
	}
	r.done()
	return e
}

func (d *decoder) distinct(r *reader) rel {
	in := d.input(r)
	on := d.exprs(r.list("distinct_targets"), in.cols)
	kind := r.text("distinct_type")
	var keys []ir.Key
	if r.has("order_by") {
		o := d.object(r.object("order_by"), "the order of DISTINCT ON")
		keys = d.keys(o.list("orders"), in.cols)
		o.done()
	}
	if d.err != nil {
		return in
	}
	switch {
	case kind == "DISTINCT" && keys == nil && reads(on, in.cols):
		if s, ok := in.node.(*ir.SetOp); ok && !s.All {
			return in // it does so itself
		}
		return rel{node: &ir.Distinct{Input: d.exact(in, "DISTINCT")}, cols: in.cols}
	case kind == "DISTINCT_ON" && len(on) > 0:
		return rel{node: &ir.Distinct{Input: in.node, On: on, Keys: keys}, cols: in.cols}
	}
	d.unsupported("a DISTINCT of the kind %s over %d of %d columns", kind, len(on), len(in.cols))
	return in
}

// reads reports whether the expressions are the columns, in their order.
func reads(list []ir.Expr, cols []ir.Column) bool {
	return slices.EqualFunc(list, cols, func(e ir.Expr, c ir.Column) bool {
		ref, ok := e.(*ir.Ref)
		return ok && ref.ID == c.ID
	})
}
