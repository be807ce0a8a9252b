package logical

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func (d *decoder) window(r *reader) rel {
	in := d.input(r)
	r.numbers("window_index")
	n := &ir.Window{Input: in.node}
	list := r.list("expressions")
	for i := range list {
		c, alias := d.windowCall(&list[i], in.cols)
		n.Calls = append(n.Calls, ir.Assign{Column: d.plan.NewColumn(named(c, alias), c.Typ), Expr: c})
	}
	if len(n.Calls) == 0 {
		d.broken("a window without calls")
	}
	return rel{node: n, cols: join(in.cols, columnsOf(n.Calls))}
}

// windowNames gives the functions behind the kinds of call.
var windowNames = map[string]string{
	"WINDOW_ROW_NUMBER": "row_number", "WINDOW_RANK": "rank", "WINDOW_RANK_DENSE": "dense_rank", "WINDOW_PERCENT_RANK": "percent_rank",
	"WINDOW_CUME_DIST": "cume_dist", "WINDOW_NTILE": "ntile", "WINDOW_LAG": "lag", "WINDOW_LEAD": "lead",
	"WINDOW_FIRST_VALUE": "first_value", "WINDOW_LAST_VALUE": "last_value", "WINDOW_NTH_VALUE": "nth_value", "WINDOW_AGGREGATE": "",
}

// frameless are the functions for which a frame means nothing, unless their
// argument has an order of its own.
var frameless = map[string]bool{
	"row_number": true, "rank": true, "dense_rank": true, "percent_rank": true, "cume_dist": true, "ntile": true, "lag": true, "lead": true,
}

func (d *decoder) windowCall(v *value, in []ir.Column) (*ir.WindowCall, string) {
	w := &ir.WindowCall{}
	if !d.enter() {
		return w, ""
	}
	defer d.leave()
	r := d.object(v, "BOUND_WINDOW")
	r.is("expression_class", "BOUND_WINDOW")
	alias := r.text("alias")
	r.numbers("query_location")
	w.Typ = d.typ(r.get("return_type"))
	if w.Name = enum(r, "type", windowNames); w.Name == "" {
		w.Aggregate = true
		w.Name, w.List = d.call(r, in, w.Typ)
	} else {
		w.List = d.exprs(r.list("children"), in)
	}
	d.offset(r, w, in)
	w.Partition = d.exprs(r.list("partitions"), in)
	w.Order, w.ArgOrder = d.keys(r.list("orders"), in), d.keys(r.list("arg_orders"), in)
	if r.has("filters") {
		w.Filter, _ = d.expr(r.get("filters"), in)
		d.boolean(w.Filter)
	}
	w.Distinct, w.IgnoreNulls = r.flag("distinct"), r.flag("ignore_nulls")
	d.frame(r, w, in)
	r.done()
	return w, alias
}

// offset puts what lag and lead keep apart back behind their first argument.
func (d *decoder) offset(r *reader, w *ir.WindowCall, in []ir.Column) {
	places := w.Name == "lag" || w.Name == "lead"
	if (r.has("offset_expr") || r.has("default_expr")) && !places {
		d.unsupported("an offset of %s", w.Name)
	}
	if r.has("offset_expr") {
		e, _ := d.expr(r.get("offset_expr"), in)
		w.List = append(w.List, e)
	}
	if r.has("default_expr") {
		if !r.has("offset_expr") {
			d.unsupported("a default of %s without an offset", w.Name)
		}
		e, _ := d.expr(r.get("default_expr"), in)
		if c, ok := e.(*ir.Cast); ok && hangsOnSettings(c) { // the plan does not say who wrote it
			d.unsupported("a default of %s that was made %s", w.Name, c.Typ)
		}
		w.List = append(w.List, e)
	}
}

const (
	unboundedPreceding = "UNBOUNDED PRECEDING"
	unboundedFollowing = "UNBOUNDED FOLLOWING"
	currentRow         = "CURRENT ROW"
	preceding          = "PRECEDING"
	following          = "FOLLOWING"
)

// frameEdge is one end of a frame; unit is empty where it may be any.
type frameEdge struct{ bound, unit string }

var frameEdges = map[string]frameEdge{
	"UNBOUNDED_PRECEDING": {unboundedPreceding, ""}, "UNBOUNDED_FOLLOWING": {unboundedFollowing, ""},
	"CURRENT_ROW_ROWS": {currentRow, "ROWS"}, "CURRENT_ROW_RANGE": {currentRow, "RANGE"}, "CURRENT_ROW_GROUPS": {currentRow, "GROUPS"},
	"EXPR_PRECEDING_ROWS": {preceding, "ROWS"}, "EXPR_PRECEDING_RANGE": {preceding, "RANGE"}, "EXPR_PRECEDING_GROUPS": {preceding, "GROUPS"},
	"EXPR_FOLLOWING_ROWS": {following, "ROWS"}, "EXPR_FOLLOWING_RANGE": {following, "RANGE"}, "EXPR_FOLLOWING_GROUPS": {following, "GROUPS"},
}

var exclusions = map[string]string{"NO_OTHER": "", "CURRENT_ROW": "CURRENT ROW", "GROUP": "GROUP", "TIES": "TIES"}

func (d *decoder) frame(r *reader, w *ir.WindowCall, in []ir.Column) {
	start, end := enum(r, "start", frameEdges), enum(r, "end", frameEdges)
	f := ir.Frame{Start: start.bound, End: end.bound, Exclude: enum(r, "exclude_clause", exclusions)}
	switch {
	case start.unit == "" && end.unit == "":
		f.Unit = "ROWS"
	case start.unit == "" || start.unit == end.unit:
		f.Unit = end.unit
	case end.unit == "":
		f.Unit = start.unit
	default:
		d.unsupported("a frame from %s to %s", start.unit, end.unit)
	}
	if start.bound == unboundedFollowing || end.bound == unboundedPreceding {
		d.broken("a frame from %s to %s", start.bound, end.bound)
	}
	f.From = d.distance(r, "start_expr", start, w, in)
	f.To = d.distance(r, "end_expr", end, w, in)
	f.Explicit = !frameless[w.Name] || w.Aggregate || len(w.ArgOrder) > 0 || f.Exclude != "" ||
		f.Start != unboundedPreceding || f.End != currentRow
	if !f.Explicit {
		f = ir.Frame{}
	}
	w.Frame = f
}

// distance reads how far a frame goes. Of RANGE the binder makes the value at the
// edge, out of the sort key and the distance.
func (d *decoder) distance(r *reader, key string, edge frameEdge, w *ir.WindowCall, in []ir.Column) ir.Expr {
	if edge.bound != preceding && edge.bound != following {
		if r.has(key) {
			d.broken("a frame with a distance that it does not have")
		}
		return nil
	}
	e, _ := d.expr(r.get(key), in)
	if edge.unit != "RANGE" || d.err != nil {
		return e
	}
	operator := "+"
	if len(w.Order) == 1 && (edge.bound == preceding) != w.Order[0].Desc {
		operator = "-"
	}
	f, ok := e.(*ir.Func)
	if !ok || len(w.Order) != 1 || f.Name != operator || len(f.List) != 2 || !sameKey(f, w.Order[0].Expr) {
		d.unsupported("a frame of RANGE whose distance is not plain")
		return nil
	}
	return f.List[1]
}

// sameKey reports whether an edge is counted from the sort key. The binder casts the
// key alone to the type of the edge: a date less an interval is a timestamp.
func sameKey(edge *ir.Func, key ir.Expr) bool {
	if !edge.Typ.Equal(key.Type()) {
		return false
	}
	if c, ok := key.(*ir.Cast); ok && !c.Try && ir.Equal(edge.List[0], c.Arg) {
		return true
	}
	return ir.Equal(edge.List[0], key)
}

func (d *decoder) unnest(r *reader) rel {
	in := d.input(r)
	r.numbers("unnest_index")
	n := &ir.Unnest{Input: in.node}
	list := r.list("expressions")
	for i := range list {
		u := d.object(&list[i], "BOUND_UNNEST")
		u.is("expression_class", "BOUND_UNNEST")
		u.is("type", "BOUND_UNNEST")
		alias := u.text("alias")
		u.numbers("query_location")
		t := d.typ(u.get("return_type"))
		e, _ := d.expr(u.get("child"), in.cols)
		u.done()
		if d.err != nil {
			return stub()
		}
		if of := e.Type(); of.Kind != catalog.List || !of.Elem.Equal(t) {
			d.unsupported("unnest of %s", of)
		}
		if alias == "" {
			alias = "unnest"
		}
		n.Calls = append(n.Calls, ir.Assign{Column: d.plan.NewColumn(alias, t), Expr: e})
	}
	if len(n.Calls) == 0 {
		d.broken("unnest of nothing")
	}
	return rel{node: n, cols: join(in.cols, columnsOf(n.Calls))}
}
