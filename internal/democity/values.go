package democity

import (
	"math/rand/v2"
	"sort"
	"time"
)

// day is a calendar date, counted in days from 1970-01-01.
type day int32

// moment is a wall-clock time without zone, counted in seconds from
// 1970-01-01 00:00:00.
type moment int64

// hundredths is a decimal value with two places: money, square metres.
type hundredths int64

const secondsPerDay = 24 * 60 * 60

func date(year int, month time.Month, dayOfMonth int) day {
	return day(time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

func (d day) time() time.Time    { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }
func (d day) String() string     { return d.time().Format("2006-01-02") }
func (d day) year() int          { return d.time().Year() }
func (m moment) time() time.Time { return time.Unix(int64(m), 0).UTC() }
func (m moment) String() string  { return m.time().Format("2006-01-02 15:04:05") }

// addYears moves the date by whole years; 29 February becomes 1 March.
func (d day) addYears(years int) day {
	return day(d.time().AddDate(years, 0, 0).Unix() / secondsPerDay)
}

// officeHours returns a moment of the date between 08:30:00 and 16:59:59.
func (d day) officeHours(r *rand.Rand) moment {
	return moment(int64(d)*secondsPerDay + 8*3600 + 1800 + r.Int64N(8*3600+1800))
}

// between returns a date from..to, both included; from where to lies earlier.
func between(r *rand.Rand, from, to day) day {
	if to <= from {
		return from
	}
	return from + day(r.IntN(int(to-from)+1))
}

// orNull returns nil where absent is true, and the value otherwise.
func orNull[T any](absent bool, value T) any {
	if absent {
		return nil
	}
	return value
}

// chance is true in permille of 1000 calls.
func chance(r *rand.Rand, permille int) bool { return r.IntN(1000) < permille }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// wheel picks an index with a probability in proportion to its weight.
type wheel struct{ upto []int }

func newWheel(weights ...int) wheel {
	upto, sum := make([]int, len(weights)), 0
	for i, w := range weights {
		sum += w
		upto[i] = sum
	}
	return wheel{upto}
}

func (w wheel) spin(r *rand.Rand) int {
	n := r.IntN(w.upto[len(w.upto)-1])
	return sort.SearchInts(w.upto, n+1)
}

// spread is a distribution given by its quantiles at equal steps, in whole
// units; values between two quantiles are equally likely. Integers throughout,
// because floating point may round differently on another processor and the
// city must not.
type spread []int64

// draw returns a value in hundredths of the unit.
func (s spread) draw(r *rand.Rand) hundredths {
	i := r.IntN(len(s) - 1)
	low, high := s[i]*100, s[i+1]*100
	return hundredths(low + r.Int64N(high-low+1))
}

// percent returns p percent of the value, rounded half up.
func (h hundredths) percent(p int64) hundredths {
	return hundredths((int64(h)*p + 50) / 100)
}
