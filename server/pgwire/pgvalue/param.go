package pgvalue

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/datetime"
)

// Param gives the text of a parameter's value, as the gateway reads it, out of what a
// client sent for a type. Oid is what the client declared, or what it was told; t the type
// that it has here; zone the one in which it writes instants without an offset. False is a
// value that it cannot be.
func Param(raw []byte, isBinary bool, oid uint32, t catalog.Type, zone *time.Location) (string, bool) {
	if isBinary {
		text, ok := binaryParam(raw, oid)
		if ok && t.Kind == catalog.Blob && oid != ByteaOID {
			return blobText(text)
		}
		return text, ok
	}
	s := string(raw)
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "", false
	}
	if oid == NumericOID {
		s = plainNumber(strings.TrimPrefix(strings.TrimSpace(s), "+"))
	}
	switch t.Kind {
	case catalog.Bool:
		return truth(s)
	case catalog.TimestampTZ:
		return instant(s, zone)
	case catalog.Date, catalog.Time, catalog.Timestamp:
		return wall(s), true
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Float32, catalog.Float64, catalog.HugeInt:
		return strings.TrimPrefix(strings.TrimSpace(s), "+"), true
	case catalog.Decimal:
		return plainNumber(strings.TrimPrefix(strings.TrimSpace(s), "+")), true
	case catalog.UUID:
		return hyphened(strings.TrimSpace(s)), true
	case catalog.Blob:
		return blobText(s)
	}
	return s, true
}

// blobText reads what PostgreSQL takes for bytes: \x and digits, two a byte, or characters
// among which \\ is a backslash and \ooo a byte in octal digits.
func blobText(s string) (string, bool) {
	if digits, ok := strings.CutPrefix(s, `\x`); ok {
		return hexText(digits)
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch rest := s[i:]; {
		case rest[0] != '\\':
			out = append(out, rest[0])
		case strings.HasPrefix(rest, `\\`):
			out = append(out, '\\')
			i++
		default:
			if len(rest) < len(`\ooo`) || strings.Trim(rest[1:4], "01234567") != "" || rest[1] > '3' {
				return "", false
			}
			out = append(out, (rest[1]-'0')<<6|(rest[2]-'0')<<3|(rest[3]-'0'))
			i += 3
		}
	}
	return catalog.BlobText(out), true
}

// hexText reads bytes of two digits, between which space may stand.
func hexText(digits string) (string, bool) {
	var out []byte
	for digits = strings.TrimLeft(digits, space); digits != ""; digits = strings.TrimLeft(digits[2:], space) {
		if len(digits) < 2 {
			return "", false
		}
		b, err := hex.DecodeString(digits[:2])
		if err != nil {
			return "", false
		}
		out = append(out, b...)
	}
	return catalog.BlobText(out), true
}

// truth reads what PostgreSQL takes for a truth value.
func truth(s string) (string, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "t", "tr", "tru", "true", "y", "ye", "yes", "on", "1":
		return "true", true
	case "f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0":
		return "false", true
	}
	return "", false
}

// wall gives a date, a time of day or a wall clock without the offset behind it, as
// PostgreSQL reads them: JDBC sends one with each, not knowing what it is compared with.
func wall(s string) string {
	s, bc := cutEra(s)
	clock, _ := splitOffset(s)
	return withEra(clock, bc)
}

// instant writes an instant in UTC: its offset can have seconds, as zones had before there
// were railways, or be left out, which means the client's zone.
func instant(s string, zone *time.Location) (string, bool) {
	s, bc := cutEra(s)
	micros, ok := datetime.ReadInstant(withEra(s, bc), zone)
	return datetime.Instant(micros), ok
}

// cutEra takes off the BC that PostgreSQL writes at the end.
func cutEra(s string) (before string, bc bool) {
	s = strings.TrimSpace(s)
	if n := len(s) - len(" BC"); n > 0 && strings.EqualFold(s[n:], " BC") {
		return strings.TrimSpace(s[:n]), true
	}
	return s, false
}

// withEra writes BC where the gateway reads it, behind the day.
func withEra(s string, bc bool) string {
	if !bc {
		return s
	}
	day := strings.IndexAny(s+" ", " T")
	return s[:day] + " (BC)" + s[day:]
}

// splitOffset parts a text of PostgreSQL's for a date or time from the offset behind it.
func splitOffset(s string) (clock, offset string) {
	sign := strings.LastIndexAny(s, "+-")
	if sign <= 0 || strings.Trim(s[sign+1:], "0123456789:") != "" {
		return s, ""
	}
	clock = strings.TrimRight(s[:sign], " ")
	if len(clock) < len("2006-01-02") && !strings.Contains(clock, ":") {
		return s, "" // the last part of a date
	}
	return clock, s[sign:]
}

func binaryParam(b []byte, oid uint32) (string, bool) {
	for element, array := range arrays {
		if array == oid {
			return arrayParam(b, element)
		}
	}
	if width, fixed := sizes[oid]; fixed && len(b) != int(width) {
		return "", false
	}
	switch oid {
	case BoolOID:
		return strconv.FormatBool(b[0] != 0), b[0] <= 1
	case Int2OID:
		return strconv.Itoa(int(int16(binary.BigEndian.Uint16(b)))), true
	case Int4OID:
		return strconv.Itoa(int(int32(binary.BigEndian.Uint32(b)))), true
	case OidOID:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10), true
	case Int8OID:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(b)), 10), true
	case Float4OID:
		return strconv.FormatFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 'g', -1, 32), true
	case Float8OID:
		return strconv.FormatFloat(math.Float64frombits(binary.BigEndian.Uint64(b)), 'g', -1, 64), true
	case NumericOID:
		return numericText(b)
	case DateOID:
		return dayText(b)
	case TimeOID:
		micros := int64(binary.BigEndian.Uint64(b))
		if micros < 0 || micros > dayMicros {
			return "", false
		}
		return string(appendClock(nil, micros)), true
	case TimestampOID:
		return stampText(b, datetime.Stamp)
	case TimestamptzOID:
		return stampText(b, datetime.Instant)
	case UUIDOID:
		h := hex.EncodeToString(b)
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
	case ByteaOID:
		return catalog.BlobText(b), true
	case JSONBOID:
		if len(b) == 0 || b[0] != 1 { // its version
			return "", false
		}
		b = b[1:]
	case 0, UnknownOID, TextOID, VarcharOID, BpcharOID, NameOID, JSONOID:
	default:
		return "", false
	}
	s := string(b)
	return s, utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// dayText writes a date, whose first and last values are the infinite ones.
func dayText(b []byte) (string, bool) {
	switch days := int64(int32(binary.BigEndian.Uint32(b))); days {
	case math.MinInt32:
		return datetime.Day(-datetime.InfiniteDay), true
	case math.MaxInt32:
		return datetime.Day(datetime.InfiniteDay), true
	default:
		days += epochDays
		return datetime.Day(days), days < datetime.InfiniteDay
	}
}

// stampText writes a wall clock or an instant likewise.
func stampText(b []byte, write func(int64) string) (string, bool) {
	switch micros := int64(binary.BigEndian.Uint64(b)); {
	case micros == math.MinInt64:
		return write(-datetime.InfiniteTime), true
	case micros == math.MaxInt64:
		return write(datetime.InfiniteTime), true
	default:
		return write(micros + epochMicros), micros < math.MaxInt64-epochMicros
	}
}
