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
// place's. The zero type leaves it to the place.
func declared(place catalog.Type, v value) catalog.Type {
	switch {
	case v.typ.Kind == catalog.Blob: // never text: the gateway refuses them where no bytes are wanted
		return v.typ
	case v.null, v.typ.Kind == catalog.Text:
		if readsText(place.Kind) {
			return place
		}
		return catalog.Type{}
	case place.Kind == catalog.Int32 && v.typ.Kind == catalog.Int64 && fits(v.text, 32):
		// Most clients send every whole number as BIGINT, of which DuckDB makes no INTEGER by
		// itself for the functions that want one. The planner would try again then without any
		// of the values' types.
		return place
	case place.Kind == catalog.Float32 && isWhole(v.typ.Kind) && fits(v.text, 25):
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
	if a.IsNull(row) {
		return value{null: true}, nil
	}
	of := func(k catalog.Kind, text string) (value, error) {
		return value{text: text, typ: catalog.Type{Kind: k}}, nil
	}
	whole := func(k catalog.Kind, n int64) (value, error) { return of(k, strconv.FormatInt(n, 10)) }
	natural := func(k catalog.Kind, n uint64) (value, error) { return of(k, strconv.FormatUint(n, 10)) }
	refuse := func() (value, error) { return value{}, refused(a, name) }
	characters := func(text string) (value, error) {
		if !utf8.ValidString(text) {
			return refuse()
		}
		return of(catalog.Text, strings.Clone(text))
	}
	switch a := a.(type) {
	case *array.Null:
		return value{null: true}, nil
	case *array.Dictionary:
		return valueOf(a.Dictionary(), a.GetValueIndex(row), name)
	case *array.Boolean:
		return of(catalog.Bool, strconv.FormatBool(a.Value(row)))
	case *array.Int8:
		return whole(catalog.Int8, int64(a.Value(row)))
	case *array.Int16:
		return whole(catalog.Int16, int64(a.Value(row)))
	case *array.Int32:
		return whole(catalog.Int32, int64(a.Value(row)))
	case *array.Int64:
		return whole(catalog.Int64, a.Value(row))
	case *array.Uint8:
		return natural(catalog.Uint8, uint64(a.Value(row)))
	case *array.Uint16:
		return natural(catalog.Uint16, uint64(a.Value(row)))
	case *array.Uint32:
		return natural(catalog.Uint32, uint64(a.Value(row)))
	case *array.Uint64:
		return natural(catalog.Uint64, a.Value(row))
	case *array.Float32:
		return of(catalog.Float32, strconv.FormatFloat(float64(a.Value(row)), 'g', -1, 32))
	case *array.Float64:
		return of(catalog.Float64, strconv.FormatFloat(a.Value(row), 'g', -1, 64))
	case *array.Decimal128:
		t := a.DataType().(*arrow.Decimal128Type)
		if t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
			return refuse()
		}
		return value{text: a.Value(row).ToString(t.Scale), typ: catalog.DecimalOf(t.Precision, t.Scale)}, nil
	case *array.String:
		return characters(a.Value(row))
	case *array.LargeString:
		return characters(a.Value(row))
	case *array.StringView:
		return characters(a.Value(row))
	case *array.Binary:
		return of(catalog.Blob, catalog.BlobText(a.Value(row)))
	case *array.LargeBinary:
		return of(catalog.Blob, catalog.BlobText(a.Value(row)))
	case *array.FixedSizeBinary:
		return of(catalog.Blob, catalog.BlobText(a.Value(row)))
	case *array.Date32:
		return of(catalog.Date, a.Value(row).ToTime().Format(time.DateOnly))
	case *array.Date64:
		return of(catalog.Date, a.Value(row).ToTime().Format(time.DateOnly))
	case *array.Time32:
		if !ofOneDay(a.Value(row).ToTime(a.DataType().(*arrow.Time32Type).Unit)) {
			return refuse()
		}
		return of(catalog.Time, a.Value(row).ToTime(a.DataType().(*arrow.Time32Type).Unit).Format("15:04:05.999999"))
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		if unit == arrow.Nanosecond && a.Value(row)%1000 != 0 || !ofOneDay(a.Value(row).ToTime(unit)) {
			return refuse()
		}
		return of(catalog.Time, a.Value(row).ToTime(unit).Format("15:04:05.999999"))
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		if t.Unit == arrow.Nanosecond && a.Value(row)%1000 != 0 {
			return refuse()
		}
		at := a.Value(row).ToTime(t.Unit)
		if t.TimeZone != "" {
			return of(catalog.TimestampTZ, at.Format("2006-01-02T15:04:05.999999Z"))
		}
		return of(catalog.Timestamp, at.Format("2006-01-02 15:04:05.999999"))
	case *array.MonthDayNanoInterval:
		v := a.Value(row)
		if v.Nanoseconds%1000 != 0 {
			return refuse()
		}
		return of(catalog.Interval, fmt.Sprintf("%d months %d days %d microseconds", v.Months, v.Days, v.Nanoseconds/1000))
	}
	return refuse()
}

func refused(a arrow.Array, name string) error {
	return errs.New(errs.ParameterInvalid, "flight_param", msg.Args{"Name": name, "Type": a.DataType().Name()})
}

// ofOneDay reports whether a time of day, as Arrow counts it from the epoch, is one: what
// lies outside of a day would be written as another time.
func ofOneDay(t time.Time) bool { return t.Year() == 1970 && t.YearDay() == 1 }
