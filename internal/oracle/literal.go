package oracle

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
)

// Literal writes a value (catalog.Value.V) as a constant of the engine. Test data
// alone is written so; the gateway binds values.
func (f Flavour) Literal(t catalog.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return f.double(t, v)
	case []byte:
		return f.blob(v)
	case string:
		if t.Kind == catalog.Decimal {
			return v
		}
		return f.cast(quote(v), t, t.Kind == catalog.UUID)
	case int64:
		switch t.Kind {
		case catalog.Date:
			return f.cast(quote(dateText(v)), t, true)
		case catalog.Time:
			return f.cast(quote(clockText(v)), t, true)
		case catalog.Timestamp:
			return f.cast(quote(dateText(floorDay(v))+" "+clockText(v-floorDay(v)*dayMicros)), t, true)
		case catalog.TimestampTZ:
			zone := "+00"
			if f == MySQL { // its session is in UTC
				zone = ""
			}
			return f.cast(quote(dateText(floorDay(v))+" "+clockText(v-floorDay(v)*dayMicros)+zone), t, true)
		}
		return integerText(v)
	}
	return fmt.Sprintf("/* no literal for %T */", v) // makes the statement fail
}

// integerText puts a negative number in parentheses: -9223372036854775808 is a
// negated number too large for its type to some parsers.
func integerText(v int64) string {
	if v == math.MinInt64 {
		return "(-9223372036854775807 - 1)"
	}
	return strconv.FormatInt(v, 10)
}

func (f Flavour) cast(text string, t catalog.Type, need bool) string {
	if !need || f == SQLite || f == MySQL {
		return text
	}
	return "CAST(" + text + " AS " + f.TypeName(t) + ")"
}

func (f Flavour) double(t catalog.Type, v float64) string {
	text := strconv.FormatFloat(v, 'e', -1, 64)
	switch {
	case math.IsNaN(v):
		text = "'NaN'"
	case math.IsInf(v, 0) && f == SQLite:
		return map[bool]string{true: "9e999", false: "-9e999"}[v > 0]
	case math.IsInf(v, 1):
		text = "'Infinity'"
	case math.IsInf(v, -1):
		text = "'-Infinity'"
	case v == 0 && math.Signbit(v) && f == PostgreSQL:
		text = "'-0'"
	}
	return f.cast(text, t, true)
}

func (f Flavour) blob(v []byte) string {
	switch f {
	case SQLite, MySQL:
		return "X'" + hex.EncodeToString(v) + "'"
	case PostgreSQL:
		return `CAST('\x` + hex.EncodeToString(v) + "' AS bytea)"
	}
	var b strings.Builder
	for _, c := range v {
		fmt.Fprintf(&b, `\x%02X`, c)
	}
	return "CAST('" + b.String() + "' AS BLOB)"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sqliteTimestamp spells a timestamp as the n-th writer would: SQLite keeps text,
// so one instant may stand there in several spellings.
func sqliteTimestamp(v int64, n int) string {
	day, clock := dateText(floorDay(v)), v-floorDay(v)*dayMicros
	switch {
	case n%4 == 0:
		return quote(day + "T" + clockText(clock))
	case n%4 == 1 && clock == 0:
		return quote(day)
	case n%4 == 1:
		return quote(day + " " + time.UnixMicro(clock).UTC().Format("15:04:05.000000"))
	}
	return quote(day + " " + clockText(clock))
}

const dayMicros = int64(24 * time.Hour / time.Microsecond)

func floorDay(micros int64) int64 {
	d := micros / dayMicros
	if micros%dayMicros < 0 {
		d--
	}
	return d
}

func dateText(days int64) string { return time.Unix(days*86400, 0).UTC().Format(time.DateOnly) }

func clockText(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("15:04:05.999999")
}
