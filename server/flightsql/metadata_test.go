package flightsql

import (
	"errors"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// manyTables are 5,000 tables of ten columns.
func manyTables() []*policy.Resource {
	columns := make([]catalog.Column, 10)
	for i := range columns {
		kind := []catalog.Kind{catalog.Text, catalog.Int32, catalog.Float64}[i%3]
		columns[i] = catalog.Column{Name: fmt.Sprintf("列%d", i), Type: catalog.Type{Kind: kind}, Comment: "说明"}
	}
	all := make([]*policy.Resource, 5000)
	for i := range all {
		all[i] = &policy.Resource{Path: []string{"档案", fmt.Sprintf("表%d", i)}, Table: &catalog.Table{Columns: columns}, Columns: columns}
	}
	return all
}

// The schemas of many tables leave in batches that fill a message, so that the gateway
// never holds all of them; and no more are made for a client that has gone.
func TestManyTables(t *testing.T) {
	c := &caller{session: server.Session{Snapshot: snapshot{list: manyTables()}}}
	answer, ok := new(door).known(c, &pb.CommandGetTables{IncludeSchema: true})
	if !ok {
		t.Fatal("no answer")
	}
	rows, batches := 0, 0
	err := answer.rows(func(batch arrow.RecordBatch) error {
		batches++
		if size := sizeOf(batch, 0, batch.NumRows()); size > mostBytes {
			t.Errorf("a batch of %d bytes", size)
		}
		for i := range int(batch.NumRows()) {
			if got, want := batch.Column(2).(*array.String).Value(i), fmt.Sprintf("表%d", rows); got != want {
				t.Fatalf("%s in the place of %s", got, want)
			}
			rows++
		}
		return nil
	})
	if err != nil || rows != 5000 || batches < 2 {
		t.Errorf("%d tables in %d batches, %v", rows, batches, err)
	}
	batches = 0
	gone := errors.New("gone")
	if err := answer.rows(func(arrow.RecordBatch) error { batches++; return gone }); !errors.Is(err, gone) || batches != 1 {
		t.Errorf("%v after %d batches", err, batches)
	}
}
