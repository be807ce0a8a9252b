package residual_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/residual"
)

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

// Each constant comes back from DuckDB with its type and, written as text by
// DuckDB, as it was meant.
func TestConstants(t *testing.T) {
	day := int64(86_400_000_000)
	cases := []struct {
		typ  catalog.Type
		v    any
		want string
	}{
		{kind(catalog.Bool), true, "true"}, {kind(catalog.Bool), false, "false"}, {kind(catalog.Bool), nil, "NULL"},
		{kind(catalog.Int8), int64(-128), "-128"}, {kind(catalog.Int16), int64(32767), "32767"}, {kind(catalog.Int32), int64(math.MinInt32), "-2147483648"},
		{kind(catalog.Int64), int64(math.MinInt64), "-9223372036854775808"}, {kind(catalog.Int64), int64(math.MaxInt64), "9223372036854775807"},
		{kind(catalog.Uint8), uint64(255), "255"}, {kind(catalog.Uint16), uint64(65535), "65535"}, {kind(catalog.Uint32), uint64(math.MaxUint32), "4294967295"},
		{kind(catalog.Uint64), uint64(math.MaxUint64), "18446744073709551615"},
		{kind(catalog.HugeInt), "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
		{kind(catalog.Float64), 0.1, "0.1"}, {kind(catalog.Float64), math.Copysign(0, -1), "-0.0"}, {kind(catalog.Float64), math.NaN(), "nan"},
		{kind(catalog.Float64), math.Inf(-1), "-inf"}, {kind(catalog.Float64), math.SmallestNonzeroFloat64, "5e-324"}, {kind(catalog.Float64), math.MaxFloat64, "1.7976931348623157e+308"},
		{kind(catalog.Float32), float64(float32(0.1)), "0.1"}, {kind(catalog.Float32), math.Inf(1), "inf"}, {kind(catalog.Float32), math.MaxFloat32, "3.4028235e+38"},
		{catalog.DecimalOf(38, 10), "-9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999"},
		{catalog.DecimalOf(38, 0), strings.Repeat("9", 38), strings.Repeat("9", 38)}, {catalog.DecimalOf(3, 3), "0.001", ".001"}, {catalog.DecimalOf(4, 1), "-0.5", "-0.5"},
		{kind(catalog.Text), "", ""}, {kind(catalog.Text), "it's", "it's"}, {kind(catalog.Text), "a\x00'b\\x41\n", "a\x00'b\\x41\n"}, {kind(catalog.Text), "\x00", "\x00"},
		{kind(catalog.Text), `\x41 $1 -- /* " ; 字🙂`, `\x41 $1 -- /* " ; 字🙂`}, {kind(catalog.Text), nil, "NULL"},
		{kind(catalog.JSON), `{"a": "'"}`, `{"a": "'"}`},
		{kind(catalog.Blob), []byte{}, ""}, {kind(catalog.Blob), []byte{0, 0xff, '\'', '\\', 'x'}, `\x00\xFF\x27\x5Cx`},
		{kind(catalog.Date), int64(0), "1970-01-01"}, {kind(catalog.Date), int64(-719_529), "0002-12-31 (BC)"}, {kind(catalog.Date), int64(2_932_897), "10000-01-01"},
		{kind(catalog.Date), int64(-736_000), "0047-11-26 (BC)"}, {kind(catalog.Date), int64(math.MaxInt32), "infinity"}, {kind(catalog.Date), int64(-math.MaxInt32), "-infinity"},
		{kind(catalog.Date), int64(math.MaxInt32 - 1), "5881580-07-10"}, {kind(catalog.Date), int64(-math.MaxInt32 + 1), "5877642-06-25 (BC)"},
		{kind(catalog.Time), int64(0), "00:00:00"}, {kind(catalog.Time), day - 1, "23:59:59.999999"}, {kind(catalog.Time), day, "24:00:00"},
		{kind(catalog.Timestamp), int64(-1), "1969-12-31 23:59:59.999999"}, {kind(catalog.Timestamp), int64(math.MaxInt64), "infinity"},
		{kind(catalog.Timestamp), int64(-math.MaxInt64), "-infinity"}, {kind(catalog.Timestamp), -719_529 * day, "0002-12-31 (BC) 00:00:00"},
		{kind(catalog.TimestampTZ), int64(1_709_164_800_000_001), "2024-02-29 08:00:00.000001+08"}, {kind(catalog.TimestampTZ), int64(math.MaxInt64), "infinity"},
		{kind(catalog.TimestampTZ), -719_529 * day, "0002-12-31 (BC) 08:05:43+08:05"},
		{kind(catalog.TimestampS), nil, "NULL"}, {kind(catalog.TimestampNS), nil, "NULL"},
		{kind(catalog.Interval), "14 months -3 days 5000001 microseconds", "1 year 2 months -3 days 00:00:05.000001"},
		{kind(catalog.Interval), "0 months 0 days -9223372036854775807 microseconds", "-2562047788:00:54.775807"},
		{kind(catalog.UUID), "ffffffff-ffff-4fff-bfff-ffffffffffff", "ffffffff-ffff-4fff-bfff-ffffffffffff"},
		{kind(catalog.Null), nil, "NULL"}, {catalog.ListOf(integer), nil, "NULL"},
		{catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: `a"b`, Type: integer}}}, nil, "NULL"},
		{catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: integer}, {Name: "value", Type: varchar}}}, nil, "NULL"},
	}
	r, err := oracle.NewReference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range cases {
		e := &ir.Const{Value: catalog.Value{Type: c.typ, V: c.v}}
		text, err := residual.Write(row(e), []string{"v"}, scans)
		if err != nil {
			t.Errorf("%s %v: %v", c.typ, c.v, err)
			continue
		}
		got := query(t, r, "SELECT coalesce(CAST(v AS VARCHAR), 'NULL'), typeof(v) FROM ("+text+")")
		if got.Rows[0][0] != c.want || got.Rows[0][1] != c.typ.DuckDB() {
			t.Errorf("%s %v came back as %v %v, want %s: %s", c.typ, c.v, got.Rows[0][1], got.Rows[0][0], c.want, text)
		}
	}
}

func row(e ...ir.Expr) ir.Node {
	v := &ir.Values{Rows: [][]ir.Expr{e}}
	for i, x := range e {
		v.Columns = append(v.Columns, column(100+i, fmt.Sprint("x", i), x.Type()))
	}
	return v
}

// What has no exact text is refused by its type.
func TestUnsupported(t *testing.T) {
	s := scan("t", 1)
	cases := map[string]ir.Node{
		"a constant of type TIMESTAMP_NS":                                        row(&ir.Const{Value: catalog.Value{Type: kind(catalog.TimestampNS), V: int64(1)}}),
		"text that is not UTF-8":                                                 row(word("\xff")),
		"a constant of type BIGINT":                                              row(&ir.Const{Value: catalog.Value{Type: bigint, V: "1"}}),
		"the rows of *ir.Scan":                                                   filter(s, greater(col(10), number(1))),
		"the rows of *ir.Barrier":                                                &ir.Barrier{Input: s},
		"a mark join on such a condition":                                        &ir.Join{Kind: ir.Mark, Left: s, Right: scan("u", 2), On: []ir.Expr{&ir.Or{List: []ir.Expr{eq(col(10), col(20)), eq(col(11), col(21))}}}, Mark: column(100, "m", boolean)},
		"a correlated subquery with the function random":                         project(joined(ir.Single, s, project(scan("u", 2), assign(20, col(20)), assign(100, call("random", double))), eq(col(10), col(20))), assign(100, ref(100, double))),
		"a subquery that may have several rows, of which not one column is read": project(joined(ir.Single, s, scan("u", 2), eq(col(10), col(20))), pass(10)...),
	}
	for want, root := range cases {
		none := func(n ir.Node) (string, bool) {
			if strings.HasPrefix(want, "the rows of") {
				return "", false
			}
			return scans(n)
		}
		_, err := residual.Write(root, namesOf(root), none)
		u, ok := err.(*residual.Unsupported)
		if !ok || u.What != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
