//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	duckfile "github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner/ir"
)

// The traps, by what users of other systems fell into. Each engine has each of them,
// or a reason why it cannot.
const (
	collations   = "A1: text compares by the source's collation"
	padding      = "A2: trailing blanks do not count"
	groupedText  = "A3: text is grouped by the source's collation"
	nullOrder    = "A4: NULL comes first or last as the source likes"
	limitFirst   = "A5: a limit below a filter that stayed here"
	otherTree    = "A6: the text asks another question than the tree"
	decimals     = "A9: decimals as binary floating point"
	zones        = "A10: moments by the session's zone or the text's spelling"
	snapshots    = "A12: two reads of two moments"
	names        = "A13: names by case and quotes"
	setsOfText   = "A14: set operations by the source's collation"
	allOfTheTrap = 11
)

// trap is a tree that counts rows, and what the engine would answer to the text that
// a more generous dialect would send.
type trap struct {
	demand string
	engine string
	na     string // why the engine has no such trap
	make   func(b *builder) ir.Node
	// reason is a part of why the tree is not sent; empty when it is, and then the
	// engine must answer right.
	reason       string
	generous     string // gives one BIGINT
	wrong, right int64
	steps        func(t *testing.T, l *trapLab) int64 // in the place of generous
}

// countOf counts the rows of a tree.
func countOf(b *builder, n ir.Node) ir.Node { return b.group(n, nil, agg("count_star")) }

// tree makes a tree that counts the rows of a table that a condition keeps.
func kept(table string, e func(s *ir.Scan) ir.Expr) func(b *builder) ir.Node {
	return func(b *builder) ir.Node {
		s := b.scan(table)
		return countOf(b, ir.Where(s, e(s)))
	}
}

// compared keeps rows by one column and a constant.
func compared(op ir.CompareOp, column string, v any) func(b *builder) ir.Node {
	return kept("t", func(s *ir.Scan) ir.Expr { return cmpr(op, col(s, column), lit(col(s, column), v)) })
}

func distinctText(column string) func(b *builder) ir.Node {
	return func(b *builder) ir.Node {
		s := b.scan("t")
		return countOf(b, b.group(s, []ir.Expr{col(s, column)}))
	}
}

// first counts the values, NULL left out, of the first row by a column.
func first(column string, desc, nullsFirst bool) func(b *builder) ir.Node {
	return func(b *builder) ir.Node {
		s := b.scan("t")
		top := &ir.TopN{Input: s, Keys: []ir.Key{{Expr: col(s, column), Desc: desc, NullsFirst: nullsFirst}}, Count: number(1)}
		return b.group(top, nil, agg("count", col(s, column)))
	}
}

// limited counts rows of a limit over a filter that no source is given.
func limited(column, v string) func(b *builder) ir.Node {
	return func(b *builder) ir.Node {
		s := b.scan("t")
		lower := &ir.Func{Name: "lower", List: []ir.Expr{col(s, column)}, Typ: text}
		return countOf(b, &ir.Limit{Input: ir.Where(s, eq(lower, lit(lower, v))), Count: number(1)})
	}
}

// outer counts the rows of a LEFT JOIN whose right side is filtered.
func outer(b *builder) ir.Node {
	s, o := b.scan("t", "id"), b.scan("o", "oid", "w")
	return countOf(b, &ir.Join{Kind: ir.Left, Left: s, Right: ir.Where(o, eq(col(o, "w"), lit(col(o, "w"), "x"))), On: []ir.Expr{eq(col(s, "id"), col(o, "oid"))}})
}

func summed(b *builder) ir.Node {
	s := b.scan("t")
	g := b.group(s, nil, agg("sum", col(s, "n")))
	sum := col(g, "sum")
	return countOf(b, ir.Where(g, eq(sum, lit(sum, "0.30"))))
}

func dayOf(b *builder) ir.Node {
	s := b.scan("t")
	day := cast(col(s, "at"), kind(catalog.Date))
	return countOf(b, ir.Where(s, eq(day, lit(day, int64(19813))))) // 2024-03-31
}

func paired(b *builder) ir.Node {
	s, o := b.scan("t", "id"), b.scan("o", "oid", "w")
	return countOf(b, &ir.Join{Kind: ir.Inner, Left: s, Right: o, On: []ir.Expr{eq(col(s, "id"), col(o, "oid"))}})
}

func united(column string) func(b *builder) ir.Node {
	return func(b *builder) ir.Node {
		s, o := b.scan("t", column), b.scan("t", column)
		u := &ir.SetOp{Kind: ir.Union, Left: s, Right: o, Columns: []ir.Column{b.plan.NewColumn(column, text)}}
		return countOf(b, u)
	}
}

// twoReads pairs the rows of t and o that were read one table after the other, while
// a writer moved row 9 from t to o.
func twoReads(t *testing.T, l *trapLab) int64 {
	read := func(table, column string) []string {
		rows, _, err := l.answer(t.Context(), newBuilder(l.tables).scan(table, column))
		if err != nil {
			t.Fatal(detail(err))
		}
		return printed(rows)
	}
	before := read("t", "id")
	l.write(t, "BEGIN", "DELETE FROM t WHERE id = 9", "INSERT INTO o (oid, w) VALUES (9, 'moved')", "COMMIT")
	pairs := int64(0)
	for _, r := range read("o", "oid") {
		if slices.Contains(before, r) {
			pairs++
		}
	}
	return pairs
}

var traps = []trap{
	{demand: collations, engine: "postgres", make: compared(ir.Gt, "py", "中"), generous: "SELECT count(*) FROM t WHERE py > '中'", wrong: 0, right: 1},
	{demand: collations, engine: "postgres", make: compared(ir.Eq, "ci", "a"), generous: "SELECT count(*) FROM t WHERE ci = 'a'", wrong: 2, right: 1},
	{demand: collations, engine: "sqlite", make: compared(ir.Eq, "ci", "a"), generous: "SELECT count(*) FROM t WHERE ci = 'a'", wrong: 2, right: 1},
	{demand: collations, engine: "duckdb", make: compared(ir.Eq, "ci", "a"), reason: "code point", generous: "SELECT count(*) FROM t WHERE ci = 'a'", wrong: 2, right: 1},
	{demand: collations, engine: "mysql", make: compared(ir.Eq, "ci", "a"), generous: "SELECT count(*) FROM t WHERE ci = 'a'", wrong: 2, right: 1},

	{demand: padding, engine: "postgres", make: compared(ir.Eq, "kh", "a "), generous: "SELECT count(*) FROM t WHERE kh = 'a '", wrong: 1, right: 0},
	{demand: padding, engine: "sqlite", make: compared(ir.Eq, "kh", "a "), generous: "SELECT count(*) FROM t WHERE kh = 'a '", wrong: 1, right: 0},
	{demand: padding, engine: "duckdb", na: "DuckDB pads nothing: CHAR(n) is VARCHAR, and no collation of its own ignores blanks"},
	{demand: padding, engine: "mysql", make: compared(ir.Eq, "kh", "a "), generous: "SELECT count(*) FROM t WHERE kh = 'a '", wrong: 1, right: 0},

	{demand: groupedText, engine: "postgres", make: distinctText("ci"), generous: "SELECT count(DISTINCT ci) FROM t", wrong: 1, right: 2},
	{demand: groupedText, engine: "sqlite", make: distinctText("ci"), generous: "SELECT count(DISTINCT ci) FROM t", wrong: 1, right: 2},
	{demand: groupedText, engine: "duckdb", make: distinctText("ci"), reason: "code point", generous: "SELECT count(*) FROM (SELECT ci FROM t GROUP BY ci)", wrong: 1, right: 2},
	{demand: groupedText, engine: "mysql", make: distinctText("ci"), generous: "SELECT count(DISTINCT ci) FROM t", wrong: 1, right: 2},

	{demand: nullOrder, engine: "postgres", make: first("nil", true, false), generous: "SELECT count(nil) FROM (SELECT nil FROM t ORDER BY nil DESC LIMIT 1) AS x", wrong: 0, right: 1},
	{demand: nullOrder, engine: "sqlite", make: first("nil", false, false), generous: "SELECT count(nil) FROM (SELECT nil FROM t ORDER BY nil LIMIT 1)", wrong: 0, right: 1},
	{demand: nullOrder, engine: "duckdb", make: first("nil", false, true), generous: "SELECT count(nil) FROM (SELECT nil FROM t ORDER BY nil LIMIT 1)", wrong: 1, right: 0},
	{demand: nullOrder, engine: "mysql", make: first("nil", false, false), generous: "SELECT count(nil) FROM (SELECT nil FROM t ORDER BY nil LIMIT 1) AS x", wrong: 0, right: 1},

	{demand: limitFirst, engine: "postgres", make: limited("up", "b"), reason: "computed value", generous: "SELECT count(*) FROM (SELECT * FROM t ORDER BY id LIMIT 1) AS x WHERE lower(up) = 'b'", wrong: 0, right: 1},
	{demand: limitFirst, engine: "sqlite", make: limited("up", "b"), reason: "computed value", generous: "SELECT count(*) FROM (SELECT * FROM t ORDER BY id LIMIT 1) WHERE lower(up) = 'b'", wrong: 0, right: 1},
	{demand: limitFirst, engine: "duckdb", make: limited("up", "b"), reason: "computed value", generous: "SELECT count(*) FROM (SELECT * FROM t ORDER BY id LIMIT 1) WHERE lower(up) = 'b'", wrong: 0, right: 1},
	{demand: limitFirst, engine: "mysql", make: limited("up", "b"), reason: "computed value", generous: "SELECT count(*) FROM (SELECT * FROM t ORDER BY id LIMIT 1) AS x WHERE lower(up) = 'b'", wrong: 0, right: 1},

	{demand: otherTree, engine: "postgres", make: outer, generous: "SELECT count(*) FROM t LEFT JOIN o ON id = oid WHERE w = 'x'", wrong: 1, right: 2},
	{demand: otherTree, engine: "sqlite", make: outer, generous: "SELECT count(*) FROM t LEFT JOIN o ON id = oid WHERE w = 'x'", wrong: 1, right: 2},
	{demand: otherTree, engine: "duckdb", make: outer, generous: "SELECT count(*) FROM t LEFT JOIN o ON id = oid WHERE w = 'x'", wrong: 1, right: 2},
	{demand: otherTree, engine: "mysql", make: outer, generous: "SELECT count(*) FROM t LEFT JOIN o ON id = oid WHERE w = 'x'", wrong: 1, right: 2},

	{demand: decimals, engine: "postgres", make: summed, generous: "SELECT count(*) FROM (SELECT sum(n::float8) AS s FROM t) AS x WHERE s = 0.3::float8", wrong: 0, right: 1},
	{demand: decimals, engine: "sqlite", make: func(b *builder) ir.Node { s := b.scan("t"); return b.group(s, nil, agg("sum", col(s, "n"))) }, reason: "64 bits", generous: "SELECT count(*) FROM (SELECT sum(n) AS s FROM t) WHERE s = 0.3", wrong: 0, right: 1},
	{demand: decimals, engine: "duckdb", make: summed, generous: "SELECT count(*) FROM (SELECT sum(n::DOUBLE) AS s FROM t) WHERE s = 0.3::DOUBLE", wrong: 0, right: 1},
	{demand: decimals, engine: "mysql", make: summed, generous: "SELECT count(*) FROM (SELECT sum(n + 0e0) AS s FROM t) AS x WHERE s = 0.3", wrong: 0, right: 1},

	{demand: zones, engine: "postgres", make: dayOf, reason: "computed value", generous: "SELECT count(*) FROM t WHERE at::date = DATE '2024-03-31'", wrong: 0, right: 1},
	{demand: zones, engine: "sqlite", make: compared(ir.Eq, "at", int64(1711828800000000)), reason: "several spellings", generous: "SELECT count(*) FROM t WHERE at = '2024-03-30 20:00:00'", wrong: 0, right: 1},
	{demand: zones, engine: "duckdb", make: dayOf, reason: "computed value", generous: "SELECT count(*) FROM t WHERE CAST(\"at\" AS DATE) = DATE '2024-03-31'", wrong: 0, right: 1},
	{demand: zones, engine: "mysql", make: dayOf, reason: "computed value", generous: "SELECT count(*) FROM t WHERE DATE(at) = DATE '2024-03-31'", wrong: 0, right: 1},

	{demand: snapshots, engine: "postgres", make: paired, steps: twoReads, wrong: 2, right: 1},
	{demand: snapshots, engine: "sqlite", make: paired, steps: twoReads, wrong: 2, right: 1},
	{demand: snapshots, engine: "duckdb", na: "a DuckDB file that one process has open has no writer elsewhere"},
	{demand: snapshots, engine: "mysql", make: paired, steps: twoReads, wrong: 2, right: 1},

	{demand: names, engine: "postgres", make: compared(ir.Eq, "UP_2", "B"), generous: "SELECT count(*) FROM t WHERE UP = 'B'", wrong: 1, right: 0},
	{demand: names, engine: "sqlite", make: kept("t", func(*ir.Scan) ir.Expr { return lit(&ir.Ref{Typ: ir.Bool}, true) }), generous: "SELECT count(*) FROM t WHERE TRUE", wrong: 0, right: 2},
	{demand: names, engine: "duckdb", make: compared(ir.Eq, "id", int64(1)), generous: "SELECT count(*) FROM t AS x WHERE t1.id = 1", wrong: 0, right: 1},
	{demand: names, engine: "mysql", make: compared(ir.Eq, "id", int64(1)), generous: `SELECT count(*) FROM t WHERE "id" = 1`, wrong: 0, right: 1},

	{demand: setsOfText, engine: "postgres", make: united("ci"), generous: "SELECT count(*) FROM (SELECT ci FROM t UNION SELECT ci FROM t) AS x", wrong: 1, right: 2},
	{demand: setsOfText, engine: "sqlite", make: united("ci"), generous: "SELECT count(*) FROM (SELECT ci FROM t UNION SELECT ci FROM t)", wrong: 1, right: 2},
	{demand: setsOfText, engine: "duckdb", make: united("ci"), reason: "code point", generous: "SELECT count(*) FROM (SELECT DISTINCT * FROM (SELECT ci FROM t UNION ALL SELECT ci FROM t))", wrong: 1, right: 2},
	{demand: setsOfText, engine: "mysql", make: united("ci"), generous: "SELECT count(*) FROM (SELECT ci FROM t UNION SELECT ci FROM t) AS x", wrong: 1, right: 2},
}

// trapLab is an engine with the tables t and o, of which o names row 1 of t.
type trapLab struct {
	*world
	write func(t *testing.T, statements ...string)
}

func trapLabs(t *testing.T) map[string]*trapLab {
	t.Helper()
	db := testpg.Start(t).Database(t, testpg.ChineseICU)
	db.Exec(t, `CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE t (id bigint PRIMARY KEY, py text, ci text COLLATE folded, kh char(4), nil integer, up text, "UP" text, n numeric(10,2), at timestamptz);
		INSERT INTO t VALUES (1, '中', 'a', 'a', NULL, 'A', 'A', 0.1, '2024-03-30 20:00+00'), (2, '阿', 'A', 'b', 1, 'B', 'A', 0.2, NULL);
		CREATE TABLE o (oid bigint, w text); INSERT INTO o VALUES (1, 'x')`)
	pg := open(t, "postgres", postgres.Open, connectors.Config{Name: "pg", Kind: "postgres", DSN: db.Reader, Connections: 1})

	path := liteFile(t, "UTF-8", `CREATE TABLE t (id INTEGER PRIMARY KEY, ci TEXT COLLATE NOCASE, kh TEXT COLLATE RTRIM, nil INTEGER, up TEXT, n DECIMAL(10,2), at TIMESTAMP, "true" INTEGER)`,
		`INSERT INTO t VALUES (1, 'a', 'a', NULL, 'A', 0.1, '2024-03-30T20:00', 0), (2, 'A', 'b', 1, 'B', 0.2, NULL, 0)`,
		`CREATE TABLE o (oid INTEGER, w TEXT) STRICT`, `INSERT INTO o VALUES (1, 'x')`)
	lite := openLite(t, path)

	file := filepath.Join(t.TempDir(), "traps.duckdb")
	write(t, file, []string{
		`CREATE TABLE t (id BIGINT, ci VARCHAR COLLATE NOCASE, nil INTEGER, up VARCHAR, n DECIMAL(10,2), "at" TIMESTAMPTZ, t1 STRUCT(id BIGINT))`,
		`INSERT INTO t VALUES (1, 'a', NULL, 'A', 0.1, '2024-03-30 20:00:00+00', {'id': 7}), (2, 'A', 1, 'B', 0.2, NULL, {'id': 7})`,
		`CREATE TABLE o (oid BIGINT, w VARCHAR)`, `INSERT INTO o VALUES (1, 'x')`,
	})
	duck := open(t, "duckdb", duckfile.Open, connectors.Config{Name: "duck", Kind: "duckdb", Path: file, Connections: 1})
	maria := testmaria.Start(t).Database(t)
	maria.Exec(t, `CREATE TABLE t (id bigint PRIMARY KEY, ci varchar(9) COLLATE utf8mb4_general_ci, kh varchar(9) COLLATE utf8mb4_bin, nil int, up varchar(9), n decimal(10,2), at timestamp NULL);
		INSERT INTO t VALUES (1, 'a', 'a', NULL, 'A', 0.1, '2024-03-30 20:00'), (2, 'A', 'b', 1, 'B', 0.2, NULL);
		CREATE TABLE o (oid bigint PRIMARY KEY, w varchar(9)); INSERT INTO o VALUES (1, 'x')`)
	my := open(t, "mysql", mysql.Open, connectors.Config{Name: "my", Kind: "mysql", DSN: maria.Reader, Connections: 1})
	return map[string]*trapLab{
		"mysql":    {my, func(t *testing.T, statements ...string) { maria.Exec(t, strings.Join(statements, "; ")) }},
		"postgres": {pg, func(t *testing.T, statements ...string) { db.Exec(t, strings.Join(statements, "; ")) }},
		"sqlite": {lite, func(t *testing.T, statements ...string) {
			conn, err := sqlite.OpenConn(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range statements {
				if err := sqlitex.ExecuteTransient(conn, s, nil); err != nil {
					t.Fatalf("%v: %s", err, s)
				}
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		"duckdb": {duck, nil},
	}
}

// one reads the only number of an answer.
func one(t *testing.T, rows [][]any) int64 {
	t.Helper()
	if len(rows) == 1 && len(rows[0]) == 1 {
		if s, ok := rows[0][0].(int64); ok {
			return s
		}
	}
	t.Fatalf("not one number: %v", rows)
	return 0
}

// TestTraps: each trap is sprung by the text of a generous dialect, and not by ours.
func TestTraps(t *testing.T) {
	labs := trapLabs(t)
	seen := map[string]bool{}
	for _, c := range traps {
		seen[c.demand+c.engine] = true
		t.Run(c.engine+"/"+c.demand, func(t *testing.T) {
			if c.na != "" {
				t.Logf("n/a: %s", c.na)
				return
			}
			l := labs[c.engine]
			n := c.make(newBuilder(l.tables))
			if err := ir.Check(n); err != nil {
				t.Fatal(err)
			}
			if c.steps != nil {
				l.write(t, "INSERT INTO t (id) VALUES (9)")
			}
			ok, reason := exact(l.dialect, n)
			if ok != (c.reason == "") || !strings.Contains(reason, c.reason) {
				t.Errorf("sent: %v (%s), want %q", ok, reason, c.reason)
			}
			rows, s, err := l.answer(t.Context(), n)
			switch {
			case ok && err != nil:
				t.Fatalf("%s: %s", detail(err), s.SQL)
			case ok && one(t, rows) != c.right:
				t.Errorf("%d, want %d: %s", one(t, rows), c.right, s.SQL)
			case !ok && err == nil:
				t.Errorf("written against the verdict: %s", s.SQL)
			}
			if c.steps != nil && len(s.Tables) != 2 {
				t.Errorf("not one statement for both tables: %s", s.SQL)
			}
			got := int64(0)
			if c.steps != nil {
				got = c.steps(t, l)
			} else {
				columns := []catalog.Column{{Name: "n", SourceName: "n", Type: whole, SourceType: map[bool]string{true: "bigint", false: "BIGINT"}[c.engine == "postgres"]}}
				rows, err := l.scan(t.Context(), connectors.Fragment{SQL: c.generous, Table: l.tables["t"].ID, Columns: columns, Alloc: l.alloc})
				if err != nil {
					t.Fatalf("%s: %s", detail(err), c.generous)
				}
				got = one(t, rows)
			}
			if got != c.wrong || c.wrong == c.right {
				t.Errorf("the trap is none: %d, want the wrong %d and not the right %d", got, c.wrong, c.right)
			}
		})
	}
	if want := allOfTheTrap * 4; len(seen) != want {
		t.Errorf("%s", fmt.Sprint(len(seen), " traps of engines, want ", want))
	}
}
