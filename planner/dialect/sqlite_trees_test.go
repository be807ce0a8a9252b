package dialect_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

func liteText(name, source, collation string) catalog.Column {
	return column(name, source, text, catalog.Collation{Name: collation, Binary: collation == "BINARY"})
}

// liteTables are the tables of liteSetup as the connector describes them; a test sees
// to it that it does.
var liteTables = map[string]*catalog.Table{
	"person": {ID: catalog.TableID{Schema: "main", Name: "person"}, PrimaryKey: []string{"id"}, Unique: [][]string{{"kk"}}, Columns: []catalog.Column{
		column("id", "INTEGER PRIMARY KEY", whole),
		column("n", "INTEGER", whole),
		column("ok", "BOOLEAN", ir.Bool),
		column("born", "DATE", kind(catalog.Date)),
		liteText("xm", "TEXT", "BINARY"),
		liteText("nc", "TEXT", "NOCASE"),
		liteText("rt", "VARCHAR(9)", "RTRIM"),
		liteText("js", "JSON", "BINARY"),
		liteText("un", "(none)", "BINARY"),
		liteText("kk", "TEXT", "BINARY"),
		column("bl", "BLOB", kind(catalog.Blob)),
		column("price", "DECIMAL(10,2)", catalog.DecimalOf(10, 2)),
		column("rate", "REAL", kind(catalog.Float64)),
		column("seen", "TIMESTAMP", kind(catalog.Timestamp)),
	}},
	"visit": {ID: catalog.TableID{Schema: "main", Name: "visit"}, Columns: []catalog.Column{
		column("vid", "INTEGER (STRICT)", whole),
		column("person", "INTEGER (STRICT)", whole),
		liteText("xm", "TEXT (STRICT)", "BINARY"),
		liteText("nc", "TEXT (STRICT)", "NOCASE"),
		column("bl", "BLOB (STRICT)", kind(catalog.Blob)),
		column("true", "INTEGER (STRICT)", whole),
	}},
	"code": {ID: catalog.TableID{Schema: "main", Name: "code"}, PrimaryKey: []string{"k"}, Columns: []catalog.Column{
		liteText("k", "TEXT (STRICT)", "BINARY"),
		column("z", "INTEGER (STRICT)", whole),
	}},
	"seen": {ID: catalog.TableID{Schema: "main", Name: "seen"}, View: true, Columns: []catalog.Column{
		column("id", "INTEGER", whole),
		liteText("xm", "TEXT", "BINARY"),
		liteText("nc", "TEXT", "NOCASE"),
	}},
}

// liteTrees are trees that SQLite is given, of text by order only in a database of
// UTF-8: the golden shows how, and it must answer as DuckDB does.
var liteTrees = []struct {
	name    string
	ordered bool // by text
	make    func(b *builder) ir.Node
}{
	{"scan", false, func(b *builder) ir.Node { return b.scan("person") }},
	{"a look-up by a key", false, func(b *builder) ir.Node {
		s := b.scan("person", "id", "kk")
		return ir.Where(s, eq(col(s, "kk"), lit(col(s, "kk"), "a")))
	}},
	{"a key that is not asked for alone", false, func(b *builder) ir.Node {
		s := b.scan("person", "id", "kk")
		return ir.Where(s, not(eq(col(s, "kk"), lit(col(s, "kk"), "a"))))
	}},
	{"a key in an outer join's condition", false, func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "kk"), b.scan("visit", "vid", "person")
		return &ir.Join{Kind: ir.Left, Left: p, Right: v, On: []ir.Expr{eq(col(p, "id"), col(v, "person")), eq(col(p, "kk"), lit(col(p, "kk"), "a"))}}
	}},
	{"conditions of a WHERE", true, func(b *builder) ir.Node {
		s := b.scan("person", "id", "n", "ok", "born", "nc")
		return ir.Where(s, cmpr(ir.Ge, col(s, "n"), lit(col(s, "n"), int64(0))), col(s, "ok"), cmpr(ir.Lt, col(s, "born"), lit(col(s, "born"), int64(19782))),
			like(col(s, "nc"), "a%"))
	}},
	{"OR looks at all columns but those that are NULL", false, func(b *builder) ir.Node {
		s := b.scan("person", "id", "n", "xm", "bl")
		return ir.Where(s, or(eq(col(s, "id"), lit(col(s, "id"), int64(3))), eq(col(s, "n"), lit(col(s, "n"), int64(1))), eq(col(s, "xm"), lit(col(s, "xm"), "a")), null(col(s, "bl"))))
	}},
	{"every condition that negates", false, func(b *builder) ir.Node {
		s := b.scan("person", "id", "n", "xm", "rt")
		outside := in(col(s, "xm"), "a", "张三")
		outside.Negated = true
		return ir.Where(s, outside, cmpr(ir.IsDistinct, col(s, "rt"), lit(col(s, "rt"), "a")), not(and(notNull(col(s, "n")), eq(col(s, "n"), lit(col(s, "n"), int64(7))))))
	}},
	{"truth values where a column is named true", false, func(b *builder) ir.Node {
		s := b.scan("visit", "vid", "true")
		return ir.Where(s, lit(&ir.Ref{Typ: ir.Bool}, true), or(lit(&ir.Ref{Typ: ir.Bool}, false), notNull(col(s, "vid"))))
	}},
	{"columns against columns", true, func(b *builder) ir.Node {
		s := b.scan("person", "id", "xm", "nc", "rt", "js", "n")
		return ir.Where(s, or(eq(col(s, "nc"), col(s, "rt")), cmpr(ir.Lt, col(s, "xm"), col(s, "js")), cmpr(ir.IsNotDistinct, col(s, "xm"), col(s, "nc")),
			cmpr(ir.IsDistinct, col(s, "n"), col(s, "id"))))
	}},
	{"project renames and reorders", false, func(b *builder) ir.Node { return b.project(b.scan("visit", "vid", "xm", "nc"), true, 2, 0, 0) }},
	{"inner join to the rowid", false, func(b *builder) ir.Node {
		p, o := b.scan("person", "id", "xm"), b.scan("person", "n", "bl")
		return &ir.Join{Kind: ir.Inner, Left: o, Right: p, On: []ir.Expr{eq(col(o, "n"), col(p, "id"))}}
	}},
	{"inner join by text", false, func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "nc"), b.scan("visit", "nc", "vid")
		return &ir.Join{Kind: ir.Inner, Left: p, Right: ir.Where(v, notNull(col(v, "vid"))), On: []ir.Expr{eq(col(p, "nc"), col(v, "nc"))}}
	}},
	{"left join", false, func(b *builder) ir.Node {
		p, v := b.scan("person", "id", "rt"), b.scan("visit", "person", "xm", "vid")
		return &ir.Join{Kind: ir.Left, Left: p, Right: ir.Where(v, notNull(col(v, "vid"))), On: []ir.Expr{eq(col(p, "id"), col(v, "person")), cmpr(ir.Ne, col(p, "rt"), col(v, "xm"))}}
	}},
	{"a left join at the right of an inner one", false, func(b *builder) ir.Node {
		p, v, w := b.scan("person", "id"), b.scan("visit", "person", "vid"), b.scan("person", "id", "n")
		left := &ir.Join{Kind: ir.Left, Left: v, Right: w, On: []ir.Expr{eq(col(v, "vid"), col(w, "id"))}}
		return &ir.Join{Kind: ir.Inner, Left: p, Right: left, On: []ir.Expr{eq(col(p, "id"), col(v, "person"))}}
	}},
	{"semi join", false, func(b *builder) ir.Node {
		p, q := b.scan("person", "id", "n"), b.scan("person", "id", "xm")
		return &ir.Join{Kind: ir.Semi, Left: p, Right: ir.Where(q, notNull(col(q, "xm"))), On: []ir.Expr{eq(col(p, "n"), col(q, "id"))}}
	}},
	{"anti join", false, func(b *builder) ir.Node {
		p, c := b.scan("person", "id", "nc"), b.scan("code", "k")
		return &ir.Join{Kind: ir.Anti, Left: p, Right: c, On: []ir.Expr{eq(col(p, "nc"), col(c, "k"))}}
	}},
	{"counts", false, func(b *builder) ir.Node {
		s := b.scan("person")
		return b.group(s, nil, agg("count_star"), agg("count", col(s, "price")), agg("count", col(s, "xm")), distinct(agg("count", col(s, "n"))),
			distinct(agg("count", col(s, "ok"))), distinct(agg("count", col(s, "born"))), distinct(agg("count", col(s, "nc"))), distinct(agg("count", col(s, "rt"))),
			distinct(agg("count", col(s, "bl"))), where(agg("count_star"), or(col(s, "ok"), null(col(s, "n")))))
	}},
	{"least and greatest", false, func(b *builder) ir.Node {
		s := b.scan("person")
		var list []*ir.Agg
		for _, name := range []string{"id", "n", "ok", "born", "bl"} {
			list = append(list, agg("min", col(s, name)), agg("max", col(s, name)))
		}
		return b.group(s, nil, list...)
	}},
	{"least and greatest text", true, func(b *builder) ir.Node {
		s := b.scan("person")
		var list []*ir.Agg
		for _, name := range []string{"xm", "nc", "rt", "js", "un", "kk"} {
			list = append(list, agg("min", col(s, name)), agg("max", col(s, name)))
		}
		return b.group(s, nil, list...)
	}},
	{"an empty input", false, func(b *builder) ir.Node {
		s := b.scan("person", "id", "xm")
		return b.group(ir.Where(s, cmpr(ir.Lt, col(s, "id"), lit(col(s, "id"), int64(0)))), nil, agg("count_star"), agg("min", col(s, "id")), agg("count", col(s, "xm")))
	}},
	{"groups", false, func(b *builder) ir.Node {
		s := b.scan("person", "nc", "rt", "ok", "born", "n", "id")
		return b.group(s, []ir.Expr{col(s, "nc"), col(s, "ok"), col(s, "born")}, agg("count_star"), agg("max", col(s, "id")), distinct(agg("count", col(s, "rt"))))
	}},
	{"an aggregate over groups", true, func(b *builder) ir.Node {
		s := b.scan("person", "rt", "nc", "id")
		g := b.group(s, []ir.Expr{col(s, "rt")}, agg("count_star"), agg("max", col(s, "nc")))
		return b.group(ir.Where(g, or(notNull(col(g, "rt")), eq(col(g, "rt"), lit(col(g, "rt"), "a")))), []ir.Expr{col(g, "count_star")}, agg("max", col(g, "max")), agg("min", col(g, "rt")))
	}},
	{"a filter over aggregates", true, func(b *builder) ir.Node {
		s := b.scan("person", "rt", "nc", "born")
		g := b.group(s, []ir.Expr{col(s, "rt")}, agg("count_star"), agg("max", col(s, "nc")), agg("min", col(s, "born")))
		return ir.Where(g, cmpr(ir.Gt, col(g, "count_star"), number(1)), or(like(col(g, "max"), "a%"), cmpr(ir.Lt, col(g, "min"), lit(col(g, "min"), int64(0)))))
	}},
	{"a join by an aggregate", false, func(b *builder) ir.Node {
		v, p := b.scan("visit", "person", "vid"), b.scan("person", "id", "n")
		g := b.group(v, []ir.Expr{col(v, "person")}, agg("min", col(v, "vid")))
		return &ir.Join{Kind: ir.Left, Left: p, Right: g, On: []ir.Expr{eq(col(p, "n"), col(g, "min"))}}
	}},
	{"a join over groups", false, func(b *builder) ir.Node {
		v, p := b.scan("visit", "person", "vid"), b.scan("person", "id", "xm")
		g := b.group(v, []ir.Expr{col(v, "person")}, where(agg("max", col(v, "vid")), cmpr(ir.Gt, col(v, "vid"), lit(col(v, "vid"), int64(1)))))
		return b.project(&ir.Join{Kind: ir.Inner, Left: g, Right: p, On: []ir.Expr{eq(col(g, "person"), col(p, "id"))}}, false, 3, 1)
	}},
	{"sort", true, func(b *builder) ir.Node {
		s := b.scan("person", "id", "nc", "born", "bl")
		return &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, "nc")), down(col(s, "born")), {Expr: col(s, "bl"), NullsFirst: true}, by(col(s, "id"))}}
	}},
	{"a column that only sorts", true, func(b *builder) ir.Node {
		s := b.scan("person", "id", "rt", "n")
		return b.project(&ir.Sort{Input: s, Keys: []ir.Key{{Expr: col(s, "rt"), Desc: true}, {Expr: col(s, "n"), NullsFirst: true}, by(col(s, "id"))}}, true, 0)
	}},
	{"top n", true, func(b *builder) ir.Node {
		s := b.scan("person", "id", "nc")
		return &ir.TopN{Input: ir.Where(s, notNull(col(s, "nc"))), Keys: []ir.Key{down(col(s, "nc")), by(col(s, "id"))}, Count: number(5), Offset: number(2)}
	}},
	{"a filter over top n", false, func(b *builder) ir.Node {
		s := b.scan("person", "id", "ok")
		return ir.Where(&ir.TopN{Input: s, Keys: []ir.Key{down(col(s, "id"))}, Count: number(10)}, not(col(s, "ok")))
	}},
	{"limit of a limit", false, func(b *builder) ir.Node {
		s := b.scan("person", "id")
		return b.group(&ir.Limit{Input: &ir.TopN{Input: s, Keys: []ir.Key{by(col(s, "id"))}, Count: number(9)}, Count: number(4)}, nil, agg("max", col(s, "id")))
	}},
	{"barrier over a row filter", false, func(b *builder) ir.Node {
		s := b.scan("visit", "vid", "person", "xm")
		bar := &ir.Barrier{Input: b.project(ir.Where(s, notNull(col(s, "xm"))), false, 0, 1)}
		return ir.Where(bar, or(cmpr(ir.Gt, col(s, "person"), lit(col(s, "person"), int64(2))), null(col(s, "vid"))))
	}},
	{"a view", false, func(b *builder) ir.Node {
		v := b.scan("seen")
		return b.group(ir.Where(v, cmpr(ir.Ne, col(v, "nc"), col(v, "xm"))), []ir.Expr{col(v, "nc")}, agg("min", col(v, "id")))
	}},
}

// TestSQLiteStatements shows how the trees are written.
func TestSQLiteStatements(t *testing.T) {
	made := map[string]bool{}
	datadriven.RunTest(t, "testdata/sqlite", func(t *testing.T, d *datadriven.TestData) string {
		for _, c := range liteTrees {
			if c.name == strings.TrimSpace(d.Input) {
				made[c.name] = true
				return written(dialect.For("sqlite"), c.make(newBuilder(liteTables)))
			}
		}
		d.Fatalf(t, "no such tree: %s", d.Input)
		return ""
	})
	for _, c := range liteTrees {
		if !made[c.name] {
			t.Errorf("testdata/sqlite has no tree %q", c.name)
		}
	}
}
