// Package catalog holds what the gateway knows of the databases behind it:
// sources, tables, columns and their types. It imports no other layer.
package catalog

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Collation says how a source compares a text column. Only Binary (code-point
// order, no padding, no folding) gives the answer that the gateway gives.
type Collation struct {
	Name   string // the source's own name; empty where it has none
	Binary bool   // false, the zero value: a text predicate is exact only under a binary collation that the dialect writes out
}

// Column is one column of a source's table.
type Column struct {
	Name       string // the name in SQL here: unique in its table when case is ignored
	SourceName string // the spelling at the source, sent quoted
	Type       Type   // Invalid when the source's type cannot be read yet; the column is then named, never hidden
	SourceType string // the type's spelling at the source, for people
	NotNull    bool   // declared at the source; never relied on for values
	Collation  Collation
	// NumberAsText: a number at the source and Text here, as no type here holds all that it
	// can be. It is compared as text.
	NumberAsText bool
	Comment      string
}

// TableID names a table in a source's own spelling.
type TableID struct {
	Schema string
	Name   string
}

func (id TableID) String() string { return id.Schema + "." + id.Name }

// Table is a table or view of a source. It is immutable once described.
type Table struct {
	ID         TableID
	View       bool
	Columns    []Column
	PrimaryKey []string   // names of Columns, in key order; nil when there is none
	Unique     [][]string // further unique keys
	Rows       int64      `json:"-"` // estimate from the source's own catalogue; -1 when unknown
	Comment    string
	// Known leads to what was read of the table's contents since; nil before anything
	// reads it. With Rows it is no part of what the table is: only estimates look at it.
	Known *Known `json:"-"`
}

// Column finds a column by its name here, ignoring case as DuckDB does.
func (t *Table) Column(name string) (int, bool) {
	for i := range t.Columns {
		if SameName(t.Columns[i].Name, name) {
			return i, true
		}
	}
	return -1, false
}

// ArrowSchema gives the schema of a stream of these columns. Every field is
// nullable: a NOT NULL at the source is not checked by the gateway.
func ArrowSchema(columns []Column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: c.Type.Arrow(), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// Fold gives a name's form for comparison: DuckDB ignores the case of the 26
// letters of ASCII and of no other.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// SameName reports whether DuckDB takes two names for one.
func SameName(a, b string) bool { return Fold(a) == Fold(b) }

// PublishNames gives each name a spelling that is unique when case is ignored:
// of two that differ only in case, the second becomes name_2. DuckDB's names
// ignore case, so both could not stand in one schema.
func PublishNames(names []string) []string {
	taken := make(map[string]bool, len(names))
	for _, n := range names {
		taken[Fold(n)] = false
	}
	out := make([]string, len(names))
	for i, n := range names {
		if !taken[Fold(n)] {
			taken[Fold(n)] = true
			out[i] = n
			continue
		}
		for k := 2; ; k++ {
			candidate := fmt.Sprintf("%s_%d", n, k)
			if _, used := taken[Fold(candidate)]; !used {
				taken[Fold(candidate)] = true
				out[i] = candidate
				break
			}
		}
	}
	return out
}
