package planner

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// What reaches a source is the columns that matter and predicates that every row
// that matters must pass; where a filter stands above something that it may not
// cross, nothing does.
func TestFragments(t *testing.T) {
	p := newPlanner(t)
	for _, c := range []struct {
		sql  string
		want string // the fragments' SQL, a leading > where rows go straight to the client
	}{
		{"SELECT a FROM g.t WHERE a = 1 AND dec >= 1.5", "> SELECT a FROM main.t WHERE a = ? AND dec >= ?"},
		{"SELECT a, a, v FROM g.t", "> SELECT a, v FROM main.t"},
		{"SELECT x.a FROM (SELECT * FROM g.t WHERE d = '2024-02-29') x WHERE 5 > x.b", "> SELECT a FROM main.t WHERE b < ? AND d = ?"},
		{"SELECT a FROM g.t WHERE a IS NULL AND b IS NOT NULL AND a IN (1, 2, 3)", "> SELECT a FROM main.t WHERE a IS NULL AND b IS NOT NULL AND a IN ? ? ?"},
		{"SELECT a + 1 FROM g.t WHERE a = 1", "SELECT a FROM main.t WHERE a = ?"},
		{"SELECT a FROM g.t WHERE v = 'x'", "SELECT a, v FROM main.t WHERE v = ?"}, // superset: checked again here
		{"SELECT a FROM g.t WHERE f = 1.5", "SELECT a, f FROM main.t"},
		{"SELECT a FROM g.t WHERE a = 1 OR b = 2", "SELECT a, b FROM main.t"},
		{"SELECT a FROM g.t WHERE a = 1 LIMIT 3", "SELECT a FROM main.t WHERE a = ?"},
		{"SELECT a FROM (SELECT a FROM g.t LIMIT 3) WHERE a = 1", "SELECT a FROM main.t"},
		{"SELECT a FROM (SELECT a FROM g.t ORDER BY b) WHERE a = 1", "SELECT a, b FROM main.t WHERE a = ?"},
		{"SELECT * FROM (SELECT a, count(*) AS n FROM g.t GROUP BY a) WHERE n = 1", "SELECT a FROM main.t"},
		{"SELECT * FROM (SELECT a, row_number() OVER () AS n FROM g.t) WHERE a = 1", "SELECT a FROM main.t"},
		{"SELECT count(*) FROM g.t", "SELECT bo FROM main.t"},
		{"SELECT t.a FROM g.t, g.s WHERE a = id AND b = 1 AND id > 3", "SELECT a, b FROM main.t WHERE b = ?; SELECT id FROM main.s WHERE id > ?"},
		{"SELECT t.a FROM g.t LEFT JOIN g.s ON a = id WHERE b = 1 AND id > 3", "SELECT a, b FROM main.t WHERE b = ?; SELECT id FROM main.s"},
		{"SELECT t.a FROM g.t RIGHT JOIN g.s ON a = id WHERE b = 1 AND id > 3", "SELECT a, b FROM main.t; SELECT id FROM main.s WHERE id > ?"},
		{"SELECT t.a FROM g.t FULL JOIN g.s ON a = id WHERE b = 1 AND id > 3", "SELECT a, b FROM main.t; SELECT id FROM main.s"},
		{"SELECT a FROM g.t WHERE b = 1 AND a IN (SELECT id FROM g.s WHERE id = 5)", "SELECT a, b FROM main.t WHERE b = ?; SELECT id FROM main.s WHERE id = ?"},
		{"SELECT a FROM g.t WHERE b = 1 UNION ALL SELECT id FROM g.s", "SELECT a, b FROM main.t WHERE b = ?; SELECT id FROM main.s"},
		{"SELECT * FROM (SELECT a FROM g.t UNION SELECT id FROM g.s) WHERE a = 7", "SELECT a FROM main.t WHERE a = ?; SELECT id FROM main.s WHERE id = ?"},
		{"WITH c AS (SELECT a, b, d FROM g.t) SELECT x.a FROM c x JOIN c y ON x.a = y.b WHERE x.a = 1", "SELECT a, b, d FROM main.t"},
		{"SELECT 姓名 FROM 公安.人口", "> SELECT 姓名 FROM main.人口"},
		{"SELECT a FROM g.t WHERE a = CAST('7' AS INTEGER)", "> SELECT a FROM main.t WHERE a = ?"},
		{"SELECT a FROM g.t WHERE a = CAST('7.5' AS DECIMAL(2,1))", "SELECT a FROM main.t"},
		{"SELECT a FROM g.t WHERE dec = 1", "> SELECT a FROM main.t WHERE dec = ?"},
		{"SELECT a FROM g.t WHERE dec = 1.234", "SELECT a, dec FROM main.t"}, // the column is cast, not the constant
		{"SELECT a FROM g.t WHERE ts < '2024-01-01'", "> SELECT a FROM main.t WHERE ts < ?"},
		{"SELECT a FROM g.t WHERE tz < '2024-01-01'", "SELECT a, tz FROM main.t"}, // the session zone decides
		{"SELECT a FROM g.t WHERE a = NULL", "SELECT a FROM main.t"},
		{"SELECT a FROM g.t WHERE a NOT IN (1, 2)", "SELECT a FROM main.t"},
		{"SELECT DISTINCT a FROM g.t WHERE a = 1", "SELECT a FROM main.t WHERE a = ?"},
		{"SELECT a FROM (SELECT DISTINCT a, b FROM g.t) WHERE b = 1", "SELECT a, b FROM main.t WHERE b = ?"},
		{"SELECT a FROM (SELECT DISTINCT ON (a) a, b FROM g.t ORDER BY a, d) WHERE b = 1", "SELECT a, b, d FROM main.t"}, // which row is first?
		{"SELECT a FROM g.t WHERE a = 1 AND (b = 2 OR b = 3)", "SELECT a, b FROM main.t WHERE a = ?"},                    // the half that is not sent is checked here
		{"SELECT a FROM g.t WHERE a = 1 AND b <> a", "SELECT a, b FROM main.t WHERE a = ?"},
		{"SELECT a FROM g.t WHERE a = CAST(3000000000 AS INTEGER)", "SELECT a FROM main.t"}, // an error here, not a question there
		{"SELECT a FROM g.t WHERE a = TRY_CAST('x' AS INTEGER)", "SELECT a FROM main.t"},
		{"SELECT t.a FROM g.t JOIN g.s ON v = w", "SELECT a, v FROM main.t; SELECT w FROM main.s"},
		{"SELECT t.a FROM g.t JOIN g.s ON v < w OR b < id", "SELECT a, b, v FROM main.t; SELECT id, w FROM main.s"},
		{"SELECT t.v FROM g.t LEFT JOIN g.s ON a = id WHERE id IS NULL", "SELECT a, v FROM main.t; SELECT id FROM main.s"}, // rows without a partner
		{"SELECT t.v FROM g.s RIGHT JOIN g.t ON a = id WHERE id IS NULL", "SELECT id FROM main.s; SELECT a, v FROM main.t"},
		{"SELECT sum(b) OVER (PARTITION BY d ORDER BY ts) FROM g.t WHERE a = 1", "SELECT a, b, d, ts FROM main.t WHERE a = ?"},
		{"SELECT count(*), max(v) FILTER (WHERE bo) FROM g.t GROUP BY d HAVING sum(b) > 1", "SELECT b, v, d, bo FROM main.t"},
		{"SELECT a FROM g.t ORDER BY b LIMIT 3", "SELECT a, b FROM main.t"},
		{"SELECT v FROM g.t SEMI JOIN g.s ON a = id WHERE b = 1", "SELECT a, b, v FROM main.t WHERE b = ?; SELECT id FROM main.s"},
		{"SELECT v FROM g.t ANTI JOIN g.s ON a = id WHERE b = 1", "SELECT a, b, v FROM main.t WHERE b = ?; SELECT id FROM main.s"},
		{"SELECT * FROM (SELECT a FROM g.t EXCEPT SELECT id FROM g.s) WHERE a = 7", "SELECT a FROM main.t WHERE a = ?; SELECT id FROM main.s WHERE id = ?"},
		{"SELECT a FROM (SELECT a FROM g.t USING SAMPLE 3 ROWS) WHERE a = 1", "SELECT a FROM main.t"},
		{"SELECT v FROM (SELECT a AS b, b AS a, v FROM g.t) WHERE 1 <= a", "> SELECT v FROM main.t WHERE b >= ?"},
		{"SELECT (SELECT max(w) FROM g.s WHERE id = t.a AND id = 3) FROM g.t WHERE t.b = 2", "SELECT id, w FROM main.s WHERE id = ?; SELECT a, b FROM main.t WHERE b = ?"},
	} {
		s, err := p.Prepare(t.Context(), c.sql, testTables(), Options{})
		if err != nil {
			t.Errorf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			continue
		}
		plan, err := s.Plan(t.Context(), nil)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		var got []string
		for _, scan := range plan.Scans {
			got = append(got, scan.SQL)
		}
		text := strings.Join(got, "; ")
		if plan.Straight {
			text = "> " + text
		}
		if text != c.want {
			t.Errorf("%s\n got  %s\n want %s", c.sql, text, c.want)
		}
	}
}

// Constants arrive at the source with the column's type and DuckDB's value.
func TestPushedValues(t *testing.T) {
	p := newPlanner(t)
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	for where, want := range map[string]catalog.Value{
		"a = -7":                                 {Type: kind(catalog.Int32), V: int64(-7)},
		"b = 9223372036854775807":                {Type: kind(catalog.Int64), V: int64(9223372036854775807)},
		"dec = 12.5":                             {Type: catalog.DecimalOf(12, 2), V: "12.5"},
		"dec = -0.05":                            {Type: catalog.DecimalOf(12, 2), V: "-0.05"},
		"d = DATE '1969-12-31'":                  {Type: kind(catalog.Date), V: int64(-1)},
		"d = '2024-02-29'":                       {Type: kind(catalog.Date), V: int64(19782)},
		"ts = TIMESTAMP '1970-01-01 00:00:01.5'": {Type: kind(catalog.Timestamp), V: int64(1500000)},
		"u = 'FFFFFFFF-0000-4000-8000-0123456789AB'": {Type: kind(catalog.UUID), V: "ffffffff-0000-4000-8000-0123456789ab"},
		"bo = true": {Type: kind(catalog.Bool), V: true},
	} {
		s, err := p.Prepare(t.Context(), "SELECT a FROM g.t WHERE "+where, testTables(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Plan(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Scans[0].Values; len(got) != 1 || got[0].V != want.V || !got[0].Type.Equal(want.Type) {
			t.Errorf("%s: %+v, want %+v", where, got, want)
		}
	}
	s, err := p.Prepare(t.Context(), "SELECT a FROM g.t WHERE dec = $1 AND a = $2", testTables(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var values []catalog.Value
	for i, text := range []string{"3.10", "42"} {
		v, err := s.Params[i].Value(text)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	plan, err := s.Plan(t.Context(), values)
	if err != nil || !plan.Straight || plan.Scans[0].Values[0].V != "3.10" || plan.Scans[0].Values[1].V != int64(42) {
		t.Errorf("parameters: %+v %v", plan, err)
	}
	if _, err := s.Params[1].Value("4x"); errs.CodeOf(err) != errs.ParameterInvalid || strings.Contains(err.Error(), "4x") {
		t.Errorf("a bad value: %v", err)
	}
}

func TestApplyEditsMapsBack(t *testing.T) {
	text := "select ? from t where a = ?"
	out, back := applyEdits(text, []edit{{at: 26, length: 1, with: "CAST($2 AS INTEGER)"}, {at: 7, length: 1, with: "$1"}, {at: 14, with: `"x".`}})
	if want := `select $1 from "x".t where a = CAST($2 AS INTEGER)`; out != want {
		t.Fatalf("%s", out)
	}
	for offset, want := range map[int]int{0: 0, 6: 6, 8: 7, 9: 8, strings.Index(out, "from"): 9, strings.Index(out, "t where"): 14, strings.Index(out, "CAST") + 3: 26, len(out): len(text)} {
		if got := back(offset); got != want {
			t.Errorf("back(%d) = %d, want %d", offset, got, want)
		}
	}
}
