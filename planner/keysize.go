package planner

import (
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/rules"
)

// narrows reports whether something at the source drops rows.
func narrows(n ir.Node) bool {
	found := false
	ir.Walk(n, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Filter, *ir.Limit, *ir.TopN:
			found = true
		case *ir.Join:
			found = found || n.Kind == ir.Semi || n.Kind == ir.Anti
		}
	})
	return found
}

// atMost gives how many rows a tree surely gives at most, where its text says so; -1
// where it does not.
func atMost(n ir.Node) int64 {
	switch n := n.(type) {
	case *ir.Filter:
		if onKey(n) {
			return 1
		}
		return atMost(n.Input)
	case *ir.Limit:
		return least64(atMost(n.Input), n.Count)
	case *ir.TopN:
		return least64(atMost(n.Input), n.Count)
	case *ir.Project:
		return atMost(n.Input)
	case *ir.Sort:
		return atMost(n.Input)
	case *ir.Distinct:
		return atMost(n.Input)
	case *ir.Aggregate:
		if len(n.Groups) == 0 && n.Sets == nil {
			return 1
		}
		if n.Sets == nil {
			return atMost(n.Input)
		}
	case *ir.Join:
		if n.Kind == ir.Semi || n.Kind == ir.Anti {
			return atMost(n.Left)
		}
	}
	return -1
}

func least64(rows int64, count ir.Expr) int64 { return int64(least(float64(rows), count)) }

// listed reports whether a source is asked for some values of a column already, those
// that transitive_predicates has brought there.
func listed(n ir.Node, arg ir.Expr) bool {
	found := false
	ir.Walk(n, func(n ir.Node) {
		f, ok := n.(*ir.Filter)
		if !ok {
			return
		}
		for _, p := range f.Preds {
			switch p := p.(type) {
			case *ir.Compare:
				_, left := p.Left.(*ir.Const)
				_, right := p.Right.(*ir.Const)
				found = found || p.Op == ir.Eq && (left && ir.Equal(p.Right, arg) || right && ir.Equal(p.Left, arg))
			case *ir.In:
				found = found || !p.Negated && ir.Equal(p.Arg, arg)
			}
		}
	})
	return found
}

// left guesses how many rows a stream gives of a pair's keys; -1 when it is not known.
func (k *keyPlanner) left(p *keyPair, r rules.Reached) int64 {
	all, keys := k.parts[k.streams[r.Remote]].rows, k.parts[p.by].rows
	if few := k.parts[p.by].few; keys < 0 || (few >= 0 && few < keys) {
		keys = few
	}
	if all < 0 || keys < 0 {
		return -1
	}
	var key ir.Expr = p.column.Ref()
	if !p.column.Type.Equal(p.as) {
		key = &ir.Cast{Arg: key, Typ: p.as}
	}
	rows := estimate(&ir.Join{
		Kind: ir.Semi, Left: r.Remote.Input, Right: p.by.part.Input, On: []ir.Expr{&ir.Compare{Op: ir.Eq, Left: r.Arg, Right: key}},
	})
	if rows >= all { // as a rule nothing is known then of how many values there are
		rows = all / 10
	}
	// The stream that has the keys may itself wait for some, and have fewer.
	if whole := p.by.Rows; whole > keys {
		rows = int64(float64(rows) * float64(keys) / float64(whole))
	}
	return max(min(rows, all), 1)
}
