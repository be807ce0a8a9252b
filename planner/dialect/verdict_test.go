package dialect_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// engines are the dialects whose trees are shared, with their tables.
var engines = []struct {
	name   string
	tables map[string]*catalog.Table
}{{"postgres", pgTables}, {"duckdb", duckTables}, {"mysql", mysqlTables}}

// floats are what MySQL is not asked, and the others are.
var floats = map[string]string{"a float and a constant": "floating point", "any letter": "a byte"}

// TestConditionVerdicts: what is sent, and why the rest is not.
func TestConditionVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		make   func(s *ir.Scan) ir.Expr
		reason string // a part of it; empty means exact
	}{
		{"a comparison", func(s *ir.Scan) ir.Expr { return eq(col(s, "id"), lit(col(s, "id"), int64(1))) }, ""},
		{"a float and a constant", func(s *ir.Scan) ir.Expr { return cmpr(ir.Lt, col(s, "rate"), lit(col(s, "rate"), 1.5)) }, ""},
		{"two floats", func(s *ir.Scan) ir.Expr { return eq(col(s, "rate"), col(s, "rate")) }, "DOUBLE are not compared"},
		{"NULL", func(s *ir.Scan) ir.Expr { return eq(col(s, "id"), lit(col(s, "id"), nil)) }, "with NULL"},
		{"not distinct from NULL", func(s *ir.Scan) ir.Expr { return cmpr(ir.IsNotDistinct, col(s, "id"), lit(col(s, "id"), nil)) }, "with NULL"},
		{"a constant of another type", func(s *ir.Scan) ir.Expr { return eq(col(s, "id"), number(1)) }, "type"},
		{"a whole number and a longer constant", func(s *ir.Scan) ir.Expr { return eq(cast(col(s, "id"), whole), number(-1<<31)) }, ""},
		{"a whole number and a constant above it", func(s *ir.Scan) ir.Expr { return cmpr(ir.Lt, cast(col(s, "id"), whole), number(1<<31)) }, "type"},
		{"a whole number and a constant below it", func(s *ir.Scan) ir.Expr { return cmpr(ir.Gt, cast(col(s, "small"), whole), number(-1<<15-1)) }, "type"},
		{"a list of longer constants", func(s *ir.Scan) ir.Expr { return in(cast(col(s, "small"), whole), int64(1), int64(1<<15-1)) }, ""},
		{"a list of longer constants, one too large", func(s *ir.Scan) ir.Expr { return in(cast(col(s, "small"), whole), int64(1), int64(1<<15)) }, "type"},
		{"a decimal and a constant with as many places", func(s *ir.Scan) ir.Expr { return longer(s, "99999999.9900") }, ""},
		{"a decimal and a constant below zero", func(s *ir.Scan) ir.Expr { return longer(s, "-0.0500") }, ""},
		{"a decimal and a constant without places", func(s *ir.Scan) ir.Expr { return longer(s, "7") }, ""},
		{"a decimal and a constant with more places", func(s *ir.Scan) ir.Expr { return longer(s, "0.0001") }, "type"},
		{"a decimal and a constant with more digits", func(s *ir.Scan) ir.Expr { return longer(s, "-123456789.0000") }, "type"},
		{"a function of a column", func(s *ir.Scan) ir.Expr {
			f := &ir.Func{Name: "abs", List: []ir.Expr{col(s, "id")}, Typ: kind(catalog.Int32)}
			return eq(f, lit(f, int64(1)))
		}, "computed value"},
		{"a whole number against a longer one", func(s *ir.Scan) ir.Expr { return eq(cast(col(s, "id"), whole), col(s, "big")) }, ""},
		{"a whole number against a shorter one", func(s *ir.Scan) ir.Expr { return eq(cast(col(s, "big"), kind(catalog.Int32)), col(s, "id")) }, "computed value"},
		{"a cast that tries", func(s *ir.Scan) ir.Expr {
			return eq(&ir.Cast{Arg: col(s, "id"), Typ: whole, Try: true}, col(s, "big"))
		}, "computed value"},
		{"a whole number as a decimal", func(s *ir.Scan) ir.Expr { return eq(cast(col(s, "id"), col(s, "price").Typ), col(s, "price")) }, "computed value"},
		{"a decimal with fewer places", func(s *ir.Scan) ir.Expr {
			return eq(cast(col(s, "price"), catalog.DecimalOf(10, 1)), cast(col(s, "price"), catalog.DecimalOf(10, 1)))
		}, ""},
		{"a decimal with fewer digits", func(s *ir.Scan) ir.Expr {
			return eq(cast(col(s, "price"), catalog.DecimalOf(10, 4)), cast(col(s, "price"), catalog.DecimalOf(10, 4)))
		}, "computed value"},
		{"a decimal with more of both", func(s *ir.Scan) ir.Expr {
			return eq(cast(col(s, "price"), catalog.DecimalOf(12, 4)), cast(col(s, "price"), catalog.DecimalOf(12, 4)))
		}, ""},
		{"two types", func(s *ir.Scan) ir.Expr { return eq(col(s, "id"), col(s, "big")) }, "two types"},
		{"a column that is read as another type", func(s *ir.Scan) ir.Expr {
			r := *col(s, "id")
			r.Typ = whole
			return eq(&r, number(1))
		}, "another type"},
		{"a column of nowhere", func(*ir.Scan) ir.Expr { return null(&ir.Ref{ID: 99, Typ: whole}) }, "not at the source"},
		{"a list", func(s *ir.Scan) ir.Expr { return in(col(s, "xm"), "a", "b") }, ""},
		{"a list with NULL", func(s *ir.Scan) ir.Expr { return in(col(s, "xm"), "a", nil) }, "or NULL"},
		{"a list with a column", func(s *ir.Scan) ir.Expr {
			return &ir.In{Arg: col(s, "xm"), List: []ir.Expr{col(s, "c")}}
		}, "other than constants"},
		{"an empty list", func(s *ir.Scan) ir.Expr { return in(col(s, "xm")) }, "value"},
		{"a prefix", func(s *ir.Scan) ir.Expr { return like(col(s, "xm"), `a\b%`) }, ""},
		{"a pattern without an end", func(s *ir.Scan) ir.Expr { return like(col(s, "xm"), "ab") }, ""},
		{"an end", func(s *ir.Scan) ir.Expr { return like(col(s, "xm"), "%a") }, ""},
		{"two ends", func(s *ir.Scan) ir.Expr { return like(col(s, "xm"), "a%%") }, ""},
		{"any letter", func(s *ir.Scan) ir.Expr { return like(col(s, "xm"), "a_%") }, ""},
		{"NULL as a pattern", func(s *ir.Scan) ir.Expr {
			return &ir.Func{Name: "~~", List: []ir.Expr{col(s, "xm"), lit(col(s, "xm"), nil)}, Typ: ir.Bool}
		}, "only constant ones"},
		{"a column as a pattern", func(s *ir.Scan) ir.Expr {
			return &ir.Func{Name: "~~", List: []ir.Expr{col(s, "xm"), col(s, "c")}, Typ: ir.Bool}
		}, "only constant ones"},
		{"a pattern that is not UTF-8", func(s *ir.Scan) ir.Expr { return like(col(s, "xm"), "\xff%") }, "value"},
		{"a pattern that is not there", func(s *ir.Scan) ir.Expr { return named("!~~", col(s, "xm"), "a%") }, ""},
		{"a word at the beginning", func(s *ir.Scan) ir.Expr { return named("starts_with", col(s, "xm"), "a") }, ""},
		{"a word within", func(s *ir.Scan) ir.Expr { return named("contains", col(s, "xm"), "a") }, ""},
		{"a word that holds a wildcard", func(s *ir.Scan) ir.Expr { return named("contains", col(s, "xm"), "a_") }, "without wildcards"},
		{"another function", func(s *ir.Scan) ir.Expr { return named("~~*", col(s, "xm"), "a%") }, "a function stays"},
		{"a bare boolean", func(s *ir.Scan) ir.Expr { return col(s, "ok") }, ""},
		{"a bare number", func(s *ir.Scan) ir.Expr { return col(s, "id") }, "no comparison"},
		{"TRUE", func(*ir.Scan) ir.Expr { return lit(&ir.Ref{Typ: ir.Bool}, true) }, ""},
		{"NULL alone", func(*ir.Scan) ir.Expr { return lit(&ir.Ref{Typ: ir.Bool}, nil) }, "no truth value"},
		{"one of two parts", func(s *ir.Scan) ir.Expr { return and(col(s, "ok"), eq(col(s, "rate"), col(s, "rate"))) }, "DOUBLE"},
		{"one of two alternatives", func(s *ir.Scan) ir.Expr { return or(col(s, "ok"), eq(col(s, "rate"), col(s, "rate"))) }, "DOUBLE"},
		{"not of what stays", func(s *ir.Scan) ir.Expr { return not(eq(col(s, "rate"), col(s, "rate"))) }, "DOUBLE"},
		{"nothing", func(*ir.Scan) ir.Expr { return and() }, "without conditions"},
		{"a parameter", func(s *ir.Scan) ir.Expr {
			return eq(col(s, "id"), &ir.Param{Number: 1, Typ: kind(catalog.Int32)})
		}, "computed value"},
		{"coalesce", func(s *ir.Scan) ir.Expr {
			return &ir.Coalesce{List: []ir.Expr{col(s, "ok"), lit(col(s, "ok"), false)}}
		}, "no comparison"},
		{"a sum that fits", func(s *ir.Scan) ir.Expr {
			return eq(plus(cast(col(s, "id"), whole), number(1)), number(7))
		}, ""},
		{"a sum that may not fit", func(s *ir.Scan) ir.Expr {
			return eq(plus(col(s, "big"), number(1)), number(7))
		}, "may fail on a row"},
		{"a CASE with a sum that may not fit", func(s *ir.Scan) ir.Expr {
			return eq(&ir.Case{When: []ir.Expr{null(col(s, "id"))}, Then: []ir.Expr{plus(col(s, "big"), number(1))}, Else: number(0), Typ: whole}, number(7))
		}, "may fail on a row"},
		{"a divisor that may be 0", func(s *ir.Scan) ir.Expr {
			return eq(&ir.Func{Name: "//", List: []ir.Expr{col(s, "big"), number(0)}, Typ: whole}, number(7))
		}, "other than 0 and -1"},
		{"a divisor of -1", func(s *ir.Scan) ir.Expr {
			return eq(&ir.Func{Name: "%", List: []ir.Expr{col(s, "big"), number(-1)}, Typ: whole}, number(7))
		}, "other than 0 and -1"},
		{"a place before the first", func(s *ir.Scan) ir.Expr {
			return eq(&ir.Func{Name: "substring", List: []ir.Expr{col(s, "xm"), number(0), number(1)}, Typ: text}, lit(col(s, "xm"), "a"))
		}, "from 1 on"},
		{"a negative length", func(s *ir.Scan) ir.Expr {
			return eq(&ir.Func{Name: "left", List: []ir.Expr{col(s, "xm"), number(-1)}, Typ: text}, lit(col(s, "xm"), "a"))
		}, "a constant length"},
		{"a function that gives another type", func(s *ir.Scan) ir.Expr {
			f := &ir.Func{Name: "length", List: []ir.Expr{col(s, "xm")}, Typ: kind(catalog.Int32)}
			return eq(f, lit(f, int64(1)))
		}, "computed value"},
		{"a conversion", func(s *ir.Scan) ir.Expr { return cast(col(s, "id"), ir.Bool) }, "a conversion"},
	} {
		for _, e := range engines {
			s := newBuilder(e.tables).scan("person")
			v, reason := dialect.For(e.name).Condition(c.make(s), dialect.Places(s))
			want := c.reason
			if e.name == "mysql" && want == "" {
				want = floats[c.name]
			}
			check(t, e.name+": "+c.name, v, reason, want)
		}
	}
}

// named asks a function whether a text has a shape.
func named(function string, e ir.Expr, pattern string) ir.Expr {
	return &ir.Func{Name: function, List: []ir.Expr{e, lit(e, pattern)}, Typ: ir.Bool}
}

// plus adds two whole numbers, which may not fit.
func plus(a, b ir.Expr) ir.Expr {
	return &ir.Func{Name: "+", List: []ir.Expr{a, b}, Typ: a.Type()}
}

// longer compares the price, as a longer decimal, with a constant of that type.
func longer(s *ir.Scan, v string) ir.Expr {
	price := cast(col(s, "price"), catalog.DecimalOf(13, 4))
	return cmpr(ir.Lt, price, lit(price, v))
}

func check(t *testing.T, name string, v dialect.Verdict, reason, want string) {
	t.Helper()
	switch {
	case (v == dialect.Exact) != (reason == ""):
		t.Errorf("%s: %s with the reason %q", name, v, reason)
	case (v == dialect.Exact) != (want == "") || v == dialect.Superset:
		t.Errorf("%s: %s (%s)", name, v, reason)
	case !strings.Contains(reason, want):
		t.Errorf("%s: %q, want %q", name, reason, want)
	}
}

// TestOperatorVerdicts: which operators are sent, and why the rest is not.
func TestOperatorVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		make   func(b *builder, s *ir.Scan) ir.Node
		reason string
	}{
		{"scan", func(_ *builder, s *ir.Scan) ir.Node { return s }, ""},
		{"barrier", func(_ *builder, s *ir.Scan) ir.Node { return &ir.Barrier{Input: s} }, ""},
		{"filter", func(_ *builder, s *ir.Scan) ir.Node { return ir.Where(s, col(s, "ok")) }, ""},
		{"filter that stays", func(_ *builder, s *ir.Scan) ir.Node {
			return ir.Where(s, col(s, "ok"), eq(col(s, "rate"), col(s, "rate")))
		}, "DOUBLE"},
		{"project", func(b *builder, s *ir.Scan) ir.Node { return b.project(s, true, 3, 3) }, ""},
		{"a computed column", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Project{Input: s, Cols: []ir.Assign{{Column: b.plan.NewColumn("x", whole), Expr: number(1)}}}
		}, ""},
		{"a widened column", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Project{Input: s, Cols: []ir.Assign{{Column: b.plan.NewColumn("x", whole), Expr: cast(col(s, "id"), whole)}}}
		}, ""},
		{"a column that may fail", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Project{Input: s, Cols: []ir.Assign{{Column: b.plan.NewColumn("x", whole), Expr: plus(col(s, "big"), number(1))}}}
		}, "may fail on a row"},
		{"a computed boolean", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Project{Input: s, Cols: []ir.Assign{{Column: b.plan.NewColumn("x", ir.Bool), Expr: null(col(s, "id"))}}}
		}, "computed value"},
		{"join", func(b *builder, s *ir.Scan) ir.Node { return b.join(ir.Inner, s, nil) }, ""},
		{"left join", func(b *builder, s *ir.Scan) ir.Node { return b.join(ir.Left, s, nil) }, ""},
		{"right join", func(b *builder, s *ir.Scan) ir.Node { return b.join(ir.Right, s, nil) }, "right join"},
		{"full join", func(b *builder, s *ir.Scan) ir.Node { return b.join(ir.Full, s, nil) }, "full join"},
		{"mark join", func(b *builder, s *ir.Scan) ir.Node { return b.join(ir.Mark, s, nil) }, "mark join"},
		{"single join", func(b *builder, s *ir.Scan) ir.Node { return b.join(ir.Single, s, nil) }, "single join"},
		{"cross product", func(b *builder, s *ir.Scan) ir.Node {
			return b.join(ir.Inner, s, func(*ir.Scan) []ir.Expr { return nil })
		}, "without an equality"},
		{"join without an equality", func(b *builder, s *ir.Scan) ir.Node {
			return b.join(ir.Inner, s, func(v *ir.Scan) []ir.Expr { return []ir.Expr{cmpr(ir.Lt, col(s, "id"), col(v, "person"))} })
		}, "without an equality"},
		{"join with an equality of one side", func(b *builder, s *ir.Scan) ir.Node {
			return b.join(ir.Semi, s, func(v *ir.Scan) []ir.Expr {
				return []ir.Expr{eq(col(s, "xm"), col(s, "c")), eq(col(v, "person"), lit(col(v, "person"), int64(1)))}
			})
		}, "without an equality"},
		{"join with a condition that stays", func(b *builder, s *ir.Scan) ir.Node {
			return b.join(ir.Anti, s, func(v *ir.Scan) []ir.Expr {
				return []ir.Expr{eq(col(s, "id"), col(v, "person")), eq(col(s, "rate"), col(s, "rate"))}
			})
		}, "DOUBLE"},
		{"correlated join", func(b *builder, s *ir.Scan) ir.Node {
			j := b.join(ir.Inner, s, nil)
			j.Delim = &ir.Delim{ID: 1}
			return j
		}, "correlated"},
		{"float as a key", func(b *builder, s *ir.Scan) ir.Node { return b.group(s, []ir.Expr{col(s, "rate")}, agg("count_star")) }, "DOUBLE"},
		{"computed key", func(_ *builder, s *ir.Scan) ir.Node {
			return &ir.Aggregate{Input: s, Groups: []ir.Assign{{Column: ir.Column{ID: 99, Type: whole}, Expr: cast(col(s, "id"), whole)}}}
		}, ""},
		{"a key that may fail", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Aggregate{Input: s, Groups: []ir.Assign{{Column: b.plan.NewColumn("x", whole), Expr: plus(col(s, "big"), number(1))}}}
		}, ""},
		{"a key that is not known", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Aggregate{Input: s, Groups: []ir.Assign{{Column: b.plan.NewColumn("x", text), Expr: &ir.Func{Name: "reverse", List: []ir.Expr{col(s, "xm")}, Typ: text}}}}
		}, "computed value"},
		{"grouping sets", func(b *builder, s *ir.Scan) ir.Node {
			g := b.group(s, []ir.Expr{col(s, "id")}, agg("count_star"))
			g.Sets = [][]int{{0}, {}}
			return g
		}, "grouping sets"},
		{"grouping()", func(b *builder, s *ir.Scan) ir.Node {
			g := b.group(s, []ir.Expr{col(s, "id")}, agg("count_star"))
			g.Grouping = []ir.GroupingCall{{Column: b.plan.NewColumn("g", whole), Groups: []int{0}}}
			return g
		}, "grouping sets"},
		{"sum of floats", aggregate(func(s *ir.Scan) *ir.Agg {
			a := agg("sum", col(s, "rate"))
			a.Typ = kind(catalog.Float64)
			return a
		}), "sum of a DOUBLE"},
		{"sum of booleans", aggregate(func(s *ir.Scan) *ir.Agg { return agg("sum", col(s, "ok")) }), "sum of a BOOLEAN"},
		{"sum of distinct", aggregate(func(s *ir.Scan) *ir.Agg { return distinct(agg("sum", col(s, "id"))) }), "distinct"},
		{"min of distinct", aggregate(func(s *ir.Scan) *ir.Agg { return distinct(agg("min", col(s, "id"))) }), "distinct"},
		{"sum of another type", aggregate(func(s *ir.Scan) *ir.Agg {
			a := agg("sum", col(s, "id"))
			a.Typ = whole
			return a
		}), "gives a BIGINT"},
		{"min of floats", aggregate(func(s *ir.Scan) *ir.Agg { return agg("min", col(s, "rate")) }), "DOUBLE"},
		{"the n least", aggregate(func(s *ir.Scan) *ir.Agg { return agg("min", col(s, "id"), number(2)) }), "min stays"},
		{"avg", aggregate(func(s *ir.Scan) *ir.Agg { return agg("avg", col(s, "id")) }), "avg stays"},
		{"count of floats", aggregate(func(s *ir.Scan) *ir.Agg { return agg("count", col(s, "rate")) }), ""},
		{"count of distinct floats", aggregate(func(s *ir.Scan) *ir.Agg { return distinct(agg("count", col(s, "rate"))) }), "DOUBLE"},
		{"count of a computed value", aggregate(func(s *ir.Scan) *ir.Agg { return agg("count", cast(col(s, "id"), whole)) }), ""},
		{"a sum that may fail", aggregate(func(s *ir.Scan) *ir.Agg { return agg("sum", plus(col(s, "big"), number(1))) }), ""},
		{"a sum that may fail, of some rows", aggregate(func(s *ir.Scan) *ir.Agg { return where(agg("sum", plus(col(s, "big"), number(1))), col(s, "ok")) }), "of some rows"},
		{"first by an order", aggregate(func(s *ir.Scan) *ir.Agg {
			a := agg("min", col(s, "id"))
			a.Order = []ir.Key{by(col(s, "id"))}
			return a
		}), "order"},
		{"a filter that stays", aggregate(func(s *ir.Scan) *ir.Agg { return where(agg("count_star"), eq(col(s, "rate"), col(s, "rate"))) }), "DOUBLE"},
		{"sort by a float", func(_ *builder, s *ir.Scan) ir.Node { return &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, "rate"))}} }, "DOUBLE"},
		{"top n by a float", func(_ *builder, s *ir.Scan) ir.Node {
			return &ir.TopN{Input: s, Keys: []ir.Key{by(col(s, "rate"))}, Count: number(1)}
		}, "DOUBLE"},
		{"sort by a computed value", func(_ *builder, s *ir.Scan) ir.Node {
			return &ir.Sort{Input: s, Keys: []ir.Key{by(cast(col(s, "id"), whole))}}
		}, ""},
		{"limit", func(_ *builder, s *ir.Scan) ir.Node { return &ir.Limit{Input: s, Count: number(0)} }, ""},
		{"offset alone", func(_ *builder, s *ir.Scan) ir.Node { return &ir.Limit{Input: s, Offset: number(1)} }, "without a count"},
		{"limit of NULL", func(_ *builder, s *ir.Scan) ir.Node {
			return &ir.Limit{Input: s, Count: lit(&ir.Ref{Typ: whole}, nil)}
		}, "no constant"},
		{"limit below zero", func(_ *builder, s *ir.Scan) ir.Node { return &ir.Limit{Input: s, Count: number(-1)} }, "no constant"},
		{"top n of a parameter", func(_ *builder, s *ir.Scan) ir.Node {
			return &ir.TopN{Input: s, Keys: []ir.Key{by(col(s, "id"))}, Count: number(1), Offset: &ir.Param{Number: 1, Typ: whole}}
		}, "no constant"},
		{"distinct", func(b *builder, s *ir.Scan) ir.Node { return &ir.Distinct{Input: b.project(s, false, 0, 4, 9)} }, ""},
		{"distinct floats", func(b *builder, s *ir.Scan) ir.Node { return &ir.Distinct{Input: b.project(s, false, 8)} }, "DOUBLE"},
		{"distinct on", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.Distinct{Input: b.project(s, false, 0), On: []ir.Expr{col(s, "id")}}
		}, "by an order"},
		{"union", func(b *builder, _ *ir.Scan) ir.Node { return b.combine(ir.Union, true) }, ""},
		{"union of floats", func(b *builder, s *ir.Scan) ir.Node {
			return &ir.SetOp{Kind: ir.Union, All: true, Left: b.project(s, true, 8), Right: b.project(b.scan("person"), true, 8), Columns: []ir.Column{b.plan.NewColumn("rate", kind(catalog.Float64))}}
		}, "DOUBLE"},
		{"window", func(_ *builder, s *ir.Scan) ir.Node { return &ir.Window{Input: s} }, "not an operator"},
		{"values", func(*builder, *ir.Scan) ir.Node { return &ir.Values{Columns: []ir.Column{{ID: 1, Type: whole}}} }, "not an operator"},
	} {
		for _, e := range engines {
			b := newBuilder(e.tables)
			n := c.make(b, b.scan("person"))
			below := dialect.Columns{}
			for _, in := range n.Inputs() {
				for id, p := range dialect.Places(in) {
					below[id] = p
				}
			}
			v, reason := dialect.For(e.name).Operator(n, below)
			check(t, e.name+": "+c.name, v, reason, c.reason)
			if _, err := dialect.For(e.name).Statement(n); (err == nil) != (c.reason == "") {
				t.Errorf("%s: %s: the statement's error is %v", e.name, c.name, err)
			}
		}
	}
}

func aggregate(make func(s *ir.Scan) *ir.Agg) func(b *builder, s *ir.Scan) ir.Node {
	return func(b *builder, s *ir.Scan) ir.Node { return b.group(s, nil, make(s)) }
}

// join joins s with the visits, by the person when on is nil.
func (b *builder) join(k ir.JoinKind, s *ir.Scan, on func(v *ir.Scan) []ir.Expr) *ir.Join {
	v := b.scan("visit", "person", "price")
	j := &ir.Join{Kind: k, Left: s, Right: v, On: []ir.Expr{eq(col(s, "id"), col(v, "person"))}}
	if on != nil {
		j.On = on(v)
	}
	if k == ir.Mark {
		j.Mark = b.plan.NewColumn("mark", ir.Bool)
	}
	return j
}

// What only one engine knows of its columns.
func TestColumnsThatAreNoKeys(t *testing.T) {
	foreign := func(name, source string, t catalog.Type, c ...catalog.Collation) *catalog.Table {
		return &catalog.Table{ID: catalog.TableID{Schema: "s", Name: "t"}, Columns: []catalog.Column{column(name, source, t, c...)}}
	}
	for _, c := range []struct {
		dialect string
		table   *catalog.Table
		reason  string
	}{
		{"mysql", foreign("x", "double", kind(catalog.Float64)), "DOUBLE are not compared"},
		{"mysql", foreign("x", "time", kind(catalog.Interval)), "INTERVAL are not compared"},
		{"mysql", foreign("x", "json", kind(catalog.JSON)), "JSON are not compared"},
		{"mysql", foreign("x", "uuid", kind(catalog.UUID)), "UUID are not compared"},
		{"mysql", foreign("x", "point", kind(catalog.Blob)), "stored as point"},
		{"mysql", foreign("x", "bit(8)", text), "stored as bit(8)"},
		{"mysql", foreign("x", "inet6", text), "stored as inet6"},
		{"mysql", foreign("x", "decimal(50,2)", text), "stored as decimal(50,2)"},
		{"mysql", foreign("x", "text", text, catalog.Collation{Name: "utf8mb4_bin"}), "longer than the 1024 bytes"},
		{"mysql", foreign("x", "varchar(257)", text, catalog.Collation{Name: "utf8mb4_bin"}), "longer than the 1024 bytes"},
		{"mysql", foreign("x", "varbinary(1025)", kind(catalog.Blob)), "longer than the 1024 bytes"},
		{"mysql", foreign("x", "set('"+strings.Repeat("a", 1100)+"')", text), "longer than the 1024 bytes"},
		{"postgres", foreign("x", "text", text), "not known to be UTF-8"},
		{"postgres", foreign("x", "uuid", kind(catalog.UUID)), "UUID are not compared"},
		{"postgres", foreign("x", "time without time zone", kind(catalog.Time)), "TIME are not compared"},
		{"postgres", foreign("x", "oid", kind(catalog.Uint32)), "UINTEGER are not compared"},
		{"postgres", foreign("x", "interval", kind(catalog.Interval)), "INTERVAL are not compared"},
		{"postgres", foreign("x", "jsonb", kind(catalog.JSON)), "JSON are not compared"},
		{"postgres", foreign("x", "integer[]", catalog.ListOf(whole)), "are not compared"},
		{"duckdb", foreign("x", "VARCHAR", text, catalog.Collation{Name: "nocase"}), "code point"},
		{"duckdb", foreign("x", "ENUM('b', 'a')", text), "stored as ENUM"},
		{"duckdb", foreign("x", "HUGEINT", huge), "HUGEINT are not compared"},
		{"duckdb", foreign("x", "UUID", kind(catalog.UUID)), "UUID are not compared"},
		{"duckdb", foreign("x", "TIMESTAMP_S", kind(catalog.TimestampS)), "are not compared"},
	} {
		b := newBuilder(map[string]*catalog.Table{"t": c.table})
		s := b.scan("t")
		x := col(s, "x")
		d := dialect.For(c.dialect)
		v, reason := d.Condition(cmpr(ir.Lt, x, x), dialect.Places(s))
		check(t, c.dialect+": compared", v, reason, c.reason)
		for name, n := range map[string]ir.Node{
			"grouped": b.group(s, []ir.Expr{x}), "sorted": &ir.Sort{Input: s, Keys: []ir.Key{by(x)}}, "min": b.group(s, nil, agg("min", x)),
			"distinct": b.group(s, nil, distinct(agg("count", x))),
		} {
			v, reason := d.Operator(n, dialect.Places(s))
			check(t, c.dialect+": "+name, v, reason, c.reason)
		}
	}
}

// Under a row filter nothing is sent that could fail on a row that it hides.
func TestHiddenRows(t *testing.T) {
	for _, c := range []struct {
		name, dialect string
		make          func(b *builder) (ir.Node, ir.Expr)
		reason        string
	}{
		{"a column of a table", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, null(col(s, "xm"))
		}, ""},
		{"a type of the source's own", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, null(col(s, "zt"))
		}, "of the source's own may fail"},
		{"a type of PostgreSQL that is read as text", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, null(col(s, "free"))
		}, ""},
		{"a barrier without a row filter", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: s}, null(col(s, "zt"))
		}, ""},
		{"below the barrier", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return ir.Where(s, col(s, "ok")), null(col(s, "zt"))
		}, ""},
		{"a view", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("seen")
			return &ir.Barrier{Input: ir.Where(s, notNull(col(s, "xm")))}, null(col(s, "id"))
		}, "a view's column"},
		{"through a join and another name", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s, v := b.scan("person", "id", "zt", "ok"), b.scan("visit", "person")
			bar := &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}
			p := b.project(&ir.Join{Kind: ir.Left, Left: v, Right: bar, On: []ir.Expr{eq(col(v, "person"), col(s, "id"))}}, true, 3)
			return p, null(col(p, "zt"))
		}, "of the source's own may fail"},
		{"a key of groups", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person", "zt", "ok")
			return b.group(&ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, []ir.Expr{col(s, "zt")}), null(col(s, "zt"))
		}, "of the source's own may fail"},
		{"a column of a table", "mysql", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, or(null(col(s, "born")), eq(col(s, "free"), lit(col(s, "free"), "a")))
		}, ""},
		{"a view", "mysql", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("seen")
			return &ir.Barrier{Input: ir.Where(s, notNull(col(s, "xm")))}, null(col(s, "id"))
		}, "a view's column"},
		{"through a union", "postgres", func(b *builder) (ir.Node, ir.Expr) {
			s, v := b.scan("person", "id", "ok"), b.scan("visit", "person")
			u := &ir.SetOp{Kind: ir.Union, All: true, Left: b.project(&ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, true, 0), Right: v, Columns: []ir.Column{b.plan.NewColumn("n", kind(catalog.Int32))}}
			return u, eq(col(u, "n"), lit(col(u, "n"), int64(1)))
		}, "a view's column may fail"},
		{"a file", "duckdb", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: ir.Where(s, col(s, "ok"))}, null(col(s, "id"))
		}, "a cell of a file"},
		{"a file without a row filter", "duckdb", func(b *builder) (ir.Node, ir.Expr) {
			s := b.scan("person")
			return &ir.Barrier{Input: s}, null(col(s, "id"))
		}, ""},
	} {
		tables := map[string]map[string]*catalog.Table{"postgres": pgTables, "duckdb": duckTables, "mysql": mysqlTables}[c.dialect]
		n, e := c.make(newBuilder(tables))
		v, reason := dialect.For(c.dialect).Condition(e, dialect.Places(n))
		check(t, c.dialect+": "+c.name, v, reason, c.reason)
	}
}

// A column that a node computes is told from one that it hands on.
func TestPlaces(t *testing.T) {
	b := newBuilder(pgTables)
	s := b.scan("person", "id", "xm")
	p := b.project(s, true, 1, 0)
	g := b.group(p, []ir.Expr{col(p, "xm")}, agg("max", col(p, "id")))
	at := dialect.Places(&ir.Barrier{Input: g})
	if xm := at[col(p, "xm").ID]; xm.Base == nil || xm.Base.Name != "xm" || xm.Table != pgTables["person"] || xm.Hidden {
		t.Errorf("xm is handed on: %+v", xm)
	}
	if top := at[g.Aggs[0].ID]; top.Base != nil || top.Hidden {
		t.Errorf("max is computed: %+v", top)
	}
	if len(at) != 2 {
		t.Errorf("%d places, want 2", len(at))
	}
}
