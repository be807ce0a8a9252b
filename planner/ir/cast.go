package ir

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
)

// CastValue brings v to type t where DuckDB's cast gives that very value and
// cannot fail; ok is false for every other cast.
func CastValue(v catalog.Value, t catalog.Type) (out catalog.Value, ok bool) {
	if v.IsNull() {
		return catalog.Value{Type: t}, t.Kind != catalog.Invalid
	}
	if v.Type.Equal(t) {
		return v, true
	}
	out = catalog.Value{Type: t}
	switch x := v.V.(type) {
	case int64:
		if !isInteger(v.Type.Kind) {
			return out, false
		}
		switch {
		case isInteger(t.Kind):
			out.V = x
			return out, fitsInteger(x, t.Kind)
		case t.Kind == catalog.Decimal:
			out.V = strconv.FormatInt(x, 10)
			return out, FitsDecimal(out.V.(string), t)
		case t.Kind == catalog.Float64:
			out.V = float64(x)
			return out, x > -1<<53 && x < 1<<53
		}
	case string:
		switch {
		case v.Type.Kind == catalog.Decimal && t.Kind == catalog.Decimal:
			out.V = x
			return out, t.Scale >= v.Type.Scale && FitsDecimal(x, t)
		case v.Type.Kind == catalog.Text:
			return castText(x, t)
		}
	}
	return out, false
}

func isInteger(k catalog.Kind) bool {
	return k == catalog.Int8 || k == catalog.Int16 || k == catalog.Int32 || k == catalog.Int64
}

func fitsInteger(x int64, k catalog.Kind) bool {
	switch k {
	case catalog.Int8:
		return x == int64(int8(x))
	case catalog.Int16:
		return x == int64(int16(x))
	case catalog.Int32:
		return x == int64(int32(x))
	}
	return k == catalog.Int64
}

// FitsDecimal reports whether a number in plain digits, with a point or without, has
// a place in the decimal type t without rounding.
func FitsDecimal(digits string, t catalog.Type) bool {
	whole, frac, _ := strings.Cut(strings.TrimPrefix(digits, "-"), ".")
	return len(strings.TrimLeft(whole, "0")) <= int(t.Precision-t.Scale) && len(frac) <= int(t.Scale)
}

var (
	plainInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})$`)
	plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	plainUUID    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// castText reads only the canonical forms; DuckDB takes more of them.
func castText(s string, t catalog.Type) (catalog.Value, bool) {
	out := catalog.Value{Type: t}
	switch t.Kind {
	case catalog.Bool:
		out.V = s == "t" || s == "true"
		return out, s == "t" || s == "true" || s == "f" || s == "false"
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		if !plainInteger.MatchString(s) {
			return out, false
		}
		n, err := strconv.ParseInt(s, 10, 64)
		out.V = n
		return out, err == nil && fitsInteger(n, t.Kind)
	case catalog.Decimal:
		out.V = s
		return out, plainDecimal.MatchString(s) && FitsDecimal(s, t)
	case catalog.Blob:
		b, ok := blob(s)
		out.V = b
		return out, ok
	case catalog.UUID:
		out.V = strings.ToLower(s)
		return out, plainUUID.MatchString(s)
	case catalog.Date:
		d, err := time.Parse(time.DateOnly, s)
		out.V = d.Unix() / 86400
		return out, err == nil && d.Unix()%86400 == 0
	case catalog.Timestamp:
		for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02 15:04:05.999999"} {
			// A comma before the fraction is good for time.Parse and not for DuckDB.
			if d, err := time.Parse(layout, s); err == nil && len(s) <= len("2006-01-02 15:04:05.000000") && !strings.Contains(s, ",") {
				out.V = d.UnixMicro()
				return out, true
			}
		}
	case catalog.TimestampTZ: // without an offset it hangs on the session's zone
		d, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "T", 1))
		out.V = d.UnixMicro()
		return out, err == nil && len(s) <= len("2006-01-02 15:04:05.000000+00:00") && d.Nanosecond()%1000 == 0 && !strings.Contains(s, ",")
	}
	return out, false
}

// blob reads bytes as a text has them for DuckDB: ASCII as it is, but a backslash, and
// every other byte as \x and its two digits.
func blob(s string) ([]byte, bool) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] >= utf8.RuneSelf:
			return nil, false
		case s[i] != '\\':
			out = append(out, s[i])
			continue
		case len(s) < i+4 || s[i+1] != 'x':
			return nil, false
		}
		b, err := hex.DecodeString(s[i+2 : i+4])
		if err != nil {
			return nil, false
		}
		out = append(out, b...)
		i += 3
	}
	return out, true
}
