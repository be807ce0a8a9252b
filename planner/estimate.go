package planner

import (
	"math"
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// estimate guesses how many rows a tree gives; -1 when a table's size is not known.
// It is made of what the sources' catalogues know (catalog.Statistics), and of the
// shares of System R (Selinger et al., 1979) where they know nothing. Guesses order
// joins, they never change an answer.
func estimate(n ir.Node) int64 {
	f := newEstimator().of(n)
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

// estimator guesses for the nodes of one tree.
type estimator struct {
	rows map[ir.Node]float64
	defs map[int]ir.Node // of CTEs whose body is looked at
}

func newEstimator() *estimator {
	return &estimator{rows: map[ir.Node]float64{}, defs: map[int]ir.Node{}}
}

// of gives the rows of a node; less than 0 when they are not known.
func (e *estimator) of(n ir.Node) float64 {
	if rows, done := e.rows[n]; done {
		return rows
	}
	rows := e.guess(n)
	e.rows[n] = rows
	return rows
}

func (e *estimator) guess(n ir.Node) float64 {
	switch n := n.(type) {
	case *ir.Scan:
		return float64(n.Table.Estimate())
	case *ir.Filter:
		rows := e.of(n.Input)
		switch {
		case onKey(n):
			return 1
		case rows < 0:
			return -1
		}
		return max(rows*e.keptByAll(n.Preds, n.Input), 1)
	case *ir.Join:
		return e.join(n)
	case *ir.Aggregate:
		return e.aggregate(n)
	case *ir.Distinct:
		keys := n.On
		if len(keys) == 0 {
			for _, c := range n.Output() {
				keys = append(keys, c.Ref())
			}
		}
		return e.groups(n.Input, keys)
	case *ir.TopN:
		return least(e.of(n.Input), n.Count)
	case *ir.Limit:
		return least(e.of(n.Input), n.Count)
	case *ir.Values:
		return float64(len(n.Rows))
	case *ir.SetOp:
		left, right := e.of(n.Left), e.of(n.Right)
		switch {
		case left < 0 || right < 0:
			return -1
		case n.Kind == ir.Intersect:
			return min(left, right)
		case n.Kind == ir.Except:
			return left
		}
		return left + right
	case *ir.CTE:
		e.defs[n.ID] = n.Def
		return e.of(n.Body)
	case *ir.CTERef:
		if def := e.defs[n.ID]; def != nil {
			return e.of(def)
		}
		return -1
	}
	if inputs := n.Inputs(); len(inputs) == 1 {
		return e.of(inputs[0])
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

func (e *estimator) aggregate(n *ir.Aggregate) float64 {
	if len(n.Groups) == 0 {
		return 1
	}
	all := make([]ir.Expr, len(n.Groups))
	for i, g := range n.Groups {
		all[i] = g.Expr
	}
	if n.Sets == nil {
		return e.groups(n.Input, all)
	}
	rows := 0.0
	for _, set := range n.Sets {
		some := make([]ir.Expr, len(set))
		for i, at := range set {
			some[i] = all[at]
		}
		in := e.groups(n.Input, some)
		if in < 0 {
			return -1
		}
		rows += in
	}
	return rows
}

// unknownGroups is the share of rows that are taken to stay when nothing is known of
// what they are grouped by.
const unknownGroups = 0.1

// groups gives how many groups the rows of n have by keys.
func (e *estimator) groups(n ir.Node, keys []ir.Expr) float64 {
	rows := e.of(n)
	if len(keys) == 0 || rows == 0 {
		return 1
	}
	bySource := map[*ir.Scan][]domain{}
	var order []*ir.Scan
	product, known := 1.0, true
	for _, k := range keys {
		d := e.domainOf(n, k)
		switch {
		case d.values < 0:
			known = false
		case d.scan == nil:
			product *= max(d.among(rows), 1)
		default:
			if bySource[d.scan] == nil {
				order = append(order, d.scan)
			}
			bySource[d.scan] = append(bySource[d.scan], d)
		}
	}
	equal := equalities(n)
	for _, s := range order {
		product *= together(s, bySource[s], bySource, equal, rows)
	}
	switch {
	case rows < 0 && known:
		return max(product, 1)
	case rows < 0:
		return -1
	case !known:
		product = max(product, rows*unknownGroups)
	}
	return max(min(product, rows), 1)
}

// together gives how many combinations of values columns of one table have among
// rows of which each comes from a row of it. A unique key decides on all others.
func together(s *ir.Scan, columns []domain, others map[*ir.Scan][]domain, equal map[ir.ColID][]ir.ColID, rows float64) float64 {
	product, most := 1.0, 1.0
	for _, d := range columns {
		v := max(d.among(rows), 1)
		product *= v
		most = max(most, v)
	}
	for _, key := range keysOf(s.Table) {
		own, borrowed := coverage(s, key, columns, others, equal)
		switch {
		case own+borrowed < len(key):
		case own == 0:
			return 1 // another table's columns, counted there, tell which row it is
		default:
			if base := float64(s.Table.Estimate()); base >= 0 {
				product = min(product, domain{values: base, base: base}.among(rows))
			}
		}
	}
	if len(columns) > 1 && rows >= 0 {
		// Columns of one table rarely have all combinations of their values.
		product = min(product, max(most, rows*unknownGroups))
	}
	return max(product, 1)
}

// coverage counts the columns of a key that stand among the grouped ones, and those
// that equal a grouped column of another table.
func coverage(s *ir.Scan, key []string, columns []domain, others map[*ir.Scan][]domain, equal map[ir.ColID][]ir.ColID) (own, borrowed int) {
	for _, name := range key {
		if slices.ContainsFunc(columns, func(d domain) bool { return catalog.SameName(d.column, name) }) {
			own++
			continue
		}
		found := false
		for _, c := range s.Columns {
			if !catalog.SameName(c.Base.Name, name) {
				continue
			}
			for _, same := range equal[c.ID] {
				for other, list := range others {
					found = found || (other != s && slices.ContainsFunc(list, func(d domain) bool { return d.id == same }))
				}
			}
		}
		if found {
			borrowed++
		}
	}
	return own, borrowed
}

// keysOf lists the unique keys of a table.
func keysOf(t *catalog.Table) [][]string {
	var keys [][]string
	for _, k := range append([][]string{t.PrimaryKey}, t.Unique...) {
		if len(k) > 0 {
			keys = append(keys, k)
		}
	}
	return keys
}

// equalities finds the columns that inner joins below n make equal.
func equalities(n ir.Node) map[ir.ColID][]ir.ColID {
	out := map[ir.ColID][]ir.ColID{}
	ir.Walk(n, func(n ir.Node) {
		j, ok := n.(*ir.Join)
		if !ok || j.Kind != ir.Inner {
			return
		}
		for _, on := range j.On {
			if cmp, ok := on.(*ir.Compare); ok && cmp.Op == ir.Eq {
				left, isLeft := plain(cmp.Left).(*ir.Ref)
				right, isRight := plain(cmp.Right).(*ir.Ref)
				if isLeft && isRight {
					out[left.ID] = append(out[left.ID], right.ID)
					out[right.ID] = append(out[right.ID], left.ID)
				}
			}
		}
	})
	return out
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
	return slices.ContainsFunc(keysOf(s.Table), func(key []string) bool {
		return !slices.ContainsFunc(key, func(name string) bool { return !fixed[catalog.Fold(name)] })
	})
}

// among gives how many of the values stand in so many rows, drawn from all of them.
func (d domain) among(rows float64) float64 {
	switch {
	case d.values < 0 || rows < 0:
		return d.values
	case d.base <= 0:
		return min(d.values, rows)
	}
	share := min(rows/d.base, 1)
	if d.values < 1 || share >= 1 {
		return min(d.values, max(rows, 1))
	}
	return min(d.values*(1-math.Pow(1-share, d.base/d.values)), max(rows, 1))
}
