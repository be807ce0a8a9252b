package output_test

import (
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/output"
)

// kindCase is one column: what is put in and how each value is written. NULL is
// put before and after by the test.
type kindCase struct {
	name string
	typ  catalog.Type
	fill func(b array.Builder)
	json []string // in both JSON forms
	csv  []string // as a field, quotes included
	show []string // in a table; nil when it is as in csv
}

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func decimalFrom(t *testing.T, text string, precision, scale int32) decimal128.Num {
	t.Helper()
	n, err := decimal128.FromString(text, precision, scale)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func kindCases(t *testing.T) []kindCase {
	integers := func(v ...int64) func(array.Builder) {
		return func(b array.Builder) {
			for _, n := range v {
				switch b := b.(type) {
				case *array.Int8Builder:
					b.Append(int8(n))
				case *array.Int16Builder:
					b.Append(int16(n))
				case *array.Int32Builder:
					b.Append(int32(n))
				case *array.Int64Builder:
					b.Append(n)
				case *array.Uint8Builder:
					b.Append(uint8(n))
				case *array.Uint16Builder:
					b.Append(uint16(n))
				case *array.Uint32Builder:
					b.Append(uint32(n))
				case *array.Uint64Builder:
					b.Append(uint64(n))
				case *array.Date32Builder:
					b.Append(arrow.Date32(n))
				case *array.Time64Builder:
					b.Append(arrow.Time64(n))
				case *array.TimestampBuilder:
					b.Append(arrow.Timestamp(n))
				default:
					t.Fatalf("builder %T", b)
				}
			}
		}
	}
	decimals := func(precision, scale int32, v ...string) func(array.Builder) {
		return func(b array.Builder) {
			for _, text := range v {
				b.(*array.Decimal128Builder).Append(decimalFrom(t, text, precision, scale))
			}
		}
	}
	texts := func(v ...string) func(array.Builder) {
		return func(b array.Builder) {
			for _, s := range v {
				b.(*array.StringBuilder).Append(s)
			}
		}
	}
	const day = int64(24 * 60 * 60)
	leap := 19782*day + 13*3600 + 4*60 + 5 // 2024-02-29 13:04:05
	return []kindCase{
		{name: "bool", typ: kind(catalog.Bool), fill: func(b array.Builder) { b.(*array.BooleanBuilder).AppendValues([]bool{true, false}, nil) },
			json: []string{"true", "false"}, csv: []string{"true", "false"}},
		{name: "int8", typ: kind(catalog.Int8), fill: integers(-128, 127), json: []string{"-128", "127"}, csv: []string{"-128", "127"}},
		{name: "int16", typ: kind(catalog.Int16), fill: integers(-32768), json: []string{"-32768"}, csv: []string{"-32768"}},
		{name: "int32", typ: kind(catalog.Int32), fill: integers(0, -2147483648), json: []string{"0", "-2147483648"}, csv: []string{"0", "-2147483648"}},
		{name: "int64", typ: kind(catalog.Int64), fill: integers(math.MinInt64, 9007199254740993),
			json: []string{`"-9223372036854775808"`, `"9007199254740993"`}, csv: []string{"-9223372036854775808", "9007199254740993"}},
		{name: "uint8", typ: kind(catalog.Uint8), fill: integers(255), json: []string{"255"}, csv: []string{"255"}},
		{name: "uint16", typ: kind(catalog.Uint16), fill: integers(65535), json: []string{"65535"}, csv: []string{"65535"}},
		{name: "uint32", typ: kind(catalog.Uint32), fill: integers(4294967295), json: []string{"4294967295"}, csv: []string{"4294967295"}},
		{name: "uint64", typ: kind(catalog.Uint64), fill: integers(-1), json: []string{`"18446744073709551615"`}, csv: []string{"18446744073709551615"}},
		{name: "float32", typ: kind(catalog.Float32), fill: func(b array.Builder) {
			b.(*array.Float32Builder).AppendValues([]float32{0.1, 16777216, float32(math.Inf(-1))}, nil)
		}, json: []string{"0.1", "16777216.0", `"-Infinity"`}, csv: []string{"0.1", "16777216.0", "-Infinity"}},
		{name: "float64", typ: kind(catalog.Float64), fill: func(b array.Builder) {
			b.(*array.Float64Builder).AppendValues([]float64{0, math.Copysign(0, -1), 0.1, 1e300, 123456789012, 1e21, 5e-324, math.NaN(), math.Inf(1)}, nil)
		}, json: []string{"0.0", "-0.0", "0.1", "1e+300", "123456789012.0", "1e+21", "5e-324", `"NaN"`, `"Infinity"`},
			csv: []string{"0.0", "-0.0", "0.1", "1e+300", "123456789012.0", "1e+21", "5e-324", "NaN", "Infinity"}},
		{name: "decimal(12,2)", typ: catalog.DecimalOf(12, 2), fill: decimals(12, 2, "-12.50", "0.05", "-0.05", "0.00", "9999999999.99"),
			json: []string{`"-12.50"`, `"0.05"`, `"-0.05"`, `"0.00"`, `"9999999999.99"`}, csv: []string{"-12.50", "0.05", "-0.05", "0.00", "9999999999.99"}},
		{name: "decimal(38,10)", typ: catalog.DecimalOf(38, 10), fill: decimals(38, 10, "1844674407.3709551616", "9999999999999999999999999999.9999999999", "-1.0000000001"),
			json: []string{`"1844674407.3709551616"`, `"9999999999999999999999999999.9999999999"`, `"-1.0000000001"`},
			csv:  []string{"1844674407.3709551616", "9999999999999999999999999999.9999999999", "-1.0000000001"}},
		{name: "decimal(38,38)", typ: catalog.DecimalOf(38, 38), fill: decimals(38, 38, "0.00000000000000000000000000000000000001"),
			json: []string{`"0.00000000000000000000000000000000000001"`}, csv: []string{"0.00000000000000000000000000000000000001"}},
		{name: "hugeint", typ: kind(catalog.HugeInt), fill: decimals(38, 0, "-99999999999999999999999999999999999999", "10000000000000000000"),
			json: []string{`"-99999999999999999999999999999999999999"`, `"10000000000000000000"`}, csv: []string{"-99999999999999999999999999999999999999", "10000000000000000000"}},
		{name: "text", typ: kind(catalog.Text), fill: texts("张三", "", "a,b", `say "hi"`, "two\nlines", " a", "a\t", "NULL", "\x1b[2J\u202e", "bad\xff", "\u2028"),
			json: []string{`"张三"`, `""`, `"a,b"`, `"say \"hi\""`, `"two\nlines"`, `" a"`, `"a\t"`, `"NULL"`, `"\u001b[2J` + "\u202e" + `"`, `"bad\ufffd"`, `"\u2028"`},
			csv:  []string{"张三", `""`, `"a,b"`, `"say ""hi"""`, "\"two\nlines\"", `" a"`, "\"a\t\"", "NULL", "\x1b[2J\u202e", "bad\xff", "\u2028"},
			show: []string{"张三", "", "a,b", `say "hi"`, `two\nlines`, " a", `a\t`, `"NULL"`, `\x1b[2J\u202e`, "bad\ufffd", `\u2028`}},
		{name: "blob", typ: kind(catalog.Blob), fill: func(b array.Builder) {
			b.(*array.BinaryBuilder).Append([]byte{0, 0xff, 'a'})
			b.(*array.BinaryBuilder).Append([]byte{})
			b.(*array.BinaryBuilder).Append([]byte{0xfb})
		}, json: []string{`"AP9h"`, `""`, `"+w=="`}, csv: []string{"AP9h", `""`, "+w=="}, show: []string{"AP9h", "", "+w=="}},
		{name: "date", typ: kind(catalog.Date), fill: integers(19782, 0, -1, -719528, -719529, 2932896, 2932897, math.MaxInt32, -math.MaxInt32),
			json: []string{`"2024-02-29"`, `"1970-01-01"`, `"1969-12-31"`, `"0000-01-01"`, `"-000001-12-31"`, `"9999-12-31"`, `"+010000-01-01"`, `"infinity"`, `"-infinity"`},
			csv:  []string{"2024-02-29", "1970-01-01", "1969-12-31", "0000-01-01", "-000001-12-31", "9999-12-31", "+010000-01-01", "infinity", "-infinity"}},
		{name: "time", typ: kind(catalog.Time), fill: integers(0, 47045_123456, 86399_999999, 1_500000, 86400_000000),
			json: []string{`"00:00:00"`, `"13:04:05.123456"`, `"23:59:59.999999"`, `"00:00:01.5"`, `"24:00:00"`},
			csv:  []string{"00:00:00", "13:04:05.123456", "23:59:59.999999", "00:00:01.5", "24:00:00"}},
		{name: "timestamp_s", typ: kind(catalog.TimestampS), fill: integers(leap, -1), json: []string{`"2024-02-29T13:04:05"`, `"1969-12-31T23:59:59"`},
			csv: []string{"2024-02-29 13:04:05", "1969-12-31 23:59:59"}},
		{name: "timestamp_ms", typ: kind(catalog.TimestampMS), fill: integers(leap*1000 + 7), json: []string{`"2024-02-29T13:04:05.007"`}, csv: []string{"2024-02-29 13:04:05.007"}},
		{name: "timestamp", typ: kind(catalog.Timestamp), fill: integers(leap*1_000_000+123456, -1, math.MaxInt64, -math.MaxInt64),
			json: []string{`"2024-02-29T13:04:05.123456"`, `"1969-12-31T23:59:59.999999"`, `"infinity"`, `"-infinity"`},
			csv:  []string{"2024-02-29 13:04:05.123456", "1969-12-31 23:59:59.999999", "infinity", "-infinity"}},
		{name: "timestamp_ns", typ: kind(catalog.TimestampNS), fill: integers(leap*1_000_000_000 + 10), json: []string{`"2024-02-29T13:04:05.00000001"`}, csv: []string{"2024-02-29 13:04:05.00000001"}},
		{name: "timestamptz", typ: kind(catalog.TimestampTZ), fill: integers(leap * 1_000_000), json: []string{`"2024-02-29T13:04:05Z"`}, csv: []string{"2024-02-29 13:04:05+00"}},
		{name: "interval", typ: kind(catalog.Interval), fill: func(b array.Builder) {
			for _, v := range []arrow.MonthDayNanoInterval{
				{Months: 14, Days: 3, Nanoseconds: (4*3600+5*60+6)*1e9 + 7000}, {}, {Months: -1}, {Days: 1, Nanoseconds: -500_000_000}, {Nanoseconds: -3600 * 1e9},
			} {
				b.(*array.MonthDayNanoIntervalBuilder).Append(v)
			}
		}, json: []string{`"P1Y2M3DT4H5M6.000007S"`, `"PT0S"`, `"P-1M"`, `"P1DT-0.5S"`, `"PT-1H"`},
			csv: []string{"P1Y2M3DT4H5M6.000007S", "PT0S", "P-1M", "P1DT-0.5S", "PT-1H"}},
		{name: "uuid", typ: kind(catalog.UUID), fill: texts("0f0e0d0c-0b0a-0908-0706-050403020100"),
			json: []string{`"0f0e0d0c-0b0a-0908-0706-050403020100"`}, csv: []string{"0f0e0d0c-0b0a-0908-0706-050403020100"}},
		{name: "json", typ: kind(catalog.JSON), fill: texts(`{"a": 1}`), json: []string{`"{\"a\": 1}"`}, csv: []string{`"{""a"": 1}"`}, show: []string{`{"a": 1}`}},
		{name: "null", typ: kind(catalog.Null), fill: func(array.Builder) {}},
		{name: "list", typ: catalog.ListOf(kind(catalog.Int64)), fill: func(b array.Builder) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			l.ValueBuilder().(*array.Int64Builder).AppendValues([]int64{1, 0, 3}, []bool{true, false, true})
			l.Append(true)
		}, json: []string{`["1",null,"3"]`, `[]`}, csv: []string{`"[""1"",null,""3""]"`, `[]`}, show: []string{`["1",null,"3"]`, `[]`}},
		{name: "struct", typ: catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: `a"b`, Type: kind(catalog.Int32)}, {Name: "乙", Type: kind(catalog.Float64)}}}, fill: func(b array.Builder) {
			s := b.(*array.StructBuilder)
			s.Append(true)
			s.FieldBuilder(0).(*array.Int32Builder).Append(1)
			s.FieldBuilder(1).(*array.Float64Builder).Append(math.NaN())
		}, json: []string{`{"a\"b":1,"乙":"NaN"}`}, csv: []string{`"{""a\""b"":1,""乙"":""NaN""}"`}, show: []string{`{"a\"b":1,"乙":"NaN"}`}},
		{name: "unnamed struct", typ: catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Type: kind(catalog.Int32)}, {Type: kind(catalog.Bool)}}}, fill: func(b array.Builder) {
			s := b.(*array.StructBuilder)
			s.Append(true)
			s.FieldBuilder(0).AppendNull()
			s.FieldBuilder(1).(*array.BooleanBuilder).Append(true)
		}, json: []string{`[null,true]`}, csv: []string{`"[null,true]"`}, show: []string{`[null,true]`}},
		{name: "map", typ: catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: kind(catalog.Text)}, {Name: "value", Type: kind(catalog.Date)}}}, fill: func(b array.Builder) {
			m := b.(*array.MapBuilder)
			m.Append(true)
			m.KeyBuilder().(*array.StringBuilder).AppendValues([]string{"z", "a"}, nil)
			m.ItemBuilder().(*array.Date32Builder).AppendValues([]arrow.Date32{0, 0}, []bool{true, false})
			m.Append(true)
		}, json: []string{`[["z","1970-01-01"],["a",null]]`, `[]`}, csv: []string{`"[[""z"",""1970-01-01""],[""a"",null]]"`, `[]`}, show: []string{`[["z","1970-01-01"],["a",null]]`, `[]`}},
		{name: "list of lists of structs", typ: catalog.ListOf(catalog.ListOf(catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "t", Type: kind(catalog.TimestampTZ)}}})), fill: func(b array.Builder) {
			outer := b.(*array.ListBuilder)
			inner := outer.ValueBuilder().(*array.ListBuilder)
			s := inner.ValueBuilder().(*array.StructBuilder)
			outer.Append(true)
			inner.AppendNull()
			inner.Append(true)
			s.AppendNull()
			s.Append(true)
			s.FieldBuilder(0).(*array.TimestampBuilder).Append(0)
		}, json: []string{`[null,[null,{"t":"1970-01-01T00:00:00Z"}]]`}, csv: []string{`"[null,[null,{""t"":""1970-01-01T00:00:00Z""}]]"`}, show: []string{`[null,[null,{"t":"1970-01-01T00:00:00Z"}]]`}},
	}
}

// Every kind has a case, so that a new kind cannot be forgotten here.
func TestEveryKindHasACase(t *testing.T) {
	have := map[catalog.Kind]bool{}
	for _, c := range kindCases(t) {
		have[c.typ.Kind] = true
	}
	for k := catalog.Bool; k <= catalog.Null; k++ {
		if !have[k] {
			t.Errorf("no case for kind %d", k)
		}
	}
}

func TestValuesOfEveryKind(t *testing.T) {
	for _, c := range kindCases(t) {
		t.Run(c.name, func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer alloc.AssertSize(t, 0)
			batch, types := column(alloc, c)
			defer batch.Release()

			shows := c.show
			if shows == nil {
				shows = c.csv
			}
			check(t, output.NDJSON, batch, types, "\n", lines(c.json, "[0,", "]", "null"))
			check(t, output.CSV, batch, types, "\r\n", lines(c.csv, "0,", "", ""))
			got := written(t, output.Table, batch, types)
			for i, want := range append(append([]string{"NULL"}, shows...), "NULL") {
				_, cell, _ := strings.Cut(strings.Split(got, "\n")[i+2], "|")
				if isRight(c.typ) {
					cell = strings.TrimLeft(cell, " ")
				} else {
					cell = strings.TrimPrefix(cell, " ")
				}
				if cell != want {
					t.Errorf("table row %d: %q, want %q", i, cell, want)
				}
			}
		})
	}
}

func isRight(t catalog.Type) bool {
	return (t.Kind >= catalog.Int8 && t.Kind <= catalog.Decimal) || t.Kind == catalog.HugeInt || t.Kind == catalog.Null
}

// column gives a batch of two columns: n, all zeros, and v, the case's values
// between two NULLs.
func column(alloc memory.Allocator, c kindCase) (arrow.RecordBatch, []catalog.Type) {
	b := array.NewBuilder(alloc, c.typ.Arrow())
	defer b.Release()
	// A row that is cut off again at each end: slices must be read at their place.
	b.AppendNull()
	b.AppendNull()
	c.fill(b)
	b.AppendNull()
	b.AppendNull()
	whole := b.NewArray()
	defer whole.Release()
	values := array.NewSlice(whole, 1, int64(whole.Len()-1))
	defer values.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int8, Nullable: true}, {Name: "v", Type: c.typ.Arrow(), Nullable: true}}, nil)
	index := array.NewInt8Builder(alloc)
	defer index.Release()
	index.AppendEmptyValues(values.Len())
	zeros := index.NewArray()
	defer zeros.Release()
	return array.NewRecordBatch(schema, []arrow.Array{zeros, values}, int64(values.Len())), []catalog.Type{kind(catalog.Int8), c.typ}
}

func lines(values []string, before, after, null string) []string {
	out := []string{before + null + after}
	for _, v := range values {
		out = append(out, before+v+after)
	}
	return append(out, before+null+after)
}

func check(t *testing.T, f output.Form, b arrow.RecordBatch, types []catalog.Type, end string, want []string) {
	t.Helper()
	got := written(t, f, b, types)
	_, rows, _ := strings.Cut(got, end)
	if body := strings.Join(want, end) + end; !strings.HasPrefix(rows, body) {
		t.Errorf("%s:\n got %q\nwant %q", f, rows, body)
	}
}

func written(t *testing.T, f output.Form, b arrow.RecordBatch, types []catalog.Type) string {
	t.Helper()
	var out strings.Builder
	s := &fakeStream{schema: b.Schema(), batches: []arrow.RecordBatch{b}}
	if _, err := output.Write(t.Context(), &out, f, s, output.Options{Types: types}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// fakeStream gives batches that the test owns, then err.
type fakeStream struct {
	schema  *arrow.Schema
	batches []arrow.RecordBatch
	err     error
	read    int
	onNext  func(n int)
}

func (s *fakeStream) Schema() *arrow.Schema { return s.schema }

func (s *fakeStream) Next() bool {
	if s.onNext != nil {
		s.onNext(s.read)
	}
	s.read++
	return s.read <= len(s.batches)
}

func (s *fakeStream) RecordBatch() arrow.RecordBatch { return s.batches[s.read-1] }

func (s *fakeStream) Err() error {
	if s.read > len(s.batches) {
		return s.err
	}
	return nil
}
