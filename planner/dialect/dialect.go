// Package dialect writes the SQL text of fragments and judges predicates, one
// file per engine. It knows no driver and opens no connection.
package dialect

import (
	"github.com/lianji/lianji/catalog"
)

// Verdict says what a source's answer to a predicate is worth.
type Verdict uint8

// The zero Verdict sends nothing.
const (
	None     Verdict = iota // the predicate stays here
	Superset                // the source may keep more rows; checked again here
	Exact                   // the source keeps exactly the rows DuckDB would keep
)

func (v Verdict) String() string { return [...]string{"none", "superset", "exact"}[v] }

// Op is a predicate's operator. The list is closed.
type Op uint8

// Operators of one column against constants.
const (
	Eq Op = iota + 1
	Ne
	Lt
	Le
	Gt
	Ge
	In      // one or more values, none of them NULL
	IsNull  // no value
	NotNull // no value
)

func (o Op) String() string {
	return [...]string{"", "=", "<>", "<", "<=", ">", ">=", "IN", "IS NULL", "IS NOT NULL"}[o]
}

// Predicate is `column op values`. The values have the column's type: who
// builds a predicate converts them first, or builds none.
type Predicate struct {
	Column catalog.Column
	Op     Op
	Values []catalog.Value
}

// Dialect is one engine's SQL.
type Dialect interface {
	// Name is the one in connectors.Capabilities.
	Name() string
	// Verdict judges p and gives the reason in words when it is not Exact.
	Verdict(p Predicate) (Verdict, string)
	// Scan writes the statement that reads columns of t where all of preds hold,
	// with the values in the order of their placeholders. Identifiers are always
	// quoted, values never written. columns is never empty.
	Scan(t *catalog.Table, columns []catalog.Column, preds []Predicate) (string, []catalog.Value)
}

// For gives the dialect of that name, or nil.
func For(name string) Dialect { return dialects[name] }

var dialects = map[string]Dialect{
	"duckdb":   duckDB{},
	"postgres": postgres{},
	"sqlite":   sqlite{},
}
