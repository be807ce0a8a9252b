// Package datetime reads dates, times and instants in the forms in which DuckDB takes and
// gives them, and in those of the gateway's own answers, and writes them for DuckDB. What it
// would have to leave out to read a text, such as parts of a microsecond, a time behind a
// date or an offset behind a wall clock, makes that text none.
package datetime

import (
	"math"
	"strings"
	"time"
)

// Infinite values, as DuckDB has them; with a minus they are those before all others.
const (
	InfiniteDay  int64 = math.MaxInt32
	InfiniteTime int64 = math.MaxInt64
)

const (
	microsPerSecond = 1_000_000
	microsPerHour   = 3600 * microsPerSecond
	microsPerDay    = 24 * microsPerHour
	// The first day that begins within a TIMESTAMP: DuckDB takes none before it.
	firstMicros = math.MinInt64 / microsPerDay * microsPerDay
)

// ReadDay reads a date, in days since 1970-01-01.
func ReadDay(text string) (int64, bool) {
	if n, ok := named(text, InfiniteDay); ok {
		return n, true
	}
	r := begin(text)
	day, ok := r.day()
	return day, ok && r.ended() && day > -InfiniteDay && day < InfiniteDay
}

// ReadClock reads a time of day, in microseconds since midnight.
func ReadClock(text string) (int64, bool) {
	r := begin(text)
	micros, ok := r.clock()
	return micros, ok && r.ended()
}

// ReadStamp reads a wall clock, in microseconds since 1970-01-01 00:00.
func ReadStamp(text string) (int64, bool) {
	if n, ok := named(text, InfiniteTime); ok {
		return n, true
	}
	r := begin(text)
	micros, ok := r.stamp()
	return micros, ok && r.ended()
}

// ReadInstant reads an instant, in microseconds since 1970-01-01 00:00 UTC. Without an offset
// it is a wall clock of zone, and nothing where that is nil.
func ReadInstant(text string, zone *time.Location) (int64, bool) {
	if n, ok := named(text, InfiniteTime); ok {
		return n, true
	}
	r := begin(text)
	local, ok := r.stamp()
	switch {
	case !ok:
		return 0, false
	case r.ended():
		if zone == nil {
			return 0, false
		}
		return InZone(local, zone)
	}
	offset, ok := r.offset()
	if !ok || !r.ended() {
		return 0, false
	}
	return within(local, -offset)
}

// InZone gives the instant at which the clocks of a zone show local. Of an hour that comes
// twice it is the second one; one that is left out is counted by the clocks before it, as
// DuckDB and PostgreSQL do.
func InZone(local int64, zone *time.Location) (int64, bool) {
	offset := func(micros int64) int64 {
		_, seconds := time.UnixMicro(micros).In(zone).Zone()
		return int64(seconds) * microsPerSecond
	}
	// No zone is further from UTC than a day, nor changes twice within two of them.
	before, after := offset(local-microsPerDay), offset(local+microsPerDay)
	if at := local - after; before != after && offset(at) == after {
		return within(local, -after)
	}
	return within(local, -before)
}

// within adds to a time what may lead out of all times.
func within(micros, delta int64) (int64, bool) {
	sum := micros + delta
	if delta > 0 && sum < micros || delta < 0 && sum > micros {
		return 0, false
	}
	return sum, sum >= firstMicros && sum < InfiniteTime
}

const space = " \t\n\v\f\r" // as DuckDB has it

// named reads the words that stand for dates and times.
func named(text string, infinite int64) (int64, bool) {
	if text == "" || text[0] != '-' && text[0] < 'A' {
		return 0, false // as nearly all are
	}
	switch strings.ToLower(text) {
	case "epoch":
		return 0, true
	case "infinity", "inf":
		return infinite, true
	case "-infinity", "-inf":
		return -infinite, true
	}
	return 0, false
}

// reader takes a text apart from its beginning.
type reader struct{ rest string }

func begin(text string) *reader { return &reader{strings.TrimLeft(text, space)} }

func (r *reader) ended() bool { return strings.Trim(r.rest, space) == "" }

func (r *reader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// number takes a number of at most so many digits.
func (r *reader) number(most int) (n int64, ok bool) {
	i := 0
	for ; i < len(r.rest) && r.rest[i] >= '0' && r.rest[i] <= '9'; i++ {
		if i == most {
			return 0, false
		}
		n = n*10 + int64(r.rest[i]-'0')
	}
	r.rest = r.rest[i:]
	return n, i > 0
}

// day takes a date. Its year can have a sign, as in ISO 8601, where 0 is the year before 1,
// or " (BC)" stands behind the day.
func (r *reader) day() (int64, bool) {
	minus := r.take('-')
	plus := !minus && r.take('+')
	year, ok := r.number(7)
	if !ok || plus && year < 10_000 || r.rest == "" || !strings.Contains(`-/\ `, r.rest[:1]) {
		return 0, false
	}
	parted := r.rest[0]
	r.take(parted)
	month, ok := r.number(2)
	if !ok || !r.take(parted) {
		return 0, false
	}
	day, ok := r.number(2)
	if !ok {
		return 0, false
	}
	if n := len(beforeChrist); len(r.rest) >= n && strings.EqualFold(r.rest[:n], beforeChrist) {
		if minus || plus || year == 0 {
			return 0, false
		}
		r.rest, year = r.rest[n:], 1-year
	}
	if minus {
		year = -year
	}
	at := time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	return at.Unix() / 86_400, at.Month() == time.Month(month) && at.Day() == int(day)
}

const beforeChrist = " (BC)"

// clock takes a time of day, up to 24:00.
func (r *reader) clock() (int64, bool) {
	hour, okHour := r.number(2)
	if !okHour || !r.take(':') {
		return 0, false
	}
	minute, ok := r.number(2)
	second, micros := int64(0), int64(0)
	switch {
	case !ok || !r.take(':'):
		ok = ok && (r.rest == "" || !r.ended()) // DuckDB takes no space behind hours and minutes
	default:
		if second, ok = r.number(2); ok && r.take('.') {
			micros, ok = r.fraction()
		}
	}
	micros += hour*microsPerHour + (minute*60+second)*microsPerSecond
	return micros, ok && minute < 60 && second < 60 && micros <= microsPerDay
}

// fraction takes the places behind a second's point.
func (r *reader) fraction() (micros int64, ok bool) {
	i, unit := 0, int64(microsPerSecond/10)
	for ; i < len(r.rest) && r.rest[i] >= '0' && r.rest[i] <= '9'; i++ {
		digit := int64(r.rest[i] - '0')
		if unit == 0 && digit != 0 {
			return 0, false
		}
		micros, unit = micros+digit*unit, unit/10
	}
	r.rest = r.rest[i:]
	return micros, true
}

// stamp takes a date and the time behind it, if there is one.
func (r *reader) stamp() (int64, bool) {
	days, ok := r.day()
	if !ok || days < firstMicros/microsPerDay || days > math.MaxInt64/microsPerDay {
		return 0, false
	}
	if r.rest == "" {
		return days * microsPerDay, true
	}
	if !r.take('T') && !r.take(' ') {
		return 0, false
	}
	r.rest = strings.TrimLeft(r.rest, space)
	clock, ok := r.clock()
	if !ok {
		return 0, false
	}
	return within(days*microsPerDay, clock)
}

// offset takes what a wall clock is ahead of UTC, in microseconds.
func (r *reader) offset() (int64, bool) {
	r.take(' ')
	if r.take('Z') {
		return 0, true
	}
	minus := r.take('-')
	if !minus && !r.take('+') {
		return 0, false
	}
	digits := func() (int64, bool) {
		if len(r.rest) < 2 {
			return 0, false
		}
		two := reader{r.rest[:2]}
		n, ok := two.number(2)
		r.rest = r.rest[2:]
		return n, ok && two.rest == ""
	}
	hour, ok := digits()
	minute, second := int64(0), int64(0)
	if ok && r.rest != "" {
		colon := r.take(':')
		if minute, ok = digits(); ok && colon && r.take(':') {
			second, ok = digits()
		}
	}
	micros := hour*microsPerHour + (minute*60+second)*microsPerSecond
	if minus {
		micros = -micros
	}
	return micros, ok && minute < 60 && second < 60 && hour < 24
}
