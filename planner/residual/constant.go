package residual

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/datetime"
)

// typed writes a constant that needs no quoting.
func typed(text, typeName string) string { return "CAST('" + text + "' AS " + typeName + ")" }

// typeName spells a type for CAST.
func (w *writer) typeName(t catalog.Type) string {
	if !writable(t) {
		w.unsupported("the type " + t.String())
	}
	return t.DuckDB()
}

// writable reports whether a type has a spelling: fields of a struct need names.
func writable(t catalog.Type) bool {
	if !t.Readable() {
		return false
	}
	if t.Elem != nil && !writable(*t.Elem) {
		return false
	}
	for _, f := range t.Fields {
		if f.Name == "" && t.Kind == catalog.Struct || !writable(f.Type) {
			return false
		}
	}
	return true
}

func (w *writer) null(t catalog.Type) string { return "CAST(NULL AS " + w.typeName(t) + ")" }

// constant writes a value with its type.
func (w *writer) constant(v catalog.Value) string {
	if v.IsNull() {
		return w.null(v.Type)
	}
	if s, ok := v.V.(string); ok && v.Type.Kind == catalog.Text {
		return w.text(s)
	}
	text, ok := literal(v)
	if !ok {
		w.unsupported("a constant of type " + v.Type.String())
	}
	return "CAST('" + strings.ReplaceAll(text, "'", "''") + "' AS " + w.typeName(v.Type) + ")"
}

// text writes a VARCHAR. One with a NUL comes from its bytes: a NUL would end the
// statement.
func (w *writer) text(s string) string {
	if !utf8.ValidString(s) {
		w.unsupported("text that is not UTF-8")
	}
	if strings.ContainsRune(s, 0) {
		return `"decode"(CAST('` + bytesText([]byte(s)) + "' AS BLOB))"
	}
	return "CAST('" + strings.ReplaceAll(s, "'", "''") + "' AS VARCHAR)"
}

func bytesText(b []byte) string {
	var t strings.Builder
	for _, c := range b {
		t.WriteString(`\x` + strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return t.String()
}

// literal spells a value that is not NULL as DuckDB's cast from text reads it.
func literal(v catalog.Value) (string, bool) {
	switch x := v.V.(type) {
	case bool:
		return strconv.FormatBool(x), v.Type.Kind == catalog.Bool
	case int64:
		return whole(v.Type.Kind, x)
	case uint64:
		switch v.Type.Kind {
		case catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
			return strconv.FormatUint(x, 10), true
		}
	case float64:
		switch v.Type.Kind {
		case catalog.Float32:
			return float(x, 32), true
		case catalog.Float64:
			return float(x, 64), true
		}
	case []byte:
		return bytesText(x), v.Type.Kind == catalog.Blob
	case string:
		switch v.Type.Kind {
		case catalog.Decimal, catalog.HugeInt, catalog.UUID, catalog.Interval:
			return x, !strings.ContainsRune(x, 0)
		case catalog.JSON:
			return x, utf8.ValidString(x) && !strings.ContainsRune(x, 0)
		}
	}
	return "", false
}

func whole(k catalog.Kind, x int64) (string, bool) {
	switch k {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		return strconv.FormatInt(x, 10), true
	case catalog.Date:
		return datetime.Day(x), x > math.MinInt32 && x <= math.MaxInt32
	case catalog.Time:
		return datetime.Clock(x), x >= 0 && x <= microsPerDay
	case catalog.Timestamp:
		return datetime.Stamp(x), true
	case catalog.TimestampTZ:
		return datetime.Instant(x), true
	}
	return "", false
}

const microsPerDay = 86_400_000_000

func float(x float64, bits int) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "infinity"
	case math.IsInf(x, -1):
		return "-infinity"
	}
	return strconv.FormatFloat(x, 'e', -1, bits)
}
