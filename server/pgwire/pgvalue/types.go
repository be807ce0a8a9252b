// Package pgvalue writes values as PostgreSQL does on its wire, in text and binary, and
// reads parameters. What each type of the gateway is there, docs/pgwire.md lists.
package pgvalue

import (
	"github.com/lianji/lianji/catalog"
)

// Type is how a type of the gateway is announced.
type Type struct {
	OID      uint32
	Size     int16 // in bytes; -1 for one of any length
	Modifier int32 // of numeric: digits and scale; -1 for none
}

// OIDs of PostgreSQL's own types.
const (
	BoolOID        = 16
	ByteaOID       = 17
	NameOID        = 19
	Int8OID        = 20
	Int2OID        = 21
	Int2vectorOID  = 22
	Int4OID        = 23
	TextOID        = 25
	OidOID         = 26
	OidvectorOID   = 30
	JSONOID        = 114
	Float4OID      = 700
	Float8OID      = 701
	UnknownOID     = 705
	BpcharOID      = 1042
	VarcharOID     = 1043
	DateOID        = 1082
	TimeOID        = 1083
	TimestampOID   = 1114
	TimestamptzOID = 1184
	IntervalOID    = 1186
	NumericOID     = 1700
	UUIDOID        = 2950
	JSONBOID       = 3802
)

// arrays has the type of the array of each element type.
var arrays = map[uint32]uint32{
	BoolOID: 1000, ByteaOID: 1001, Int8OID: 1016, Int2OID: 1005, Int4OID: 1007, TextOID: 1009, JSONOID: 199,
	Float4OID: 1021, Float8OID: 1022, DateOID: 1182, TimeOID: 1183, TimestampOID: 1115, TimestamptzOID: 1185,
	IntervalOID: 1187, NumericOID: 1231, UUIDOID: 2951, OidOID: 1028, VarcharOID: 1015, BpcharOID: 1014, NameOID: 1003, JSONBOID: 3807,
}

var sizes = map[uint32]int16{
	BoolOID: 1, Int8OID: 8, Int2OID: 2, Int4OID: 4, OidOID: 4, Float4OID: 4, Float8OID: 8, DateOID: 4, TimeOID: 8,
	TimestampOID: 8, TimestamptzOID: 8, IntervalOID: 16, UUIDOID: 16,
}

var kinds = map[catalog.Kind]uint32{
	catalog.Bool: BoolOID, catalog.Int8: Int2OID, catalog.Int16: Int2OID, catalog.Int32: Int4OID, catalog.Int64: Int8OID,
	catalog.Uint8: Int2OID, catalog.Uint16: Int4OID, catalog.Uint32: Int8OID, catalog.Uint64: NumericOID,
	catalog.Float32: Float4OID, catalog.Float64: Float8OID, catalog.Decimal: NumericOID, catalog.HugeInt: NumericOID,
	catalog.Text: TextOID, catalog.Blob: ByteaOID, catalog.Date: DateOID, catalog.Time: TimeOID,
	catalog.TimestampS: TimestampOID, catalog.TimestampMS: TimestampOID, catalog.Timestamp: TimestampOID, catalog.TimestampNS: TimestampOID,
	catalog.TimestampTZ: TimestamptzOID, catalog.Interval: IntervalOID, catalog.UUID: UUIDOID, catalog.JSON: JSONOID,
	catalog.Struct: JSONOID, catalog.Map: JSONOID, catalog.Null: TextOID,
}

// Style says how values are announced and written. The zero value is that of people's data.
type Style struct {
	// OIDs takes unsigned 32-bit numbers for PostgreSQL's oid, as its catalogue has them, and
	// lists of unsigned 16-bit and 64-bit numbers for its int2vector and oidvector.
	OIDs bool
}

// Of gives PostgreSQL's type for one of the gateway in the zero Style.
func Of(t catalog.Type) Type { return Style{}.Of(t) }

// Of gives PostgreSQL's type for one of the gateway. Structs, maps and lists of such or of
// lists are json: PostgreSQL's arrays have no ragged rows, and few clients read its records.
func (s Style) Of(t catalog.Type) Type {
	oid := s.oidOf(t)
	w := Type{OID: oid, Size: -1, Modifier: -1}
	if size, ok := sizes[oid]; ok {
		w.Size = size
	}
	if t.Kind == catalog.Decimal {
		w.Modifier = t.Precision<<16 | t.Scale + 4
	}
	return w
}

func (s Style) oidOf(t catalog.Type) uint32 {
	if t.Kind == catalog.Uint32 && s.OIDs {
		return OidOID
	}
	if t.Kind == catalog.Uint16 && s.OIDs {
		return Int2OID
	}
	if t.Kind != catalog.List {
		return kinds[t.Kind]
	}
	if vector := s.vectorOf(t); vector != 0 {
		return vector
	}
	if element := *t.Elem; !nested(element) {
		return arrays[s.oidOf(element)]
	}
	return JSONOID
}

// vectorOf gives the vector that a list is; 0 for none.
func (s Style) vectorOf(t catalog.Type) uint32 {
	switch {
	case !s.OIDs || t.Kind != catalog.List:
		return 0
	case t.Elem.Kind == catalog.Uint16:
		return Int2vectorOID
	case t.Elem.Kind == catalog.Uint64:
		return OidvectorOID
	}
	return 0
}

func nested(t catalog.Type) bool {
	return t.Kind == catalog.List || t.Kind == catalog.Struct || t.Kind == catalog.Map
}

// Declared gives the gateway's type for the one that a client declares for a parameter;
// none where the client leaves it open: unknown, and text, which is what clients write
// everything as that they have no type for. False is a type that no parameter has here.
func Declared(oid uint32) (catalog.Type, bool) {
	switch oid {
	case 0, UnknownOID, TextOID, VarcharOID, BpcharOID, NameOID, NumericOID:
		// A numeric's digits and scale are those of the place where it stands, or its own.
		return catalog.Type{}, true
	case JSONBOID:
		return catalog.Type{Kind: catalog.JSON}, true
	case OidOID:
		return catalog.Type{Kind: catalog.Int64}, true
	}
	for element, array := range arrays {
		if array != oid {
			continue
		}
		t, ok := Declared(element)
		switch {
		case element == NumericOID:
			return catalog.Type{}, true
		case !t.Readable(): // of a type that is left open
			t = catalog.Type{Kind: catalog.Text}
		}
		return catalog.ListOf(t), ok
	}
	kind, ok := declaredKinds[oid]
	return catalog.Type{Kind: kind}, ok
}

var declaredKinds = map[uint32]catalog.Kind{
	BoolOID: catalog.Bool, Int2OID: catalog.Int16, Int4OID: catalog.Int32, Int8OID: catalog.Int64, Float4OID: catalog.Float32,
	Float8OID: catalog.Float64, DateOID: catalog.Date, TimeOID: catalog.Time, TimestampOID: catalog.Timestamp,
	TimestamptzOID: catalog.TimestampTZ, UUIDOID: catalog.UUID, JSONOID: catalog.JSON, ByteaOID: catalog.Blob,
}
