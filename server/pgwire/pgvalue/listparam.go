package pgvalue

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
)

// Why a parameter is no list.
var (
	ErrNested = errors.New("an array of arrays")
	ErrNoList = errors.New("not an array of the type")
)

// ListParam gives the texts of a list's elements, as the gateway reads them, out of what a
// client sent for a list; nil stands for NULL. What oid, t and zone are, Param says.
func ListParam(raw []byte, isBinary bool, oid uint32, t catalog.Type, zone *time.Location) ([]*string, error) {
	if isNested(raw, isBinary) {
		return nil, ErrNested
	}
	text := string(raw)
	if isBinary {
		var ok bool
		if text, ok = binaryParam(raw, oid); !ok || !IsArray(oid) {
			return nil, ErrNoList
		}
	}
	items, ok := Items(text)
	if !ok {
		return nil, ErrNoList
	}
	written := isBinary && (t.Elem.Kind != catalog.Blob || oid == ArrayOf(ByteaOID))
	for i, item := range items {
		if item == nil || written {
			continue
		}
		one, ok := Param([]byte(*item), false, 0, *t.Elem, zone)
		if !ok {
			return nil, ErrNoList
		}
		items[i] = &one
	}
	return items, nil
}

// isNested tells whether an array has more than one dimension.
func isNested(raw []byte, isBinary bool) bool {
	if isBinary {
		return len(raw) >= 4 && int32(binary.BigEndian.Uint32(raw)) > 1
	}
	text := string(raw)
	if _, values, bounds := strings.Cut(text, "="); bounds && strings.HasPrefix(text, "[") {
		text = values
	}
	inner, ok := strings.CutPrefix(strings.TrimSpace(text), "{")
	return ok && strings.HasPrefix(strings.TrimLeft(inner, space), "{")
}

// IsArray tells whether a type of PostgreSQL's is an array.
func IsArray(oid uint32) bool {
	for _, array := range arrays {
		if array == oid {
			return true
		}
	}
	return false
}

// ArrayOf gives the array of a type of PostgreSQL's; 0 where there is none.
func ArrayOf(oid uint32) uint32 { return arrays[oid] }

// plainNumber writes a number without its exponent; any other text as it is.
func plainNumber(s string) string {
	const most = 400 // digits, more than any type here has
	mantissa, exponent, ok := strings.Cut(strings.ToLower(s), "e")
	n, err := strconv.Atoi(exponent)
	whole, places, _ := strings.Cut(strings.TrimLeft(mantissa, "+-"), ".")
	if !ok || err != nil || n > most || n < -most || whole+places == "" || strings.Trim(whole+places, "0123456789") != "" {
		return s
	}
	digits, point := whole+places, len(whole)+n
	switch {
	case point <= 0:
		digits = "0." + strings.Repeat("0", -point) + digits
	case point < len(digits):
		digits = digits[:point] + "." + digits[point:]
	default:
		digits += strings.Repeat("0", point-len(digits))
	}
	if mantissa[0] == '-' {
		return "-" + digits
	}
	return digits
}

// hyphened writes a UUID in its usual form: PostgreSQL takes one without hyphens, and in
// braces. Any other text stays as it is.
func hyphened(s string) string {
	hex := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"), "-", "")
	if len(hex) != 32 {
		return s
	}
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}
