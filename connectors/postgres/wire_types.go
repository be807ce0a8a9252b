package postgres

import (
	"github.com/lianji/lianji/catalog"
)

// op says how the bytes of a field become a value.
type op uint8

const (
	opNone op = iota
	opBool
	op16 // two bytes as they are: smallint
	op32 // integer, real, oid
	op64 // bigint, double precision, xid8
	opDecimal
	opText // text or bytes as they are
	opChar // text without its pad spaces
	opJSONB
	opDate
	opTime
	opTimestamp
	opInterval
	opUUID
	opList
)

// wireType is one type as PostgreSQL sends it in binary form.
type wireType struct {
	kind  catalog.Kind
	op    op
	array uint32 // the type number of its arrays
}

// wireTypes are the types that this connector decodes, by PostgreSQL's fixed
// type numbers. What a server announces for a column is looked up here and must
// agree with the column's type in the catalogue, so that a column that was
// altered meanwhile is an error and never a wrong value. Every other type
// travels as text, cast by the statement.
var wireTypes = map[uint32]wireType{
	16:   {catalog.Bool, opBool, 1000},
	17:   {catalog.Blob, opText, 1001},
	19:   {catalog.Text, opText, 1003}, // name
	20:   {catalog.Int64, op64, 1016},
	21:   {catalog.Int16, op16, 1005},
	23:   {catalog.Int32, op32, 1007},
	25:   {catalog.Text, opText, 1009},
	26:   {catalog.Uint32, op32, 1028}, // oid
	28:   {catalog.Uint32, op32, 1011}, // xid
	29:   {catalog.Uint32, op32, 1012}, // cid
	114:  {catalog.JSON, opText, 199},
	700:  {catalog.Float32, op32, 1021},
	701:  {catalog.Float64, op64, 1022},
	1042: {catalog.Text, opChar, 1014},
	1043: {catalog.Text, opText, 1015},
	1082: {catalog.Date, opDate, 1182},
	1083: {catalog.Time, opTime, 1183},
	1114: {catalog.Timestamp, opTimestamp, 1115},
	1184: {catalog.TimestampTZ, opTimestamp, 1185},
	1186: {catalog.Interval, opInterval, 1187},
	1700: {catalog.Decimal, opDecimal, 1231},
	2950: {catalog.UUID, opUUID, 2951},
	3802: {catalog.JSON, opJSONB, 3807},
	5069: {catalog.Uint64, op64, 271}, // xid8
}

// arrayTypes gives the element's type number of each array in wireTypes.
var arrayTypes = func() map[uint32]uint32 {
	m := make(map[uint32]uint32, len(wireTypes))
	for number, w := range wireTypes {
		m[w.array] = number
	}
	return m
}()
