package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// TestStatements shows how each dialect writes the trees.
func TestStatements(t *testing.T) {
	for _, e := range []struct {
		dialect string
		tables  map[string]*catalog.Table
	}{{"postgres", pgTables}, {"duckdb", duckTables}, {"mysql", mysqlTables}} {
		t.Run(e.dialect, func(t *testing.T) {
			made := map[string]bool{}
			datadriven.RunTest(t, "testdata/"+e.dialect, func(t *testing.T, d *datadriven.TestData) string {
				for _, c := range trees {
					if c.name == strings.TrimSpace(d.Input) {
						made[c.name] = true
						return written(dialect.For(e.dialect), c.make(newBuilder(e.tables)))
					}
				}
				d.Fatalf(t, "no such tree: %s", d.Input)
				return ""
			})
			for _, c := range trees {
				if !made[c.name] {
					t.Errorf("testdata/%s has no tree %q", e.dialect, c.name)
				}
			}
		})
	}
}

func written(d dialect.Dialect, n ir.Node) string {
	var b strings.Builder
	b.WriteString(ir.Text(n, ir.Exactly))
	s, err := d.Statement(n)
	if err != nil {
		return b.String() + err.Error() + "\n"
	}
	b.WriteString(s.SQL + "\n")
	for i, v := range s.Values {
		fmt.Fprintf(&b, "$%d: %#v %s\n", i+1, v.V, v.Type)
	}
	columns := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		columns[i] = c.SourceName + " " + c.Type.DuckDB()
	}
	b.WriteString(strings.Join(columns, ", ") + "\n")
	return b.String()
}
