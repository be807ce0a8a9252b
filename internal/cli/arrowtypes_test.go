package cli

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
)

// Whatever a gateway sends comes back as a type that is the same in Arrow.
func TestTypesComeBack(t *testing.T) {
	i := catalog.Type{Kind: catalog.Int64}
	fields := []catalog.Field{{Name: "key", Type: i}, {Name: "value", Type: catalog.ListOf(i)}}
	all := []catalog.Type{
		catalog.DecimalOf(12, 3), catalog.ListOf(catalog.ListOf(i)), {Kind: catalog.Struct, Fields: fields}, {Kind: catalog.Map, Fields: fields},
	}
	for kind := catalog.Bool; kind <= catalog.Null; kind++ {
		switch kind {
		case catalog.Decimal, catalog.List, catalog.Struct, catalog.Map:
		default:
			all = append(all, catalog.Type{Kind: kind})
		}
	}
	for _, want := range all {
		got := typeOf(want.Arrow())
		if !got.Readable() || !arrow.TypeEqual(got.Arrow(), want.Arrow()) {
			t.Errorf("%s came back as %s", want, got)
		}
		if got := typeNamed(want.Arrow(), want.DuckDB()); !got.Equal(want) {
			t.Errorf("%s came back as %s with its name", want, got)
		}
		if list := catalog.ListOf(want); !typeNamed(list.Arrow(), list.DuckDB()).Equal(list) {
			t.Errorf("%s came back as %s with its name", list, typeNamed(list.Arrow(), list.DuckDB()))
		}
		if got := typeNamed(arrow.BinaryTypes.Binary, want.DuckDB()); got.Kind != catalog.Blob {
			t.Errorf("bytes called %s came back as %s", want, got)
		}
		switch want.Kind {
		case catalog.UUID, catalog.JSON, catalog.HugeInt, catalog.Null: // known only by their Arrow type
		default:
			if !got.Equal(want) {
				t.Errorf("%s came back as %s", want, got)
			}
		}
	}
	if typeOf(arrow.FixedWidthTypes.Float16).Readable() {
		t.Error("a type that no gateway sends")
	}
}
