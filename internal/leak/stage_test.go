package leak

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// conditions are places of a condition #f that must not be asked of a hidden row.
var conditions = []string{
	"SELECT count(*) FROM #t WHERE #f IS NOT NULL",
	"WITH c AS MATERIALIZED (SELECT * FROM #t) SELECT count(*) FROM c WHERE #f IS NOT NULL",
	"SELECT count(*) FROM #t JOIN (VALUES (1), (2)) v(x) ON #f IS NOT NULL AND id > x",
}

// What a statement computes is computed of rows that policy has kept: what fails on a
// hidden row alone fails for nobody. DuckDB asks conditions in an order of its own, so
// policy that runs here is a stage of its own; see dear.
func TestPolicyIsAskedFirst(t *testing.T) {
	one, none := newWorld(t, "one", false), newWorld(t, "none", false)
	asked, answered := 0, 0
	for _, way := range slices.Sorted(maps.Keys(ways)) {
		one.engine.plan(ways[way])
		none.engine.plan(ways[way])
		for i, f := range throwing {
			f = strings.ReplaceAll(f, "#v", seen[0])
			for k, place := range conditions {
				for n, source := range sources {
					if (k != i%len(conditions) || n != i/len(conditions)%len(sources)) && !long() {
						continue
					}
					sql := strings.NewReplacer("#t", "公安.函数"+source, "#f", f).Replace(place)
					asked++
					want := none.ask(t, sql, "DB-HC")
					if strings.HasPrefix(want, "200 ") {
						answered++
					}
					if got := one.ask(t, sql, "DB-HC"); got != want {
						t.Errorf("%s: %s\nwithout hidden rows: %s\nwith them: %s", way, sql, want, got)
					}
				}
			}
		}
	}
	t.Logf("%d statements, %d of them answered", asked, answered)
	if answered < asked/2 {
		t.Error("hardly anything was answered: the attacks say nothing")
	}
}

// Where policy looks values up in another table of the source, the source finds the rows,
// and is asked nothing else: a condition that fails on a hidden row would come before it.
func TestLookupsAreAskedFirst(t *testing.T) {
	one, none := newWorld(t, "one", false), newWorld(t, "none", false)
	for _, w := range []*world{one, none} {
		w.apply(t, "ga", "resources: {公安.考核: {class: restricted, source: zfw, schema: public, table: kaohe, items: {id: '', qx: '', bi: ''}}}")
		w.apply(t, "ga", "grants: {公安.考核: [{agency: 民政, items: {id: clear, bi: clear}, purposes: [DB-HC], modes: [interface], where: id IN (SELECT id FROM 公安.基本zfw)}]}")
		w.inForce(t)
	}
	for sql, want := range map[string]string{
		"SELECT count(*) AS n FROM 公安.考核 WHERE bi > 20": `[["2"]]`, "SELECT id FROM 公安.考核 WHERE bi IN (17, 24) ORDER BY id": `[[2]]`,
		"SELECT count(*) AS n FROM 公安.考核 x JOIN 公安.基本zfw y ON x.bi = y.id": `[["0"]]`, "SELECT max(bi) AS n FROM 公安.考核": `[[27]]`,
	} {
		here, there := one.ask(t, sql, "DB-HC"), none.ask(t, sql, "DB-HC")
		if here != there || !strings.Contains(here, want) {
			t.Errorf("%s, want %s\nwith hidden rows: %s\nwithout them: %s", sql, want, here, there)
		}
	}
}
