package catalog

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseValue reads a value as catalogues write it: whole and decimal numbers, dates
// and times in ISO form, text. Not ok is for what it does not know for sure; it is
// meant for statistics, where that costs nothing.
func ParseValue(t Type, text string) (Value, bool) {
	v := Value{Type: t}
	switch t.Kind {
	case Bool:
		switch text {
		case "t", "true":
			v.V = true
		case "f", "false":
			v.V = false
		}
	case Int8, Int16, Int32, Int64:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			v.V = n
		}
	case Uint8, Uint16, Uint32, Uint64:
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			v.V = n
		}
	case Float32, Float64:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			v.V = f
		}
	case Decimal, HugeInt:
		if _, ok := plainNumber(text); ok {
			v.V = text
		}
	case Text, UUID:
		v.V = text
	case Date:
		if at, err := time.Parse(time.DateOnly, text); err == nil {
			v.V = at.Unix() / secondsOfDay
		}
	case Timestamp, TimestampTZ:
		for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00"} {
			if at, err := time.Parse(form, text); err == nil {
				v.V = at.UnixMicro()
				break
			}
		}
	}
	return v, v.V != nil
}

const secondsOfDay = 24 * 60 * 60

// position gives a value's place on a line on which all values that compare with it
// lie: numbers for themselves, dates and times as microseconds.
func position(v Value) (float64, bool) {
	switch x := v.V.(type) {
	case int64:
		if v.Type.Kind == Date {
			return float64(x) * secondsOfDay * 1e6, true
		}
		return float64(x), timed(v.Type.Kind)
	case uint64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	case float32:
		return position(Value{v.Type, float64(x)})
	case string:
		if v.Type.Kind != Decimal && v.Type.Kind != HugeInt {
			return 0, false
		}
		f, err := strconv.ParseFloat(x, 64)
		return f, err == nil
	}
	return 0, false
}

// timed says whether an int64 of that kind counts what position counts.
func timed(k Kind) bool {
	switch k {
	case TimestampS, TimestampMS, TimestampNS, Time:
		return false
	}
	return true
}

// canonical gives one text for all values that are equal, of whatever type.
func canonical(v Value) (string, bool) {
	switch x := v.V.(type) {
	case bool:
		return strconv.FormatBool(x), true
	case int64:
		if v.Type.Kind == Date {
			return "@" + strconv.FormatInt(x*secondsOfDay*1e6, 10), true
		}
		if v.Type.Kind == Timestamp || v.Type.Kind == TimestampTZ {
			return "@" + strconv.FormatInt(x, 10), true
		}
		return strconv.FormatInt(x, 10), timed(v.Type.Kind)
	case uint64:
		return strconv.FormatUint(x, 10), true
	case string:
		switch v.Type.Kind {
		case Decimal, HugeInt:
			return plainNumber(x)
		case Text, UUID:
			return "'" + x, true
		}
	}
	return "", false
}

// plainNumber writes digits without what does not count: a plus, zeros in front and
// at the end.
func plainNumber(text string) (string, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	whole, frac, _ := strings.Cut(digits, ".")
	if whole+frac == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return "", false
	}
	whole, frac = strings.TrimLeft(whole, "0"), strings.TrimRight(frac, "0")
	switch {
	case whole+frac == "":
		return "0", true
	case whole == "":
		whole = "0"
	}
	if frac != "" {
		whole += "." + frac
	}
	if negative {
		whole = "-" + whole
	}
	return whole, true
}
