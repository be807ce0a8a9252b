package planner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/plantest"
)

// repeated writes part n times, its # the number from 0, with by between.
func repeated(n int, part, by string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(part, "#", fmt.Sprint(i))
	}
	return strings.Join(parts, by)
}

// longStatements are texts that the gate lets through and that make long lists of
// everything that a rule goes through.
var longStatements = map[string]string{
	"many conditions":               "SELECT a FROM s.t WHERE " + repeated(4000, "a <> #", " AND "),
	"many conditions over a join":   "SELECT t.a FROM s.t, s.w u WHERE t.a = u.a AND " + repeated(3000, "t.a <> #", " AND "),
	"many conditions over a union":  "SELECT count(*) FROM (" + repeated(30, "SELECT a FROM s.t", " UNION ALL ") + ") WHERE " + repeated(200, "a <> #", " AND "),
	"many conditions in 60 levels":  "SELECT count(*) FROM (" + strings.Repeat("SELECT a, b FROM (", 60) + "SELECT a, b FROM s.t" + strings.Repeat(") x", 60) + ") WHERE " + repeated(1000, "a <> #", " AND "),
	"many alternatives":             "SELECT a FROM s.t WHERE " + repeated(4000, "a = #", " OR "),
	"two long alternatives":         "SELECT a FROM s.t WHERE (" + repeated(2000, "a <> #", " AND ") + ") OR (" + repeated(2000, "a <> #", " AND ") + ")",
	"many pairs":                    "SELECT t.a FROM s.t, s.w u WHERE " + repeated(2000, "(t.a = # AND u.b = #)", " OR "),
	"many ranges":                   "SELECT a FROM s.t WHERE " + repeated(1000, "(a BETWEEN # AND #9 OR b = #)", " AND "),
	"many lists":                    "SELECT a FROM s.t WHERE " + repeated(500, "a NOT IN (#, 1#, 2#, 3#)", " AND "),
	"a long list":                   "SELECT a FROM s.t WHERE a IN (" + repeated(20000, "#", ", ") + ")",
	"many columns":                  "SELECT " + repeated(3000, "a + # AS c#", ", ") + " FROM s.t",
	"many sums and groups":          "SELECT " + repeated(1000, "sum(a + #)", ", ") + " FROM s.t GROUP BY " + repeated(1000, "a + #", ", "),
	"many keys":                     "SELECT a FROM s.t ORDER BY " + repeated(1000, "a + #", ", "),
	"many windows":                  "SELECT " + repeated(200, "sum(a) OVER (PARTITION BY b ORDER BY a + #) AS w#", ", ") + " FROM s.t",
	"many cases":                    "SELECT CASE " + repeated(3000, "WHEN a = # THEN #", " ") + " END FROM s.t",
	"many rows":                     "SELECT count(*) FROM (VALUES " + repeated(5000, "(#, '#')", ", ") + ") v(a, b) WHERE a > 3",
	"many parts of a union":         "SELECT count(*) FROM (" + repeated(100, "SELECT a FROM s.t WHERE a = #", " UNION ALL ") + ")",
	"many joins":                    "SELECT count(*) FROM " + repeated(60, "s.t t#", ", ") + " WHERE " + repeated(59, "t0.a = t#.b", " AND "),
	"many outer joins":              "SELECT count(*) FROM s.t " + repeated(60, "LEFT JOIN s.t t# ON t.a = t#.b", " "),
	"many subqueries":               "SELECT count(*) FROM s.t WHERE " + repeated(40, "EXISTS (SELECT 1 FROM s.w w# WHERE w#.a = t.a AND w#.b > #)", " AND "),
	"many scalar subqueries":        "SELECT count(*) FROM s.t WHERE " + repeated(20, "b < (SELECT max(b) FROM s.w w# WHERE w#.a = t.a)", " AND "),
	"many common table expressions": "WITH " + repeated(60, "c# AS (SELECT a + # AS a FROM s.t WHERE a <> #)", ", ") + " SELECT count(*) FROM " + repeated(60, "c#", ", ") + " WHERE " + repeated(59, "c0.a = c#.a", " AND "),
}

// What a long statement costs in the tree, beyond what gate and binder take for it,
// grows with its length and not with the square of it: else a text of a few
// kilobytes holds a processor for minutes. A test of a safety deadline: it fails at
// ten times the stated time.
func TestLongStatementsPlanSoon(t *testing.T) {
	const stated = 500 * time.Millisecond
	w := plantest.Fixed(t)
	for name, sql := range longStatements {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			if _, err := w.Planner().ByText().Prepare(t.Context(), sql, w.Snapshot(), planner.Options{}); err != nil {
				t.Fatal(err)
			}
			bound := time.Now()
			s, err := w.Planner().Without().Prepare(t.Context(), sql, w.Snapshot(), planner.Options{})
			if err != nil {
				t.Fatal(err)
			}
			prepared := time.Now()
			if _, err := s.Plan(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			took := time.Since(bound) - bound.Sub(begun)
			t.Logf("%s by gate and binder; with the tree %s, and the plan %s", bound.Sub(begun).Round(time.Millisecond),
				prepared.Sub(bound).Round(time.Millisecond), time.Since(prepared).Round(time.Millisecond))
			if took > 10*stated {
				t.Errorf("the tree took %s more, over ten times the stated %s", took, stated)
			}
			if plan, why := s.Logical(); plan == nil {
				t.Errorf("no tree: %s", why)
			}
		})
	}
}

// A plan for which nobody waits any more is not finished.
func TestPlanEndsWithItsContext(t *testing.T) {
	s := plantest.Prepare(t, "SELECT a FROM s.t WHERE a = 1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Plan(ctx, nil); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("%v, want %s", err, errs.Canceled)
	}
}
