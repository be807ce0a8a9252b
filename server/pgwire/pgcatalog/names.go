package pgcatalog

import (
	_ "embed"
	"regexp"
	"strconv"
)

//go:embed relations.sql
var relationsSQL string

//go:embed types.sql
var typesSQL string

//go:embed names.sql
var namesSQL string

//go:embed registered.sql
var registeredSQL string

//go:embed filled.sql
var filledSQL string

// relations are the names of the catalogue's own, which a statement may use without their
// schema; functions those that stand in the files above.
var (
	relations = found(`(?:TABLE|VIEW) pgc\.(pg_\w+)`, relationsSQL+namesSQL+filledSQL)
	standard  = found(`(?:TABLE|VIEW) isc\.(\w+)`, relationsSQL+filledSQL)
	functions = found(`MACRO (?:pgc|isc)\.(\w+)`, namesSQL+registeredSQL)
)

// common are functions of ours that stand in other statements too.
var common = map[string]bool{
	"quote_literal": true, "quote_ident": true, "array_upper": true, "array_lower": true,
}

func found(pattern, in string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(in, -1) {
		out[m[1]] = true
	}
	return out
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
