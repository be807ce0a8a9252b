package residual

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// digits of the integers, as DuckDB counts them in arithmetic with decimals.
var integerDigits = map[catalog.Kind]int32{
	catalog.Bool: 1, catalog.Int8: 3, catalog.Int16: 5, catalog.Int32: 10, catalog.Int64: 19,
	catalog.Uint8: 3, catalog.Uint16: 5, catalog.Uint32: 10, catalog.Uint64: 20, catalog.HugeInt: 38,
}

// decimal writes +, - and * over decimals. DuckDB gives these a wider type than
// their arguments have, and the tree's arguments are already cast to it: written as
// they stand, they would grow again. So a cast that DuckDB makes itself is left
// out, and where that does not give the tree's type the result is cast back to it,
// which never fails: the result fits, or the tree's own operator had failed.
func (w *writer) decimal(b *block, e *ir.Func) (string, value, bool) {
	result := resultOf(e.Name)
	if result == nil || e.Typ.Kind != catalog.Decimal || len(e.List) != 2 {
		return "", value{}, false
	}
	var best []ir.Expr
	for _, left := range forms(e.List[0]) {
		for _, right := range forms(e.List[1]) {
			if t, ok := result(left.Type(), right.Type()); ok && t.Equal(e.Typ) && best == nil {
				best = []ir.Expr{left, right}
			}
		}
	}
	back := best == nil
	if back {
		best = e.List
	}
	args := w.exprs(b, best)
	text := w.ident(e.Name) + "(" + list(args) + ")"
	if back {
		text = "CAST(" + text + " AS " + w.typeName(e.Typ) + ")"
	}
	return text, w.sized(join(text, args...), false), true
}

// forms lists what may stand for an argument: it without its cast, it, or, for a
// constant, the same in a narrower type.
func forms(e ir.Expr) []ir.Expr {
	switch e := e.(type) {
	case *ir.Cast:
		p, s, ok := decimalDigits(e.Arg.Type())
		if ok && !e.Try && e.Typ.Kind == catalog.Decimal && s <= e.Typ.Scale && p-s <= e.Typ.Precision-e.Typ.Scale {
			return []ir.Expr{e.Arg, e}
		}
	case *ir.Const:
		out := []ir.Expr{e}
		text, ok := e.Value.V.(string)
		if !ok || e.Type().Kind != catalog.Decimal {
			return out
		}
		whole, _, _ := strings.Cut(strings.TrimLeft(text, "-0"), ".")
		for p := e.Type().Precision - 1; p >= max(1, e.Type().Scale+int32(len(whole))); p-- {
			out = append(out, &ir.Const{Value: catalog.Value{Type: catalog.DecimalOf(p, e.Type().Scale), V: text}})
		}
		return out
	}
	return []ir.Expr{e}
}

func decimalDigits(t catalog.Type) (precision, scale int32, ok bool) {
	if t.Kind == catalog.Decimal {
		return t.Precision, t.Scale, true
	}
	p, ok := integerDigits[t.Kind]
	return p, 0, ok
}

func resultOf(name string) func(l, r catalog.Type) (catalog.Type, bool) {
	switch name {
	case "+", "-", "add", "subtract":
		return sumType
	case "*", "multiply":
		return productType
	}
	return nil
}

// sumType is the type of a sum in DuckDB 1.5: a digit more, but 18 and 38 digits,
// the ends of its representations, are not passed.
func sumType(l, r catalog.Type) (catalog.Type, bool) {
	lp, ls, lok := decimalDigits(l)
	rp, rs, rok := decimalDigits(r)
	if !lok || !rok || l.Kind != catalog.Decimal && r.Kind != catalog.Decimal {
		return catalog.Type{}, false
	}
	scale, widest := max(ls, rs), max(lp, rp)
	p := max(scale+max(lp-ls, rp-rs), widest) + 1
	return catalog.DecimalOf(capped(p, widest, true), scale), true
}

func productType(l, r catalog.Type) (catalog.Type, bool) {
	lp, ls, lok := decimalDigits(l)
	rp, rs, rok := decimalDigits(r)
	if !lok || !rok || l.Kind != catalog.Decimal && r.Kind != catalog.Decimal || ls+rs > 38 {
		return catalog.Type{}, false
	}
	return catalog.DecimalOf(capped(lp+rp, max(lp, rp), ls+rs < 18), ls+rs), true
}

func capped(p, widest int32, small bool) int32 {
	if p > 18 && widest <= 18 && small {
		return 18
	}
	return min(p, 38)
}
