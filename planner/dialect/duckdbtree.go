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
	for _, p := range []Place{a, b} {
		if reason := d.keyed(p.Base.Type, p, true); reason != "" {
			return None, reason
		}
	}
	return Exact, ""
}

func (d duckDB) prefix(c catalog.Column, value catalog.Value) (Verdict, string) {
	return d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{value}})
}

// mayFail distrusts every column: a table here may be a plain file, of which a cell
// becomes a value when it is looked at.
func (duckDB) mayFail(Place) string {
	return "a cell of a file may fail to be read on a row that is hidden"
}

func (duckDB) keyed(t catalog.Type, p Place, _ bool) string {
	switch t.Kind {
	case catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp, catalog.TimestampTZ:
	case catalog.HugeInt: // a sum
		if p.Base == nil {
			return ""
		}
		fallthrough
	default:
		return "values of the type " + t.DuckDB() + " are not compared with each other at the source"
	}
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

func (duckDB) combines(ir.SetKind, bool) string { return "" }

func (d duckDB) summed(t catalog.Type, p Place) string {
	if sumType(t).Kind == catalog.Invalid {
		return "the sum of a " + t.DuckDB() + " is not one that the source holds"
	}
	return duckDBStored(*p.Base)
}

func (d duckDB) read(o operand) string { return d.asRead(o.text, *o.place.Base) }

func (duckDB) compare(op ir.CompareOp, a, b operand) string {
	return a.text + " " + op.String() + " " + b.text
}

func (duckDB) begins(o operand, value catalog.Value, bound int) (string, []catalog.Value) {
	pattern := catalog.Value{Type: value.Type, V: value.V.(string) + "%"}
	return o.text + " LIKE CAST($" + strconv.Itoa(bound+1) + " AS VARCHAR)", []catalog.Value{pattern}
}

func (duckDB) key(o operand) string { return o.text }

func (duckDB) extreme(greatest bool, o operand) (name, arg string) {
	return extremeName(greatest), o.text
}

func (duckDB) summand(o operand) string { return o.text }

func (duckDB) number(bound int) string { return "CAST($" + strconv.Itoa(bound+1) + " AS BIGINT)" }

func (duckDB) truth(v bool) string { return strings.ToUpper(strconv.FormatBool(v)) }

func (duckDB) looked(text string, _ []operand) string { return text }
