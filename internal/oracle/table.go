package oracle

import (
	"strings"

	"github.com/lianji/lianji/catalog"
)

// Table is a table of test data in neutral types. Columns[0] is its key: unique
// and never NULL; it and Columns[1] are numbers that do not overflow.
type Table struct {
	Path    []string // how statements name it: agency and resource, or source, schema and table
	Columns []catalog.Column
	Rows    [][]any // values as in catalog.Value.V
	Keyless bool    // nothing is known of the first two columns
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
	MySQL // MariaDB with an SQL mode in which '' is the only escape
)

// Ident quotes a name.
func (f Flavour) Ident(name string) string {
	if f == MySQL {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return catalog.QuoteIdent(name)
}

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
	case MySQL:
		if t.Kind == catalog.Decimal {
			return strings.ToLower(t.DuckDB())
		}
		return mysqlNames[t.Kind]
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

// mysqlNames has no time of day: MySQL's is read as an interval. Text has room for as
// many letters as the source may sort by.
var mysqlNames = map[catalog.Kind]string{
	catalog.Bool: "bit(1)", catalog.Int8: "tinyint", catalog.Int16: "smallint", catalog.Int32: "int", catalog.Int64: "bigint",
	catalog.Uint32: "int unsigned", catalog.Uint64: "bigint unsigned", catalog.Float32: "float", catalog.Float64: "double",
	catalog.Text: "varchar(255)", catalog.Blob: "varbinary(200)", catalog.Date: "date", catalog.Timestamp: "datetime(6)",
	catalog.TimestampTZ: "timestamp(6) NULL", catalog.UUID: "uuid",
}

// column writes what stands for a column in CREATE TABLE. MySQL's columns of text each
// have another way to compare, and those that can have an index.
func (f Flavour) column(i int, c catalog.Column) string {
	text := f.Ident(c.Name) + " " + f.TypeName(c.Type)
	if i == 0 {
		return text + " PRIMARY KEY"
	}
	if f != MySQL {
		return text
	}
	if c.Type.Kind == catalog.Text {
		text += " COLLATE " + []string{"utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin", "utf8mb4_nopad_bin"}[i%4]
	}
	if i%3 != 0 {
		text += ", KEY (" + f.Ident(c.Name) + ")"
	}
	return text
}

// mysqlNoDate gives the n-th row a date that is none in the place of NULL, as which it
// is read; false where the row has NULL.
func mysqlNoDate(t catalog.Type, n int) (string, bool) {
	switch t.Kind {
	case catalog.Date, catalog.Timestamp:
		return []string{"'0000-00-00'", "'2024-00-10'", "'2024-02-00'", ""}[n%4], n%4 < 3
	case catalog.TimestampTZ:
		return "'0000-00-00'", n%2 == 0
	}
	return "", false
}

// rowsPerInsert keeps statements short enough for every engine.
const rowsPerInsert = 100

// Statements gives what makes and fills the table under the given name, which is
// already quoted and may have a schema.
func (f Flavour) Statements(name string, t Table) []string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = f.column(i, c)
	}
	out := []string{"CREATE TABLE " + name + " (" + strings.Join(columns, ", ") + ")"}
	for from := 0; from < len(t.Rows); from += rowsPerInsert {
		rows := make([]string, 0, rowsPerInsert)
		for n, r := range t.Rows[from:min(from+rowsPerInsert, len(t.Rows))] {
			cells := make([]string, len(r))
			for i, v := range r {
				cells[i] = f.Literal(t.Columns[i].Type, v)
				if at, ok := v.(int64); ok && f == SQLite && t.Columns[i].Type.Kind == catalog.Timestamp {
					cells[i] = sqliteTimestamp(at, n)
				}
				if none, ok := mysqlNoDate(t.Columns[i].Type, n+i); ok && v == nil && f == MySQL {
					cells[i] = none
				}
			}
			rows = append(rows, "("+strings.Join(cells, ", ")+")")
		}
		out = append(out, "INSERT INTO "+name+" VALUES "+strings.Join(rows, ", "))
	}
	return out
}
