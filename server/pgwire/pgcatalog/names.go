package pgcatalog

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
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
	relations = found(`(?:TABLE|VIEW) pgc\.((?:pg|ts)_\w+)`, relationsSQL+namesSQL+filledSQL)
	standard  = found(`(?:TABLE|VIEW) isc\.(\w+)`, relationsSQL+filledSQL)
	functions = found(`MACRO (?:pgc|isc)\.(\w+)`, namesSQL+registeredSQL)
)

// classes are the OIDs of the catalogue's own relations by their names.
var classes = func() map[string]string {
	out := map[string]string{}
	rows, _, _ := strings.Cut(namesSQL[strings.Index(namesSQL, "pgc.lianji_classes"):], "\n")
	for _, m := range regexp.MustCompile(`\((\d+)(?:::UINTEGER)?, '(\w+)'\)`).FindAllStringSubmatch(rows, -1) {
		out[m[2]] = m[1]
	}
	return out
}()

// common are functions of ours that stand in other statements too.
var common = map[string]bool{
	"quote_literal": true, "quote_ident": true, "quote_nullable": true, "array_upper": true, "array_lower": true, "array_length": true, "array_remove": true, "array_ndims": true, "array_position": true,
	"cardinality": true, "age": true, "initcap": true, "div": true, "lpad": true, "rpad": true, "to_hex": true, "clock_timestamp": true, "statement_timestamp": true,
}

func found(pattern, in string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(in, -1) {
		out[m[1]] = true
	}
	return out
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
