package postgres_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the engine whose answers are the right ones
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner/dialect"
)

// Each type whose comparisons are called exact compares every pair of values as
// DuckDB itself does: NaN, zeros with signs, infinities, limits, and text that any
// collation but the bytes' would order otherwise.
func TestComparisonsAreDuckDBs(t *testing.T) {
	server := testpg.Start(t).Database(t)
	pg, err := pgconn.Connect(t.Context(), server.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(t.Context())
	duck, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer duck.Close()
	for i, typ := range harness().Types {
		values := connectortest.ValuesOf(typ)
		p := dialect.Predicate{Op: dialect.Lt, Column: catalog.Column{Type: typ, SourceName: "v"}, Values: []catalog.Value{{Type: typ, V: values[0]}}}
		if verdict, _ := dialect.For("postgres").Verdict(p); verdict != dialect.Exact {
			continue
		}
		theirs, ours := ddl(typ), typ.DuckDB()
		if typ.Kind == catalog.Text {
			theirs += ` COLLATE "C"`
		}
		var inTheirs, inOurs []string
		for n, v := range values {
			text := written(typ, v)
			inTheirs = append(inTheirs, fmt.Sprintf("(%d, %s)", n, literal(text)))
			if blob, ok := v.([]byte); ok {
				text = ""
				for _, b := range blob {
					text += fmt.Sprintf(`\x%02x`, b)
				}
			}
			inOurs = append(inOurs, fmt.Sprintf("(%d, CAST('%s' AS %s))", n, strings.ReplaceAll(text, "'", "''"), ours))
		}
		name := fmt.Sprintf("t%d", i)
		if _, err := pg.Exec(t.Context(), fmt.Sprintf("CREATE TABLE %s (n integer, v %s); INSERT INTO %s VALUES %s", name, theirs, name, strings.Join(inTheirs, ", "))).ReadAll(); err != nil {
			t.Fatal(err)
		}
		if _, err := duck.ExecContext(t.Context(), fmt.Sprintf("CREATE TABLE %s (n integer, v %s); INSERT INTO %s VALUES %s", name, ours, name, strings.Join(inOurs, ", "))); err != nil {
			t.Fatal(err)
		}
		compare := fmt.Sprintf(`SELECT concat_ws(' ', a.n, b.n, CAST(a.v = b.v AS integer), CAST(a.v <> b.v AS integer), CAST(a.v < b.v AS integer),
			CAST(a.v <= b.v AS integer), CAST(a.v > b.v AS integer), CAST(a.v >= b.v AS integer)) FROM %s a, %s b ORDER BY a.n, b.n`, name, name)
		result := pg.ExecParams(t.Context(), compare, nil, nil, nil, nil).Read()
		if result.Err != nil {
			t.Fatal(result.Err)
		}
		rows, err := duck.QueryContext(t.Context(), compare)
		if err != nil {
			t.Fatal(err)
		}
		pairs := 0
		for rows.Next() {
			var want string
			if err := rows.Scan(&want); err != nil {
				t.Fatal(err)
			}
			if pairs < len(result.Rows) && string(result.Rows[pairs][0]) != want {
				t.Errorf("%s: PostgreSQL says %s, DuckDB says %s (numbers of the two values, then = <> < <= > >=)", typ, result.Rows[pairs][0], want)
			}
			pairs++
		}
		if rows.Err() != nil || rows.Close() != nil || pairs != len(values)*len(values) || pairs != len(result.Rows) {
			t.Fatalf("%s: %d and %d pairs of %d values: %v", typ, len(result.Rows), pairs, len(values), rows.Err())
		}
		t.Logf("%s: %d pairs", typ, pairs)
	}
}
