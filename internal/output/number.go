package output

import (
	"math"
	"math/bits"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// appendFloat appends the shortest text that reads back as the same number. It
// always has a point or an exponent, so that a reader that looks at the text
// alone takes it for a floating-point number. f is finite.
func appendFloat(dst []byte, f float64, size int) []byte {
	form := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, form, -1, size)
	if form == 'e' {
		return dst
	}
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// appendNonFinite appends NaN, Infinity or -Infinity.
func appendNonFinite(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case f > 0:
		return append(dst, "Infinity"...)
	}
	return append(dst, "-Infinity"...)
}

const tenTo19 = 10_000_000_000_000_000_000 // the largest power of ten in 64 bits

// appendDecimal appends n / 10^scale with exactly scale places. Magnitudes below
// 10^38 are exact; catalog.Type allows no others.
func appendDecimal(dst []byte, n decimal128.Num, scale int32) []byte {
	hi, lo := uint64(n.HighBits()), n.LowBits()
	if n.HighBits() < 0 {
		dst = append(dst, '-')
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	var scratch [48]byte
	digits := scratch[:0]
	if hi == 0 {
		digits = strconv.AppendUint(digits, lo, 10)
	} else {
		q, r := bits.Div64(hi, lo, tenTo19)
		digits = strconv.AppendUint(digits, q, 10)
		digits = appendPadded(digits, r, 19)
	}
	if scale <= 0 {
		return append(dst, digits...)
	}
	whole := len(digits) - int(scale)
	if whole > 0 {
		dst = append(dst, digits[:whole]...)
		dst = append(dst, '.')
		return append(dst, digits[whole:]...)
	}
	dst = append(dst, '0', '.')
	for ; whole < 0; whole++ {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// appendPadded appends v with at least width digits.
func appendPadded(dst []byte, v uint64, width int) []byte {
	var scratch [20]byte
	i := len(scratch)
	for v >= 10 || width > 1 {
		i--
		scratch[i] = byte('0' + v%10)
		v /= 10
		width--
	}
	i--
	scratch[i] = byte('0' + v)
	return append(dst, scratch[i:]...)
}

// appendSeconds appends a duration in seconds with three places.
func appendSeconds(dst []byte, d time.Duration) []byte {
	return strconv.AppendFloat(dst, d.Seconds(), 'f', 3, 64)
}
