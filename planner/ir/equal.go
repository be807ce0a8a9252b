package ir

import "reflect"

// Equal reports whether two expressions are the same in every part that counts: kind,
// type, operands, flags and values. The name of a reference does not count, its id
// does. It compares the parts themselves, not texts: a column may be named like an
// expression, and the fields that a function names stand in its type alone.
func Equal(a, b Expr) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if reflect.TypeOf(a) != reflect.TypeOf(b) || !a.Type().Equal(b.Type()) || !sameOwn(a, b) {
		return false
	}
	x, y := a.Args(), b.Args()
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !Equal(x[i], y[i]) {
			return false
		}
	}
	return true
}

// sameOwn compares what two expressions of one kind have besides type and arguments,
// and which part of them each argument is.
func sameOwn(a, b Expr) bool {
	switch a := a.(type) {
	case *Ref:
		return a.ID == b.(*Ref).ID
	case *Const:
		return sameValue(a, b.(*Const))
	case *Param:
		return a.Number == b.(*Param).Number
	case *Cast:
		return a.Try == b.(*Cast).Try
	case *Func:
		return a.Name == b.(*Func).Name
	case *Compare:
		return a.Op == b.(*Compare).Op
	case *IsNull:
		return a.Negated == b.(*IsNull).Negated
	case *In:
		return a.Negated == b.(*In).Negated
	case *And, *Or, *Not, *Coalesce, *Case:
		return true
	case *Agg:
		b := b.(*Agg)
		return a.Name == b.Name && a.Distinct == b.Distinct && len(a.List) == len(b.List) &&
			(a.Filter == nil) == (b.Filter == nil) && sameOrder(a.Order, b.Order)
	case *WindowCall:
		b := b.(*WindowCall)
		f, g := a.Frame, b.Frame
		return a.Name == b.Name && a.Aggregate == b.Aggregate && a.Distinct == b.Distinct && a.IgnoreNulls == b.IgnoreNulls &&
			len(a.List) == len(b.List) && len(a.Partition) == len(b.Partition) && (a.Filter == nil) == (b.Filter == nil) &&
			sameOrder(a.Order, b.Order) && sameOrder(a.ArgOrder, b.ArgOrder) &&
			f.Unit == g.Unit && f.Start == g.Start && f.End == g.End && f.Exclude == g.Exclude && f.Explicit == g.Explicit &&
			(f.From == nil) == (g.From == nil) && (f.To == nil) == (g.To == nil)
	}
	return false
}

// sameValue compares constants of one type. It does so by their texts and not by ==,
// but for the two most frequent forms, of which it comes to the same: 0.0 and -0.0
// are two values, and NaN is one.
func sameValue(a, b *Const) bool {
	switch x := a.Value.V.(type) {
	case int64:
		if y, ok := b.Value.V.(int64); ok {
			return x == y
		}
	case string:
		if y, ok := b.Value.V.(string); ok {
			return x == y
		}
	}
	return ExprText(a, Exactly) == ExprText(b, Exactly)
}

// sameOrder compares sort keys but for their expressions.
func sameOrder(a, b []Key) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Desc != b[i].Desc || a[i].NullsFirst != b[i].NullsFirst {
			return false
		}
	}
	return true
}
