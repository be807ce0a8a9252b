package planner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

var useNames = []struct {
	use  planner.Use
	name string
}{
	{planner.Returned, "returned"}, {planner.Aggregated, "aggregated"}, {planner.Matched, "matched"}, {planner.Tested, "tested"},
	{planner.Grouped, "grouped"}, {planner.Ordered, "ordered"},
}

// usesOf writes what a statement does with each column: t.a returned matched, t.b tested.
func usesOf(s *planner.Statement) string {
	var out []string
	for _, r := range s.Reads() {
		table := r.Resource.Path[len(r.Resource.Path)-1]
		if len(r.Items) == 0 {
			out = append(out, table)
		}
		for _, i := range r.Items {
			line := table + "." + i.Name
			for _, u := range useNames {
				if i.Use&u.use != 0 {
					line += " " + u.name
				}
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// What a statement does with each column follows from where its values go, through
// whatever stands between table and answer.
func TestUses(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SELECT a FROM s.t", "t.a returned"},
		{"SELECT a FROM s.t WHERE b > 5", "t.a returned, t.b tested"},
		{"SELECT a FROM s.t WHERE b > 5 AND (c = 'x' OR NOT (a = 3))", "t.a returned tested, t.b tested, t.c tested"},
		// In an expression of the answer a value can be told, however it is hidden there.
		{"SELECT upper(c) || '!' FROM s.t", "t.c returned"},
		{"SELECT CASE WHEN a > 1 THEN c ELSE 'none' END FROM s.t", "t.a returned, t.c returned"},
		{"SELECT b IS NULL FROM s.t", "t.b returned"},
		{"SELECT {'k': a, 'v': c} FROM s.t", "t.a returned, t.c returned"},
		{"SELECT p.v FROM (SELECT {'k': a, 'v': c} AS p FROM s.t)", "t.a returned, t.c returned"},
		{"SELECT coalesce(c, 'x') FROM s.t ORDER BY a", "t.a ordered, t.c returned"},
		{"SELECT [a, b] FROM s.t", "t.a returned, t.b returned"},
		// Rows alone.
		{"SELECT count(*) FROM s.t", "t"},
		{"SELECT count(*) FROM s.t, s.w WHERE t.a = w.a", "t.a matched, w.a matched"},
		{"SELECT 1 FROM s.t WHERE a = 1", "t.a tested"},
		// Joins.
		{"SELECT t.c FROM s.t JOIN s.w ON t.a = w.a AND w.b < 7", "t.a matched, t.c returned, w.a matched, w.b tested"},
		{"SELECT * EXCLUDE (b, c, d, e, f, g) FROM s.t FULL JOIN s.w USING (a)", "t.a returned matched, w.a returned matched"},
		{"SELECT c FROM s.t WHERE a + 1 = 3", "t.a tested, t.c returned"},
		{"SELECT c FROM s.t WHERE b = a", "t.a matched, t.b matched, t.c returned"},
		// Subqueries.
		{"SELECT c FROM s.t WHERE a IN (SELECT a FROM s.w WHERE g)", "t.a matched, t.c returned, w.a matched, w.g tested"},
		{"SELECT c FROM s.t WHERE EXISTS (SELECT b FROM s.w WHERE w.a = t.a)", "t.a matched, t.c returned, w.a matched"},
		{"SELECT a, a IN (SELECT b FROM s.w) FROM s.t", "t.a returned matched, w.b returned matched"},
		{"SELECT c FROM s.t WHERE a NOT IN (SELECT a FROM s.w) OR b = 3", "t.a matched, t.b tested, t.c returned, w.a matched"},
		// A subquery is computed for each value of the outer row: the tree groups by it.
		{"SELECT a, (SELECT max(c) FROM s.w WHERE w.a = t.a) FROM s.t", "t.a returned matched grouped, w.a matched, w.c returned"},
		{"SELECT c FROM s.t WHERE b > (SELECT avg(b) FROM s.w)", "t.b tested, t.c returned, w.b aggregated"},
		// Aggregates.
		{"SELECT c, sum(b) FROM s.t GROUP BY c", "t.b aggregated, t.c returned grouped"},
		{"SELECT sum(b) * 2 + 1 FROM s.t GROUP BY c", "t.b aggregated, t.c grouped"},
		{"SELECT count(DISTINCT c) FROM s.t", "t.c aggregated"},
		{"SELECT min(b), list(c) FROM s.t", "t.b returned, t.c returned"},
		{"SELECT c FROM s.t GROUP BY c HAVING sum(b) > 5 AND max(a) > 7", "t.a tested, t.b aggregated, t.c returned grouped"},
		{"SELECT sum(b) FILTER (WHERE g) FROM s.t", "t.b aggregated, t.g tested"},
		{"SELECT string_agg(c, ',' ORDER BY a) FROM s.t", "t.a ordered, t.c returned"},
		{"SELECT sum(n) FROM (SELECT count(b) AS n FROM s.t GROUP BY c)", "t.b aggregated, t.c grouped"},
		{"SELECT c, grouping(c) FROM s.t GROUP BY ROLLUP (c)", "t.c returned grouped"},
		// A sum over a frame of one row is that row's value.
		{"SELECT sum(b) OVER (PARTITION BY c ORDER BY a ROWS BETWEEN CURRENT ROW AND CURRENT ROW) FROM s.t", "t.a ordered, t.b returned, t.c grouped"},
		{"SELECT row_number() OVER (PARTITION BY c ORDER BY a) FROM s.t", "t.a ordered, t.c grouped"},
		{"SELECT a FROM s.t QUALIFY rank() OVER (ORDER BY b) = 1", "t.a returned, t.b ordered"},
		{"SELECT lag(c) OVER (ORDER BY a) FROM s.t", "t.a ordered, t.c returned"},
		// Rows that are equal, or the first ones.
		{"SELECT count(*) FROM (SELECT DISTINCT c FROM s.t)", "t.c grouped"},
		{"SELECT DISTINCT ON (c) a FROM s.t ORDER BY c, b", "t.a returned, t.b ordered, t.c grouped ordered"},
		{"SELECT a FROM s.t ORDER BY b LIMIT 3", "t.a returned, t.b ordered"},
		// Set operations: what is taken away never comes out.
		{"SELECT a FROM s.t UNION ALL SELECT a FROM s.w", "t.a returned, w.a returned"},
		{"SELECT a FROM s.t UNION SELECT b FROM s.w", "t.a returned grouped, w.b returned grouped"},
		{"SELECT a FROM s.t EXCEPT SELECT a FROM s.w", "t.a returned matched, w.a matched"},
		{"SELECT a FROM s.t INTERSECT SELECT a FROM s.w", "t.a returned matched, w.a returned matched"},
		// What a subquery or a CTE computes and nobody takes is no use.
		{"SELECT x.a FROM (SELECT a, c, upper(c) AS u FROM s.t) x", "t.a returned"},
		{"WITH x AS (SELECT a, b, c FROM s.t), y AS (SELECT a AS k, b FROM x WHERE c = 'x') SELECT k FROM y", "t.a returned, t.c tested"},
		{"WITH x AS MATERIALIZED (SELECT a, b FROM s.t) SELECT p.a FROM x p JOIN x q ON p.b = q.b", "t.a returned, t.b matched"},
		{"SELECT unnest([a, b]) FROM s.t", "t.a returned, t.b returned"},
	} {
		s := plantest.Prepare(t, c.sql)
		if got := usesOf(s); got != c.want {
			_, why := s.Logical()
			t.Errorf("%s\n got  %s %s\n want %s", c.sql, got, why, c.want)
		}
	}
}

// Where there is no tree, everything that could be named counts as returned.
func TestUsesOfTheFallback(t *testing.T) {
	s := plantest.Prepare(t, "SELECT r.i FROM s.t, range(t.b) r(i)")
	if plan, _ := s.Logical(); plan != nil {
		t.Fatal("there is a tree")
	}
	for _, i := range s.Reads()[0].Items {
		if i.Use&planner.Returned == 0 {
			t.Errorf("%s: %v", i.Name, i.Use)
		}
	}
	if n := len(s.Reads()[0].Items); n != 7 { // as many as the table has
		t.Errorf("%d columns, want 7", n)
	}
}

// Below a guard the statement's columns are its own uses, and what only the row filter
// and the masks read is policy's.
func TestUsesBelowGuards(t *testing.T) {
	guard := &policy.Guard{RowFilter: "d IS NOT NULL AND b > 3", Masks: map[string]string{"c": "left(c, 1) || '*'"}}
	for _, text := range []bool{false, true} {
		world := plantest.Fixed(t)
		p := world.Planner()
		if text {
			p = p.ByText()
		}
		s, err := p.Prepare(t.Context(), "SELECT c FROM s.t WHERE a = 1 AND b < 9", guards{world.Snapshot(), guard}, planner.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := usesOf(s), "t.a tested, t.b tested, t.c returned"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		policys := s.Reads()[0].Policy
		slices.Sort(policys)
		if got := strings.Join(policys, " "); !text && got != "d" || text && !slices.Contains(policys, "d") {
			t.Errorf("only policy reads %s, want d", got)
		}
	}
}

// The zero value permits nothing, not even a use that nobody has looked at.
func TestPermits(t *testing.T) {
	var none planner.Use
	for u := planner.Use(0); u < planner.Returned<<1; u++ {
		if none.Permits(u) {
			t.Errorf("no permission permits %b", u)
		}
		if u.Permits(0) {
			t.Errorf("%b permits a use that is not known", u)
		}
	}
	if match := planner.Matched; !match.Permits(planner.Matched) || match.Permits(planner.Matched|planner.Returned) || match.Permits(planner.Tested) {
		t.Error("a permission to match permits something else")
	}
}
