package pgvalue_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// column builds an array of a type out of Go values; nil is NULL.
func column(t *testing.T, typ catalog.Type, values ...any) arrow.Array {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, typ.Arrow())
	defer b.Release()
	for _, v := range values {
		add(t, b, v)
	}
	return b.NewArray()
}

func add(t *testing.T, b array.Builder, v any) {
	t.Helper()
	switch b := b.(type) {
	case *array.Decimal128Builder:
		if s, ok := v.(string); ok {
			typ, _ := b.Type().(*arrow.Decimal128Type)
			n, err := decimal128.FromString(s, typ.Precision, typ.Scale)
			if err != nil {
				t.Fatal(err)
			}
			b.Append(n)
			return
		}
	case *array.MonthDayNanoIntervalBuilder:
		if i, ok := v.(arrow.MonthDayNanoInterval); ok {
			b.Append(i)
			return
		}
	case *array.BinaryBuilder:
		if s, ok := v.(string); ok {
			b.Append([]byte(s))
			return
		}
	case *array.Date32Builder:
		if n, ok := v.(int); ok {
			b.Append(arrow.Date32(n))
			return
		}
	case *array.Time64Builder:
		if n, ok := v.(int); ok {
			b.Append(arrow.Time64(n))
			return
		}
	case *array.TimestampBuilder:
		if n, ok := v.(int); ok {
			b.Append(arrow.Timestamp(n))
			return
		}
	case *array.ListBuilder:
		if all, ok := v.([]any); ok {
			b.Append(true)
			for _, one := range all {
				add(t, b.ValueBuilder(), one)
			}
			return
		}
	}
	if v == nil {
		b.AppendNull()
		return
	}
	if err := b.AppendValueFromString(fmt.Sprint(v)); err != nil {
		t.Fatal(err)
	}
}

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

var shanghai = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.UTC
	}
	return zone
}()

const second = 1_000_000

// values have, for each type, values and the text that is to be seen of them.
var values = []struct {
	typ    catalog.Type
	name   string // PostgreSQL's
	values []any
	want   []string
}{
	{kind(catalog.Bool), "bool", []any{true, false}, []string{"t", "f"}},
	{kind(catalog.Int8), "int2", []any{-128, 127}, []string{"-128", "127"}},
	{kind(catalog.Int16), "int2", []any{-32768, 0}, []string{"-32768", "0"}},
	{kind(catalog.Int32), "int4", []any{math.MinInt32, 7}, []string{"-2147483648", "7"}},
	{kind(catalog.Int64), "int8", []any{math.MinInt64, math.MaxInt64}, []string{"-9223372036854775808", "9223372036854775807"}},
	{kind(catalog.Uint8), "int2", []any{255}, []string{"255"}},
	{kind(catalog.Uint16), "int4", []any{65535}, []string{"65535"}},
	{kind(catalog.Uint32), "int8", []any{uint32(math.MaxUint32)}, []string{"4294967295"}},
	{kind(catalog.Uint64), "numeric", []any{uint64(math.MaxUint64), 10000}, []string{"18446744073709551615", "10000"}},
	{kind(catalog.Float32), "float4", []any{"0.1", "1e-4", "1e-5", "100000", "1e6", "-0", "NaN", "-Inf", "3.4028235e38"},
		[]string{"0.1", "0.0001", "1e-05", "100000", "1e+06", "-0", "NaN", "-Infinity", "3.4028235e+38"}},
	{kind(catalog.Float64), "float8", []any{"0.1", "1e-4", "0.00001234", "123456789012345", "1e15", "1e100", "-0.5", "+Inf", "5e-324"},
		[]string{"0.1", "0.0001", "1.234e-05", "123456789012345", "1e+15", "1e+100", "-0.5", "Infinity", "5e-324"}},
	{catalog.DecimalOf(18, 4), "numeric(18,4)", []any{"0", "1.5", "-12345678.0001", "0.0001", "10000"},
		[]string{"0.0000", "1.5000", "-12345678.0001", "0.0001", "10000.0000"}},
	{catalog.DecimalOf(38, 0), "numeric(38,0)", []any{"99999999999999999999999999999999999999", "-10000000000000000000", "100000000"},
		[]string{"99999999999999999999999999999999999999", "-10000000000000000000", "100000000"}},
	{catalog.DecimalOf(38, 38), "numeric(38,38)", []any{"0.00000000000000000000000000000000000001"}, []string{"0.00000000000000000000000000000000000001"}},
	{catalog.DecimalOf(5, 3), "numeric(5,3)", []any{"99.999", "-0.01"}, []string{"99.999", "-0.010"}},
	{kind(catalog.HugeInt), "numeric", []any{"12345678901234567890123456789012345678", "-1"}, []string{"12345678901234567890123456789012345678", "-1"}},
	{kind(catalog.Text), "text", []any{"", "沈阳", "a\tb\n"}, []string{"", "沈阳", "a\tb\n"}},
	{kind(catalog.Blob), "bytea", []any{"", "\x00\xff"}, []string{`\x`, `\x00ff`}},
	{kind(catalog.Date), "date", []any{0, -1, 11016, -719529, -2440588, 2145042905, math.MaxInt32, -math.MaxInt32},
		[]string{"1970-01-01", "1969-12-31", "2000-02-29", "0002-12-31 BC", "4714-11-24 BC", "5874897-12-31", "infinity", "-infinity"}},
	{kind(catalog.Time), "time", []any{0, 86399*second + 999999, 3661*second + 500000}, []string{"00:00:00", "23:59:59.999999", "01:01:01.5"}},
	{kind(catalog.TimestampS), "timestamp", []any{-1, math.MaxInt64}, []string{"1969-12-31 23:59:59", "infinity"}},
	{kind(catalog.TimestampMS), "timestamp", []any{1500}, []string{"1970-01-01 00:00:01.5"}},
	{kind(catalog.Timestamp), "timestamp", []any{946684800000000 - 1, -62198755200 * second, 253402300800 * second, -math.MaxInt64},
		[]string{"1999-12-31 23:59:59.999999", "0002-01-01 00:00:00 BC", "10000-01-01 00:00:00", "-infinity"}},
	{kind(catalog.TimestampNS), "timestamp", []any{1_000_000_000}, []string{"1970-01-01 00:00:01"}},
	{kind(catalog.TimestampTZ), "timestamptz", []any{0, -2209017600 * second, 577728000 * second, math.MaxInt64},
		[]string{"1970-01-01 08:00:00+08", "1900-01-01 00:05:43+08:05:43", "1988-04-23 01:00:00+09", "infinity"}},
	{kind(catalog.Interval), "interval", []any{
		arrow.MonthDayNanoInterval{}, arrow.MonthDayNanoInterval{Months: 14, Days: 1, Nanoseconds: 14706000007000},
		arrow.MonthDayNanoInterval{Months: -1, Days: 2, Nanoseconds: 1000}, arrow.MonthDayNanoInterval{Days: -1, Nanoseconds: 3600e9},
		arrow.MonthDayNanoInterval{Days: 3}, arrow.MonthDayNanoInterval{Nanoseconds: -90e9},
	}, []string{"00:00:00", "1 year 2 mons 1 day 04:05:06.000007", "-1 mons +2 days 00:00:00.000001", "-1 days +01:00:00", "3 days", "-00:01:30"}},
	{kind(catalog.UUID), "uuid", []any{"123e4567-e89b-12d3-a456-426614174000"}, []string{"123e4567-e89b-12d3-a456-426614174000"}},
	{kind(catalog.JSON), "json", []any{`{"a": [1, null]}`}, []string{`{"a": [1, null]}`}},
	{catalog.ListOf(kind(catalog.Int32)), "int4[]", []any{[]any{1, nil, -3}, []any{}}, []string{"{1,NULL,-3}", "{}"}},
	{catalog.ListOf(kind(catalog.Text)), "text[]", []any{[]any{"", "null", "a b", `q"\`, "a,b", "{", "沈阳"}}, []string{`{"","null","a b","q\"\\","a,b","{",沈阳}`}},
	{catalog.ListOf(kind(catalog.UUID)), "uuid[]", []any{[]any{"123e4567-e89b-12d3-a456-426614174000"}}, []string{"{123e4567-e89b-12d3-a456-426614174000}"}},
	{catalog.ListOf(catalog.DecimalOf(9, 2)), "numeric[]", []any{[]any{"1.5", "-0.01"}}, []string{"{1.50,-0.01}"}},
	{catalog.ListOf(kind(catalog.Uint16)), "int2vector", []any{[]any{6, 1}, []any{32767}, []any{}}, []string{"6 1", "32767", ""}},
	{catalog.ListOf(kind(catalog.Uint64)), "oidvector", []any{[]any{3124, uint32(math.MaxUint32)}, []any{}}, []string{"3124 4294967295", ""}},
}

// What is written is what PostgreSQL itself writes of the same value: it reads our text
// and gives it back, in text and in binary.
func TestValuesAsPostgresWritesThem(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "SET TimeZone = 'Asia/Shanghai'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	for _, c := range values {
		a, style := column(t, c.typ, c.values...), pgvalue.Style{OIDs: strings.HasSuffix(c.name, "vector")}
		for i, want := range c.want {
			var own [2]string
			for format := range own {
				cell, err := style.Cells(c.typ, a, format == 1, shanghai)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				b, err := cell(nil, i)
				if err != nil {
					t.Fatalf("%s %v: %v", c.name, c.values[i], err)
				}
				own[format] = string(b)
			}
			if own[0] != want {
				t.Errorf("%s %v: %q, want %q", c.name, c.values[i], own[0], want)
			}
			got := conn.ExecParams(t.Context(), "SELECT $1::text::"+c.name+" AS a, $1::text::"+c.name+" AS b", [][]byte{[]byte(own[0])}, []uint32{25}, nil, []int16{0, 1}).Read()
			if got.Err != nil {
				t.Errorf("%s %q: %v", c.name, own[0], got.Err)
				continue
			}
			for format, theirs := range got.Rows[0] {
				if own[format] != string(theirs) {
					t.Errorf("%s %v, format %d: %q, PostgreSQL writes %q", c.name, c.values[i], format, own[format], theirs)
				}
			}
			w, f := style.Of(c.typ), got.FieldDescriptions[0]
			if w.OID != f.DataTypeOID || w.Size != f.DataTypeSize || c.typ.Kind == catalog.Decimal && w.Modifier != f.TypeModifier {
				t.Errorf("%s: announced as %+v, PostgreSQL says %d %d %d", c.name, w, f.DataTypeOID, f.DataTypeSize, f.TypeModifier)
			}
		}
	}
}

// Nested values are JSON, of which PostgreSQL's arrays have no form.
func TestNestedValuesAreJSON(t *testing.T) {
	lists := catalog.ListOf(catalog.ListOf(kind(catalog.Int32)))
	a := column(t, lists, []any{[]any{1, nil}, []any{}})
	for _, isBinary := range []bool{false, true} {
		cell, err := pgvalue.Style{}.Cells(lists, a, isBinary, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cell(nil, 0); err != nil || string(got) != "[[1,null],[]]" || pgvalue.Of(lists).OID != pgvalue.JSONOID {
			t.Errorf("%q %v", got, err)
		}
	}
}

// What PostgreSQL's type cannot hold is an error, never another value.
func TestValuesThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		typ   catalog.Type
		value any
	}{
		{catalog.ListOf(kind(catalog.Uint16)), []any{32768}},
		{catalog.ListOf(kind(catalog.Uint16)), []any{nil}},
		{catalog.ListOf(kind(catalog.Uint64)), []any{uint64(1 << 32)}},
		{kind(catalog.Text), "a\x00b"},
		{kind(catalog.TimestampNS), 1_000_000_001},
		{kind(catalog.TimestampS), math.MaxInt64 / 1000},
		{kind(catalog.Timestamp), -210_900_000_000 * second},
		{kind(catalog.TimestampTZ), -210_900_000_000 * second},
		{kind(catalog.Date), -2440589},
		{kind(catalog.Date), 2145042906},
		{kind(catalog.Interval), arrow.MonthDayNanoInterval{Nanoseconds: 1}},
		{catalog.ListOf(kind(catalog.Text)), []any{"a\x00b"}},
	} {
		a := column(t, c.typ, c.value)
		for _, isBinary := range []bool{false, true} {
			cell, err := pgvalue.Style{OIDs: true}.Cells(c.typ, a, isBinary, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := cell(nil, 0); !errors.Is(err, pgvalue.ErrDoesNotFit) {
				t.Errorf("%v as %s: %q %v", c.value, c.typ, got, err)
			}
		}
	}
}

// People's lists of unsigned numbers are arrays: vectors stand in catalogues alone. There, an
// element of a vector is what PostgreSQL has in one.
func TestVectorsAreTheCatalogues(t *testing.T) {
	list, one := catalog.ListOf(kind(catalog.Uint16)), kind(catalog.Uint16)
	for _, q := range []struct {
		style     pgvalue.Style
		list, one uint32
		text      string
		binary    string
	}{
		{pgvalue.Style{}, 1007, pgvalue.Int4OID, "{6,1}", "\x00\x00\x00\x06"},
		{pgvalue.Style{OIDs: true}, 22, pgvalue.Int2OID, "6 1", "\x00\x06"},
	} {
		if lists, ones := q.style.Of(list).OID, q.style.Of(one).OID; lists != q.list || ones != q.one {
			t.Errorf("announced as %d and %d, want %d and %d", lists, ones, q.list, q.one)
		}
		for isBinary, want := range map[bool]string{false: q.text, true: q.binary} {
			typ, a := list, column(t, list, []any{6, 1})
			if isBinary {
				typ, a = one, column(t, one, 6)
			}
			cell, err := q.style.Cells(typ, a, isBinary, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := cell(nil, 0); err != nil || string(got) != want {
				t.Errorf("%q %v, want %q", got, err, want)
			}
		}
	}
}

// Every kind has a type of PostgreSQL's.
func TestEveryKindHasAType(t *testing.T) {
	for k := catalog.Bool; k <= catalog.Null; k++ {
		typ := kind(k)
		if k == catalog.List {
			typ = catalog.ListOf(kind(catalog.Int64))
		}
		if w := pgvalue.Of(typ); w.OID == 0 {
			t.Errorf("kind %d has none", k)
		}
	}
}
