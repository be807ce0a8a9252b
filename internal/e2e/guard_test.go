package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
)

// guardedSnapshot puts guards before some resources of another snapshot.
type guardedSnapshot struct {
	policy.Snapshot
	guards map[string]*policy.Guard // by the resource's name
}

func (g guardedSnapshot) Identity() string {
	return fmt.Sprintf("%s guarded %p", g.Snapshot.Identity(), g.guards)
}

func (g guardedSnapshot) Resolve(path []string) (*policy.Resource, bool) {
	r, ok := g.Snapshot.Resolve(path)
	if !ok || g.guards[r.Name()] == nil {
		return r, ok
	}
	guarded := *r
	guarded.Guard = g.guards[r.Name()]
	guarded.Columns = append([]catalog.Column{}, r.Columns...)
	for i, c := range guarded.Columns {
		if _, ok := guarded.Guard.Masks[c.Name]; ok {
			guarded.Columns[i].Type = catalog.Type{Kind: catalog.Text}
		}
	}
	return &guarded, true
}

// The rows of 机密: each source has the same five, of which policy hides two.
const (
	secretTable = `CREATE TABLE secret (id INTEGER PRIMARY KEY, district TEXT, v TEXT, n INTEGER)`
	secretRows  = `INSERT INTO secret VALUES (1, 'A', 'open-1', 10), (2, 'B', 'SECRET-1', 0), (3, 'A', 'open-2', 30), (4, 'C', 'SECRET-2', 40), (5, 'Z', 'open-3', 50)`
)

// filters are row filters that a source carries exactly, and some that it cannot, so
// that a stage of their own has to.
var filters = map[string]string{
	"exact":    `district IN ('A', 'Z', 'Q')`,
	"either":   `district = 'A' OR district = 'Z'`,
	"computed": `upper(district) IN ('A', 'Z', 'Q')`,
}

func secretLab(t *testing.T, filter string, masks map[string]string) *lab {
	t.Helper()
	l := newLab(t)
	for _, source := range []string{pgSource, liteSource, duckSource} {
		l.open(t, source, []string{secretTable, secretRows})
		l.publish(source, source, "secret")
	}
	l.start(t)
	guards := map[string]*policy.Guard{}
	for _, source := range []string{pgSource, liteSource, duckSource} {
		guards[source+".secret"] = &policy.Guard{RowFilter: filter, Masks: masks}
	}
	l.snapshot = guardedSnapshot{Snapshot: l.snapshot, guards: guards}
	return l
}

// throwing are expressions that fail on the value of a hidden row and on no other,
// where a filter hides the row by a list or by OR.
var throwing = []string{
	`SELECT count(*) FROM %s.secret WHERE chr(CASE WHEN v = 'SECRET-1' THEN -1 ELSE 65 END) = 'A'`,
	`SELECT count(*) FROM %s.secret WHERE regexp_full_match(v, CASE WHEN v = 'SECRET-1' THEN '(' ELSE '.*' END)`,
	`SELECT count(*) FROM %s.secret WHERE make_timestamp_ms(CASE WHEN v = 'SECRET-2' THEN 9223372036854775807 ELSE 0 END) IS NOT NULL`,
	`SELECT count(*) FROM %s.secret WHERE v LIKE 'x' ESCAPE CASE WHEN v = 'SECRET-1' THEN 'ab' ELSE 'a' END OR true`,
	`SELECT sum(CAST(CASE WHEN v = 'SECRET-1' THEN 'x' ELSE '1' END AS INTEGER)) FROM %s.secret`,
	`SELECT count(*) FROM %s.secret WHERE CAST(100 / n AS INTEGER) > 0 AND CAST(replace(v, 'open-', '') AS INTEGER) > 0`,
}

// Nothing of a statement, failing functions included, sees a row that policy hides:
// at the source, in the residual, in the fallback and straight through alike.
func TestHiddenRowsStayHidden(t *testing.T) {
	for name, filter := range filters {
		t.Run(name, func(t *testing.T) {
			l := secretLab(t, filter, nil)
			for _, source := range []string{pgSource, liteSource, duckSource} {
				l.everyWay(t, fmt.Sprintf("SELECT id, v FROM %s.secret ORDER BY id", source), "[[1 open-1] [3 open-2] [5 open-3]]")
				l.everyWay(t, fmt.Sprintf("SELECT count(*), sum(n) FROM %s.secret WHERE v <> 'open-1'", source), "[[2 80]]")
				l.everyWay(t, fmt.Sprintf("SELECT count(*) FROM %s.secret WHERE v = 'SECRET-1'", source), "[[0]]")
				l.everyWay(t, fmt.Sprintf("SELECT max(a.n) FROM %s.secret a JOIN %s.secret b ON a.id = b.id", source, pgSource), "[[50]]")
				for _, text := range throwing {
					for _, p := range l.planners() {
						if _, err := l.queryBy(t.Context(), p, fmt.Sprintf(text, source)); err != nil {
							t.Errorf("%s: %v (%s)", fmt.Sprintf(text, source), err, errs.From(err).Detail)
						}
					}
				}
			}
		})
	}
}

// A mask stands before everything that the statement does with the column.
func TestMasksStandFirst(t *testing.T) {
	l := secretLab(t, filters["exact"], map[string]string{"v": `left(v, 4) || '***'`, "n": `'hidden'`})
	for _, source := range []string{pgSource, liteSource, duckSource} {
		l.everyWay(t, fmt.Sprintf("SELECT id, v, n FROM %s.secret ORDER BY id", source), "[[1 open*** hidden] [3 open*** hidden] [5 open*** hidden]]")
		l.everyWay(t, fmt.Sprintf("SELECT count(*) FROM %s.secret WHERE v = 'open-1'", source), "[[0]]")
		l.everyWay(t, fmt.Sprintf("SELECT v, count(*) FROM %s.secret WHERE id > 1 GROUP BY v", source), "[[open*** 2]]")
		l.everyWay(t, fmt.Sprintf("SELECT max(n) FROM %s.secret", source), "[[hidden]]")
		l.everyWay(t, fmt.Sprintf("SELECT count(*) FROM %s.secret a JOIN %s.secret b ON a.v = b.v", source, source), "[[9]]")
	}
}

// EXPLAIN tells nothing of what stands below the barrier.
func TestGuardsAreNotExplained(t *testing.T) {
	l := secretLab(t, filters["exact"], map[string]string{"v": `'constant of the mask'`})
	for _, p := range l.planners() {
		for _, source := range []string{pgSource, liteSource, duckSource} {
			plan, err := l.planBy(t.Context(), p, fmt.Sprintf("SELECT id, v FROM %s.secret WHERE n > 5", source))
			if err != nil {
				t.Fatal(err)
			}
			text := plan.Explain().Text()
			for _, secret := range []string{"district", "constant of the mask", "'Z'"} {
				if strings.Contains(text, secret) {
					t.Errorf("the explanation has %s:\n%s", secret, text)
				}
			}
		}
	}
}

func (l *lab) planners() []*planner.Planner {
	return []*planner.Planner{l.planner, l.planner.ByText(), l.planner.Without("remote_filter"), l.planner.Without("remote_barrier")}
}

func (l *lab) queryBy(ctx context.Context, p *planner.Planner, text string) (oracle.Result, error) {
	plan, err := l.planBy(ctx, p, text)
	if err != nil {
		return oracle.Result{}, err
	}
	return l.run(ctx, plan)
}

// everyWay asks for rows with the tree, with rules left out and by the fallback.
func (l *lab) everyWay(t *testing.T, text, want string) {
	t.Helper()
	for _, p := range l.planners() {
		got, err := l.queryBy(t.Context(), p, text)
		if err != nil {
			t.Errorf("%s: %v (%s)", text, err, errs.From(err).Detail)
			continue
		}
		if rows := fmt.Sprint(got.Rows); rows != want {
			plan, _ := l.planBy(t.Context(), p, text)
			t.Errorf("%s: %s, want %s\n%s", text, rows, want, plan.Explain().Text())
		}
	}
}
