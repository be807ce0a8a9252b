package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/bits"
)

const (
	uuidLen = 36
	// PostgreSQL counts from 2000-01-01.
	epochDays   = 10957
	epochMicros = epochDays * 86400000000
	dayMicros   = 86400000000
)

func (c *column) date(f []byte, row int) error {
	if len(f) != 4 {
		return errMalformed
	}
	days := int32(binary.BigEndian.Uint32(f))
	switch {
	case days == math.MaxInt32 || days == math.MinInt32:
		return errInfinite
	case days > math.MaxInt32-epochDays:
		return errRange
	}
	binary.NativeEndian.PutUint32(c.data[row*4:], uint32(days+epochDays))
	return nil
}

func (c *column) timestamp(f []byte, row int) error {
	if len(f) != 8 {
		return errMalformed
	}
	micros := int64(binary.BigEndian.Uint64(f))
	switch {
	case micros == math.MaxInt64 || micros == math.MinInt64:
		return errInfinite
	case micros >= math.MaxInt64-epochMicros: // the last int64 itself is DuckDB's infinity
		return errRange
	}
	binary.NativeEndian.PutUint64(c.data[row*8:], uint64(micros+epochMicros))
	return nil
}

// time refuses 24:00:00, which is no time of day for Arrow.
func (c *column) time(f []byte, row int) error {
	if len(f) != 8 {
		return errMalformed
	}
	micros := binary.BigEndian.Uint64(f)
	if micros == dayMicros {
		return errMidnight
	}
	if micros > dayMicros {
		return errMalformed
	}
	binary.NativeEndian.PutUint64(c.data[row*8:], micros)
	return nil
}

// interval keeps months, days and time apart as both sides do.
func (c *column) interval(f []byte, row int) error {
	if len(f) != 16 {
		return errMalformed
	}
	micros := int64(binary.BigEndian.Uint64(f))
	if micros > math.MaxInt64/1000 || micros < math.MinInt64/1000 {
		return errRange
	}
	v := c.data[row*16 : row*16+16]
	binary.NativeEndian.PutUint32(v, binary.BigEndian.Uint32(f[12:]))
	binary.NativeEndian.PutUint32(v[4:], binary.BigEndian.Uint32(f[8:]))
	binary.NativeEndian.PutUint64(v[8:], uint64(micros*1000))
	return nil
}

func (c *column) uuid(f []byte, row int) error {
	if len(f) != 16 {
		return errMalformed
	}
	c.room(uuidLen)
	v := c.data[c.used : c.used+uuidLen]
	hex.Encode(v, f[:4])
	v[8], v[13], v[18], v[23] = '-', '-', '-', '-'
	hex.Encode(v[9:], f[4:6])
	hex.Encode(v[14:], f[6:8])
	hex.Encode(v[19:], f[8:10])
	hex.Encode(v[24:], f[10:])
	c.used += uuidLen
	c.offsets[row+1] = int32(c.used)
	return nil
}

// A numeric's sign field.
const (
	numericPositive = 0x0000
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericInf      = 0xD000
	numericNegInf   = 0xF000
)

// decimal turns a numeric, which is a row of digits to the base 10,000, into the
// 128-bit integer of the declared scale. A value that has more digits is an
// error, never rounded.
func (c *column) decimal(f []byte, row int) error {
	if len(f) < 8 || len(f)&1 != 0 {
		return errMalformed
	}
	head := binary.BigEndian.Uint64(f)
	digits, weight, sign := int(head>>48), int(int16(head>>32)), uint16(head>>16)
	f = f[8:]
	if len(f) != 2*digits {
		return errMalformed
	}
	switch sign {
	case numericPositive, numericNegative:
	case numericNaN:
		return errNaN
	case numericInf, numericNegInf:
		return errInfinite
	default:
		return errMalformed
	}
	// The value is the digits as one integer, times 10^exponent, in units of the
	// declared scale.
	exponent := 4*(weight+1-digits) + int(c.typ.Scale)
	var hi, lo uint64
	var err error
	if digits <= 4 && exponent >= -4 && exponent <= 3 {
		for i := 0; i < len(f); i += 2 {
			digit := uint64(binary.BigEndian.Uint16(f[i:]))
			if digit > 9999 {
				return errMalformed
			}
			lo = lo*10000 + digit
		}
		// Below 10^16: no step of this can overflow. Divisors are constants, which
		// costs a multiplication instead of a division.
		var rest uint64
		switch exponent {
		case -4:
			lo, rest = lo/10000, lo%10000
		case -3:
			lo, rest = lo/1000, lo%1000
		case -2:
			lo, rest = lo/100, lo%100
		case -1:
			lo, rest = lo/10, lo%10
		case 1:
			lo *= 10
		case 2:
			lo *= 100
		case 3:
			lo *= 1000
		}
		if rest != 0 {
			return errRange
		}
	} else if hi, lo, err = wideDecimal(f, exponent); err != nil {
		return err
	}
	limit := powers[c.typ.Precision]
	if hi > limit.hi || hi == limit.hi && lo >= limit.lo {
		return errRange
	}
	if sign == numericNegative {
		lo, hi = -lo, ^hi
		if lo == 0 {
			hi++
		}
	}
	v := c.data[row*16 : row*16+16]
	first, second := lo, hi
	if bigEndian {
		first, second = hi, lo
	}
	binary.NativeEndian.PutUint64(v, first)
	binary.NativeEndian.PutUint64(v[8:], second)
	return nil
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// wideDecimal is the way of numbers that do not fit the short one.
func wideDecimal(f []byte, exponent int) (hi, lo uint64, err error) {
	for i := 0; i < len(f); i += 2 {
		digit := uint64(binary.BigEndian.Uint16(f[i:]))
		if digit > 9999 {
			return 0, 0, errMalformed
		}
		// The last digits may lie below the declared scale and be zero: they are
		// dropped here, or a number of 38 digits would not fit for their sake.
		below := -exponent - 2*(len(f)-i-2)
		step := uint64(10000)
		for ; below > 0 && step > 1; below-- {
			if digit%10 != 0 {
				return 0, 0, errRange
			}
			digit, step = digit/10, step/10
		}
		var fits bool
		if hi, lo, fits = timesPlus(hi, lo, step, digit); !fits {
			return 0, 0, errRange
		}
	}
	if hi|lo == 0 {
		return 0, 0, nil
	}
	for ; exponent > 0; exponent-- {
		var fits bool
		if hi, lo, fits = timesPlus(hi, lo, 10, 0); !fits {
			return 0, 0, errRange
		}
	}
	return hi, lo, nil
}

// timesPlus gives 128 bits times a factor plus a digit, and whether it fits.
func timesPlus(hi, lo, factor, digit uint64) (uint64, uint64, bool) {
	over, high := bits.Mul64(hi, factor)
	carry, low := bits.Mul64(lo, factor)
	low, c := bits.Add64(low, digit, 0)
	high, c2 := bits.Add64(high, carry, c)
	return high, low, over == 0 && c2 == 0
}

type uint128 struct{ hi, lo uint64 }

// powers of ten, up to 10^38.
var powers = func() (p [39]uint128) {
	p[0].lo = 1
	for i := 1; i < len(p); i++ {
		p[i].hi, p[i].lo, _ = timesPlus(p[i-1].hi, p[i-1].lo, 10, 0)
	}
	return p
}()
