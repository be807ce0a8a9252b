package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
)

func of(t *testing.T, typ catalog.Type, text string) catalog.Value {
	t.Helper()
	v, ok := catalog.ParseValue(typ, text)
	if !ok {
		t.Fatalf("%s is no %s", text, typ)
	}
	return v
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestColumnStatistics(t *testing.T) {
	text, whole, date := catalog.Type{Kind: catalog.Text}, catalog.Type{Kind: catalog.Int32}, catalog.Type{Kind: catalog.Date}
	c := catalog.ColumnStatistics{Distinct: 12, NullShare: 0.1}
	c.SetTop([]catalog.Value{of(t, text, "正常"), of(t, text, "注销")}, []float64{0.6, 0.2})
	for value, want := range map[string]float64{"正常": 0.6, "注销": 0.2, "其他": 0.01} { // 0.1 left for ten values
		if got := c.Equal(of(t, text, value)); !near(got, want) {
			t.Errorf("= %s: %g, want %g", value, got, want)
		}
	}
	if got := c.Equal(catalog.Value{Type: text}); got != 0 {
		t.Errorf("nothing equals NULL: %g", got)
	}
	if n, share := c.Top(); n != 2 || !near(share, 0.8) {
		t.Errorf("%d values with %g of the rows", n, share)
	}
	if got := c.Below(of(t, text, "正常")); got != -1 {
		t.Errorf("text lies on no line: %g", got)
	}

	n := catalog.ColumnStatistics{Distinct: 50, NullShare: -1}
	n.SetBounds(of(t, whole, "0"), of(t, whole, "100"), of(t, whole, "1000")) // half of the rows up to 100
	for value, want := range map[string]float64{"-5": 0, "0": 0, "50": 0.25, "100": 0.5, "550": 0.75, "1000": 1, "2000": 1} {
		if got := n.Below(of(t, whole, value)); !near(got, want) {
			t.Errorf("< %s: %g, want %g", value, got, want)
		}
	}
	if got := n.Below(of(t, catalog.DecimalOf(10, 2), "50.00")); !near(got, 0.25) {
		t.Errorf("a decimal lies among the whole numbers: %g", got)
	}
	if n.Extent() != 1000 || c.Extent() != -1 || !near(n.Equal(of(t, whole, "7")), 0.02) {
		t.Errorf("extent %g and %g, = 7 %g", n.Extent(), c.Extent(), n.Equal(of(t, whole, "7")))
	}

	d := catalog.ColumnStatistics{}
	d.SetBounds(of(t, date, "2024-01-01"), of(t, date, "2024-01-11"))
	if got := d.Below(of(t, catalog.Type{Kind: catalog.Timestamp}, "2024-01-06 00:00:00")); !near(got, 0.5) {
		t.Errorf("a time lies among the days: %g", got)
	}
	if d.Equal(of(t, date, "2024-01-02")) != -1 {
		t.Error("nothing is known of equality")
	}
	var unknown catalog.ColumnStatistics
	unknown.SetBounds(of(t, whole, "1"))
	unknown.SetBounds(of(t, whole, "1"), of(t, text, "x"))
	if unknown.Below(of(t, whole, "3")) != -1 || unknown.Extent() != -1 {
		t.Error("one bound is no extent, nor is one of text")
	}
	// A copy does not see what the other gets.
	e := n
	e.SetBounds(of(t, whole, "0"), of(t, whole, "10"))
	n.Widen(of(t, whole, "500"), of(t, whole, "-100"))
	if n.Extent() != 1100 || !near(n.Below(of(t, whole, "0")), 0.25) {
		t.Errorf("widened to %g", n.Extent())
	}
	n.Widen(of(t, whole, "0"))
	if n.Extent() != 1100 || e.Extent() != 10 {
		t.Error("two copies share their bounds")
	}
}

// The same value has the same share, however its type writes it.
func TestEqualValuesOfSeveralTypes(t *testing.T) {
	whole := catalog.Type{Kind: catalog.Int64}
	c := catalog.ColumnStatistics{Distinct: 1e6, NullShare: 0}
	c.SetTop([]catalog.Value{of(t, whole, "50")}, []float64{0.5})
	for _, v := range []catalog.Value{of(t, catalog.DecimalOf(10, 2), "050.00"), of(t, catalog.Type{Kind: catalog.Int8}, "50"), of(t, catalog.Type{Kind: catalog.Uint64}, "50")} {
		if got := c.Equal(v); !near(got, 0.5) {
			t.Errorf("%s: %g", v.Type, got)
		}
	}
	for _, v := range []catalog.Value{of(t, catalog.Type{Kind: catalog.Text}, "50"), of(t, catalog.DecimalOf(10, 2), "-50"), of(t, catalog.DecimalOf(10, 2), "5")} {
		if got := c.Equal(v); got > 0.001 {
			t.Errorf("%s is not 50: %g", v.Type, got)
		}
	}
	day := catalog.ColumnStatistics{Distinct: 1e6}
	day.SetTop([]catalog.Value{of(t, catalog.Type{Kind: catalog.Date}, "2024-02-29")}, []float64{0.5})
	if got := day.Equal(of(t, catalog.Type{Kind: catalog.TimestampTZ}, "2024-02-29 00:00:00+00")); !near(got, 0.5) {
		t.Errorf("a midnight is its day: %g", got)
	}
}

func TestParseValueRefuses(t *testing.T) {
	for text, kind := range map[string]catalog.Kind{"1.5": catalog.Int32, "x": catalog.Int64, "-1": catalog.Uint8, "infinity": catalog.Date, "0044-03-15 BC": catalog.Date, "NaN": catalog.Float64, "yes": catalog.Bool, "{}": catalog.JSON, "": catalog.Timestamp} {
		if v, ok := catalog.ParseValue(catalog.Type{Kind: kind}, text); ok {
			t.Errorf("%q became %v", text, v.V)
		}
	}
	if _, ok := catalog.ParseValue(catalog.DecimalOf(5, 2), "NaN"); ok {
		t.Error("NaN is no decimal")
	}
}

// No printer, encoder or logger shows what statistics were made of.
func TestStatisticsAreNotPrinted(t *testing.T) {
	text, whole := catalog.Type{Kind: catalog.Text}, catalog.Type{Kind: catalog.Int64}
	c := catalog.ColumnStatistics{Distinct: 31337, NullShare: 0.25}
	c.SetTop([]catalog.Value{of(t, text, "hunter2")}, []float64{0.5})
	c.SetBounds(of(t, whole, "270011"), of(t, whole, "270099"))
	s := &catalog.Statistics{Rows: 42, Columns: map[string]catalog.ColumnStatistics{"secret": c}}
	table := &catalog.Table{ID: catalog.TableID{Name: "t"}, Known: &catalog.Known{}}
	table.Known.Set(s)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, *s)
		fmt.Fprintf(&out, verb, c)
		fmt.Fprintf(&out, verb, &c)
		fmt.Fprintf(&out, verb, table)
		fmt.Fprintf(&out, verb, *table)
	}
	for _, v := range []any{s, c, table} {
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Fatal(err)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	for _, trace := range []string{"hunter", "2700", "31337", "secret"} {
		if strings.Contains(out.String(), trace) {
			t.Errorf("%q was printed", trace)
		}
	}
	// How many rows there are does not tell two snapshots apart.
	plain, err := json.Marshal(&catalog.Table{Rows: 777})
	if err != nil || strings.Contains(string(plain), "777") {
		t.Errorf("%s %v", plain, err)
	}
	if table.Estimate() != 42 || table.Statistics() != s {
		t.Error("the table does not find its statistics")
	}
	if (&catalog.Table{Rows: 7}).Estimate() != 7 {
		t.Error("without statistics the described number counts")
	}
	if x := (*catalog.Statistics)(nil).Column("x"); x.Distinct != 0 || x.NullShare != -1 || s.Column("secret").Distinct != 31337 {
		t.Error("nothing is known of nothing")
	}
}
