package postgres

import (
	"encoding/binary"
	"math"

	"github.com/lianji/lianji/catalog"
)

// Formats of a field on the wire.
const (
	formatText   int16 = 0
	formatBinary int16 = 1
)

// bind turns values into what a Bind message carries, and gives the type numbers
// that the placeholders must have for that.
func bind(values []catalog.Value) (fields [][]byte, formats []int16, numbers []uint32, ok bool) {
	if len(values) > math.MaxUint16 {
		return nil, nil, nil, false
	}
	fields, formats, numbers = make([][]byte, len(values)), make([]int16, len(values)), make([]uint32, len(values))
	for i, v := range values {
		if numbers[i], ok = parameterTypes[v.Type.Kind]; !ok {
			return nil, nil, nil, false
		}
		if v.IsNull() {
			continue
		}
		if fields[i], formats[i], ok = field(v); !ok {
			return nil, nil, nil, false
		}
	}
	return fields, formats, numbers, true
}

var parameterTypes = map[catalog.Kind]uint32{
	catalog.Bool: 16, catalog.Blob: 17, catalog.Int64: 20, catalog.Int16: 21, catalog.Int32: 23, catalog.Text: 25,
	catalog.Float32: 700, catalog.Float64: 701, catalog.Date: 1082, catalog.Time: 1083,
	catalog.Timestamp: 1114, catalog.TimestampTZ: 1184, catalog.Decimal: 1700, catalog.UUID: 2950,
}

// field writes one value; false when its Go type is not the one that goes with
// its kind or PostgreSQL's type cannot hold it.
func field(v catalog.Value) ([]byte, int16, bool) {
	switch x := v.V.(type) {
	case bool:
		if v.Type.Kind == catalog.Bool {
			if x {
				return []byte{1}, formatBinary, true
			}
			return []byte{0}, formatBinary, true
		}
	case []byte:
		if v.Type.Kind == catalog.Blob {
			return append([]byte{}, x...), formatBinary, true // never nil: nil is NULL
		}
	case string:
		switch v.Type.Kind {
		case catalog.Text, catalog.Decimal, catalog.UUID:
			return append([]byte{}, x...), formatText, true
		}
	case float64:
		switch v.Type.Kind {
		case catalog.Float64:
			return binary.BigEndian.AppendUint64(nil, math.Float64bits(x)), formatBinary, true
		case catalog.Float32:
			return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(x))), formatBinary, true
		}
	case int64:
		return integerField(v.Type.Kind, x)
	}
	return nil, 0, false
}

func integerField(kind catalog.Kind, x int64) ([]byte, int16, bool) {
	switch kind {
	case catalog.Int16:
		return binary.BigEndian.AppendUint16(nil, uint16(x)), formatBinary, x == int64(int16(x))
	case catalog.Date:
		x -= epochDays
		fallthrough
	case catalog.Int32:
		return binary.BigEndian.AppendUint32(nil, uint32(x)), formatBinary, x == int64(int32(x))
	case catalog.Timestamp, catalog.TimestampTZ:
		if x < math.MinInt64+epochMicros {
			return nil, 0, false
		}
		x -= epochMicros
		fallthrough
	case catalog.Int64, catalog.Time:
		return binary.BigEndian.AppendUint64(nil, uint64(x)), formatBinary, true
	}
	return nil, 0, false
}
