package mysql

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// What a value's bytes may be beside a value. The stream turns them into errors that
// name the column.
var (
	errRange    = errors.New("outside of the type's range")
	errEncoding = errors.New("not UTF-8")
)

const (
	dayMicros = 86400000000
	maxYear   = 9999
)

// put stores the value at the beginning of b as value number row and gives how many
// bytes it has.
func (v *vector) put(b []byte, row int) (int, error) {
	switch v.op {
	case op64:
		if len(b) < 8 {
			return 0, errMalformed
		}
		binary.NativeEndian.PutUint64(v.data[row*8:], binary.LittleEndian.Uint64(b))
		return 8, nil
	case op32:
		if len(b) < 4 {
			return 0, errMalformed
		}
		binary.NativeEndian.PutUint32(v.data[row*4:], binary.LittleEndian.Uint32(b))
		return 4, nil
	case op16:
		if len(b) < 2 {
			return 0, errMalformed
		}
		binary.NativeEndian.PutUint16(v.data[row*2:], binary.LittleEndian.Uint16(b))
		return 2, nil
	case op8:
		if len(b) < 1 {
			return 0, errMalformed
		}
		v.data[row] = b[0]
		return 1, nil
	case opWiden:
		return v.wire.bytes, v.widen(b, row)
	}
	f, n, ok := field(b)
	if !ok {
		return 0, errMalformed
	}
	switch v.op {
	case opText:
		v.text(f, row)
	case opDecimal:
		return n, v.decimal(f, row)
	case opDate:
		return n, v.date(f, row)
	case opMoment:
		return n, v.moment(f, row)
	case opDuration:
		return n, v.duration(f, row)
	case opBool:
		if len(f) != 1 || f[0] > 1 {
			return 0, errMalformed
		}
		bit := byte(1) << (row & 7)
		v.data[row>>3] = v.data[row>>3]&^bit | f[0]<<(row&7)
	case opBits:
		return n, v.binaryDigits(f, row)
	default:
		return 0, errMalformed
	}
	return n, nil
}

// widen stores a whole number of fewer bytes.
func (v *vector) widen(b []byte, row int) error {
	n := v.wire.bytes
	if len(b) < n {
		return errMalformed
	}
	x := uint64(0)
	for i := n - 1; i >= 0; i-- {
		x = x<<8 | uint64(b[i])
	}
	if shift := 64 - 8*n; v.wire.signed {
		x = uint64(int64(x<<shift) >> shift)
	}
	at := v.data[row*v.width:]
	switch v.width {
	case 2:
		binary.NativeEndian.PutUint16(at, uint16(x))
	case 4:
		binary.NativeEndian.PutUint32(at, uint32(x))
	default:
		binary.NativeEndian.PutUint64(at, x)
	}
	return nil
}

// field gives the bytes behind their number, and how many bytes both have.
func field(b []byte) (f []byte, n int, ok bool) {
	if len(b) > 0 && b[0] < 0xFB {
		n = 1 + int(b[0])
		if n > len(b) {
			return nil, 0, false
		}
		return b[1:n], n, true
	}
	f, rest, ok := counted(b)
	return f, len(b) - len(rest), ok
}

// date reads the fields of a date. One without a month or a day, or with a day that
// its month does not have, which the server stores when it is told to, is NULL.
func (v *vector) date(f []byte, row int) error {
	days, known, err := day(f)
	if err != nil {
		return err
	}
	if len(f) > 4 {
		return errMalformed
	}
	if !known {
		v.zeros++
		v.null(row)
		return nil
	}
	binary.NativeEndian.PutUint32(v.data[row*4:], uint32(int32(days)))
	return nil
}

// moment reads the fields of a date and a time; what is no date is NULL.
func (v *vector) moment(f []byte, row int) error {
	days, known, err := day(f)
	if err != nil {
		return err
	}
	if !known {
		v.zeros++
		v.null(row)
		return nil
	}
	micros := days * dayMicros
	if len(f) > 4 {
		of, err := clock(f[4:])
		if err != nil {
			return err
		}
		micros += of
	}
	binary.NativeEndian.PutUint64(v.data[row*8:], uint64(micros))
	return nil
}

// day reads year, month and day, and reports whether there is such a day.
func day(f []byte) (days int64, known bool, err error) {
	switch len(f) {
	case 0:
		return 0, false, nil
	case 4, 7, 11:
	default:
		return 0, false, errMalformed
	}
	year, month, d := int(binary.LittleEndian.Uint16(f)), int(f[2]), int(f[3])
	if year > maxYear || month > 12 || d > 31 {
		return 0, false, errMalformed
	}
	if month == 0 || d == 0 || d > monthDays(year, month) {
		return 0, false, nil
	}
	return daysOf(year, month, d), true, nil
}

// clock reads hours, minutes, seconds and microseconds.
func clock(f []byte) (int64, error) {
	if f[0] > 23 || f[1] > 59 || f[2] > 59 {
		return 0, errMalformed
	}
	micros := (int64(f[0])*3600 + int64(f[1])*60 + int64(f[2])) * 1_000_000
	if len(f) > 3 {
		part := binary.LittleEndian.Uint32(f[3:])
		if part > 999_999 {
			return 0, errMalformed
		}
		micros += int64(part)
	}
	return micros, nil
}

// duration reads a TIME, which goes from -838:59:59 to 838:59:59, as an interval of
// nothing but microseconds.
func (v *vector) duration(f []byte, row int) error {
	micros := int64(0)
	switch len(f) {
	case 0:
	case 8, 12:
		days := binary.LittleEndian.Uint32(f[1:])
		if f[0] > 1 || days > 1<<16 {
			return errMalformed
		}
		of, err := clock(f[5:])
		if err != nil {
			return err
		}
		if micros = int64(days)*dayMicros + of; f[0] == 1 {
			micros = -micros
		}
	default:
		return errMalformed
	}
	out := v.data[row*16 : row*16+16]
	binary.NativeEndian.PutUint64(out, 0) // months and days
	binary.NativeEndian.PutUint64(out[8:], uint64(micros*1000))
	return nil
}

// binaryDigits writes a bit(n) as n digits.
func (v *vector) binaryDigits(f []byte, row int) error {
	if len(f) != (v.digits+7)/8 {
		return errMalformed
	}
	var digits [64]byte
	for i := range v.digits {
		at := v.digits - 1 - i // of the value's bits, counted from the last
		digits[i] = '0' + f[len(f)-1-at/8]>>(at%8)&1
	}
	v.text(digits[:v.digits], row)
	return nil
}

// decimal turns a number in digits into the 128-bit integer of the declared scale. A
// value that has more digits than it is an error, never rounded.
func (v *vector) decimal(f []byte, row int) error {
	negative := len(f) > 0 && f[0] == '-'
	if negative {
		f = f[1:]
	}
	if len(f) == 0 {
		return errMalformed
	}
	var hi, lo uint64
	point, count, missing := false, 0, int(v.typ.Scale)
	for _, c := range f {
		if c == '.' && !point {
			point = true
			continue
		}
		digit := uint64(c - '0')
		if digit > 9 {
			return errMalformed
		}
		if point {
			if missing == 0 {
				if digit != 0 {
					return errRange
				}
				continue
			}
			missing--
		}
		if count < 19 { // below 10^19: no step can overflow
			lo = lo*10 + digit
			if lo != 0 {
				count++
			}
			continue
		}
		var fits bool
		if hi, lo, fits = timesPlus(hi, lo, 10, digit); !fits {
			return errRange
		}
	}
	if hi|lo != 0 {
		for ; missing > 0; missing-- {
			var fits bool
			if hi, lo, fits = timesPlus(hi, lo, 10, 0); !fits {
				return errRange
			}
		}
	}
	limit := powers[v.typ.Precision]
	if hi > limit.hi || hi == limit.hi && lo >= limit.lo {
		return errRange
	}
	if negative {
		lo, hi = -lo, ^hi
		if lo == 0 {
			hi++
		}
	}
	out := v.data[row*16 : row*16+16]
	first, second := lo, hi
	if bigEndian {
		first, second = hi, lo
	}
	binary.NativeEndian.PutUint64(out, first)
	binary.NativeEndian.PutUint64(out[8:], second)
	return nil
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

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
