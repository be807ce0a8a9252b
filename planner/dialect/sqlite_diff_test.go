//go:build duckdb_arrow

package dialect_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

var encodings = []string{"UTF-8", "UTF-16le", "UTF-16be"}

// TestSQLiteTrees: SQLite answers every tree as DuckDB; where it sorts text otherwise
// it is not asked.
func TestSQLiteTrees(t *testing.T) {
	for _, encoding := range encodings {
		w := liteWorld(t, encoding)
		if encoding == "UTF-8" {
			for name, table := range liteTables {
				if d := cmp.Diff(table, w.tables[name], cmpopts.IgnoreFields(catalog.Table{}, "Rows"), cmpopts.IgnoreFields(catalog.Column{}, "NotNull"), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("%s is described otherwise (-declared +described):\n%s", name, d)
				}
			}
		}
		for _, c := range liteTrees {
			t.Run(encoding+"/"+c.name, func(t *testing.T) {
				n := c.make(newBuilder(w.tables))
				ok, reason := exact(w.dialect, n)
				if sent := !c.ordered || encoding == "UTF-8"; ok != sent {
					t.Fatalf("exact is %v (%s), want %v", ok, reason, sent)
				}
				if ok {
					w.check(t, n)
				} else if _, err := w.dialect.Statement(n); err == nil {
					t.Error("a statement is written against the verdict")
				}
			})
		}
	}
}

// TestSQLiteConditions: every comparison of a column with a constant and with another
// column that is called exact, by itself and under NOT, keeps the rows that DuckDB keeps.
func TestSQLiteConditions(t *testing.T) {
	ops := []ir.CompareOp{ir.Eq, ir.Ne, ir.Lt, ir.Le, ir.Gt, ir.Ge, ir.IsDistinct, ir.IsNotDistinct}
	for _, encoding := range encodings[:2] {
		t.Run(encoding, func(t *testing.T) {
			w := liteWorld(t, encoding)
			sent, refused := 0, map[string]int{}
			for _, name := range []string{"person", "visit"} {
				all, _, err := w.answer(t.Context(), newBuilder(w.tables).scan(name))
				if err != nil {
					t.Fatal(detail(err))
				}
				b := newBuilder(w.tables)
				s := b.scan(name)
				first := s.Columns[0].Ref()
				var batch []*ir.Agg
				try := func(e ir.Expr) {
					v, reason := w.dialect.Condition(e, dialect.Places(s))
					if v != dialect.Exact {
						refused[reason]++
						return
					}
					sent++
					batch = append(batch, where(agg("count_star"), e), where(agg("count_star"), not(e)), where(agg("max", first), e))
					if len(batch) > 60 {
						w.check(t, b.group(s, nil, batch...))
						batch = nil
					}
				}
				for i, c := range s.Columns {
					at := c.Ref()
					try(null(at))
					try(notNull(at))
					values := valuesOf(all, i, c.Base)
					if c.Type.Kind == catalog.Text {
						values = append(values, "\U0010ffff", "\ud7ff\U0010ffff")
					}
					for _, v := range values {
						for _, op := range ops {
							try(cmpr(op, at, lit(at, v)))
							try(cmpr(op, lit(at, v), at))
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
					for _, other := range s.Columns {
						for _, op := range ops {
							try(cmpr(op, at, other.Ref()))
						}
					}
				}
				w.check(t, b.group(s, nil, batch...))
			}
			if want := map[bool]int{true: 3000, false: 1500}[encoding == "UTF-8"]; sent < want {
				t.Errorf("only %d conditions were sent", sent)
			}
			t.Logf("%d conditions sent, refused: %v", sent, refused)
		})
	}
}

// TestSQLiteRandomTrees: whatever tree is exact, SQLite answers it as DuckDB.
func TestSQLiteRandomTrees(t *testing.T) {
	const seeds = 2500
	for _, encoding := range encodings[:2] {
		t.Run(encoding, func(t *testing.T) {
			w := liteWorld(t, encoding)
			sent := map[int]int{}
			for seed := range uint64(seeds) {
				m := &maker{newBuilder(w.tables), rand.New(rand.NewPCG(seed, 11))}
				depth := 1 + m.r.IntN(4)
				n := m.tree(depth)
				ok, reason := exact(w.dialect, n)
				if _, err := w.dialect.Statement(n); (err == nil) != ok {
					t.Fatalf("seed %d: exact is %v (%s) and the statement's error %v\n%s", seed, ok, reason, err, ir.Text(n, ir.Exactly))
				}
				if !ok || joins(n) > 2 {
					continue
				}
				sent[depth]++
				w.check(t, n)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			counts := []int{sent[1], sent[2], sent[3], sent[4]}
			t.Logf("sent per depth: %v", counts)
			if slices.Min(counts) < 20 {
				t.Error("the trees do not reach every depth")
			}
		})
	}
}
