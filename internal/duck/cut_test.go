package duck

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// A batch holds the rows and bytes that it may, whatever DuckDB's chunks are, and
// no row is lost or comes twice at a cut.
func TestBatchLimits(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	_, c := open(t, Options{})
	for _, k := range []struct {
		name, sql   string
		rows, bytes int
		total, most int // most: rows in any batch
	}{
		{"one row", "SELECT i FROM range(50) r(i)", 1, 1 << 20, 50, 1},
		{"seven rows", "SELECT i FROM range(5000) r(i)", 7, 1 << 20, 5000, 7},
		{"rows across chunks", "SELECT i FROM range(10000) r(i)", 3000, 1 << 20, 10000, 3000},
		{"wide text", "SELECT i, repeat('x', 1000000) FROM range(10) r(i)", 1000, 3_500_000, 10, 3},
		{"text larger than a batch", "SELECT i, repeat('x', 1000000) FROM range(4) r(i)", 1000, 1000, 4, 1},
		{"wide and narrow", "SELECT i, CASE WHEN i % 100 = 7 THEN repeat('x', 1000000) END FROM range(3000) r(i)", 10000, 2_500_000, 3000, 300},
		{"lists", "SELECT i, [repeat('x', 100000), NULL, repeat('y', 100000)] FROM range(20) r(i)", 1000, 1_000_000, 20, 4},
		{"arrays", "SELECT i, CAST([i, i] AS BIGINT[2]), {'a': repeat('x', 500000)} FROM range(9) r(i)", 1000, 1_100_000, 9, 2},
		{"maps", "SELECT i, map([i], [repeat('x', 500000)]) FROM range(9) r(i)", 1000, 1_100_000, 9, 2},
		{"blobs, bits and enums", "SELECT i, repeat('x', 500000)::BLOB, repeat('01', 1000)::BIT, 'a'::ENUM('a') FROM range(9) r(i)", 1000, 1_100_000, 9, 2},
	} {
		stmt, err := c.Prepare(t.Context(), k.sql)
		if err != nil {
			t.Fatal(err)
		}
		r, err := stmt.Stream(t.Context(), nil, StreamOptions{Alloc: alloc, Rows: k.rows, Bytes: k.bytes})
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]bool, k.total)
		next := int64(0)
		for r.Next() {
			b := r.RecordBatch()
			if b.NumRows() > int64(k.most) {
				t.Errorf("%s: a batch of %d rows, want at most %d", k.name, b.NumRows(), k.most)
			}
			ids := b.Column(0).(interface{ Value(int) int64 })
			for i := range int(b.NumRows()) {
				if id := ids.Value(i); id != next || seen[id] {
					t.Fatalf("%s: row %d where %d is due", k.name, id, next)
				}
				seen[next] = true
				next++
			}
		}
		if r.Err() != nil || int(next) != k.total {
			t.Errorf("%s: %d rows, want %d: %v", k.name, next, k.total, r.Err())
		}
		r.Release()
		stmt.Close()
	}
}

// An interrupt ends the statement that was meant, however early it comes, and
// never the next one.
func TestInterruptHitsOnlyItsStatement(t *testing.T) {
	_, c := open(t, Options{})
	ended, end := context.WithCancel(t.Context())
	end()
	stop := c.interruptWith(ended)
	timer := time.NewTimer(5 * time.Millisecond) // the first interrupt has come and found nothing to stop
	<-timer.C
	var res duckdb.Result
	if state := duckdb.Query(c.conn, "SELECT count(*) FROM range(100000000000) a(i)", &res); state != duckdb.StateError {
		t.Error("a statement that began after its context had ended ran on")
	}
	duckdb.DestroyResult(&res)
	stop()
	for i := range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel)
		start := time.Now()
		err := c.Exec(ctx, "SELECT count(*) FROM range(100000000000) a(i)")
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("round %d: %v", i, err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("round %d: an interrupt took %v, stated 1 s", i, took)
		}
		timer.Stop()
		cancel()
		if got, err := c.QueryText(t.Context(), "SELECT max('usable' || i) FROM range(3000) r(i)"); err != nil || got != "usable999" {
			t.Fatalf("round %d: the next statement: %q %v", i, got, err)
		}
	}
}
