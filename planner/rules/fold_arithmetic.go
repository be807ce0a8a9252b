package rules

import (
	"math/big"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// foldArithmetic computes a sum or a difference of constants: of whole numbers and
// decimals where the result has room, and of a date and an interval of whole days or
// months.
func foldArithmetic(e *ir.Func) ir.Expr {
	if (e.Name != "+" && e.Name != "-") || len(e.List) != 2 {
		return e
	}
	l, ok := e.List[0].(*ir.Const)
	if !ok || l.Value.IsNull() {
		return e
	}
	if l.Value.Type.Kind == catalog.Date && e.Typ.Kind == catalog.Timestamp {
		return foldDate(e, l.Value, e.Name == "-")
	}
	r, ok := e.List[1].(*ir.Const)
	if !ok || r.Value.IsNull() || l.Value.Type.Kind != r.Value.Type.Kind {
		return e
	}
	a, okLeft := unscaled(l.Value, e.Typ)
	b, okRight := unscaled(r.Value, e.Typ)
	if !okLeft || !okRight {
		return e
	}
	if e.Name == "-" {
		b.Neg(b)
	}
	sum := a.Add(a, b)
	if e.Typ.Kind == catalog.Decimal {
		if len(new(big.Int).Abs(sum).String()) > int(e.Typ.Precision) {
			return e
		}
		return &ir.Const{Value: catalog.Value{Type: e.Typ, V: scaled(sum, e.Typ.Scale)}}
	}
	if !sum.IsInt64() {
		return e
	}
	if v, ok := ir.CastValue(catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: sum.Int64()}, e.Typ); ok {
		return &ir.Const{Value: v}
	}
	return e
}

// unscaled gives a constant as a whole number of the last places of a type, which
// must be of the same kind.
func unscaled(v catalog.Value, t catalog.Type) (*big.Int, bool) {
	if v.Type.Kind != t.Kind {
		return nil, false
	}
	switch x := v.V.(type) {
	case int64:
		return big.NewInt(x), t.Kind == catalog.Int8 || t.Kind == catalog.Int16 || t.Kind == catalog.Int32 || t.Kind == catalog.Int64
	case string:
		whole, frac, _ := strings.Cut(x, ".")
		if t.Kind != catalog.Decimal || len(frac) > int(t.Scale) {
			return nil, false
		}
		return new(big.Int).SetString(whole+frac+strings.Repeat("0", int(t.Scale)-len(frac)), 10)
	}
	return nil, false
}

// scaled writes a whole number of last places as digits with a point.
func scaled(n *big.Int, scale int32) string {
	sign := ""
	if n.Sign() < 0 {
		sign = "-"
	}
	s := new(big.Int).Abs(n).String()
	if scale == 0 {
		return sign + s
	}
	s = strings.Repeat("0", max(0, int(scale)+1-len(s))) + s
	return sign + s[:len(s)-int(scale)] + "." + s[len(s)-int(scale):]
}

// interval is a number of months or of days.
type interval struct{ months, days int }

// units are the functions that DuckDB writes for INTERVAL literals.
var units = map[string]interval{
	"to_years": {months: 12}, "to_quarters": {months: 3}, "to_months": {months: 1}, "to_weeks": {days: 7}, "to_days": {days: 1},
}

// foldDate adds an interval to a date, or takes it away. The result is a timestamp.
func foldDate(e *ir.Func, date catalog.Value, minus bool) ir.Expr {
	days, ok := date.V.(int64)
	f, isCall := e.List[1].(*ir.Func)
	if !ok || !isCall || len(f.List) != 1 || !ordinary(days) {
		return e
	}
	unit, known := units[f.Name]
	n, ok := literal(f.List[0])
	if !known || !ok {
		return e
	}
	if minus {
		n = -n
	}
	day := time.Unix(days*86400, 0).UTC()
	first := time.Date(day.Year(), day.Month()+time.Month(unit.months*n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day() // a month that is too short ends the same
	sum := first.AddDate(0, 0, min(day.Day(), last)-1+unit.days*n).Unix() / 86400
	if !ordinary(sum) {
		return e
	}
	return &ir.Const{Value: catalog.Value{Type: e.Typ, V: sum * 86400 * 1_000_000}}
}

// ordinary reports whether a date lies in the years 1 to 9999.
func ordinary(days int64) bool { return days >= -719162 && days <= 2932896 }

// literal reads the number of an INTERVAL literal: DuckDB casts it to a double, cuts
// that off, and casts it to a whole number.
func literal(e ir.Expr) (int, bool) {
	if c, ok := e.(*ir.Cast); ok && !c.Try && c.Typ.Kind == catalog.Int32 {
		e = c.Arg
	}
	if f, ok := e.(*ir.Func); ok && f.Name == "trunc" && len(f.List) == 1 {
		e = f.List[0]
	}
	if c, ok := e.(*ir.Cast); ok && !c.Try && c.Typ.Kind == catalog.Float64 {
		e = c.Arg
	}
	c, ok := e.(*ir.Const)
	if !ok {
		return 0, false
	}
	n := int64(0)
	switch v := c.Value.V.(type) {
	case int64:
		n = v
	case float64:
		n = int64(v)
		ok = float64(n) == v
	case string:
		var whole catalog.Value
		whole, ok = ir.CastValue(c.Value, catalog.Type{Kind: catalog.Int32})
		n, _ = whole.V.(int64)
	default:
		ok = false
	}
	return int(n), ok && n > -100_000 && n < 100_000
}
