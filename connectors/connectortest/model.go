package connectortest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
)

var (
	int64Type = catalog.Type{Kind: catalog.Int64}
	textType  = catalog.Type{Kind: catalog.Text}
)

// everything makes a table with one column for each of the harness's types. Each
// value of a type stands in it at least twice; one row is NULL throughout. The
// first column, n, numbers the rows.
func everything(tb testing.TB, h Harness) Table {
	t := Table{Name: "everything", Columns: []Column{{Name: "n", Type: int64Type}}}
	values := [][]any{nil}
	longest, dropped := 0, 0
	for _, typ := range h.Types {
		t.Columns = append(t.Columns, Column{Name: "c_" + strings.ToLower(typ.DuckDB()), Type: typ})
		var keep []any
		for _, v := range ValuesOf(typ) {
			if h.Storable == nil || h.Storable(typ, v) {
				keep = append(keep, v)
			} else {
				dropped++
			}
		}
		if len(keep) == 0 {
			tb.Fatalf("harness: no value of %s is storable", typ)
		}
		values = append(values, keep)
		longest = max(longest, len(keep))
	}
	if dropped > 0 {
		tb.Logf("%d values are not storable in this engine, by declaration", dropped)
	}
	var rows [][]any
	for i := range 2*longest + 1 {
		row := make([]any, len(t.Columns))
		row[0] = int64(i)
		for c := 1; c < len(row); c++ {
			// Each column turns at a pace of its own, with a NULL after each turn.
			if k := i % (len(values[c]) + 1); k < len(values[c]) && i != 2*longest {
				row[c] = values[c][k]
			}
		}
		rows = append(rows, row)
	}
	t.Rows = slices.Values(rows)
	return t
}

// ValuesOf gives the suite's values of a type: limits, neighbours and everything
// that is known to go wrong somewhere. The slice is the caller's.
func ValuesOf(t catalog.Type) []any {
	switch t.Kind {
	case catalog.Bool:
		return []any{false, true}
	case catalog.Int8:
		return integers(math.MinInt8, math.MaxInt8)
	case catalog.Int16:
		return integers(math.MinInt16, math.MaxInt16)
	case catalog.Int32:
		return integers(math.MinInt32, math.MaxInt32)
	case catalog.Int64:
		// 2^53 and its neighbour are the same double.
		return append(integers(math.MinInt64, math.MaxInt64), int64(1)<<53, int64(1)<<53+1)
	case catalog.Uint8:
		return []any{uint64(0), uint64(1), uint64(127), uint64(128), uint64(math.MaxUint8)}
	case catalog.Uint16:
		return []any{uint64(0), uint64(1), uint64(math.MaxInt16 + 1), uint64(math.MaxUint16)}
	case catalog.Uint32:
		return []any{uint64(0), uint64(1), uint64(math.MaxInt32 + 1), uint64(math.MaxUint32)}
	case catalog.Uint64:
		return []any{uint64(0), uint64(1), uint64(1)<<53 + 1, uint64(math.MaxInt64) + 1, uint64(math.MaxUint64)}
	case catalog.Float32:
		return []any{0.0, math.Copysign(0, -1), 1.5, -1.5, float64(float32(0.1)), float64(math.MaxFloat32),
			float64(math.SmallestNonzeroFloat32), math.Inf(1), math.Inf(-1), math.NaN()}
	case catalog.Float64:
		return []any{0.0, math.Copysign(0, -1), 1.0, 1.5, -1.5, 0.1, 0.30000000000000004, 0.3, math.MaxFloat64, -math.MaxFloat64,
			math.SmallestNonzeroFloat64, 9007199254740993.0, math.Inf(1), math.Inf(-1), math.NaN()}
	case catalog.Decimal, catalog.HugeInt:
		return decimals(t)
	case catalog.Text:
		return texts()
	case catalog.Blob:
		return []any{[]byte{}, []byte{0}, []byte("a"), []byte("a\x00"), []byte("a "), []byte("A"), []byte{0xff, 0xfe}, []byte("中"), []byte(`\x61`)}
	case catalog.Date:
		return dates(1)
	case catalog.Time:
		return []any{int64(0), int64(1), int64(999_999), int64(43_200_000_000), int64(86_399_000_000), int64(86_399_999_999)}
	case catalog.TimestampS:
		return append(dates(86_400), int64(-1), int64(1))
	case catalog.TimestampMS:
		return append(dates(86_400_000), int64(-1), int64(1), int64(951_782_400_123))
	case catalog.Timestamp, catalog.TimestampTZ:
		return append(dates(86_400_000_000), int64(-1), int64(1), int64(951_782_400_123_456), int64(951_782_400_123_000), int64(951_782_400_000_000))
	case catalog.TimestampNS:
		// 1677 to 2262 is all that fits.
		return []any{int64(0), int64(-1), int64(1), int64(951_782_400_123_456_789), int64(-2_208_988_800_000_000_000)}
	case catalog.Interval:
		return []any{arrow.MonthDayNanoInterval{}, arrow.MonthDayNanoInterval{Months: 14, Days: -3, Nanoseconds: 1_000},
			arrow.MonthDayNanoInterval{Days: 1}, arrow.MonthDayNanoInterval{Nanoseconds: 86_400_000_000_000}, arrow.MonthDayNanoInterval{Months: -1}}
	case catalog.UUID:
		return []any{"00000000-0000-0000-0000-000000000000", "550e8400-e29b-41d4-a716-446655440000",
			"7fffffff-ffff-ffff-ffff-ffffffffffff", "80000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
	case catalog.JSON:
		return []any{`{"a":1,"b":[true,null]}`, `{"b":[true,null],"a":1}`, `[]`, `"文"`, `1.0`, `1`, `null`, `{"a" : 1}`}
	case catalog.List:
		return lists(*t.Elem)
	case catalog.Struct:
		return structs(t)
	}
	return nil
}

func integers(low, high int64) []any {
	return []any{low, low + 1, int64(-1), int64(0), int64(1), int64(9), int64(10), high - 1, high}
}

// decimals gives zero, the smallest step, both limits and neighbours of each.
func decimals(t catalog.Type) []any {
	precision, scale := int(t.Precision), int(t.Scale)
	if t.Kind == catalog.HugeInt {
		precision, scale = 38, 0
	}
	whole, part := strings.Repeat("9", precision-scale), strings.Repeat("9", scale)
	point := func(whole, part string) string {
		if whole == "" {
			whole = "0"
		}
		if part == "" {
			return whole
		}
		return whole + "." + part
	}
	zeros := func(n int, last string) string {
		if n <= 0 {
			return ""
		}
		return strings.Repeat("0", n-1) + last
	}
	largest := point(whole, part)
	below := largest[:len(largest)-1] + "8"
	step := point("0", zeros(scale, "1"))
	if scale == 0 {
		step = "1"
	}
	out := []any{point("0", zeros(scale, "0")), step, "-" + step, largest, "-" + largest, below, "-" + below}
	if precision-scale > 0 && scale > 0 {
		out = append(out, point("1", zeros(scale, "0")), point("1", zeros(scale, "1")), point("9", part))
	}
	return out
}

func texts() []any {
	return []any{
		"", " ", "a", "a ", "a  ", "A", "aa", "ab", "Ab", "b", "Z", "z", "ä", "Ä", "ss", "ß", "I", "i", "İ", "ı",
		"\u00e9", "e\u0301", "中", "中 ", "中文", "文", "阿", "张三", "张 三", "\uff21", "\ufffd", "\uffff", "\U0001f600", "\U0001f600\U0001f3fd",
		"O'Brien", `"quoted"`, `back\slash`, `\N`, "tab\there", "line\nbreak", "cr\r\nlf", "100%", "a_b", "NULL", "null", "0", "1e5", "?", "$1",
		"'; DROP TABLE everything; --", "/*", strings.Repeat("长", 4000),
	}
}

// dates gives days (times a unit) with leap days, century years and far limits,
// all in the proleptic Gregorian calendar.
func dates(unit int64) []any {
	days := []int64{
		0, -1, 1, // around the epoch
		11016, 11015, 11017, // 2000-02-29 and neighbours
		-25509, -25508, // 1900-02-28, 1900-03-01: no leap year
		19782,   // 2024-02-29
		-141428, // 1582-10-14, a day that the Julian calendar never had
		-719162, // 0001-01-01
		2932896, // 9999-12-31
	}
	out := make([]any, len(days))
	for i, d := range days {
		out[i] = d * unit
	}
	return out
}

func lists(elem catalog.Type) []any {
	values := ValuesOf(elem)
	return []any{[]any{}, []any{nil}, []any{values[0]}, append(slices.Clone(values[:min(3, len(values))]), nil), slices.Clone(values)}
}

func structs(t catalog.Type) []any {
	var out []any
	for i := range 3 {
		row := make([]any, len(t.Fields))
		for k, f := range t.Fields {
			if values := ValuesOf(f.Type); i < 2 {
				row[k] = values[i%len(values)]
			}
		}
		out = append(out, row)
	}
	return out
}

// numbered makes a table of count rows: n from 0, and a text of the given length
// that differs from row to row.
func numbered(name string, count, length int) Table {
	return Table{
		Name:    name,
		Columns: []Column{{Name: "n", Type: int64Type}, {Name: "filling", Type: textType}},
		Rows:    func(yield func([]any) bool) { yieldNumbered(count, length, yield) },
	}
}

func yieldNumbered(count, length int, yield func([]any) bool) {
	for i := range count {
		if !yield([]any{int64(i), filling(i, length)}) {
			return
		}
	}
}

// filling is the text of row i in a numbered table: its number, then padding.
func filling(i, length int) string {
	s := fmt.Sprintf("%d联", i)
	return s + strings.Repeat("x", max(0, length-len(s)))
}

// oneColumn is a fragment's column list for statements that are not about a table.
func oneColumn() []catalog.Column {
	return []catalog.Column{{Name: "n", SourceName: "n", Type: int64Type}}
}
