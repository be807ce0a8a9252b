package datetime

import (
	"fmt"
	"time"
)

// Day spells days since 1970-01-01 as DuckDB reads them. The years before 1 count down from
// 1 BC.
func Day(days int64) string {
	if days == InfiniteDay || days == -InfiniteDay {
		return infinity(days)
	}
	t := time.Unix(days*86_400, 0).UTC()
	if y := t.Year(); y <= 0 {
		return fmt.Sprintf("%04d-%02d-%02d (BC)", 1-y, t.Month(), t.Day())
	}
	return fmt.Sprintf("%04d-%02d-%02d", t.Year(), t.Month(), t.Day())
}

// Clock spells microseconds since midnight.
func Clock(micros int64) string {
	s := micros / microsPerSecond
	return fmt.Sprintf("%02d:%02d:%02d.%06d", s/3600, s/60%60, s%60, micros%microsPerSecond)
}

// Stamp spells microseconds since 1970-01-01 00:00, a wall clock.
func Stamp(micros int64) string {
	if micros == InfiniteTime || micros == -InfiniteTime {
		return infinity(micros)
	}
	days, rest := micros/microsPerDay, micros%microsPerDay
	if rest < 0 {
		days, rest = days-1, rest+microsPerDay
	}
	return Day(days) + " " + Clock(rest)
}

// Instant spells microseconds since 1970-01-01 00:00 UTC.
func Instant(micros int64) string {
	if micros == InfiniteTime || micros == -InfiniteTime {
		return infinity(micros)
	}
	return Stamp(micros) + "+00"
}

func infinity(sign int64) string {
	if sign < 0 {
		return "-infinity"
	}
	return "infinity"
}
