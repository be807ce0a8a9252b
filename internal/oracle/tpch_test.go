package oracle

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/internal/testpg"
)

// The rows of each table at scale factor 0.01 (TPC-H specification, 4.2.5; those
// of lineitem come from the random number of lines of an order).
var tpchRows = map[string]int64{
	"region": 5, "nation": 25, "supplier": 100, "part": 2000, "customer": 1500, "partsupp": 8000, "orders": 15000, "lineitem": 60175,
}

func TestTPCH(t *testing.T) {
	dir := TPCH(t, 0.01)
	r := loadedReference(t, nil)
	for table, want := range tpchRows {
		for _, f := range []Flavour{PostgreSQL, SQLite} {
			path := []string{fmt.Sprintf("f%d", f), table}
			if err := r.LoadTPCH(t.Context(), dir, table, f, path...); err != nil {
				t.Fatal(err)
			}
			got, err := r.Query(t.Context(), "SELECT * FROM "+Table{Path: path}.SQLPath())
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(got.Rows)) != want {
				t.Errorf("%s: %d rows, want %d", table, len(got.Rows), want)
			}
			for i, c := range TPCHColumns(table, f) {
				if field := got.Schema.Field(i); field.Name != c.Name || !sameType(field.Type, c.Type.Arrow()) {
					t.Errorf("%s: column %s %s, want %s %s", table, field.Name, field.Type, c.Name, c.Type)
				}
			}
		}
	}
}

// ownCache gives the test a cache of its own, with the generators alone.
func ownCache(t *testing.T) {
	t.Helper()
	cache, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	own := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", own)
	if _, err := tpch.prepare(t.Context(), 0.001); err == nil {
		t.Error("made without a generator")
	}
	if err := os.Mkdir(filepath.Join(own, "lianji-test"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(cache, "venv"), filepath.Join(own, "lianji-test", "venv")); err != nil {
		t.Fatal(err)
	}
}

// A cache that was cut off or changed is made anew.
func TestTPCHCacheIsChecked(t *testing.T) {
	TPCH(t, 0.01) // skips where the generator is missing
	ownCache(t)
	dir := TPCH(t, 0.001)
	file := filepath.Join(dir, "nation.parquet")
	before, err := sumOf(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func() error{
		"changed":  func() error { return os.WriteFile(file, []byte("PAR1"), 0o600) },
		"missing":  func() error { return os.Remove(file) },
		"cut off":  func() error { return os.Remove(filepath.Join(dir, sumsFile)) },
		"half sum": func() error { return os.Truncate(filepath.Join(dir, sumsFile), 200) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if tpch.checkSums(dir) == nil {
			t.Errorf("%s: not noticed", name)
		}
		if again := TPCH(t, 0.001); again != dir || tpch.checkSums(dir) != nil {
			t.Errorf("%s: not made anew: %v", name, tpch.checkSums(dir))
		}
		if after, err := sumOf(file); err != nil || after != before {
			t.Errorf("%s: another file than the first time (%v)", name, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("%d entries in the cache, want the environment and the data: %v", len(entries), entries)
	}
}

// Sums over each kind of column, the same wherever the table lies.
func TestFillTPCH(t *testing.T) {
	dir := TPCH(t, 0.01)
	tables := []string{"nation", "orders"}
	const question = "SELECT count(*), sum(o_orderkey), max(o_orderdate), min(o_comment), sum(o_shippriority) FROM orders WHERE o_totalprice > 100000.5"
	r := loadedReference(t, nil)
	for _, table := range tables {
		if err := r.LoadTPCH(t.Context(), dir, table, DuckDB, "memory", "main", table); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Query(t.Context(), "SELECT count(*), sum(o_orderkey)::BIGINT, max(o_orderdate)::VARCHAR, min(o_comment), sum(o_shippriority)::BIGINT FROM orders WHERE o_totalprice > 100000.5")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(got.Rows[0])

	lite := filepath.Join(t.TempDir(), "t.sqlite")
	if err := FillTPCH(t.Context(), SQLite, lite, dir, tables...); err != nil {
		t.Fatal(err)
	}
	conn, err := sqlite.OpenConn(lite, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, question, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		if got := fmt.Sprint([]any{s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnText(2), s.ColumnText(3), s.ColumnInt64(4)}); got != want {
			t.Errorf("SQLite: %s, want %s", got, want)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}

	db := testpg.Start(t).Database(t)
	if err := FillTPCH(t.Context(), PostgreSQL, db.Admin, dir, tables...); err != nil {
		t.Fatal(err)
	}
	pg, err := pgx.Connect(t.Context(), db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(t.Context())
	var count, keys, priorities int64
	var last, first string
	err = pg.QueryRow(t.Context(), "SELECT count(*), sum(o_orderkey)::bigint, max(o_orderdate)::text, min(o_comment), sum(o_shippriority) FROM orders WHERE o_totalprice > 100000.5").Scan(&count, &keys, &last, &first, &priorities)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint([]any{count, keys, last, first, priorities}); got != want {
		t.Errorf("PostgreSQL: %s, want %s", got, want)
	}

	file := filepath.Join(t.TempDir(), "t.duckdb")
	if err := FillTPCH(t.Context(), DuckDB, file, dir, tables...); err != nil {
		t.Fatal(err)
	}
	d, err := openReference(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	again, err := d.Query(t.Context(), "SELECT count(*), sum(o_orderkey)::BIGINT, max(o_orderdate)::VARCHAR, min(o_comment), sum(o_shippriority)::BIGINT FROM orders WHERE o_totalprice > 100000.5")
	if err != nil || fmt.Sprint(again.Rows[0]) != want {
		t.Errorf("DuckDB: %v %v, want %s", again.Rows, err, want)
	}
}

// The 22 statements run, find something, and have the order that is said of them:
// another database, with its rows turned round, gives equal answers.
func TestTPCHStatements(t *testing.T) {
	dir := TPCH(t, 0.01)
	reference, other := loadedReference(t, nil), loadedReference(t, nil, "SET threads = 4")
	for _, table := range TPCHTables {
		if err := reference.LoadTPCH(t.Context(), dir, table, DuckDB, "memory", "main", table); err != nil {
			t.Fatal(err)
		}
		turned := "CREATE TABLE " + table + " AS " + tpch.selectTable(dir, table, DuckDB) + " ORDER BY ALL DESC"
		if err := other.Exec(t.Context(), turned); err != nil {
			t.Fatal(err)
		}
	}
	limited := 0
	for n := 1; n <= 22; n++ {
		text, err := os.ReadFile(filepath.Join("..", "..", "planner", "testdata", "tpch", fmt.Sprintf("q%02d.sql", n)))
		if err != nil {
			t.Fatal(err)
		}
		s := TPCHStatement(n, string(text))
		want, err := reference.Query(t.Context(), s.Unlimited)
		if err != nil {
			t.Fatalf("statement %d: %v", n, err)
		}
		if len(want.Rows) == 0 {
			t.Errorf("statement %d finds nothing", n)
		}
		got, err := other.Query(t.Context(), s.SQL)
		if err != nil {
			t.Fatalf("statement %d: %v", n, err)
		}
		if err := Compare(want, got, s.Order); err != nil {
			t.Errorf("statement %d: %v", n, err)
		}
		if s.Order.Limited {
			limited++
			if s.Unlimited == s.SQL || (n != 18 && len(got.Rows) >= len(want.Rows)) { // 18 finds fewer than it may
				t.Errorf("statement %d: the limit does nothing", n)
			}
		}
	}
	if limited != 3 {
		t.Errorf("%d statements limit an order with ties, want 3, 10 and 18", limited)
	}
}
