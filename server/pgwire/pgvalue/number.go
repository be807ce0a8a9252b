package pgvalue

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// appendFloat writes the shortest text that reads back as the same number, in the form
// that PostgreSQL chooses: with an exponent below 1e-4 and from 1e15 on (float4: 1e6).
func appendFloat(dst []byte, v float64, width int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	least, most := 1e-4, 1e15
	if width == 32 {
		least, most = float64(float32(1e-4)), 1e6
	}
	if size := math.Abs(v); size != 0 && (size < least || size >= most) {
		return strconv.AppendFloat(dst, v, 'e', -1, width)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, width)
}

// appendDecimal writes a decimal with all digits of its scale.
func appendDecimal(dst []byte, v decimal128.Num, scale int) []byte {
	if v.Sign() < 0 {
		dst, v = append(dst, '-'), v.Negate()
	}
	var buf [40]byte
	digits := appendDigits(buf[:0], v)
	point := len(digits) - scale
	if point <= 0 {
		dst = append(dst, '0')
	} else {
		dst = append(dst, digits[:point]...)
	}
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for range -point {
		dst = append(dst, '0')
	}
	return append(dst, digits[max(point, 0):]...)
}

// appendDigits writes an integer that is not negative.
func appendDigits(dst []byte, v decimal128.Num) []byte {
	high, low := uint64(v.HighBits()), v.LowBits()
	if high == 0 {
		return strconv.AppendUint(dst, low, 10)
	}
	const chunk = 10_000_000_000_000_000_000 // 19 digits
	quotientHigh, rest := high/chunk, high%chunk
	quotient, last := bits.Div64(rest, low, chunk)
	if quotientHigh > 0 {
		return v.BigInt().Append(dst, 10)
	}
	dst = strconv.AppendUint(dst, quotient, 10)
	return appendPaddedUint(dst, last, 19)
}

func appendPaddedUint(dst []byte, v uint64, width int) []byte {
	var buf [20]byte
	digits := strconv.AppendUint(buf[:0], v, 10)
	for range width - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// Signs of a binary numeric.
const (
	numericPositive = 0x0000
	numericNegative = 0x4000
)

// appendNumeric writes a decimal in binary: digits of base 10000, the first of which counts
// 10000^weight.
func appendNumeric(dst []byte, v decimal128.Num, scale int) []byte {
	sign := uint16(numericPositive)
	if v.Sign() < 0 {
		sign, v = numericNegative, v.Negate()
	}
	var buf [48]byte
	// Zeros in front and behind make whole groups of four on both sides of the point.
	text := appendDigits(buf[:0], v)
	for len(text) < scale {
		text = append([]byte{'0'}, text...)
	}
	whole := len(text) - scale
	for whole%4 != 0 {
		text, whole = append([]byte{'0'}, text...), whole+1
	}
	for len(text)%4 != 0 {
		text = append(text, '0')
	}
	weight := whole/4 - 1
	for len(text) > 0 && string(text[:4]) == "0000" {
		text, weight = text[4:], weight-1
	}
	for len(text) > 0 && string(text[len(text)-4:]) == "0000" {
		text = text[:len(text)-4]
	}
	if len(text) == 0 {
		weight = 0
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(text)/4))
	dst = binary.BigEndian.AppendUint16(dst, uint16(int16(weight)))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(scale))
	for ; len(text) > 0; text = text[4:] {
		group := int(text[0]-'0')*1000 + int(text[1]-'0')*100 + int(text[2]-'0')*10 + int(text[3]-'0')
		dst = binary.BigEndian.AppendUint16(dst, uint16(group))
	}
	return dst
}

// numericText reads a binary numeric; false for NaN, the infinities and what is none.
func numericText(b []byte) (string, bool) {
	if len(b) < 8 {
		return "", false
	}
	count, weight := int(binary.BigEndian.Uint16(b)), int(int16(binary.BigEndian.Uint16(b[2:])))
	sign, scale := binary.BigEndian.Uint16(b[4:]), int(binary.BigEndian.Uint16(b[6:]))
	const mostGroups = 100 // no decimal here has more than 38 digits
	if len(b) != 8+2*count || sign != numericPositive && sign != numericNegative || count > mostGroups || weight > mostGroups || weight < -mostGroups || scale > 4*mostGroups {
		return "", false
	}
	group := func(i int) int64 {
		if i < 0 || i >= count {
			return 0
		}
		return int64(binary.BigEndian.Uint16(b[8+2*i:]))
	}
	for i := range count {
		if group(i) > 9999 {
			return "", false
		}
	}
	var whole, frac []byte
	for i := 0; i <= weight; i++ {
		whole = appendPadded(whole, group(i), 4)
	}
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	if len(whole) == 0 {
		whole = append(whole, '0')
	}
	for i := weight + 1; len(frac) < scale; i++ {
		frac = appendPadded(frac, group(i), 4)
	}
	for i := scale; i < len(frac); i++ {
		if frac[i] != '0' { // digits that the scale does not show
			return "", false
		}
	}
	text := string(whole)
	if scale > 0 {
		text += "." + string(frac[:scale])
	}
	if sign == numericNegative {
		text = "-" + text
	}
	return text, true
}
