package rules

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// partialAggregate lets a source add up its rows by what they are joined on, before
// they are joined with another source's.
//
//	aggregate by u.c: sum(t.b)    ->   aggregate by u.c: sum(s)
//	  inner join on t.a = u.a            inner join on t.a = u.a
//	    remote pg                          remote pg
//	      scan t                             aggregate by t.a: s = sum(t.b)
//	    remote lite                            scan t
//	      scan u                           remote lite
//	                                         scan u
//
// Sound because rows of t that are equal in every column that the join and the groups
// read meet the same rows of u and fall into the same group: their sum, count, least
// and greatest value stand for them, once for each row that they meet (eager group-by
// of Yan and Larson, VLDB 1995). It must not fire for an aggregate that tells equal
// values apart, has an order or adds up the other side, nor for one that the
// source does not do exactly; and it is not worth it unless the join meets a key of u
// and t has several rows for each of u's.
var partialAggregate = Rule{Name: "partial_aggregate", Late: true, Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		a, ok := n.(*ir.Aggregate)
		if !ok || a.Sets != nil || len(a.Grouping) > 0 {
			return n
		}
		j, ok := belowReorder(a.Input).(*ir.Join)
		if !ok || !plainInner(j) {
			return n
		}
		if out := c.partial(a, j, j.Left, j.Right); out != nil {
			return out
		}
		if out := c.partial(a, j, j.Right, j.Left); out != nil {
			return out
		}
		return n
	}), nil
}}

// partialRows is how many rows of t one of u must stand for at least.
const partialRows = 4

// belowReorder goes below projections that only leave columns out.
func belowReorder(n ir.Node) ir.Node {
	for {
		p, ok := n.(*ir.Project)
		if !ok {
			return n
		}
		for _, a := range p.Cols {
			if r, ok := a.Expr.(*ir.Ref); !ok || r.ID != a.ID {
				return n
			}
		}
		n = p.Input
	}
}

// partial gives a over j with the rows of t, a side of j, added up at their source;
// nil when that cannot be or is not worth it.
func (c *Context) partial(a *ir.Aggregate, j *ir.Join, t, u ir.Node) ir.Node {
	r, d := c.remoteOf(t)
	if other, ok := u.(*ir.Remote); r == nil || ok && other.Source == r.Source {
		return nil
	}
	keys, ok := partialKeys(a, j, t)
	if !ok || !worthwhile(r.Input, u, j.On, keys) {
		return nil
	}
	split, project := c.splitAverages(a)
	there := &ir.Aggregate{Input: r}
	for _, col := range t.Output() {
		if keys[col.ID] {
			there.Groups = append(there.Groups, ir.Assign{Column: col, Expr: col.Ref()})
		}
	}
	here := &ir.Aggregate{Groups: split.Groups}
	counts := map[ir.ColID]ir.Expr{}
	others := ir.SetOf(u.Output())
	for _, x := range split.Aggs {
		call := x.Expr.(*ir.Agg)
		if (call.Name == "min" || call.Name == "max") && others.Has(call) && !volatile(call) {
			here.Aggs = append(here.Aggs, x) // how often each row of u is met does not matter
			continue
		}
		if !addsUp(call) || !ir.SetOf(t.Output()).Has(call) {
			return nil
		}
		part := c.Plan.NewColumn(x.Name, call.Typ)
		there.Aggs = append(there.Aggs, ir.Assign{Column: part, Expr: call})
		total := x
		again := &ir.Agg{Name: call.Name, List: []ir.Expr{part.Ref()}, Typ: call.Typ}
		if call.Name == "count" || call.Name == "count_star" {
			huge := catalog.Type{Kind: catalog.HugeInt}
			total.Column = c.Plan.NewColumn(x.Name, huge)
			again.Name, again.Typ = "sum", huge
			counts[x.ID] = counted(total.Column, call.Typ)
		}
		total.Expr = again
		here.Aggs = append(here.Aggs, total)
	}
	remote, ok := c.into(there, r, d).(*ir.Remote)
	if !ok {
		return nil
	}
	if t == j.Left {
		here.Input = j.With([]ir.Node{remote, u})
	} else {
		here.Input = j.With([]ir.Node{u, remote})
	}
	return overCounts(here, split, counts, project)
}

// partialKeys gives the columns of t by which its rows must stay apart: those that
// the join and the groups read. Not ok where they cannot be told.
func partialKeys(a *ir.Aggregate, j *ir.Join, t ir.Node) (ir.Set, bool) {
	own, keys := ir.SetOf(t.Output()), ir.Set{}
	var read []ir.Expr
	read = append(read, j.On...)
	for _, g := range a.Groups {
		read = append(read, g.Expr)
	}
	if volatile(read...) {
		return nil, false
	}
	for id := range ir.RefsOf(read...) {
		if own[id] {
			keys[id] = true
		}
	}
	return keys, len(keys) > 0
}

// addsUp reports whether the aggregate of a whole can be made of those of its parts.
func addsUp(a *ir.Agg) bool {
	if a.Distinct || len(a.Order) > 0 || volatile(a) {
		return false
	}
	switch a.Name {
	case "count_star", "count", "min", "max":
		return true
	case "sum": // as wide as its own result, so that parts of it add up to the same type
		return a.Typ.Kind == catalog.HugeInt || a.Typ.Kind == catalog.Decimal
	}
	return false
}

// counted gives a count that was added up: of no rows it is 0, not NULL.
func counted(total ir.Column, t catalog.Type) ir.Expr {
	zero := &ir.Const{Value: catalog.Value{Type: total.Type, V: "0"}}
	return &ir.Cast{Arg: &ir.Coalesce{List: []ir.Expr{total.Ref(), zero}}, Typ: t}
}

// overCounts puts the counts' own columns over here, which has others in their place,
// and over them the projection of averages, if there is one.
func overCounts(here, split *ir.Aggregate, counts map[ir.ColID]ir.Expr, averages []ir.Assign) ir.Node {
	var out ir.Node = here
	if len(counts) > 0 {
		p := &ir.Project{Input: here}
		for _, col := range split.Output() {
			e, ok := counts[col.ID]
			if !ok {
				e = col.Ref()
			}
			p.Cols = append(p.Cols, ir.Assign{Column: col, Expr: e})
		}
		out = p
	}
	if averages != nil {
		out = &ir.Project{Input: out, Cols: averages}
	}
	return out
}

// worthwhile guesses whether far fewer rows come when t's are added up by keys: when
// these are what meets a key of u, and nothing else, t has no more of them than u has rows.
func worthwhile(t, u ir.Node, on []ir.Expr, keys ir.Set) bool {
	ts, us := scanBelow(t), scanBelow(u)
	if ts == nil || us == nil || ts.Table.Estimate() < 0 || us.Table.Estimate() < 0 || ts.Table.Estimate()/partialRows < us.Table.Estimate() {
		return false
	}
	met := map[string]bool{}
	joined := ir.Set{}
	for _, e := range on {
		c, ok := e.(*ir.Compare)
		if !ok || c.Op != ir.Eq {
			continue
		}
		joined.Add(c)
		for _, side := range []ir.Expr{c.Left, c.Right} {
			if cast, ok := side.(*ir.Cast); ok {
				side = cast.Arg
			}
			if r, ok := side.(*ir.Ref); ok {
				for _, col := range us.Columns {
					if col.ID == r.ID {
						met[catalog.Fold(col.Base.Name)] = true
					}
				}
			}
		}
	}
	for id := range keys {
		if !joined[id] {
			return false
		}
	}
	covers := func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(name string) bool { return !met[catalog.Fold(name)] })
	}
	return covers(us.Table.PrimaryKey) || slices.ContainsFunc(us.Table.Unique, covers)
}

// scanBelow gives the one scan whose rows n gives, some of them perhaps not.
func scanBelow(n ir.Node) *ir.Scan {
	for {
		switch x := n.(type) {
		case *ir.Scan:
			return x
		case *ir.Remote, *ir.Filter, *ir.Barrier, *ir.Project:
			n = n.Inputs()[0]
		default:
			return nil
		}
	}
}
