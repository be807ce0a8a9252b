package planner

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Shares of rows that a condition is taken to keep where nothing is known of the
// column: those of System R (Selinger et al., 1979), rounded.
const (
	keptByEquality = 0.1
	keptByRange    = 0.33
)

// estimate guesses how many rows a tree gives; -1 when a table's size is not known.
// Guesses order joins, they never change an answer.
func estimate(n ir.Node) int64 {
	f := guess(n)
	switch {
	case f < 0:
		return -1
	case f > 1e15:
		return 1e15
	case f < 1:
		return 1
	}
	return int64(f)
}

func guess(n ir.Node) float64 {
	switch n := n.(type) {
	case *ir.Scan:
		return float64(n.Table.Rows)
	case *ir.Filter:
		return guessFilter(n)
	case *ir.Join:
		left, right := guess(n.Left), guess(n.Right)
		switch {
		case left < 0 || right < 0:
			return -1
		case n.Kind == ir.Semi || n.Kind == ir.Anti || n.Kind == ir.Mark:
			return left
		case len(n.On) == 0:
			return left * right
		}
		return max(left, right)
	case *ir.Aggregate:
		in := guess(n.Input)
		if len(n.Groups) == 0 {
			return 1
		}
		if in < 0 {
			return -1
		}
		return max(in/10, 1)
	case *ir.TopN:
		return least(guess(n.Input), n.Count)
	case *ir.Limit:
		return least(guess(n.Input), n.Count)
	case *ir.Values:
		return float64(len(n.Rows))
	case *ir.SetOp:
		left, right := guess(n.Left), guess(n.Right)
		if left < 0 || right < 0 {
			return -1
		}
		return left + right
	case *ir.CTE:
		return guess(n.Body)
	}
	if inputs := n.Inputs(); len(inputs) == 1 {
		return guess(inputs[0])
	}
	return -1
}

// least bounds a guess by a LIMIT's constant.
func least(rows float64, count ir.Expr) float64 {
	c, ok := count.(*ir.Const)
	if !ok {
		return rows
	}
	limit, ok := c.Value.V.(int64)
	if !ok || (rows >= 0 && rows < float64(limit)) {
		return rows
	}
	return float64(limit)
}

func guessFilter(f *ir.Filter) float64 {
	rows := guess(f.Input)
	if rows < 0 {
		if onKey(f) {
			return 1
		}
		return -1
	}
	if onKey(f) {
		return 1
	}
	for _, p := range f.Preds {
		rows *= kept(p)
	}
	return max(rows, 1)
}

// kept is the share of rows that a condition keeps.
func kept(e ir.Expr) float64 {
	switch e := e.(type) {
	case *ir.Compare:
		switch e.Op {
		case ir.Eq, ir.IsNotDistinct:
			return keptByEquality
		case ir.Ne, ir.IsDistinct:
			return 1 - keptByEquality
		}
		return keptByRange
	case *ir.In:
		share := min(keptByEquality*float64(len(e.List)), 0.5)
		if e.Negated {
			return 1 - share
		}
		return share
	case *ir.IsNull:
		if e.Negated {
			return 1 - keptByEquality
		}
		return keptByEquality
	case *ir.And:
		share := 1.0
		for _, x := range e.List {
			share *= kept(x)
		}
		return share
	case *ir.Or:
		share := 0.0
		for _, x := range e.List {
			share += kept(x)
		}
		return min(share, 1)
	case *ir.Not:
		return 1 - kept(e.Arg)
	}
	return keptByRange
}

// onKey reports whether a filter over a scan fixes every column of a unique key.
func onKey(f *ir.Filter) bool {
	s, ok := f.Input.(*ir.Scan)
	if !ok {
		return false
	}
	fixed := map[string]bool{}
	for _, p := range f.Preds {
		cmp, ok := p.(*ir.Compare)
		if !ok || cmp.Op != ir.Eq {
			continue
		}
		for _, sides := range [][2]ir.Expr{{cmp.Left, cmp.Right}, {cmp.Right, cmp.Left}} {
			r, isRef := sides[0].(*ir.Ref)
			if _, isConst := sides[1].(*ir.Const); !isRef || !isConst {
				continue
			}
			for _, c := range s.Columns {
				if c.ID == r.ID {
					fixed[catalog.Fold(c.Base.Name)] = true
				}
			}
		}
	}
	covered := func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(name string) bool { return !fixed[catalog.Fold(name)] })
	}
	return covered(s.Table.PrimaryKey) || slices.ContainsFunc(s.Table.Unique, covered)
}
