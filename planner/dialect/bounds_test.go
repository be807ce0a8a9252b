package dialect

import (
	"math/big"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// What is said to fit does fit: bounds are never too small.
func TestBounds(t *testing.T) {
	of := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	dec := catalog.DecimalOf
	for _, c := range []struct {
		name string
		most func([]*big.Float, bool) *big.Float
		a, b catalog.Type
		in   catalog.Type
		want bool
	}{
		{"the least of its own type, negated", mostAny, of(catalog.Int64), of(catalog.Int64), of(catalog.Int64), false},
		{"a shorter number", mostAny, of(catalog.Int32), of(catalog.Int16), of(catalog.Int64), true},
		{"a sum in the next type", mostSum, of(catalog.Int16), of(catalog.Int16), of(catalog.Int32), true},
		{"a sum in its own type", mostSum, of(catalog.Int16), of(catalog.Int8), of(catalog.Int16), false},
		{"a product in a type of as many bits", mostProduct, of(catalog.Int32), of(catalog.Int32), of(catalog.Int64), true},
		{"a product in one of fewer", mostProduct, of(catalog.Int32), of(catalog.Int64), of(catalog.Int64), false},
		{"a sum of decimals with a digit more", mostSum, dec(15, 2), dec(15, 2), dec(16, 2), true},
		{"a sum of decimals without", mostSum, dec(15, 2), dec(15, 2), dec(15, 2), false},
		{"a sum of decimals that is one too many", mostSum, dec(18, 0), dec(1, 0), dec(18, 0), false},
		{"a product of as many digits", mostProduct, dec(15, 2), dec(3, 0), dec(18, 2), true},
		{"a product of more digits", mostProduct, dec(15, 2), dec(16, 2), dec(18, 4), false},
		{"a product of 38 digits", mostProduct, dec(19, 1), dec(19, 1), dec(38, 2), true},
		{"a whole number as a decimal", mostFirst, of(catalog.Int64), of(catalog.Int64), dec(19, 0), true},
		{"a whole number as a shorter decimal", mostFirst, of(catalog.Int64), of(catalog.Int64), dec(18, 0), false},
		{"a remainder", mostModulo, of(catalog.Int64), of(catalog.Int8), of(catalog.Int16), true},
	} {
		got := c.most([]*big.Float{typeBound(c.a), typeBound(c.b)}, false)
		if within(got, c.in) != c.want {
			t.Errorf("%s: %v in %s is %v", c.name, got, c.in.DuckDB(), !c.want)
		}
	}
	rounded := mostRounded([]*big.Float{typeBound(dec(4, 2))}, true)
	if within(rounded, dec(3, 1)) || !within(rounded, dec(4, 1)) {
		t.Errorf("99.99 is rounded to 100.0: %v", rounded)
	}
	if typeBound(of(catalog.Text)) != nil || within(boundInt(1), of(catalog.Text)) {
		t.Error("a text has no magnitude")
	}
}
