package duck

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// What stands where a NULL is, is left over from before: it must not reach the
// booleans beside it, whose bits are packed eight at a time.
func TestBytesOfNullsDoNotSpread(t *testing.T) {
	logical := duckdb.CreateLogicalType(duckdb.TypeBoolean)
	defer duckdb.DestroyLogicalType(&logical)
	raw := duckdb.CreateVector(logical, 64)
	defer duckdb.DestroyVector(&raw)
	duckdb.VectorEnsureValidityWritable(raw)
	bytes := into[uint8](duckdb.VectorGetData(raw), 0, 64)
	for i := range bytes {
		bytes[i] = uint8(i % 2)
		if i%3 == 0 {
			bytes[i] = 0xff
			duckdb.ValiditySetRowInvalid(duckdb.VectorGetValidity(raw), duckdb.IdxT(i))
		}
	}
	b := array.NewBooleanBuilder(memory.DefaultAllocator)
	defer b.Release()
	d := &decoder{id: duckdb.TypeBoolean, typ: catalog.Type{Kind: catalog.Bool}}
	if _, err := d.append(b, newVector(raw), 0, 64); err != nil {
		t.Fatal(err)
	}
	a := b.NewBooleanArray()
	defer a.Release()
	for i := range 64 {
		if a.IsNull(i) != (i%3 == 0) || (a.IsValid(i) && a.Value(i) != (i%2 == 1)) {
			t.Errorf("row %d: null %v, value %v", i, a.IsNull(i), a.Value(i))
		}
	}
}
