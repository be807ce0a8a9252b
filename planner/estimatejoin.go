package planner

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// joinKey is an equality of a join between its two sides.
type joinKey struct{ left, right ir.Expr }

// join guesses the rows of a join: of all pairs, one in as many fits as the keys have
// values.
func (e *estimator) join(j *ir.Join) float64 {
	left, right := e.of(j.Left), e.of(j.Right)
	keys, rest := splitOn(j)
	switch {
	case left < 0:
		return -1
	case j.Kind == ir.Mark || j.Kind == ir.Single:
		return left
	case right < 0:
		if j.Kind == ir.Semi || j.Kind == ir.Anti {
			return left
		}
		return -1
	}
	values := e.keyValues(j, keys)
	if j.Kind == ir.Semi || j.Kind == ir.Anti {
		share := 1.0
		if values > 0 {
			own := make([]ir.Expr, len(keys))
			for i, k := range keys {
				own[i] = k.right
			}
			share = min(e.groups(j.Right, own)/values, 1)
		}
		if j.Kind == ir.Anti {
			if share >= 1 {
				return left // nothing is known of which have no partner
			}
			share = 1 - share
		}
		return max(left*share, 1)
	}
	pairs := left * right
	switch {
	case len(keys) > 0 && values > 0:
		pairs /= values
	case len(j.On) > 0:
		pairs = max(left, right)
	}
	if len(keys) > 0 && len(rest) > 0 {
		pairs *= e.keptByAll(rest, j)
	}
	switch j.Kind {
	case ir.Left:
		pairs = max(pairs, left)
	case ir.Right:
		pairs = max(pairs, right)
	case ir.Full:
		pairs = max(pairs, left, right)
	}
	return max(pairs, 1)
}

// splitOn parts a join's conditions into equalities of its sides and others.
func splitOn(j *ir.Join) (keys []joinKey, rest []ir.Expr) {
	ofLeft := map[ir.ColID]bool{}
	for _, c := range j.Left.Output() {
		ofLeft[c.ID] = true
	}
	side := func(x ir.Expr) (left, right bool) {
		for id := range ir.RefsOf(x) {
			left, right = left || ofLeft[id], right || !ofLeft[id]
		}
		return left, right
	}
	for _, on := range j.On {
		cmp, ok := on.(*ir.Compare)
		if ok && (cmp.Op == ir.Eq || cmp.Op == ir.IsNotDistinct) {
			al, ar := side(cmp.Left)
			bl, br := side(cmp.Right)
			switch {
			case al && !ar && br && !bl:
				keys = append(keys, joinKey{cmp.Left, cmp.Right})
				continue
			case ar && !al && bl && !br:
				keys = append(keys, joinKey{cmp.Right, cmp.Left})
				continue
			}
		}
		rest = append(rest, on)
	}
	return keys, rest
}

// keyValues gives how many values the keys of a join have together: those of the side
// that has more of them, filters aside, for they rarely have to do with a key. -1
// when it is not known.
func (e *estimator) keyValues(j *ir.Join, keys []joinKey) float64 {
	var left, right []domain
	for _, k := range keys {
		l, r := e.domainOf(j.Left, k.left), e.domainOf(j.Right, k.right)
		switch {
		case l.values < 0 && r.values < 0:
			continue
		case l.values < 0:
			l = domain{values: r.values}
		case r.values < 0:
			r = domain{values: l.values}
		}
		left, right = append(left, l), append(right, r)
	}
	if len(left) == 0 {
		return -1
	}
	a, aCut, aKey := combined(left)
	b, bCut, bKey := combined(right)
	switch {
	case aKey && bKey:
		return max(a, b, 1)
	case aKey:
		return max(a, 1)
	case bKey:
		return max(b, 1)
	case aCut && bCut: // neither can have all combinations
		return max(min(a, b), 1)
	}
	return max(a, b, 1)
}

// combined gives how many combinations of values some columns have: cut when the
// table has fewer rows than that, key when a unique key is among the columns.
func combined(list []domain) (values float64, cut, key bool) {
	values = 1
	one := list[0].scan
	for _, d := range list {
		values *= max(d.values, 1)
		if d.scan != one {
			one = nil
		}
	}
	if one == nil {
		return values, false, false
	}
	base := float64(one.Table.Estimate())
	if base < 1 {
		return values, false, false
	}
	key = slices.ContainsFunc(keysOf(one.Table), func(names []string) bool {
		return !slices.ContainsFunc(names, func(name string) bool {
			return !slices.ContainsFunc(list, func(d domain) bool { return catalog.SameName(d.column, name) })
		})
	})
	if values > base {
		return base, true, key
	}
	return values, false, key
}
