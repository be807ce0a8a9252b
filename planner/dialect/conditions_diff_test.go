//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// valuesOf are constants that conditions compare with, of a column's type: all that
// are in the column, and some beside.
func valuesOf(rows [][]any, at int, c catalog.Column) []any {
	var out []any
	seen := map[string]bool{}
	add := func(v any) {
		if key := fmt.Sprint(v); v != nil && !seen[key] {
			seen[key], out = true, append(out, v)
		}
	}
	for _, r := range rows {
		add(r[at])
	}
	switch c.Type.Kind {
	case catalog.Int16, catalog.Int32, catalog.Int64, catalog.Date:
		add(int64(7))
	case catalog.Decimal:
		add("0.50")
	case catalog.Text:
		for _, s := range []string{"a  ", "absent", "é", "\uffff", "\U0001f600"} {
			add(s)
		}
	}
	return out
}

// TestConditionsAtTheSources: every comparison of a column with a constant and with
// another column that is called exact, by itself and under NOT, keeps at the source
// the rows that DuckDB keeps.
func TestConditionsAtTheSources(t *testing.T) {
	for _, w := range worlds(t) {
		t.Run(w.name, func(t *testing.T) { w.conditions(t, "person", 2500) })
	}
}

// conditions tries every comparison of a table's columns, of which so many at least
// must be sent: inside of an aggregate, by itself and under NOT, and some as the WHERE
// of a scan, where an index may serve.
func (w *world) conditions(t *testing.T, name string, least int) {
	ops := []ir.CompareOp{ir.Eq, ir.Ne, ir.Lt, ir.Le, ir.Gt, ir.Ge, ir.IsDistinct, ir.IsNotDistinct}
	table := w.tables[name]
	all, _, err := w.answer(t.Context(), newBuilder(w.tables).scan(name))
	if err != nil {
		t.Fatal(detail(err))
	}
	exactOnes, refused := 0, map[string]int{}
	b := newBuilder(w.tables)
	s := b.scan(name)
	var batch []*ir.Agg
	flush := func() {
		w.check(t, b.group(s, nil, batch...))
		batch = nil
	}
	try := func(e ir.Expr) {
		v, reason := w.dialect.Condition(e, dialect.Places(s))
		if v != dialect.Exact {
			refused[reason]++
			return
		}
		exactOnes++
		batch = append(batch, where(agg("count_star"), e), where(agg("count_star"), not(e)), where(agg("sum", col(s, "id")), e))
		if len(batch) > 60 {
			flush()
		}
		if exactOnes%5 == 0 {
			w.check(t, b.group(ir.Where(s, e), nil, agg("count_star"), agg("sum", col(s, "id"))))
		}
	}
	for i, c := range table.Columns {
		at := s.Columns[i].Ref()
		try(null(at))
		try(notNull(at))
		values := valuesOf(all, i, c)
		for _, v := range values {
			for _, op := range ops {
				try(cmpr(op, at, lit(at, v)))
				if op == ir.Lt || op == ir.Ge {
					try(cmpr(op, lit(at, v), at))
				}
			}
			if begin, ok := v.(string); ok && c.Type.Kind == catalog.Text {
				try(like(at, begin+"%"))
			}
		}
		for k := range values {
			three := []any{values[k], values[(k+1)%len(values)], values[(k+2)%len(values)]}
			try(in(at, three...))
			outside := in(at, three...)
			outside.Negated = true
			try(outside)
		}
		for k := i; k < len(table.Columns); k++ {
			for _, op := range ops {
				a, other := ir.Expr(at), s.Columns[k].Ref()
				if whole := other.Typ.Kind; whole > c.Type.Kind && whole <= catalog.Int64 && c.Type.Kind != catalog.Bool {
					a = cast(a, other.Typ)
				}
				try(cmpr(op, a, other))
			}
		}
	}
	flush()
	if exactOnes < least {
		t.Errorf("only %d conditions were sent", exactOnes)
	}
	t.Logf("%d conditions sent, refused: %v", exactOnes, refused)
}

// maker makes random trees out of what the sources are given.
type maker struct {
	*builder
	r *rand.Rand
}

func pick[T any](m *maker, list []T) T { return list[m.r.IntN(len(list))] }

func (m *maker) ref(n ir.Node, fits func(t catalog.Type) bool) *ir.Ref {
	var refs []*ir.Ref
	for _, c := range n.Output() {
		if fits(c.Type) {
			refs = append(refs, c.Ref())
		}
	}
	if len(refs) == 0 {
		return nil
	}
	return pick(m, refs)
}

func anyType(catalog.Type) bool { return true }

var constantsOf = map[catalog.Kind][]any{
	catalog.Bool: {true, false}, catalog.Int16: {int64(0), int64(1)}, catalog.Int32: {int64(3), int64(30)}, catalog.Int64: {int64(1), int64(9223372036854775806)},
	catalog.Date: {int64(0), int64(19782)}, catalog.Text: {"a", "A", "", "中", "b", "ok", "1.0"}, catalog.Timestamp: {int64(0)}, catalog.TimestampTZ: {int64(1711848600000000)},
}

func (m *maker) condition(n ir.Node, depth int) ir.Expr {
	if depth > 0 {
		switch m.r.IntN(6) {
		case 0:
			return and(m.condition(n, depth-1), m.condition(n, depth-1))
		case 1:
			return or(m.condition(n, depth-1), m.condition(n, depth-1))
		case 2:
			return not(m.condition(n, depth-1))
		}
	}
	a := m.ref(n, anyType)
	if m.r.IntN(10) == 0 && a.Typ.Kind >= catalog.Int16 && a.Typ.Kind <= catalog.Int32 {
		long := cast(a, kind(catalog.Int64))
		return cmpr(ir.Lt, long, lit(long, pick(m, []any{int64(3), int64(-32768), int64(32767), int64(-2147483648), int64(2147483648)})))
	}
	if m.r.IntN(5) == 0 && a.Typ.Kind == catalog.Decimal && a.Typ.Precision < 36 {
		long := cast(a, catalog.DecimalOf(a.Typ.Precision+2, a.Typ.Scale+1))
		return cmpr(ir.Ge, long, lit(long, pick(m, []any{"1.500", "-0.010", "99999999.980", "0"})))
	}
	op := pick(m, []ir.CompareOp{ir.Eq, ir.Ne, ir.Lt, ir.Le, ir.Gt, ir.Ge, ir.IsDistinct, ir.IsNotDistinct})
	values := constantsOf[a.Typ.Kind]
	switch a.Typ.Kind {
	case catalog.Decimal:
		values = []any{"1.50"}
	case catalog.HugeInt:
		values = []any{"0", "40", "18446744073709551614"}
	}
	switch {
	case m.r.IntN(4) == 0 || len(values) == 0:
		return &ir.IsNull{Arg: a, Negated: m.r.IntN(2) == 0}
	case m.r.IntN(3) == 0:
		return cmpr(op, a, m.ref(n, a.Typ.Equal))
	case m.r.IntN(4) == 0:
		list := in(a, values...)
		list.Negated = m.r.IntN(2) == 0
		return list
	case a.Typ.Kind == catalog.Text && m.r.IntN(3) == 0:
		return like(a, pick(m, []string{"a%", "%", "张%", "A%"}))
	}
	return cmpr(op, a, lit(a, pick(m, values)))
}

func (m *maker) tree(depth int) ir.Node {
	if depth == 0 {
		return m.scan(pick(m, []string{"person", "visit"}))
	}
	n := m.tree(depth - 1)
	switch m.r.IntN(12) {
	case 9:
		return &ir.Distinct{Input: n}
	case 10, 11:
		return m.combined(n, m.tree(m.r.IntN(2)))
	case 0, 1:
		return ir.Where(n, m.condition(n, 2))
	case 2:
		var places []int
		for i := range n.Output() {
			if m.r.IntN(3) > 0 {
				places = append(places, i)
			}
		}
		m.r.Shuffle(len(places), func(i, k int) { places[i], places[k] = places[k], places[i] })
		return m.project(n, m.r.IntN(2) == 0, append(places, 0)[:max(1, len(places))]...)
	case 3, 4:
		other := m.tree(m.r.IntN(2))
		var on []ir.Expr
		for range 1 + m.r.IntN(2) {
			a := m.ref(n, anyType)
			if b := m.ref(other, a.Typ.Equal); b != nil {
				on = append(on, cmpr(pick(m, []ir.CompareOp{ir.Eq, ir.Eq, ir.Le, ir.IsNotDistinct}), a, b))
			}
		}
		return &ir.Join{Kind: pick(m, []ir.JoinKind{ir.Inner, ir.Left, ir.Semi, ir.Anti}), Left: n, Right: other, On: on}
	case 5, 6:
		var keys []ir.Expr
		used := map[ir.ColID]bool{}
		for range m.r.IntN(3) {
			if k := m.ref(n, anyType); !used[k.ID] {
				used[k.ID] = true
				keys = append(keys, k)
			}
		}
		aggs := []*ir.Agg{agg("count_star")}
		for range m.r.IntN(3) {
			a := m.ref(n, anyType)
			name := pick(m, []string{"min", "max", "count", "sum"})
			if whole := a.Typ.Kind >= catalog.Int16 && a.Typ.Kind <= catalog.Int64; name == "sum" && !whole && a.Typ.Kind != catalog.Decimal {
				name = "max"
			}
			g := agg(name, a)
			if name == "count" && m.r.IntN(2) == 0 {
				distinct(g)
			}
			if m.r.IntN(3) == 0 {
				where(g, m.condition(n, 1))
			}
			aggs = append(aggs, g)
		}
		return m.group(n, keys, aggs...)
	case 7:
		// All columns are keys: rows that tie are the same.
		var keys []ir.Key
		for _, c := range n.Output() {
			keys = append(keys, ir.Key{Expr: c.Ref(), Desc: m.r.IntN(2) == 0, NullsFirst: m.r.IntN(2) == 0})
		}
		m.r.Shuffle(len(keys), func(i, k int) { keys[i], keys[k] = keys[k], keys[i] })
		if m.r.IntN(2) == 0 {
			return &ir.Sort{Input: n, Keys: keys}
		}
		return &ir.TopN{Input: n, Keys: keys, Count: number(int64(m.r.IntN(20))), Offset: number(int64(m.r.IntN(3)))}
	}
	return &ir.Barrier{Input: n}
}

// combined combines some columns of a tree with columns of another one that have
// their types.
func (m *maker) combined(n, other ir.Node) ir.Node {
	var left, right []int
	for i, c := range n.Output() {
		var fits []int
		for k, d := range other.Output() {
			if c.Type.Equal(d.Type) {
				fits = append(fits, k)
			}
		}
		if len(fits) > 0 && m.r.IntN(3) > 0 {
			left, right = append(left, i), append(right, pick(m, fits))
		}
	}
	if len(left) == 0 {
		return &ir.Distinct{Input: n}
	}
	u := &ir.SetOp{Kind: pick(m, []ir.SetKind{ir.Union, ir.Intersect, ir.Except}), All: m.r.IntN(2) == 0,
		Left: m.project(n, true, left...), Right: m.project(other, true, right...)}
	for _, c := range u.Left.Output() {
		u.Columns = append(u.Columns, m.plan.NewColumn(c.Name, c.Type))
	}
	return u
}

// TestRandomTreesAtTheSources: whatever tree is exact, the source answers as DuckDB.
func TestRandomTreesAtTheSources(t *testing.T) {
	for _, w := range worlds(t) {
		t.Run(w.name, w.randomTrees)
	}
}

func (w *world) randomTrees(t *testing.T) {
	const seeds = 1000
	sent, kinds := map[int]int{}, map[string]int{}
	for seed := range uint64(seeds) {
		m := &maker{newBuilder(w.tables), rand.New(rand.NewPCG(seed, 7))}
		depth := 1 + m.r.IntN(4)
		n := m.tree(depth)
		ok, reason := exact(w.dialect, n)
		if _, err := w.dialect.Statement(n); (err == nil) != ok {
			t.Fatalf("seed %d: exact is %v (%s) and the statement's error %v\n%s", seed, ok, reason, err, ir.Text(n, ir.Exactly))
		}
		if !ok || joins(n) > 2 { // a join of joins may be large
			continue
		}
		sent[depth]++
		ir.Walk(n, func(n ir.Node) { kinds[fmt.Sprintf("%T", n)]++ })
		w.check(t, n)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	counts := []int{sent[1], sent[2], sent[3], sent[4]}
	t.Logf("sent per depth: %v, nodes: %v", counts, kinds)
	if slices.Min(counts) < 20 || kinds["*ir.SetOp"] < 20 || kinds["*ir.Distinct"] < 20 {
		t.Error("the trees do not reach every depth and every operator")
	}
}

func joins(n ir.Node) int {
	count := 0
	ir.Walk(n, func(n ir.Node) {
		if _, ok := n.(*ir.Join); ok {
			count++
		}
	})
	return count
}
