//go:build duckdb_arrow

package dialect_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	duckfile "github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := testmaria.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	testpg.Exit(code)
}

// world is a source and, in a DuckDB of its own, the rows as the source is read.
type world struct {
	name    string
	dialect dialect.Dialect
	tables  map[string]*catalog.Table
	conn    connectors.Conn
	alloc   *memory.CheckedAllocator
	local   *duck.Conn
}

// setup makes the tables of pgTables in a database whose own collation is pinyin.
const setup = `
	CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
	CREATE TYPE mood AS ENUM ('sad', 'ok', 'Happy');
	CREATE DOMAIN code AS char(4);
	CREATE DOMAIN amount AS numeric(6,2);
	CREATE TABLE person (id integer PRIMARY KEY, small smallint, big bigint, ok boolean, born date, seen timestamp, at timestamptz,
		price numeric(10,2), rate double precision, xm text, mc varchar(20) COLLATE "und-x-icu", ci text COLLATE folded,
		c text COLLATE "C", kh char(4), zt mood, free numeric, nm name, kd code, sm amount);
	CREATE TABLE visit (vid bigint, person integer, price numeric(12,4), xm text COLLATE "C", kh varchar(4), day date, zt mood, ok boolean);
	CREATE VIEW seen AS SELECT id, xm FROM person`

// pools hold what the columns' cells are drawn from, in PostgreSQL's SQL.
var (
	words = []string{"NULL", "''", "' '", "'a'", "'a '", "'A'", "'b'", "'B'", "'ab'", "'a-b'", "'ä'", "'中'", "'阿'", "'张三'", "'张'", "U&'\\+01F600'", "U&'\\FFFF'", "'a%b'", "'a\\b'", "'10'", "'9'"}
	pools = map[string][]string{
		"small": {"NULL", "0", "1", "-32768", "32767"}, "big": {"NULL", "0", "1", "9223372036854775807", "9223372036854775806", "-9223372036854775808"},
		"ok": {"NULL", "true", "false"}, "born": {"NULL", "'2024-02-29'", "'0001-01-01'", "'4713-01-01 BC'", "'9999-12-31'", "'1970-01-01'"},
		"seen":  {"NULL", "'2024-02-29 12:00:00.123456'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"},
		"at":    {"NULL", "'2024-03-31 01:30:00+00'", "'2024-03-31 01:30:00+01'", "'0001-01-01 00:00+00'", "'9999-12-31 23:59:59+00'"},
		"price": {"NULL", "0", "-0.01", "99999999.99", "99999999.98", "1.5"}, "rate": {"NULL", "0", "'-0'", "'NaN'", "'Infinity'", "1.5"},
		"xm": words, "mc": words, "ci": words, "c": words, "kh": {"NULL", "''", "'a'", "'a  '", "'A'", "'ab'", "'中'", "'张三'", "'B'"},
		"zt": {"NULL", "'sad'", "'ok'", "'Happy'"}, "free": {"NULL", "1", "1.0", "1.00", "10", "9"}, "nm": words, "kd": {"NULL", "''", "'a'", "'a  '", "'B'", "'张三'"}, "sm": {"NULL", "0", "9999.99", "-0.5"},
		"vid": {"NULL", "1", "2", "3", "9223372036854775807"}, "person": {"NULL", "1", "2", "3", "5", "8", "13", "99"}, "day": {"NULL", "'2024-02-29'", "'1970-01-01'"},
	}
)

func rowsOf(t *catalog.Table, n int) string {
	r := rand.New(rand.NewPCG(4, uint64(n)))
	var rows []string
	for i := range n {
		var cells []string
		for _, c := range t.Columns {
			pool := pools[c.Name]
			switch {
			case c.Name == "id":
				cells = append(cells, fmt.Sprint(i+1))
			case t.ID.Name == "visit" && c.Name == "price":
				cells = append(cells, []string{"NULL", "1.5", "1.5000", "0.0001", "99999999.9900"}[r.IntN(5)])
			default:
				cells = append(cells, pool[r.IntN(len(pool))])
			}
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return "INSERT INTO " + t.ID.Name + " VALUES " + strings.Join(rows, ", ")
}

// worlds makes both sources with the same rows.
func worlds(t *testing.T) []*world {
	t.Helper()
	db := testpg.Start(t).Database(t, testpg.ChineseICU)
	db.Exec(t, setup)
	db.Exec(t, rowsOf(pgTables["person"], 60))
	db.Exec(t, rowsOf(pgTables["visit"], 80))
	pg := open(t, "postgres", postgres.Open, connectors.Config{Name: "mz", Kind: "postgres", DSN: db.Reader, Connections: 1})

	local := filepath.Join(t.TempDir(), "local.duckdb")
	write(t, local, copyOf(t, pg, "person", "visit"))
	content, err := os.ReadFile(local)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "source.duckdb")
	if err := os.WriteFile(other, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file := open(t, "duckdb", duckfile.Open, connectors.Config{Name: "wj", Kind: "duckdb", Path: other, Connections: 1})

	in, err := duck.Open(t.Context(), duck.Options{Path: local})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	conn, err := in.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	pg.local, file.local = conn, conn
	return []*world{pg, file}
}

func open(t *testing.T, name string, opener connectors.Opener, c connectors.Config) *world {
	t.Helper()
	src, err := opener(t.Context(), c)
	if err != nil {
		t.Fatal(detail(err))
	}
	w := &world{name: name, dialect: dialect.For(name), alloc: memory.NewCheckedAllocator(memory.DefaultAllocator), tables: map[string]*catalog.Table{}}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		w.alloc.AssertSize(t, 0)
	})
	tables, err := src.Describe(t.Context())
	if err != nil {
		t.Fatal(detail(err))
	}
	for _, table := range tables {
		w.tables[table.ID.Name] = table
	}
	conns, err := src.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(detail(err))
	}
	t.Cleanup(conns[0].Release)
	w.conn = conns[0]
	return w
}

// copyOf gives the statements that make a source's tables, as they are read, in DuckDB.
func copyOf(t *testing.T, w *world, tables ...string) []string {
	t.Helper()
	var out []string
	for _, name := range tables {
		table := w.tables[name]
		sql, values := w.dialect.Scan(table, table.Columns, nil)
		rows, err := w.scan(t.Context(), connectors.Fragment{SQL: sql, Values: values, Table: table.ID, Columns: table.Columns, Alloc: w.alloc})
		if err != nil {
			t.Fatal(detail(err))
		}
		var columns, made []string
		for _, c := range table.Columns {
			columns = append(columns, catalog.QuoteIdent(c.Name)+" "+c.Type.DuckDB())
		}
		for _, r := range rows {
			cells := make([]string, len(r))
			for i := range r {
				cells[i] = sqlValue(table.Columns[i].Type, r[i])
			}
			made = append(made, "("+strings.Join(cells, ", ")+")")
		}
		out = append(out, "CREATE TABLE "+name+" ("+strings.Join(columns, ", ")+")", "INSERT INTO "+name+" VALUES "+strings.Join(made, ", "))
	}
	return out
}

func write(t *testing.T, path string, statements []string) {
	t.Helper()
	c, err := duckdb.NewConnector(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	conn, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, sql := range statements {
		if _, err := conn.(driver.ExecerContext).ExecContext(t.Context(), sql, nil); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
}

// batches is what both kinds of stream are.
type batches interface {
	Next() bool
	RecordBatch() arrow.RecordBatch
	Err() error
}

func cells(s batches) ([][]any, error) {
	var rows [][]any
	for s.Next() {
		b := s.RecordBatch()
		for i := range int(b.NumRows()) {
			row := make([]any, b.NumCols())
			for c := range row {
				var err error
				if row[c], err = connectortest.Cell(b.Column(c), i); err != nil {
					return nil, err
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, s.Err()
}

func (w *world) scan(ctx context.Context, f connectors.Fragment) ([][]any, error) {
	s, err := w.conn.Scan(ctx, f)
	if err != nil {
		return nil, err
	}
	defer s.Release()
	return cells(s)
}

// answer runs a tree at the source.
func (w *world) answer(ctx context.Context, n ir.Node) ([][]any, dialect.Statement, error) {
	s, err := w.dialect.Statement(n)
	if err != nil {
		return nil, s, err
	}
	rows, err := w.scan(ctx, connectors.Fragment{SQL: s.SQL, Values: s.Values, Table: s.Tables[0], Columns: s.Columns, Alloc: w.alloc})
	return rows, s, err
}

// expect runs a tree in DuckDB.
func (w *world) expect(t *testing.T, n ir.Node) [][]any {
	t.Helper()
	sql := naive(n)
	stmt, err := w.local.Prepare(t.Context(), sql)
	if err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	defer stmt.Close()
	r, err := stmt.Stream(t.Context(), nil, duck.StreamOptions{Alloc: w.alloc, Rows: 1000, Bytes: 1 << 20})
	if err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	defer r.Release()
	rows, err := cells(r)
	if err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	return rows
}

// exact reports the first verdict of a tree that is not exact, and its reason.
func exact(d dialect.Dialect, n ir.Node) (bool, string) {
	ok, why := true, ""
	ir.Walk(n, func(n ir.Node) {
		below := dialect.Columns{}
		for _, in := range n.Inputs() {
			for id, p := range dialect.Places(in) {
				below[id] = p
			}
		}
		if v, reason := d.Operator(n, below); v != dialect.Exact && ok {
			ok, why = false, reason
		}
	})
	return ok, why
}

// check compares the source's answer to a tree with DuckDB's.
func (w *world) check(t *testing.T, n ir.Node) {
	t.Helper()
	if err := ir.Check(n); err != nil {
		t.Fatalf("%v\n%s", err, ir.Text(n, ir.Exactly))
	}
	got, s, err := w.answer(t.Context(), n)
	if err != nil {
		t.Errorf("%s: %s\n%s%s %v", w.name, detail(err), ir.Text(n, ir.Exactly), s.SQL, s.Values)
		return
	}
	want := w.expect(t, n)
	a, b := printed(got), printed(want)
	if !ordered(n) {
		slices.Sort(a)
		slices.Sort(b)
	}
	if !slices.Equal(a, b) {
		t.Errorf("%s: %d rows, want %d\n%s%s %v\ngot  %s\nwant %s", w.name, len(a), len(b), ir.Text(n, ir.Exactly), s.SQL, s.Values, a, b)
	}
}

// ordered reports whether the order of a tree's rows is part of its answer.
func ordered(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Sort, *ir.TopN:
		return true
	case *ir.Project:
		return ordered(n.Input)
	case *ir.Limit:
		return ordered(n.Input)
	}
	return false
}

func printed(rows [][]any) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("%+q", r)
	}
	return out
}

func detail(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return string(e.Code) + "/" + e.ID + ": " + e.Error() + " [" + e.Detail + "]"
	}
	return err.Error()
}
