package sqlite

import "fmt"

// ISO text. All parsers take exactly one form and give false for the rest.

const (
	microsOfSecond = 1_000_000
	microsOfDay    = 86_400 * microsOfSecond
)

// parseDate reads YYYY-MM-DD as days since 1970-01-01.
func parseDate(b []byte) (int64, bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	year, ok1 := digits(b[:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:])
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return daysOf(year, month, day), true
}

// parseTimestamp reads a date, alone or with a blank or T and a time of day, as
// microseconds since 1970-01-01.
func parseTimestamp(b []byte) (int64, bool) {
	if len(b) < 10 {
		return 0, false
	}
	day, ok := parseDate(b[:10])
	if !ok || len(b) == 10 {
		return day * microsOfDay, ok
	}
	if b[10] != ' ' && b[10] != 'T' {
		return 0, false
	}
	t, ok := parseTime(b[11:])
	return day*microsOfDay + t, ok
}

// parseTime reads HH:MM, HH:MM:SS or HH:MM:SS.f as microseconds since midnight.
// Places beyond the sixth must be 0.
func parseTime(b []byte) (int64, bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, false
	}
	hour, ok1 := digits(b[:2])
	minute, ok2 := digits(b[3:5])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	t := (hour*60 + minute) * 60
	if len(b) == 5 {
		return t * microsOfSecond, true
	}
	if len(b) < 8 || b[5] != ':' {
		return 0, false
	}
	second, ok := digits(b[6:8])
	if !ok || second > 59 {
		return 0, false
	}
	t = (t + second) * microsOfSecond
	if len(b) == 8 {
		return t, true
	}
	if b[8] != '.' || len(b) == 9 {
		return 0, false
	}
	unit := int64(microsOfSecond)
	for _, ch := range b[9:] {
		if ch < '0' || ch > '9' {
			return 0, false
		}
		if unit /= 10; unit == 0 && ch != '0' {
			return 0, false
		}
		t += int64(ch-'0') * unit
	}
	return t, true
}

// digits reads whole numbers without a sign.
func digits(b []byte) (int64, bool) {
	n := int64(0)
	for _, ch := range b {
		if ch < '0' || ch > '9' {
			return 0, false
		}
		n = n*10 + int64(ch-'0')
	}
	return n, true
}

func leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

const (
	daysOf400Years = 146_097
	epoch          = 719_528 // days from 0000-01-01 to 1970-01-01
)

// daysOf counts the days from 1970-01-01 to a day of the years 0 to 9999 in the
// Gregorian calendar, extended backwards.
func daysOf(year, month, day int64) int64 {
	n := int64(0)
	if over := year - 1; over >= 0 { // years that are over, of which year 0 was a leap year
		n = year*365 + over/4 - over/100 + over/400 + 1
	}
	for m := int64(1); m < month; m++ {
		n += daysIn(year, m)
	}
	return n + day - 1 - epoch
}

// isoDate writes a day of the years 0 to 9999 as YYYY-MM-DD.
func isoDate(days int64) string {
	n := days + epoch
	year := n / daysOf400Years * 400
	n %= daysOf400Years
	for {
		length := int64(365)
		if leap(year) {
			length = 366
		}
		if n < length {
			break
		}
		n -= length
		year++
	}
	month := int64(1)
	for ; n >= daysIn(year, month); month++ {
		n -= daysIn(year, month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, n+1)
}
