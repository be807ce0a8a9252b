package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the most characters of a name.
const maxName = 128

// reserved are names that DuckDB gives a meaning of its own in front of a dot.
var reserved = []string{"main", "temp", "memory", "system", "information_schema", "pg_catalog"}

// IsReserved reports whether no source and no agency can have the name.
func IsReserved(name string) bool {
	return slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, name) })
}

// IsIdentifier accepts letters of any script, digits and _, not a digit first:
// what needs no quotes in SQL, and what can be the name of a folder.
func IsIdentifier(name string) bool {
	for i, r := range name {
		switch {
		case r == utf8.RuneError:
			return false
		case unicode.IsLetter(r), r == '_':
		case i > 0 && (unicode.IsDigit(r) || unicode.IsMark(r)):
		default:
			return false
		}
	}
	return name != "" && utf8.RuneCountInString(name) <= maxName
}

// IsPrintable accepts any name that can be shown and quoted.
func IsPrintable(name string) bool {
	for _, r := range name {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return name != "" && strings.TrimSpace(name) == name && utf8.RuneCountInString(name) <= maxName
}

// IsPurposeCode accepts [A-Z0-9-]{1,32}.
func IsPurposeCode(code string) bool {
	return code != "" && len(code) <= 32 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
