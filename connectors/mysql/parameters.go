package mysql

import (
	"encoding/binary"
	"math"

	"github.com/lianji/lianji/catalog"
)

// parameters are bound values as an execute command carries them.
type parameters struct {
	count  int
	nulls  []byte // one bit for each value
	types  []byte // two bytes for each
	values []byte
}

// unsigned is set in the second byte of a type.
const unsigned = 0x80

// bind writes values; false when a Go type is not the one that goes with its kind or
// MySQL's type cannot hold it.
func bind(values []catalog.Value) (parameters, bool) {
	p := parameters{count: len(values), nulls: make([]byte, (len(values)+7)/8)}
	if len(values) > math.MaxUint16 {
		return p, false
	}
	for i, v := range values {
		if v.IsNull() {
			p.nulls[i/8] |= 1 << (i % 8)
			p.types = append(p.types, typeNull, 0)
			continue
		}
		if !p.add(v) {
			return p, false
		}
	}
	return p, true
}

func (p *parameters) add(v catalog.Value) bool {
	kind, sign := byte(0), byte(0)
	little := binary.LittleEndian
	switch x := v.V.(type) {
	case bool:
		if v.Type.Kind != catalog.Bool {
			return false
		}
		kind = typeTiny
		if x {
			p.values = append(p.values, 1)
		} else {
			p.values = append(p.values, 0)
		}
	case int64:
		switch v.Type.Kind {
		case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
			kind = typeLongLong
			p.values = little.AppendUint64(p.values, uint64(x))
		case catalog.Date:
			year, month, day := civil(x)
			if year < 0 || year > maxYear {
				return false
			}
			kind = typeDate
			p.values = append(little.AppendUint16(append(p.values, 4), uint16(year)), byte(month), byte(day))
		case catalog.Timestamp, catalog.TimestampTZ:
			kind = typeDateTime
			if !p.moment(x) {
				return false
			}
		default:
			return false
		}
	case uint64:
		switch v.Type.Kind {
		case catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		default:
			return false
		}
		kind, sign = typeLongLong, unsigned
		p.values = little.AppendUint64(p.values, x)
	case float64:
		switch v.Type.Kind {
		case catalog.Float32, catalog.Float64:
		default:
			return false
		}
		kind = typeDouble
		p.values = little.AppendUint64(p.values, math.Float64bits(x))
	case string:
		switch v.Type.Kind {
		case catalog.Decimal:
			kind = typeNewDecimal
		case catalog.Text, catalog.UUID, catalog.JSON:
			kind = typeVarString
		default:
			return false
		}
		p.values = append(appendLength(p.values, len(x)), x...)
	case []byte:
		if v.Type.Kind != catalog.Blob {
			return false
		}
		kind = typeBlob
		p.values = append(appendLength(p.values, len(x)), x...)
	default:
		return false
	}
	p.types = append(p.types, kind, sign)
	return true
}

// moment writes microseconds since 1970 as the fields of a date and a time.
func (p *parameters) moment(micros int64) bool {
	days, rest := floorDiv(micros, dayMicros)
	year, month, day := civil(days)
	if year < 0 || year > maxYear {
		return false
	}
	seconds := rest / 1_000_000
	p.values = binary.LittleEndian.AppendUint16(append(p.values, 11), uint16(year))
	p.values = append(p.values, byte(month), byte(day), byte(seconds/3600), byte(seconds/60%60), byte(seconds%60))
	p.values = binary.LittleEndian.AppendUint32(p.values, uint32(rest%1_000_000))
	return true
}

// appendLength writes a number in the protocol's own form.
func appendLength(b []byte, n int) []byte {
	switch {
	case n < 0xFB:
		return append(b, byte(n))
	case n < 1<<16:
		return append(b, 0xFC, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(b, 0xFD, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xFE), uint64(n))
}
