package flightsql

import (
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/server"
)

// BenchmarkTables gives the schemas of 5,000 tables, as JDBC's getColumns asks for them.
func BenchmarkTables(b *testing.B) {
	d, c := &door{}, &caller{session: server.Session{Snapshot: snapshot{list: manyTables()}}}
	b.ReportAllocs()
	for b.Loop() {
		answer, _ := d.known(c, &pb.CommandGetTables{IncludeSchema: true})
		rows := int64(0)
		if err := answer.rows(func(batch arrow.RecordBatch) error { rows += batch.NumRows(); return nil }); err != nil || rows != 5000 {
			b.Fatal(rows, err)
		}
	}
}

// BenchmarkSealed makes a ticket of a small statement and opens it again.
func BenchmarkSealed(b *testing.B) {
	s, err := newSealer(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	what := &sealed{
		Number: number{1, 2, 255}, Made: time.Now(), Principal: "wang", Agency: "MZ", Purpose: "DB", Mode: "interface", Snapshot: "0123456789abcdef",
		SQL: "SELECT id, xm, sfzh, qx, n FROM 公安.人口 WHERE id = $1", Names: []string{"1"}, Params: []server.Param{{Text: "4711", Type: catalog.Type{Kind: catalog.Int64}}}, Bound: true, Schema: make([]byte, 32),
	}
	b.ReportAllocs()
	for b.Loop() {
		text, err := s.seal(ticketKind, what)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.open(ticketKind, text); err != nil {
			b.Fatal(err)
		}
	}
}
