package dialect_test

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func column(name, source string, t catalog.Type, collation ...catalog.Collation) catalog.Column {
	c := catalog.Column{Name: name, SourceName: name, Type: t, SourceType: source}
	for _, x := range collation {
		c.Collation = x
	}
	return c
}

func numberAsText(c catalog.Column) catalog.Column {
	c.NumberAsText = true
	return c
}

var (
	pinyin = catalog.Collation{Name: "zh-u-co-pinyin"}
	byC    = catalog.Collation{Name: "C", Binary: true}
	text   = kind(catalog.Text)
)

// pgTables are the tables of setup as the connector describes them; a test sees to it
// that it does.
var pgTables = map[string]*catalog.Table{
	"person": {ID: catalog.TableID{Schema: "public", Name: "person"}, PrimaryKey: []string{"id"}, Columns: []catalog.Column{
		column("id", "integer", kind(catalog.Int32)),
		column("small", "smallint", kind(catalog.Int16)),
		column("big", "bigint", kind(catalog.Int64)),
		column("ok", "boolean", ir.Bool),
		column("born", "date", kind(catalog.Date)),
		column("seen", "timestamp without time zone", kind(catalog.Timestamp)),
		column("at", "timestamp with time zone", kind(catalog.TimestampTZ)),
		column("price", "numeric(10,2)", catalog.DecimalOf(10, 2)),
		column("rate", "double precision", kind(catalog.Float64)),
		column("xm", "text", text, pinyin),
		column("mc", "character varying(20)", text, catalog.Collation{Name: "und-x-icu"}),
		column("ci", "text", text, catalog.Collation{Name: "folded"}),
		column("c", "text", text, byC),
		column("kh", "character(4)", text, pinyin),
		column("zt", "public.mood", text, pinyin),
		numberAsText(column("free", "numeric", text, pinyin)),
		column("nm", "name", text, byC),
		column("kd", "public.code", text, pinyin),
		column("sm", "public.amount", catalog.DecimalOf(6, 2)),
	}},
	"visit": {ID: catalog.TableID{Schema: "public", Name: "visit"}, Columns: []catalog.Column{
		column("vid", "bigint", kind(catalog.Int64)),
		column("person", "integer", kind(catalog.Int32)),
		column("price", "numeric(12,4)", catalog.DecimalOf(12, 4)),
		column("xm", "text", text, byC),
		column("kh", "character varying(4)", text, pinyin),
		column("day", "date", kind(catalog.Date)),
		column("zt", "public.mood", text, pinyin),
		column("ok", "boolean", ir.Bool),
	}},
	"seen": {ID: catalog.TableID{Schema: "public", Name: "seen"}, View: true, Columns: []catalog.Column{
		column("id", "integer", kind(catalog.Int32)),
		column("xm", "text", text, pinyin),
	}},
}

// duckTables are the same in a DuckDB file, as the rows are read.
var duckTables = func() map[string]*catalog.Table {
	out := map[string]*catalog.Table{}
	for name, t := range pgTables {
		d := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: name}, View: t.View}
		for _, c := range t.Columns {
			d.Columns = append(d.Columns, column(c.Name, c.Type.DuckDB(), c.Type, catalog.Collation{Binary: c.Type.Kind == catalog.Text}))
		}
		out[name] = d
	}
	return out
}()

// Trees that not every source is given.
const (
	overHidden   = "barrier over a row filter"
	limitOfLimit = "limit of a limit"
	leastOfAll   = "least and greatest"
	groupedTruth = "groups of truth values"
	exceptAll    = "except all"
	intersected  = "what two tables have in common"
)

// trees are what each dialect must write alike in meaning: the goldens show how, and
// both sources must answer as DuckDB does.
var trees = []struct {
	name string
	make func(b *builder) ir.Node
}{
	{"scan", func(b *builder) ir.Node { return b.scan("person") }},
	{"filter over a scan is its WHERE", func(b *builder) ir.Node {
		s := b.scan("person", "id", "xm", "price")
		return ir.Where(s, cmpr(ir.Ge, col(s, "price"), lit(col(s, "price"), "1.50")), or(eq(col(s, "xm"), lit(col(s, "xm"), "a")), null(col(s, "xm"))))
	}},
	{"every condition", func(b *builder) ir.Node {
		s := b.scan("person", "id", "small", "ok", "xm", "mc", "c", "kh", "zt")
		mc, c, kh, ok := col(s, "mc"), col(s, "c"), col(s, "kh"), col(s, "ok")
		negated := in(col(s, "xm"), "a", "张三")
		negated.Negated = true
		return ir.Where(s, or(and(ok, not(like(mc, "a%"))), not(ok), cmpr(ir.IsDistinct, c, lit(c, "b")), cmpr(ir.IsNotDistinct, kh, lit(kh, "a")),
			negated, like(c, "%"), and(lit(ok, true), cmpr(ir.Gt, lit(col(s, "small"), int64(0)), col(s, "small"))), notNull(col(s, "zt")), lit(ok, false)))
	}},
	{"columns against columns", func(b *builder) ir.Node {
		s := b.scan("person", "id", "xm", "mc", "ci", "c", "kh", "zt", "small", "big")
		return ir.Where(s, or(cmpr(ir.Lt, col(s, "xm"), col(s, "mc")), eq(col(s, "kh"), col(s, "c")), cmpr(ir.IsNotDistinct, col(s, "zt"), col(s, "ci")),
			cmpr(ir.IsDistinct, cast(col(s, "small"), whole), col(s, "big"))))
	}},
	{"project renames and reorders", func(b *builder) ir.Node {
		return b.project(b.scan("visit", "vid", "xm", "zt"), true, 2, 0, 0)
	}},
	{"inner joins are one FROM", func(b *builder) ir.Node {
		p, v, w := b.scan("person", "id", "c"), b.scan("visit", "person", "xm", "vid"), b.scan("person", "id", "xm")
		first := &ir.Join{Kind: ir.Inner, Left: p, Right: ir.Where(v, notNull(col(v, "vid"))), On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}
		return &ir.Join{Kind: ir.Inner, Left: w, Right: first, On: []ir.Expr{eq(col(v, "xm"), col(w, "xm")), cmpr(ir.Le, col(p, "id"), col(w, "id"))}}
	}},
	{"left join", func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "kh"), b.scan("visit", "person", "kh", "day", "zt")
		return &ir.Join{Kind: ir.Left, Left: ir.Where(p, cmpr(ir.Lt, col(p, "id"), lit(col(p, "id"), int64(40)))), Right: ir.Where(v, notNull(col(v, "day"))),
			On: []ir.Expr{eq(col(p, "id"), col(v, "person")), cmpr(ir.Ne, col(p, "kh"), col(v, "kh"))}}
	}},
	{"filter over a left join", func(b *builder) ir.Node {
		p, v := b.scan("person", "id"), b.scan("visit", "person", "zt")
		return ir.Where(&ir.Join{Kind: ir.Left, Left: p, Right: v, On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}, null(col(v, "zt")))
	}},
	{"a left join at the right of an inner one", func(b *builder) ir.Node {
		p, v, w := b.scan("person", "id"), b.scan("visit", "person", "vid"), b.scan("person", "id", "big")
		left := &ir.Join{Kind: ir.Left, Left: v, Right: w, On: []ir.Expr{eq(col(v, "vid"), cast(col(w, "id"), whole))}}
		return &ir.Join{Kind: ir.Inner, Left: p, Right: left, On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}
	}},
	{"semi join", func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "mc"), b.scan("visit", "person", "vid")
		return &ir.Join{Kind: ir.Semi, Left: p, Right: ir.Where(v, notNull(col(v, "vid"))), On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}
	}},
	{"anti join by an equality", func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "price"), b.scan("visit", "person", "xm")
		return &ir.Join{Kind: ir.Anti, Left: p, Right: ir.Where(v, cmpr(ir.Gt, col(v, "xm"), lit(col(v, "xm"), "B"))), On: []ir.Expr{eq(col(p, "id"), col(v, "person")), notNull(col(v, "person"))}}
	}},
	{"semi join that asks more of a key", func(b *builder) ir.Node {
		v, p := b.scan("visit", "person", "vid", "day"), b.scan("person", "id", "born")
		return &ir.Join{Kind: ir.Semi, Left: v, Right: p, On: []ir.Expr{eq(col(v, "person"), col(p, "id")), cmpr(ir.Ne, col(v, "day"), col(p, "born"))}}
	}},
	{"anti join", func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "price"), b.scan("visit", "person", "price")
		return &ir.Join{Kind: ir.Anti, Left: p, Right: v, On: []ir.Expr{eq(col(p, "id"), col(v, "person")),
			cmpr(ir.Lt, cast(col(p, "price"), catalog.DecimalOf(12, 4)), col(v, "price"))}}
	}},
	{"counts and sums of everything", func(b *builder) ir.Node {
		s := b.scan("person")
		return b.group(s, nil, agg("count_star"), agg("count", col(s, "zt")), agg("count", col(s, "rate")), agg("sum", col(s, "small")), agg("sum", col(s, "id")),
			agg("sum", col(s, "big")), agg("sum", col(s, "price")))
	}},
	{"an empty input", func(b *builder) ir.Node {
		s := b.scan("person", "id", "price", "xm")
		f := ir.Where(s, cmpr(ir.Lt, col(s, "id"), lit(col(s, "id"), int64(0))))
		return b.group(f, nil, agg("count_star"), agg("sum", col(s, "price")), agg("min", col(s, "xm")))
	}},
	{leastOfAll, func(b *builder) ir.Node {
		s := b.scan("person")
		var list []*ir.Agg
		for _, name := range []string{"id", "small", "big", "ok", "born", "seen", "at", "price", "xm", "mc", "ci", "c", "kh", "zt", "free", "nm", "kd", "sm"} {
			list = append(list, agg("min", col(s, name)), agg("max", col(s, name)))
		}
		return b.group(s, nil, list...)
	}},
	{"least and greatest of what is no truth value", func(b *builder) ir.Node {
		s := b.scan("person")
		var list []*ir.Agg
		for _, name := range []string{"id", "small", "big", "born", "seen", "at", "price", "xm", "mc", "ci", "c", "kh", "zt", "free", "nm", "kd", "sm"} {
			list = append(list, agg("min", col(s, name)), agg("max", col(s, name)))
			if name != "id" && name != "small" {
				list = append(list, where(agg("max", col(s, name)), col(s, "ok")))
			}
		}
		return b.group(s, nil, list...)
	}},
	{"distinct counts", func(b *builder) ir.Node {
		s := b.scan("person")
		var list []*ir.Agg
		for _, name := range []string{"small", "big", "ok", "born", "seen", "at", "price", "xm", "mc", "ci", "c", "kh", "zt", "free", "nm", "kd", "sm"} {
			list = append(list, distinct(agg("count", col(s, name))))
		}
		return b.group(s, nil, list...)
	}},
	{"groups of text", func(b *builder) ir.Node {
		s := b.scan("person", "xm", "mc", "ci", "c", "kh", "zt", "nm", "kd")
		return b.group(s, []ir.Expr{col(s, "ci"), col(s, "kh"), col(s, "zt"), col(s, "nm"), col(s, "kd")}, where(agg("count_star"), cmpr(ir.Gt, col(s, "xm"), lit(col(s, "xm"), "a"))), agg("max", col(s, "mc")), agg("min", col(s, "c")))
	}},
	{"groups of the rest", func(b *builder) ir.Node {
		s := b.scan("person", "small", "born", "seen", "at", "price", "id")
		return b.group(s, []ir.Expr{col(s, "born"), col(s, "seen"), col(s, "at"), col(s, "price"), col(s, "small")}, agg("sum", col(s, "id")))
	}},
	{groupedTruth, func(b *builder) ir.Node {
		s := b.scan("person", "ok", "id")
		return b.group(s, []ir.Expr{col(s, "ok")}, agg("sum", col(s, "id")))
	}},
	{"an aggregate over groups", func(b *builder) ir.Node {
		s := b.scan("person", "mc", "id")
		g := b.group(s, []ir.Expr{col(s, "mc")}, agg("sum", col(s, "id")), agg("count_star"))
		return b.group(g, []ir.Expr{col(g, "count_star")}, agg("max", col(g, "sum")), agg("min", col(g, "mc")), distinct(agg("count", col(g, "mc"))))
	}},
	{"a join over groups", func(b *builder) ir.Node {
		v, p := b.scan("visit", "person", "price"), b.scan("person", "id", "xm")
		g := b.group(v, []ir.Expr{col(v, "person")}, where(agg("sum", col(v, "price")), cmpr(ir.Gt, col(v, "price"), lit(col(v, "price"), "0.0001"))))
		return b.project(&ir.Join{Kind: ir.Inner, Left: g, Right: p, On: []ir.Expr{eq(col(g, "person"), col(p, "id"))}}, false, 3, 1)
	}},
	{"a filter over groups", func(b *builder) ir.Node {
		s := b.scan("visit", "person", "price", "xm")
		g := b.group(s, []ir.Expr{col(s, "person")}, agg("count_star"), agg("sum", col(s, "price")), agg("min", col(s, "xm")), agg("sum", col(s, "person")))
		return ir.Where(g, or(cmpr(ir.Gt, col(g, "count_star"), number(9)), cmpr(ir.Le, g.Output()[4].Ref(), lit(g.Output()[4].Ref(), "16")),
			not(cmpr(ir.Ge, g.Output()[2].Ref(), lit(g.Output()[2].Ref(), "3.0000"))), null(col(g, "min")), in(col(g, "min"), "a", "10"), like(col(g, "min"), "9%")))
	}},
	{"a join on a computed column", func(b *builder) ir.Node {
		p, v := b.scan("visit", "vid", "xm", "person"), b.scan("visit", "person", "xm")
		g := b.group(v, []ir.Expr{col(v, "person")}, agg("max", col(v, "xm")), agg("count_star"))
		return &ir.Join{Kind: ir.Inner, Left: p, Right: g, On: []ir.Expr{eq(col(p, "person"), col(v, "person")), eq(col(p, "xm"), col(g, "max")), cmpr(ir.Lt, col(p, "vid"), col(g, "count_star"))}}
	}},
	{"a sum of counts", func(b *builder) ir.Node {
		s := b.scan("visit", "zt")
		g := b.group(s, []ir.Expr{col(s, "zt")}, agg("count_star"))
		return b.group(g, nil, agg("sum", col(g, "count_star")))
	}},
	{"sort", func(b *builder) ir.Node {
		s := b.scan("person", "id", "xm", "price")
		return &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, "xm")), down(col(s, "price")), by(col(s, "id"))}}
	}},
	{"a column that only sorts", func(b *builder) ir.Node {
		s := b.scan("person", "id", "mc", "kh")
		return b.project(&ir.Sort{Input: s, Keys: []ir.Key{down(col(s, "kh")), {Expr: col(s, "mc"), NullsFirst: true}, by(col(s, "id"))}}, true, 0)
	}},
	{"every key ascending", func(b *builder) ir.Node {
		s := b.scan("person")
		keys := []ir.Key{}
		for _, name := range []string{"ok", "zt", "kh", "small", "at"} {
			keys = append(keys, by(col(s, name)))
		}
		return &ir.Sort{Input: s, Keys: append(keys, by(col(s, "id")))}
	}},
	{"every key descending", func(b *builder) ir.Node {
		s := b.scan("person", "id", "free", "ci", "seen", "born", "big")
		keys := []ir.Key{}
		for _, name := range []string{"free", "ci", "born", "seen", "big"} {
			keys = append(keys, ir.Key{Expr: col(s, name), Desc: true})
		}
		return &ir.Sort{Input: s, Keys: append(keys, by(col(s, "id")))}
	}},
	{"top n", func(b *builder) ir.Node {
		s := b.scan("person", "id", "mc")
		f := ir.Where(s, notNull(col(s, "mc")))
		return &ir.TopN{Input: f, Keys: []ir.Key{down(col(s, "mc")), by(col(s, "id"))}, Count: number(5), Offset: number(2)}
	}},
	{"a filter over top n", func(b *builder) ir.Node {
		s := b.scan("person", "id", "ok")
		top := &ir.TopN{Input: s, Keys: []ir.Key{by(col(s, "id"))}, Count: number(10)}
		return ir.Where(top, col(s, "ok"))
	}},
	{"top n of groups", func(b *builder) ir.Node {
		s := b.scan("visit", "zt", "price")
		g := b.group(s, []ir.Expr{col(s, "zt")}, agg("sum", col(s, "price")))
		return &ir.TopN{Input: g, Keys: []ir.Key{down(col(g, "sum")), by(col(g, "zt"))}, Count: number(2)}
	}},
	{"limit over a sort", func(b *builder) ir.Node {
		s := b.scan("person", "id", "c")
		return &ir.Limit{Input: &ir.Sort{Input: s, Keys: []ir.Key{{Expr: col(s, "c"), NullsFirst: true}, by(col(s, "id"))}}, Count: number(7), Offset: number(3)}
	}},
	{limitOfLimit, func(b *builder) ir.Node {
		s := b.scan("person", "id")
		top := &ir.TopN{Input: s, Keys: []ir.Key{down(col(s, "id"))}, Count: number(9)}
		return b.group(&ir.Limit{Input: top, Count: number(4)}, nil, agg("count_star"))
	}},
	{"a sum over a limit", func(b *builder) ir.Node {
		s := b.scan("person", "id")
		return b.group(&ir.TopN{Input: s, Keys: []ir.Key{down(col(s, "id"))}, Count: number(4)}, nil, agg("sum", col(s, "id")))
	}},
	{overHidden, func(b *builder) ir.Node {
		s := b.scan("person", "id", "xm", "ok")
		bar := &ir.Barrier{Input: b.project(ir.Where(s, col(s, "ok")), false, 0, 1)}
		return ir.Where(bar, cmpr(ir.Gt, col(s, "id"), lit(col(s, "id"), int64(3))))
	}},
	{"distinct rows", func(b *builder) ir.Node {
		s := b.scan("person", "born", "ci", "kh", "zt", "price")
		return b.project(ir.Where(&ir.Distinct{Input: s}, notNull(col(s, "kh"))), true, 2, 3)
	}},
	{"distinct rows of groups, sorted", func(b *builder) ir.Node {
		s := b.scan("visit", "zt", "xm")
		d := &ir.Distinct{Input: b.project(b.group(s, []ir.Expr{col(s, "xm")}, agg("count_star"), agg("max", col(s, "zt"))), false, 1, 2)}
		return &ir.Sort{Input: d, Keys: []ir.Key{down(col(d, "count_star")), by(col(d, "max"))}}
	}},
	{"a union of everything", func(b *builder) ir.Node { return b.combine(ir.Union, false) }},
	{"a union of all rows", func(b *builder) ir.Node { return b.combine(ir.Union, true) }},
	{exceptAll, func(b *builder) ir.Node { return b.combine(ir.Except, true) }},
	{intersected, func(b *builder) ir.Node { return b.combine(ir.Intersect, false) }},
	{"an aggregate over a union", func(b *builder) ir.Node {
		u := b.combine(ir.Union, false)
		return b.group(ir.Where(u, or(null(col(u, "kh")), cmpr(ir.Gt, col(u, "kh"), lit(col(u, "kh"), "A")))), []ir.Expr{col(u, "id")}, agg("count_star"), distinct(agg("count", col(u, "kh"))), agg("max", col(u, "born")))
	}},
	{"a union of sorted and of counted rows", func(b *builder) ir.Node {
		s, v := b.scan("person", "id", "xm"), b.scan("visit", "xm", "person")
		top := &ir.TopN{Input: s, Keys: []ir.Key{by(col(s, "id"))}, Count: number(5)}
		g := b.group(v, []ir.Expr{col(v, "xm")}, agg("max", col(v, "person")))
		return &ir.SetOp{Kind: ir.Union, All: true, Left: top, Right: b.project(g, true, 1, 0),
			Columns: []ir.Column{b.plan.NewColumn("n", kind(catalog.Int32)), b.plan.NewColumn("xm", text)}}
	}},
	{"left join of a computed column", func(b *builder) ir.Node {
		p, v := b.scan("person", "id"), b.scan("visit", "person", "vid")
		right := b.project(v, false, 1)
		right.Cols = append(right.Cols, ir.Assign{Column: b.plan.NewColumn("x", whole), Expr: &ir.Coalesce{List: []ir.Expr{col(v, "vid"), number(7)}}})
		return &ir.Join{Kind: ir.Left, Left: p, Right: right, On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}
	}},
	{"groups of what is computed, filtered and sorted", func(b *builder) ir.Node {
		s := b.scan("person", "id", "born", "kh", "price", "big")
		year := &ir.Func{Name: "year", List: []ir.Expr{col(s, "born")}, Typ: whole}
		letter := &ir.Func{Name: "left", List: []ir.Expr{col(s, "kh"), number(1)}, Typ: text}
		twice := &ir.Func{Name: "*", List: []ir.Expr{col(s, "price"), lit(&ir.Ref{Typ: catalog.DecimalOf(18, 0)}, "2")}, Typ: catalog.DecimalOf(18, 2)}
		chosen := &ir.Case{When: []ir.Expr{cmpr(ir.Gt, col(s, "price"), lit(col(s, "price"), "1.00"))}, Then: []ir.Expr{twice}, Else: lit(twice, nil), Typ: twice.Typ}
		g := b.group(ir.Where(s, or(null(letter), cmpr(ir.Ne, letter, lit(letter, "B")))), nil, agg("count_star"), agg("sum", chosen), agg("max", letter), agg("min", twice))
		g.Groups = []ir.Assign{{Column: b.plan.NewColumn("y", whole), Expr: year}, {Column: b.plan.NewColumn("l", text), Expr: letter}}
		return &ir.Sort{Input: ir.Where(g, cmpr(ir.Ge, col(g, "count_star"), number(1))), Keys: []ir.Key{by(&ir.Coalesce{List: []ir.Expr{col(g, "y"), number(-1)}}), by(col(g, "l"))}}
	}},
	{"columns of NULL", func(b *builder) ir.Node {
		s := b.scan("person", "id")
		p := b.project(s, false, 0)
		for _, t := range []catalog.Type{whole, catalog.DecimalOf(20, 2), text, kind(catalog.Date), kind(catalog.Timestamp)} {
			p.Cols = append(p.Cols, ir.Assign{Column: b.plan.NewColumn("x", t), Expr: lit(&ir.Ref{Typ: t}, nil)})
		}
		return p
	}},
	{"distinct rows of what is computed, in a union", func(b *builder) ir.Node {
		side := func(table, date string) ir.Node {
			s := b.scan(table, date)
			month := &ir.Func{Name: "month", List: []ir.Expr{col(s, date)}, Typ: whole}
			return &ir.Distinct{Input: &ir.Project{Input: s, Cols: []ir.Assign{{Column: b.plan.NewColumn("m", whole), Expr: month}}}}
		}
		return &ir.SetOp{Kind: ir.Union, All: true, Left: side("person", "born"), Right: side("visit", "day"), Columns: []ir.Column{b.plan.NewColumn("m", whole)}}
	}},
	{"a join of barriers", func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "zt"), b.scan("visit", "person", "vid")
		return &ir.Join{Kind: ir.Inner, Left: &ir.Barrier{Input: p}, Right: &ir.Barrier{Input: v}, On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}
	}},
}
