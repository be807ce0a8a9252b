package rules

import "github.com/lianji/lianji/planner/ir"

// semiPushdown brings a semi or anti join down to the table that it asks of, where
// both are of one source, which may then join them itself.
//
//	semi join on l.k = o.k           ->   inner join on o.n = n.k
//	  inner join on o.n = n.k               semi join on l.k = o.k
//	    scan o at pg                          scan o at pg
//	    scan n at lite                        scan l at pg
//	  scan l at pg                          scan n at lite
//
// It is sound because such a join keeps a row by the values of the columns that its
// conditions read, like a filter: they are those of one side, so that the rows of
// an inner join, or of a left join and its left side, are kept or dropped before
// they find their partners as after it. Each row of the right side is read once
// wherever it stands.
//
// It must not fire for conditions that read both sides, that can fail or are
// volatile, nor over the right side of a left join, nor over a filter that is
// volatile, nor where the two that would meet are not of one source: then it
// would look at more rows and spare nobody any.
var semiPushdown = Rule{Name: "semi_pushdown", Apply: func(c *Context) (ir.Node, error) {
	return ir.Transform(c.Plan.Root, func(n ir.Node) ir.Node {
		j, ok := n.(*ir.Join)
		if !ok || (j.Kind != ir.Semi && j.Kind != ir.Anti) || j.Delim != nil || !total(j.On...) {
			return n
		}
		source := onlySource(j.Right)
		if source == "" || onlySource(j.Left) == source {
			return n
		}
		if out := sink(j.Left, j, source); out != nil {
			return out
		}
		return n
	}), nil
}}

// sink gives n with j's rows kept, or dropped, at the side of n that is of the source
// and gives all columns that j asks of; nil where there is none.
func sink(n ir.Node, j *ir.Join, source string) ir.Node {
	if onlySource(n) == source {
		return j.With([]ir.Node{n, j.Right})
	}
	switch n := n.(type) {
	case *ir.Filter:
		if !volatile(n.Preds...) {
			if in := sink(n.Input, j, source); in != nil {
				return n.With([]ir.Node{in})
			}
		}
	case *ir.Join:
		if n.Delim != nil || (n.Kind != ir.Inner && n.Kind != ir.Left) || volatile(n.On...) {
			return nil
		}
		if asksOf(j, n.Left) {
			if in := sink(n.Left, j, source); in != nil {
				return n.With([]ir.Node{in, n.Right})
			}
		} else if n.Kind == ir.Inner && asksOf(j, n.Right) {
			if in := sink(n.Right, j, source); in != nil {
				return n.With([]ir.Node{n.Left, in})
			}
		}
	}
	return nil
}

// asksOf reports whether j's conditions read, of its left side, columns of n alone,
// and at least one.
func asksOf(j *ir.Join, n ir.Node) bool {
	have, right := ir.OutputOf(n), ir.OutputOf(j.Right)
	found := false
	for id := range ir.RefsOf(j.On...) {
		switch {
		case right[id]:
		case have[id]:
			found = true
		default:
			return false
		}
	}
	return found
}

// onlySource gives the source of which all is that n reads; none where there are
// several, or rows that no source gives.
func onlySource(n ir.Node) string {
	source, several := "", false
	ir.Walk(n, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Scan:
			several = several || (source != "" && source != n.Source)
			source = n.Source
		case *ir.DelimGet, *ir.CTERef, *ir.Values, *ir.TableFunction:
			several = true
		}
	})
	if several {
		return ""
	}
	return source
}
