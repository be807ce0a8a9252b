package residual_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/residual"
)

// tree is a tree by hand with a text, by hand too, that gives its rows; "" where
// they differ from run to run.
type tree struct {
	root ir.Node
	sql  string
}

func trees() map[string]tree {
	t, u := func() ir.Node { return scan("t", 1) }, func() ir.Node { return scan("u", 2) }
	random := call("random", double)
	return map[string]tree{
		"flat": {project(filter(joined(ir.Left, joined(ir.Inner, t(), u(), eq(col(10), col(20))), filter(scan("u", 3), greater(col(31), number(1))), eq(col(11), col(31))), greater(col(10), number(0))), pass(10, 21, 32)...),
			"SELECT t.a, u.b, v.c FROM t JOIN u ON t.a = u.a LEFT JOIN (SELECT * FROM u WHERE b > 1) v ON t.b = v.b WHERE t.a > 0"},
		"cross product": {project(joined(ir.Inner, t(), joined(ir.Inner, u(), scan("t", 3), eq(col(20), col(30)))), pass(10, 20, 31)...),
			"SELECT t.a, u.a, x.b FROM t, u JOIN t x ON u.a = x.a"},
		"computed below a left join": {project(joined(ir.Left, t(), project(u(), assign(100, &ir.Coalesce{List: []ir.Expr{col(21), number(7)}}), assign(20, col(20))), eq(col(10), col(20))), pass(10, 100)...),
			"SELECT t.a, v.x FROM t LEFT JOIN (SELECT a, coalesce(b, 7) AS x FROM u) v ON t.a = v.a"},
		"full join": {project(joined(ir.Full, filter(t(), greater(col(11), number(1))), filter(u(), greater(col(21), number(1))), eq(col(10), col(20))), pass(10, 11, 20, 21)...),
			"SELECT * FROM (SELECT a, b FROM t WHERE b > 1) x FULL JOIN (SELECT a, b FROM u WHERE b > 1) y ON x.a = y.a"},
		"right join": {project(joined(ir.Right, filter(t(), greater(col(11), number(1))), filter(u(), greater(col(21), number(1))), eq(col(10), col(20))), pass(10, 11, 20, 21)...),
			"SELECT * FROM (SELECT a, b FROM t WHERE b > 1) x RIGHT JOIN (SELECT a, b FROM u WHERE b > 1) y ON x.a = y.a"},
		"semi join": {joined(ir.Semi, filter(t(), greater(col(11), number(0))), filter(u(), greater(col(21), number(0))), eq(col(10), col(20)), greater(col(21), col(11))),
			"SELECT * FROM t WHERE b > 0 AND EXISTS (SELECT 1 FROM u WHERE u.b > 0 AND u.a = t.a AND u.b > t.b)"},
		"anti join": {joined(ir.Anti, t(), u(), eq(col(10), col(20)), greater(col(11), number(1))),
			"SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND t.b > 1)"},
		"anti join of nothing": {joined(ir.Anti, t(), filter(u(), greater(col(20), number(100)))),
			"SELECT * FROM t"},
		"mark": {&ir.Join{Kind: ir.Mark, Left: t(), Right: u(), On: []ir.Expr{eq(col(10), col(20))}, Mark: column(100, "m", boolean)},
			"SELECT a, b, c, a IN (SELECT a FROM u) FROM t"},
		"mark of two": {&ir.Join{Kind: ir.Mark, Left: t(), Right: u(), On: []ir.Expr{eq(col(10), col(20)), eq(col(21), col(11))}, Mark: column(100, "m", boolean)},
			"SELECT a, b, c, (a, b) IN (SELECT a, b FROM u) FROM t"},
		"mark of an order": {&ir.Join{Kind: ir.Mark, Left: t(), Right: u(), On: []ir.Expr{greater(col(21), col(11)), same(col(10), col(20))}, Mark: column(100, "m", boolean)},
			"SELECT a, b, c, b < ANY (SELECT b FROM u WHERE u.a IS NOT DISTINCT FROM t.a) FROM t"},
		"not marked": {filter(&ir.Join{Kind: ir.Mark, Left: t(), Right: u(), On: []ir.Expr{same(col(10), col(20))}, Mark: column(100, "m", boolean)}, &ir.Not{Arg: ref(100, boolean)}),
			"SELECT *, false FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a IS NOT DISTINCT FROM t.a)"},
		"single of one group": {project(joined(ir.Single, t(), &ir.Aggregate{Input: u(), Groups: pass(20), Aggs: []ir.Assign{assign(100, count())}}, same(col(10), col(20))), assign(10, col(10)), assign(100, ref(100, bigint))),
			"SELECT t.a, n FROM t LEFT JOIN (SELECT a, count(*) AS n FROM u GROUP BY a) v ON t.a IS NOT DISTINCT FROM v.a"},
		"single of any": {project(joined(ir.Single, t(), filter(u(), eq(col(22), word("one"))), eq(col(10), col(20))), pass(10, 21)...),
			"SELECT t.a, (SELECT b FROM u WHERE u.c = 'one' AND u.a = t.a) FROM t"},
		"single of several groups": {project(joined(ir.Single, t(), &ir.Aggregate{Input: filter(u(), eq(col(22), word("one"))), Groups: pass(20, 21), Aggs: []ir.Assign{assign(100, count())}}, same(col(10), col(20))), assign(10, col(10)), assign(100, ref(100, bigint))),
			"SELECT t.a, (SELECT count(*) FROM u WHERE c = 'one' AND u.a IS NOT DISTINCT FROM t.a GROUP BY u.a, u.b) FROM t"},
		"single of two rows at most": {project(joined(ir.Single, t(), &ir.TopN{Input: filter(u(), greater(col(20), number(7))), Keys: []ir.Key{up(col(20))}, Count: rows(2)}), pass(10, 21)...),
			"SELECT a, 2 FROM t"},
		"delim": {project(&ir.Join{Kind: ir.Single, Left: t(), Delim: &ir.Delim{ID: 1, Columns: []ir.ColID{10}}, On: []ir.Expr{same(col(10), col(100))},
			Right: &ir.Aggregate{Groups: pass(100), Aggs: []ir.Assign{assign(101, count())},
				Input: joined(ir.Inner, u(), &ir.DelimGet{Delim: 1, Columns: []ir.Column{column(100, "a", integer)}, From: []ir.ColID{10}}, greater(col(20), col(100)))}},
			assign(10, col(10)), assign(101, ref(101, bigint))),
			"SELECT a, nullif((SELECT count(*) FROM u WHERE u.a > t.a), 0) FROM t"},
		"group and having": {project(filter(&ir.Aggregate{Input: filter(t(), greater(col(10), number(0))), Groups: []ir.Assign{assign(100, plus(col(11), number(1)))}, Aggs: []ir.Assign{assign(101, count())}}, greater(ref(101, bigint), rows(1))), assign(102, plus(col(100), number(1))), assign(101, ref(101, bigint))),
			"SELECT b + 1 + 1, count(*) FROM t WHERE a > 0 GROUP BY b + 1 HAVING count(*) > 1"},
		"constant group": {&ir.Aggregate{Input: t(), Groups: []ir.Assign{assign(100, number(2)), assign(101, col(11))}, Aggs: []ir.Assign{assign(102, count())}},
			"SELECT 2, b, count(*) FROM t GROUP BY b"},
		"sets over expressions": {project(&ir.Aggregate{Input: t(), Groups: []ir.Assign{assign(10, col(10)), assign(100, plus(col(10), number(1)))}, Sets: [][]int{{0}, {1}, {}}, Aggs: []ir.Assign{assign(101, count())}, Grouping: []ir.GroupingCall{{Column: column(102, "g", bigint), Groups: []int{0, 1}}}},
			assign(103, plus(col(10), number(1))), assign(100, col(100)), assign(101, ref(101, bigint)), assign(102, ref(102, bigint))),
			"SELECT x + 1, y, count(*), grouping(x, y) FROM (SELECT a AS x, a + 1 AS y FROM t) GROUP BY GROUPING SETS ((x), (y), ())"},
		"equal groups in sets": {&ir.Aggregate{Input: t(), Groups: []ir.Assign{assign(100, col(10)), assign(101, col(10))}, Sets: [][]int{{0}, {1}}, Aggs: []ir.Assign{assign(102, count())}},
			"SELECT a, NULL, count(*) FROM t GROUP BY a UNION ALL SELECT NULL, a, count(*) FROM t GROUP BY a"},
		"an aggregate that nobody reads": {project(&ir.Aggregate{Input: filter(t(), greater(col(10), number(100))), Aggs: []ir.Assign{assign(100, count())}}, assign(101, number(5))),
			"SELECT 5"},
		"rows that nobody reads": {&ir.Aggregate{Input: project(t(), assign(100, number(1))), Aggs: []ir.Assign{assign(101, count())}},
			"SELECT count(*) FROM t"},
		"aggregate of an order": {&ir.Aggregate{Input: &ir.Sort{Input: t(), Keys: []ir.Key{down(col(10)), up(col(11))}}, Aggs: []ir.Assign{assign(100, &ir.Agg{Name: "list", List: []ir.Expr{col(11)}, Typ: catalog.ListOf(integer)})}},
			"SELECT list(b ORDER BY a DESC NULLS FIRST, b NULLS LAST) FROM t"},
		"aggregate with everything": {&ir.Aggregate{Input: t(), Groups: pass(10), Aggs: []ir.Assign{assign(100, &ir.Agg{Name: "string_agg", List: []ir.Expr{col(12), word("'")}, Distinct: true, Filter: greater(col(11), number(0)), Order: []ir.Key{down(col(12))}, Typ: varchar})}},
			"SELECT a, string_agg(DISTINCT c, '''' ORDER BY c DESC NULLS FIRST) FILTER (WHERE b > 0) FROM t GROUP BY a"},
		"random once":              {project(filter(project(t(), assign(10, col(10)), assign(100, random)), compare(ir.Lt, ref(100, double), &ir.Const{Value: catalog.Value{Type: double, V: 0.5}})), assign(10, col(10)), assign(100, ref(100, double)), assign(101, call("*", double, ref(100, double), ref(100, double)))), ""},
		"random in a filter alone": {project(filter(project(t(), assign(10, col(10)), assign(100, random)), compare(ir.Lt, ref(100, double), &ir.Const{Value: catalog.Value{Type: double, V: 0.5}})), pass(10)...), ""},
		"random below a join":      {joined(ir.Inner, project(t(), assign(10, col(10)), assign(100, random)), project(u(), pass(20)...), eq(col(10), col(20))), ""},
		"random group":             {project(&ir.Aggregate{Input: t(), Groups: []ir.Assign{assign(100, random)}, Aggs: []ir.Assign{assign(101, count())}}, assign(100, ref(100, double)), assign(101, ref(101, bigint))), ""},
		"sort by a column and by none": {project(&ir.Sort{Input: project(t(), assign(10, col(10)), assign(100, plus(col(10), col(11)))), Keys: []ir.Key{down(col(100)), up(plus(col(10), number(1)))}}, pass(100)...),
			"SELECT a + b FROM t ORDER BY a + b DESC NULLS FIRST, a + 1 NULLS LAST"},
		"computed over a limit": {project(&ir.TopN{Input: t(), Keys: []ir.Key{up(col(10)), up(col(11))}, Count: rows(2), Offset: rows(1)}, assign(100, plus(col(10), number(1)))),
			"SELECT a + 1 FROM (SELECT * FROM t ORDER BY a NULLS LAST, b NULLS LAST LIMIT 2 OFFSET 1)"},
		"limit of a limit": {&ir.Limit{Input: &ir.TopN{Input: project(t(), pass(10, 11)...), Keys: []ir.Key{up(col(10)), up(col(11))}, Count: rows(3)}, Offset: rows(2)},
			"SELECT a, b FROM t ORDER BY a NULLS LAST, b NULLS LAST LIMIT 1 OFFSET 2"},
		"sort of a limit": {&ir.Sort{Input: &ir.TopN{Input: project(t(), pass(10, 11)...), Keys: []ir.Key{up(col(10)), up(col(11))}, Count: rows(3)}, Keys: []ir.Key{down(col(11))}},
			"SELECT * FROM (SELECT a, b FROM t ORDER BY a NULLS LAST, b NULLS LAST LIMIT 3) ORDER BY b DESC NULLS FIRST"},
		"decimals keep their width": {project(t(), assign(100, call("-", catalog.DecimalOf(16, 2), decimal("1", 16), &ir.Cast{Arg: col(10), Typ: catalog.DecimalOf(15, 2)})),
			assign(101, call("+", catalog.DecimalOf(17, 2), &ir.Cast{Arg: &ir.Cast{Arg: col(10), Typ: catalog.DecimalOf(16, 2)}, Typ: catalog.DecimalOf(17, 2)}, &ir.Cast{Arg: decimal("2", 3), Typ: catalog.DecimalOf(17, 2)})),
			assign(102, call("*", catalog.DecimalOf(9, 3), &ir.Cast{Arg: &ir.Cast{Arg: col(10), Typ: catalog.DecimalOf(4, 1)}, Typ: catalog.DecimalOf(9, 1)}, &ir.Cast{Arg: decimal("3", 5), Typ: catalog.DecimalOf(9, 2)})),
			assign(103, call("+", catalog.DecimalOf(12, 2), &ir.Coalesce{List: []ir.Expr{&ir.Cast{Arg: col(10), Typ: catalog.DecimalOf(12, 2)}, decimal("0", 12)}}, decimal("2", 12)))),
			"SELECT 1 - a::DECIMAL(15,2), a + 2, a * 3, coalesce(a, 0) + 2 FROM t"},
		"filter over a limit": {filter(&ir.TopN{Input: project(t(), pass(10, 11)...), Keys: []ir.Key{up(col(10)), up(col(11))}, Count: rows(2)}, greater(col(11), number(1))),
			"SELECT * FROM (SELECT a, b FROM t ORDER BY a NULLS LAST, b NULLS LAST LIMIT 2) WHERE b > 1"},
		"distinct": {&ir.Sort{Input: &ir.Distinct{Input: project(t(), assign(100, plus(col(11), number(1))), assign(10, col(10)))}, Keys: []ir.Key{down(col(100)), up(col(10))}},
			"SELECT DISTINCT b + 1, a FROM t ORDER BY 1 DESC NULLS FIRST, 2 NULLS LAST"},
		"distinct of which a column is read": {project(&ir.Distinct{Input: project(t(), pass(10, 11)...)}, pass(11)...),
			"SELECT b FROM (SELECT DISTINCT a, b FROM t)"},
		"distinct on": {project(&ir.Distinct{Input: t(), On: []ir.Expr{col(10)}, Keys: []ir.Key{down(col(11))}}, pass(10, 11)...),
			"SELECT a, max(b) FROM t WHERE b IS NOT NULL AND a NOT IN (SELECT a FROM t WHERE b IS NULL AND a IS NOT NULL) GROUP BY a UNION ALL SELECT DISTINCT a, NULL::INT FROM t WHERE b IS NULL"},
		"set operations": {&ir.Sort{Input: &ir.SetOp{Kind: ir.Except, All: true, Columns: []ir.Column{column(100, "a", integer)},
			Left:  &ir.SetOp{Kind: ir.Union, All: true, Columns: []ir.Column{column(101, "a", integer)}, Left: project(t(), pass(10)...), Right: project(u(), pass(20)...)},
			Right: &ir.TopN{Input: project(scan("u", 3), pass(30)...), Keys: []ir.Key{up(col(30))}, Count: rows(1)}}, Keys: []ir.Key{up(col(100))}},
			"(SELECT a FROM t UNION ALL SELECT a FROM u) EXCEPT ALL (SELECT a FROM u ORDER BY a NULLS LAST LIMIT 1) ORDER BY 1 NULLS LAST"},
		"window": {project(filter(&ir.Window{Input: t(), Calls: []ir.Assign{assign(100, &ir.WindowCall{Name: "sum", Aggregate: true, List: []ir.Expr{col(11)}, Partition: []ir.Expr{col(12)}, Order: []ir.Key{down(col(10)), up(col(11))},
			Frame: ir.Frame{Unit: "ROWS", Start: "PRECEDING", From: rows(1), End: "CURRENT ROW", Exclude: "TIES", Explicit: true}, Filter: greater(col(11), number(0)), Typ: catalog.Type{Kind: catalog.HugeInt}}),
			assign(101, &ir.WindowCall{Name: "row_number", Order: []ir.Key{up(col(10)), up(col(11)), up(col(12))}, Typ: bigint})}}, greater(ref(101, bigint), rows(1))), assign(100, ref(100, catalog.Type{Kind: catalog.HugeInt})), assign(101, ref(101, bigint))),
			"SELECT * FROM (SELECT sum(b) FILTER (WHERE b > 0) OVER (PARTITION BY c ORDER BY a DESC NULLS FIRST, b NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES), row_number() OVER (ORDER BY a NULLS LAST, b NULLS LAST, c NULLS LAST) AS n FROM t) WHERE n > 1"},
		"window of a window": {project(&ir.Window{Input: &ir.Window{Input: t(), Calls: []ir.Assign{assign(100, &ir.WindowCall{Name: "row_number", Order: []ir.Key{up(col(10)), up(col(11)), up(col(12))}, Typ: bigint})}},
			Calls: []ir.Assign{assign(101, &ir.WindowCall{Name: "max", Aggregate: true, List: []ir.Expr{ref(100, bigint)}, Partition: []ir.Expr{col(12)}, Typ: bigint})}}, assign(12, col(12)), assign(101, ref(101, bigint))),
			"SELECT c, max(n) OVER (PARTITION BY c) FROM (SELECT c, row_number() OVER (ORDER BY a NULLS LAST, b NULLS LAST, c NULLS LAST) AS n FROM t)"},
		"unnest side by side": {project(&ir.Unnest{Input: t(), Calls: []ir.Assign{element(100, col(10), col(11)), element(101, number(9))}}, pass(10, 100)...),
			"SELECT a, unnest([a, b]) FROM t"},
		"cte twice": {&ir.CTE{ID: 1, Name: "x", Def: filter(t(), greater(col(10), number(1))), Body: joined(ir.Inner,
			&ir.CTERef{ID: 1, Columns: []ir.Column{column(100, "a", integer)}, From: []ir.ColID{10}}, &ir.CTERef{ID: 1, Columns: []ir.Column{column(101, "a", integer), column(102, "b", integer)}, From: []ir.ColID{10, 11}}, eq(col(100), col(101)))},
			"SELECT x.a, y.a, y.b FROM t x JOIN t y ON x.a = y.a WHERE x.a > 1"},
		"cte once": {&ir.CTE{ID: 1, Name: "x", Def: &ir.Distinct{Input: project(t(), pass(10, 11)...)}, Body: &ir.CTERef{ID: 1, Columns: []ir.Column{column(100, "b", integer)}, From: []ir.ColID{11}}},
			"SELECT b FROM (SELECT DISTINCT a, b FROM t)"},
		"values": {joined(ir.Inner, &ir.Values{Columns: []ir.Column{column(100, "x", integer)}, Rows: [][]ir.Expr{{number(1)}, {number(2)}}}, &ir.Values{Columns: []ir.Column{column(101, "y", varchar)}, Rows: [][]ir.Expr{{word("z")}}}),
			"SELECT * FROM (VALUES (1), (2)), (VALUES ('z'))"},
		"a group that is a comparison": {project(filter(&ir.Aggregate{Input: t(), Groups: []ir.Assign{assign(100, same(col(12), word("one")))}, Aggs: []ir.Assign{assign(101, count())}}, &ir.Not{Arg: ref(100, boolean)}), assign(101, ref(101, bigint))),
			"SELECT count(*) FROM t WHERE c IS DISTINCT FROM 'one'"},
		"a cast that DuckDB undoes wrongly": {project(filter(project(t(), assign(10, col(10)), assign(100, &ir.Cast{Arg: call("to_timestamp", catalog.Type{Kind: catalog.TimestampTZ}, &ir.Cast{Arg: col(10), Typ: double}), Typ: varchar})), compare(ir.Lt, ref(100, varchar), word("B"))), pass(10)...),
			"SELECT a FROM t WHERE a IS NOT NULL"},
		"no values":      {&ir.Values{Columns: []ir.Column{column(100, "x", integer)}}, "SELECT 1 WHERE false"},
		"table function": {&ir.TableFunction{Name: "range", Args: []ir.Expr{rows(2), rows(5)}, Columns: []ir.Column{column(100, "x", bigint)}}, "SELECT * FROM range(2, 5)"},
	}
}

var tables = []string{
	"CREATE TABLE t (a INT, b INT, c VARCHAR)",
	"CREATE TABLE u (a INT, b INT, c VARCHAR)",
	"INSERT INTO t VALUES (1, 1, 'one'), (1, 2, 'two'), (2, NULL, NULL), (NULL, 3, 'three'), (NULL, NULL, 'one'), (7, 2, 'two')",
	"INSERT INTO u VALUES (1, 1, 'one'), (2, 2, 'two'), (NULL, 3, NULL), (8, 2, 'two'), (1, 3, 'three'), (2, NULL, 'one')",
}

func namesOf(n ir.Node) []string {
	var out []string
	for i, c := range n.Output() {
		out = append(out, c.Name+strings.Repeat("'", i))
	}
	return out
}

func isOrdered(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Project:
		return isOrdered(n.Input)
	case *ir.Sort, *ir.TopN:
		return true
	}
	return false
}

// Each tree by hand gives the rows of its text by hand.
func TestTrees(t *testing.T) {
	r, err := oracle.NewReference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Exec(t.Context(), tables...); err != nil {
		t.Fatal(err)
	}
	for name, c := range allTrees() {
		t.Run(name, func(t *testing.T) {
			if err := ir.Check(c.root); err != nil {
				t.Fatal(err)
			}
			text, err := residual.Write(c.root, namesOf(c.root), scans)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Query(t.Context(), text)
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			for i, col := range c.root.Output() {
				if f := got.Schema.Field(i); !arrow.TypeEqual(f.Type, col.Type.Arrow()) && col.Type.Kind != catalog.List {
					t.Errorf("column %d is %s, want %s", i+1, f.Type, col.Type)
				}
			}
			if c.sql == "" {
				return
			}
			want := query(t, r, cast(c.sql, c.root.Output()))
			want.Schema = got.Schema // the names are made up, and a literal's type by hand is another
			if err := oracle.Compare(want, got, oracle.Order{Total: isOrdered(c.root)}); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// cast gives a text's columns the types that they should have: a cell of another
// type is another cell.
func cast(sql string, columns []ir.Column) string {
	var names, items []string
	for i, c := range columns {
		name := "x" + strconv.Itoa(i)
		names, items = append(names, name), append(items, "CAST("+name+" AS "+c.Type.DuckDB()+")")
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM (" + sql + ") AS x(" + strings.Join(names, ", ") + ")"
}

func query(t testing.TB, r *oracle.Reference, sql string) oracle.Result {
	t.Helper()
	out, err := r.Query(context.Background(), sql)
	if err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	return out
}

// The text of each tree.
func TestTexts(t *testing.T) {
	all := allTrees()
	datadriven.RunTest(t, "testdata/trees", func(t *testing.T, d *datadriven.TestData) string {
		c, ok := all[strings.TrimSpace(d.Input)]
		if !ok {
			t.Fatalf("no tree %q", d.Input)
		}
		delete(all, strings.TrimSpace(d.Input))
		text, err := residual.Write(c.root, namesOf(c.root), scans)
		if err != nil {
			return err.Error() + "\n"
		}
		return text + "\n"
	})
	for name := range all {
		t.Errorf("testdata/trees has no %q", name)
	}
}
