package files

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
)

//go:generate go test -tags=duckdb_arrow -count=1 -run=^TestTypesDoc$ . -update-types

// DuckDB's own readers of CSV and JSON change values that do not quite fit: 12.5
// in a BIGINT column becomes 13, 007 becomes 7. So text is read as text, and each
// cell is converted only if it is one of the spellings below, which lose nothing.

const (
	date   = `[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}`
	minute = `([01]?[0-9]|2[0-3]):[0-5][0-9]`
	second = `(:[0-5][0-9](\.[0-9]{1,6}0*)?)?`
	offset = `(Z|[+-][0-9]{2}(:[0-9]{2})?)`
	digits = `((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)`
	hex4   = `[0-9a-fA-F]{4}`
)

// spellings are regular expressions of what a text of a type looks like. A text
// that matches must still convert.
var spellings = map[catalog.Kind]string{
	catalog.Float32:     `-?` + digits + `([eE][+-]?[0-9]+)?`,
	catalog.Float64:     `-?` + digits + `([eE][+-]?[0-9]+)?`,
	catalog.Date:        date,
	catalog.Time:        minute + second,
	catalog.Timestamp:   date + `([ T]` + minute + second + `)?`,
	catalog.TimestampTZ: date + `[ T]` + minute + second + offset,
	catalog.UUID:        hex4 + hex4 + strings.Repeat(`-`+hex4, 4) + hex4 + hex4,
}

// roundTrip are the types whose spelling is the one that DuckDB writes.
var roundTrip = map[catalog.Kind]bool{
	catalog.Int8: true, catalog.Int16: true, catalog.Int32: true, catalog.Int64: true,
	catalog.Uint8: true, catalog.Uint16: true, catalog.Uint32: true, catalog.Uint64: true,
}

// fits writes the condition under which the text v is a value of t without a
// change. It may be NULL for a text that is none; v is neither NULL nor empty.
func fits(v string, t catalog.Type) string {
	try := "TRY_CAST(" + v + " AS " + t.DuckDB() + ")"
	like := func(expression string) string { return "regexp_full_match(" + v + ", " + literal(expression) + ")" }
	switch {
	case t.Kind == catalog.Text:
		return "true"
	case t.Kind == catalog.Bool:
		return "lower(" + v + ") IN ('true', 'false')"
	case t.Kind == catalog.JSON:
		return "json_valid(" + v + ")"
	case roundTrip[t.Kind]:
		return "CAST(" + try + " AS VARCHAR) = " + v
	case t.Kind == catalog.Decimal:
		return fmt.Sprintf(`%s AND %s IS NOT NULL`, like(fmt.Sprintf(`-?(0|[1-9][0-9]*)?(\.[0-9]{0,%d}0*)?`, t.Scale)), try)
	case t.Kind == catalog.Float64 || t.Kind == catalog.Float32:
		return "(" + like(spellings[t.Kind]) + " AND isfinite(" + try + ") AND " + keepsDigits(v, try, t.Kind) + " OR " + like(`(?i)[+-]?(nan|inf|infinity)`) + ")"
	}
	return like(spellings[t.Kind]) + " AND " + try + " IS NOT NULL"
}

// keepsDigits writes the condition under which a number has no more digits than
// its floating point form keeps: up to 6 or 15 always, beyond that those of the
// shortest spelling of that form.
func keepsDigits(v, number string, k catalog.Kind) string {
	always := 15
	if k == catalog.Float32 {
		always = 6
	}
	bare := func(text string) string {
		return "trim(regexp_replace(" + text + ", '[eE].*|[^0-9]', '', 'g'), '0')"
	}
	return fmt.Sprintf("(length(%s) <= %d OR %s = %s)", v, always, bare(v), bare("CAST("+number+" AS VARCHAR)"))
}

// declarable matches the types that a person may write under columns.
var declarable = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_ ]*(\( *[0-9]+ *(, *[0-9]+ *)?\))?$`)

// declaredType reads a type that a person wrote; an Invalid one is none that text
// can be read as.
func declaredType(ctx context.Context, c *duck.Conn, text string) (catalog.Type, error) {
	if !declarable.MatchString(text) {
		return catalog.Type{}, nil
	}
	stmt, err := c.Prepare(ctx, "SELECT CAST(NULL AS "+text+") AS v")
	if err != nil {
		return catalog.Type{}, ctx.Err()
	}
	defer stmt.Close()
	t := stmt.Columns()[0].Type
	switch _, spelled := spellings[t.Kind]; {
	case spelled, roundTrip[t.Kind]:
	case t.Kind == catalog.Text, t.Kind == catalog.Bool, t.Kind == catalog.JSON, t.Kind == catalog.Decimal:
	default:
		return catalog.Type{}, nil
	}
	return t, nil
}

// literal writes a text of ours, a name or a path as SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
