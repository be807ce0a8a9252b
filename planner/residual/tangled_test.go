package residual_test

import (
	"regexp"
	"testing"

	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/residual"
	"github.com/lianji/lianji/planner/rules"
)

// A correlated subquery that the text keeps reads one table of WITH and nothing else:
// DuckDB would multiply whatever it finds there by the outer rows' values.
func TestSubqueriesThatStayTangled(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT a FROM s.t WHERE b > ALL (SELECT v.b FROM s.v, s.w WHERE v.a = t.a AND w.b = t.b)": ` ANY \(SELECT "t\d+"\."c\d+" FROM "_lianji_with_2" AS "t\d+" WHERE `,
		"SELECT a, (SELECT v.b FROM s.v, s.w WHERE v.a = t.a AND w.b = t.b) FROM s.t":              `\(SELECT "t\d+"\."c\d+" FROM "_lianji_with_2" AS "t\d+" WHERE `,
		// The mark is untangled, a join below it is not.
		"SELECT a FROM s.t WHERE b <> ALL (SELECT v.b FROM s.v WHERE v.a = t.a AND t.b > (SELECT max(w.b) FROM s.w WHERE w.a < v.a))": ` ANY \(SELECT "t\d+"\."c\d+" FROM "_lianji_with_2" AS "t\d+" WHERE `,
	} {
		plan := plantest.Logical(t, sql).Clone()
		c := &rules.Context{Plan: plan, Dialect: plantest.Dialect}
		if _, err := rules.RunEarly(c, rules.List(), nil); err != nil {
			t.Fatal(err)
		}
		names := make([]string, len(plan.Root.Output()))
		for i := range names {
			names[i] = "c"
		}
		text, err := residual.Write(plan.Root, names, scans)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s: the text has no %s:\n%s", sql, want, text)
		}
	}
}
