package duck

import (
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

var plainKinds = map[duckdb.Type]catalog.Kind{
	duckdb.TypeBoolean: catalog.Bool, duckdb.TypeTinyInt: catalog.Int8, duckdb.TypeSmallInt: catalog.Int16, duckdb.TypeInteger: catalog.Int32,
	duckdb.TypeBigInt: catalog.Int64, duckdb.TypeUTinyInt: catalog.Uint8, duckdb.TypeUSmallInt: catalog.Uint16, duckdb.TypeUInteger: catalog.Uint32,
	duckdb.TypeUBigInt: catalog.Uint64, duckdb.TypeFloat: catalog.Float32, duckdb.TypeDouble: catalog.Float64, duckdb.TypeBlob: catalog.Blob,
	duckdb.TypeDate: catalog.Date, duckdb.TypeTime: catalog.Time, duckdb.TypeTimestamp: catalog.Timestamp, duckdb.TypeTimestampS: catalog.TimestampS,
	duckdb.TypeTimestampMS: catalog.TimestampMS, duckdb.TypeTimestampNS: catalog.TimestampNS, duckdb.TypeTimestampTZ: catalog.TimestampTZ,
	duckdb.TypeInterval: catalog.Interval, duckdb.TypeUUID: catalog.UUID, duckdb.TypeHugeInt: catalog.HugeInt, duckdb.TypeUHugeInt: catalog.HugeInt,
	duckdb.TypeSQLNull: catalog.Null,
	// Read as text: DuckDB's Arrow form would lose the offset, the order or the name.
	duckdb.TypeEnum: catalog.Text, duckdb.TypeBit: catalog.Text, duckdb.TypeTimeTZ: catalog.Text,
}

// typeOf gives the gateway's type of a DuckDB type; Invalid when it has none
// (UNION, VARIANT, GEOMETRY, BIGNUM, TIME_NS).
func typeOf(t duckdb.LogicalType) catalog.Type {
	id := duckdb.GetTypeId(t)
	switch id {
	case duckdb.TypeVarchar, duckdb.TypeStringLiteral:
		if duckdb.LogicalTypeGetAlias(t) == "JSON" {
			return catalog.Type{Kind: catalog.JSON}
		}
		return catalog.Type{Kind: catalog.Text}
	case duckdb.TypeIntegerLiteral:
		return catalog.Type{Kind: catalog.Int32}
	case duckdb.TypeDecimal:
		return catalog.DecimalOf(int32(duckdb.DecimalWidth(t)), int32(duckdb.DecimalScale(t)))
	case duckdb.TypeList, duckdb.TypeArray:
		child := elementType(id, t)
		defer duckdb.DestroyLogicalType(&child)
		return catalog.ListOf(typeOf(child))
	case duckdb.TypeStruct:
		out := catalog.Type{Kind: catalog.Struct}
		for i := range duckdb.StructTypeChildCount(t) {
			child := duckdb.StructTypeChildType(t, i)
			out.Fields = append(out.Fields, catalog.Field{Name: duckdb.StructTypeChildName(t, i), Type: typeOf(child)})
			duckdb.DestroyLogicalType(&child)
		}
		return out
	case duckdb.TypeMap:
		k, v := duckdb.MapTypeKeyType(t), duckdb.MapTypeValueType(t)
		defer duckdb.DestroyLogicalType(&k)
		defer duckdb.DestroyLogicalType(&v)
		return catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: typeOf(k)}, {Name: "value", Type: typeOf(v)}}}
	}
	return catalog.Type{Kind: plainKinds[id]}
}

func elementType(id duckdb.Type, t duckdb.LogicalType) duckdb.LogicalType {
	if id == duckdb.TypeArray {
		return duckdb.ArrayTypeChildType(t)
	}
	return duckdb.ListTypeChildType(t)
}

var logicalTypes = map[catalog.Kind]duckdb.Type{
	catalog.Bool: duckdb.TypeBoolean, catalog.Int8: duckdb.TypeTinyInt, catalog.Int16: duckdb.TypeSmallInt, catalog.Int32: duckdb.TypeInteger,
	catalog.Int64: duckdb.TypeBigInt, catalog.Uint8: duckdb.TypeUTinyInt, catalog.Uint16: duckdb.TypeUSmallInt, catalog.Uint32: duckdb.TypeUInteger,
	catalog.Uint64: duckdb.TypeUBigInt, catalog.Float32: duckdb.TypeFloat, catalog.Float64: duckdb.TypeDouble, catalog.Blob: duckdb.TypeBlob,
	catalog.Date: duckdb.TypeDate, catalog.Time: duckdb.TypeTime, catalog.Timestamp: duckdb.TypeTimestamp, catalog.TimestampS: duckdb.TypeTimestampS,
	catalog.TimestampMS: duckdb.TypeTimestampMS, catalog.TimestampNS: duckdb.TypeTimestampNS, catalog.TimestampTZ: duckdb.TypeTimestampTZ,
	catalog.Interval: duckdb.TypeInterval, catalog.HugeInt: duckdb.TypeHugeInt, catalog.Null: duckdb.TypeInteger,
	// A scan hands these over as text; ScanColumnSQL casts them.
	catalog.Text: duckdb.TypeVarchar, catalog.UUID: duckdb.TypeVarchar, catalog.JSON: duckdb.TypeVarchar,
}

// scanType gives the DuckDB type in which a scan hands over values of t. The
// caller destroys it.
func scanType(t catalog.Type) duckdb.LogicalType {
	switch t.Kind {
	case catalog.Decimal:
		return duckdb.CreateDecimalType(uint8(t.Precision), uint8(t.Scale))
	case catalog.List:
		child := scanType(*t.Elem)
		defer duckdb.DestroyLogicalType(&child)
		return duckdb.CreateListType(child)
	case catalog.Struct:
		types, names := make([]duckdb.LogicalType, len(t.Fields)), make([]string, len(t.Fields))
		for i, f := range t.Fields {
			types[i], names[i] = scanType(f.Type), f.Name
		}
		defer destroyTypes(types)
		return duckdb.CreateStructType(types, names)
	case catalog.Map:
		k, v := scanType(t.Fields[0].Type), scanType(t.Fields[1].Type)
		defer destroyTypes([]duckdb.LogicalType{k, v})
		return duckdb.CreateMapType(k, v)
	}
	return duckdb.CreateLogicalType(logicalTypes[t.Kind])
}

func destroyTypes(types []duckdb.LogicalType) {
	for i := range types {
		duckdb.DestroyLogicalType(&types[i])
	}
}

// scanNeedsCast reports whether a scan hands over t in another type.
func scanNeedsCast(t catalog.Type) bool {
	if t.Kind == catalog.UUID || t.Kind == catalog.JSON {
		return true
	}
	if t.Elem != nil && scanNeedsCast(*t.Elem) {
		return true
	}
	for _, f := range t.Fields {
		if scanNeedsCast(f.Type) {
			return true
		}
	}
	return false
}
