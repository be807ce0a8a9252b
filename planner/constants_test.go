package planner

import (
	"math"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// A constant is sent only when its cast cannot fail and gives the value that
// DuckDB's gives: everything else stays here, where DuckDB casts it.
func TestCastsOfConstants(t *testing.T) {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	whole := func(k catalog.Kind, n int64) catalog.Value { return catalog.Value{Type: kind(k), V: n} }
	text := func(s string) catalog.Value { return catalog.Value{Type: kind(catalog.Text), V: s} }
	decimal := func(w, s int32, digits string) catalog.Value {
		return catalog.Value{Type: catalog.DecimalOf(w, s), V: digits}
	}
	for _, c := range []struct {
		from catalog.Value
		to   catalog.Type
		want any // nil: not to be sent
	}{
		{whole(catalog.Int64, math.MaxInt8), kind(catalog.Int8), int64(math.MaxInt8)},
		{whole(catalog.Int64, math.MaxInt8+1), kind(catalog.Int8), nil},
		{whole(catalog.Int64, math.MinInt16), kind(catalog.Int16), int64(math.MinInt16)},
		{whole(catalog.Int64, math.MinInt16-1), kind(catalog.Int16), nil},
		{whole(catalog.Int64, math.MaxInt32), kind(catalog.Int32), int64(math.MaxInt32)},
		{whole(catalog.Int64, math.MaxInt32+1), kind(catalog.Int32), nil},
		{whole(catalog.Int64, -1), kind(catalog.Uint8), nil},
		{whole(catalog.Int64, 999), catalog.DecimalOf(4, 1), "999"},
		{whole(catalog.Int64, 1000), catalog.DecimalOf(4, 1), nil},
		{whole(catalog.Int64, 1<<53-1), kind(catalog.Float64), float64(1<<53 - 1)},
		{whole(catalog.Int64, 1<<53+1), kind(catalog.Float64), nil}, // no double has that value
		{whole(catalog.Int64, 1), kind(catalog.Text), nil},
		{whole(catalog.Int64, 1), kind(catalog.Bool), nil},
		{whole(catalog.Date, 1), kind(catalog.Int64), nil},
		{decimal(4, 2, "-12.50"), catalog.DecimalOf(5, 3), "-12.50"},
		{decimal(4, 2, "12.50"), catalog.DecimalOf(4, 3), nil}, // no room before the point
		{decimal(4, 2, "12.50"), catalog.DecimalOf(4, 1), nil}, // DuckDB would round
		{decimal(4, 2, "12.50"), kind(catalog.Int32), nil},
		{decimal(4, 2, "12.50"), kind(catalog.Float64), nil},
		{text("-7"), kind(catalog.Int32), int64(-7)},
		{text("007"), kind(catalog.Int32), nil},
		{text(" 7"), kind(catalog.Int32), nil},
		{text("7.0"), kind(catalog.Int32), nil},
		{text("128"), kind(catalog.Int8), nil},
		{text("true"), kind(catalog.Bool), true},
		{text("f"), kind(catalog.Bool), false},
		{text("yes"), kind(catalog.Bool), nil},
		{text("A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11"), kind(catalog.UUID), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{text("a0eebc999c0b4ef8bb6d6bb9bd380a11"), kind(catalog.UUID), nil},
		{text("1970-01-02"), kind(catalog.Date), int64(1)},
		{text("1969-12-31"), kind(catalog.Date), int64(-1)},
		{text("2023-02-29"), kind(catalog.Date), nil},
		{text("1970-1-2"), kind(catalog.Date), nil},
		{text("1970-01-02 00:00:01"), kind(catalog.Date), nil},
		{text("1970-01-01 00:00:00.000001"), kind(catalog.Timestamp), int64(1)},
		{text("1970-01-01 00:00:00.0000015"), kind(catalog.Timestamp), nil},
		{text("1970-01-01 00:00:00"), kind(catalog.TimestampTZ), nil}, // the session zone decides
		{text("1.5"), kind(catalog.Float64), nil},
		{text("1.5"), catalog.DecimalOf(3, 1), nil},
		{catalog.Value{Type: kind(catalog.Float64), V: 1.5}, kind(catalog.Float32), nil},
		{catalog.Value{Type: kind(catalog.Int64)}, kind(catalog.Int64), nil}, // NULL
	} {
		got, ok := castValue(c.from, c.to)
		switch {
		case ok != (c.want != nil):
			t.Errorf("%s %v as %s: sent %v", c.from.Type.DuckDB(), c.from.V, c.to.DuckDB(), ok)
		case ok && (got.V != c.want || !got.Type.Equal(c.to)):
			t.Errorf("%s %v as %s: %+v, want %v", c.from.Type.DuckDB(), c.from.V, c.to.DuckDB(), got, c.want)
		}
	}
}

// What a client sends for a parameter is read to the last digit or refused.
func TestParameterValues(t *testing.T) {
	for _, c := range []struct {
		kind catalog.Kind
		text string
		want any // nil: refused
	}{
		{catalog.Text, " 张三 ", " 张三 "},
		{catalog.Text, "", ""},
		{catalog.Bool, "True", true},
		{catalog.Bool, "0", false},
		{catalog.Bool, "2", nil},
		{catalog.Int8, "-128", int64(-128)},
		{catalog.Int8, "128", nil},
		{catalog.Int32, "2147483648", nil},
		{catalog.Int64, "9223372036854775807", int64(math.MaxInt64)},
		{catalog.Int64, "9223372036854775808", nil},
		{catalog.Int64, "1.0", nil},
		{catalog.Int64, "0x10", nil},
		{catalog.Uint8, "255", uint64(255)},
		{catalog.Uint8, "256", nil},
		{catalog.Uint64, "-1", nil},
		{catalog.Float64, "1e3", 1000.0},
		{catalog.Float64, "1e999", nil},
		{catalog.Float64, "", nil},
		{catalog.Decimal, "-1234.56", "-1234.56"},
		{catalog.Decimal, "12345", nil}, // DECIMAL(6,2)
		{catalog.Decimal, "0.123", nil},
		{catalog.Decimal, "1e3", nil},
		{catalog.Decimal, "1.", nil},
		{catalog.Decimal, ".5", nil},
		{catalog.Decimal, "+1", nil},
		{catalog.UUID, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{catalog.UUID, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", nil},
		{catalog.Date, "2024-02-29", int64(19782)},
		{catalog.Date, "2023-02-29", nil},
		{catalog.Timestamp, "1970-01-01T00:00:01.5", int64(1_500_000)},
		{catalog.Timestamp, "1970-01-01 00:00:01+08", nil}, // a zone where there is none
		{catalog.TimestampTZ, "1970-01-01 08:00:00+08:00", int64(0)},
		{catalog.TimestampTZ, "1970-01-01 08:00:00", nil}, // no zone where one is wanted
		{catalog.TimestampTZ, "1970-01-01T00:00:00.0000001Z", nil},
		{catalog.Time, "23:59:59.999999", int64(86_399_999_999)},
		{catalog.Time, "24:00:00", nil},
		{catalog.Time, "00:00:00.0000001", nil},
		{catalog.Interval, "1 day", nil}, // goes through text
	} {
		typ := catalog.Type{Kind: c.kind}
		if c.kind == catalog.Decimal {
			typ = catalog.DecimalOf(6, 2)
		}
		got, err := Param{Name: "n", Type: typ}.Value(c.text)
		switch {
		case c.want == nil && err == nil:
			t.Errorf("%s %q: read as %v", typ.DuckDB(), c.text, got.V)
		case c.want != nil && (err != nil || got.V != c.want || !got.Type.Equal(typ)):
			t.Errorf("%s %q: %+v %v, want %v", typ.DuckDB(), c.text, got, err, c.want)
		}
	}
}
