package pgvalue

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
)

// ErrDoesNotFit tells of a value that PostgreSQL's type cannot hold as it is.
var ErrDoesNotFit = errors.New("a value has no exact form in PostgreSQL's type")

// Cell writes a column's value of a row behind dst. It is not asked for NULLs.
type Cell func(dst []byte, row int) ([]byte, error)

// Cells gives what writes the values of a column of a type, in text or in binary. Zone is
// the one in which instants are written as text.
func (s Style) Cells(t catalog.Type, a arrow.Array, isBinary bool, zone *time.Location) (Cell, error) {
	if s.oidOf(t) == JSONOID && t.Kind != catalog.JSON {
		value, err := output.JSONValues(a)
		if err != nil {
			return nil, err
		}
		return func(dst []byte, i int) ([]byte, error) { return value(dst, i), nil }, nil
	}
	if t.Kind == catalog.List {
		list, ok := a.(*array.List)
		if !ok {
			return nil, unexpected(a)
		}
		if vector := s.vectorOf(t); vector != 0 {
			return vectors(vector, list, isBinary)
		}
		if isBinary {
			return s.binaryArray(*t.Elem, list, zone)
		}
		return s.textArray(*t.Elem, list, zone)
	}
	if !isBinary {
		return textCell(a, zone)
	}
	if text, ok := a.(*array.String); ok && t.Kind == catalog.UUID {
		return uuids(text), nil
	}
	return s.binaryCell(a)
}

func unexpected(a arrow.Array) error {
	return errs.Internalf("a result column has the Arrow type %s", a.DataType())
}

// text checks what PostgreSQL's text never holds.
func text(dst []byte, v string) ([]byte, error) {
	for i := range len(v) {
		if v[i] == 0 {
			return dst, ErrDoesNotFit
		}
	}
	return append(dst, v...), nil
}

func exact(dst []byte, fits bool) ([]byte, error) {
	if !fits {
		return dst, ErrDoesNotFit
	}
	return dst, nil
}

func textCell(a arrow.Array, zone *time.Location) (Cell, error) {
	if whole := integers(a); whole != nil {
		return func(dst []byte, i int) ([]byte, error) { return strconv.AppendInt(dst, whole(i), 10), nil }, nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return func(dst []byte, i int) ([]byte, error) {
			if a.Value(i) {
				return append(dst, 't'), nil
			}
			return append(dst, 'f'), nil
		}, nil
	case *array.Uint64:
		return func(dst []byte, i int) ([]byte, error) { return strconv.AppendUint(dst, a.Value(i), 10), nil }, nil
	case *array.Float32:
		return func(dst []byte, i int) ([]byte, error) { return appendFloat(dst, float64(a.Value(i)), 32), nil }, nil
	case *array.Float64:
		return func(dst []byte, i int) ([]byte, error) { return appendFloat(dst, a.Value(i), 64), nil }, nil
	case *array.Decimal128:
		scale := scaleOf(a)
		return func(dst []byte, i int) ([]byte, error) { return appendDecimal(dst, a.Value(i), scale), nil }, nil
	case *array.String:
		return func(dst []byte, i int) ([]byte, error) { return text(dst, a.Value(i)) }, nil
	case *array.Binary:
		return func(dst []byte, i int) ([]byte, error) {
			return hex.AppendEncode(append(dst, '\\', 'x'), a.Value(i)), nil
		}, nil
	case *array.Date32:
		return func(dst []byte, i int) ([]byte, error) { return exact(appendDate(dst, int32(a.Value(i)))) }, nil
	case *array.Time64:
		return func(dst []byte, i int) ([]byte, error) { return appendClock(dst, int64(a.Value(i))), nil }, nil
	case *array.Timestamp:
		micros, zoned := timestamps(a)
		if !zoned {
			zone = nil
		}
		return func(dst []byte, i int) ([]byte, error) {
			v, ok := micros(i)
			if !ok {
				return dst, ErrDoesNotFit
			}
			return exact(appendTimestamp(dst, v, zone))
		}, nil
	case *array.MonthDayNanoInterval:
		return func(dst []byte, i int) ([]byte, error) {
			v := a.Value(i)
			if v.Nanoseconds%1000 != 0 {
				return dst, ErrDoesNotFit
			}
			return appendInterval(dst, v.Months, v.Days, v.Nanoseconds/1000), nil
		}, nil
	}
	return nil, unexpected(a)
}

func (s Style) binaryCell(a arrow.Array) (Cell, error) {
	if whole := integers(a); whole != nil {
		return s.binaryIntegers(a, whole), nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return func(dst []byte, i int) ([]byte, error) {
			if a.Value(i) {
				return append(dst, 1), nil
			}
			return append(dst, 0), nil
		}, nil
	case *array.Uint64:
		return func(dst []byte, i int) ([]byte, error) { return appendNumeric(dst, unsigned(a.Value(i)), 0), nil }, nil
	case *array.Float32:
		return func(dst []byte, i int) ([]byte, error) {
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(a.Value(i))), nil
		}, nil
	case *array.Float64:
		return func(dst []byte, i int) ([]byte, error) {
			return binary.BigEndian.AppendUint64(dst, math.Float64bits(a.Value(i))), nil
		}, nil
	case *array.Decimal128:
		scale := scaleOf(a)
		return func(dst []byte, i int) ([]byte, error) { return appendNumeric(dst, a.Value(i), scale), nil }, nil
	case *array.String:
		return func(dst []byte, i int) ([]byte, error) { return text(dst, a.Value(i)) }, nil
	case *array.Binary:
		return func(dst []byte, i int) ([]byte, error) { return append(dst, a.Value(i)...), nil }, nil
	case *array.Date32:
		return func(dst []byte, i int) ([]byte, error) { return binaryDate(dst, int32(a.Value(i))) }, nil
	case *array.Time64:
		return func(dst []byte, i int) ([]byte, error) {
			return binary.BigEndian.AppendUint64(dst, uint64(a.Value(i))), nil
		}, nil
	case *array.Timestamp:
		micros, _ := timestamps(a)
		return func(dst []byte, i int) ([]byte, error) {
			v, ok := micros(i)
			if !ok {
				return dst, ErrDoesNotFit
			}
			return binaryTimestamp(dst, v)
		}, nil
	case *array.MonthDayNanoInterval:
		return func(dst []byte, i int) ([]byte, error) {
			v := a.Value(i)
			if v.Nanoseconds%1000 != 0 {
				return dst, ErrDoesNotFit
			}
			dst = binary.BigEndian.AppendUint64(dst, uint64(v.Nanoseconds/1000))
			dst = binary.BigEndian.AppendUint32(dst, uint32(v.Days))
			return binary.BigEndian.AppendUint32(dst, uint32(v.Months)), nil
		}, nil
	}
	return nil, unexpected(a)
}

// uuids gives what writes a column of UUIDs, which are texts here, in binary.
func uuids(a *array.String) Cell {
	return func(dst []byte, i int) ([]byte, error) {
		digits := bytes.ReplaceAll([]byte(a.Value(i)), []byte("-"), nil)
		if len(digits) != 32 {
			return dst, ErrDoesNotFit
		}
		out, err := hex.AppendDecode(dst, digits)
		if err != nil {
			return dst, ErrDoesNotFit
		}
		return out, nil
	}
}

// integers gives the values of a column of whole numbers that an int64 holds; nil for
// another column.
func integers(a arrow.Array) func(i int) int64 {
	switch a := a.(type) {
	case *array.Int8:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int16:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int32:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int64:
		return a.Value
	case *array.Uint8:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint16:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint32:
		return func(i int) int64 { return int64(a.Value(i)) }
	}
	return nil
}

func (s Style) binaryIntegers(a arrow.Array, whole func(i int) int64) Cell {
	id := a.DataType().ID()
	switch {
	case id == arrow.UINT32 && s.OIDs:
		id = arrow.INT32 // the same bytes
	case id == arrow.UINT16 && s.OIDs:
		id = arrow.INT16
	}
	switch id {
	case arrow.INT8, arrow.INT16, arrow.UINT8:
		return func(dst []byte, i int) ([]byte, error) {
			return binary.BigEndian.AppendUint16(dst, uint16(whole(i))), nil
		}
	case arrow.INT32, arrow.UINT16:
		return func(dst []byte, i int) ([]byte, error) {
			return binary.BigEndian.AppendUint32(dst, uint32(whole(i))), nil
		}
	}
	return func(dst []byte, i int) ([]byte, error) {
		return binary.BigEndian.AppendUint64(dst, uint64(whole(i))), nil
	}
}

// timestamps gives a column's values in microseconds; false for one that is finer.
func timestamps(a *array.Timestamp) (micros func(i int) (int64, bool), zoned bool) {
	t, _ := a.DataType().(*arrow.TimestampType)
	unit := arrow.Microsecond
	if t != nil {
		unit, zoned = t.Unit, t.TimeZone != ""
	}
	return func(i int) (int64, bool) {
		v := int64(a.Value(i))
		if v == math.MaxInt64 || v == -math.MaxInt64 {
			return v, true // the infinities
		}
		switch unit {
		case arrow.Second:
			return times(v, 1_000_000)
		case arrow.Millisecond:
			return times(v, 1000)
		case arrow.Nanosecond:
			return v / 1000, v%1000 == 0
		}
		return v, true
	}, zoned
}

func times(v, by int64) (int64, bool) {
	if v > math.MaxInt64/by || v < -math.MaxInt64/by {
		return 0, false
	}
	return v * by, true
}

func binaryDate(dst []byte, days int32) ([]byte, error) {
	switch {
	case days == math.MaxInt32:
		return binary.BigEndian.AppendUint32(dst, math.MaxInt32), nil
	case days == -math.MaxInt32:
		return binary.BigEndian.AppendUint32(dst, 1<<31), nil
	case days < firstDay || days > lastDay:
		return dst, ErrDoesNotFit
	}
	return binary.BigEndian.AppendUint32(dst, uint32(days-epochDays)), nil
}

func binaryTimestamp(dst []byte, micros int64) ([]byte, error) {
	switch {
	case micros == math.MaxInt64:
		return binary.BigEndian.AppendUint64(dst, math.MaxInt64), nil
	case micros == -math.MaxInt64:
		return binary.BigEndian.AppendUint64(dst, 1<<63), nil
	case micros < firstMicros:
		return dst, ErrDoesNotFit
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros-epochMicros)), nil
}
