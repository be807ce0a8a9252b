package dialect

import (
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// What makes trees exact beyond what duckDB says of predicates: the same engine
// groups, sorts and adds, as long as a column is stored as what it is read as.

// Condition implements Dialect.
func (d duckDB) Condition(e ir.Expr, at Columns) (Verdict, string) { return condition(d, e, at) }

// Operator implements Dialect.
func (d duckDB) Operator(n ir.Node, at Columns) (Verdict, string) { return operator(d, n, at) }

// Statement implements Dialect.
func (d duckDB) Statement(n ir.Node) (Statement, error) { return statement(d, n) }

func (d duckDB) pair(_ ir.CompareOp, a, b Place) (Verdict, string) {
	return judgePair(d, a, b, true)
}

func (d duckDB) matching(c catalog.Column, m match) (Verdict, string) {
	return d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{m.pattern}})
}

// mayFail distrusts every column: a table here may be a plain file, of which a cell
// becomes a value when it is looked at.
func (duckDB) mayFail(Place) string {
	return "a cell of a file may fail to be read on a row that is hidden"
}

func (duckDB) keyed(_ catalog.Type, p Place, _ bool) string {
	if p.Base == nil {
		return ""
	}
	return duckDBStored(*p.Base)
}

// computed: DuckDB compares a HUGEINT with a DECIMAL(38,0) as decimals, which hold
// every sum that fits in a result.
func (duckDB) computed(t catalog.Type) (catalog.Column, bool) {
	if t.Kind == catalog.HugeInt {
		t = catalog.DecimalOf(38, 0)
	}
	return catalog.Column{Type: t, SourceType: t.DuckDB(), Collation: catalog.Collation{Binary: t.Kind == catalog.Text}}, true
}

func (duckDB) summed(_ catalog.Type, p Place) string { return duckDBStored(*p.Base) }

func (d duckDB) read(o operand) string { return d.asRead(o.text, *o.place.Base) }

func (duckDB) compare(op ir.CompareOp, a, b operand) string {
	return a.text + " " + op.String() + " " + b.text
}

func (duckDB) matches(o operand, m match, bound int) (string, []catalog.Value) {
	return o.text + " LIKE CAST($" + strconv.Itoa(bound+1) + " AS VARCHAR)", []catalog.Value{m.pattern}
}

func (duckDB) key(o operand) string { return o.text }

func (duckDB) extreme(greatest bool, o operand) (name, arg string) {
	return extremeName(greatest), o.text
}

func (duckDB) summand(o operand) string { return o.text }

func (duckDB) number(bound int) string { return "CAST($" + strconv.Itoa(bound+1) + " AS BIGINT)" }

func (duckDB) truth(v bool) string { return strings.ToUpper(strconv.FormatBool(v)) }

func (duckDB) looked(text string, _ []operand) string { return text }
