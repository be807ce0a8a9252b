package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Sums of dates and intervals come out as DuckDB's do, at the ends of months too.
func TestDatesAndIntervals(t *testing.T) {
	r := reference(t)
	days := []string{"2024-01-31", "2024-02-29", "2023-03-31", "1999-12-31", "1900-02-28", "2000-10-30", "0001-01-01", "9999-12-31", "1969-12-31"}
	for _, day := range days {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		for unit := range units {
			for _, n := range []int{0, 1, 2, 11, 13, 48, 1200} {
				for _, op := range []string{"+", "-"} {
					number := &ir.Cast{Arg: call("trunc", f64, &ir.Cast{Arg: constant(text, fmt.Sprint(n)), Typ: f64}), Typ: i32}
					e := call(op, timestamp, constant(date, at.Unix()/86400), call(unit, catalog.Type{Kind: catalog.Interval}, number))
					c, ok := fold(e).(*ir.Const)
					sql := fmt.Sprintf("SELECT DATE '%s' %s %s(%d)", day, op, unit, n)
					res, err := r.Query(t.Context(), "SELECT epoch_us(x), year(x) BETWEEN 1 AND 9999 FROM ("+sql+") q(x)")
					switch {
					case err != nil:
						t.Fatal(err)
					case ok != res.Rows[0][1]:
						t.Errorf("%s: folded %v", sql, ok)
					case ok && c.Value.V != res.Rows[0][0]:
						t.Errorf("%s: %v, want %v", sql, c.Value.V, res.Rows[0][0])
					}
				}
			}
		}
	}
	for _, odd := range []ir.Expr{constant(text, "1.5"), constant(text, "x"), constant(f64, 0.5), constant(i32, int64(1e6)), constant(i32, nil), ref(1, i32)} {
		e := call("+", timestamp, constant(date, int64(0)), call("to_days", catalog.Type{Kind: catalog.Interval}, odd))
		if fold(e) != ir.Expr(e) {
			t.Errorf("%s is folded", ir.ExprText(e, ir.Exactly))
		}
	}
}

var (
	f64       = catalog.Type{Kind: catalog.Float64}
	i8        = catalog.Type{Kind: catalog.Int8}
	timestamp = catalog.Type{Kind: catalog.Timestamp}
)

func TestSumsOfConstants(t *testing.T) {
	d32, d42, d31 := catalog.DecimalOf(3, 2), catalog.DecimalOf(4, 2), catalog.DecimalOf(3, 1)
	for _, c := range []struct {
		op   string
		l, r ir.Expr
		t    catalog.Type
		want any // nil: not computed
	}{
		{"+", constant(i32, int64(1)), constant(i32, int64(10)), i32, int64(11)},
		{"-", constant(i8, int64(-100)), constant(i8, int64(28)), i8, int64(-128)},
		{"-", constant(i8, int64(-100)), constant(i8, int64(29)), i8, nil},
		{"+", constant(i64, int64(1<<62)), constant(i64, int64(1<<62)), i64, nil},
		{"+", constant(i32, nil), constant(i32, int64(10)), i32, nil},
		{"+", constant(i32, int64(1)), ref(1, i32), i32, nil},
		{"-", constant(d32, "0.06"), constant(d32, "0.01"), d42, "0.05"},
		{"-", constant(d32, "0.01"), constant(d32, "0.06"), d42, "-0.05"},
		{"+", constant(d32, "9.99"), constant(d32, "0.01"), d42, "10.00"},
		{"+", constant(d32, "-9.99"), constant(d32, "9.99"), d42, "0.00"},
		{"+", constant(d42, "99.99"), constant(d42, "0.01"), d42, nil},
		{"+", constant(d32, "1"), constant(d31, "2.5"), d42, "3.50"},
		{"+", constant(d32, "1.25"), constant(d32, "2.5"), d31, nil},
		{"*", constant(i32, int64(2)), constant(i32, int64(3)), i32, nil},
		{"+", constant(f64, 0.5), constant(f64, 0.25), f64, nil},
	} {
		got := fold(call(c.op, c.t, c.l, c.r))
		k, ok := got.(*ir.Const)
		if ok != (c.want != nil) || (ok && (k.Value.V != c.want || !k.Value.Type.Equal(c.t))) {
			t.Errorf("%s %s %s: %s, want %v", ir.ExprText(c.l, ir.Exactly), c.op, ir.ExprText(c.r, ir.Exactly), ir.ExprText(got, ir.Exactly), c.want)
		}
	}
}
