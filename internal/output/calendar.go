package output

import (
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

const secondsPerDay = 24 * 60 * 60

// civil turns days since 1970-01-01 into a date of the proleptic Gregorian
// calendar. Year 0 is 1 BC.
func civil(days int64) (year int64, month, day int) {
	const (
		perEra   = 146_097 // days in 400 years
		toMarch0 = 719_468 // from 0000-03-01 to 1970-01-01
	)
	// Counting years from the first of March puts the leap day at a year's end.
	era := floorDiv(days+toMarch0, perEra)
	d := days + toMarch0 - era*perEra
	y := (d - d/1460 + d/36_524 - d/146_096) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153 // months since March: 153 days in five months
	day = int(d-(153*m+2)/5) + 1
	month = int(m) + 3
	year = era*400 + y
	if month > 12 {
		month, year = month-12, year+1
	}
	return year, month, day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func appendTwo(dst []byte, v int) []byte {
	return append(dst, byte('0'+v/10), byte('0'+v%10))
}

func appendDay(dst []byte, days int64) []byte {
	year, month, day := civil(days)
	switch {
	case year >= 0 && year <= 9999:
		dst = appendTwo(dst, int(year/100))
		dst = appendTwo(dst, int(year%100))
	case year < 0:
		dst = appendPadded(append(dst, '-'), uint64(-year), 6)
	default:
		dst = appendPadded(append(dst, '+'), uint64(year), 6)
	}
	dst = appendTwo(append(dst, '-'), month)
	return appendTwo(append(dst, '-'), day)
}

// appendDate appends a DATE; DuckDB keeps its infinite dates at the ends of int32.
func appendDate(dst []byte, d arrow.Date32) []byte {
	switch d {
	case math.MaxInt32:
		return append(dst, "infinity"...)
	case -math.MaxInt32:
		return append(dst, "-infinity"...)
	}
	return appendDay(dst, int64(d))
}

// appendFraction appends units out of 10^places, without zeros at the end.
func appendFraction(dst []byte, units int64, places int) []byte {
	if units == 0 {
		return dst
	}
	for units%10 == 0 {
		units, places = units/10, places-1
	}
	return appendPadded(append(dst, '.'), uint64(units), places)
}

// appendClock appends the time of day; fraction counts units of 10^-places seconds.
func appendClock(dst []byte, second, fraction int64, places int) []byte {
	dst = appendTwo(dst, int(second/3600))
	dst = appendTwo(append(dst, ':'), int(second/60%60))
	dst = appendTwo(append(dst, ':'), int(second%60))
	return appendFraction(dst, fraction, places)
}

// stamp is how timestamps of one column are written.
type stamp struct {
	perSecond int64
	places    int
	separator byte
	zone      string // after the time; empty for a wall clock
}

func newStamp(t *arrow.TimestampType, json bool) stamp {
	s := stamp{perSecond: 1, separator: ' '}
	switch t.Unit {
	case arrow.Millisecond:
		s.perSecond, s.places = 1e3, 3
	case arrow.Microsecond:
		s.perSecond, s.places = 1e6, 6
	case arrow.Nanosecond:
		s.perSecond, s.places = 1e9, 9
	}
	if t.TimeZone != "" {
		s.zone = "+00"
	}
	if json {
		s.separator = 'T'
		if t.TimeZone != "" {
			s.zone = "Z"
		}
	}
	return s
}

// append appends a timestamp; DuckDB keeps the infinite ones at the ends of int64.
func (s stamp) append(dst []byte, v int64) []byte {
	switch v {
	case math.MaxInt64:
		return append(dst, "infinity"...)
	case -math.MaxInt64:
		return append(dst, "-infinity"...)
	}
	second := floorDiv(v, s.perSecond)
	fraction := v - second*s.perSecond
	days := floorDiv(second, secondsPerDay)
	dst = appendDay(dst, days)
	dst = appendClock(append(dst, s.separator), second-days*secondsPerDay, fraction, s.places)
	return append(dst, s.zone...)
}

// appendInterval appends an ISO 8601 duration. DuckDB's three parts are
// independent of each other, so each keeps its own sign.
func appendInterval(dst []byte, v arrow.MonthDayNanoInterval) []byte {
	if v.Months == 0 && v.Days == 0 && v.Nanoseconds == 0 {
		return append(dst, "PT0S"...)
	}
	dst = append(dst, 'P')
	dst = appendPart(dst, int64(v.Months/12), 'Y')
	dst = appendPart(dst, int64(v.Months%12), 'M')
	dst = appendPart(dst, int64(v.Days), 'D')
	if v.Nanoseconds == 0 {
		return dst
	}
	dst = append(dst, 'T')
	seconds, fraction := v.Nanoseconds/1e9, v.Nanoseconds%1e9
	dst = appendPart(dst, seconds/3600, 'H')
	dst = appendPart(dst, seconds/60%60, 'M')
	seconds %= 60
	if seconds == 0 && fraction == 0 {
		return dst
	}
	if v.Nanoseconds < 0 {
		dst, seconds, fraction = append(dst, '-'), -seconds, -fraction
	}
	dst = strconv.AppendInt(dst, seconds, 10)
	dst = appendFraction(dst, fraction, 9)
	return append(dst, 'S')
}

func appendPart(dst []byte, v int64, unit byte) []byte {
	if v == 0 {
		return dst
	}
	return append(strconv.AppendInt(dst, v, 10), unit)
}
