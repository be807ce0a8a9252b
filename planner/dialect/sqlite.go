package dialect

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
)

// sqlite writes SQLite's SQL.
//
// A column of SQLite may hold values of other classes than its declared type
// says: text in an INTEGER column, a blob in a TEXT column. Read, such a cell is
// an error that names it. A predicate must not turn that error into an answer,
// or an answer into another one: SQLite would find 'abc' > 5. So a predicate that
// looks at such a cell ends the statement, by the connector's function
// lianji_unreadable, except where the cell cannot exist (STRICT tables, the
// rowid) and where nothing but its being NULL is asked. A row that another
// predicate or an index has put aside already is not looked at.
//
//   - Whole numbers, booleans and blobs compare as here.
//   - Text compares by bytes (COLLATE BINARY, written out because a column may have
//     another collation): code-point order in a UTF-8 database. In a UTF-16 one only
//     equality is the same. A column's NUMERIC affinity would turn the text it is
//     compared with into a number; a unary plus takes it off.
//   - Dates are text of one spelling, YYYY-MM-DD, which date() proves; text order is
//     their order. Moments and times of day have several spellings: not sent.
//   - Decimals are stored as binary floating point: not sent. Neither are doubles,
//     which have no NaN in SQLite.
type sqlite struct{ standard }

func (sqlite) Name() string { return "sqlite" }

const (
	// sqliteUnreadable is the connector's function (cell, column, declared type) that
	// ends the statement.
	sqliteUnreadable = "lianji_unreadable"
	// sqliteRowid is the SourceType that the connector gives a column that is the rowid.
	sqliteRowid = "INTEGER PRIMARY KEY"
	// sqliteStrict ends the one that it gives a column of a STRICT table.
	sqliteStrict = " (STRICT)"
	// sqliteUTF16 ends the names of collations in a database that is not UTF-8.
	sqliteUTF16 = " UTF-16"
	// maxSQLiteIn bounds one list: a statement has at most 32,766 placeholders.
	maxSQLiteIn = 1000
	// Days of 0000-01-01 and 9999-12-31: dates that have the one spelling.
	minSQLiteDate, maxSQLiteDate = -719528, 2932896
)

func (d sqlite) Verdict(p Predicate) (Verdict, string) {
	if !p.Column.Type.Readable() {
		return None, "the column's type cannot be read"
	}
	if p.Op < Eq || p.Op > NotNull {
		return None, "unknown operator"
	}
	if v, reason := d.table().part(p.Op.String(), p.Column.Type); v != Exact || p.Op > In {
		return v, reason
	}
	switch {
	case len(p.Values) == 0 || (p.Op != In && len(p.Values) != 1):
		return None, "wrong number of values"
	case len(p.Values) > maxSQLiteIn:
		return None, fmt.Sprintf("more than %d values", maxSQLiteIn)
	}
	if p.Column.Type.Kind == catalog.Text {
		if reason := sqliteNotUTF8(p); reason != "" {
			return None, reason
		}
	}
	for _, v := range p.Values {
		if !v.Type.Equal(p.Column.Type) || !sqliteHolds(v) {
			return None, "the value is not one that the column can hold"
		}
	}
	return Exact, ""
}

// sqliteNotUTF8 says why text must not go to a database that is not known to be
// UTF-8; empty when it may.
func sqliteNotUTF8(p Predicate) string {
	name := p.Column.Collation.Name
	if name != "" && !strings.HasSuffix(name, sqliteUTF16) {
		return ""
	}
	if p.Op >= Lt && p.Op <= Ge {
		return "text in this database is not known to have the order of UTF-8"
	}
	for _, v := range p.Values {
		if s, ok := v.V.(string); ok && strings.ContainsAny(s, "\ufffe\uffff") {
			return "SQLite's conversion to UTF-16 would change the value"
		}
	}
	return ""
}

func sqliteHolds(v catalog.Value) bool {
	switch x := v.V.(type) {
	case int64:
		return v.Type.Kind == catalog.Int64 || (v.Type.Kind == catalog.Date && x >= minSQLiteDate && x <= maxSQLiteDate)
	case bool:
		return v.Type.Kind == catalog.Bool
	case string:
		return v.Type.Kind == catalog.Text && utf8.ValidString(x)
	case []byte:
		return v.Type.Kind == catalog.Blob
	}
	return false
}

func (d sqlite) Scan(t *catalog.Table, columns []catalog.Column, preds []Predicate) (string, []catalog.Value) {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(sqliteColumn("t", c))
	}
	b.WriteString(" FROM " + sqliteTable(t) + " AS t")
	var values []catalog.Value
	for i, p := range preds {
		if i == 0 {
			b.WriteString(" WHERE ")
		} else {
			b.WriteString(" AND ")
		}
		o := operand{text: sqliteColumn("t", p.Column), typ: p.Column.Type, place: Place{Base: &p.Column, Table: t}, alone: true}
		b.WriteString(d.predicate(o, p, len(values)))
		values = append(values, p.Values...)
	}
	return b.String(), values
}

func sqliteTable(t *catalog.Table) string {
	return catalog.QuoteIdent(t.ID.Schema) + "." + catalog.QuoteIdent(t.ID.Name)
}

// sqliteColumn names a column with its table's alias: alone, a name in double
// quotes that no column has would be a text for SQLite.
func sqliteColumn(alias string, c catalog.Column) string {
	return alias + "." + catalog.QuoteIdent(c.SourceName)
}

// predicate writes p with placeholders that follow the first bound ones.
func (d sqlite) predicate(o operand, p Predicate, bound int) string {
	if p.Op == IsNull || p.Op == NotNull {
		return o.text + " " + p.Op.String()
	}
	if sqliteSure(p.Column) {
		column := o.text
		if p.Column.Type.Kind == catalog.Text || p.Column.Type.Kind == catalog.Date {
			column += " COLLATE BINARY"
		}
		return d.against(column, p, bound)
	}
	if o.alone && d.searched(o.place.Table, p) {
		// Plain, so that the key's index serves. The index also has the greatest value
		// at its end, where blobs stand; text affinity leaves no other class.
		greatest := "SELECT max(" + sqliteColumn("g", p.Column) + " COLLATE BINARY) AS v FROM " + sqliteTable(o.place.Table) + " AS g"
		return "(" + d.against(o.text+" COLLATE BINARY", p, bound) +
			" AND (SELECT CASE typeof(m.v) WHEN 'blob' THEN " + d.unreadable("m.v", p.Column) + " END FROM (" + greatest + ") AS m) IS NULL)"
	}
	compared := o.text
	switch p.Column.Type.Kind {
	case catalog.Text:
		compared = "(+" + o.text + ") COLLATE BINARY"
	case catalog.Date:
		compared = "date(" + o.text + ") COLLATE BINARY"
	}
	return "CASE WHEN " + sqliteValid(o.text, p.Column) + " THEN " + d.against(compared, p, bound) +
		" WHEN " + o.text + " IS NOT NULL THEN " + d.unreadable(o.text, p.Column) + " END"
}

// sqliteSure reports whether no cell of the column has another class than its type's.
func sqliteSure(c catalog.Column) bool {
	return strings.HasSuffix(c.SourceType, sqliteStrict) || c.SourceType == sqliteRowid
}

// sqliteValid writes that a cell is of its column's class. It is not true of NULL.
func sqliteValid(cell string, c catalog.Column) string {
	valid := "typeof(" + cell + ") = "
	switch c.Type.Kind {
	case catalog.Int64:
		return valid + "'integer'"
	case catalog.Bool:
		return valid + "'integer' AND " + cell + " IN (0, 1)"
	case catalog.Blob:
		return valid + "'blob'"
	case catalog.Date:
		return valid + "'text' AND date(" + cell + ") = (+" + cell + ") COLLATE BINARY"
	}
	return valid + "'text'"
}

// searched reports whether an index of t leads with the column, compares its text
// by bytes, and would serve p.
func (sqlite) searched(t *catalog.Table, p Predicate) bool {
	if p.Column.Type.Kind != catalog.Text || (p.Op != Eq && p.Op != In) ||
		!p.Column.Collation.Binary || !sqliteTextAffinity(p.Column.SourceType) {
		return false
	}
	if len(t.PrimaryKey) > 0 && t.PrimaryKey[0] == p.Column.Name {
		return true
	}
	for _, u := range t.Unique {
		if len(u) > 0 && u[0] == p.Column.Name {
			return true
		}
	}
	return false
}

// sqliteTextAffinity follows SQLite's rule for declared types: INT wins over the
// words of text.
func sqliteTextAffinity(declared string) bool {
	up := strings.ToUpper(declared)
	return !strings.Contains(up, "INT") && (strings.Contains(up, "CHAR") || strings.Contains(up, "CLOB") || strings.Contains(up, "TEXT"))
}

func (sqlite) against(operand string, p Predicate, bound int) string {
	if p.Op != In {
		return fmt.Sprintf("%s %s ?%d", operand, p.Op, bound+1)
	}
	places := make([]string, len(p.Values))
	for i := range places {
		places[i] = fmt.Sprintf("?%d", bound+i+1)
	}
	return operand + " IN (" + strings.Join(places, ", ") + ")"
}

func (sqlite) unreadable(cell string, c catalog.Column) string {
	return sqliteUnreadable + "(" + cell + ", " + sqliteText(c.Name) + ", " + sqliteText(c.SourceType) + ")"
}

// sqliteText writes a name as a text literal. It is never given a value.
func sqliteText(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
