package dialect

import (
	"math/big"
	"sync"

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

// mostDigits is a decimal's greatest precision.
const mostDigits = 38

// limits are the bounds of types, which are asked for over and over: shared, and never
// changed.
type limits struct {
	whole    map[catalog.Kind]*big.Float
	tens     [mostDigits + 1]*big.Float                 // powers
	decimals [mostDigits + 1][mostDigits + 1]*big.Float // by precision and scale
}

var ofTypes = sync.OnceValue(func() *limits {
	l := &limits{whole: map[catalog.Kind]*big.Float{}}
	for kind, bits := range wholeBits {
		l.whole[kind] = power(2, bits)
	}
	for n := range l.tens {
		l.tens[n] = power(10, int64(n))
	}
	for precision := range l.decimals {
		for scale := range precision + 1 {
			most := bound(l.tens[precision])
			most.Sub(most, boundInt(1))
			l.decimals[precision][scale] = most.Quo(most, l.tens[scale])
		}
	}
	return l
})

// typeBound gives the magnitude that no value of a type exceeds; nil for what is no
// whole number and no decimal. It is not the caller's to change.
func typeBound(t catalog.Type) *big.Float {
	l := ofTypes()
	if t.Kind == catalog.Decimal {
		return l.decimals[t.Precision][t.Scale]
	}
	return l.whole[t.Kind]
}

// within reports whether every number of that magnitude has a place in t.
func within(most *big.Float, t catalog.Type) bool {
	l := ofTypes()
	if whole, ok := l.whole[t.Kind]; ok {
		return most.Cmp(whole) < 0
	}
	return t.Kind == catalog.Decimal && most.Cmp(l.tens[t.Precision-t.Scale]) < 0
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
