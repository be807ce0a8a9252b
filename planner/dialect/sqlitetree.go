package dialect

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// What makes trees exact beyond what sqlite says of predicates:
//
//   - A column that is compared with a column, groups, sorts or is looked through for
//     its least value is written as a CASE that gives its cells of the right class and
//     ends the statement at others, unless there can be none.
//   - A condition that can be settled without a look at each of its columns, such as
//     OR, looks at all of them first. A pair of rows that one equality of a join has
//     put aside is not looked at by the next.
//   - Text of a UTF-16 database groups and joins as here, but sorts in another order.
//   - A join needs a column that is plain in the text, where SQLite can search: else it
//     would compare every row with every row.
//   - Truth values are 1 and 0: the word TRUE could be a column.
//   - No sums: SQLite's is an error or a double where it does not fit in 64 bits.

// Condition implements Dialect.
func (d sqlite) Condition(e ir.Expr, at Columns) (Verdict, string) {
	if partsOf(e) > maxSQLiteParts {
		return None, fmt.Sprintf("a condition of more than %d parts", maxSQLiteParts)
	}
	return condition(d, e, at)
}

// Operator implements Dialect.
func (d sqlite) Operator(n ir.Node, at Columns) (Verdict, string) {
	switch n := n.(type) {
	case *ir.Filter:
		if partsOf(n.Preds...) > maxSQLiteParts {
			return None, fmt.Sprintf("conditions of more than %d parts", maxSQLiteParts)
		}
	case *ir.Join:
		if v, reason := operator(d, n, at); v != Exact {
			return v, reason
		}
		if reason := sqliteSearches(n, at); reason != "" {
			return None, reason
		}
		return Exact, ""
	}
	return operator(d, n, at)
}

// Statement implements Dialect.
func (d sqlite) Statement(n ir.Node) (Statement, error) {
	s, err := statement(d, n)
	if err == nil && len(s.Values) > maxSQLiteValues {
		return Statement{}, fmt.Errorf("%w: more than %d values", errNotWritten, maxSQLiteValues)
	}
	return s, err
}

const (
	// maxSQLiteParts keeps a condition under SQLite's depth of expressions, 1,000.
	maxSQLiteParts = 500
	// maxSQLiteTables keeps a statement under SQLite's number of joined tables, 64.
	maxSQLiteTables = 60
	// maxSQLiteValues is the number of a statement's placeholders.
	maxSQLiteValues = 32766
)

// sqliteSearches says why a join would compare every row with every row. Its inner
// side, which of all kinds but an inner join is the right one, must have a plain column:
// SQLite makes an index over it. Not for what a semi or an anti join asks of each row:
// that needs an index that is there.
func sqliteSearches(n *ir.Join, at Columns) string {
	if scansOf(n) > maxSQLiteTables {
		return fmt.Sprintf("a join of more than %d tables", maxSQLiteTables)
	}
	left, right := ir.SetOf(n.Left.Output()), ir.SetOf(n.Right.Output())
	for _, e := range n.On {
		c, ok := e.(*ir.Compare)
		if !ok || c.Op != ir.Eq || !joins(left, right, c) {
			continue
		}
		for _, side := range []ir.Expr{c.Left, c.Right} {
			r, ok := narrow(side).(*ir.Ref)
			if !ok {
				continue
			}
			p, inner := at[r.ID], right[r.ID] || n.Kind == ir.Inner
			if n.Kind == ir.Semi || n.Kind == ir.Anti {
				inner = inner && sqliteIndexed(p) && oneTable(n.Right)
			}
			if inner && (p.Base == nil || sqliteSure(*p.Base)) {
				return ""
			}
		}
	}
	return "a join without a column that SQLite could search by"
}

// sqliteIndexed reports whether a key of the table leads with the column, by bytes.
func sqliteIndexed(p Place) bool {
	if p.Base == nil {
		return false
	}
	return leadsKey(p) && (p.Base.Type.Kind != catalog.Text || strings.HasPrefix(p.Base.Collation.Name, "BINARY"))
}

// pair calls exact what keyed does: both columns are in one database, so of one encoding.
func (d sqlite) pair(op ir.CompareOp, a, b Place) (Verdict, string) {
	return judgePair(d, a, b, op == ir.Lt || op == ir.Le || op == ir.Gt || op == ir.Ge)
}

// matching asks what a comparison by order asks: a beginning is written as two of them.
func (d sqlite) matching(c catalog.Column, m match) (Verdict, string) {
	return d.Verdict(Predicate{Column: c, Op: Ge, Values: []catalog.Value{m.word()}})
}

func (sqlite) mayFail(p Place) string {
	switch {
	case p.Table == nil || p.Table.View:
		return "a view's column may fail on a row that is hidden"
	case !sqliteSure(*p.Base):
		return "a cell of another class than its column's may be on a row that is hidden"
	}
	return ""
}

func (sqlite) keyed(t catalog.Type, p Place, ordered bool) string {
	if t.Kind != catalog.Text || p.Base == nil { // what was computed was looked at before
		return ""
	}
	op := Eq
	if ordered {
		op = Lt
	}
	return sqliteNotUTF8(Predicate{Column: *p.Base, Op: op})
}

// computed gives a column of one class: what an aggregate looked through was checked.
// Text is looked through in databases of UTF-8 only.
func (d sqlite) computed(t catalog.Type) (catalog.Column, bool) {
	if v, _ := d.table().part(partOrder, t); v != Exact {
		return catalog.Column{}, false
	}
	return catalog.Column{Type: t, SourceType: t.DuckDB() + sqliteStrict, Collation: catalog.Collation{Name: "BINARY", Binary: true}}, true
}

// summed is not asked: the table has no sum.
func (sqlite) summed(catalog.Type, Place) string { return "no sum" }

func (sqlite) read(o operand) string { return o.text }

// checked writes a column whose cells of another class end the statement. It has no
// affinity and, for text, no collation but the one by bytes.
func (d sqlite) checked(o operand) string {
	text := o.text
	if b := o.place.Base; b != nil && !sqliteSure(*b) {
		text = "CASE WHEN " + sqliteValid(text, *b) + " THEN " + text + " WHEN " + text + " IS NOT NULL THEN " + d.unreadable(text, *b) + " END"
	}
	if o.typ.Kind == catalog.Text || o.typ.Kind == catalog.Date {
		text += " COLLATE BINARY"
	}
	return text
}

func (d sqlite) compare(op ir.CompareOp, a, b operand) string {
	sign := op.String()
	switch op {
	case ir.IsDistinct:
		sign = "IS NOT"
	case ir.IsNotDistinct:
		sign = "IS"
	}
	return d.checked(a) + " " + sign + " " + d.checked(b)
}

// matches compares with the first text that does not begin so, where there is one.
func (d sqlite) matches(o operand, m match, bound int) (string, []catalog.Value) {
	value := m.word()
	if m.shape == partInfix {
		return fmt.Sprintf("instr(%s, ?%d) > 0", d.checked(o), bound+1), []catalog.Value{value}
	}
	text := fmt.Sprintf("%s >= ?%d", d.checked(o), bound+1)
	end, ok := behind(value.V.(string))
	if !ok {
		return text, []catalog.Value{value}
	}
	text += fmt.Sprintf(" AND %s < ?%d", d.checked(o), bound+2)
	return text, []catalog.Value{value, {Type: value.Type, V: end}}
}

func (d sqlite) key(o operand) string { return d.checked(o) }

func (d sqlite) extreme(greatest bool, o operand) (name, arg string) {
	return extremeName(greatest), d.checked(o)
}

// summand is not asked for: summed allows none.
func (sqlite) summand(o operand) string { return o.text }

func (sqlite) number(bound int) string { return fmt.Sprintf("?%d", bound+1) }

func (sqlite) truth(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

func (d sqlite) looked(text string, columns []operand) string {
	var looks []string
	for _, o := range columns {
		if b := o.place.Base; b != nil && !sqliteSure(*b) {
			looks = append(looks, "CASE WHEN "+sqliteValid(o.text, *b)+" OR "+o.text+" IS NULL THEN 1 ELSE "+d.unreadable(o.text, *b)+" END")
		}
	}
	if looks == nil {
		return text
	}
	return "(CASE WHEN " + strings.Join(looks, " AND ") + " THEN " + text + " END)"
}
