package dialect

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
)

// postgres writes PostgreSQL's SQL, version 12 and later.
//
// What makes its verdicts exact:
//
//   - A text column is read as the expression asRead gives, and text is compared
//     as that same expression under COLLATE "C", which is by bytes: in a UTF-8
//     database that is the order of code points, whatever the column's own
//     collation folds or reorders. An equality is written twice where the column
//     has another collation: once plainly, so that an index of that collation
//     serves (no collation tells equal bytes apart), and once by bytes.
//   - Where the database's encoding is not known to be UTF-8 only ASCII is sent:
//     PostgreSQL's server encodings all hold ASCII as itself, but could lack
//     another character, and that would be an error instead of no rows.
//   - Every value is cast to the column's type, so that inference chooses no other.
//   - Only values that the PostgreSQL type holds are sent.
type postgres struct{ standard }

func (postgres) Name() string { return "postgres" }

// maxPostgresIn bounds one list: a statement has at most 65,535 placeholders.
const maxPostgresIn = 1000

// Bounds of PostgreSQL's types in the units of catalog.Value: 4713-01-01 BC,
// 5874897-12-31 and 294276-12-31, the last of which is beyond int64 here.
const (
	minPostgresDate      = -2440588
	maxPostgresDate      = 2145042905
	minPostgresTimestamp = -210866803200000000
	maxPostgresTimestamp = 1<<63 - 2 // int64's last value is DuckDB's infinity
	maxPostgresTime      = 86400000000 - 1
)

func (d postgres) Verdict(p Predicate) (Verdict, string) {
	if !p.Column.Type.Readable() {
		return None, "the column's type cannot be read"
	}
	if p.Op < Eq || p.Op > NotNull {
		return None, "unknown operator"
	}
	if v, reason := d.table().part(p.Op.String(), p.Column.Type); v != Exact || p.Op > In {
		return v, reason
	}
	if len(p.Values) == 0 || (p.Op != In && len(p.Values) != 1) {
		return None, "wrong number of values"
	}
	if len(p.Values) > maxPostgresIn {
		return None, fmt.Sprintf("more than %d values", maxPostgresIn)
	}
	for _, v := range p.Values {
		if !v.Type.Equal(p.Column.Type) {
			return None, "the value has another type than the column"
		}
		if reason := d.unsendable(p.Column, v); reason != "" {
			return None, reason
		}
	}
	return Exact, ""
}

var (
	postgresDecimal = regexp.MustCompile(`^-?[0-9]{1,38}(\.[0-9]{1,38})?$`)
	postgresUUID    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// unsendable says why v must not go to PostgreSQL; empty when it may.
func (postgres) unsendable(c catalog.Column, v catalog.Value) string {
	between := func(lo, hi int64) string {
		if i, ok := v.V.(int64); !ok || i < lo || i > hi {
			return "the value lies outside of PostgreSQL's type"
		}
		return ""
	}
	ok := false
	switch c.Type.Kind {
	case catalog.Bool:
		_, ok = v.V.(bool)
	case catalog.Int16:
		return between(-1<<15, 1<<15-1)
	case catalog.Int32:
		return between(-1<<31, 1<<31-1)
	case catalog.Int64:
		return between(-1<<63, 1<<63-1)
	case catalog.Date:
		return between(minPostgresDate, maxPostgresDate)
	case catalog.Time:
		return between(0, maxPostgresTime)
	case catalog.Timestamp, catalog.TimestampTZ:
		return between(minPostgresTimestamp, maxPostgresTimestamp)
	case catalog.Float32, catalog.Float64:
		// Both order -inf < numbers < inf < NaN, hold NaN equal to itself and -0 equal to 0.
		_, ok = v.V.(float64)
	case catalog.Decimal:
		s, _ := v.V.(string)
		ok = postgresDecimal.MatchString(s)
	case catalog.UUID:
		s, _ := v.V.(string)
		ok = postgresUUID.MatchString(s)
	case catalog.Blob:
		_, ok = v.V.([]byte)
	case catalog.Text:
		s, isText := v.V.(string)
		switch {
		case isText && (strings.ContainsRune(s, 0) || !utf8.ValidString(s)):
			return "PostgreSQL's text cannot hold this value"
		case isText && c.Collation.Name == "" && !isASCII(s):
			return "the source's text encoding is not known to hold this value"
		}
		ok = isText
	}
	if !ok {
		return "the value is not one of the column's type"
	}
	return ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (d postgres) Scan(t *catalog.Table, columns []catalog.Column, preds []Predicate) (string, []catalog.Value) {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.asRead(catalog.QuoteIdent(c.SourceName), c))
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
func (d postgres) predicate(o operand, p Predicate, bound int) string {
	name, read := o.text, d.asRead(o.text, p.Column)
	if p.Op == IsNull || p.Op == NotNull {
		// Of the expression as read: a row of NULLs IS NULL for PostgreSQL, its text is not.
		return read + " " + p.Op.String()
	}
	if p.Column.Type.Kind != catalog.Text {
		return name + " " + d.against(p, bound, "::"+postgresTypes[p.Column.Type.Kind])
	}
	padded := postgresPadded.MatchString(p.Column.SourceType)
	asItIs := read == name && !padded
	if p.Column.Collation.Binary && asItIs {
		return name + " " + d.against(p, bound, "::text")
	}
	if padded {
		read = name + "::text" // PostgreSQL's cast drops the pad spaces, as reading does
	}
	exact := read + ` COLLATE "C" ` + d.against(p, bound, "::text")
	switch {
	case p.Op != Eq && p.Op != In || o.keyed:
		return exact
	case padded:
		return "(" + name + " " + d.against(p, bound, "::text::bpchar") + " AND " + exact + ")"
	case asItIs:
		return "(" + name + " " + d.against(p, bound, "::text") + " AND " + exact + ")"
	}
	return exact
}

// against writes the operator and its placeholders.
func (postgres) against(p Predicate, bound int, cast string) string {
	if p.Op != In {
		return fmt.Sprintf("%s $%d%s", p.Op, bound+1, cast)
	}
	places := make([]string, len(p.Values))
	for i := range places {
		places[i] = fmt.Sprintf("$%d%s", bound+i+1, cast)
	}
	return "IN (" + strings.Join(places, ", ") + ")"
}

// Spellings of format_type, which puts a schema before every name that is not
// PostgreSQL's own. Text that is sent as it is needs no cast; anything else that
// is read as text is cast to it by PostgreSQL.
var (
	postgresText   = regexp.MustCompile(`^(text|name|bpchar|character( varying)?(\([0-9]+\))?)(\[\])?$`)
	postgresPadded = regexp.MustCompile(`^(bpchar|character(\([0-9]+\))?)$`)
)

// asRead writes the expression whose value a scan returns for c, which stands there
// as name.
func (postgres) asRead(name string, c catalog.Column) string {
	switch {
	case c.Type.Kind == catalog.Text && !postgresText.MatchString(c.SourceType):
		return name + "::text"
	case c.Type.Kind != catalog.List || c.Type.Elem == nil:
		return name
	case c.Type.Elem.Kind == catalog.Text && !postgresText.MatchString(c.SourceType),
		c.Type.Elem.Kind != catalog.Text && strings.Contains(c.SourceType, ".") && postgresTypes[c.Type.Elem.Kind] != "":
		// An array of a domain travels under the domain's own type number.
		return name + "::" + postgresTypes[c.Type.Elem.Kind] + "[]"
	}
	return name
}

// postgresTypes are the types that columns of each kind have at the source.
var postgresTypes = map[catalog.Kind]string{
	catalog.Bool: "boolean", catalog.Int16: "smallint", catalog.Int32: "integer", catalog.Int64: "bigint",
	catalog.Float32: "real", catalog.Float64: "double precision", catalog.Decimal: "numeric",
	catalog.Text: "text", catalog.Blob: "bytea", catalog.Date: "date", catalog.Time: "time",
	catalog.Timestamp: "timestamp", catalog.TimestampTZ: "timestamptz", catalog.Interval: "interval",
	catalog.UUID: "uuid", catalog.JSON: "json",
}
