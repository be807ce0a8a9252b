package dialect

import "github.com/lianji/lianji/catalog"

// standard is what PostgreSQL, SQLite and DuckDB write alike.
type standard struct{}

func (standard) quote(name string) string { return catalog.QuoteIdent(name) }

func (standard) given(_ operand, read string) string { return read }

func (standard) present(_ operand, read string) string { return read }

func (standard) filtered(name string, distinct bool, arg, condition string) string {
	return called(name, distinct, arg) + " FILTER (WHERE " + condition + ")"
}

func (standard) order(key string, desc, nullsFirst bool) string {
	if desc {
		key += " DESC"
	} else {
		key += " ASC"
	}
	if nullsFirst {
		return key + " NULLS FIRST"
	}
	return key + " NULLS LAST"
}

// called writes the call of an aggregate.
func called(name string, distinct bool, arg string) string {
	if distinct {
		arg = "DISTINCT " + arg
	}
	return name + "(" + arg + ")"
}

// extremeName is the standard's.
func extremeName(greatest bool) string {
	if greatest {
		return maximum
	}
	return minimum
}
