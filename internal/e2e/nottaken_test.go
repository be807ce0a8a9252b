package e2e

import (
	"fmt"
	"testing"
)

// A residual that DuckDB does not take is no error of the statement's: it runs as it
// was written, over the same streams' places, with policy in its place.
func TestResidualNotTaken(t *testing.T) {
	l := secretLab(t, filters["computed"], nil)
	const text = "SELECT count(*), max(v) FROM pgx.secret WHERE length(v) > 1"
	for name, broken := range map[string]string{
		"unknown function": "SELECT no_such_function()", "syntax": "SELECT (", "other columns": "SELECT 1 AS a",
	} {
		plan, err := l.plan(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Fallback != "" || plan.Straight {
			t.Fatalf("the plan has no text of a tree: %s", plan.Fallback)
		}
		plan.Text = broken
		before := l.notTaken
		got, err := l.run(t.Context(), plan)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if rows := fmt.Sprint(got.Rows); rows != "[[3 open-3]]" {
			t.Errorf("%s: %s", name, rows)
		}
		if l.notTaken != before+1 {
			t.Errorf("%s: the text was taken", name)
		}
	}
	// A value that cannot be computed is the statement's own error.
	plan, err := l.plan(t.Context(), "SELECT 1/0 + CAST('x' AS INTEGER) FROM pgx.secret WHERE length(v) > 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.run(t.Context(), plan); err == nil {
		t.Error("a cast that cannot be made gave an answer")
	}
}
