package rules_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
)

var (
	seed  = flag.Uint64("rules.seed", 20240229, "seed of generated tables and statements")
	count = flag.Uint64("rules.statements", 600, "generated statements")
)

// renamed gives a result's columns the names that answer gives them.
func renamed(r oracle.Result) oracle.Result {
	fields := r.Schema.Fields()
	for i := range fields {
		fields[i].Name = fmt.Sprintf("c%d", i+1)
	}
	return oracle.Result{Schema: arrow.NewSchema(fields, nil), Rows: r.Rows}
}

// settled runs the early rules, whose trees are checked after each, until the tree
// stays the same, and reports a list that does not come to rest soon.
func settled(t *testing.T, plan *ir.Plan, sql string) ir.Node {
	t.Helper()
	c := &rules.Context{Plan: plan.Clone(), Dialect: plantest.Dialect}
	var first ir.Node
	before := ir.Text(plan.Root, ir.Exactly)
	for range 4 {
		fired, err := rules.RunEarly(c, rules.List(), nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		if first == nil {
			first = c.Plan.Root
		}
		now := ir.Text(c.Plan.Root, ir.Exactly)
		if now == before {
			return first
		}
		if before = now; len(fired) == 0 {
			return first
		}
	}
	t.Errorf("the rules do not come to rest\n%s\n%s", sql, before)
	return first
}

// Each statement of TPC-H gives the same rows before and after the early rules, and
// a second run of these soon finds nothing to do.
func TestConvergenceTPCH(t *testing.T) {
	db := data(t)
	for i, sql := range plantest.TPCH(t) {
		plan := plantest.Logical(t, sql)
		root := settled(t, plan, sql)
		want, got := renamed(query(t, db, sql)), answer(t, db, root)
		if err := oracle.Compare(want, got, oracle.Order{}); err != nil {
			t.Errorf("statement %d: %v\n%s", i+1, err, ir.Text(root, ir.Exactly))
		}
	}
}

// The same for statements at random.
func TestConvergenceGenerated(t *testing.T) {
	t.Logf("seed %d (-rules.seed)", *seed)
	world := generatedWorld(t)
	fallback := map[string]int{}
	g := oracle.NewGenerator(*seed, generatedTables())
	for n := range *count {
		s := g.Statement(n)
		st, err := world.Prepare(t, s.SQL)
		if err != nil {
			fallback[err.Error()]++
			continue
		}
		plan, why := st.Logical()
		if plan == nil {
			fallback[why]++
			continue
		}
		settled(t, plan, s.SQL)
	}
	none := 0
	for why, k := range fallback {
		none += k
		t.Logf("%4d %s", k, why)
	}
	if none > int(*count)/2 {
		t.Errorf("%d of %d statements have no tree", none, *count)
	}
}

func generatedTables() []oracle.Table {
	return append(oracle.TestTables(*seed, oracle.DuckDB, "duck"), oracle.TestTables(*seed, oracle.PostgreSQL, "pgx")...)
}

func generatedWorld(t *testing.T) *plantest.World {
	t.Helper()
	source := policy.Described{Source: plantest.PG}
	var names []policy.Published
	for _, table := range generatedTables() {
		d := &catalog.Table{ID: catalog.TableID{Schema: table.Path[0], Name: table.Path[1]}, Rows: -1}
		for _, c := range table.Columns {
			d.Columns = append(d.Columns, plantest.Column(c.Name, c.Type))
		}
		source.Tables = append(source.Tables, d)
		names = append(names, policy.Published{Agency: table.Path[0], Resource: table.Path[1], Source: source.Source, Table: d.ID})
	}
	w, err := plantest.New(names, []policy.Described{source})
	if err != nil {
		t.Fatal(err)
	}
	return w
}
