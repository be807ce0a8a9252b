package flightsql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/datetime"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// paramsOf reads the parameters out of the first row of a batch: by their names where
// the statement has names and the batch has exactly these, else in order.
func paramsOf(what *sealed, batch arrow.RecordBatch) ([]server.Param, error) {
	if int(batch.NumCols()) != len(what.Names) {
		return nil, errs.New(errs.ParameterInvalid, "flight_params_count", msg.Args{"Want": len(what.Names), "Got": int(batch.NumCols())})
	}
	at := inOrder(what.Names, batch.Schema())
	out := make([]server.Param, len(what.Names))
	for i, name := range what.Names {
		v, err := valueOf(batch.Column(at[i]), 0, name)
		if err != nil {
			return nil, err
		}
		if k := v.typ.Kind; !v.null && !readsText(k) && k != catalog.Blob && k != what.Types[i].Kind {
			return nil, refused(batch.Column(at[i]), name) // its text would be another value there
		}
		out[i] = server.Param{Name: name, Null: v.null, Text: v.text, Type: declared(what.Types[i], v)}
		out[i].Exact = !v.null && v.typ.Kind != catalog.Text && v.typ.Kind != catalog.Invalid && out[i].Type.Equal(v.typ)
		if isPosition(name) {
			out[i].Name = ""
		}
	}
	return out, nil
}

// inOrder gives the column of each parameter.
func inOrder(names []string, schema *arrow.Schema) []int {
	at := make([]int, len(names))
	byName := true
	for i, name := range names {
		found := schema.FieldIndices(name)
		if byName = byName && !isPosition(name) && len(found) == 1; byName {
			at[i] = found[0]
		}
	}
	if !byName {
		for i := range at {
			at[i] = i
		}
	}
	return at
}

func isPosition(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

// value is one that a client sent, in the form that planner.Param.Value reads.
type value struct {
	null bool
	text string
	typ  catalog.Type // that it came with
}

// declared gives the type that a value has in the statement, where it was prepared for
// some type: the one that it came with, since it may be another value, or none, of the
// place's, and another type beside its neighbours. The zero type leaves it to the place.
func declared(place catalog.Type, v value) catalog.Type {
	holds := func(bits int) bool { return v.null || fits(v.text, bits) }
	switch {
	case v.typ.Kind == catalog.Blob: // never text: the gateway refuses them where no bytes are wanted
		return v.typ
	case v.typ.Kind == catalog.Null: // what was prepared for is a guess, which would make text of its neighbours
		return v.typ
	case v.typ.Kind == catalog.Invalid, v.typ.Kind == catalog.Text:
		if readsText(place.Kind) {
			return place
		}
		return catalog.Type{}
	case place.Kind == catalog.Int32 && v.typ.Kind == catalog.Int64 && holds(32):
		// Most clients send every whole number as BIGINT, of which DuckDB makes no INTEGER by
		// itself for the functions that want one. The planner would try again then without any
		// of the values' types.
		return place
	case place.Kind == catalog.Float32 && isWhole(v.typ.Kind) && holds(25):
		// The FLOAT beside it would make it one, and it loses nothing: sources can compare it.
		return place
	case readsText(v.typ.Kind):
		return v.typ
	}
	return catalog.Type{}
}

// fits tells whether a text is a whole number of so many bits.
func fits(text string, bits int) bool {
	_, err := strconv.ParseInt(text, 10, bits)
	return err == nil
}

// readsText tells whether planner.Param.Value reads values of a kind.
func readsText(k catalog.Kind) bool {
	switch k {
	case catalog.Bool, catalog.Decimal, catalog.Text, catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ, catalog.UUID, catalog.JSON:
		return true
	}
	return isWhole(k) || isReal(k)
}

func isWhole(k catalog.Kind) bool {
	switch k {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		return true
	}
	return false
}

func isReal(k catalog.Kind) bool { return k == catalog.Float32 || k == catalog.Float64 }

// valueOf reads a cell. The error names the parameter and never its value.
func valueOf(a arrow.Array, row int, name string) (value, error) {
	if d, ok := a.(*array.Dictionary); ok && !a.IsNull(row) {
		return valueOf(d.Dictionary(), d.GetValueIndex(row), name)
	}
	v := value{typ: cameAs(a.DataType())}
	if v.null = a.IsNull(row) || v.typ.Kind == catalog.Null; v.null {
		return v, nil
	}
	if v.typ.Kind == catalog.Invalid {
		return value{}, refused(a, name)
	}
	var ok bool
	if v.text, ok = textOf(a, row); !ok {
		return value{}, refused(a, name)
	}
	return v, nil
}

// cameAs gives the type that values of an Arrow type come with; Invalid for those of which
// no value is taken.
func cameAs(t arrow.DataType) catalog.Type {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return cameAs(t.ValueType)
	case *arrow.Decimal128Type:
		if t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
			return catalog.Type{}
		}
		return catalog.DecimalOf(t.Precision, t.Scale)
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return catalog.Type{Kind: catalog.TimestampTZ}
		}
	}
	return catalog.Type{Kind: arrowKinds[t.ID()]}
}

var arrowKinds = map[arrow.Type]catalog.Kind{
	arrow.NULL: catalog.Null, arrow.BOOL: catalog.Bool,
	arrow.INT8: catalog.Int8, arrow.INT16: catalog.Int16, arrow.INT32: catalog.Int32, arrow.INT64: catalog.Int64,
	arrow.UINT8: catalog.Uint8, arrow.UINT16: catalog.Uint16, arrow.UINT32: catalog.Uint32, arrow.UINT64: catalog.Uint64,
	arrow.FLOAT32: catalog.Float32, arrow.FLOAT64: catalog.Float64,
	arrow.STRING: catalog.Text, arrow.LARGE_STRING: catalog.Text, arrow.STRING_VIEW: catalog.Text,
	arrow.BINARY: catalog.Blob, arrow.LARGE_BINARY: catalog.Blob, arrow.FIXED_SIZE_BINARY: catalog.Blob,
	arrow.DATE32: catalog.Date, arrow.DATE64: catalog.Date, arrow.TIME32: catalog.Time, arrow.TIME64: catalog.Time,
	arrow.TIMESTAMP: catalog.Timestamp, arrow.INTERVAL_MONTH_DAY_NANO: catalog.Interval,
}

// textOf gives the text of a cell in the form that planner.Param.Value reads; false for one
// that cannot be had whole.
func textOf(a arrow.Array, row int) (string, bool) {
	whole := func(n int64) (string, bool) { return strconv.FormatInt(n, 10), true }
	natural := func(n uint64) (string, bool) { return strconv.FormatUint(n, 10), true }
	floating := func(f float64, bits int) (string, bool) { return strconv.FormatFloat(f, 'g', -1, bits), true }
	characters := func(text string) (string, bool) { return strings.Clone(text), utf8.ValidString(text) }
	day := func(t time.Time) (string, bool) { return t.Format(time.DateOnly), true }
	clock := func(t time.Time) (string, bool) { return t.Format("15:04:05.999999"), ofOneDay(t) }
	switch a := a.(type) {
	case *array.Boolean:
		return strconv.FormatBool(a.Value(row)), true
	case *array.Int8:
		return whole(int64(a.Value(row)))
	case *array.Int16:
		return whole(int64(a.Value(row)))
	case *array.Int32:
		return whole(int64(a.Value(row)))
	case *array.Int64:
		return whole(a.Value(row))
	case *array.Uint8:
		return natural(uint64(a.Value(row)))
	case *array.Uint16:
		return natural(uint64(a.Value(row)))
	case *array.Uint32:
		return natural(uint64(a.Value(row)))
	case *array.Uint64:
		return natural(a.Value(row))
	case *array.Float32:
		return floating(float64(a.Value(row)), 32)
	case *array.Float64:
		return floating(a.Value(row), 64)
	case *array.Decimal128:
		return a.Value(row).ToString(a.DataType().(*arrow.Decimal128Type).Scale), true
	case *array.String:
		return characters(a.Value(row))
	case *array.LargeString:
		return characters(a.Value(row))
	case *array.StringView:
		return characters(a.Value(row))
	case *array.Binary:
		return catalog.BlobText(a.Value(row)), true
	case *array.LargeBinary:
		return catalog.BlobText(a.Value(row)), true
	case *array.FixedSizeBinary:
		return catalog.BlobText(a.Value(row)), true
	case *array.Date32:
		if n := int64(a.Value(row)); n == datetime.InfiniteDay || n == -datetime.InfiniteDay {
			return datetime.Day(n), true
		}
		return day(a.Value(row).ToTime())
	case *array.Date64:
		return day(a.Value(row).ToTime())
	case *array.Time32:
		return clock(a.Value(row).ToTime(a.DataType().(*arrow.Time32Type).Unit))
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		if unit == arrow.Nanosecond && a.Value(row)%1000 != 0 {
			return "", false
		}
		return clock(a.Value(row).ToTime(unit))
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		if n := int64(a.Value(row)); (n == datetime.InfiniteTime || n == -datetime.InfiniteTime) && (t.TimeZone == "" || t.Unit == arrow.Microsecond) {
			return datetime.Stamp(n), true // as DuckDB reads Arrow: it counts those of a zone in microseconds first
		}
		if t.Unit == arrow.Nanosecond && a.Value(row)%1000 != 0 {
			return "", false
		}
		at := a.Value(row).ToTime(t.Unit)
		if t.TimeZone != "" {
			return at.Format("2006-01-02T15:04:05.999999Z"), true
		}
		return at.Format("2006-01-02 15:04:05.999999"), true
	case *array.MonthDayNanoInterval:
		v := a.Value(row)
		if v.Nanoseconds%1000 != 0 {
			return "", false
		}
		return fmt.Sprintf("%d months %d days %d microseconds", v.Months, v.Days, v.Nanoseconds/1000), true
	}
	return "", false
}

func refused(a arrow.Array, name string) error {
	return errs.New(errs.ParameterInvalid, "flight_param", msg.Args{"Name": name, "Type": a.DataType().Name()})
}

// ofOneDay reports whether a time of day, as Arrow counts it from the epoch, is one: what
// lies outside of a day would be written as another time.
func ofOneDay(t time.Time) bool { return t.Year() == 1970 && t.YearDay() == 1 }
