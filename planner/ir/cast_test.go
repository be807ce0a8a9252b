package ir_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
)

// A cast is computed only when it cannot fail, and then DuckDB's gives the same:
// everything else stays where DuckDB casts it.
func TestCastValue(t *testing.T) {
	r, err := oracle.NewReference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	text, i64, dec := kind(catalog.Text), kind(catalog.Int64), catalog.DecimalOf
	for _, c := range []struct {
		sql  string // the value as DuckDB reads it
		from catalog.Type
		v    any
		to   catalog.Type
		want any    // nil: not computed
		duck string // DuckDB's result as text
	}{
		{"127", i64, int64(127), kind(catalog.Int8), int64(127), "127"},
		{"128", i64, int64(128), kind(catalog.Int8), nil, ""},
		{"-32769", i64, int64(-32769), kind(catalog.Int16), nil, ""},
		{"-32768", i64, int64(math.MinInt16), kind(catalog.Int16), int64(math.MinInt16), "-32768"},
		{"2147483647", i64, int64(math.MaxInt32), kind(catalog.Int32), int64(math.MaxInt32), "2147483647"},
		{"2147483648", i64, int64(math.MaxInt32 + 1), kind(catalog.Int32), nil, ""},
		{"-1", i64, int64(-1), kind(catalog.Uint8), nil, ""},
		{"999", i64, int64(999), dec(4, 1), "999", "999.0"},
		{"1000", i64, int64(1000), dec(4, 1), nil, ""},
		{"9007199254740991", i64, int64(1<<53 - 1), kind(catalog.Float64), float64(1<<53 - 1), "9007199254740991.0"},
		{"9007199254740993", i64, int64(1<<53 + 1), kind(catalog.Float64), nil, ""},
		{"1", i64, int64(1), text, nil, ""},
		{"1", i64, int64(1), kind(catalog.Bool), nil, ""},
		{"DATE '1970-01-02'", kind(catalog.Date), int64(1), i64, nil, ""},
		{"-12.50", dec(4, 2), "-12.50", dec(5, 3), "-12.50", "-12.500"},
		{"12.50", dec(4, 2), "12.50", dec(4, 3), nil, ""},
		{"12.50", dec(4, 2), "12.50", dec(4, 1), nil, ""},
		{"12.50", dec(4, 2), "12.50", kind(catalog.Int32), nil, ""},
		{"12.50", dec(4, 2), "12.50", kind(catalog.Float64), nil, ""},
		{"'-7'", text, "-7", kind(catalog.Int32), int64(-7), "-7"},
		{"'007'", text, "007", kind(catalog.Int32), nil, ""},
		{"' 7'", text, " 7", kind(catalog.Int32), nil, ""},
		{"'7.0'", text, "7.0", kind(catalog.Int32), nil, ""},
		{"'128'", text, "128", kind(catalog.Int8), nil, ""},
		{"'true'", text, "true", kind(catalog.Bool), true, "true"},
		{"'f'", text, "f", kind(catalog.Bool), false, "false"},
		{"'yes'", text, "yes", kind(catalog.Bool), nil, ""},
		{"'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'", text, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", kind(catalog.UUID),
			"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{"'a0eebc999c0b4ef8bb6d6bb9bd380a11'", text, "a0eebc999c0b4ef8bb6d6bb9bd380a11", kind(catalog.UUID), nil, ""},
		{`'a b~\x00\xfF\x5c'`, text, `a b~\x00\xfF\x5c`, kind(catalog.Blob), []byte("a b~\x00\xff\\"), `a b~\x00\xFF\x5C`},
		{`chr(9) || '"'`, text, "\t\"", kind(catalog.Blob), []byte("\t\""), `\x09\x22`},
		{"''", text, "", kind(catalog.Blob), []byte{}, ""},
		{`'\x0'`, text, `\x0`, kind(catalog.Blob), nil, ""},
		{`'\x0g'`, text, `\x0g`, kind(catalog.Blob), nil, ""},
		{`'\000'`, text, `\000`, kind(catalog.Blob), nil, ""},
		{`'\'`, text, `\`, kind(catalog.Blob), nil, ""},
		{"'字'", text, "字", kind(catalog.Blob), nil, ""},
		{"'1970-01-02'", text, "1970-01-02", kind(catalog.Date), int64(1), "1970-01-02"},
		{"'1969-12-31'", text, "1969-12-31", kind(catalog.Date), int64(-1), "1969-12-31"},
		{"'0001-01-01'", text, "0001-01-01", kind(catalog.Date), int64(-719162), "0001-01-01"},
		{"'2023-02-29'", text, "2023-02-29", kind(catalog.Date), nil, ""},
		{"'1970-1-2'", text, "1970-1-2", kind(catalog.Date), nil, ""},
		{"'1970-01-02 00:00:01'", text, "1970-01-02 00:00:01", kind(catalog.Date), nil, ""},
		{"'1970-01-01 00:00:00.000001'", text, "1970-01-01 00:00:00.000001", kind(catalog.Timestamp), int64(1), "1970-01-01 00:00:00.000001"},
		{"'1970-01-01 00:00:00.0000015'", text, "1970-01-01 00:00:00.0000015", kind(catalog.Timestamp), nil, ""},
		{"'1970-01-01 00:00:00'", text, "1970-01-01 00:00:00", kind(catalog.TimestampTZ), nil, ""},
		{"'1.5'", text, "1.5", kind(catalog.Float64), nil, ""},
		{"'1.5'", text, "1.5", dec(3, 1), "1.5", "1.5"},
		{"'-0.05'", text, "-0.05", dec(3, 2), "-0.05", "-0.05"},
		{"'12'", text, "12", dec(4, 2), "12", "12.00"},
		{"'1.55'", text, "1.55", dec(3, 1), nil, ""},
		{"'100'", text, "100", dec(3, 1), nil, ""},
		{"'.5'", text, ".5", dec(3, 1), nil, ""},
		{"'1e1'", text, "1e1", dec(3, 1), nil, ""},
		{"'2024-01-02 03:04:05.5Z'", text, "2024-01-02 03:04:05.5Z", kind(catalog.TimestampTZ), int64(1704164645500000), "2024-01-02 11:04:05.5+08"},
		{"'2024-01-02T03:04:05.000001+08:30'", text, "2024-01-02T03:04:05.000001+08:30", kind(catalog.TimestampTZ), int64(1704134045000001), "2024-01-02 02:34:05.000001+08"},
		{"'2024-01-02 03:04:05.0000001Z'", text, "2024-01-02 03:04:05.0000001Z", kind(catalog.TimestampTZ), nil, ""},
		{"1.5", kind(catalog.Float64), 1.5, kind(catalog.Float32), nil, ""},
	} {
		got, ok := ir.CastValue(catalog.Value{Type: c.from, V: c.v}, c.to)
		if ok != (c.want != nil) || (ok && (!reflect.DeepEqual(got.V, c.want) || !got.Type.Equal(c.to))) {
			t.Errorf("%s as %s: %+v %v, want %v", c.sql, c.to, got, ok, c.want)
		}
		if !ok {
			continue
		}
		res, err := r.Query(t.Context(), "SELECT CAST(CAST(CAST("+c.sql+" AS "+c.from.DuckDB()+") AS "+c.to.DuckDB()+") AS VARCHAR)")
		if err != nil || res.Rows[0][0] != c.duck {
			t.Errorf("%s as %s: DuckDB gives %v %v", c.sql, c.to, res.Rows, err)
		}
	}
	if v, ok := ir.CastValue(catalog.Value{Type: i64}, kind(catalog.Date)); !ok || !v.IsNull() || v.Type.Kind != catalog.Date {
		t.Errorf("NULL as a date: %+v %v", v, ok)
	}
}
