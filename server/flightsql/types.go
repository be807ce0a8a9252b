package flightsql

import (
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/lianji/lianji/catalog"
)

// sqlType is how clients of tables know a type: by PostgreSQL's name, which carries no
// parameters and which their programs trust, beside the Arrow type.
type sqlType struct {
	name      string
	xdbc      pb.XdbcDataType
	precision int32 // digits, characters or bits that it can have; 0 where that has no end
	scale     int32
	quoted    bool // literals stand in quotes
	number    bool
	unsigned  bool
	subcode   pb.XdbcDatetimeSubcode
}

var sqlTypes = map[catalog.Kind]sqlType{
	catalog.Bool:        {name: "bool", xdbc: pb.XdbcDataType_XDBC_BIT, precision: 1},
	catalog.Int8:        {name: "int2", xdbc: pb.XdbcDataType_XDBC_TINYINT, precision: 3, number: true},
	catalog.Int16:       {name: "int2", xdbc: pb.XdbcDataType_XDBC_SMALLINT, precision: 5, number: true},
	catalog.Int32:       {name: "int4", xdbc: pb.XdbcDataType_XDBC_INTEGER, precision: 10, number: true},
	catalog.Int64:       {name: "int8", xdbc: pb.XdbcDataType_XDBC_BIGINT, precision: 19, number: true},
	catalog.Uint8:       {name: "int2", xdbc: pb.XdbcDataType_XDBC_TINYINT, precision: 3, number: true, unsigned: true},
	catalog.Uint16:      {name: "int4", xdbc: pb.XdbcDataType_XDBC_SMALLINT, precision: 5, number: true, unsigned: true},
	catalog.Uint32:      {name: "int8", xdbc: pb.XdbcDataType_XDBC_INTEGER, precision: 10, number: true, unsigned: true},
	catalog.Uint64:      {name: "numeric", xdbc: pb.XdbcDataType_XDBC_BIGINT, precision: 20, number: true, unsigned: true},
	catalog.Float32:     {name: "float4", xdbc: pb.XdbcDataType_XDBC_REAL, precision: 24, number: true},
	catalog.Float64:     {name: "float8", xdbc: pb.XdbcDataType_XDBC_DOUBLE, precision: 53, number: true},
	catalog.Decimal:     {name: "numeric", xdbc: pb.XdbcDataType_XDBC_DECIMAL, precision: 38, scale: 38, number: true},
	catalog.HugeInt:     {name: "numeric", xdbc: pb.XdbcDataType_XDBC_DECIMAL, precision: 38, number: true},
	catalog.Text:        {name: "text", xdbc: pb.XdbcDataType_XDBC_VARCHAR, quoted: true},
	catalog.UUID:        {name: "uuid", xdbc: pb.XdbcDataType_XDBC_VARCHAR, precision: 36, quoted: true},
	catalog.JSON:        {name: "json", xdbc: pb.XdbcDataType_XDBC_VARCHAR, quoted: true},
	catalog.Blob:        {name: "bytea", xdbc: pb.XdbcDataType_XDBC_VARBINARY, quoted: true},
	catalog.Date:        {name: "date", xdbc: pb.XdbcDataType_XDBC_DATE, precision: 10, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_DATE},
	catalog.Time:        {name: "time", xdbc: pb.XdbcDataType_XDBC_TIME, precision: 15, scale: 6, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIME},
	catalog.TimestampS:  {name: "timestamp", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, precision: 19, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP},
	catalog.TimestampMS: {name: "timestamp", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, precision: 23, scale: 3, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP},
	catalog.Timestamp:   {name: "timestamp", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, precision: 26, scale: 6, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP},
	catalog.TimestampNS: {name: "timestamp", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, precision: 29, scale: 9, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP},
	catalog.TimestampTZ: {name: "timestamptz", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, precision: 32, scale: 6, quoted: true, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP_WITH_TIMEZONE},
	catalog.Interval:    {name: "interval", xdbc: pb.XdbcDataType_XDBC_INTERVAL, quoted: true},
	catalog.Null:        {name: "text", xdbc: pb.XdbcDataType_XDBC_INTEGER},
	catalog.Struct:      {name: "json", xdbc: pb.XdbcDataType_XDBC_UNKNOWN_TYPE},
	catalog.Map:         {name: "json", xdbc: pb.XdbcDataType_XDBC_UNKNOWN_TYPE},
	catalog.List:        {name: "json", xdbc: pb.XdbcDataType_XDBC_UNKNOWN_TYPE},
}

// typeOf gives what clients of tables know of a type.
func typeOf(t catalog.Type) sqlType {
	s := sqlTypes[t.Kind]
	switch t.Kind {
	case catalog.Decimal:
		s.precision, s.scale = t.Precision, t.Scale
	case catalog.List:
		if element := *t.Elem; element.Kind != catalog.List && element.Kind != catalog.Struct && element.Kind != catalog.Map {
			s.name = sqlTypes[element.Kind].name + "[]"
		}
	}
	return s
}
