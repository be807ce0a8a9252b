package oracle

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/lianji/lianji/catalog"
)

// TestTables makes three tables that a source of the given flavour can hold, with
// every type it has: many NULLs and duplicates, columns that join across sources
// by any type, names that need quotes. Prefix is what their paths begin with. The
// same seed gives the same tables.
func TestTables(seed uint64, f Flavour, prefix ...string) []Table {
	r := rand.New(rand.NewPCG(seed, uint64(f)))
	wide := testColumns(f)
	middle := pickColumns(r, wide, 0.6)
	small := pickColumns(r, wide, 0.35)
	return []Table{
		testTable(r, f, wide, 300, append(slices.Clone(prefix), "wide")),
		testTable(r, f, middle, 120, append(slices.Clone(prefix), "middle")),
		testTable(r, f, small, 50, append(slices.Clone(prefix), "Small")),
	}
}

// testColumns lists the columns of the widest table. The first two are in each.
func testColumns(f Flavour) []catalog.Column {
	key := catalog.Int32
	if f == SQLite {
		key = catalog.Int64
	}
	all := []catalog.Column{
		{Name: "id", Type: catalog.Type{Kind: catalog.Int64}, NotNull: true},
		{Name: "k", Type: catalog.Type{Kind: key}},
		{Name: "flag", Type: catalog.Type{Kind: catalog.Bool}},
		{Name: "n16", Type: catalog.Type{Kind: catalog.Int16}},
		{Name: "n32", Type: catalog.Type{Kind: catalog.Int32}},
		{Name: "n64", Type: catalog.Type{Kind: catalog.Int64}},
		{Name: "amount", Type: catalog.DecimalOf(12, 2)},
		{Name: "wide_amount", Type: catalog.DecimalOf(38, 10)},
		{Name: "code", Type: catalog.Type{Kind: catalog.Text}},
		{Name: "姓名", Type: catalog.Type{Kind: catalog.Text}},
		{Name: "Order", Type: catalog.Type{Kind: catalog.Text}},
		{Name: "day", Type: catalog.Type{Kind: catalog.Date}},
		{Name: "at", Type: catalog.Type{Kind: catalog.Timestamp}},
		{Name: "instant", Type: catalog.Type{Kind: catalog.TimestampTZ}},
		{Name: "clock", Type: catalog.Type{Kind: catalog.Time}},
		{Name: "ratio", Type: catalog.Type{Kind: catalog.Float64}},
		{Name: "single", Type: catalog.Type{Kind: catalog.Float32}},
		{Name: "uid", Type: catalog.Type{Kind: catalog.UUID}},
		{Name: `raw "bytes"`, Type: catalog.Type{Kind: catalog.Blob}},
	}
	if f == DuckDB || f == MySQL {
		all = append(all,
			catalog.Column{Name: "n8", Type: catalog.Type{Kind: catalog.Int8}},
			catalog.Column{Name: "u32", Type: catalog.Type{Kind: catalog.Uint32}},
			catalog.Column{Name: "u64", Type: catalog.Type{Kind: catalog.Uint64}})
	}
	return slices.DeleteFunc(all, func(c catalog.Column) bool { return f.TypeName(c.Type) == "" })
}

func pickColumns(r *rand.Rand, all []catalog.Column, share float64) []catalog.Column {
	out := slices.Clone(all[:2])
	for _, c := range all[2:] {
		if r.Float64() < share {
			out = append(out, c)
		}
	}
	return out
}

func testTable(r *rand.Rand, f Flavour, columns []catalog.Column, rows int, path []string) Table {
	t := Table{Path: path, Columns: columns}
	nulls := make([]float64, len(columns))
	for i := range nulls {
		nulls[i] = []float64{0, 0.1, 0.25, 0.5}[r.IntN(4)]
	}
	nulls[0] = 0
	ids := r.Perm(rows * 2) // gaps, so that a join by id leaves some out on each side
	for n := range rows {
		cells := make([]any, len(columns))
		for i, c := range columns {
			switch {
			case i == 0:
				cells[i] = int64(ids[n])
			case r.Float64() < nulls[i]:
			case i == 1:
				cells[i] = int64(r.IntN(60))
			default:
				cells[i] = sampleValue(r, f, c.Type)
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// sampleValue draws from a pool per type that all sources share. Doubles are
// multiples of a quarter, so that their sums are exact in any order, and no
// decimal is so large that a sum over some joined tables overflows.
func sampleValue(r *rand.Rand, f Flavour, t catalog.Type) any {
	switch t.Kind {
	case catalog.Bool:
		return r.IntN(3) > 0
	case catalog.Int8:
		return choose(r, []int64{math.MinInt8, -1, 0, 1, 2, 42, math.MaxInt8})
	case catalog.Int16:
		return choose(r, []int64{math.MinInt16, -1, 0, 1, 7, 42, 300, 2024, math.MaxInt16})
	case catalog.Int32:
		return choose(r, []int64{math.MinInt32, -7, 0, 1, 7, 42, 300, 100_000, math.MaxInt32})
	case catalog.Int64:
		return choose(r, []int64{math.MinInt64, -1 << 53, -7, 0, 1, 7, 42, 300, 1<<53 + 1, math.MaxInt64})
	case catalog.Uint32:
		return choose(r, []uint64{0, 1, 7, 42, 300, math.MaxUint32})
	case catalog.Uint64:
		return choose(r, []uint64{0, 1, 7, 42, 300, math.MaxInt64 + 1, math.MaxUint64})
	case catalog.Float32:
		return choose(r, []float64{-1.5, 0, 0.25, 1, 1.5, 42, 65536})
	case catalog.Float64:
		return sampleDouble(r, f)
	case catalog.Decimal:
		if t.Scale == 2 {
			return choose(r, []string{"-9999999999.99", "-12.50", "-0.01", "0.00", "0.01", "0.10", "1.00", "12.50", "12.51", "99.99", "100.00", "9999999999.99"})
		}
		return choose(r, []string{"-100000000000000000000.0000000001", "-12.5000000000", "0.0000000000", "0.0000000001", "1.0000000000", "12.5000000000", "123456789012345678.1234567890", "100000000000000000000.0000000001"})
	case catalog.Text:
		return choose(r, sampleTexts)
	case catalog.Blob:
		return choose(r, [][]byte{{}, {0}, {0, 1}, {0xff}, []byte("a"), []byte("A"), []byte("张三"), []byte("' --")})
	case catalog.Date:
		return choose(r, sampleDays)
	case catalog.Time:
		return choose(r, []int64{0, 1, 8 * 3600 * 1e6, 43_200_000_000, 45_045_123_456, dayMicros - 1})
	case catalog.Timestamp, catalog.TimestampTZ:
		days := sampleDays
		if f == MySQL && t.Kind == catalog.TimestampTZ {
			days = days[4:] // it has none before 1970
		}
		return choose(r, days)*dayMicros + choose(r, []int64{0, 0, 16*3600*1e6 - 1, 16 * 3600 * 1e6, 45_045_500_000, 45_045_123_456, dayMicros - 1})
	case catalog.UUID:
		return choose(r, []string{"00000000-0000-0000-0000-000000000000", "0f0e0d0c-0b0a-4908-8706-050403020100", "7fffffff-ffff-4fff-bfff-ffffffffffff", "80000000-0000-4000-8000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"})
	}
	return nil
}

func choose[T any](r *rand.Rand, values []T) T { return values[r.IntN(len(values))] }

// sampleTexts differ in what collations, padding, case folding and pattern
// characters make of them.
var sampleTexts = []string{
	"", " ", "a", "A", "a ", " a", "b", "B", "ab", "aB", "AB", "abc", "Z", "z", "_", "a_c", "a%c", "%",
	"e", "é", "e\u0301", "ss", "ß", "10", "9", "2024-01-01", "NULL", "O'Brien", `back\slash`, `"quoted"`, "two\nlines",
	"张三", "张三 ", "李四", "王五", "阿", "重庆", "上海市", "市", "🙂", "👩‍👧", "\U00020BB7",
}

// sampleDays: round the epoch, leap days, month and year ends, the Shanghai summer
// times of 1986 to 1991 and its local mean time before 1901.
var sampleDays = []int64{-25_570, -10_000, -1, 0, 1, 58, 59, 5_967, 6_000, 7_400, 10_956, 10_957, 11_016, 11_017, 18_261, 18_262, 19_723, 19_782, 19_783, 20_089}

func sampleDouble(r *rand.Rand, f Flavour) float64 {
	if r.Float64() < 0.05 && f != MySQL { // which has numbers alone
		strange := []float64{math.Inf(-1), math.Inf(1), math.Copysign(0, -1), math.NaN()}
		if f == SQLite {
			strange = strange[:3] // it turns NaN into NULL
		}
		return choose(r, strange)
	}
	return choose(r, []float64{-1000.25, -1, 0, 0.25, 0.5, 1, 1.5, 42, 1000.75, 123456.25})
}
