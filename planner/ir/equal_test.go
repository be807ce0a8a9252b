package ir_test

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// anew builds an expression a second time, sharing no pointer.
func anew(e ir.Expr) ir.Expr {
	args := e.Args()
	for i := range args {
		args[i] = anew(args[i])
	}
	v := reflect.New(reflect.TypeOf(e).Elem())
	v.Elem().Set(reflect.ValueOf(e).Elem())
	return v.Interface().(ir.Expr).WithArgs(args)
}

// Equal holds for what was built anew, and for no two samples.
func TestEqual(t *testing.T) {
	for i, a := range expressions() {
		for k, b := range expressions() {
			if got := ir.Equal(a, anew(b)); got != (i == k) {
				t.Errorf("%s, %s: %v", ir.ExprText(a, ir.Exactly), ir.ExprText(b, ir.Exactly), got)
			}
		}
		if ir.Equal(a, nil) || ir.Equal(nil, a) || !ir.Equal(nil, nil) {
			t.Error("nothing is equal to nothing alone")
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		e := anyExpr(t, 4)
		if !ir.Equal(e, anew(e)) {
			t.Fatalf("%s is not equal to itself", ir.ExprText(e, ir.Exactly))
		}
		if other := otherValues(t, e); ir.Equal(e, other) != (ir.ExprText(e, ir.Exactly) == ir.ExprText(other, ir.Exactly)) {
			t.Fatalf("%s\n%s", ir.ExprText(e, ir.Exactly), ir.ExprText(other, ir.Exactly))
		}
	})
}

// Every field of every kind counts: an expression in which one is another is another,
// but for a reference's name.
func TestEqualSeesEveryField(t *testing.T) {
	for _, e := range expressions() {
		changes(reflect.ValueOf(e).Elem(), func(field string, change func(to reflect.Value)) {
			v := reflect.New(reflect.TypeOf(e).Elem())
			v.Elem().Set(reflect.ValueOf(e).Elem())
			change(v.Elem())
			other := v.Interface().(ir.Expr)
			_, isRef := e.(*ir.Ref)
			if want := isRef && field == "Name"; ir.Equal(e, other) != want || ir.Equal(other, e) != want {
				t.Errorf("%s: with another %s it is equal: %v", ir.ExprText(e, ir.Exactly), field, !want)
			}
		})
	}
}

// changes gives for each field of a struct, and of the structs in it, a change of it.
func changes(v reflect.Value, f func(field string, change func(reflect.Value))) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		f0 := v.Field(i)
		set := func(x any) {
			f(name, func(to reflect.Value) { to.Field(i).Set(reflect.ValueOf(x).Convert(f0.Type())) })
		}
		switch x := f0.Interface().(type) {
		case bool:
			set(!x)
		case string:
			set(x + "x")
		case int:
			set(x + 1)
		case ir.ColID:
			set(x + 1)
		case ir.CompareOp:
			set(x - 1)
		case catalog.Type:
			set(catalog.Type{Kind: catalog.UUID})
		case catalog.Value:
			set(catalog.Value{Type: x.Type, V: int64(6)})
			set(catalog.Value{Type: x.Type})
			set(catalog.Value{Type: i64, V: x.V})
		case ir.Frame:
			changes(f0, func(field string, change func(reflect.Value)) {
				f(name+"."+field, func(to reflect.Value) { change(to.Field(i)) })
			})
		case []ir.Expr:
			if v.Type() != reflect.TypeFor[ir.Case]() { // whose lists have one length
				set(append(append([]ir.Expr{}, x...), num(77)))
			}
			if len(x) > 0 {
				set(append([]ir.Expr{num(77)}, x[1:]...))
			}
		case []ir.Key:
			set(append(append([]ir.Key{}, x...), ir.Key{Expr: num(77)}))
			if len(x) > 0 {
				k := x[0]
				for _, other := range []ir.Key{{num(77), k.Desc, k.NullsFirst}, {k.Expr, !k.Desc, k.NullsFirst}, {k.Expr, k.Desc, !k.NullsFirst}} {
					set(append([]ir.Key{other}, x[1:]...))
				}
			}
		case ir.Expr:
			set(num(77))
		case nil:
			f(name, func(to reflect.Value) { to.Field(i).Set(reflect.ValueOf(num(77))) })
		}
	}
}

// What prints alike need not be equal, and what is equal need not print alike.
func TestEqualIsNotOfTexts(t *testing.T) {
	b := func(id ir.ColID, name string) ir.Expr { return &ir.Ref{ID: id, Name: name, Typ: ir.Bool} }
	pack := func(field string) ir.Expr {
		typ := catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: field, Type: i32}}}
		return &ir.Func{Name: "to_json", List: []ir.Expr{&ir.Func{Name: "struct_pack", List: []ir.Expr{ref(1, i32)}, Typ: typ}}, Typ: text}
	}
	double := func(v float64) ir.Expr {
		return &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.Float64}, V: v}}
	}
	for _, c := range []struct {
		a, b ir.Expr
		want bool
	}{
		{&ir.Compare{Op: ir.Eq, Left: b(1, "a"), Right: b(2, "b")}, b(2, "a#1 = b"), false},
		{&ir.Compare{Op: ir.Eq, Left: b(1, "a < x"), Right: b(2, "b")}, &ir.Compare{Op: ir.Lt, Left: b(1, "a"), Right: b(2, "x#1 = b")}, false},
		{pack("x"), pack("y"), false},
		{pack("x"), pack("x"), true},
		{b(1, "a"), b(1, "as_named_elsewhere"), true},
		{double(0), double(math.Copysign(0, -1)), false},
		{double(math.NaN()), double(math.NaN()), true},
	} {
		if got := ir.Equal(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %v", ir.ExprText(c.a, ir.Exactly), ir.ExprText(c.b, ir.Exactly), got)
		}
	}
}
