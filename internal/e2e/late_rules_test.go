package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/rules"
)

// fillFixed loads the rules' fixed schema: what is of PostgreSQL there into big, the
// rest into SQLite.
func (l *lab) fillFixed(t *testing.T, big string) {
	t.Helper()
	db, err := oracle.NewReference(t.Context(), plantest.DDL()...)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	statements := map[string][]string{}
	for _, agency := range []string{"s", "tpch"} {
		for _, table := range plantest.Tables(agency) {
			rows, err := db.Query(t.Context(), "SELECT * FROM "+agency+"."+table.ID.Name)
			if err != nil {
				t.Fatal(err)
			}
			source, flavour := big, flavours[big]
			if table.ID.Schema == "main" || table.ID.Name == "w" {
				source, flavour = liteSource, oracle.SQLite
			}
			columns := slices.Clone(table.Columns)
			for i := range columns {
				if source == liteSource && columns[i].Type.Kind == catalog.Int32 { // SQLite has one length of whole numbers
					columns[i].Type = catalog.Type{Kind: catalog.Int64}
				}
			}
			full := oracle.Table{Path: []string{agency, table.ID.Name}, Columns: columns, Rows: rows.Rows}
			made := func(f oracle.Flavour, name string) []string {
				out := f.Statements(name, full)
				if len(table.PrimaryKey) != 1 {
					out[0] = strings.Replace(out[0], " PRIMARY KEY", "", 1)
				}
				return out
			}
			statements[source] = append(statements[source], made(flavour, flavour.Ident(full.Name()))...)
			if err := l.reference.Place(t.Context(), full.Path...); err != nil {
				t.Fatal(err)
			}
			if err := l.reference.Exec(t.Context(), made(oracle.DuckDB, full.SQLPath())...); err != nil {
				t.Fatal(err)
			}
			l.publish(source, agency, full.Name())
		}
	}
	for source, list := range statements {
		l.open(t, source, list)
	}
}

// lateRules names the late rules that have no early run.
func lateRules() []string {
	early, late := map[string]bool{}, []string{}
	for _, r := range rules.List() {
		if !r.Late {
			early[r.Name] = true
		}
	}
	for _, r := range rules.List() {
		if r.Late && !early[r.Name] && !slices.Contains(late, r.Name) {
			late = append(late, r.Name)
		}
	}
	return late
}

// Every statement of the late rules' goldens gives the same rows at real sources
// with the rule, without it, and in one DuckDB: the tables of the first source in
// PostgreSQL, in a DuckDB file and in MariaDB, and each with a dialect that keeps more
// rows than some conditions do.
func TestLateRules(t *testing.T) {
	for _, big := range []string{pgSource, duckSource, mariaSource} {
		for _, loose := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, loose %t", big, loose), func(t *testing.T) {
				l := newLab(t)
				if loose {
					l.dialects[big] = func(d dialect.Dialect) dialect.Dialect { return generous{d} }
				}
				l.fillFixed(t, big)
				l.estimate = fixedRows
				l.start(t)
				statements := 0
				for _, rule := range append(lateRules(), "semi_pushdown") {
					path := filepath.Join("..", "..", "planner", "rules", "testdata", rule)
					if _, err := os.Stat(path); err != nil {
						t.Error(err)
						continue
					}
					datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
						statements++
						l.goldenRows(t, rule, d)
						return d.Expected
					})
				}
				if statements < 50 {
					t.Errorf("only %d statements", statements)
				}
			})
		}
	}
}

// fixedRows gives the estimates of the fixed schema, under which the goldens' rules fire.
func fixedRows(table string) int64 {
	for _, agency := range []string{"s", "tpch"} {
		for _, t := range plantest.Tables(agency) {
			if t.ID.Name == table {
				return t.Rows
			}
		}
	}
	return -1
}

func (l *lab) goldenRows(t *testing.T, rule string, d *datadriven.TestData) {
	t.Helper()
	var params []string
	if arg, ok := d.Arg("params"); ok {
		params = arg.Vals
	}
	sql := d.Input
	for i := len(params); i > 0; i-- {
		sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i), "'"+params[i-1]+"'")
	}
	want, err := l.reference.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for _, p := range []*planner.Planner{l.planner, l.planner.Without(rule)} {
		s, err := p.Prepare(t.Context(), d.Input, l.snapshot, planner.Options{Samples: params})
		if err != nil {
			t.Fatalf("%s: %v (%s)", d.Input, err, errs.From(err).Detail)
		}
		values := make([]catalog.Value, len(params))
		for i, text := range params {
			v, ok := ir.CastValue(catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: text}, s.Params[i].Type)
			if !ok {
				t.Fatalf("%s: parameter %d", d.Input, i+1)
			}
			values[i] = v
		}
		plan, err := s.Plan(t.Context(), values)
		if err != nil {
			t.Fatalf("%s: %v (%s)", d.Input, err, errs.From(err).Detail)
		}
		if plan.Fallback != "" && p == l.planner {
			t.Errorf("%s: runs by the fallback: %s", d.Input, plan.Fallback)
		}
		got, err := l.run(t.Context(), plan)
		if err == nil {
			err = oracle.Compare(want, got, oracle.Order{Total: d.HasArg("ordered")})
		}
		if err != nil {
			t.Errorf("%s: %v (%s)\n%s", d.Input, err, errs.From(err).Detail, plan.Explain().Text())
		}
	}
}

// generous is a dialect whose source keeps every row where a comparison with > or <>
// is asked of it alone: such a condition is a superset.
type generous struct{ dialect.Dialect }

func superset(e ir.Expr) bool {
	c, ok := e.(*ir.Compare)
	return ok && (c.Op == ir.Gt || c.Op == ir.Ne)
}

func (d generous) Condition(e ir.Expr, at dialect.Columns) (dialect.Verdict, string) {
	v, reason := d.Dialect.Condition(e, at)
	found := false
	ir.WalkExpr(e, func(x ir.Expr) { found = found || superset(x) })
	switch {
	case v != dialect.Exact || !found:
		return v, reason
	case superset(e):
		return dialect.Superset, "the source keeps more"
	}
	return dialect.None, "a part keeps more"
}

func (d generous) Operator(n ir.Node, at dialect.Columns) (dialect.Verdict, string) {
	if _, ok := n.(*ir.Filter); !ok {
		for _, e := range n.Exprs() {
			found := false
			ir.WalkExpr(e, func(x ir.Expr) { found = found || superset(x) })
			if found {
				return dialect.None, "a part keeps more"
			}
		}
	}
	return d.Dialect.Operator(n, at)
}

func (d generous) Statement(n ir.Node) (dialect.Statement, error) {
	return d.Dialect.Statement(ir.Transform(n, func(n ir.Node) ir.Node {
		f, ok := n.(*ir.Filter)
		if !ok {
			return n
		}
		return ir.Where(f.Input, slices.DeleteFunc(slices.Clone(f.Preds), superset)...)
	}))
}

// The rows of an answer that a source has ordered come in its order, however many
// threads DuckDB computes the rest with.
func TestOrderOfASourceIsKept(t *testing.T) {
	l := newLab(t)
	l.open(t, pgSource, []string{"CREATE TABLE n AS SELECT i::bigint AS i FROM generate_series(1, 300000) AS g(i)"})
	l.publish(pgSource, "a", "n")
	l.start(t)
	for _, sql := range []string{
		"SELECT i * 2 FROM a.n ORDER BY i LIMIT 200000",
		"SELECT i * 2 FROM (SELECT i FROM a.n ORDER BY i LIMIT 200000)",
		"SELECT i FROM (SELECT i FROM a.n ORDER BY i LIMIT 200000) WHERE abs(i) > 0",
		"SELECT i FROM a.n ORDER BY i LIMIT 200000",
	} {
		for range 3 {
			got, err := l.Query(t.Context(), sql)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Rows) != 200000 {
				t.Fatalf("%s: %d rows", sql, len(got.Rows))
			}
			if !slices.IsSortedFunc(got.Rows, func(a, b []any) int {
				x, y := a[0].(int64), b[0].(int64)
				return int(x - y)
			}) {
				plan, _ := l.plan(t.Context(), sql)
				t.Fatalf("%s: not in order\n%s", sql, plan.Explain().Text())
			}
		}
	}
	got, err := l.Query(t.Context(), "SELECT list(i) FROM (SELECT i FROM a.n ORDER BY i LIMIT 200000)")
	if err != nil {
		t.Fatal(err)
	}
	list := got.Rows[0][0].([]any)
	for i, v := range list {
		if v.(int64) != int64(i+1) {
			t.Fatalf("element %d of the list is %v", i+1, v)
		}
	}
}
