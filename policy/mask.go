package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// mask is a built-in mask: an expression over a column, and the type that it gives.
type mask struct {
	takes func(catalog.Type) bool
	gives func(catalog.Type) catalog.Type
	// text writes the expression over c, the column quoted. A NULL stays one, and a
	// value that has not the form that the mask expects shows nothing of itself.
	text func(c string, t catalog.Type) string
}

func isText(t catalog.Type) bool           { return t.Kind == catalog.Text }
func sameType(t catalog.Type) catalog.Type { return t }
func textType(catalog.Type) catalog.Type   { return catalog.Type{Kind: catalog.Text} }
func anyType(catalog.Type) bool            { return true }
func isDate(t catalog.Type) bool           { return t.Kind == catalog.Date }

// masks are the built-in ones. Lengths are in characters.
var masks = map[string]mask{
	// An ID number of 18 or 15 characters keeps its region and its last characters.
	"id_no": {isText, textType, func(c string, _ catalog.Type) string {
		return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN length(%[1]s) = 18 THEN substring(%[1]s, 1, 6) || '********' || substring(%[1]s, 15, 4) WHEN length(%[1]s) = 15 THEN substring(%[1]s, 1, 6) || '******' || substring(%[1]s, 13, 3) ELSE '****' END", c)
	}},
	// A name keeps its first character.
	"name": {isText, textType, func(c string, _ catalog.Type) string {
		return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN length(%[1]s) > 1 THEN substring(%[1]s, 1, 1) || '**' ELSE '**' END", c)
	}},
	// A phone number of 11 digits keeps its first three and its last four.
	"phone": {isText, textType, func(c string, _ catalog.Type) string {
		return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN length(%[1]s) = 11 THEN substring(%[1]s, 1, 3) || '****' || substring(%[1]s, 8, 4) ELSE '****' END", c)
	}},
	// An address keeps its first six characters.
	"address": {isText, textType, func(c string, _ catalog.Type) string {
		return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN length(%[1]s) > 6 THEN substring(%[1]s, 1, 6) || '****' ELSE '****' END", c)
	}},
	// Of a date the year is left.
	"year": {isDate, func(catalog.Type) catalog.Type { return catalog.Type{Kind: catalog.Int64} }, func(c string, _ catalog.Type) string {
		return "year(" + c + ")"
	}},
	// Nothing is left.
	"null": {anyType, sameType, func(_ string, t catalog.Type) string { return "CAST(NULL AS " + t.DuckDB() + ")" }},
}

// Masks lists the names of the built-in masks.
func Masks() []string { return slices.Sorted(maps.Keys(masks)) }

// masksOver lists the names of those that fit a type.
func masksOver(t catalog.Type) []string {
	return slices.DeleteFunc(Masks(), func(name string) bool { return !masks[name].takes(t) })
}

// maskOver gives a built-in mask's expression over a column, and its type.
func maskOver(name string, c catalog.Column) (string, catalog.Type, error) {
	m, ok := masks[strings.ToLower(name)]
	if !ok || !m.takes(c.Type) {
		return "", catalog.Type{}, errs.New(errs.TypeMismatch, "policy_mask", msg.Args{
			"Mask": name, "Item": c.Name, "Type": c.Type.DuckDB(), "Known": strings.Join(masksOver(c.Type), ", "),
		})
	}
	return m.text(catalog.QuoteIdent(c.Name), c.Type), m.gives(c.Type), nil
}
