package dialect

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
)

// mysql writes the SQL that MySQL 8 and MariaDB 10.5 and later have in common.
//
// What makes its verdicts exact:
//
//   - Text compares as the bytes that are read of it, CAST(... AS BINARY): without the
//     folding of a collation and without the blanks that pad it, and in UTF-8, so that
//     their order is that of code points. A column of another character set is
//     converted first, as reading it does. An equality is written twice: once plainly,
//     so that an index serves (no collation tells equal bytes apart), and once by bytes.
//   - Neither engine puts a constant in the place of a column that is compared as
//     binary, so the plain equality does not reach into the one by bytes.
//   - A date that is none (0000-00-00, 2024-00-10, 2023-02-30) is read as NULL, and so
//     it is NULL wherever more than an equality is asked of it.
//   - Every value is cast: a text against a number would be compared as doubles.
//   - Only values that the column's type holds are sent.
type mysql struct{}

func (mysql) Name() string { return "mysql" }

const (
	// maxMySQLIn bounds one list: a statement has at most 65,535 placeholders.
	maxMySQLIn = 1000
	// Days of 0001-01-01 and 9999-12-31, and microseconds of the moments that begin the
	// one and end the other.
	minMySQLDate, maxMySQLDate           = -719162, 2932896
	minMySQLTimestamp, maxMySQLTimestamp = minMySQLDate * 86400000000, (maxMySQLDate+1)*86400000000 - 1
	// minMySQLYear and maxMySQLYear are years that MySQL does not take for short forms
	// of others.
	minMySQLYear, maxMySQLYear = 1901, 2155
)

// mysqlType takes the spelling of a column's type apart: its name, and the number in
// brackets, -1 where there is none.
func mysqlType(c catalog.Column) (name string, length int) {
	m := mysqlTypes.FindStringSubmatch(c.SourceType)
	if m == nil {
		return "", -1
	}
	length, err := strconv.Atoi(m[2])
	if err != nil {
		length = -1
	}
	return m[1], length
}

var mysqlTypes = regexp.MustCompile(`^([a-z]+)(?:\(([0-9]+))?`)

// mysqlStored are the types at the source whose values of a kind compare as here.
var mysqlStored = map[catalog.Kind]string{
	catalog.Bool: "bit", catalog.Int8: "tinyint", catalog.Int16: "smallint year", catalog.Int32: "int mediumint", catalog.Int64: "bigint",
	catalog.Uint8: "tinyint", catalog.Uint16: "smallint", catalog.Uint32: "int mediumint", catalog.Uint64: "bigint",
	catalog.Decimal: "decimal", catalog.Blob: "binary varbinary tinyblob blob mediumblob longblob",
	catalog.Date: "date", catalog.Timestamp: "datetime", catalog.TimestampTZ: "timestamp",
	catalog.Text: "char varchar tinytext text mediumtext longtext enum set",
}

// mysqlCompares says why a column's stored values compare otherwise than those that
// are read; empty when they do not.
func mysqlCompares(c catalog.Column) string {
	name, _ := mysqlType(c)
	for _, stored := range strings.Fields(mysqlStored[c.Type.Kind]) {
		if stored == name {
			return ""
		}
	}
	return "stored as " + c.SourceType + ", which compares differently than " + c.Type.DuckDB()
}

func (d mysql) Verdict(p Predicate) (Verdict, string) {
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
	case len(p.Values) > maxMySQLIn:
		return None, fmt.Sprintf("more than %d values", maxMySQLIn)
	}
	if reason := mysqlCompares(p.Column); reason != "" {
		return None, reason
	}
	for _, v := range p.Values {
		if !v.Type.Equal(p.Column.Type) {
			return None, "the value has another type than the column"
		}
		if !d.holds(p.Column, v) {
			return None, "the value is not one that the column can hold"
		}
	}
	return Exact, ""
}

var mysqlDecimal = regexp.MustCompile(`^-?[0-9]{1,38}(\.[0-9]{1,38})?$`)

// holds reports whether the column could hold v, to its last digit.
func (mysql) holds(c catalog.Column, v catalog.Value) bool {
	name, places := mysqlType(c)
	switch x := v.V.(type) {
	case bool:
		return c.Type.Kind == catalog.Bool
	case int64:
		switch c.Type.Kind {
		case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
			if name == "year" {
				return x >= minMySQLYear && x <= maxMySQLYear
			}
			return x >= -limitOf(c.Type.Kind)-1 && x <= limitOf(c.Type.Kind)
		case catalog.Date:
			return x >= minMySQLDate && x <= maxMySQLDate
		case catalog.Timestamp, catalog.TimestampTZ:
			unit := int64(1)
			for range 6 - max(places, 0) {
				unit *= 10
			}
			return x >= minMySQLTimestamp && x <= maxMySQLTimestamp && x%unit == 0
		}
	case uint64:
		return c.Type.Kind >= catalog.Uint8 && c.Type.Kind <= catalog.Uint64
	case string:
		switch c.Type.Kind {
		case catalog.Decimal:
			return mysqlDecimal.MatchString(x)
		case catalog.Text:
			return utf8.ValidString(x)
		}
	case []byte:
		return c.Type.Kind == catalog.Blob
	}
	return false
}

func (d mysql) Scan(t *catalog.Table, columns []catalog.Column, preds []Predicate) (string, []catalog.Value) {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.quote(c.SourceName))
	}
	b.WriteString(" FROM " + d.quote(t.ID.Schema) + "." + d.quote(t.ID.Name))
	var values []catalog.Value
	for i, p := range preds {
		if i == 0 {
			b.WriteString(" WHERE ")
		} else {
			b.WriteString(" AND ")
		}
		o := operand{text: d.quote(p.Column.SourceName), typ: p.Column.Type, place: Place{Base: &p.Column, Table: t}, sieve: true}
		b.WriteString(d.predicate(o, p, len(values)))
		values = append(values, p.Values...)
	}
	return mysqlPlaces(b.String(), values)
}

func (mysql) quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// mysqlPlaces writes ? for each ?n of a text, and gives the values in the order in
// which they are asked for, which may be another than that of n, and some twice.
func mysqlPlaces(text string, values []catalog.Value) (string, []catalog.Value) {
	var b strings.Builder
	var out []catalog.Value
	quoted := false
	for i := 0; i < len(text); i++ {
		b.WriteByte(text[i])
		switch {
		case text[i] == '`': // a doubled one closes and opens
			quoted = !quoted
		case text[i] == '?' && !quoted:
			n := 0
			for i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
				i++
				n = n*10 + int(text[i]-'0')
			}
			out = append(out, values[n-1])
		}
	}
	return b.String(), out
}

// predicate writes p with placeholders that follow the first bound ones.
func (d mysql) predicate(o operand, p Predicate, bound int) string {
	if p.Op == IsNull || p.Op == NotNull {
		return d.seen(o) + " " + p.Op.String()
	}
	equal := p.Op == Eq || p.Op == In
	switch p.Column.Type.Kind {
	case catalog.Text:
		exact := d.bytes(o) + " " + d.against(p, bound, "CAST(", " AS BINARY)")
		if !equal || !d.searched(o, p) {
			return exact
		}
		return "(" + o.text + " " + d.against(p, bound, "", "") + " AND " + exact + ")"
	case catalog.Date, catalog.Timestamp, catalog.TimestampTZ:
		as := " AS DATETIME(6))"
		if p.Column.Type.Kind == catalog.Date {
			as = " AS DATE)"
		}
		plain := o.text + " " + d.against(p, bound, "CAST(", as)
		switch {
		case o.keyed || o.sieve && equal:
			return plain
		case o.sieve:
			return "(" + plain + " AND " + mysqlValid(o.text) + ")"
		}
		return d.seen(o) + " " + d.against(p, bound, "CAST(", as)
	}
	return o.text + " " + d.against(p, bound, "CAST(", " AS "+mysqlCast(p.Column.Type)+")")
}

// mysqlCast gives the type that a value is cast to.
func mysqlCast(t catalog.Type) string {
	switch t.Kind {
	case catalog.Decimal:
		return t.DuckDB()
	case catalog.Blob:
		return "BINARY"
	case catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		return "UNSIGNED"
	}
	return "SIGNED"
}

// against writes the operator and its placeholders.
func (mysql) against(p Predicate, bound int, before, after string) string {
	places := make([]string, len(p.Values))
	for i := range places {
		places[i] = before + "?" + strconv.Itoa(bound+i+1) + after
	}
	if p.Op != In {
		return p.Op.String() + " " + places[0]
	}
	return "IN (" + strings.Join(places, ", ") + ")"
}

// searched reports whether a plain equality of a column with p's values is asked
// first, for an index: only where they compare without a conversion that could be
// an error, when a value has a character that the column's character set lacks.
func (mysql) searched(o operand, p Predicate) bool {
	if o.keyed || o.place.Base == nil {
		return false
	}
	charset := mysqlCharset(p.Column)
	if charset == "utf8mb4" {
		return true
	}
	for _, v := range p.Values {
		if s, ok := v.V.(string); !ok || !isASCII(s) {
			return false
		}
	}
	switch charset {
	case "utf8mb3", "utf8", "latin1", "gbk", "gb2312", "gb18030", "big5", "ascii":
		return true
	}
	return false
}

// mysqlCharset gives the character set of a text column, with which the name of its
// collation begins; empty when it is not known.
func mysqlCharset(c catalog.Column) string {
	name, _, _ := strings.Cut(c.Collation.Name, "_")
	return name
}

// bytes writes the bytes of a text as it is read.
func (mysql) bytes(o operand) string {
	if o.keyed || o.place.Base == nil {
		return o.text
	}
	switch name, _ := mysqlType(*o.place.Base); name {
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		switch mysqlCharset(*o.place.Base) {
		case "utf8mb4", "utf8mb3", "utf8", "ascii":
			return "CAST(" + o.text + " AS BINARY)"
		}
	}
	return "CAST(CONVERT(" + o.text + " USING utf8mb4) AS BINARY)"
}

// seen writes a column as it is read where that is not what is stored: a date that is
// none is NULL.
func (mysql) seen(o operand) string {
	if b := o.place.Base; b == nil || o.keyed || !mysqlDated(b.Type.Kind) {
		return o.text
	}
	return "CASE WHEN " + mysqlValid(o.text) + " THEN " + o.text + " END"
}

func mysqlDated(k catalog.Kind) bool {
	return k == catalog.Date || k == catalog.Timestamp || k == catalog.TimestampTZ
}

// mysqlValid writes that a date is a day of the calendar. It is not true of NULL.
func mysqlValid(date string) string {
	return "DAYOFMONTH(" + date + ") BETWEEN 1 AND DAYOFMONTH(LAST_DAY(" + date + "))"
}
