package dialect_test

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

func length(e ir.Expr) ir.Expr {
	return &ir.Func{Name: "length", List: []ir.Expr{e}, Typ: whole}
}

// What may fail is asked of every row or of none, and of no row that a row filter hides.
func TestHiddenComputations(t *testing.T) {
	b := newBuilder(pgTables)
	s := b.scan("person")
	over := &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}
	for _, c := range []struct {
		name   string
		over   ir.Node
		e      ir.Expr
		reason string
	}{
		{"may fail", s, plus(col(s, "big"), number(1)), ""},
		{"may fail, of hidden rows", over, plus(col(s, "big"), number(1)), "on a row that is hidden"},
		{"never fails, of hidden rows", over, plus(cast(col(s, "id"), whole), number(1)), ""},
		{"a CASE by a hidden column", over, &ir.Case{When: []ir.Expr{null(col(s, "id"))}, Then: []ir.Expr{number(1)}, Else: number(2), Typ: whole}, ""},
	} {
		n := &ir.Aggregate{Input: c.over, Groups: []ir.Assign{{Column: b.plan.NewColumn("x", whole), Expr: c.e}}}
		v, reason := dialect.For("postgres").Operator(n, dialect.Places(c.over))
		check(t, c.name, v, reason, c.reason)
	}
}

// Columns of which functions are not asked, and constants that they are not given.
func TestColumnsThatAreNoArguments(t *testing.T) {
	utf8 := catalog.Collation{Name: "zh-x-icu"}
	for _, c := range []struct {
		dialect string
		column  catalog.Column
		make    func(x ir.Expr) ir.Expr
		reason  string
	}{
		{"postgres", column("x", "text", text, utf8), length, ""},
		{"postgres", column("x", "text", text), length, "not known to be UTF-8"},
		{"postgres", column("x", "text", text, utf8), chosen("中"), ""},
		{"postgres", column("x", "integer", kind(catalog.Int32)), chosen("a"), ""},
		{"postgres", column("x", "integer", kind(catalog.Int32)), chosen("中"), "encoding"},
		{"postgres", column("x", "timestamp with time zone", kind(catalog.TimestampTZ)), func(x ir.Expr) ir.Expr {
			return &ir.Func{Name: "year", List: []ir.Expr{x}, Typ: whole}
		}, "computed value"},
		{"mysql", column("x", "varchar(20)", text, catalog.Collation{Name: "utf8mb4_bin"}), length, ""},
		{"mysql", column("x", "longtext", text, catalog.Collation{Name: "utf8mb4_bin"}), length, "longer than the 1024"},
		{"mysql", column("x", "year(4)", kind(catalog.Int16)), func(x ir.Expr) ir.Expr { return plus(cast(x, whole), number(1)) }, "year(4)"},
		{"mysql", column("x", "decimal(6,2) unsigned", catalog.DecimalOf(6, 2)), func(x ir.Expr) ir.Expr {
			return &ir.Func{Name: "-", List: []ir.Expr{x}, Typ: x.Type()}
		}, "unsigned"},
		{"mysql", column("x", "decimal(38,10)", catalog.DecimalOf(38, 10)), func(x ir.Expr) ir.Expr {
			return &ir.Func{Name: "*", List: []ir.Expr{x, x}, Typ: catalog.DecimalOf(38, 20)}
		}, "as many digits"},
		{"mysql", column("x", "int(11)", kind(catalog.Int32)), func(x ir.Expr) ir.Expr {
			return &ir.Func{Name: "//", List: []ir.Expr{x, lit(x, int64(3))}, Typ: x.Type()}
		}, "BIGINT at the source"},
		{"sqlite", column("x", "TEXT (STRICT)", text, catalog.Collation{Name: "BINARY", Binary: true}), length, "first NUL"},
		{"duckdb", column("x", "VARCHAR", text, catalog.Collation{Name: "nocase"}), length, "code point"},
	} {
		b := newBuilder(map[string]*catalog.Table{"t": {ID: catalog.TableID{Schema: "s", Name: "t"}, Columns: []catalog.Column{c.column}}})
		s := b.scan("t")
		e := c.make(col(s, "x"))
		n := &ir.Aggregate{Input: s, Groups: []ir.Assign{{Column: b.plan.NewColumn("y", e.Type()), Expr: e}}}
		v, reason := dialect.For(c.dialect).Operator(n, dialect.Places(s))
		check(t, c.dialect+": "+ir.ExprText(e, ir.Exactly), v, reason, c.reason)
	}
}

// chosen gives a word for each row.
func chosen(word string) func(x ir.Expr) ir.Expr {
	return func(x ir.Expr) ir.Expr {
		w := &ir.Const{Value: catalog.Value{Type: text, V: word}}
		return &ir.Case{When: []ir.Expr{null(x)}, Then: []ir.Expr{w}, Else: w, Typ: text}
	}
}
