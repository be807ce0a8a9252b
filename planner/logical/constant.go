package logical

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// constant reads a value with its type.
func (d *decoder) constant(v *value) ir.Expr {
	if !d.enter() {
		return &ir.Const{}
	}
	defer d.leave()
	r := d.object(v, "a value")
	t, isNull := d.typ(r.get("type")), r.flag("is_null")
	var of *value
	if !isNull {
		of = r.get("value")
	} else if r.has("value") {
		d.broken("a NULL that has a value")
	}
	r.done()
	if isNull || d.err != nil {
		return &ir.Const{Value: catalog.Value{Type: t}}
	}
	return d.constantOf(t, of)
}

// plain gives the Const of a value that catalog.Value has a form for.
func plain(t catalog.Type, v any) ir.Expr { return &ir.Const{Value: catalog.Value{Type: t, V: v}} }

var integerBits = map[catalog.Kind]int{
	catalog.Int8: 8, catalog.Int16: 16, catalog.Int32: 32, catalog.Int64: 64,
	catalog.Uint8: 8, catalog.Uint16: 16, catalog.Uint32: 32, catalog.Uint64: 64,
}

func (d *decoder) constantOf(t catalog.Type, v *value) ir.Expr {
	switch t.Kind {
	case catalog.Bool:
		if v.Kind == boolean {
			return plain(t, v.Flag)
		}
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		if n, err := strconv.ParseInt(v.Text, 10, integerBits[t.Kind]); v.Kind == number && err == nil {
			return plain(t, n)
		}
	case catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		if n, err := strconv.ParseUint(v.Text, 10, integerBits[t.Kind]); v.Kind == number && err == nil {
			return plain(t, n)
		}
	case catalog.HugeInt:
		if n, ok := d.wide(v); ok {
			return plain(t, n.String())
		}
	case catalog.Decimal:
		if n, ok := d.unscaled(v); ok {
			return plain(t, decimalText(n, t.Scale))
		}
	case catalog.Float32, catalog.Float64:
		if f, err := strconv.ParseFloat(v.Text, 64); v.Kind == number && err == nil {
			return plain(t, f)
		}
	case catalog.Text, catalog.JSON:
		if v.Kind == text {
			return plain(t, v.Text)
		}
	case catalog.Blob:
		if b, ok := blob(v.Text); v.Kind == text && ok {
			return plain(t, b)
		}
	case catalog.UUID:
		if n, ok := d.wide(v); ok {
			return plain(t, uuid(n))
		}
	case catalog.Interval:
		return d.interval(t, v)
	case catalog.List:
		return d.listOf(t, v)
	case catalog.Struct, catalog.Map:
		d.unsupported("a constant %s", t)
	default:
		return d.instant(t, v)
	}
	d.broken("a constant of the type %s with another value", t)
	return &ir.Const{}
}

// instant reads dates and times. The infinite ones have no form of their own.
func (d *decoder) instant(t catalog.Type, v *value) ir.Expr {
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if v.Kind != number || err != nil {
		d.broken("a constant of the type %s with another value", t)
		return &ir.Const{}
	}
	if t.Kind == catalog.Date && (n >= math.MaxInt32 || n <= -math.MaxInt32) || n == math.MaxInt64 || n == -math.MaxInt64 {
		d.unsupported("an infinite %s", t)
	}
	micros := int64(1)
	switch t.Kind {
	case catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
		return plain(t, n)
	case catalog.TimestampS:
		micros = 1_000_000
	case catalog.TimestampMS:
		micros = 1000
	case catalog.TimestampNS:
		if n%1000 != 0 {
			d.unsupported("a constant with nanoseconds")
		}
		n /= 1000
	default:
		d.unsupported("a constant of the type %s", t)
	}
	if n > math.MaxInt64/micros || n < math.MinInt64/micros {
		d.unsupported("a %s beyond the years that TIMESTAMP has", t)
	}
	return &ir.Cast{Arg: plain(catalog.Type{Kind: catalog.Timestamp}, n*micros), Typ: t}
}

func (d *decoder) interval(t catalog.Type, v *value) ir.Expr {
	r := d.object(v, "an interval")
	var parts []string
	for _, unit := range [...]string{"months", "days", "micros"} {
		n, err := strconv.ParseInt(r.of(unit, number).Text, 10, 64)
		if err != nil {
			d.broken("%s of an interval that are no number", unit)
		}
		if unit == "micros" {
			unit = "microseconds"
		}
		parts = append(parts, strconv.FormatInt(n, 10)+" "+unit)
	}
	r.done()
	return plain(t, strings.Join(parts, " "))
}

// listOf writes a list as the call that makes it.
func (d *decoder) listOf(t catalog.Type, v *value) ir.Expr {
	r := d.object(v, "a list")
	elements := r.list("children")
	r.done()
	f := &ir.Func{Name: "list_value", Typ: t}
	for i := range elements {
		f.List = append(f.List, d.constant(&elements[i]))
	}
	if len(f.List) > 0 {
		return f
	}
	f.Typ = catalog.ListOf(catalog.Type{Kind: catalog.Null})
	return &ir.Cast{Arg: f, Typ: t}
}

// wide reads {upper, lower}, the two halves of a 128-bit integer.
func (d *decoder) wide(v *value) (*big.Int, bool) {
	r := d.object(v, "a wide integer")
	upper, errUpper := strconv.ParseInt(r.of("upper", number).Text, 10, 64)
	lower, errLower := strconv.ParseUint(r.of("lower", number).Text, 10, 64)
	r.done()
	n := new(big.Int).Lsh(big.NewInt(upper), 64)
	return n.Add(n, new(big.Int).SetUint64(lower)), errUpper == nil && errLower == nil
}

func (d *decoder) unscaled(v *value) (*big.Int, bool) {
	if v.Kind == object {
		return d.wide(v)
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	return big.NewInt(n), v.Kind == number && err == nil
}

// decimalText writes an unscaled integer as plain digits.
func decimalText(n *big.Int, scale int32) string {
	digits := new(big.Int).Abs(n).String()
	if s := int(scale); s > 0 {
		digits = strings.Repeat("0", max(0, s+1-len(digits))) + digits
		digits = digits[:len(digits)-s] + "." + digits[len(digits)-s:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// blob reads DuckDB's text of bytes: \xNN for those that are not printable.
func blob(s string) ([]byte, bool) {
	out := []byte{}
	for len(s) > 0 {
		if s[0] != '\\' {
			if s[0] < ' ' || s[0] > '~' {
				return nil, false
			}
			out, s = append(out, s[0]), s[1:]
			continue
		}
		if len(s) < 4 || s[1] != 'x' {
			return nil, false
		}
		b, err := hex.DecodeString(s[2:4])
		if err != nil {
			return nil, false
		}
		out, s = append(out, b...), s[4:]
	}
	return out, true
}

// uuid writes a UUID, whose highest bit DuckDB keeps the other way round.
func uuid(n *big.Int) string {
	b := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 127)).FillBytes(make([]byte, 16))
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
