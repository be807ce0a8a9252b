package catalog

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Kind names a type of the gateway. The zero Kind is no type: a column that has
// it cannot be read, only named in an error.
type Kind uint8

// The closed list of kinds. What each source type becomes is in docs/types.md.
const (
	Invalid Kind = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Decimal     // 1 to 38 digits, Precision and Scale set
	Text        // UTF-8
	Blob        // bytes
	Date        // days since 1970-01-01
	Time        // microseconds since midnight, no zone
	TimestampS  // wall clock, seconds
	TimestampMS // wall clock, milliseconds
	Timestamp   // wall clock, microseconds
	TimestampNS // wall clock, nanoseconds
	TimestampTZ // instant, microseconds since the epoch in UTC
	Interval    // months, days, microseconds
	UUID        // canonical lower-case text in Arrow
	JSON        // text holding one JSON value
	HugeInt     // 128-bit integer, a result of DuckDB's sum; at most 38 digits leave the gateway
	List        // Elem set
	Struct      // Fields set
	Map         // Fields[0] is the key, Fields[1] the value
	Null        // the type of a bare NULL
)

// Field is a named part of a Struct or Map.
type Field struct {
	Name string
	Type Type
}

// Type is a column's type. It is a value: never change one that is in use.
type Type struct {
	Kind      Kind
	Precision int32 // Decimal: digits in all, 1 to 38
	Scale     int32 // Decimal: digits after the point, 0 to Precision
	Elem      *Type // List: the element's type
	Fields    []Field
}

// DecimalOf gives decimal(precision, scale).
func DecimalOf(precision, scale int32) Type {
	return Type{Kind: Decimal, Precision: precision, Scale: scale}
}

// ListOf gives the type of a list of elem.
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

var kindNames = [...]string{
	Bool: "BOOLEAN", Int8: "TINYINT", Int16: "SMALLINT", Int32: "INTEGER", Int64: "BIGINT",
	Uint8: "UTINYINT", Uint16: "USMALLINT", Uint32: "UINTEGER", Uint64: "UBIGINT",
	Float32: "FLOAT", Float64: "DOUBLE", Text: "VARCHAR", Blob: "BLOB", Date: "DATE", Time: "TIME",
	TimestampS: "TIMESTAMP_S", TimestampMS: "TIMESTAMP_MS", Timestamp: "TIMESTAMP", TimestampNS: "TIMESTAMP_NS",
	TimestampTZ: "TIMESTAMP WITH TIME ZONE", Interval: "INTERVAL", UUID: "UUID", JSON: "JSON", HugeInt: "HUGEINT",
	Null: `"NULL"`,
}

// DuckDB spells the type as DuckDB writes it, for stubs, casts and messages.
// The spelling of an Invalid type is empty.
func (t Type) DuckDB() string {
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case List:
		return t.Elem.DuckDB() + "[]"
	case Struct:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = QuoteIdent(f.Name) + " " + f.Type.DuckDB()
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	case Map:
		return "MAP(" + t.Fields[0].Type.DuckDB() + ", " + t.Fields[1].Type.DuckDB() + ")"
	}
	if int(t.Kind) < len(kindNames) {
		return kindNames[t.Kind]
	}
	return ""
}

func (t Type) String() string { return t.DuckDB() }

// Equal reports whether two types are the same in every part.
func (t Type) Equal(o Type) bool {
	if t.Kind != o.Kind || t.Precision != o.Precision || t.Scale != o.Scale || len(t.Fields) != len(o.Fields) || (t.Elem == nil) != (o.Elem == nil) {
		return false
	}
	if t.Elem != nil && !t.Elem.Equal(*o.Elem) {
		return false
	}
	for i, f := range t.Fields {
		if f.Name != o.Fields[i].Name || !f.Type.Equal(o.Fields[i].Type) {
			return false
		}
	}
	return true
}

// Arrow gives the Arrow type in which values of t travel and leave the gateway:
// one table for results that were passed through, pushed in parts or computed here.
// It is nil for an Invalid type.
func (t Type) Arrow() arrow.DataType {
	switch t.Kind {
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Int8:
		return arrow.PrimitiveTypes.Int8
	case Int16:
		return arrow.PrimitiveTypes.Int16
	case Int32, Null:
		return arrow.PrimitiveTypes.Int32
	case Int64:
		return arrow.PrimitiveTypes.Int64
	case Uint8:
		return arrow.PrimitiveTypes.Uint8
	case Uint16:
		return arrow.PrimitiveTypes.Uint16
	case Uint32:
		return arrow.PrimitiveTypes.Uint32
	case Uint64:
		return arrow.PrimitiveTypes.Uint64
	case Float32:
		return arrow.PrimitiveTypes.Float32
	case Float64:
		return arrow.PrimitiveTypes.Float64
	case Decimal:
		return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}
	case HugeInt:
		return &arrow.Decimal128Type{Precision: 38}
	case Text, UUID, JSON:
		return arrow.BinaryTypes.String
	case Blob:
		return arrow.BinaryTypes.Binary
	case Date:
		return arrow.FixedWidthTypes.Date32
	case Time:
		return arrow.FixedWidthTypes.Time64us
	case TimestampS:
		return &arrow.TimestampType{Unit: arrow.Second}
	case TimestampMS:
		return &arrow.TimestampType{Unit: arrow.Millisecond}
	case Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case TimestampNS:
		return &arrow.TimestampType{Unit: arrow.Nanosecond}
	case TimestampTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case Interval:
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case List:
		return arrow.ListOf(t.Elem.Arrow())
	case Struct:
		fields := make([]arrow.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = arrow.Field{Name: f.Name, Type: f.Type.Arrow(), Nullable: true}
		}
		return arrow.StructOf(fields...)
	case Map:
		return arrow.MapOf(t.Fields[0].Type.Arrow(), t.Fields[1].Type.Arrow())
	}
	return nil
}

// Readable reports whether every part of t has a kind.
func (t Type) Readable() bool {
	if t.Kind == Invalid || (t.Kind == List && t.Elem == nil) || (t.Kind == Map && len(t.Fields) != 2) {
		return false
	}
	if t.Elem != nil && !t.Elem.Readable() {
		return false
	}
	for _, f := range t.Fields {
		if !f.Type.Readable() {
			return false
		}
	}
	return true
}

// QuoteIdent writes name as a quoted identifier: always quoted, embedded quotes
// doubled. DuckDB, PostgreSQL and SQLite share this form.
func QuoteIdent(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
