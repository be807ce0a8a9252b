package mysql

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// The protocol's numbers of types.
const (
	typeTiny       = 0x01
	typeShort      = 0x02
	typeLong       = 0x03
	typeFloat      = 0x04
	typeDouble     = 0x05
	typeNull       = 0x06
	typeTimestamp  = 0x07
	typeLongLong   = 0x08
	typeInt24      = 0x09
	typeDate       = 0x0A
	typeTime       = 0x0B
	typeDateTime   = 0x0C
	typeYear       = 0x0D
	typeVarChar    = 0x0F
	typeBit        = 0x10
	typeJSON       = 0xF5
	typeNewDecimal = 0xF6
	typeEnum       = 0xF7
	typeSet        = 0xF8
	typeTinyBlob   = 0xF9
	typeMediumBlob = 0xFA
	typeLongBlob   = 0xFB
	typeBlob       = 0xFC
	typeVarString  = 0xFD
	typeString     = 0xFE
	typeGeometry   = 0xFF
)

const (
	flagUnsigned  = 0x0020
	charsetBinary = 63
)

// op says how a value's bytes become a value.
type op uint8

const (
	opNone op = iota
	op8
	op16
	op32
	op64
	opWiden // a whole number of fewer bytes than the vector's
	opText  // text or bytes as they are
	opDecimal
	opDate
	opMoment
	opDuration
	opBool // bit(1)
	opBits // bit(n) as its digits
)

// reading gives how values of a type are read from a column as the server announces
// it; false when the two do not belong together, so that a column that was altered
// meanwhile is an error and never a wrong value.
func reading(t catalog.Type, c column) (op, bool) {
	switch t.Kind {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		return wholeReading(t.Kind, c)
	case catalog.Float32:
		return op32, c.kind == typeFloat
	case catalog.Float64:
		return op64, c.kind == typeDouble
	case catalog.Decimal:
		return opDecimal, c.kind == typeNewDecimal
	case catalog.Bool:
		return opBool, c.kind == typeBit && c.length == 1
	case catalog.Date:
		return opDate, c.kind == typeDate
	case catalog.Timestamp:
		return opMoment, c.kind == typeDateTime
	case catalog.TimestampTZ:
		return opMoment, c.kind == typeTimestamp
	case catalog.Interval:
		return opDuration, c.kind == typeTime
	case catalog.Blob:
		return opText, c.charset == charsetBinary && oneOf(c.kind, stringTypes) || c.kind == typeGeometry
	case catalog.JSON:
		return opText, c.kind == typeJSON || c.charset != charsetBinary && oneOf(c.kind, stringTypes)
	case catalog.UUID:
		return opText, oneOf(c.kind, stringTypes)
	case catalog.Text:
		switch c.kind {
		case typeBit:
			return opBits, c.length >= 1 && c.length <= 64
		case typeNewDecimal:
			return opText, true
		}
		return opText, c.charset != charsetBinary && oneOf(c.kind, stringTypes)
	}
	return opNone, false
}

// width is what a whole number has on the wire and in Arrow.
type width struct {
	bytes  int
	signed bool
}

var wholeKinds = map[catalog.Kind]width{
	catalog.Int8: {1, true}, catalog.Int16: {2, true}, catalog.Int32: {4, true}, catalog.Int64: {8, true},
	catalog.Uint8: {1, false}, catalog.Uint16: {2, false}, catalog.Uint32: {4, false}, catalog.Uint64: {8, false},
}

// wireWidth gives what a whole number has on the wire; no bytes when c is none.
func wireWidth(c column) width {
	w := width{signed: c.flags&flagUnsigned == 0}
	switch c.kind {
	case typeTiny:
		w.bytes = 1
	case typeShort:
		w.bytes = 2
	case typeYear: // said to be unsigned, and at most 2155
		return width{2, true}
	case typeLong, typeInt24:
		w.bytes = 4
	case typeLongLong:
		w.bytes = 8
	}
	return w
}

// wholeReading: a column is of the type that was described. What the server computes
// may come in fewer bytes, such as the BIGINT 1 in four; every value fits all the same.
func wholeReading(kind catalog.Kind, c column) (op, bool) {
	wire, here := wireWidth(c), wholeKinds[kind]
	if wire == here {
		return map[int]op{1: op8, 2: op16, 4: op32, 8: op64}[wire.bytes], true
	}
	return opWiden, wire.bytes > 0 && wire.bytes < here.bytes && (here.signed || !wire.signed)
}

var stringTypes = []byte{typeVarChar, typeEnum, typeSet, typeTinyBlob, typeMediumBlob, typeLongBlob, typeBlob, typeVarString, typeString}

func oneOf(kind byte, kinds []byte) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

const maxDigits = 38

var decimalForm = regexp.MustCompile(`^decimal\((\d+)(?:,(\d+))?\)`)

// resolve gives the type of a column from what information_schema says of it: the
// type's name, and its full spelling.
func resolve(name, spelling string) catalog.Type {
	kind, known := kinds[name]
	if !known {
		return catalog.Type{}
	}
	switch kind {
	case catalog.Decimal:
		m := decimalForm.FindStringSubmatch(spelling)
		if m == nil {
			return catalog.Type{}
		}
		precision, _ := strconv.Atoi(m[1])
		scale, _ := strconv.Atoi(m[2])
		if precision > maxDigits {
			return catalog.Type{Kind: catalog.Text}
		}
		return catalog.DecimalOf(int32(precision), int32(scale))
	case catalog.Bool:
		if spelling != "bit(1)" {
			kind = catalog.Text
		}
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		if strings.Contains(spelling, "unsigned") && name != "year" {
			kind = unsignedKinds[kind]
		}
	}
	return catalog.Type{Kind: kind}
}

// kinds are the types of MySQL and MariaDB by the names in information_schema. What
// is not listed cannot be read.
var kinds = map[string]catalog.Kind{
	"tinyint": catalog.Int8, "smallint": catalog.Int16, "mediumint": catalog.Int32, "int": catalog.Int32, "bigint": catalog.Int64,
	"decimal": catalog.Decimal, "float": catalog.Float32, "double": catalog.Float64, "bit": catalog.Bool, "year": catalog.Int16,
	"date": catalog.Date, "datetime": catalog.Timestamp, "timestamp": catalog.TimestampTZ, "time": catalog.Interval,
	"char": catalog.Text, "varchar": catalog.Text, "tinytext": catalog.Text, "text": catalog.Text, "mediumtext": catalog.Text, "longtext": catalog.Text,
	"enum": catalog.Text, "set": catalog.Text, "json": catalog.JSON,
	"binary": catalog.Blob, "varbinary": catalog.Blob, "tinyblob": catalog.Blob, "blob": catalog.Blob, "mediumblob": catalog.Blob, "longblob": catalog.Blob,
	"geometry": catalog.Blob, "point": catalog.Blob, "linestring": catalog.Blob, "polygon": catalog.Blob, "multipoint": catalog.Blob,
	"multilinestring": catalog.Blob, "multipolygon": catalog.Blob, "geometrycollection": catalog.Blob, "geomcollection": catalog.Blob,
	"uuid": catalog.UUID, "inet4": catalog.Text, "inet6": catalog.Text,
}

var unsignedKinds = map[catalog.Kind]catalog.Kind{
	catalog.Int8: catalog.Uint8, catalog.Int16: catalog.Uint16, catalog.Int32: catalog.Uint32, catalog.Int64: catalog.Uint64,
}
