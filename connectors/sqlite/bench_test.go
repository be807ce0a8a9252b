package sqlite

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"zombiezen.com/go/sqlite"
)

const benchRows = 200_000

func benchFile(b *testing.B) string {
	return scratch(b, `CREATE TABLE t (id INTEGER PRIMARY KEY, idno TEXT, name TEXT, born DATE, amount DECIMAL(12,2), ok BOOLEAN);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000)
		INSERT INTO t SELECT n, printf('%018d', n * 7919), '张三' || n % 1000, date(n % 20000, 'unixepoch', '+' || (n % 20000) || ' days'), n / 100.0, n % 2 FROM c`)
}

// BenchmarkScan reads 200,000 rows of six columns into batches.
func BenchmarkScan(b *testing.B) {
	src, tables := described(b, benchFile(b))
	frag := where(b, tables["t"], []string{"id", "idno", "name", "born", "amount", "ok"})
	frag.Alloc = memory.NewGoAllocator()
	conns, err := src.Acquire(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer conns[0].Release()
	b.ReportAllocs()
	for b.Loop() {
		s, err := conns[0].Scan(b.Context(), frag)
		if err != nil {
			b.Fatal(err)
		}
		rows := int64(0)
		for s.Next() {
			rows += s.RecordBatch().NumRows()
		}
		if s.Err() != nil || rows != benchRows {
			b.Fatal(rows, s.Err())
		}
		s.Release()
	}
}

// BenchmarkDriver is the floor: the driver's own loop over the same cells, with
// one text of each copied and nothing checked or kept.
func BenchmarkDriver(b *testing.B) {
	db := writer(b, benchFile(b))
	defer db.Close()
	b.ReportAllocs()
	for b.Loop() {
		stmt, _, err := db.PrepareTransient("SELECT id, idno, name, born, amount, ok FROM t")
		if err != nil {
			b.Fatal(err)
		}
		buffer, rows := make([]byte, 64), 0
		for {
			row, err := stmt.Step()
			if err != nil {
				b.Fatal(err)
			}
			if !row {
				break
			}
			rows++
			for i := range 6 {
				switch stmt.ColumnType(i) {
				case sqlite.TypeInteger:
					_ = stmt.ColumnInt64(i)
				case sqlite.TypeFloat:
					_ = stmt.ColumnFloat(i)
				default:
					_ = stmt.ColumnBytes(i, buffer)
				}
			}
		}
		if err := stmt.Finalize(); err != nil || rows != benchRows {
			b.Fatal(rows, err)
		}
	}
}
