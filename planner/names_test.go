package planner

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// namedForms are statements with columns that have no alias, and with parameters.
var namedForms = []struct {
	sql    string
	values []any
}{
	{"SELECT $1", []any{1}},
	{"SELECT ?, a, ? FROM g.t", []any{1, 2}},
	{"SELECT ?2, ?1", []any{1, 2}},
	{"SELECT $Größe, $Größe + 1", []any{sql.Named("Größe", 1)}},
	{"SELECT $\"my, name\", $ n", []any{sql.Named("my, name", 1), sql.Named("n", 1)}},
	{"SELECT $1::INT", []any{1}},
	{"SELECT($1)::INT", []any{1}},
	{"SELECT\n  $1 :: INT -- one\n, /* two, */ cast( $1 as int )", []any{1}},
	{"SELECT $1::INT + 1, a, -$1::INT FROM g.t", []any{1}},
	{"SELECT $1::INT AS x, $1::INT y, z: $1::INT, $1::INT FROM g.t", []any{1}},
	{"SELECT $1::INT ARRAY, $1::INT[], TRY_CAST($1 AS INT ARRAY[2])", []any{"[1, 2]"}},
	{"SELECT $1::INTERVAL DAY, $1::INTERVAL, interval ($1) day", []any{"1"}},
	{"SELECT $1::TIMESTAMP WITH TIME ZONE, $1::TIMESTAMP WITHOUT TIME ZONE, $1::TIMESTAMP(3)", []any{"2024-01-01 00:00:00"}},
	{"SELECT $1::TIME WITH TIME ZONE::VARCHAR, $1::TIMETZ::VARCHAR", []any{"01:00:00"}},
	{"SELECT $1::DECIMAL(5, 1)[2], $2::STRUCT(\"a b\" INT, c VARCHAR[])[]", []any{"[1, 2]", "[]"}},
	{"SELECT $1::MAP(INT, VARCHAR)", []any{"{1=a}"}},
	{"SELECT $1::DOUBLE PRECISION, $1::CHARACTER VARYING(3), $1::NUMERIC(3), $1::\"int\", $1::hugeint", []any{"1"}},
	{"SELECT $1::JSON, $1::ENUM('a', '1')::VARCHAR, $1::UUID IS NULL", []any{nil}},
	{"SELECT $1 || 'it''s', $1 LIKE '%a,b' ESCAPE '$', $1 GLOB ($1)::INT::VARCHAR, $1 SIMILAR TO ($1)::VARCHAR", []any{"1"}},
	{"SELECT $1 IS NULL, $1 IN (1, 2), NOT $1 = 1, $1 BETWEEN 1 AND 2, $1 IS DISTINCT FROM 3, $1 AND true", []any{1}},
	{"SELECT CASE WHEN a = $1 THEN 1 END, CASE $1 WHEN 1 THEN 'a' WHEN 2 THEN $2 ELSE 'b' END FROM g.t", []any{1, "x"}},
	{"SELECT COALESCE(a, $1), nullif(a, $1), if(a > $1, 1, 2), greatest(a, $1) FROM g.t", []any{1}},
	{"SELECT {'a': $1}, [$1, 2], row($1, 3), struct_pack(a := $1), ($2::INT[])[$1], ($2::INT[])[1:$1]", []any{1, "[1]"}},
	{"SELECT g.t.a + $1, t.a + $1, a + $1, \"a\" + $1 FROM g.t", []any{1}},
	{"SELECT sum(a + $1), count(*) FILTER (WHERE a > $1), sum(a) OVER (ORDER BY b ROWS ($1)::INT PRECEDING), lag(a, $1) OVER w FROM g.t GROUP BY a, b WINDOW w AS (ORDER BY a)", []any{1}},
	{"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a + $1), string_agg(v, ',' ORDER BY a + $1) FROM g.t", []any{1}},
	{"SELECT list_transform([1, 2], x -> x + $1), list_filter([1], lambda x, i: x > $1), [x + $1 FOR x IN [1, 2] IF x > $1]", []any{1}},
	{"SELECT (SELECT $1::INT), EXISTS(SELECT $1), $1 IN (SELECT a FROM g.t), (SELECT max(a) FROM g.t WHERE a = $1), array(SELECT $1::INT)", []any{1}},
	{"SELECT 7, (SELECT a FROM g.t WHERE a IN (SELECT $1::INT) LIMIT $2), (FROM g.t SELECT a WHERE a = $1 LIMIT 1)", []any{1, 1}},
	{"SELECT (FROM (SELECT 5 UNION (SELECT $1::INT LIMIT 1)) LIMIT 1), (VALUES ($1::INT))", []any{1}},
	{"SELECT * FROM (SELECT $1::INT, $2)", []any{1, 2}},
	{"SELECT *, t.* FROM (SELECT $1::INT + 1, 2) t", []any{1}},
	{"WITH c AS (SELECT $1::INT, $1) SELECT * FROM c", []any{1}},
	{"SELECT $1::INT AS \"CAST($1 AS INTEGER)\", $1::INT AS \"COALESCE(CAST($1 AS INTEGER), NULL)\"", []any{1}},
	{"SELECT COALESCE($1::INT, NULL), coalesce($1)::INT, COALESCE(CAST($1 AS INTEGER), NULL)::INT, TRY_CAST(COALESCE($1, NULL) AS INT)", []any{1}},
	{"SELECT $1::INT UNION ALL SELECT $2::INT", []any{1, 2}},
	{"(SELECT $1::INT) UNION (SELECT 3 LIMIT $2)", []any{1, 2}},
	{"SELECT $1::INT UNION BY NAME SELECT CAST($1 AS INT) UNION BY NAME SELECT $2", []any{1, 2}},
	{"SELECT DISTINCT $1::INT", []any{1}},
	{"SELECT ALL $1::INT", []any{1}},
	{"SELECT DISTINCT ON (a, (b + 1)) $1::INT, a FROM g.t LIMIT $1", []any{1}},
	{"FROM g.t SELECT $1::INT, a", []any{1}},
	{"FROM (SELECT 1, $1), (SELECT 2) SELECT $1::INT + 1, 5", []any{1}},
	{"SELECT a AS \"select\", $1::INT FROM g.t", []any{1}},
	{"SELECT s.select, s.\"from\" + $1 FROM (SELECT 1 AS select, 2 AS \"from\") s", []any{1}},
	{"SELECT columns('id') + $1::INT FROM g.s", []any{1}},
	{"SELECT * REPLACE (id + $1::INT AS id) FROM g.s", []any{1}},
	{"SELECT unnest([$1::INT]), unnest({'a': $1}), unnest($2::INT[]) FROM g.t", []any{1, "[1]"}},
	{"VALUES ($1::INT, $2)", []any{1, 2}},
	{"SELECT a + $1 FROM g.t GROUP BY a + $1 HAVING a + $1 > 0 ORDER BY a + $1", []any{1}},
	{"SELECT a + $1::INT, count(*) FROM g.t GROUP BY ALL ORDER BY ALL", []any{1}},
	{"SELECT $1::TIMESTAMP AT TIME ZONE 'UTC', extract(year FROM $2::DATE), $2::DATE + $3::INTERVAL", []any{"2024-01-01", "2024-01-01", "1 day"}},
	{"SELECT x'aa', 1e3 + $1, 1.50 + $1, DATE '2024-01-01' + $1::INT, 18446744073709551615 + $1, true = $1, NULL IS NOT DISTINCT FROM $1", []any{1}},
	{"SELECT TRY_CAST($1 AS DATE), TRY($1::INT), $2::VARCHAR[1], (($1)::VARCHAR).upper(), $1::VARCHAR ->> '$.a'", []any{"1", "[a]"}},
	{"SELECT current_date = $1::DATE, $1::TEXT ~ 'a', $1::TEXT ^@ 'b'", []any{nil}},
	{"SELECT t FROM (SELECT $1::INT) t", []any{1}},
}

// A column without an alias is called what DuckDB calls it, whatever is written round
// parameters before the text is bound.
func TestNamesOfColumns(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, text := range []string{"CREATE SCHEMA g",
		"CREATE TABLE g.t (a INTEGER, b BIGINT, v VARCHAR, d DATE, ts TIMESTAMP, tz TIMESTAMPTZ, dec DECIMAL(12, 2), f DOUBLE, u UUID, bo BOOLEAN)", "CREATE TABLE g.s (id INTEGER, w VARCHAR)"} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	p := newPlanner(t)
	for _, c := range namedForms {
		var want []string
		rows, duckErr := db.QueryContext(t.Context(), c.sql, c.values...)
		if duckErr == nil {
			want, duckErr = rows.Columns()
			_ = rows.Close()
		}
		for _, declared := range []catalog.Kind{catalog.Invalid, catalog.Int32, catalog.Text} {
			s, err := p.Prepare(t.Context(), c.sql, testTables(), Options{Declared: func(string) catalog.Type { return catalog.Type{Kind: declared} }})
			if err != nil {
				t.Errorf("%s, declared %d: %v (%s); DuckDB: %q %v", c.sql, declared, err, errs.From(err).Detail, want, duckErr)
				continue
			}
			var got []string
			for _, col := range s.Columns {
				got = append(got, col.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, declared %d:\n got %s\nwant %s %v", c.sql, declared, strings.Join(got, " | "), strings.Join(want, " | "), duckErr)
			}
		}
	}
}
