package duck

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// profiledConn is the profiled connection of an instance with a table t of 100,000 rows.
func profiledConn(t *testing.T) *Conn {
	t.Helper()
	db, err := Open(t.Context(), Options{Profile: true, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if err := db.Profiled().Exec(t.Context(), "CREATE TABLE t AS SELECT i, i % 10 AS g, 'n' || i AS s FROM range(100000) r(i)"); err != nil {
		t.Fatal(err)
	}
	return db.Profiled()
}

// readAll runs a query to its end and gives the number of its rows.
func readAll(t *testing.T, c *Conn, sql string, values ...catalog.Value) int64 {
	t.Helper()
	stmt, err := c.Prepare(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	r, err := stmt.Stream(t.Context(), values, StreamOptions{Alloc: memory.DefaultAllocator, Rows: 1000, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	rows := int64(0)
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return rows
}

func TestOperators(t *testing.T) {
	c := profiledConn(t)
	fifty := catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: int64(50)}
	for _, q := range []struct {
		sql    string
		values []catalog.Value
		want   []Operator
	}{
		{"SELECT 1", nil, []Operator{{0, "PROJECTION", 1, 0}, {1, "DUMMY_SCAN", 1, 0}}},
		// The projections pack and unpack what is sorted.
		{"SELECT i FROM t WHERE i < $1 ORDER BY i DESC", []catalog.Value{fifty},
			[]Operator{{0, "PROJECTION", 50, 0}, {1, "ORDER_BY", 50, 0}, {2, "PROJECTION", 50, 0}, {3, "TABLE_SCAN", 50, 0}}},
		// A materialised CTE gives no rows of its own: the answer's are counted where it is read.
		{"WITH x AS MATERIALIZED (FROM t) SELECT a.s FROM x a JOIN x b USING (i)", nil,
			[]Operator{{0, "CTE", 0, 0}, {1, "TABLE_SCAN", 100000, 0}, {1, "PROJECTION", 100000, 0}, {2, "HASH_JOIN", 100000, 0}, {3, "CTE_SCAN", 100000, 0}, {3, "CTE_SCAN", 100000, 0}}},
	} {
		readAll(t, c, q.sql, q.values...)
		got := c.Operators()
		var took time.Duration
		for i := range got {
			took += got[i].Time
			got[i].Time = 0
		}
		if !slices.Equal(got, q.want) {
			t.Errorf("%s: %+v, want %+v", q.sql, got, q.want)
		}
		if took <= 0 || took > time.Minute {
			t.Errorf("%s: took %v", q.sql, took)
		}
	}
}

// DuckDB's notes hold nothing of the statement: neither its text nor expressions.
func TestOperatorsHoldNoText(t *testing.T) {
	c := profiledConn(t)
	readAll(t, c, "SELECT max(i) FROM t WHERE s = 'hunter2' OR s LIKE '%hunter2%'")
	var walk func(info duckdb.ProfilingInfo) int
	walk = func(info duckdb.ProfilingInfo) int {
		nodes := 0
		all := duckdb.ProfilingInfoGetMetrics(info)
		text := duckdb.GetVarchar(all)
		duckdb.DestroyValue(&all)
		if strings.Contains(text, "TABLE_SCAN") {
			nodes = 1
		}
		if strings.Contains(text, "hunter2") || strings.Contains(strings.ToUpper(text), "EXTRA_INFO") {
			t.Errorf("noted: %s", text)
		}
		for i := range duckdb.ProfilingInfoGetChildCount(info) {
			nodes += walk(duckdb.ProfilingInfoGetChild(info, i))
		}
		return nodes
	}
	if n := walk(duckdb.GetProfilingInfo(c.conn)); n != 1 {
		t.Errorf("%d scans were noted, want 1", n)
	}
}

// Without the option nothing is noted, and nobody can ask for it later.
func TestOperatorsAreOff(t *testing.T) {
	db, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if db.Profiled() != nil {
		t.Error("a profiled connection that nobody asked for")
	}
	c, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(t.Context(), "SET SESSION enable_profiling = 'no_output'"); err == nil {
		t.Error("profiling was turned on after locking")
	}
	readAll(t, c, "SELECT 1")
	if got := c.Operators(); len(got) != 0 {
		t.Errorf("noted: %+v", got)
	}
}
