package logical

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func (d *decoder) aggregate(r *reader) rel {
	in := d.input(r)
	r.numbers("group_index", "aggregate_index", "groupings_index")
	r.is("distinct_validity", "CAN_HAVE_NULL_VALUES")
	n := &ir.Aggregate{Input: in.node}
	groups := d.exprs(r.list("groups"), in.cols)
	n.Sets = d.groupingSets(r.list("grouping_sets"), len(groups))
	seen := ir.Set{}
	for _, e := range groups {
		if ref, ok := e.(*ir.Ref); ok && n.Sets != nil {
			seen[ref.ID] = true // NULL where the set leaves it out: another column
		}
		n.Groups = append(n.Groups, d.assign(e, "", seen))
	}
	list := r.list("expressions")
	for i := range list {
		a, alias := d.agg(&list[i], in.cols)
		n.Aggs = append(n.Aggs, ir.Assign{Column: d.plan.NewColumn(named(a, alias), a.Typ), Expr: a})
	}
	calls := r.list("grouping_functions")
	for i := range calls {
		if calls[i].Kind != array || len(calls[i].List) == 0 {
			d.broken("GROUPING of nothing")
		}
		c := d.plan.NewColumn("grouping", catalog.Type{Kind: catalog.Int64})
		n.Grouping = append(n.Grouping, ir.GroupingCall{Column: c, Groups: d.positions(calls[i].List, len(groups), "GROUPING")})
	}
	out := rel{node: n, cols: n.Output()}
	if len(out.cols) == 0 {
		d.broken("an aggregate of nothing")
	}
	return out
}

// groupingSets gives nil where there is one set of all groups, which a plan writes as
// that set or, where the binder made the groups itself, as none.
func (d *decoder) groupingSets(list []value, groups int) [][]int {
	var sets [][]int
	for i := range list {
		if list[i].Kind != array {
			d.broken("a grouping set is no list")
		}
		sets = append(sets, d.positions(list[i].List, groups, "a grouping set"))
	}
	if len(sets) == 1 && len(sets[0]) == groups && inOrder(sets[0]) {
		return nil
	}
	return sets
}

func inOrder(list []int) bool {
	for i, n := range list {
		if n != i {
			return false
		}
	}
	return true
}

var distinctness = map[string]bool{"NON_DISTINCT": false, "DISTINCT": true}

// agg reads a call of an aggregate.
func (d *decoder) agg(v *value, in []ir.Column) (*ir.Agg, string) {
	a := &ir.Agg{}
	if !d.enter() {
		return a, ""
	}
	defer d.leave()
	r := d.object(v, "BOUND_AGGREGATE")
	r.is("expression_class", "BOUND_AGGREGATE")
	r.is("type", "BOUND_AGGREGATE")
	alias := r.text("alias")
	r.numbers("query_location")
	a.Typ = d.typ(r.get("return_type"))
	a.Name, a.List = d.call(r, in, a.Typ)
	a.Distinct = enum(r, "aggregate_type", distinctness)
	if r.has("filter") {
		a.Filter, _ = d.expr(r.get("filter"), in)
		d.boolean(a.Filter)
	}
	if r.has("order_bys") {
		o := d.object(r.object("order_bys"), "the order of an aggregate")
		a.Order = d.keys(o.list("orders"), in)
		o.done()
	}
	r.done()
	return a, alias
}

// call reads an aggregate's name and arguments, those that DuckDB folded into its
// data included.
func (d *decoder) call(r *reader, in []ir.Column, result catalog.Type) (string, []ir.Expr) {
	name := r.text("name")
	d.system(r)
	d.declared(r.list("arguments"))
	d.declared(r.list("original_arguments"))
	args := d.exprs(r.list("children"), in)
	if name == "count" && len(args) == 0 { // count(*) of a window
		name = "count_star"
	}
	if !r.flag("has_serialize") {
		if r.has("function_data") {
			d.broken("%s has data that it does not have", name)
		}
		if folding[name] != nil {
			d.unsupported("%s without its data", name)
		}
		return name, args
	}
	fold := folding[name]
	if fold == nil {
		d.unsupported("the data of the aggregate %s", name)
		return name, args
	}
	data := d.object(r.object("function_data"), "the data of "+name)
	if d.err == nil {
		args = append(args, fold(d, data, args, result)...)
	}
	data.done()
	return name, args
}

// system makes sure that a function is DuckDB's own.
func (d *decoder) system(r *reader) {
	c, s := r.text("catalog_name"), r.text("schema_name")
	if (c != "" && c != "system") || (s != "" && s != "main") {
		d.unsupported("a function of %s.%s", c, s)
	}
}
