package cli

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
)

// typeNamed gives a column's type that came as Arrow and has a name beside it: Arrow has
// one type for some of those that are shown, and the name says which. A name that does not
// fit says nothing.
func typeNamed(in arrow.DataType, name string) catalog.Type {
	t := typeOf(in)
	if elem, isList := strings.CutSuffix(name, "[]"); isList && t.Kind == catalog.List {
		return catalog.ListOf(typeNamed(t.Elem.Arrow(), elem))
	}
	for _, kind := range []catalog.Kind{catalog.UUID, catalog.JSON, catalog.HugeInt, catalog.Null} {
		if of := (catalog.Type{Kind: kind}); of.DuckDB() == name && arrow.TypeEqual(of.Arrow(), in) {
			return of
		}
	}
	return t
}

// typeOf is the way back from catalog.Type.Arrow: the type in whose name a column
// that came as Arrow is shown. Types that travel as text come back as text, and
// HUGEINT as a decimal. A type that no gateway sends is Invalid.
func typeOf(t arrow.DataType) catalog.Type {
	if kind, ok := plainKinds[t.ID()]; ok {
		return catalog.Type{Kind: kind}
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return catalog.DecimalOf(t.Precision, t.Scale)
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return catalog.Type{Kind: catalog.TimestampTZ}
		}
		return catalog.Type{Kind: timestampKinds[t.Unit]}
	case *arrow.MapType: // before a list, which it is too
		return catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{
			{Name: "key", Type: typeOf(t.KeyType())}, {Name: "value", Type: typeOf(t.ItemType())},
		}}
	case *arrow.ListType:
		return catalog.ListOf(typeOf(t.Elem()))
	case *arrow.StructType:
		out := catalog.Type{Kind: catalog.Struct}
		for _, f := range t.Fields() {
			out.Fields = append(out.Fields, catalog.Field{Name: f.Name, Type: typeOf(f.Type)})
		}
		return out
	}
	return catalog.Type{}
}

var plainKinds = map[arrow.Type]catalog.Kind{
	arrow.BOOL: catalog.Bool,
	arrow.INT8: catalog.Int8, arrow.INT16: catalog.Int16, arrow.INT32: catalog.Int32, arrow.INT64: catalog.Int64,
	arrow.UINT8: catalog.Uint8, arrow.UINT16: catalog.Uint16, arrow.UINT32: catalog.Uint32, arrow.UINT64: catalog.Uint64,
	arrow.FLOAT32: catalog.Float32, arrow.FLOAT64: catalog.Float64,
	arrow.STRING: catalog.Text, arrow.BINARY: catalog.Blob,
	arrow.DATE32: catalog.Date, arrow.TIME64: catalog.Time, arrow.INTERVAL_MONTH_DAY_NANO: catalog.Interval,
}

var timestampKinds = map[arrow.TimeUnit]catalog.Kind{
	arrow.Second: catalog.TimestampS, arrow.Millisecond: catalog.TimestampMS,
	arrow.Microsecond: catalog.Timestamp, arrow.Nanosecond: catalog.TimestampNS,
}
