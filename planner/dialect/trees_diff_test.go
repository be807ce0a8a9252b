//go:build duckdb_arrow

package dialect_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
)

// TestTreesAtTheSources: every tree is exact, and the sources answer it as DuckDB.
func TestTreesAtTheSources(t *testing.T) {
	for _, w := range worlds(t) {
		t.Run(w.name, func(t *testing.T) {
			w.trees(t, map[string]map[string]*catalog.Table{"postgres": pgTables, "duckdb": duckTables}[w.name])
		})
	}
}

// notSent are the trees that an engine is not given, with a part of the reason.
var notSent = map[string]map[string]string{
	"duckdb": {overHidden: "a cell of a file"},
	"mysql":  {limitOfLimit: "cut off below", exceptAll: "not every version", intersected: "not every version", leastOfAll: "truth values", groupedTruth: "a truth value"},
}

func (w *world) trees(t *testing.T, declared map[string]*catalog.Table) {
	for _, name := range []string{"person", "visit"} {
		if d := cmp.Diff(declared[name], w.tables[name], cmpopts.IgnoreFields(catalog.Table{}, "Rows", "PrimaryKey"), cmpopts.IgnoreFields(catalog.Column{}, "NotNull")); d != "" {
			t.Errorf("%s: %s is described otherwise (-declared +described):\n%s", w.name, name, d)
		}
	}
	for _, c := range trees {
		t.Run(c.name, func(t *testing.T) {
			n := c.make(newBuilder(w.tables))
			ok, reason := exact(w.dialect, n)
			if why := notSent[w.name][c.name]; why != "" {
				if _, err := w.dialect.Statement(n); ok || err == nil || !strings.Contains(reason, why) {
					t.Errorf("sent: %v (%s), want %q", ok, reason, why)
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
