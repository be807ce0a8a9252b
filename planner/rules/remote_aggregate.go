package rules

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// remoteAggregate lets the source group.
//
//	aggregate by a: avg(b)   ->   project a, cast(s as DOUBLE) / cast(n as DOUBLE)
//	  remote pg                     remote pg
//	    scan t                        aggregate by a: s = sum(b), n = count(b)
//	                                    scan t
//
// Sound where the dialect says that keys are told apart as DuckDB tells them and
// that every aggregate's result type holds what DuckDB's holds. An average of whole
// numbers or decimals is divided here, out of the same unscaled sum that DuckDB
// divides. It must not fire for floating point, for text in another collation, over
// a filter that stayed here, nor when one of the aggregates is not exact: then all
// rows have to come anyway.
//
// What a projection in between computes is put into the aggregate: it may be computed
// of every row, which is what the aggregate does.
var remoteAggregate = Rule{Name: "remote_aggregate", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		a, ok := n.(*ir.Aggregate)
		if !ok {
			return n
		}
		if _, ok := a.Input.(*ir.Remote); !ok {
			a = throughProject(a)
		}
		r, d := c.remoteOf(a.Input)
		if r == nil {
			return n
		}
		split, project := c.splitAverages(a)
		inside := split.With([]ir.Node{r.Input})
		verdict, reason := d.Operator(inside, dialect.Places(r.Input))
		c.note(firstScan(r), a, verdict, reason)
		if verdict != dialect.Exact {
			return n
		}
		var out ir.Node = &ir.Remote{Source: r.Source, Input: inside}
		if project != nil {
			out = &ir.Project{Input: out, Cols: project}
		}
		return out
	}), nil
}}

// throughProject gives an aggregate over the input of the projection that is its input,
// with what that computes in the place of its columns. An aggregate with grouping sets,
// one over a projection of volatile values, and one that may leave out what can fail,
// in a CASE or for rows that it filters, stay as they are.
func throughProject(a *ir.Aggregate) *ir.Aggregate {
	p, ok := a.Input.(*ir.Project)
	if !ok || a.Sets != nil || volatile(exprsOf(p.Cols)...) {
		return a
	}
	optional := ir.Set{}
	for _, e := range a.Exprs() {
		ir.WalkExpr(e, func(x ir.Expr) {
			switch x := x.(type) {
			case *ir.Case, *ir.Coalesce, *ir.And, *ir.Or:
				optional.Add(x)
			case *ir.Agg:
				if x.Filter != nil {
					optional.Add(x)
				}
			}
		})
	}
	by := map[ir.ColID]ir.Expr{}
	for _, c := range p.Cols {
		if optional[c.ID] && !total(c.Expr) {
			return a
		}
		by[c.ID] = c.Expr
	}
	out := a.MapExprs(func(e ir.Expr) ir.Expr { return ir.Substitute(e, by) }).(*ir.Aggregate)
	return out.With([]ir.Node{p.Input}).(*ir.Aggregate)
}

var double = catalog.Type{Kind: catalog.Float64}

// splitAverages gives the aggregate with every plain average as a sum and a count,
// and the projection that divides; nil when there is none.
func (c *Context) splitAverages(a *ir.Aggregate) (*ir.Aggregate, []ir.Assign) {
	split := *a
	split.Aggs = nil
	var project []ir.Assign
	found := false
	for _, g := range a.Groups {
		project = append(project, ir.Assign{Column: g.Column, Expr: g.Ref()})
	}
	for _, x := range a.Aggs {
		call := x.Expr.(*ir.Agg)
		total, ok := sumType(call)
		if !ok {
			split.Aggs = append(split.Aggs, x)
			project = append(project, ir.Assign{Column: x.Column, Expr: x.Ref()})
			continue
		}
		found = true
		sum := c.Plan.NewColumn("sum", total)
		count := c.Plan.NewColumn("count", catalog.Type{Kind: catalog.Int64})
		split.Aggs = append(split.Aggs,
			ir.Assign{Column: sum, Expr: &ir.Agg{Name: "sum", List: call.List, Filter: call.Filter, Typ: total}},
			ir.Assign{Column: count, Expr: &ir.Agg{Name: "count", List: call.List, Filter: call.Filter, Typ: count.Type}})
		project = append(project, ir.Assign{Column: x.Column, Expr: quotient(sum, count)})
	}
	for _, g := range a.Grouping {
		project = append(project, ir.Assign{Column: g.Column, Expr: g.Ref()})
	}
	if !found {
		return a, nil
	}
	return &split, project
}

// sumType gives the type of the sum that an average is made of; not ok for what is
// no average of whole numbers or decimals.
func sumType(call *ir.Agg) (catalog.Type, bool) {
	if call.Name != "avg" || call.Distinct || len(call.Order) > 0 || len(call.List) != 1 || call.Typ.Kind != catalog.Float64 {
		return catalog.Type{}, false
	}
	switch t := call.List[0].Type(); t.Kind {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		return catalog.Type{Kind: catalog.HugeInt}, true
	case catalog.Decimal:
		return catalog.DecimalOf(38, t.Scale), true
	}
	return catalog.Type{}, false
}

// quotient divides as DuckDB's avg does: the sum of the unscaled numbers by the count
// times the scale. DuckDB holds both as long doubles, so that beyond 2^53 the last
// bit can differ. No rows give NULL: so does a NULL sum.
func quotient(sum, count ir.Column) ir.Expr {
	var unscaled ir.Expr = sum.Ref()
	divisor := "1"
	if sum.Type.Kind == catalog.Decimal && sum.Type.Scale > 0 {
		text := catalog.Type{Kind: catalog.Text}
		digits := &ir.Func{Name: "replace", Typ: text, List: []ir.Expr{
			&ir.Cast{Arg: sum.Ref(), Typ: text},
			&ir.Const{Value: catalog.Value{Type: text, V: "."}}, &ir.Const{Value: catalog.Value{Type: text, V: ""}},
		}}
		unscaled = &ir.Cast{Arg: digits, Typ: catalog.Type{Kind: catalog.HugeInt}}
		divisor += strings.Repeat("0", int(sum.Type.Scale))
	}
	scale := &ir.Cast{Arg: &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: divisor}}, Typ: double}
	return &ir.Func{Name: "/", Typ: double, List: []ir.Expr{
		&ir.Cast{Arg: unscaled, Typ: double},
		&ir.Func{Name: "*", Typ: double, List: []ir.Expr{&ir.Cast{Arg: count.Ref(), Typ: double}, scale}},
	}}
}
