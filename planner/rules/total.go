package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// total reports whether the expressions have a value on every row that there can be:
// they cannot raise an error and are not volatile. Only such an expression may be
// evaluated on rows on which the statement, as it was written, does not evaluate it.
// It also gives the same for values that are equal, such as 0.0 and -0.0, so that it
// may look at any row of a group instead of one. The list is closed; what is not on
// it counts as failing.
func total(list ...ir.Expr) bool {
	for _, e := range list {
		if !totalOne(e) || !total(e.Args()...) {
			return false
		}
	}
	return true
}

// TotalHere reports whether an expression has a value on every row on which its
// arguments have one.
func TotalHere(e ir.Expr) bool { return totalOne(e) }

func totalOne(e ir.Expr) bool {
	switch e := e.(type) {
	case *ir.Ref, *ir.Const, *ir.Param, *ir.And, *ir.Or, *ir.Not, *ir.IsNull, *ir.Coalesce, *ir.Case:
		return true
	case *ir.Compare:
		return e.Left.Type().Equal(e.Right.Type())
	case *ir.In:
		for _, x := range e.List {
			if !x.Type().Equal(e.Arg.Type()) {
				return false
			}
		}
		return true
	case *ir.Cast:
		return widens(e.Arg.Type(), e.Typ)
	case *ir.Func:
		return like(e) || dialect.NeverFails(e)
	}
	return false
}

// like reports whether a call is LIKE or NOT LIKE with a constant pattern. Without
// ESCAPE there is no pattern that is wrong.
func like(f *ir.Func) bool {
	if (f.Name != "~~" && f.Name != "!~~") || len(f.List) != 2 {
		return false
	}
	c, ok := f.List[1].(*ir.Const)
	return ok && c.Value.Type.Kind == catalog.Text && f.List[0].Type().Kind == catalog.Text
}

// digits gives how many decimal digits every value of an integer type has at most.
var digits = map[catalog.Kind]int32{
	catalog.Int8: 3, catalog.Int16: 5, catalog.Int32: 10, catalog.Int64: 19,
	catalog.Uint8: 3, catalog.Uint16: 5, catalog.Uint32: 10, catalog.Uint64: 20,
}

// bits gives an integer type's width.
var bits = map[catalog.Kind]int{
	catalog.Int8: 8, catalog.Int16: 16, catalog.Int32: 32, catalog.Int64: 64, catalog.HugeInt: 128,
	catalog.Uint8: 8, catalog.Uint16: 16, catalog.Uint32: 32, catalog.Uint64: 64,
}

func signed(k catalog.Kind) bool {
	switch k {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.HugeInt:
		return true
	}
	return false
}

// widens reports whether every value of one type has a value in the other, so that
// a cast cannot fail; a floating-point number may be rounded.
func widens(from, to catalog.Type) bool {
	if from.Equal(to) || from.Kind == catalog.Null {
		return true
	}
	integer := bits[from.Kind] > 0
	switch {
	case bits[to.Kind] > 0:
		return integer && bits[to.Kind] > bits[from.Kind] && (signed(to.Kind) || !signed(from.Kind))
	case to.Kind == catalog.Decimal:
		whole := to.Precision - to.Scale
		if from.Kind == catalog.Decimal {
			return to.Scale >= from.Scale && whole >= from.Precision-from.Scale
		}
		return digits[from.Kind] > 0 && whole >= digits[from.Kind]
	case to.Kind == catalog.Float64:
		return integer || from.Kind == catalog.Decimal || from.Kind == catalog.Float32
	}
	return false
}
