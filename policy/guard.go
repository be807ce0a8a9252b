package policy

import "github.com/lianji/lianji/policy/tokenize"

// Guard is what policy puts between a resource's table and whoever asks. Its texts
// are DuckDB's SQL over the table's own columns, written by administrators.
type Guard struct {
	// RowFilter keeps the rows for which it is true; empty keeps all.
	RowFilter string
	// Masks gives, by the column's name, the expression that stands in its place.
	Masks map[string]string
	// Tokens gives, by the column's name, the tokens into which the values of its mask,
	// which are text, are made. Nobody's SQL can ask for one.
	Tokens map[string]tokenize.Of
	// Lookups are the tables that the row filter looks values up in, by their names in
	// LookupSchema. They are the provider's, whole, and nobody's statement can name one.
	Lookups map[string]*Resource
}
