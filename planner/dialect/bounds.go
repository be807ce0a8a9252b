package dialect

import (
	"math/big"

	"github.com/lianji/lianji/catalog"
)

// Bounds of magnitudes are rounded up, so that what is within a bound is so for sure.
const boundBits = 512

func bound(v *big.Float) *big.Float {
	out := new(big.Float).SetPrec(boundBits).SetMode(big.AwayFromZero)
	return out.Abs(v)
}

func boundInt(v int64) *big.Float { return bound(new(big.Float).SetInt64(v)) }

func power(base, exponent int64) *big.Float {
	i := new(big.Int).Exp(big.NewInt(base), big.NewInt(exponent), nil)
	return bound(new(big.Float).SetPrec(boundBits).SetInt(i))
}

var wholeBits = map[catalog.Kind]int64{catalog.Int8: 7, catalog.Int16: 15, catalog.Int32: 31, catalog.Int64: 63}

// typeBound gives the magnitude that no value of a type exceeds; nil for what is no
// whole number and no decimal.
func typeBound(t catalog.Type) *big.Float {
	if bits, ok := wholeBits[t.Kind]; ok {
		return power(2, bits)
	}
	if t.Kind == catalog.Decimal {
		most := power(10, int64(t.Precision))
		most.Sub(most, boundInt(1))
		return most.Quo(most, power(10, int64(t.Scale)))
	}
	return nil
}

// within reports whether every number of that magnitude has a place in t.
func within(most *big.Float, t catalog.Type) bool {
	if bits, ok := wholeBits[t.Kind]; ok {
		return most.Cmp(power(2, bits)) < 0
	}
	return t.Kind == catalog.Decimal && most.Cmp(power(10, int64(t.Precision-t.Scale))) < 0
}

// The bounds of results, by those of arguments.
func mostSum(a []*big.Float, _ bool) *big.Float {
	return bound(new(big.Float)).Add(a[0], a[1])
}

func mostProduct(a []*big.Float, _ bool) *big.Float {
	return bound(new(big.Float)).Mul(a[0], a[1])
}

func mostFirst(a []*big.Float, _ bool) *big.Float { return a[0] }

// mostRounded is for what loses places, and may be rounded up to the next unit.
func mostRounded(a []*big.Float, rounds bool) *big.Float {
	if !rounds {
		return a[0]
	}
	return bound(new(big.Float)).Add(a[0], boundInt(1))
}

// mostModulo is for what is less than the divisor and no more than the dividend.
func mostModulo(a []*big.Float, _ bool) *big.Float {
	if a[1].Cmp(a[0]) < 0 {
		return a[1]
	}
	return a[0]
}

func mostAny(a []*big.Float, _ bool) *big.Float {
	most := a[0]
	for _, b := range a[1:] {
		if b.Cmp(most) > 0 {
			most = b
		}
	}
	return most
}

func mostly(v int64) func([]*big.Float, bool) *big.Float {
	return func([]*big.Float, bool) *big.Float { return boundInt(v) }
}
