package planner

import (
	"slices"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/policy"
)

// Use is what a statement does with a data item's values: any of the kinds below, or
// several. The zero value is no use, and as a permission it permits none.
type Use uint8

// The kinds of use.
const (
	Matched    Use = 1 << iota // compared for equality with another column: a join's key
	Tested                     // a condition looks at it in any other way
	Ordered                    // rows are sorted by it
	Grouped                    // rows are grouped by it, or made distinct
	Aggregated                 // only what an aggregate such as a sum makes of many values goes on
	Returned                   // values can be in the answer, as they are or in whatever expression
)

// compares are the uses that look at values and let none of them out.
const compares = Matched | Tested | Ordered | Grouped

// Permits reports whether everything that u does is among what p permits. No use at
// all is not: whoever asks has not looked.
func (p Use) Permits(u Use) bool { return u != 0 && u&^p == 0 }

// everyUse is taken where the uses cannot be told.
const everyUse = Matched | Tested | Ordered | Grouped | Aggregated | Returned

// origin is an item whose values a column holds; made says that it holds only what an
// aggregate made of them.
type origin struct {
	item int
	made bool
}

// tracer follows the columns of a bound tree from the tables to the answer. It takes
// more for a use than there may be, and never less.
type tracer struct {
	resource func(ref int) *policy.Resource
	items    []tracedItem
	at       map[tracedKey]int
	flows    map[ir.ColID][]origin
	marks    map[ir.ColID]bool // the columns of mark joins, whose conditions were taken down
	lost     bool              // something in the tree is not known
}

type tracedKey struct {
	resource *policy.Resource
	name     string
}

type tracedItem struct {
	tracedKey
	use Use
}

// trace gives the uses of the items of a tree; false where they cannot be told.
func trace(root ir.Node, resource func(ref int) *policy.Resource) (*tracer, bool) {
	t := &tracer{resource: resource, at: map[tracedKey]int{}, flows: map[ir.ColID][]origin{}, marks: map[ir.ColID]bool{}}
	t.node(root)
	for _, c := range root.Output() {
		t.note(t.flow(c.ID), Returned)
	}
	return t, !t.lost
}

// item begins to follow a column of a resource.
func (t *tracer) item(c ir.ColID, r *policy.Resource, name string) {
	k := tracedKey{r, name}
	i, ok := t.at[k]
	if !ok {
		i = len(t.items)
		t.at[k] = i
		t.items = append(t.items, tracedItem{tracedKey: k})
	}
	t.flows[c] = []origin{{item: i}}
}

// flow gives what a column holds.
func (t *tracer) flow(c ir.ColID) []origin {
	f, ok := t.flows[c]
	if !ok {
		t.lost = true
	}
	return f
}

// of gives what an expression can hold: whatever it reads.
func (t *tracer) of(list ...ir.Expr) []origin {
	var out []origin
	for _, e := range list {
		if e == nil {
			continue
		}
		ir.WalkExpr(e, func(x ir.Expr) {
			if r, ok := x.(*ir.Ref); ok {
				out = joined(out, t.flow(r.ID))
			}
		})
	}
	return out
}

// joined gives what stands in one of the two.
func joined(a, b []origin) []origin {
	if len(a) == 0 {
		return b
	}
	out := slices.Clone(a)
	for _, o := range b {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// note takes down a use of what a column holds. Of what an aggregate made that is the
// use Aggregated, whatever is done with it then.
func (t *tracer) note(f []origin, u Use) {
	for _, o := range f {
		if o.made {
			t.items[o.item].use |= Aggregated
		} else {
			t.items[o.item].use |= u
		}
	}
}

func (t *tracer) uses(u Use, list ...ir.Expr) { t.note(t.of(list...), u) }

func (t *tracer) keys(list []ir.Key) {
	for _, k := range list {
		t.uses(Ordered, k.Expr)
	}
}

// tests takes down what conditions look at.
func (t *tracer) tests(list ...ir.Expr) {
	for _, e := range list {
		switch e := e.(type) {
		case nil:
		case *ir.And:
			t.tests(e.List...)
		case *ir.Or:
			t.tests(e.List...)
		case *ir.Not:
			t.tests(e.Arg)
		case *ir.Compare:
			u := Tested
			if e.Op == ir.Eq || e.Op == ir.IsNotDistinct {
				if len(t.of(e.Left)) > 0 && len(t.of(e.Right)) > 0 {
					u = Matched
				}
			}
			t.uses(u, e.Left, e.Right)
		case *ir.Ref:
			if !t.marks[e.ID] {
				t.uses(Tested, e)
			}
		default:
			t.uses(Tested, e)
		}
	}
}

// assigned lets columns hold what their expressions read.
func (t *tracer) assigned(list []ir.Assign) {
	for _, a := range list {
		t.flows[a.ID] = t.of(a.Expr)
	}
}

// renamed lets columns hold what others do.
func (t *tracer) renamed(columns []ir.Column, from []ir.ColID) {
	if len(columns) != len(from) {
		t.lost = true
		return
	}
	for i, c := range columns {
		t.flows[c.ID] = t.flow(from[i])
	}
}

func (t *tracer) node(n ir.Node) {
	if n, ok := n.(*ir.Barrier); ok { // what is below it is policy's
		t.barrier(n)
		return
	}
	for _, in := range n.Inputs() { // a join's left side first, a CTE's definition before its body
		t.node(in)
	}
	switch n := n.(type) {
	case *ir.Scan:
		t.scan(n)
	case *ir.Remote, *ir.Limit, *ir.CTE:
	case *ir.Filter:
		t.tests(n.Preds...)
	case *ir.Project:
		t.assigned(n.Cols)
	case *ir.Join:
		t.tests(n.On...)
		if n.Kind == ir.Mark {
			t.flows[n.Mark.ID], t.marks[n.Mark.ID] = t.of(n.On...), true
		}
	case *ir.DelimGet:
		t.renamed(n.Columns, n.From)
	case *ir.CTERef:
		t.renamed(n.Columns, n.From)
	case *ir.Aggregate:
		t.aggregate(n)
	case *ir.Sort:
		t.keys(n.Keys)
	case *ir.TopN:
		t.keys(n.Keys)
	case *ir.Distinct:
		t.distinct(n)
	case *ir.SetOp:
		t.setOp(n)
	case *ir.Window:
		t.window(n)
	case *ir.Unnest:
		t.assigned(n.Calls)
	case *ir.Values:
		for i, c := range n.Columns {
			var f []origin
			for _, row := range n.Rows {
				f = joined(f, t.of(row[i]))
			}
			t.flows[c.ID] = f
		}
	case *ir.TableFunction:
		t.uses(Tested, n.Args...)
		for _, c := range n.Columns {
			t.flows[c.ID] = t.of(n.Args...)
		}
	default:
		t.lost = true
	}
}

func (t *tracer) scan(n *ir.Scan) {
	r := t.resource(n.Ref)
	if r == nil {
		t.lost = true
		return
	}
	for _, c := range n.Columns {
		t.item(c.ID, r, c.Base.Name)
	}
}

func (t *tracer) barrier(n *ir.Barrier) {
	var r *policy.Resource
	ir.Walk(n.Input, func(below ir.Node) {
		if s, ok := below.(*ir.Scan); ok && r == nil {
			r = t.resource(s.Ref)
		}
	})
	if r == nil {
		t.lost = true
		return
	}
	for _, c := range n.Output() {
		t.item(c.ID, r, c.Name)
	}
}

func (t *tracer) aggregate(n *ir.Aggregate) {
	for _, g := range n.Groups {
		t.flows[g.ID] = t.of(g.Expr)
		t.note(t.flows[g.ID], Grouped)
	}
	for _, a := range n.Aggs {
		call, ok := a.Expr.(*ir.Agg)
		if !ok {
			t.lost = true
			continue
		}
		t.tests(call.Filter)
		t.keys(call.Order)
		f := t.of(call.List...)
		if summary[call.Name] {
			f = slices.Clone(f)
			for i := range f {
				f[i].made = true
			}
		}
		t.flows[a.ID] = f
	}
	for _, g := range n.Grouping {
		t.flows[g.ID] = nil
	}
}

// summary are the aggregates whose result is none of the values: of a group of many.
// All others, such as min and list, give values away.
var summary = map[string]bool{
	"count": true, "sum": true, "sum_no_overflow": true, "fsum": true, "kahan_sum": true, "sumkahan": true, "avg": true, "mean": true, "favg": true,
	"stddev": true, "stddev_pop": true, "stddev_samp": true, "var_pop": true, "var_samp": true, "variance": true,
	"corr": true, "covar_pop": true, "covar_samp": true, "approx_count_distinct": true,
}

func (t *tracer) distinct(n *ir.Distinct) {
	t.keys(n.Keys)
	if len(n.On) > 0 {
		t.uses(Grouped, n.On...)
		return
	}
	for _, c := range n.Output() {
		t.note(t.flow(c.ID), Grouped)
	}
}

func (t *tracer) setOp(n *ir.SetOp) {
	left, right := n.Left.Output(), n.Right.Output()
	if len(left) != len(n.Columns) || len(right) != len(n.Columns) {
		t.lost = true
		return
	}
	for i, c := range n.Columns {
		l, r := t.flow(left[i].ID), t.flow(right[i].ID)
		both := joined(l, r)
		switch {
		case n.Kind == ir.Union && n.All:
		case n.Kind == ir.Union:
			t.note(both, Grouped)
		default:
			t.note(both, Matched)
		}
		if t.flows[c.ID] = both; n.Kind == ir.Except { // no value of the right side is in it
			t.flows[c.ID] = l
		}
	}
}

// window takes a call over one row's frame for what it is: the row's own value.
func (t *tracer) window(n *ir.Window) {
	for _, a := range n.Calls {
		call, ok := a.Expr.(*ir.WindowCall)
		if !ok {
			t.lost = true
			continue
		}
		t.uses(Grouped, call.Partition...)
		t.keys(call.Order)
		t.keys(call.ArgOrder)
		t.tests(call.Filter)
		t.uses(Tested, call.Frame.From, call.Frame.To)
		t.flows[a.ID] = t.of(call.List...)
	}
}
