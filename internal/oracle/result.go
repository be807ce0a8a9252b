package oracle

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Result is a whole answer. It holds no Arrow memory.
//
// A cell is nil for NULL, else: bool; int64 for signed integers, dates, times and
// timestamps in the unit of their type; uint64; float64; string for text, blobs
// and decimals (plain digits); arrow.MonthDayNanoInterval; []any for lists (the
// elements), structs (the fields) and maps (a []any of key and value each).
type Result struct {
	Schema *arrow.Schema
	Rows   [][]any
}

// Stream is what Collect reads; connectors.Stream has these methods.
type Stream interface {
	Schema() *arrow.Schema
	Next() bool
	RecordBatch() arrow.RecordBatch
	Err() error
}

// Collect reads a stream to its end. It does not release it.
func Collect(s Stream) (Result, error) {
	r := Result{Schema: s.Schema()}
	for s.Next() {
		b := s.RecordBatch()
		from := len(r.Rows)
		for range b.NumRows() {
			r.Rows = append(r.Rows, make([]any, b.NumCols()))
		}
		for k, column := range b.Columns() {
			for i := range column.Len() {
				v, err := cellOf(column, i)
				if err != nil {
					return Result{}, err
				}
				r.Rows[from+i][k] = v
			}
		}
	}
	return r, s.Err()
}

func cellOf(a arrow.Array, i int) (any, error) {
	if a.IsNull(i) {
		return nil, nil
	}
	switch a := a.(type) {
	case *array.Null:
		return nil, nil
	case *array.Boolean:
		return a.Value(i), nil
	case *array.Int8:
		return int64(a.Value(i)), nil
	case *array.Int16:
		return int64(a.Value(i)), nil
	case *array.Int32:
		return int64(a.Value(i)), nil
	case *array.Int64:
		return a.Value(i), nil
	case *array.Uint8:
		return uint64(a.Value(i)), nil
	case *array.Uint16:
		return uint64(a.Value(i)), nil
	case *array.Uint32:
		return uint64(a.Value(i)), nil
	case *array.Uint64:
		return a.Value(i), nil
	case *array.Float32:
		return float64(a.Value(i)), nil
	case *array.Float64:
		return a.Value(i), nil
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale), nil
	case *array.String:
		return strings.Clone(a.Value(i)), nil
	case *array.Binary:
		return string(a.Value(i)), nil
	case *array.Date32:
		return int64(a.Value(i)), nil
	case *array.Time64:
		return int64(a.Value(i)), nil
	case *array.Timestamp:
		return int64(a.Value(i)), nil
	case *array.MonthDayNanoInterval:
		return a.Value(i), nil
	case *array.Dictionary:
		return cellOf(a.Dictionary(), a.GetValueIndex(i))
	case *array.Map:
		from, to := a.ValueOffsets(i)
		return pairs(a.Keys(), a.Items(), from, to)
	case *array.List:
		from, to := a.ValueOffsets(i)
		return elements(a.ListValues(), from, to)
	case *array.Struct:
		fields := make([]any, a.NumField())
		for k := range fields {
			v, err := cellOf(a.Field(k), i)
			if err != nil {
				return nil, err
			}
			fields[k] = v
		}
		return fields, nil
	}
	return nil, fmt.Errorf("the oracle has no cells for Arrow type %s", a.DataType())
}

func elements(values arrow.Array, from, to int64) (any, error) {
	out := make([]any, 0, to-from)
	for k := from; k < to; k++ {
		v, err := cellOf(values, int(k))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func pairs(keys, values arrow.Array, from, to int64) (any, error) {
	k, err := elements(keys, from, to)
	if err != nil {
		return nil, err
	}
	v, err := elements(values, from, to)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, to-from)
	for i, key := range k.([]any) {
		out = append(out, []any{key, v.([]any)[i]})
	}
	return out, nil
}

// fingerprint writes a cell into key so that two cells are equal exactly if
// their keys are, but for finite floats: these leave a mark in the key and go to
// floats, for they are compared with a tolerance.
func fingerprint(key []byte, floats []float64, cell any) ([]byte, []float64) {
	switch v := cell.(type) {
	case nil:
		return append(key, "n;"...), floats
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Appendf(key, "%v;", v), floats
		}
		return append(key, "f;"...), append(floats, v)
	case string:
		key = append(strconv.AppendInt(append(key, 's'), int64(len(v)), 10), ':')
		return append(key, v...), floats
	case int64:
		return append(strconv.AppendInt(append(key, 'i'), v, 10), ';'), floats
	case []any:
		key = append(strconv.AppendInt(append(key, '['), int64(len(v)), 10), ':')
		for _, e := range v {
			key, floats = fingerprint(key, floats, e)
		}
		return append(key, ']'), floats
	}
	return fmt.Appendf(key, "%T%v;", cell, cell), floats
}

// tolerance for doubles, relative to the larger of two.
const tolerance = 1e-12

func closeEnough(a, b float64) bool {
	return a == b || math.Abs(a-b) <= tolerance*math.Max(math.Abs(a), math.Abs(b))
}

func allClose(a, b []float64) bool {
	for i := range a {
		if !closeEnough(a[i], b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// equalCells compares two cells of the same type.
func equalCells(a, b any) bool {
	ka, fa := fingerprint(nil, nil, a)
	kb, fb := fingerprint(nil, nil, b)
	return string(ka) == string(kb) && allClose(fa, fb)
}

func showCell(c any) string {
	switch v := c.(type) {
	case nil:
		return "NULL"
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		return showRow(v)
	}
	return fmt.Sprint(c)
}

func showRow(row []any) string {
	parts := make([]string, len(row))
	for i, c := range row {
		parts[i] = showCell(c)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
