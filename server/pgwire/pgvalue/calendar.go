package pgvalue

import (
	"math"
	"strconv"
	"time"
)

// Ends of what PostgreSQL's types hold, and the day that they count from.
const (
	epochDays   = 10_957 // from 1970-01-01 to 2000-01-01
	epochMicros = epochDays * dayMicros
	dayMicros   = 86_400_000_000

	firstDay    = -2_440_588           // 4714-11-24 BC
	lastDay     = 2_145_042_905        // 5874897-12-31
	firstMicros = firstDay * dayMicros // the last one is behind whatever microseconds since 1970 reach
)

func appendPadded(dst []byte, v int64, width int) []byte {
	digits := strconv.AppendInt(nil, v, 10)
	for range width - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// appendDay writes a date in the year that people say: before 1 there is 1 BC, which
// stands behind everything else.
func appendDay(dst []byte, t time.Time) (out []byte, bc bool) {
	year, month, day := t.Date()
	if year <= 0 {
		year, bc = 1-year, true
	}
	dst = appendPadded(dst, int64(year), 4)
	dst = append(dst, '-', byte('0'+month/10), byte('0'+month%10), '-')
	return append(dst, byte('0'+day/10), byte('0'+day%10)), bc
}

func appendDate(dst []byte, days int32) ([]byte, bool) {
	switch days {
	case math.MaxInt32:
		return append(dst, "infinity"...), true
	case -math.MaxInt32:
		return append(dst, "-infinity"...), true
	}
	if days < firstDay || days > lastDay {
		return dst, false
	}
	dst, bc := appendDay(dst, time.Unix(int64(days)*86_400, 0).UTC())
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst, true
}

// appendClock writes microseconds since midnight.
func appendClock(dst []byte, micros int64) []byte {
	second := micros / 1_000_000
	dst = append(dst, byte('0'+second/36_000), byte('0'+second/3600%10), ':', byte('0'+second/600%6), byte('0'+second/60%10), ':', byte('0'+second/10%6), byte('0'+second%10))
	return appendFraction(dst, micros%1_000_000)
}

// appendFraction writes millionths without zeros at the end.
func appendFraction(dst []byte, micros int64) []byte {
	if micros == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), micros, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendTimestamp writes microseconds since 1970: a wall clock, or with a zone an instant
// as that zone's clocks show it.
func appendTimestamp(dst []byte, micros int64, zone *time.Location) ([]byte, bool) {
	switch micros {
	case math.MaxInt64:
		return append(dst, "infinity"...), true
	case -math.MaxInt64:
		return append(dst, "-infinity"...), true
	}
	if micros < firstMicros {
		return dst, false
	}
	t := time.UnixMicro(micros).UTC()
	if zone != nil {
		t = t.In(zone)
	}
	dst, bc := appendDay(dst, t)
	dst = append(dst, ' ')
	hour, minute, second := t.Clock()
	dst = appendClock(dst, int64(hour*3600+minute*60+second)*1_000_000+int64(t.Nanosecond()/1000))
	if zone != nil {
		dst = appendOffset(dst, t)
	}
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst, true
}

// appendOffset writes what a zone is ahead of UTC, no finer than it has to.
func appendOffset(dst []byte, t time.Time) []byte {
	_, offset := t.Zone()
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendPadded(append(dst, sign), int64(offset/3600), 2)
	minute, second := offset/60%60, offset%60
	if minute != 0 || second != 0 {
		dst = appendPadded(append(dst, ':'), int64(minute), 2)
	}
	if second != 0 {
		dst = appendPadded(append(dst, ':'), int64(second), 2)
	}
	return dst
}

// appendInterval writes an interval in the style "postgres". Its parts have signs of their
// own; a part behind a negative one shows that it is not.
func appendInterval(dst []byte, months, days int32, micros int64) []byte {
	start, negative := len(dst), false
	part := func(v int64, unit string) {
		if v == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		if negative && v > 0 {
			dst = append(dst, '+')
		}
		negative = v < 0
		dst = strconv.AppendInt(dst, v, 10)
		dst = append(append(dst, ' '), unit...)
		if v != 1 {
			dst = append(dst, 's')
		}
	}
	part(int64(months/12), "year")
	part(int64(months%12), "mon")
	part(int64(days), "day")
	if micros == 0 && len(dst) > start {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	rest := uint64(micros)
	switch {
	case micros < 0:
		dst, rest = append(dst, '-'), -rest
	case negative:
		dst = append(dst, '+')
	}
	second := int64(rest / 1_000_000)
	dst = appendPadded(dst, second/3600, 2)
	dst = appendPadded(append(dst, ':'), second/60%60, 2)
	dst = appendPadded(append(dst, ':'), second%60, 2)
	return appendFraction(dst, int64(rest%1_000_000))
}
