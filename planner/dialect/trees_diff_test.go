//go:build duckdb_arrow

package dialect_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
)

// overHidden is the tree that only a source whose conditions cannot fail may be given.
const overHidden = "barrier over a row filter"

// TestTreesAtTheSources: every tree is exact, and the sources answer it as DuckDB.
func TestTreesAtTheSources(t *testing.T) {
	for _, w := range worlds(t) {
		declared := map[string]map[string]*catalog.Table{"postgres": pgTables, "duckdb": duckTables}[w.name]
		for _, name := range []string{"person", "visit"} {
			if d := cmp.Diff(declared[name], w.tables[name], cmpopts.IgnoreFields(catalog.Table{}, "Rows", "PrimaryKey"), cmpopts.IgnoreFields(catalog.Column{}, "NotNull")); d != "" {
				t.Errorf("%s: %s is described otherwise (-declared +described):\n%s", w.name, name, d)
			}
		}
		for _, c := range trees {
			t.Run(w.name+"/"+c.name, func(t *testing.T) {
				n := c.make(newBuilder(w.tables))
				ok, reason := exact(w.dialect, n)
				if w.name == "duckdb" && c.name == overHidden {
					if _, err := w.dialect.Statement(n); ok || err == nil {
						t.Error("a condition looks at hidden rows of what may be a plain file")
					}
					return
				}
				if !ok {
					t.Fatal(reason)
				}
				w.check(t, n)
			})
		}
	}
}
