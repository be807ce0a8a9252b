//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	duckfile "github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// What PostgreSQL computes of values that no type here holds is an error, and never
// another number; what would overflow its own shorter sums does not.
func TestPostgresEdges(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `CREATE TABLE odd (n numeric(10,2), d date, s timestamp, wide numeric(38,0), b bigint);
		INSERT INTO odd VALUES ('NaN', 'infinity', '-infinity', 99999999999999999999999999999999999999, 9223372036854775807), (1, '2024-01-01', '2024-01-01', 1, 9223372036854775807)`)
	w := open(t, "postgres", postgres.Open, connectors.Config{Name: "mz", Kind: "postgres", DSN: db.Reader, Connections: 1})
	for _, c := range []struct {
		column, agg string
		want        string // an error's code, or the value
	}{
		{"n", "sum", "value_unreadable"}, {"n", "max", "value_unreadable"}, {"n", "min", "1.00"},
		{"d", "max", "value_unreadable"}, {"d", "min", "19723"}, {"s", "min", "value_unreadable"},
		{"wide", "sum", "value_unreadable"}, {"wide", "max", strings.Repeat("9", 38)},
		{"b", "sum", "18446744073709551614"},
	} {
		b := newBuilder(w.tables)
		s := b.scan("odd")
		rows, _, err := w.answer(t.Context(), b.group(s, nil, agg(c.agg, col(s, c.column))))
		got := ""
		if err != nil {
			got = string(errs.CodeOf(err))
		} else {
			got = fmt.Sprint(rows[0][0])
		}
		if got != c.want {
			t.Errorf("%s(%s): %s (%v), want %s", c.agg, c.column, got, err, c.want)
		}
	}
}

// PostgreSQL's own limits are verdicts, not errors of the source.
func TestPostgresLimits(t *testing.T) {
	wide := &catalog.Table{ID: catalog.TableID{Schema: "s", Name: "t"}}
	for i := range 900 {
		wide.Columns = append(wide.Columns, column(fmt.Sprintf("c%d", i), "integer", kind(catalog.Int32)))
	}
	b := newBuilder(map[string]*catalog.Table{"t": wide})
	d := dialect.For("postgres")
	l, r := b.scan("t"), b.scan("t")
	j := &ir.Join{Kind: ir.Inner, Left: l, Right: r, On: []ir.Expr{eq(l.Columns[0].Ref(), r.Columns[0].Ref())}}
	if ok, reason := exact(d, j); ok || !strings.Contains(reason, "1664 columns") {
		t.Errorf("a join of 1,800 columns: %v, %s", ok, reason)
	}
	var values []any
	for i := range int64(1000) {
		values = append(values, i)
	}
	var preds []ir.Expr
	for i := range 65 {
		preds = append(preds, in(l.Columns[i].Ref(), values...))
	}
	if _, err := d.Statement(ir.Where(l, preds...)); err != nil {
		t.Errorf("65,000 values: %v", err)
	}
	if _, err := d.Statement(ir.Where(l, append(preds, in(l.Columns[99].Ref(), values...))...)); err == nil {
		t.Error("66,000 values are more than a statement holds")
	}
}

// Columns that DuckDB stores as something else are read through the levels of a tree
// as a scan reads them, and are neither compared nor keys.
func TestDuckDBOddColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd.duckdb")
	write(t, path, []string{
		`CREATE TABLE odd (id INTEGER, e ENUM('b', 'a'), u UNION(n INTEGER, s VARCHAR), nc VARCHAR COLLATE NOCASE, h HUGEINT, ns TIMESTAMP_NS, ut UTINYINT, f FLOAT, l UNION(n INTEGER)[])`,
		`INSERT INTO odd VALUES (1, 'a', 3, 'A', 7, '2024-01-01', 200, 1.5, NULL), (2, 'b', 'x', 'a', -7, NULL, 3, 'NaN', [1, NULL]), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [])`,
	})
	w := open(t, "duckdb", duckfile.Open, connectors.Config{Name: "wj", Kind: "duckdb", Path: path, Connections: 1})
	table := w.tables["odd"]
	sql, _ := w.dialect.Scan(table, table.Columns, nil)
	want, err := w.scan(t.Context(), connectors.Fragment{SQL: sql, Table: table.ID, Columns: table.Columns, Alloc: w.alloc})
	if err != nil {
		t.Fatal(detail(err))
	}
	b := newBuilder(w.tables)
	s, other := b.scan("odd"), b.scan("odd", "id", "ut")
	j := &ir.Join{Kind: ir.Inner, Left: &ir.Barrier{Input: s}, Right: other, On: []ir.Expr{eq(col(s, "id"), col(other, "id")), cmpr(ir.IsNotDistinct, col(s, "ut"), col(other, "ut"))}}
	places := make([]int, len(table.Columns))
	for i := range places {
		places[i] = i
	}
	got, st, err := w.answer(t.Context(), b.project(&ir.Sort{Input: j, Keys: []ir.Key{by(col(s, "id"))}}, true, places...))
	if err != nil {
		t.Fatalf("%s: %s", detail(err), st.SQL)
	}
	if d := cmp.Diff(printed(want), printed(got)); d != "" {
		t.Errorf("(-scan +tree):\n%s", d)
	}
	for _, name := range []string{"e", "u", "nc", "h", "ns", "f", "l"} {
		for _, n := range []ir.Node{b.group(s, []ir.Expr{col(s, name)}), &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, name))}}, ir.Where(s, eq(col(s, name), col(s, name)))} {
			if ok, _ := exact(w.dialect, n); ok {
				t.Errorf("%s: exact: %s", name, ir.Line(n, ir.Redacted))
			}
		}
	}
}
