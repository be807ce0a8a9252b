package leak

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Where a function may stand in a statement, and where a table function may; #f is its
// name.
var (
	callPlaces = []string{
		"SELECT #f() FROM #t", "SELECT id FROM #t WHERE #f() = 1", "SELECT id FROM #t ORDER BY #f(1)", "SELECT count(*) FROM #t GROUP BY #f(id)",
		"SELECT qx FROM #t GROUP BY qx HAVING #f(qx) IS NULL", "SELECT id FROM #t LIMIT #f(1)", "SELECT id FROM #t QUALIFY #f(id) IS NULL",
		"SELECT list_transform([1], x -> #f(x)) FROM #t", "SELECT * FROM (VALUES (#f('a'))) v", "SELECT * FROM repeat(#f('secret_directory'), 1)",
		"SELECT * FROM range(#f('threads'))", "SELECT CASE WHEN true THEN 1 ELSE #f(id) END FROM #t", "SELECT sum(id) FILTER (WHERE #f(id) > 0) FROM #t",
		"SELECT row_number() OVER (ORDER BY #f(id)) FROM #t", "SELECT count(*) FROM #t a JOIN #t b ON #f(a.id) = b.id", "SELECT id FROM #t WHERE id IN (SELECT #f(1))",
		"WITH c AS (SELECT #f(1) AS x) SELECT x FROM c", "SELECT DISTINCT ON (#f(id)) id FROM #t", "SELECT qx.#f() FROM #t", "SELECT main.#f(1)", "SELECT * REPLACE (#f(id) AS id) FROM #t",
		"SELECT COLUMNS(c -> #f(c) = 1) FROM #t", "SELECT {'a': #f(1)}", "SELECT [#f(x) FOR x IN [1, 2]]", "SELECT max(#f(id)) OVER (PARTITION BY #f(qx)) FROM #t", "SELECT id FROM #t UNION SELECT #f(1)",
	}
	tablePlaces = []string{
		"SELECT * FROM #f()", "SELECT * FROM #f('x')", "SELECT * FROM #t, #f('x')", "SELECT id FROM #t WHERE id IN (SELECT 1 FROM #f('x'))", "SELECT * FROM #t a, LATERAL (SELECT * FROM #f(a.qx)) b",
		"WITH c AS (SELECT * FROM #f('x')) SELECT * FROM c", "SELECT (SELECT count(*) FROM #f('x')) FROM #t", "SELECT * FROM #f('x') UNION ALL SELECT * FROM #f('y')", "FROM #f('x')", "PIVOT #f('x') ON a USING count(*)",
	}
	besides = regexp.MustCompile(`,"(nearest":\[[^\]]*\]|position":\{[^}]*\})`)
)

// A function of the deny list does not exist for anybody, wherever it stands.
func TestDeniedFunctions(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "planner", "gate", "functions", "deny.txt"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, "one", false)
	const unknown = "nosuchfunction"
	asked, said := 0, map[string]string{} // of a name that nobody knows
	for i, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#" {
			continue
		}
		name, places := fields[1], callPlaces
		if fields[0] == "table" {
			places = tablePlaces
		}
		for k, place := range places {
			if !long() && k != i%len(places) && (i*7+3)%len(places) != k {
				continue
			}
			sql := strings.NewReplacer("#t", "公安.等于"+sources[i%len(sources)]).Replace(place)
			asked++
			got := besides.ReplaceAllString(w.ask(t, strings.ReplaceAll(sql, "#f", name), "DB-HC"), "")
			want, ok := said[sql]
			if !ok {
				want = besides.ReplaceAllString(w.ask(t, strings.ReplaceAll(sql, "#f", unknown), "DB-HC"), "")
				said[sql] = want
			}
			if strings.ReplaceAll(got, name, unknown) != want || !strings.HasPrefix(want, "400 ") {
				t.Errorf("%s: %s\n%s\nwith a name that nobody knows:\n%s", name, sql, got, want)
			}
		}
	}
	t.Logf("%d statements", asked)
	if asked < 300 || !slices.Contains(strings.Fields(string(text)), "current_setting") {
		t.Errorf("only %d statements", asked)
	}
}
