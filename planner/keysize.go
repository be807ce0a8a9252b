package planner

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
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

// left guesses how many rows a stream gives of a pair's keys.
func (k *keyPlanner) left(p *keyPair, r rules.Reached) int64 {
	all, keys := k.parts[k.streams[r.Remote]].rows, k.parts[p.by].rows
	if few := k.parts[p.by].few; keys < 0 || (few >= 0 && few < keys) {
		keys = few
	}
	if all < 0 || keys < 0 {
		return -1
	}
	if ref, ok := r.Arg.(*ir.Ref); ok && isUnique(dialect.Places(r.Remote.Input)[ref.ID]) {
		return min(all, keys)
	}
	if at := dialect.Places(p.by.part.Input)[p.column.ID]; isUnique(at) && at.Table.Rows > 0 {
		return min(all, max(int64(float64(all)*float64(keys)/float64(at.Table.Rows)), 1))
	}
	return max(all/10, min(all, keys))
}

// isUnique reports whether no two rows of a column's table have one value.
func isUnique(p dialect.Place) bool {
	if p.Base == nil || p.Table == nil {
		return false
	}
	alone := func(key []string) bool { return len(key) == 1 && catalog.SameName(key[0], p.Base.Name) }
	return alone(p.Table.PrimaryKey) || slices.ContainsFunc(p.Table.Unique, alone)
}
