package rules_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/rules"
)

// What goldens cannot show of the late rules: verdicts that no engine of today gives,
// trees that no statement has. The goldens' statements run at real sources in
// internal/e2e.

// afterLate gives the tree of sql after all rules.
func afterLate(t *testing.T, sql string, of func(string) dialect.Dialect, off ...string) string {
	t.Helper()
	return late(t, plantest.Logical(t, sql).Clone(), of, off...)
}

func late(t *testing.T, plan *ir.Plan, of func(string) dialect.Dialect, off ...string) string {
	t.Helper()
	without := map[string]bool{}
	for _, name := range off {
		without[name] = true
	}
	c := &rules.Context{Plan: plan, Dialect: of}
	if _, err := rules.RunEarly(c, rules.List(), without); err != nil {
		t.Fatal(err)
	}
	if _, err := rules.RunLate(c, rules.List(), without); err != nil {
		t.Fatal(err)
	}
	return ir.Text(c.Plan.Root, ir.Exactly)
}

// A list is an IN up to the length that sources take.
func TestLongLists(t *testing.T) {
	for _, form := range []string{"'[%s]'::INT[]", "[%s]"} {
		for n, stays := range map[int]bool{dialect.MaxList: false, dialect.MaxList + 1: true} {
			list := fmt.Sprintf(form, strings.TrimSuffix(strings.Repeat("7, ", n), ", "))
			for _, where := range []string{"a = ANY(" + list + ")", "NOT a = ANY(" + list + ")", "list_contains(" + list + ", a)"} {
				text := afterLate(t, "SELECT a FROM s.t WHERE "+where, plantest.Dialect)
				sent := regexp.MustCompile(`^remote pg\n( +project a#1\n)? +filter .* IN \(`).MatchString(text)
				if sent == stays || stays && strings.Contains(text, " IN (") {
					t.Errorf("%d elements in %.30s: sent is %t\n%.500s", n, where, sent, text)
				}
			}
		}
	}
}

// loose is a dialect whose source keeps more rows than a comparison with >.
type loose struct{ dialect.Dialect }

func looseOf(source string) dialect.Dialect { return loose{plantest.Dialect(source)} }

func (d loose) Condition(e ir.Expr, at dialect.Columns) (dialect.Verdict, string) {
	if c, ok := e.(*ir.Compare); ok && c.Op == ir.Gt {
		return dialect.Superset, "the source keeps more"
	}
	return d.Dialect.Condition(e, at)
}

// A superset is sent and asked again here, once; nothing that counts rows passes it.
func TestSupersetIsAskedAgain(t *testing.T) {
	for sql, want := range map[string]string{
		// A limit, an order, groups and an anti join see the rows that are left.
		"SELECT a FROM s.t WHERE b > 10 AND a <> 7 LIMIT 2": `
project a#2
  limit "2"::BIGINT
    filter b#1 > "10"::BIGINT
      remote pg
        filter b#1 > "10"::BIGINT AND a#2 <> "7"::INTEGER
          scan 1 s.t at pg: b#1 BIGINT, a#2 INTEGER
`,
		"SELECT b FROM s.t WHERE b > 10 ORDER BY b": `
sort b#1 nulls last
  filter b#1 > "10"::BIGINT
    remote pg
      filter b#1 > "10"::BIGINT
        scan 1 s.t at pg: b#1 BIGINT
`,
		"SELECT count(b) FROM s.t WHERE b > 10": `
aggregate: count#2 = count(b#1)
  filter b#1 > "10"::BIGINT
    remote pg
      filter b#1 > "10"::BIGINT
        scan 1 s.t at pg: b#1 BIGINT
`,
		"SELECT a FROM s.u WHERE NOT EXISTS (SELECT 1 FROM s.t WHERE t.a = u.a AND t.b > 10)": `
anti join on a#2 = a#1
  remote pg
    scan 1 s.u at pg: a#1 INTEGER
  project a#2
    filter b#3 > "10"::BIGINT
      remote pg
        filter b#3 > "10"::BIGINT
          scan 2 s.t at pg: a#2 INTEGER, b#3 BIGINT
`,
		// Of an inner join's conditions it is asked above; of a left join's all are here.
		"SELECT t.a FROM s.t JOIN s.u ON u.a = t.a AND t.b > u.b": `
project a#1
  filter b#2 > b#4
    remote pg
      filter b#2 > b#4
        inner join on a#1 = a#3
          scan 1 s.t at pg: a#1 INTEGER, b#2 BIGINT
          scan 2 s.u at pg: a#3 INTEGER, b#4 BIGINT
`,
		"SELECT t.a, u.c FROM s.t LEFT JOIN s.u ON u.a = t.a AND t.b > u.b": `
project a#1, c#5
  left join on a#1 = a#3 AND b#2 > b#4
    remote pg
      scan 1 s.t at pg: a#1 INTEGER, b#2 BIGINT
    remote pg
      scan 2 s.u at pg: a#3 INTEGER, b#4 BIGINT, c#5 VARCHAR
`,
	} {
		if got := afterLate(t, sql, looseOf); got != strings.TrimPrefix(want, "\n") {
			t.Errorf("%s:\n%s", sql, got)
		}
	}
}

// scans is a dialect that takes no trees.
type scans struct {
	dialect.ScansOnly
	scanning
}

// scanning is what a dialect says of tables.
type scanning interface {
	Name() string
	Verdict(p dialect.Predicate) (dialect.Verdict, string)
	Scan(t *catalog.Table, columns []catalog.Column, preds []dialect.Predicate) (string, []catalog.Value)
}

// A source that is read by scans alone, or not at all, has no border.
func TestScansAloneHaveNoBorder(t *testing.T) {
	got := afterLate(t, "SELECT t.a FROM s.t JOIN s.w ON w.b = t.b WHERE t.a > 1", func(source string) dialect.Dialect {
		if source == plantest.Lite {
			return nil
		}
		return scans{scanning: plantest.Dialect(source)}
	})
	if strings.Contains(got, "remote") {
		t.Errorf("%s", got)
	}
}

// Limits whose counts no source is sent: NULL, which is none; a negative one, which
// is an error; one that is too large; one that is computed.
func TestCountsThatStay(t *testing.T) {
	bigint := catalog.Type{Kind: catalog.Int64}
	number := func(n any) ir.Expr { return &ir.Const{Value: catalog.Value{Type: bigint, V: n}} }
	huge := &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.HugeInt}, V: "3"}}
	beyond := &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.Uint64}, V: uint64(1 << 63)}}
	computed := &ir.Func{Name: "greatest", List: []ir.Expr{number(int64(1)), number(int64(1))}, Typ: bigint}
	for name, bounds := range map[string][2]ir.Expr{
		"NULL": {number(nil), nil}, "negative": {number(int64(-1)), nil}, "huge": {huge, nil}, "beyond": {beyond, nil}, "computed": {computed, nil},
		"a parameter": {&ir.Param{Number: 1, Typ: bigint}, nil}, "none": {nil, number(int64(1))},
		"NULL offset": {number(int64(1)), number(nil)}, "negative offset": {number(int64(1)), number(int64(-1))},
	} {
		for _, sorted := range []bool{false, true} {
			plan := plantest.Logical(t, "SELECT a FROM s.t ORDER BY a").Clone()
			s, ok := plan.Root.(*ir.Sort)
			if !ok {
				t.Fatal(ir.Text(plan.Root, ir.Exactly))
			}
			plan.Root = &ir.Limit{Input: s.Input, Count: bounds[0], Offset: bounds[1]}
			if sorted {
				plan.Root = &ir.TopN{Input: s.Input, Keys: s.Keys, Count: bounds[0], Offset: bounds[1]}
			}
			if got := late(t, plan, plantest.Dialect); strings.HasPrefix(got, "remote") {
				t.Errorf("%s:\n%s", name, got)
			}
		}
	}
}

// A condition that is there already, exact, is not asked a second time.
func TestConditionIsSentOnce(t *testing.T) {
	got := afterLate(t, "SELECT a FROM (SELECT a, b FROM s.t WHERE b = 10) WHERE b = 10", plantest.Dialect, "predicate_pushdown", "merge_projects")
	if strings.Count(got, `b#1 = "10"`) != 1 || !strings.HasPrefix(got, "remote") {
		t.Errorf("%s", got)
	}
}

// Grouping that remote_join does not follow up comes to an end.
func TestGroupingEnds(t *testing.T) {
	sql := "SELECT t.a FROM s.t JOIN s.w ON w.b = t.b JOIN s.u ON u.a = t.a JOIN s.v ON v.a = t.a"
	got := afterLate(t, sql, plantest.Dialect, "remote_join")
	if strings.Count(got, "inner join") != 3 || strings.Count(got, " = ") != 3 {
		t.Errorf("%s", got)
	}
}
