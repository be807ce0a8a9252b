package dialect

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
)

// duckDB is the dialect of DuckDB's own files, and of plain files, which DuckDB
// reads. The source and the judge of every answer are the same engine here.
type duckDB struct{ standard }

func (duckDB) Name() string { return "duckdb" }

// Verdict calls exact what the column's stored type decides: a column that is
// stored as something else than it is read as compares by other rules there.
func (d duckDB) Verdict(p Predicate) (Verdict, string) {
	if !p.Column.Type.Readable() {
		return None, "the column cannot be read"
	}
	if p.Op < Eq || p.Op > NotNull {
		return None, "not an operator that is known here"
	}
	if v, reason := d.table().part(p.Op.String(), p.Column.Type); v != Exact {
		if reason == notCompared(p.Column.Type) {
			reason = "no constants of the type " + p.Column.Type.DuckDB() + " are sent"
		}
		return None, reason
	}
	switch p.Op {
	case IsNull, NotNull:
		if duckDBCast(p.Column) {
			return None, "the column is read as text, and a value that is stored may be none in text"
		}
		return Exact, ""
	case Eq, Ne, Lt, Le, Gt, Ge:
		if len(p.Values) != 1 {
			return None, "a comparison has one value"
		}
	case In:
		if len(p.Values) == 0 {
			return None, "a list without values"
		}
	}
	if reason := duckDBStored(p.Column); reason != "" {
		return None, reason
	}
	for _, v := range p.Values {
		if !v.Type.Equal(p.Column.Type) || !duckDBHolds(v) {
			return None, "a value that is not of the column's type"
		}
	}
	return Exact, ""
}

// duckDBStored says why a column's stored values compare otherwise than those that
// are read; empty when they do not.
func duckDBStored(c catalog.Column) string {
	switch {
	case c.SourceType != c.Type.DuckDB():
		return "stored as " + c.SourceType + ", which compares differently than " + c.Type.DuckDB()
	case c.Type.Kind == catalog.Text && !c.Collation.Binary:
		return "the column's text is not known to compare by code point"
	}
	return ""
}

// duckDBHolds reports whether the value has the Go type that belongs to its type.
func duckDBHolds(v catalog.Value) bool {
	switch x := v.V.(type) {
	case nil:
		return true
	case bool:
		return v.Type.Kind == catalog.Bool
	case float64:
		return v.Type.Kind == catalog.Float32 || v.Type.Kind == catalog.Float64
	case []byte:
		return v.Type.Kind == catalog.Blob
	case string:
		return utf8.ValidString(x) && (v.Type.Kind == catalog.Text || v.Type.Kind == catalog.UUID || v.Type.Kind == catalog.Decimal)
	case uint64:
		return v.Type.Kind >= catalog.Uint8 && v.Type.Kind <= catalog.Uint64
	case int64:
		switch v.Type.Kind {
		case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
			return true
		}
	}
	return false
}

func (d duckDB) Scan(t *catalog.Table, columns []catalog.Column, preds []Predicate) (string, []catalog.Value) {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		name := catalog.QuoteIdent(c.SourceName)
		if read := d.asRead(name, c); read != name {
			name = read + " AS " + name
		}
		b.WriteString(name)
	}
	b.WriteString(" FROM " + catalog.QuoteIdent(t.ID.Schema) + "." + catalog.QuoteIdent(t.ID.Name))
	var values []catalog.Value
	for i, p := range preds {
		if i == 0 {
			b.WriteString(" WHERE ")
		} else {
			b.WriteString(" AND ")
		}
		b.WriteString(d.predicate(operand{text: catalog.QuoteIdent(p.Column.SourceName)}, p, len(values)))
		values = append(values, p.Values...)
	}
	return b.String(), values
}

// predicate writes p with placeholders that follow the first bound ones.
func (duckDB) predicate(o operand, p Predicate, bound int) string {
	text := o.text + " " + p.Op.String()
	if p.Op == IsNull || p.Op == NotNull {
		return text
	}
	places := make([]string, len(p.Values))
	for k := range places {
		places[k] = "CAST($" + strconv.Itoa(bound+k+1) + " AS " + p.Column.Type.DuckDB() + ")"
	}
	list := strings.Join(places, ", ")
	if p.Op == In {
		list = "(" + list + ")"
	}
	return text + " " + list
}

// asRead writes the expression whose value a scan returns for c, which stands there
// as name.
func (duckDB) asRead(name string, c catalog.Column) string {
	if duckDBCast(c) {
		return "CAST(" + name + " AS " + c.Type.DuckDB() + ")"
	}
	return name
}

// duckDBForeign are the stored types that the gateway has no type for: they are
// read as text, alone or inside of others.
var duckDBForeign = []string{"UNION", "VARIANT", "GEOMETRY", "BIGNUM", "TIME_NS"}

// duckDBQuoted are the values of an ENUM and the odd names in a STRUCT.
var duckDBQuoted = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"`)

// duckDBCast reports whether the column must be cast to be read. A field of a
// STRUCT may have the name of such a type: then the cast changes nothing.
func duckDBCast(c catalog.Column) bool {
	if !c.Type.Readable() {
		return false
	}
	words := strings.FieldsFunc(duckDBQuoted.ReplaceAllString(c.SourceType, " "), func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return c.SourceType == `"NULL"` || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(duckDBForeign, w) })
}
