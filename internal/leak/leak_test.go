package leak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// throwing are functions that raise an error on some values and that DuckDB may
// evaluate below a filter: each is asked to fail on what is hidden. #v stands for a
// condition that is true on hidden values alone.
var throwing = []string{
	"substring('abc', CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)", "substr('abc', CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)",
	"left('abc', CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)", "left_grapheme('abc', CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)",
	"substring_grapheme('abc', CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)", "array_extract('abc', CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)",
	"chr(CASE WHEN #v THEN -1 ELSE 65 END)", "regexp_replace('a', CASE WHEN #v THEN '(' ELSE 'a' END, 'b')",
	"regexp_extract_all('a', CASE WHEN #v THEN '(' ELSE 'a' END)", "regexp_full_match('a', CASE WHEN #v THEN '(' ELSE 'a' END)",
	"regexp_split_to_array('a', CASE WHEN #v THEN '(' ELSE 'a' END)", "str_split_regex('a', CASE WHEN #v THEN '(' ELSE 'a' END)",
	"string_split_regex('a', CASE WHEN #v THEN '(' ELSE 'a' END)", "strftime(DATE '2020-01-01', CASE WHEN #v THEN '%' ELSE '%Y' END)",
	"date_diff(CASE WHEN #v THEN 'nonsense' ELSE 'day' END, DATE '2020-01-01', DATE '2020-01-02')", "datediff(CASE WHEN #v THEN 'nonsense' ELSE 'day' END, DATE '2020-01-01', DATE '2020-01-02')",
	"date_sub(CASE WHEN #v THEN 'nonsense' ELSE 'day' END, DATE '2020-01-01', DATE '2020-01-02')", "datesub(CASE WHEN #v THEN 'nonsense' ELSE 'day' END, DATE '2020-01-01', DATE '2020-01-02')",
	"like_escape('a', 'a', CASE WHEN #v THEN 'xx' ELSE 'x' END)", "ilike_escape('a', 'a', CASE WHEN #v THEN 'xx' ELSE 'x' END)",
	"not_like_escape('a', 'a', CASE WHEN #v THEN 'xx' ELSE 'x' END)", "not_ilike_escape('a', 'a', CASE WHEN #v THEN 'xx' ELSE 'x' END)",
	"hamming('aa', CASE WHEN #v THEN 'aaa' ELSE 'ab' END)", "mismatches('aa', CASE WHEN #v THEN 'aaa' ELSE 'ab' END)",
	"to_timestamp(CASE WHEN #v THEN 1e300 ELSE 1 END)", "epoch_ms(CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)",
	"make_timestamp_ms(CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)", "make_timestamp_ns(CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)",
	"uuid_extract_timestamp(CAST(CASE WHEN #v THEN '00000000-0000-0000-0000-000000000000' ELSE '0190a8b2-0000-7000-8000-000000000000' END AS UUID))",
	"CAST(CASE WHEN #v THEN 'x' ELSE '1' END AS INTEGER)", "CASE WHEN #v THEN 2147483647 ELSE 1 END + nl", "CASE WHEN #v THEN 9223372036854775807 ELSE 1 END * 2",
	"CAST(sfzh AS DECIMAL(38,0))", "CAST(gz AS UTINYINT)", "CAST(xm || sfzh AS DATE)", "1 // nl", "CAST(qx AS BOOLEAN)",
	"strptime(qx, CASE WHEN #v THEN '%Y' ELSE '和平区' END)", "repeat('a', CASE WHEN #v THEN 99999999999 ELSE 1 END)", "list_extract([1], CASE WHEN #v THEN 9223372036854775807 ELSE 1 END)",
}

// seen are conditions that hidden rows alone meet.
var seen = []string{"sfzh LIKE 'HIDDEN-1%'", "qx = '沈河区'", "nl IN (0, 2147483647)", "gz < 0"}

// tower stacks CTEs of which each reads the last one twice.
func tower(height int) string {
	text := "WITH c0 AS (SELECT * FROM #t)"
	for i := range height {
		text += fmt.Sprintf(", c%d AS (SELECT a.* FROM c%d a, c%d b)", i+1, i, i)
	}
	return text + fmt.Sprintf(" SELECT count(*) FROM c%d", height)
}

// attacks are statements over #t, which hides rows and columns, and #o, which hides a
// column alone; each by what it tries.
func attacks() map[string]string {
	all := map[string]string{
		"all columns":               "SELECT * FROM #t ORDER BY id",
		"count":                     "SELECT count(*), count(sfzh), min(nl), max(nl), sum(gz), avg(nl) FROM #t",
		"the hidden column":         "SELECT mm FROM #t",
		"in WHERE":                  "SELECT id FROM #t WHERE mm = 'SECRET-1'",
		"in ORDER BY":               "SELECT id FROM #t ORDER BY xz",
		"in GROUP BY":               "SELECT count(*) FROM #t GROUP BY mm",
		"in HAVING":                 "SELECT qx FROM #t GROUP BY qx HAVING max(mm) > 'S'",
		"in a window":               "SELECT id, row_number() OVER (ORDER BY xz) FROM #t",
		"in QUALIFY":                "SELECT id FROM #t QUALIFY row_number() OVER (PARTITION BY mm ORDER BY id) = 1",
		"in DISTINCT ON":            "SELECT DISTINCT ON (mm) id FROM #t",
		"USING":                     "SELECT * FROM #t a JOIN #t b USING (mm)",
		"NATURAL":                   "SELECT count(*) FROM #t a NATURAL JOIN #t b",
		"EXCLUDE":                   "SELECT * EXCLUDE (mm) FROM #t",
		"REPLACE":                   "SELECT * REPLACE (mm AS id) FROM #t",
		"COLUMNS":                   "SELECT COLUMNS('m.*') FROM #t",
		"COLUMNS lambda":            "SELECT COLUMNS(c -> c LIKE '%m%') FROM #t ORDER BY 1",
		"COLUMNS all":               "SELECT min(COLUMNS(*)) FROM #t",
		"a CTE":                     "WITH c AS (SELECT * FROM #t) SELECT mm FROM c",
		"a materialised CTE":        "WITH c AS MATERIALIZED (SELECT * FROM #t) SELECT count(*) FROM c WHERE chr(CASE WHEN sfzh LIKE 'HIDDEN-1%' THEN -1 ELSE 65 END) = 'A'",
		"correlated":                "SELECT a.id, (SELECT count(*) FROM #t b WHERE b.nl > a.nl) FROM #t a ORDER BY 1",
		"correlated hidden":         "SELECT a.id FROM #t a WHERE EXISTS (SELECT 1 FROM #t b WHERE b.mm = a.mm)",
		"lateral":                   "SELECT a.id, x.n FROM #t a, LATERAL (SELECT count(*) AS n FROM #t b WHERE b.gz >= a.gz) x ORDER BY 1",
		"a row":                     "SELECT t FROM #t t",
		"a row as text":             "SELECT CAST(t AS VARCHAR) FROM #t t",
		"struct_pack":               "SELECT struct_pack(mm := mm) FROM #t",
		"rowid":                     "SELECT rowid FROM #t",
		"a lambda":                  "SELECT list_transform([1], x -> mm) FROM #t",
		"list of hidden":            "SELECT list(sfzh ORDER BY id) FROM #t",
		"PIVOT":                     "PIVOT #t ON qx IN ('和平区', '沈河区') USING count(*) GROUP BY nl ORDER BY nl",
		"PIVOT without list":        "PIVOT #t ON qx USING count(*)",
		"UNPIVOT":                   "UNPIVOT #t ON mm, qx",
		"SUMMARIZE":                 "SUMMARIZE #t",
		"DESCRIBE":                  "DESCRIBE #t",
		"SHOW":                      "SHOW TABLES",
		"EXPLAIN":                   "EXPLAIN SELECT * FROM #t",
		"EXPLAIN ANALYZE":           "EXPLAIN ANALYZE SELECT * FROM #t",
		"stats":                     "SELECT stats(nl) FROM #t LIMIT 1",
		"histogram":                 "SELECT histogram(qx) FROM #t",
		"approximate":               "SELECT approx_count_distinct(qx), mode(qx), median(nl) FROM #t",
		"the masked column":         "SELECT id FROM #t WHERE xm = '张三'",
		"the masked column's order": "SELECT id FROM #t ORDER BY xm, id",
		"joined by the mask":        "SELECT count(*) FROM #t a JOIN (VALUES ('张三'), ('HIDDEN')) v(x) ON a.xm = v.x",
		"length of the masked":      "SELECT length(xm) FROM #t ORDER BY id",
		"the table of the source":   "SELECT * FROM zfw.public.renkou",
		"SQLite's table":            "SELECT * FROM wj.main.renkou",
		"no resource":               "SELECT * FROM zfw.public.bumimi",
		"no resource by name":       "SELECT * FROM bumimi",
		"another resource's name":   "SELECT * FROM 公安.不密密",
		"information_schema":        "SELECT * FROM information_schema.columns",
		"pg_catalog":                "SELECT * FROM pg_catalog.pg_class",
		"duckdb_tables":             "SELECT * FROM duckdb_tables()",
		"duckdb_columns":            "SELECT * FROM duckdb_columns()",
		"sqlite_master":             "SELECT * FROM sqlite_master",
		"settings":                  "SELECT current_setting('temp_directory')",
		"the query's text":          "SELECT current_query()",
		"query()":                   "SELECT * FROM query('SELECT 1')",
		"query_table()":             "SELECT * FROM query_table('#t')",
		"a file":                    "SELECT * FROM '/etc/passwd'",
		"read_text":                 "SELECT * FROM read_text('/etc/passwd')",
		"two statements":            "SELECT 1; SELECT * FROM #t",
		"ATTACH":                    "ATTACH ':memory:' AS x",
		"SET":                       "SET threads = 1",
		"GRANT":                     "GRANT SELECT (mm) ON #t TO AGENCY 民政",
		"a comment":                 "SELECT /* mm */ id FROM #t -- mm\nORDER BY id",
		"an alias":                  "SELECT id AS mm FROM #t ORDER BY mm",
		"near names":                "SELECT mn FROM #t",
		"TABLESAMPLE":               "SELECT count(*) FROM #t TABLESAMPLE 100 PERCENT",
		"ASOF":                      "SELECT count(*) FROM #t a ASOF JOIN #t b ON a.nl >= b.nl",
		"recursive":                 "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT r.n + 1 FROM r JOIN #t t ON t.id = r.n + 1) SELECT max(n) FROM r",
		"ROLLUP":                    "SELECT qx, nl, count(*) FROM #t GROUP BY ROLLUP (qx, nl) ORDER BY 1, 2, 3",
		"set operations":            "SELECT sfzh FROM #t EXCEPT SELECT 'HIDDEN-1' ORDER BY 1",
		"limit and offset":          "SELECT id FROM #t ORDER BY nl NULLS FIRST, id LIMIT 2 OFFSET 1",
		"a guess":                   "SELECT count(*) FROM #t WHERE sfzh = 'HIDDEN-1'",
		"a guess without rows":      "SELECT count(*) FROM #t WHERE nl = 0 OR nl = 1",
		"division":                  "SELECT 1 / CAST(gz AS INTEGER) FROM #t ORDER BY id",
		"string_agg":                "SELECT string_agg(sfzh, ',' ORDER BY id) FROM #t",
		"arg_max":                   "SELECT arg_max(sfzh, nl), arg_min(sfzh, gz) FROM #t",
		"first by the source":       "SELECT first(sfzh ORDER BY gz), last(sfzh ORDER BY gz) FROM #t",
		"both sources":              "SELECT count(*) FROM 公安.等于zfw a FULL JOIN 公安.列表wj b ON a.sfzh = b.sfzh",
		"anti join":                 "SELECT count(*) FROM (VALUES ('HIDDEN-1'), ('HIDDEN-2'), ('x')) v(s) WHERE s NOT IN (SELECT coalesce(sfzh, '') FROM #t)",
		"mark join":                 "SELECT 'HIDDEN-1' IN (SELECT sfzh FROM #t), 0 IN (SELECT nl FROM #t)",
		"scalar subquery":           "SELECT (SELECT sfzh FROM #t WHERE qx = '沈河区')",
		"too many rows":             "SELECT (SELECT id FROM #t WHERE nl <> 36)",
		"an open table":             "SELECT * FROM #o ORDER BY id",
		"EXPLAIN an open table":     "EXPLAIN (FORMAT JSON) SELECT count(*) FROM #o WHERE qx = '和平区'",
		"its hidden column":         "SELECT mm FROM #o",
		"SUMMARIZE an open table":   "SUMMARIZE #o",
		"DESCRIBE an open table":    "DESCRIBE #o",
		"DESCRIBE a statement":      "DESCRIBE SELECT * FROM #t",
		"DESCRIBE what fails":       "DESCRIBE SELECT CAST(sfzh AS INTEGER) FROM #t",
		"EXPLAIN with an open one":  "EXPLAIN SELECT count(*) FROM #o o JOIN #t t USING (id)",
		"EXPLAIN in capitals":       "explain analyze\nSELECT count(*) FROM #t WHERE sfzh LIKE 'HIDDEN-1%'",
		"EXPLAIN in a comment":      "/* x */ EXPLAIN /* y */ SELECT id FROM #t WHERE nl = 0",
		"a view":                    "CREATE VIEW v AS SELECT * FROM #t",
		"a temporary table":         "CREATE TEMP TABLE v AS SELECT * FROM #t",
		"a macro":                   "CREATE MACRO m() AS TABLE SELECT * FROM #t",
		"COPY":                      "COPY (SELECT * FROM #t) TO '/tmp/x'",
		"INSERT":                    "INSERT INTO #t VALUES (1)",
		"three statements":          "SELECT 1;;SELECT count(*) FROM #t;",
		"a statement in a comment":  "SELECT count(*) FROM #t /* ; SELECT mm FROM #t */ -- ; SELECT 1",
		"a semicolon in a text":     "SELECT count(*) FROM #t WHERE sfzh = ';SELECT 1;'",
		"prepared":                  "PREPARE p AS SELECT * FROM #t",
		"executed":                  "EXECUTE p",
		"a CTE of another's name":   "WITH bumimi AS (SELECT * FROM #t) SELECT count(*) FROM bumimi",
		"a CTE that hides":          "WITH renkou AS (SELECT 1 AS mm) SELECT mm FROM renkou, #t ORDER BY 1 LIMIT 1",
		"CTEs over CTEs":            "WITH a AS (SELECT * FROM #t), b AS MATERIALIZED (SELECT * FROM a WHERE nl > 0), c AS NOT MATERIALIZED (SELECT * FROM b UNION ALL SELECT * FROM a) SELECT count(*), sum(nl), max(sfzh) FROM c",
		"too long":                  "SELECT id FROM #t WHERE sfzh = '" + strings.Repeat("x", 1<<20) + "'",
		"nearly too long":           "SELECT id FROM #t WHERE sfzh <> '" + strings.Repeat("x", 1<<19) + "' ORDER BY id",
		"too deep":                  "SELECT id FROM #t WHERE " + strings.Repeat("abs(", 300) + "nl" + strings.Repeat(")", 300) + " = 0",
		"deep":                      "SELECT id FROM #t WHERE " + strings.Repeat("abs(", 150) + "nl" + strings.Repeat(")", 150) + " = 36 ORDER BY id",
		"too many tables":           "SELECT count(*) FROM #t" + strings.Repeat(", #t", 300),
		"too wide":                  "SELECT " + strings.Repeat("*, ", 900) + "* FROM #t",
		"too many conditions":       "SELECT id FROM #t WHERE nl = 0" + strings.Repeat(" OR nl = 0", 8_000),
		"too many constants":        "SELECT id FROM #t WHERE nl IN (0" + strings.Repeat(", 0", 200_000) + ")",
		"a tower of CTEs":           tower(16),
	}
	for i, f := range throwing {
		for k, v := range seen {
			call := strings.ReplaceAll(f, "#v", v)
			all[fmt.Sprintf("throwing %d.%d in WHERE", i, k)] = "SELECT count(*) FROM #t WHERE " + call + " IS NOT NULL"
			if k == 0 {
				all[fmt.Sprintf("throwing %d in the list", i)] = "SELECT id, " + call + " FROM #t ORDER BY id"
				all[fmt.Sprintf("throwing %d in ON", i)] = "SELECT count(*) FROM #t a JOIN (VALUES (1)) v(x) ON " + call + " IS NOT NULL"
				all[fmt.Sprintf("throwing %d in an aggregate", i)] = "SELECT count(" + call + ") FROM #t GROUP BY qx"
				all[fmt.Sprintf("throwing %d in ORDER BY", i)] = "SELECT id FROM #t ORDER BY " + call + ", id LIMIT 1"
			}
		}
	}
	return all
}

// attack is a statement, and where and how it is asked.
type attack struct{ name, sql, way string }

// attempts gives every attack over one source, one row filter and in one way of
// planning in turn; in the long form over each source in each way.
func attempts() []attack {
	all := attacks()
	names := slices.Sorted(maps.Keys(all))
	how := slices.Sorted(maps.Keys(ways))
	var out []attack
	add := func(i, source, way int) {
		name := names[i]
		text := strings.ReplaceAll(all[name], "#o", "公安.基本"+sources[source])
		shape := shapes[(i+source+way)%len(shapes)]
		out = append(out, attack{name, strings.ReplaceAll(text, "#t", "公安."+shape+sources[source]), how[way]})
	}
	for i := range names {
		if !long() {
			add(i, i/len(shapes)%len(sources), i/(len(shapes)*len(sources))%len(how))
			continue
		}
		for source := range sources {
			for way := range how {
				add(i, source, way)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b attack) int { return strings.Compare(a.way, b.way) })
	return out
}

// Answers and errors do not depend on what was not granted, whatever is asked.
func TestNothingHiddenIsTold(t *testing.T) {
	worlds := []*world{newWorld(t, "one", false), newWorld(t, "other", false), newWorld(t, "none", false)}
	answered, asked := 0, attempts()
	for i, a := range asked {
		if i == 0 || a.way != asked[i-1].way {
			for _, w := range worlds {
				w.engine.plan(ways[a.way])
			}
		}
		first := worlds[0].ask(t, a.sql, "DB-HC")
		if strings.HasPrefix(first, "200 ") {
			answered++
		}
		if tells(first, a.sql) {
			t.Errorf("%s, %s: %.2000s\n%s", a.name, a.way, a.sql, first)
		}
		for k, w := range worlds[1:] {
			if k == 1 && i%3 != 0 && !long() {
				continue
			}
			if got := w.ask(t, a.sql, "DB-HC"); got != first {
				t.Errorf("%s, %s: %.2000s\nworld %s: %s\nworld %s: %s", a.name, a.way, a.sql, worlds[0].name, first, w.name, got)
			}
		}
	}
	t.Logf("%d statements in three worlds, %d of them answered", len(asked), answered)
	if answered < len(asked)/4 {
		t.Error("hardly anything was answered: the attacks say nothing")
	}
}

// tells reports whether an answer holds what is hidden and the statement did not say.
func tells(answer, sql string) bool {
	for _, word := range []string{"HIDDEN-", "SECRET", "bumimi", "大东区"} {
		if strings.Contains(answer, word) && !strings.Contains(sql, word) {
			return true
		}
	}
	return false
}

// The attacks would find what is hidden, were it not hidden.
func TestTheAttacksSee(t *testing.T) {
	one, other := newWorld(t, "one", true), newWorld(t, "other", true)
	differ, blind := 0, 0
	all := attacks()
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i%3 != 0 && !long() {
			continue
		}
		source := sources[i/3%len(sources)]
		sql := strings.NewReplacer("#t", "公安.等于"+source, "#o", "公安.基本"+source).Replace(all[name])
		if one.ask(t, sql, "DB-HC") != other.ask(t, sql, "DB-HC") {
			differ++
		} else {
			blind++
		}
	}
	t.Logf("%d attacks tell the worlds apart when nothing is hidden; %d do not", differ, blind)
	if differ < 2*blind {
		t.Errorf("only %d of %d attacks see a difference", differ, differ+blind)
	}
}

// What is visible is answered: the suite does not pass because nothing is.
func TestWhatIsGrantedIsThere(t *testing.T) {
	w := newWorld(t, "one", false)
	for _, source := range sources {
		for shape := range filters {
			got := w.ask(t, "SELECT count(*) AS n, min(xm) AS x, sum(gz) AS g FROM 公安."+shape+source, "DB-HC")
			if !strings.Contains(got, `[["4","张**","7112.75"]]`) {
				t.Errorf("%s%s: %s", shape, source, got)
			}
		}
	}
	for _, sql := range []string{"EXPLAIN SELECT xm FROM 公安.等于zfw", "EXPLAIN (FORMAT JSON) SELECT count(*) FROM 公安.等于wj WHERE nl > 3", "EXPLAIN ANALYZE SELECT id FROM 公安.列表kf"} {
		got := w.ask(t, sql, "DB-HC")
		for _, secret := range []string{"renkou", "和平区", "皇姑区", "district", "substring", "source zfw", "source wj"} {
			if !strings.HasPrefix(got, "200 ") || strings.Contains(got, secret) {
				t.Errorf("%s tells %s: %s", sql, secret, got)
			}
		}
	}
	for _, purpose := range []string{"JC", ""} {
		unknown := w.ask(t, "SELECT * FROM 公安.等于zfx", purpose)
		denied := strings.ReplaceAll(w.ask(t, "SELECT * FROM 公安.等于zfw", purpose), "zfw", "zfx")
		if unknown != denied || !strings.HasPrefix(unknown, "400 ") {
			t.Errorf("for %q\nunknown: %s\ndenied:  %s", purpose, unknown, denied)
		}
	}
}
