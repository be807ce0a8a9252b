package planner

import (
	"math"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// A constant is sent when all of its casts, and the last one to the column's type,
// surely give DuckDB's value, and when there is a value.
func TestResolve(t *testing.T) {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	value := func(k catalog.Kind, v any) catalog.Value { return catalog.Value{Type: kind(k), V: v} }
	params := []catalog.Value{value(catalog.Text, "300"), value(catalog.Int64, nil)}
	for name, c := range map[string]struct {
		o    operand
		to   catalog.Type
		want any // nil: not to be sent
	}{
		"a value":                    {operand{value: value(catalog.Int32, int64(7))}, kind(catalog.Int32), int64(7)},
		"a value, widened":           {operand{value: value(catalog.Int32, int64(7))}, catalog.DecimalOf(4, 1), "7"},
		"a value without room":       {operand{value: value(catalog.Int32, int64(300))}, kind(catalog.Int8), nil},
		"NULL":                       {operand{value: value(catalog.Int32, nil)}, kind(catalog.Int32), nil},
		"a parameter":                {operand{param: 1}, kind(catalog.Int16), int64(300)},
		"a parameter, through casts": {operand{param: 1, casts: []catalog.Type{kind(catalog.Int32), kind(catalog.Int64)}}, kind(catalog.Float64), 300.0},
		"a cast on the way fails":    {operand{param: 1, casts: []catalog.Type{kind(catalog.Int8)}}, kind(catalog.Int64), nil},
		"a parameter that is NULL":   {operand{param: 2}, kind(catalog.Int64), nil},
		"NULL through a cast":        {operand{param: 2, casts: []catalog.Type{kind(catalog.Int64)}}, kind(catalog.Date), nil},
		"a parameter too many":       {operand{param: 3}, kind(catalog.Int64), nil},
	} {
		got, ok := c.o.resolve(params, c.to)
		if ok != (c.want != nil) || (ok && (got.V != c.want || !got.Type.Equal(c.to))) {
			t.Errorf("%s: %+v %v, want %v", name, got, ok, c.want)
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
		{catalog.Decimal, "1e3", "1000"},
		{catalog.Decimal, "1.", "1"},
		{catalog.Decimal, ".5", "0.5"},
		{catalog.Decimal, "+1", "1"},
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
		{catalog.Time, "24:00:00", int64(86_400_000_000)},
		{catalog.Time, "24:00:00.000001", nil},
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
