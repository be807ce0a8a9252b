package output

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// checkSchema makes sure that every column has the Arrow type that its declared
// type has everywhere (catalog.Type.Arrow): what the header part says is then true.
func checkSchema(schema *arrow.Schema, types []catalog.Type) error {
	if len(types) != schema.NumFields() {
		return errs.Internalf("a result of %d columns has %d declared types", schema.NumFields(), len(types))
	}
	for i, t := range types {
		if !t.Readable() {
			return errs.Internalf("column %d has no type", i+1)
		}
		if got, want := schema.Field(i).Type, t.Arrow(); !sameType(got, want) {
			return errs.Internalf("column %d is declared %s, which is %s in Arrow, but the stream has %s", i+1, t, want, got)
		}
	}
	return nil
}

// sameType compares Arrow types without the names of list and map children and
// without nullability, in which producers differ.
func sameType(a, b arrow.DataType) bool {
	if a == nil || b == nil || a.ID() != b.ID() {
		return false
	}
	switch a := a.(type) {
	case *arrow.MapType:
		b := b.(*arrow.MapType)
		return sameType(a.KeyType(), b.KeyType()) && sameType(a.ItemType(), b.ItemType())
	case *arrow.ListType:
		return sameType(a.Elem(), b.(*arrow.ListType).Elem())
	case *arrow.StructType:
		b := b.(*arrow.StructType)
		if a.NumFields() != b.NumFields() {
			return false
		}
		for i := range a.NumFields() {
			if a.Field(i).Name != b.Field(i).Name || !sameType(a.Field(i).Type, b.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return arrow.TypeEqual(a, b)
}
