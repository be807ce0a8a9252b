package oracle

import (
	"strings"

	"github.com/lianji/lianji/catalog"
)

// Table is a table of test data in neutral types. Columns[0] is its key: unique
// and never NULL.
type Table struct {
	Path    []string // how statements name it: agency and resource, or source, schema and table
	Columns []catalog.Column
	Rows    [][]any // values as in catalog.Value.V
}

// Name is the last part of the path: the table's name at its source.
func (t Table) Name() string { return t.Path[len(t.Path)-1] }

// SQLPath is the quoted path.
func (t Table) SQLPath() string {
	parts := make([]string, len(t.Path))
	for i, p := range t.Path {
		parts[i] = catalog.QuoteIdent(p)
	}
	return strings.Join(parts, ".")
}

// Flavour is an engine for which data can be written as SQL.
type Flavour uint8

// The flavours.
const (
	DuckDB Flavour = iota + 1
	PostgreSQL
	SQLite
)

// TypeName spells t for a column of a table of that engine; empty when it has no
// such type. The spellings for SQLite are those that its connector reads exactly.
func (f Flavour) TypeName(t catalog.Type) string {
	switch f {
	case DuckDB:
		return t.DuckDB()
	case PostgreSQL:
		if t.Kind == catalog.Decimal {
			return strings.Replace(t.DuckDB(), "DECIMAL", "numeric", 1)
		}
		return postgresNames[t.Kind]
	case SQLite:
		switch t.Kind {
		case catalog.Decimal:
			if t.Precision > 15 { // SQLite keeps what is not an integer as a double
				return ""
			}
			return t.DuckDB()
		case catalog.Int64:
			return "INTEGER"
		case catalog.Text:
			return "TEXT"
		case catalog.Bool, catalog.Date, catalog.Time, catalog.Timestamp, catalog.Float64, catalog.Blob:
			return t.DuckDB()
		}
	}
	return ""
}

var postgresNames = map[catalog.Kind]string{
	catalog.Bool: "boolean", catalog.Int16: "smallint", catalog.Int32: "integer", catalog.Int64: "bigint",
	catalog.Float32: "real", catalog.Float64: "double precision", catalog.Text: "text", catalog.Blob: "bytea",
	catalog.Date: "date", catalog.Time: "time", catalog.Timestamp: "timestamp", catalog.TimestampTZ: "timestamptz", catalog.UUID: "uuid",
}

// rowsPerInsert keeps statements short enough for every engine.
const rowsPerInsert = 100

// Statements gives what makes and fills the table under the given name, which is
// already quoted and may have a schema.
func (f Flavour) Statements(name string, t Table) []string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = catalog.QuoteIdent(c.Name) + " " + f.TypeName(c.Type)
		if i == 0 {
			columns[i] += " PRIMARY KEY"
		}
	}
	out := []string{"CREATE TABLE " + name + " (" + strings.Join(columns, ", ") + ")"}
	for from := 0; from < len(t.Rows); from += rowsPerInsert {
		rows := make([]string, 0, rowsPerInsert)
		for n, r := range t.Rows[from:min(from+rowsPerInsert, len(t.Rows))] {
			cells := make([]string, len(r))
			for i, v := range r {
				if at, ok := v.(int64); ok && f == SQLite && t.Columns[i].Type.Kind == catalog.Timestamp {
					cells[i] = sqliteTimestamp(at, n)
				} else {
					cells[i] = f.Literal(t.Columns[i].Type, v)
				}
			}
			rows = append(rows, "("+strings.Join(cells, ", ")+")")
		}
		out = append(out, "INSERT INTO "+name+" VALUES "+strings.Join(rows, ", "))
	}
	return out
}
