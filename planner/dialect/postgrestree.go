package dialect

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// What makes trees exact beyond what postgres says of predicates:
//
//   - Text groups, sorts and joins by bytes, COLLATE "C" written out wherever the
//     column's own collation is not known to be by bytes; columns of a database whose
//     encoding is not known to be UTF-8 do none of it.
//   - Nulls have their place written out: by itself PostgreSQL has them last
//     ascending and first descending.
//   - sum adds bigints and numerics, both of which PostgreSQL sums as numeric: it
//     cannot overflow there, and what does not fit here is an error of the connector.
//   - A float groups and sorts like here, but nothing that computes with floats is
//     sent, and so they are no keys either.

// Condition implements Dialect.
func (d postgres) Condition(e ir.Expr, at Columns) (Verdict, string) { return condition(d, e, at) }

// Operator implements Dialect.
func (d postgres) Operator(n ir.Node, at Columns) (Verdict, string) {
	if len(n.Output()) > maxPostgresColumns {
		return None, fmt.Sprintf("more than %d columns", maxPostgresColumns)
	}
	return operator(d, n, at)
}

// Statement implements Dialect.
func (d postgres) Statement(n ir.Node) (Statement, error) {
	s, err := statement(d, n)
	if err == nil && len(s.Values) > maxPostgresValues {
		return Statement{}, fmt.Errorf("%w: more than %d values", errNotWritten, maxPostgresValues)
	}
	return s, err
}

const (
	// maxPostgresColumns is the length of a select list.
	maxPostgresColumns = 1664
	// maxPostgresValues is the number of a statement's placeholders.
	maxPostgresValues = 65535
)

// pair calls exact what keyed does, of columns of two lengths too: PostgreSQL compares
// whole numbers of all lengths, and decimals of all precisions, by their value.
func (d postgres) pair(_ ir.CompareOp, a, b Place) (Verdict, string) { return judgePair(d, a, b, true) }

func (d postgres) matching(c catalog.Column, m match) (Verdict, string) {
	return d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{m.pattern}})
}

// mayFail distrusts the columns of views, which may be computed, and the text
// functions of types that are not PostgreSQL's own.
func (d postgres) mayFail(p Place) string {
	switch {
	case p.Table == nil || p.Table.View:
		return "a view's column may fail on a row that is hidden"
	case d.asRead("", *p.Base) != "" && strings.Contains(p.Base.SourceType, "."):
		return "the text form of a type of the source's own may fail on a row that is hidden"
	}
	return ""
}

func (postgres) keyed(t catalog.Type, p Place, _ bool) string {
	if t.Kind == catalog.Text && p.Base != nil && p.Base.Collation.Name == "" {
		return "text is not known to be UTF-8 at the source, whose order is another"
	}
	return ""
}

// computed: a text is told to have a collation, as a sign that it is UTF-8, which
// keyed has seen to, and none that is known.
func (postgres) computed(t catalog.Type) (catalog.Column, bool) {
	if t.Kind == catalog.HugeInt {
		t = catalog.DecimalOf(38, 0)
	}
	c := catalog.Column{Type: t, SourceType: postgresTypes[t.Kind]}
	if t.Kind == catalog.Text {
		c.Collation.Name = "?"
	}
	return c, c.SourceType != ""
}

func (postgres) summed(catalog.Type, Place) string { return "" }

func (d postgres) read(o operand) string { return d.asRead(o.text, *o.place.Base) }

// bytewise writes a text, and reports whether it compares by bytes as it stands.
func (postgres) bytewise(o operand) (string, bool) {
	if o.place.Base == nil {
		return o.text, false
	}
	c := *o.place.Base
	if !postgresText.MatchString(c.SourceType) || postgresPadded.MatchString(c.SourceType) {
		return o.text + "::text", false
	}
	return o.text, c.Collation.Binary
}

const collateC = ` COLLATE "C"`

func (d postgres) compare(op ir.CompareOp, a, b operand) string {
	left, right := a.text, b.text
	if a.typ.Kind == catalog.Text {
		var plain, same bool
		left, plain = d.bytewise(a)
		right, same = d.bytewise(b)
		if !plain || !same || a.place.Base.Collation.Name != b.place.Base.Collation.Name {
			left += collateC
		}
	}
	return left + " " + op.String() + " " + right
}

func (d postgres) matches(o operand, m match, bound int) (string, []catalog.Value) {
	text, plain := d.bytewise(o)
	if !plain {
		text += collateC
	}
	return fmt.Sprintf("%s LIKE $%d::text ESCAPE ''", text, bound+1), []catalog.Value{m.pattern}
}

func (d postgres) key(o operand) string {
	if o.typ.Kind != catalog.Text {
		return o.text
	}
	text, plain := d.bytewise(o)
	if !plain {
		text += collateC
	}
	return text
}

// extreme: PostgreSQL has no min of booleans.
func (d postgres) extreme(greatest bool, o operand) (name, arg string) {
	switch {
	case o.typ.Kind == catalog.Bool && greatest:
		return "bool_or", o.text
	case o.typ.Kind == catalog.Bool:
		return "bool_and", o.text
	}
	return extremeName(greatest), d.key(o)
}

// summand is a bigint, not a shorter one, whose sum is a bigint and could overflow.
func (postgres) summand(o operand) string {
	if o.typ.Kind == catalog.Int16 || o.typ.Kind == catalog.Int32 {
		return o.text + "::bigint"
	}
	return o.text
}

func (postgres) number(bound int) string { return fmt.Sprintf("$%d::bigint", bound+1) }

func (postgres) truth(v bool) string { return strings.ToUpper(strconv.FormatBool(v)) }

func (postgres) looked(text string, _ []operand) string { return text }
