package connectortest

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/catalog"
)

// Cell gives an Arrow cell as a Go value: as catalog.Value.V where that lists the
// type; else TimestampS/MS/NS int64 in their own unit, HugeInt string, Interval
// arrow.MonthDayNanoInterval, List and Struct []any, Map []any of []any{key, value}.
func Cell(a arrow.Array, i int) (any, error) {
	if a.IsNull(i) {
		return nil, nil
	}
	switch a := a.(type) {
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
		return append([]byte{}, a.Value(i)...), nil
	case *array.Date32:
		return int64(a.Value(i)), nil
	case *array.Time64:
		return int64(a.Value(i)), nil
	case *array.Timestamp:
		return int64(a.Value(i)), nil
	case *array.MonthDayNanoInterval:
		return a.Value(i), nil
	case *array.Map: // before List: a map is one
		return mapCell(a, i)
	case *array.List:
		from, to := a.ValueOffsets(i)
		out := make([]any, 0, to-from)
		for k := from; k < to; k++ {
			v, err := Cell(a.ListValues(), int(k))
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case *array.Struct:
		out := make([]any, a.NumField())
		for k := range out {
			v, err := Cell(a.Field(k), i)
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	}
	return nil, fmt.Errorf("no type of the gateway travels as Arrow %s", a.DataType())
}

func mapCell(a *array.Map, i int) (any, error) {
	from, to := a.ValueOffsets(i)
	out := make([]any, 0, to-from)
	for k := from; k < to; k++ {
		key, err := Cell(a.Keys(), int(k))
		if err != nil {
			return nil, err
		}
		item, err := Cell(a.Items(), int(k))
		if err != nil {
			return nil, err
		}
		out = append(out, []any{key, item})
	}
	return out, nil
}

// same reports whether two values of t are the same value, bit for bit: zeros
// with different signs are not; one NaN is as good as another. Decimals may be
// written with more or fewer zeros.
func same(t catalog.Type, a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch t.Kind {
	case catalog.Float32, catalog.Float64:
		x, okX := a.(float64)
		y, okY := b.(float64)
		return okX && okY && (math.IsNaN(x) && math.IsNaN(y) || math.Float64bits(x) == math.Float64bits(y))
	case catalog.Decimal, catalog.HugeInt:
		x, okX := number(a)
		y, okY := number(b)
		return okX && okY && x.Cmp(y) == 0
	case catalog.Blob:
		x, okX := a.([]byte)
		y, okY := b.([]byte)
		return okX && okY && bytes.Equal(x, y)
	case catalog.List:
		return sameList(a, b, func(int) catalog.Type { return *t.Elem })
	case catalog.Struct:
		return sameList(a, b, func(i int) catalog.Type { return t.Fields[i].Type })
	case catalog.Map:
		pair := catalog.Type{Kind: catalog.Struct, Fields: t.Fields}
		return sameList(a, b, func(int) catalog.Type { return pair })
	}
	return reflect.DeepEqual(a, b)
}

func sameList(a, b any, elem func(i int) catalog.Type) bool {
	x, okX := a.([]any)
	y, okY := b.([]any)
	if !okX || !okY || len(x) != len(y) {
		return false
	}
	for i := range x {
		if !same(elem(i), x[i], y[i]) {
			return false
		}
	}
	return true
}

func number(v any) (*big.Rat, bool) {
	s, ok := v.(string)
	if !ok || strings.Contains(s, "/") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// show writes a value for a test's log.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		if len(v) > 60 {
			return fmt.Sprintf("%+q... (%d bytes)", v[:20], len(v))
		}
		return fmt.Sprintf("%+q", v)
	case []byte:
		return fmt.Sprintf("x'%x'", v)
	}
	return fmt.Sprintf("%v", v)
}
