package output

import (
	"encoding/base64"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/internal/errs"
)

// cell appends the value in row i of one column of the batch it was bound to.
// It is made once per column and batch, so that no value needs an interface.
type cell func(dst []byte, i int) []byte

// shape says how a scalar's plain text stands in JSON and in CSV.
type shape uint8

const (
	bare  shape = iota + 1 // as it is, in both
	inked                  // in quotes in JSON; needs no quoting in CSV, except when it is empty
	free                   // any text: escaped in JSON, quoted in CSV where needed
)

// bindPlain gives the plain text of a column of scalars, as it stands in JSON or
// elsewhere; rows that are NULL must not be asked for. The shape is 0 for a nested
// column.
func bindPlain(a arrow.Array, json bool) (cell, shape) {
	switch a := a.(type) {
	case *array.Boolean:
		return func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) }, bare
	case *array.Int8:
		return bindInt(a.Int8Values()), bare
	case *array.Int16:
		return bindInt(a.Int16Values()), bare
	case *array.Int32:
		return bindInt(a.Int32Values()), bare
	case *array.Int64:
		return bindInt(a.Int64Values()), inked
	case *array.Uint8:
		return bindUint(a.Uint8Values()), bare
	case *array.Uint16:
		return bindUint(a.Uint16Values()), bare
	case *array.Uint32:
		return bindUint(a.Uint32Values()), bare
	case *array.Uint64:
		return bindUint(a.Uint64Values()), inked
	case *array.Float32:
		return bindFloat(a.Float32Values(), 32, json), bare
	case *array.Float64:
		return bindFloat(a.Float64Values(), 64, json), bare
	case *array.Decimal128:
		values, scale := a.Values(), a.DataType().(*arrow.Decimal128Type).Scale
		return func(dst []byte, i int) []byte { return appendDecimal(dst, values[i], scale) }, inked
	case *array.String:
		return func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) }, free
	case *array.Binary:
		return func(dst []byte, i int) []byte { return base64.StdEncoding.AppendEncode(dst, a.Value(i)) }, inked
	case *array.Date32:
		values := a.Date32Values()
		return func(dst []byte, i int) []byte { return appendDate(dst, values[i]) }, inked
	case *array.Time64:
		values := a.Time64Values() // microseconds: the one unit of catalog.Type
		return func(dst []byte, i int) []byte {
			v := int64(values[i])
			return appendClock(dst, v/1e6, v%1e6, 6)
		}, inked
	case *array.Timestamp:
		values, s := a.TimestampValues(), newStamp(a.DataType().(*arrow.TimestampType), json)
		return func(dst []byte, i int) []byte { return s.append(dst, int64(values[i])) }, inked
	case *array.MonthDayNanoInterval:
		values := a.MonthDayNanoIntervalValues()
		return func(dst []byte, i int) []byte { return appendInterval(dst, values[i]) }, inked
	}
	return nil, 0
}

func bindInt[T int8 | int16 | int32 | int64](values []T) cell {
	return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(values[i]), 10) }
}

func bindUint[T uint8 | uint16 | uint32 | uint64](values []T) cell {
	return func(dst []byte, i int) []byte { return strconv.AppendUint(dst, uint64(values[i]), 10) }
}

// bindFloat puts what JSON has no number for into quotes when quote is set.
func bindFloat[T float32 | float64](values []T, size int, quote bool) cell {
	return func(dst []byte, i int) []byte {
		f := float64(values[i])
		if isFinite(f) {
			return appendFloat(dst, f, size)
		}
		if quote {
			return append(appendNonFinite(append(dst, '"'), f), '"')
		}
		return appendNonFinite(dst, f)
	}
}

// bindJSON gives a column's values as JSON, null included.
func bindJSON(a arrow.Array) (cell, error) {
	value, err := bindJSONValue(a)
	if err != nil || a.NullN() == 0 {
		return value, err
	}
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return append(dst, "null"...)
		}
		return value(dst, i)
	}, nil
}

func bindJSONValue(a arrow.Array) (cell, error) {
	if text, ok := a.(*array.String); ok {
		return func(dst []byte, i int) []byte { return appendJSONString(dst, text.Value(i)) }, nil
	}
	plain, shape := bindPlain(a, true)
	switch shape {
	case bare:
		return plain, nil
	case inked:
		return func(dst []byte, i int) []byte { return append(plain(append(dst, '"'), i), '"') }, nil
	}
	switch a := a.(type) {
	case *array.Map: // before List, which it is too
		return bindMap(a)
	case *array.List:
		return bindList(a)
	case *array.Struct:
		return bindStruct(a)
	}
	return nil, errs.Internalf("a result column has the Arrow type %s", a.DataType())
}

func bindList(a *array.List) (cell, error) {
	element, err := bindJSON(a.ListValues())
	if err != nil {
		return nil, err
	}
	return func(dst []byte, i int) []byte {
		from, to := a.ValueOffsets(i)
		dst = append(dst, '[')
		for k := from; k < to; k++ {
			if k > from {
				dst = append(dst, ',')
			}
			dst = element(dst, int(k))
		}
		return append(dst, ']')
	}, nil
}

func bindMap(a *array.Map) (cell, error) {
	key, err := bindJSON(a.Keys())
	if err != nil {
		return nil, err
	}
	value, err := bindJSON(a.Items())
	if err != nil {
		return nil, err
	}
	return func(dst []byte, i int) []byte {
		from, to := a.ValueOffsets(i)
		dst = append(dst, '[')
		for k := from; k < to; k++ {
			if k > from {
				dst = append(dst, ',')
			}
			dst = key(append(dst, '['), int(k))
			dst = value(append(dst, ','), int(k))
			dst = append(dst, ']')
		}
		return append(dst, ']')
	}, nil
}

// bindStruct writes objects, or arrays where a field has no name: row(1, 2).
func bindStruct(a *array.Struct) (cell, error) {
	fields := a.DataType().(*arrow.StructType).Fields()
	cells := make([]cell, len(fields))
	labels := make([][]byte, len(fields)) // what stands before each value
	open, end := byte('{'), byte('}')
	for i, f := range fields {
		var err error
		if cells[i], err = bindJSON(a.Field(i)); err != nil {
			return nil, err
		}
		if i > 0 {
			labels[i] = append(labels[i], ',')
		}
		labels[i] = append(appendJSONString(labels[i], f.Name), ':')
		if f.Name == "" {
			open, end = '[', ']'
		}
	}
	if open == '[' {
		for i := range labels {
			labels[i] = []byte(",")
		}
		labels[0] = nil
	}
	return func(dst []byte, i int) []byte {
		dst = append(dst, open)
		for k, field := range cells {
			dst = field(append(dst, labels[k]...), i)
		}
		return append(dst, end)
	}, nil
}
