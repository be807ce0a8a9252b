package output

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/internal/errs"
)

// parquetSchema gives the schema that a file has. Names differ, whatever their
// case, since many readers cannot tell apart columns that are called the same.
func parquetSchema(s *arrow.Schema) *arrow.Schema {
	fields, seen := s.Fields(), map[string]bool{}
	for i, f := range fields {
		name := f.Name
		for n := 1; seen[strings.ToLower(name)]; n++ {
			name = f.Name + "_" + strconv.Itoa(n)
		}
		seen[strings.ToLower(name)] = true
		fields[i] = arrow.Field{Name: name, Type: parquetType(f.Type), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// parquetType gives the type as which values are handed to Parquet: their own,
// but for intervals (Parquet's have neither microseconds nor a sign), timestamps in
// seconds (Parquet has none), and fields of a struct without names.
func parquetType(t arrow.DataType) arrow.DataType {
	switch t := t.(type) {
	case *arrow.MonthDayNanoIntervalType:
		return arrow.BinaryTypes.String
	case *arrow.TimestampType:
		if t.Unit == arrow.Second {
			return &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: t.TimeZone}
		}
	case *arrow.MapType: // before a list, which it is too
		return arrow.MapOf(parquetType(t.KeyType()), parquetType(t.ItemType()))
	case *arrow.ListType:
		return arrow.ListOfField(arrow.Field{Name: "element", Type: parquetType(t.Elem()), Nullable: true})
	case *arrow.StructType:
		fields := make([]arrow.Field, t.NumFields())
		for i, f := range t.Fields() {
			name := f.Name
			if name == "" {
				name = "f" + strconv.Itoa(i+1)
			}
			fields[i] = arrow.Field{Name: name, Type: parquetType(f.Type), Nullable: true}
		}
		return arrow.StructOf(fields...)
	}
	return t
}

// recode gives a's values as type to, which is parquetType of a's. The caller
// releases the array.
func recode(a arrow.Array, to arrow.DataType) (arrow.Array, error) {
	switch a := a.(type) {
	case *array.MonthDayNanoInterval:
		return intervalTexts(a), nil
	case *array.Timestamp:
		if !arrow.TypeEqual(a.DataType(), to) {
			return milliseconds(a, to.(*arrow.TimestampType))
		}
	case *array.Decimal128:
		if !fits(a, to.(*arrow.Decimal128Type).Precision) {
			return nil, errInexact
		}
	case array.ListLike, *array.Struct: // maps are lists
		return recodeNested(a, to)
	}
	a.Retain()
	return a, nil
}

// recodeNested keeps offsets and validity and recodes the children whole.
func recodeNested(a arrow.Array, to arrow.DataType) (arrow.Array, error) {
	var types []arrow.DataType
	switch to := to.(type) {
	case *arrow.MapType:
		types = []arrow.DataType{to.Elem()}
	case *arrow.ListType:
		types = []arrow.DataType{to.Elem()}
	case *arrow.StructType:
		for _, f := range to.Fields() {
			types = append(types, f.Type)
		}
	}
	d := a.Data()
	if len(types) != len(d.Children()) {
		return nil, errs.Internalf("%s cannot be written as %s", a.DataType(), to)
	}
	children := make([]arrow.ArrayData, len(types))
	for i, child := range d.Children() {
		before := array.MakeFromData(child)
		defer before.Release()
		after, err := recode(before, types[i])
		if err != nil {
			return nil, err
		}
		defer after.Release()
		children[i] = after.Data()
	}
	data := array.NewData(to, d.Len(), d.Buffers(), children, d.NullN(), d.Offset())
	defer data.Release()
	return array.MakeFromData(data), nil
}

func intervalTexts(a *array.MonthDayNanoInterval) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(a.Len())
	var text []byte
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		text = appendInterval(text[:0], a.Value(i))
		b.BinaryBuilder.Append(text)
	}
	return b.NewArray()
}

// fits checks the digits of decimals, of which the library writes as many bytes as
// the precision asks for, and cuts off what is more.
func fits(a *array.Decimal128, precision int32) bool {
	limit := decimal128.GetScaleMultiplier(int(precision))
	least := limit.Negate()
	for i, v := range a.Values() {
		if (!v.Less(limit) || !least.Less(v)) && a.IsValid(i) {
			return false
		}
	}
	return true
}

// errInexact is a value that a file's type cannot hold.
var errInexact = errors.New("a value beyond its type in Parquet")

func milliseconds(a *array.Timestamp, to *arrow.TimestampType) (arrow.Array, error) {
	b := array.NewTimestampBuilder(memory.DefaultAllocator, to)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		v := a.Value(i)
		switch {
		case a.IsNull(i):
			b.AppendNull()
		case v > math.MaxInt64/1000 || v < math.MinInt64/1000:
			return nil, errInexact
		default:
			b.Append(v * 1000)
		}
	}
	return b.NewArray(), nil
}
