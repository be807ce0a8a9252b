package output

import (
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The library ends the file after a batch that it could not write: these bytes,
// which would make it whole, go nowhere.
func TestNobodyElseEndsAParquetFile(t *testing.T) {
	b := array.NewInt8Builder(memory.NewGoAllocator())
	defer b.Release()
	b.Append(1)
	values := b.NewArray()
	defer values.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.PrimitiveTypes.Int8, Nullable: true}}, nil)
	batch := array.NewRecordBatch(schema, []arrow.Array{values}, 1)
	defer batch.Release()
	out := &sink{}
	p := &parquetFile{schema: schema, out: parquetOut{sink: out}}
	if err := p.open(); err != nil {
		t.Fatal(err)
	}
	if err := p.write(batch); err != nil {
		t.Fatal(err)
	}
	if err := p.w.Close(); !errors.Is(err, errShut) || string(out.buf) != "PAR1" {
		t.Errorf("%v, and there is %q", err, out.buf)
	}
}
