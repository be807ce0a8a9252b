package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/testpg"
)

// What the store of a large city holds.
const (
	manyAgencies  = 1_000
	manyResources = 50_000
	manyGrants    = 200_000
	itemsEach     = 10
)

// Fill writes the large city past the checks of a Tx, which are for people's changes.
func Fill(b *testing.B, s *Store) {
	b.Helper()
	tx, err := s.db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	many := func(n int, statement string, row func(i int) []any) {
		prepared, err := tx.PrepareContext(b.Context(), statement)
		if err != nil {
			b.Fatal(err)
		}
		for i := range n {
			if _, err := prepared.ExecContext(b.Context(), row(i)...); err != nil {
				b.Fatal(err)
			}
		}
		if err := prepared.Close(); err != nil {
			b.Fatal(err)
		}
	}
	many(manyAgencies, "INSERT INTO agency (id, code, name, folded, credit_code, level, parent, district, version) VALUES ($1, $2, $3, $4, '', 'city', '', '', 1)", func(i int) []any {
		name := fmt.Sprintf("单位%d", i)
		return []any{fmt.Sprintf("a%d", i), fmt.Sprintf("C%d", i), name, name}
	})
	many(1, "INSERT INTO purpose (code, name, basis) VALUES ('DB-HC', '低保核查', '社会救助暂行办法')", func(int) []any { return nil })
	many(manyAgencies, "INSERT INTO source (folded, name, agency) VALUES ($1, $1, $2)", func(i int) []any { return []any{fmt.Sprintf("s%d", i), fmt.Sprintf("a%d", i)} })
	// No two resources have the same items; what is granted of them is one of some hundreds.
	items := func(resource int) string {
		var out []catalog.Item
		for i := range itemsEach {
			out = append(out, catalog.Item{No: i + 1, Name: fmt.Sprintf("xiang%d_%d", resource, i), Title: fmt.Sprintf("数据项%d", i)})
		}
		return asJSON(out)
	}
	granted := func(grant int) string {
		var out []catalog.GrantedItem
		for i := range itemsEach {
			if grant>>i&1 == 0 {
				out = append(out, catalog.GrantedItem{No: i + 1, Use: catalog.Clear})
			}
		}
		return asJSON(out)
	}
	purposes, modes := asJSON([]string{"DB-HC"}), asJSON([]catalog.Mode{catalog.Interface})
	many(manyResources, "INSERT INTO resource (id, agency, name, folded, class, source, table_schema, table_name, items, version) VALUES ($1, $2, $3, $3, 'restricted', $4, 'public', $3, $5, 1)", func(i int) []any {
		return []any{fmt.Sprintf("r%d", i), fmt.Sprintf("a%d", i%manyAgencies), fmt.Sprintf("t%d", i), fmt.Sprintf("s%d", i%manyAgencies), items(i)}
	})
	many(manyGrants, `INSERT INTO grants (id, resource, grantee_kind, grantee, items, purposes, modes, row_filter, valid_from, valid_until, hours, row_limit, query_limit, granted_by, revoked, version)
		VALUES ($1, $2, 'agency', $3, $4, $5, $6, $7, 0, 2000000000000000, '{"from":0,"until":0}', 0, 0, 'p', 0, 1)`, func(i int) []any {
		filter := ""
		if i%3 == 0 {
			filter = "xiang1 = agency_district()"
		}
		return []any{fmt.Sprintf("g%d", i), fmt.Sprintf("r%d", i%manyResources), fmt.Sprintf("a%d", (i/7)%manyAgencies), granted(i), purposes, modes, filter}
	})
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLoad reads the store of a large city from nothing, and what one change is.
func BenchmarkLoad(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			address := "sqlite:" + filepath.Join(b.TempDir(), "large.db")
			if kind == "postgres" {
				address = testpg.Start(b).Database(b).Admin
			}
			s, err := Open(b.Context(), address)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			Fill(b, s)
			b.Run("whole", func(b *testing.B) {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				var state *catalog.State
				for b.Loop() {
					if state, err = s.Load(b.Context(), nil); err != nil {
						b.Fatal(err)
					}
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
				if n := len(state.Grants()); n != manyGrants {
					b.Fatalf("%d grants", n)
				}
			})
		})
	}
}
