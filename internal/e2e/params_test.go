package e2e

import (
	"fmt"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
)

// A parameter that is NULL keeps the type that the statement was bound with, in the
// tree and by text: DuckDB alone types 'x' || NULL as NULL.
func TestNullParameters(t *testing.T) {
	l := secretLab(t, "", nil)
	for text, want := range map[string]string{
		"SELECT id, v || $1 FROM pgx.secret ORDER BY id DESC LIMIT 2;":                 "[[5 <nil>] [4 <nil>]]",
		"SELECT $1 || 'x' AS a, $1 || 'y' AS a FROM lite.secret WHERE id = 1 -- twice": "[[<nil> <nil>]]",
		"SELECT max(v || $1), count(*) FROM quack.secret":                              "[[<nil> 5]]",
		"SELECT v || $1 AS g, count(*) FROM pgx.secret GROUP BY g":                     "[[<nil> 5]]",
		"SELECT v FROM pgx.secret WHERE v = $1":                                        "[]",
		"SELECT coalesce($1, v) FROM pgx.secret WHERE id = 1":                          "[[open-1]]",
	} {
		for _, p := range l.planners() {
			s, err := p.Prepare(t.Context(), text, l.snapshot, planner.Options{})
			if err != nil {
				t.Fatalf("%s: %v (%s)", text, err, errs.From(err).Detail)
			}
			plan, err := s.Plan(t.Context(), []catalog.Value{{Type: s.Params[0].Type}})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			got, err := l.run(t.Context(), plan)
			if err != nil {
				t.Errorf("%s: %v (%s)\n%s", text, err, errs.From(err).Detail, plan.Text)
				continue
			}
			if rows := fmt.Sprint(got.Rows); rows != want {
				t.Errorf("%s: %s, want %s", text, rows, want)
			}
		}
	}
}

// Neither does one of whose value DuckDB makes NULL change its statement's types.
func TestParametersThatBecomeNull(t *testing.T) {
	l := secretLab(t, "", nil)
	for _, c := range []struct{ sql, value, want string }{
		{"SELECT id + TRY_CAST($1 AS DECIMAL(5, 1)) FROM pgx.secret ORDER BY id LIMIT 2", "none", "[[<nil>] [<nil>]]"},
		{"SELECT id + TRY_CAST($1 AS DECIMAL(5, 1)) FROM quack.secret WHERE id = 1", "1.5", "[[2.5]]"},
		{"SELECT v || TRY_CAST($1 AS DATE), count(*) FROM pgx.secret GROUP BY 1", "a", "[[<nil> 5]]"},
		{"SELECT v || nullif($1, 'a') FROM lite.secret WHERE id = 1", "a", "[[<nil>]]"},
		{"SELECT coalesce(TRY_CAST($1 AS DECIMAL(9, 2)), id) FROM pgx.secret WHERE id = 1", "a", "[[1.00]]"},
	} {
		for _, p := range l.planners() {
			s, err := p.Prepare(t.Context(), c.sql, l.snapshot, planner.Options{})
			if err != nil {
				t.Fatalf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			}
			plan, err := s.Plan(t.Context(), []catalog.Value{{Type: s.Params[0].Type, V: c.value}})
			if err != nil {
				t.Fatalf("%s: %v", c.sql, err)
			}
			got, err := l.run(t.Context(), plan)
			if err != nil {
				t.Errorf("%s: %v (%s)\n%s", c.sql, err, errs.From(err).Detail, plan.Text)
				continue
			}
			if rows := fmt.Sprint(got.Rows); rows != c.want {
				t.Errorf("%s: %s, want %s", c.sql, rows, c.want)
			}
		}
	}
}

// EXPLAIN guesses no rows of what comes through a barrier: the guess would be made of
// the hidden rows too.
func TestNoEstimatesAboveBarriers(t *testing.T) {
	l := secretLab(t, filters["computed"], nil)
	for _, text := range []string{"SELECT count(*) FROM quack.secret GROUP BY v", "SELECT id FROM quack.secret WHERE n > 1 ORDER BY v", "SELECT a.id FROM quack.secret a JOIN quack.secret b ON a.id = b.id"} {
		plan, err := l.plan(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		e := plan.Explain()
		for _, n := range e.Nodes {
			if n.Rows >= 0 {
				t.Errorf("%s: %s tells about %d rows", text, n.Node, n.Rows)
			}
		}
		for _, s := range e.Streams {
			if s.Rows >= 0 {
				t.Errorf("%s: stream %d tells about %d rows", text, s.Stream, s.Rows)
			}
		}
	}
}
