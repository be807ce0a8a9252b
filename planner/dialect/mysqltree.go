package dialect

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// What makes trees exact beyond what mysql says of predicates:
//
//   - Text groups, sorts, joins and is counted as its bytes, which come back as they
//     are: they are the text in UTF-8. The server sorts by the first 1,024 bytes alone,
//     so text that may be longer is no key.
//   - Dates that are none are NULL before they group, sort and are counted.
//   - NULL is the least value for the server; a key of its own puts it where it belongs.
//   - sum adds whole numbers and decimals as decimals of up to 65 digits.
//   - There is no FILTER: an aggregate is given NULL for the rows that it must not see.
//   - A join needs a key to search by: MariaDB's hash joins are not used, which lose rows.
//   - EXISTS asks nothing of the outer row's text: see mysqlRemembers.
//   - A derived table does not keep its order: no limit is set over another one's rows.

// Condition implements Dialect.
func (d mysql) Condition(e ir.Expr, at Columns) (Verdict, string) {
	if partsOf(e) > maxMySQLParts {
		return None, fmt.Sprintf("a condition of more than %d parts", maxMySQLParts)
	}
	return condition(d, e, at)
}

// Operator implements Dialect.
func (d mysql) Operator(n ir.Node, at Columns) (Verdict, string) {
	if len(n.Output()) > maxMySQLColumns {
		return None, fmt.Sprintf("more than %d columns", maxMySQLColumns)
	}
	if v, reason := operator(d, n, at); v != Exact {
		return v, reason
	}
	reason := ""
	switch n := n.(type) {
	case *ir.Filter:
		if partsOf(n.Preds...) > maxMySQLParts {
			reason = fmt.Sprintf("conditions of more than %d parts", maxMySQLParts)
		}
	case *ir.Aggregate:
		for _, a := range n.Aggs {
			if r := mysqlKeepsType(a.Expr.(*ir.Agg)); r != "" {
				reason = r
			}
		}
	case *ir.Join:
		if reason = mysqlSearches(n, at); reason == "" {
			reason = mysqlRemembers(n, at)
		}
	case *ir.SetOp:
		reason = mysqlUnites(n, at)
	case *ir.Limit:
		if cutOff(n.Input) {
			reason = "a limit of rows that were ordered and cut off below"
		}
	}
	if reason != "" {
		return None, reason
	}
	return Exact, ""
}

// Statement implements Dialect.
func (d mysql) Statement(n ir.Node) (Statement, error) {
	s, err := statement(d, n)
	if err != nil {
		return s, err
	}
	s.SQL, s.Values = mysqlPlaces(s.SQL, s.Values)
	if len(s.Values) > maxMySQLValues {
		return Statement{}, fmt.Errorf("%w: more than %d values", errNotWritten, maxMySQLValues)
	}
	return s, nil
}

const (
	// maxMySQLColumns is the length of a select list.
	maxMySQLColumns = 4096
	// maxMySQLTables keeps a statement under the number of joined tables, 61.
	maxMySQLTables = 60
	// maxMySQLParts keeps a condition within the server's stack.
	maxMySQLParts = 1000
	// maxMySQLValues is the number of a statement's placeholders.
	maxMySQLValues = 65535
	// mysqlComputed ends the SourceType that the connector gives a column which is
	// computed when it is read.
	mysqlComputed = " GENERATED"
	// maxMySQLSorted is how many bytes of a text are sorted by.
	maxMySQLSorted = 1024
)

// cutOff reports whether the rows of n come in an order and were cut off by it.
func cutOff(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.TopN:
		return true
	case *ir.Limit:
		return cutOff(n.Input) || sorted(n.Input)
	case *ir.Project:
		return cutOff(n.Input)
	}
	return false
}

func sorted(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Sort:
		return true
	case *ir.Project:
		return sorted(n.Input)
	}
	return false
}

// mysqlNoBits: what becomes of a bit depends on how the server groups.
const mysqlNoBits = "a truth value may be a number at the source when it is grouped"

// mysqlKeepsType says why an aggregate would come back as another type than it has: a
// whole number out of a CASE, which is a bigint.
func mysqlKeepsType(a *ir.Agg) string {
	if a.Name != minimum && a.Name != maximum {
		return ""
	}
	switch a.Typ.Kind {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Uint8, catalog.Uint16, catalog.Uint32:
		if a.Filter != nil {
			return "the least " + a.Typ.DuckDB() + " of some rows is a BIGINT at the source"
		}
	}
	return ""
}

// mysqlUnites says why the rows of two sides would not come back as they are: types
// that this gateway reads alike become another one together.
func mysqlUnites(n *ir.SetOp, at Columns) string {
	for _, side := range n.Inputs() {
		for _, c := range side.Output() {
			p := at[c.ID]
			if p.Base == nil {
				continue
			}
			if name, _ := mysqlType(*p.Base); name == "year" || name == "mediumint" {
				return "a " + name + " may become another number"
			}
		}
	}
	return ""
}

// mysqlSearches says why the server could only compare every row with every row: of the
// keys of a join one must lead to rows of a table by a key that it has, or of what the
// server computes first, which it makes a key for. That table is the right one, but for
// an inner join. An EXISTS of nothing but equalities is computed first, too.
func mysqlSearches(n *ir.Join, at Columns) string {
	if scansOf(n) > maxMySQLTables {
		return fmt.Sprintf("a join of more than %d tables", maxMySQLTables)
	}
	left, right := ir.SetOf(n.Left.Output()), ir.SetOf(n.Right.Output())
	collated, found, first := false, false, n.Kind == ir.Semi || n.Kind == ir.Anti
	for _, e := range n.On {
		c, ok := e.(*ir.Compare)
		ok = ok && c.Op == ir.Eq && joins(left, right, c)
		first = first && (ok || right.Has(e))
		if !ok {
			continue
		}
		a, okA := narrow(c.Left).(*ir.Ref)
		b, okB := narrow(c.Right).(*ir.Ref)
		if !okA || !okB {
			continue
		}
		if left[b.ID] {
			a, b = b, a
		}
		p, q := at[a.ID], at[b.ID]
		if a.Typ.Kind == catalog.Text && p.Base != nil && q.Base != nil && p.Base.Collation.Name != q.Base.Collation.Name {
			collated = true
			continue
		}
		found = found || mysqlLeads(n.Right, q) || n.Kind == ir.Inner && mysqlLeads(n.Left, p)
	}
	switch {
	case found || first:
		return ""
	case collated:
		return "a join by texts of two collations, by which the source could not search"
	}
	return "a join without a key by which the source could search"
}

// mysqlLeads reports whether rows of n are found by a column of it.
func mysqlLeads(n ir.Node, p Place) bool { return mysqlOneTable(n) && leadsKey(p) || computedFirst(n) }

// mysqlOneTable is oneTable, and takes a derived table for what the server makes of it.
func mysqlOneTable(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Barrier:
		return mysqlOneTable(n.Input)
	case *ir.Filter:
		return mysqlOneTable(n.Input)
	case *ir.Project:
		return mysqlOneTable(n.Input)
	}
	return oneTable(n)
}

// computedFirst reports whether n is written as a derived table that stands for itself.
func computedFirst(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Aggregate, *ir.Distinct, *ir.SetOp, *ir.TopN, *ir.Limit:
		return true
	case *ir.Filter:
		return computedFirst(n.Input)
	case *ir.Project:
		return computedFirst(n.Input)
	}
	return false
}

// mysqlRemembers says why an EXISTS would be answered from memory: MariaDB keeps its
// answers by the values of the outer columns, and tells texts apart by their collation.
func mysqlRemembers(n *ir.Join, at Columns) string {
	if n.Kind != ir.Semi && n.Kind != ir.Anti {
		return ""
	}
	left := ir.SetOf(n.Left.Output())
	for _, e := range n.On {
		for id := range ir.RefsOf(e) {
			if p := at[id]; left[id] && p.Base != nil && p.Base.Type.Kind == catalog.Text {
				return "the source takes texts of one collation for the same when it asks whether there are rows"
			}
		}
	}
	return ""
}

// pair calls exact what keyed does, of columns of two lengths too: MySQL compares whole
// numbers of all lengths, and decimals of all precisions, by their value. A year stands
// for another one when it meets other numbers.
func (d mysql) pair(_ ir.CompareOp, a, b Place) (Verdict, string) {
	if v, reason := judgePair(d, a, b, false); v != Exact {
		return v, reason
	}
	nameA, _ := mysqlType(*a.Base)
	nameB, _ := mysqlType(*b.Base)
	if nameA != nameB && (nameA == "year" || nameB == "year") {
		return None, "a year and another number"
	}
	return Exact, ""
}

// matching asks what a comparison by order asks: a beginning is written as two of them.
func (d mysql) matching(c catalog.Column, m match) (Verdict, string) {
	return d.Verdict(Predicate{Column: c, Op: Ge, Values: []catalog.Value{m.word()}})
}

// mayFail distrusts the columns of views, which may be computed, and those that a
// table computes when they are read.
func (mysql) mayFail(p Place) string {
	switch {
	case p.Table == nil || p.Table.View:
		return "a view's column may fail on a row that is hidden"
	case strings.HasSuffix(p.Base.SourceType, mysqlComputed):
		return "a computed column may fail on a row that is hidden"
	}
	return ""
}

func (mysql) keyed(t catalog.Type, p Place, _ bool) string {
	if p.Base == nil {
		return ""
	}
	if reason := mysqlCompares(*p.Base); reason != "" {
		return reason
	}
	if (t.Kind == catalog.Text || t.Kind == catalog.Blob) && mysqlLongest(*p.Base) > maxMySQLSorted {
		return fmt.Sprintf("values of the type %s may be longer than the %d bytes that the source sorts by", p.Base.SourceType, maxMySQLSorted)
	}
	return ""
}

// mysqlLongest gives a bound of the bytes of a column's longest value in UTF-8.
func mysqlLongest(c catalog.Column) int {
	name, length := mysqlType(c)
	switch {
	case (name == "char" || name == "varchar") && length >= 0:
		return 4 * length
	case (name == "binary" || name == "varbinary") && length >= 0:
		return length
	case name == "tinytext":
		return 3 * 255
	case name == "tinyblob":
		return 255
	case name == "enum" || name == "set": // what they may hold is spelled out
		return len(c.SourceType)
	}
	return 1 << 32
}

// computed gives the column that stands for what an aggregate gave: text that is its
// bytes.
func (mysql) computed(t catalog.Type) (catalog.Column, bool) {
	if t.Kind == catalog.HugeInt {
		t = catalog.DecimalOf(38, 0)
	}
	c := catalog.Column{Type: t}
	switch t.Kind {
	case catalog.Text:
		c.SourceType = "varchar(0)"
	case catalog.Blob:
		c.SourceType = "varbinary(0)"
	case catalog.Timestamp:
		c.SourceType = "datetime(6)"
	case catalog.TimestampTZ:
		c.SourceType = "timestamp(6)"
	default:
		c.SourceType, _, _ = strings.Cut(mysqlStored[t.Kind], " ")
	}
	return c, c.SourceType != ""
}

func (mysql) summed(t catalog.Type, p Place) string {
	if name, _ := mysqlType(*p.Base); name == "year" {
		return "the sum of a " + t.DuckDB() + " is not one that the source holds"
	}
	return mysqlCompares(*p.Base)
}

func (mysql) read(o operand) string { return o.text }

// compare spells out what is the same with NULL: beside an = of the same two columns
// MariaDB takes <=> in an EXISTS for true.
func (d mysql) compare(op ir.CompareOp, a, b operand) string {
	left, right := d.key(a), d.key(b)
	if op == ir.IsDistinct || op == ir.IsNotDistinct {
		same := "CASE WHEN " + left + " IS NULL OR " + right + " IS NULL THEN " + left + " IS NULL AND " + right + " IS NULL ELSE " + left + " = " + right + " END"
		if op == ir.IsDistinct {
			return "NOT (" + same + ")"
		}
		return same
	}
	between := func(left, right string) string { return left + " " + op.String() + " " + right }
	exact := between(left, right)
	if op != ir.Eq || !a.sieve || !mysqlPlain(a) || !mysqlPlain(b) {
		return exact
	}
	plain := between(a.text, b.text)
	switch {
	case a.typ.Kind == catalog.Text && a.place.Base.Collation.Name == b.place.Base.Collation.Name && mysqlCharset(*a.place.Base) != "":
		return plain + " AND " + exact
	case mysqlDated(a.typ.Kind):
		return plain + " AND " + mysqlValid(a.text)
	}
	return exact
}

// mysqlPlain reports whether an operand is a table's column as it is stored.
func mysqlPlain(o operand) bool { return o.place.Base != nil && !o.keyed }

// matches compares with the first text that does not begin so, where there is one. Of
// other patterns the bytes are compared: in UTF-8 no character begins within another.
func (d mysql) matches(o operand, m match, bound int) (string, []catalog.Value) {
	if m.shape != partPrefix {
		return fmt.Sprintf("%s LIKE CAST(?%d AS BINARY) ESCAPE ''", d.bytes(o), bound+1), []catalog.Value{m.pattern}
	}
	value := m.word()
	text := fmt.Sprintf("%s >= CAST(?%d AS BINARY)", d.bytes(o), bound+1)
	end, ok := behind(value.V.(string))
	if !ok {
		return text, []catalog.Value{value}
	}
	text += fmt.Sprintf(" AND %s < CAST(?%d AS BINARY)", d.bytes(o), bound+2)
	return text, []catalog.Value{value, {Type: value.Type, V: end}}
}

func (d mysql) key(o operand) string {
	if o.typ.Kind == catalog.Text {
		return d.bytes(o)
	}
	return d.seen(o)
}

// given: bytes are told to be text again.
func (mysql) given(o operand, read string) string {
	if o.typ.Kind == catalog.Text && !mysqlPlain(o) {
		return "CONVERT(" + read + " USING utf8mb4)"
	}
	return read
}

func (d mysql) present(o operand, _ string) string { return d.seen(o) }

func (d mysql) extreme(greatest bool, o operand) (name, arg string) {
	return extremeName(greatest), d.key(o)
}

func (mysql) summand(o operand) string { return o.text }

func (mysql) filtered(name string, distinct bool, arg, condition string) string {
	if arg == "*" {
		arg = "1"
	}
	return called(name, distinct, "CASE WHEN "+condition+" THEN "+arg+" END")
}

// order writes a key before the one that it orders by, where NULL is not the least.
func (mysql) order(key string, desc, nullsFirst bool) string {
	text := key + " ASC"
	if desc {
		text = key + " DESC"
	}
	switch {
	case desc && nullsFirst:
		return key + " IS NULL DESC, " + text
	case !desc && !nullsFirst:
		return key + " IS NULL ASC, " + text
	}
	return text
}

// number: a limit takes no cast.
func (mysql) number(bound int) string { return fmt.Sprintf("?%d", bound+1) }

func (mysql) truth(v bool) string {
	if v {
		return "TRUE"
	}
	return "FALSE"
}

func (mysql) looked(text string, _ []operand) string { return text }
