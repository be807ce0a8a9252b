package residual_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/residual"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
)

// world holds tables, bound by the planner, in two DuckDBs with the same rows: one
// answers the original texts, the other, set as exec sets its own, those that are
// generated.
type world struct {
	*plantest.World
	original, generated *oracle.Reference
	bare                bool // write the trees as they are bound, without a rule
}

// asExec switches off what exec does.
const asExec = "SET disabled_optimizers = 'cte_inlining,window_self_join,late_materialization,join_filter_pushdown,top_n_window_elimination'"

func newWorld(t testing.TB, tables map[string][]catalog.Column, keys map[string][]string, load func(r *oracle.Reference) error) *world {
	t.Helper()
	source := policy.Described{Source: "all"}
	var names []policy.Published
	for path, columns := range tables {
		schema, name, _ := strings.Cut(path, ".")
		table := &catalog.Table{ID: catalog.TableID{Schema: schema, Name: name}, Rows: -1, PrimaryKey: keys[path]}
		for _, c := range columns {
			table.Columns = append(table.Columns, plantest.Column(c.Name, c.Type))
		}
		source.Tables = append(source.Tables, table)
		names = append(names, policy.Published{Agency: schema, Resource: name, Source: source.Source, Table: table.ID})
	}
	bound, err := plantest.New(names, []policy.Described{source})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: bound, original: reference(t, load), generated: reference(t, load, asExec)}
	return w
}

func reference(t testing.TB, load func(r *oracle.Reference) error, settings ...string) *oracle.Reference {
	t.Helper()
	r, err := oracle.NewReference(t.Context(), append([]string{"SET threads = 1", "SET memory_limit = '1GB'"}, settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := load(r); err != nil {
		t.Fatal(err)
	}
	return r
}

// here keeps all work in one DuckDB: over a scan that has no border nothing moves.
var here = map[string]bool{"remote_scan": true}

// write gives the generated text of a statement, and its tree. Where there is none,
// why says so.
func (w *world) write(t testing.TB, sql string) (text string, root ir.Node, why string) {
	t.Helper()
	s, err := w.Prepare(t, sql)
	if err != nil {
		return "", nil, "refused: " + err.Error()
	}
	plan, why := s.Logical()
	if plan == nil {
		return "", nil, why
	}
	c := &rules.Context{Plan: plan.Clone(), Dialect: plantest.Dialect}
	if !w.bare {
		if _, err := rules.RunEarly(c, rules.List(), nil); err != nil {
			t.Errorf("%v: %s", err, sql)
			return "", nil, "a rule fails"
		}
		if _, err := rules.RunLate(c, rules.List(), here); err != nil {
			t.Errorf("%v: %s", err, sql)
			return "", nil, "a late rule fails"
		}
	}
	names := make([]string, len(s.Columns))
	for i, col := range s.Columns {
		names[i] = col.Name
	}
	text, err = residual.Write(c.Plan.Root, names, scans)
	var u *residual.Unsupported
	if errors.As(err, &u) {
		return "", c.Plan.Root, "no text for " + u.What
	}
	if err != nil {
		t.Errorf("%v: %s", err, sql)
	}
	return text, c.Plan.Root, ""
}

// engine answers with a text that was made before.
type engine struct {
	*oracle.Reference
	text string
}

func (e engine) Query(ctx context.Context, _ string) (oracle.Result, error) {
	return e.Reference.Query(ctx, e.text)
}

// check compares both texts of a statement and counts those that have but one.
func (w *world) check(t *testing.T, label string, s oracle.Statement, unsupported map[string]int) {
	t.Helper()
	text, root, why := w.write(t, s.SQL)
	if why == "" && w.isHuge(t, s.Unlimited) {
		why = "(more rows than a test can hold)"
	}
	if why != "" {
		unsupported[why]++
		return
	}
	failed, err := oracle.Check(t.Context(), w.original, engine{w.generated, text}, s)
	if failed {
		unsupported["(fails on both sides)"]++
	}
	if err != nil {
		t.Errorf("%s: %v\n--- original\n%s\n--- generated\n%s\n--- tree\n%s", label, err, s.SQL, text, ir.Text(root, ir.Exactly))
	}
}

// isHuge finds the joins by a flag and the like that the generator makes now and then.
func (w *world) isHuge(t *testing.T, sql string) bool {
	t.Helper()
	const most = 100_000
	n, err := w.original.Query(t.Context(), fmt.Sprintf("SELECT count(*) > %d FROM (SELECT * FROM (%s) LIMIT %d)", most, sql, most+1))
	return err == nil && n.Rows[0][0] == true
}

func report(t *testing.T, all int, unsupported map[string]int) {
	t.Helper()
	n := 0
	for why, count := range unsupported {
		n += count
		t.Logf("%4d %s", count, why)
	}
	t.Logf("%d statements, %d without a comparison", all, n)
}
