package rules

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// columnPruning leaves out columns that nothing reads: of scans, computed columns,
// aggregates, window calls, sides of UNION ALL, definitions of CTEs, VALUES.
//
//	project a
//	  inner join on a = b
//	    scan t: a, x, y
//	    scan u: b, z
//	->
//	project a
//	  inner join on a = b
//	    scan t: a
//	    scan u: b
//
// It is sound because a column has no effect on the number of rows, except where
// whole rows are compared: DISTINCT, UNION, INTERSECT and EXCEPT keep all of theirs,
// an aggregate keeps its groups, a delim join the columns that its right side reads.
// Where nothing is read but how many rows there are, the narrowest column stays.
//
// It must not fire for a volatile expression, which is called whether it is read or
// not, nor change the statement's own columns.
var columnPruning = Rule{Name: "column_pruning", Apply: func(c *Context) (ir.Node, error) {
	p := &pruner{ctes: map[int]ir.Set{}}
	root := c.Plan.Root
	return p.prune(root, ir.OutputOf(root)), nil
}}

type pruner struct {
	ctes map[int]ir.Set // what is read of a CTE's definition
}

// prune gives n with at least the columns of need; its output stays in order.
func (p *pruner) prune(n ir.Node, need ir.Set) ir.Node {
	switch n := n.(type) {
	case *ir.Scan:
		return pruneScan(n, need)
	case *ir.Project:
		return p.project(n, need)
	case *ir.Aggregate:
		return p.aggregate(n, need)
	case *ir.Window:
		return p.window(n, need)
	case *ir.Join:
		return p.join(n, need)
	case *ir.SetOp:
		return p.setOp(n, need)
	case *ir.CTE:
		return p.cte(n, need)
	case *ir.CTERef:
		return p.cteRef(n, need)
	case *ir.Values:
		return pruneValues(n, need)
	case *ir.Filter, *ir.Sort, *ir.Limit, *ir.TopN, *ir.Unnest, *ir.Barrier, *ir.Distinct:
		in := n.Inputs()[0]
		below := plus(need, n.Exprs()...)
		if d, ok := n.(*ir.Distinct); ok && d.On == nil {
			below = ir.OutputOf(in)
		}
		return with(n, p.prune(in, below))
	}
	return n
}

func plus(need ir.Set, list ...ir.Expr) ir.Set {
	s := ir.RefsOf(list...)
	for id := range need {
		s[id] = true
	}
	return s
}

// needed picks those of n things that are needed, or the narrowest when none is.
func needed(columns []ir.Column, keep func(i int) bool) []int {
	var out []int
	best := 0
	for i, c := range columns {
		if keep(i) {
			out = append(out, i)
		}
		if width(c.Type) < width(columns[best].Type) {
			best = i
		}
	}
	if len(out) == 0 {
		return []int{best}
	}
	return out
}

// width says about how many bytes a value takes.
func width(t catalog.Type) int {
	switch t.Kind {
	case catalog.Null, catalog.Bool, catalog.Int8, catalog.Uint8:
		return 1
	case catalog.Int16, catalog.Uint16:
		return 2
	case catalog.Int32, catalog.Uint32, catalog.Float32, catalog.Date:
		return 4
	case catalog.Int64, catalog.Uint64, catalog.Float64, catalog.Time, catalog.TimestampS, catalog.TimestampMS,
		catalog.Timestamp, catalog.TimestampNS, catalog.TimestampTZ:
		return 8
	case catalog.Decimal, catalog.HugeInt, catalog.Interval, catalog.UUID:
		return 16
	}
	return 64
}

func pick[T any](list []T, at []int) []T {
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = list[k]
	}
	return out
}

func pruneScan(n *ir.Scan, need ir.Set) ir.Node {
	keep := needed(n.Output(), func(i int) bool { return need[n.Columns[i].ID] })
	if len(keep) == len(n.Columns) {
		return n
	}
	s := *n
	s.Columns = pick(n.Columns, keep)
	return &s
}

func pruneValues(n *ir.Values, need ir.Set) ir.Node {
	keep := needed(n.Columns, func(i int) bool {
		return need[n.Columns[i].ID] || slices.ContainsFunc(n.Rows, func(r []ir.Expr) bool { return volatile(r[i]) })
	})
	if len(keep) == len(n.Columns) {
		return n
	}
	v := &ir.Values{Columns: pick(n.Columns, keep)}
	for _, r := range n.Rows {
		v.Rows = append(v.Rows, pick(r, keep))
	}
	return v
}

// assigned picks the assignments that are needed or volatile.
func assigned(list []ir.Assign, need ir.Set) []ir.Assign {
	keep := needed(outputOf(list), func(i int) bool { return need[list[i].ID] || volatile(list[i].Expr) })
	return pick(list, keep)
}

func exprsOf(list []ir.Assign) []ir.Expr {
	out := make([]ir.Expr, len(list))
	for i, a := range list {
		out[i] = a.Expr
	}
	return out
}

func (p *pruner) project(n *ir.Project, need ir.Set) ir.Node {
	cols := assigned(n.Cols, need)
	in := p.prune(n.Input, ir.RefsOf(exprsOf(cols)...))
	if len(cols) == len(n.Cols) {
		return with(n, in)
	}
	return &ir.Project{Input: in, Cols: cols}
}

func (p *pruner) aggregate(n *ir.Aggregate, need ir.Set) ir.Node {
	a := *n
	a.Aggs, a.Grouping = nil, nil
	for _, g := range n.Grouping {
		if need[g.ID] {
			a.Grouping = append(a.Grouping, g)
		}
	}
	for _, x := range n.Aggs {
		if need[x.ID] || volatile(x.Expr) {
			a.Aggs = append(a.Aggs, x)
		}
	}
	if len(a.Groups)+len(a.Aggs)+len(a.Grouping) == 0 && len(n.Aggs) > 0 {
		a.Aggs = assigned(n.Aggs, need)
	}
	in := p.prune(n.Input, ir.RefsOf(a.Exprs()...))
	if len(a.Aggs) == len(n.Aggs) && len(a.Grouping) == len(n.Grouping) {
		return with(n, in)
	}
	a.Input = in
	return &a
}

func (p *pruner) window(n *ir.Window, need ir.Set) ir.Node {
	var calls []ir.Assign
	for _, x := range n.Calls {
		if need[x.ID] || volatile(x.Expr) {
			calls = append(calls, x)
		}
	}
	in := p.prune(n.Input, plus(need, exprsOf(calls)...))
	switch len(calls) {
	case 0:
		return in
	case len(n.Calls):
		return with(n, in)
	}
	return &ir.Window{Input: in, Calls: calls}
}

func (p *pruner) join(n *ir.Join, need ir.Set) ir.Node {
	below := plus(need, n.On...)
	if n.Delim != nil {
		for _, id := range n.Delim.Columns {
			below[id] = true
		}
	}
	return with(n, narrowSide(p.prune(n.Left, below), below), narrowSide(p.prune(n.Right, below), below))
}

// narrowSide drops columns that only the filters over a scan read, so that they do
// not travel. Over a join nothing is put: it would cut a tree of joins in two.
func narrowSide(n ir.Node, need ir.Set) ir.Node {
	if !filteredScan(n) {
		return n
	}
	out := n.Output()
	keep := needed(out, func(i int) bool { return need[out[i].ID] })
	if len(keep) == len(out) {
		return n
	}
	return handOn(n, pick(out, keep))
}

func filteredScan(n ir.Node) bool {
	f, ok := n.(*ir.Filter)
	if !ok {
		return false
	}
	switch in := f.Input.(type) {
	case *ir.Scan, *ir.Barrier:
		return true
	default:
		return filteredScan(in)
	}
}

// handOn gives n with some of its columns.
func handOn(n ir.Node, columns []ir.Column) ir.Node {
	p := &ir.Project{Input: n}
	for _, c := range columns {
		p.Cols = append(p.Cols, ir.Assign{Column: c, Expr: c.Ref()})
	}
	return p
}

func (p *pruner) setOp(n *ir.SetOp, need ir.Set) ir.Node {
	if n.Kind != ir.Union || !n.All {
		return with(n, p.prune(n.Left, ir.OutputOf(n.Left)), p.prune(n.Right, ir.OutputOf(n.Right)))
	}
	keep := needed(n.Columns, func(i int) bool { return need[n.Columns[i].ID] })
	side := func(in ir.Node) ir.Node {
		columns := pick(in.Output(), keep)
		out := p.prune(in, ir.SetOf(columns))
		if len(out.Output()) > len(columns) {
			return handOn(out, columns)
		}
		return out
	}
	left, right := side(n.Left), side(n.Right)
	if len(keep) == len(n.Columns) {
		return with(n, left, right)
	}
	u := *n
	u.Left, u.Right, u.Columns = left, right, pick(n.Columns, keep)
	return &u
}

func (p *pruner) cte(n *ir.CTE, need ir.Set) ir.Node {
	p.ctes[n.ID] = ir.Set{}
	body := p.prune(n.Body, need)
	return with(n, p.prune(n.Def, p.ctes[n.ID]), body)
}

func (p *pruner) cteRef(n *ir.CTERef, need ir.Set) ir.Node {
	keep := needed(n.Columns, func(i int) bool { return need[n.Columns[i].ID] })
	for _, i := range keep {
		if p.ctes[n.ID] == nil {
			p.ctes[n.ID] = ir.Set{}
		}
		p.ctes[n.ID][n.From[i]] = true
	}
	if len(keep) == len(n.Columns) {
		return n
	}
	return &ir.CTERef{ID: n.ID, Name: n.Name, Columns: pick(n.Columns, keep), From: pick(n.From, keep)}
}
