//go:build duckdb_arrow

package dialect_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// looks are the ways in which a tree asks something of a column. None reads the
// column itself, and in each the row of the wrong cell, number 2, has not been put
// aside by anything else when it is asked; some would be settled without a look. Only
// where a key's index finds no row at all is nothing looked at.
var looks = []struct {
	name string
	only func(t catalog.Type) bool
	make func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node
}{
	{"WHERE", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, eq(c, lit(c, v))), false, 0)
	}},
	{"the other arm of OR holds", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, or(eq(col(s, "id"), lit(col(s, "id"), int64(2))), eq(c, lit(c, v)))), false, 0)
	}},
	{"the other arm of OR holds, in an AND", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, and(notNull(col(s, "id")), or(eq(col(s, "id"), lit(col(s, "id"), int64(2))), eq(c, lit(c, v))))), false, 0)
	}},
	{"NOT of an AND that fails before", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, not(and(eq(col(s, "id"), lit(col(s, "id"), int64(1))), eq(c, lit(c, v))))), false, 0)
	}},
	{"NOT", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, not(eq(c, lit(c, v)))), false, 0)
	}},
	{"NOT IN", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		e := in(c, v)
		e.Negated = true
		return b.project(ir.Where(s, e), false, 0)
	}},
	{"NOT IN what is nowhere", text.Equal, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		e := in(c, "nowhere")
		e.Negated = true
		return b.project(ir.Where(s, e), false, 0)
	}},
	{"IS DISTINCT FROM", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, cmpr(ir.IsDistinct, c, lit(c, v))), false, 0)
	}},
	{"IS NOT DISTINCT FROM", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(s, cmpr(ir.IsNotDistinct, c, lit(c, v))), false, 0)
	}},
	{"a column with itself", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.project(ir.Where(s, eq(c, c)), false, 0)
	}},
	{"distinct from itself", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.project(ir.Where(s, cmpr(ir.IsDistinct, c, c)), false, 0)
	}},
	{"LIKE", func(t catalog.Type) bool { return t.Kind == catalog.Text }, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.project(ir.Where(s, like(c, "a%")), false, 0)
	}},
	{"FILTER", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.group(s, nil, where(agg("count_star"), eq(c, lit(c, v))))
	}},
	{"a group", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.project(b.group(s, []ir.Expr{c}, agg("count_star")), false, 1)
	}},
	{"a distinct count", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.group(s, nil, distinct(agg("count", c)))
	}},
	{"the least", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node { return b.group(s, nil, agg("min", c)) }},
	{"the greatest", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node { return b.group(s, nil, agg("max", c)) }},
	{"a sort", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.project(&ir.Sort{Input: s, Keys: []ir.Key{by(c)}}, false, 0)
	}},
	{"top n", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		return b.project(&ir.TopN{Input: s, Keys: []ir.Key{down(c)}, Count: number(1)}, false, 0)
	}},
	{"a join", whole.Equal, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		o := b.scan("person", "id")
		return b.project(&ir.Join{Kind: ir.Inner, Left: s, Right: o, On: []ir.Expr{eq(c, col(o, "id"))}}, false, 0)
	}},
	{"an anti join", text.Equal, func(b *builder, s *ir.Scan, c *ir.Ref, _ any) ir.Node {
		o := b.scan("code", "k")
		return b.project(&ir.Join{Kind: ir.Anti, Left: s, Right: o, On: []ir.Expr{eq(c, col(o, "k"))}}, false, 0)
	}},
	{"the condition of an outer join", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		o := b.scan("visit", "vid")
		return b.project(&ir.Join{Kind: ir.Left, Left: s, Right: o, On: []ir.Expr{eq(col(s, "id"), col(o, "vid")), eq(c, lit(c, v))}}, false, 0)
	}},
	{"a filter over groups", anyType, func(b *builder, s *ir.Scan, c *ir.Ref, v any) ir.Node {
		return b.project(ir.Where(b.group(s, []ir.Expr{c}, agg("count_star")), eq(c, lit(c, v))), false, 1)
	}},
}

// TestSQLiteLooksAtCells: a cell of another class than its column's ends every tree
// that asks something of it, even one whose answer could be had without.
func TestSQLiteLooksAtCells(t *testing.T) {
	good := map[string]any{"n": int64(1), "ok": true, "born": int64(19782), "xm": "a", "nc": "a", "js": "a", "un": "a", "kk": "found", "bl": []byte{0}}
	statements := append(liteSetup, "INSERT INTO person (id, n, xm, kk) VALUES (1, 5, 'b', 'found'), (3, NULL, 'c', NULL)", "INSERT INTO visit (vid, nc) VALUES (1, 'b'), (2, 'z')")
	sound := openLite(t, liteFile(t, "UTF-8", append(statements, "INSERT INTO person (id) VALUES (2)")...))
	for _, cell := range []struct{ column, value string }{
		{"n", "'abc'"}, {"n", "1.5"}, {"ok", "2"}, {"born", "'2024-02-30'"}, {"born", "20240229"}, {"xm", "x'61'"}, {"nc", "x'61'"}, {"js", "5"}, {"un", "5.5"}, {"kk", "x'61'"}, {"bl", "'text'"},
	} {
		w := openLite(t, liteFile(t, "UTF-8", append(statements, "INSERT INTO person (id, "+cell.column+") VALUES (2, "+cell.value+")")...))
		tree := func(w *world, l int) ir.Node {
			b := newBuilder(w.tables)
			s := b.scan("person")
			return looks[l].make(b, s, col(s, cell.column), good[cell.column])
		}
		for l, look := range looks {
			if !look.only(col(newBuilder(w.tables).scan("person"), cell.column).Typ) {
				continue
			}
			t.Run(cell.column+" holds "+cell.value+"/"+look.name, func(t *testing.T) {
				if ok, reason := exact(w.dialect, tree(w, l)); !ok {
					t.Fatal(reason)
				}
				rows, s, err := w.answer(t.Context(), tree(w, l))
				var e *errs.Error
				if !errors.As(err, &e) || e.Code != errs.ValueUnreadable || !strings.Contains(e.Error(), cell.column) {
					t.Errorf("%v, %v\n%s", rows, err, s.SQL)
				}
				if _, _, err := sound.answer(t.Context(), tree(sound, l)); err != nil {
					t.Errorf("without the cell: %s", detail(err))
				}
			})
		}
		// Its being NULL asks nothing of the cell.
		b := newBuilder(w.tables)
		s := b.scan("person")
		c := col(s, cell.column)
		rows, _, err := w.answer(t.Context(), b.group(ir.Where(s, or(eq(col(s, "id"), lit(col(s, "id"), int64(1))), not(null(c)))), nil, agg("count", c)))
		want := map[string]string{"n": `['\x02']`, "kk": `['\x02']`, "xm": `['\x03']`}[cell.column]
		if want == "" {
			want = `['\x01']`
		}
		if err != nil || printed(rows)[0] != want {
			t.Errorf("%s: %v, %v, want %s", cell.column, printed(rows), err, want)
		}
	}
}

// TestSQLiteOperatorVerdicts: what SQLite is not given, and why.
func TestSQLiteOperatorVerdicts(t *testing.T) {
	utf16 := map[string]*catalog.Table{"person": {ID: liteTables["person"].ID, Columns: []catalog.Column{liteText("xm", "TEXT", "BINARY UTF-16"), liteText("nc", "TEXT", "")}}}
	codesByCase := map[string]*catalog.Table{"code": {ID: liteTables["code"].ID, Unique: [][]string{{"k"}}, Columns: []catalog.Column{liteText("k", "TEXT (STRICT)", "NOCASE")}}}
	long := func(s *ir.Scan) ir.Expr {
		var list []ir.Expr
		for range 300 {
			list = append(list, null(col(s, "n")))
		}
		return or(list...)
	}
	for _, c := range []struct {
		name   string
		tables map[string]*catalog.Table
		make   func(b *builder) ir.Node
		reason string // a part of it; empty for what is given
	}{
		{"a sum", nil, func(b *builder) ir.Node { s := b.scan("person"); return b.group(s, nil, agg("sum", col(s, "n"))) }, "64 bits"},
		{"a sum of a decimal", nil, func(b *builder) ir.Node { s := b.scan("person"); return b.group(s, nil, agg("sum", col(s, "price"))) }, "64 bits"},
		{"the least decimal", nil, func(b *builder) ir.Node { s := b.scan("person"); return b.group(s, nil, agg("min", col(s, "price"))) }, "not compared"},
		{"a group of doubles", nil, func(b *builder) ir.Node {
			s := b.scan("person")
			return b.group(s, []ir.Expr{col(s, "rate")}, agg("count_star"))
		}, "not compared"},
		{"a sort by a moment", nil, func(b *builder) ir.Node {
			s := b.scan("person")
			return &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, "seen"))}}
		}, "not compared"},
		{"two moments", nil, func(b *builder) ir.Node {
			s := b.scan("person")
			return ir.Where(s, eq(col(s, "seen"), col(s, "seen")))
		}, "not compared"},
		{"a decimal and a constant", nil, func(b *builder) ir.Node {
			s := b.scan("person")
			return ir.Where(s, eq(col(s, "price"), lit(col(s, "price"), "0.06")))
		}, "floating point"},
		{"a decimal's being NULL", nil, func(b *builder) ir.Node { s := b.scan("person"); return ir.Where(s, null(col(s, "price"))) }, ""},
		{"a join by no class", nil, func(b *builder) ir.Node {
			p, q := b.scan("person", "n"), b.scan("person", "n")
			return &ir.Join{Kind: ir.Inner, Left: p, Right: q, On: []ir.Expr{eq(col(p, "n"), col(q, "n"))}}
		}, "search by"},
		{"an outer join whose right side has no class", nil, func(b *builder) ir.Node {
			p, q := b.scan("person", "id"), b.scan("person", "n")
			return &ir.Join{Kind: ir.Left, Left: p, Right: q, On: []ir.Expr{eq(col(p, "id"), col(q, "n"))}}
		}, "search by"},
		{"a semi join without an index", nil, func(b *builder) ir.Node {
			p, v := b.scan("person", "id"), b.scan("visit", "vid")
			return &ir.Join{Kind: ir.Semi, Left: p, Right: v, On: []ir.Expr{eq(col(p, "id"), col(v, "vid"))}}
		}, "search by"},
		{"an anti join with an index", nil, func(b *builder) ir.Node {
			p, v := b.scan("person", "id"), b.scan("visit", "vid")
			return &ir.Join{Kind: ir.Anti, Left: v, Right: ir.Where(p, eq(col(p, "id"), lit(col(p, "id"), int64(1)))), On: []ir.Expr{eq(col(v, "vid"), col(p, "id"))}}
		}, ""},
		{"a semi join over groups", nil, func(b *builder) ir.Node {
			p, q := b.scan("person", "id"), b.scan("person", "id")
			return &ir.Join{Kind: ir.Semi, Left: p, Right: b.group(q, []ir.Expr{col(q, "id")}), On: []ir.Expr{eq(col(p, "id"), col(q, "id"))}}
		}, "search by"},
		{"a semi join by an index of another collation", codesByCase, func(b *builder) ir.Node {
			p, q := b.scan("code", "k"), b.scan("code", "k")
			return &ir.Join{Kind: ir.Semi, Left: p, Right: q, On: []ir.Expr{eq(col(p, "k"), col(q, "k"))}}
		}, "search by"},
		{"an outer join whose left side has no class", nil, func(b *builder) ir.Node {
			p, q := b.scan("person", "n"), b.scan("person", "id")
			return &ir.Join{Kind: ir.Left, Left: p, Right: q, On: []ir.Expr{eq(col(p, "n"), col(q, "id"))}}
		}, ""},
		{"too many tables", nil, func(b *builder) ir.Node {
			var n ir.Node = b.scan("person", "id")
			first := n.Output()[0].Ref()
			for range 60 {
				q := b.scan("person", "id")
				n = &ir.Join{Kind: ir.Inner, Left: n, Right: q, On: []ir.Expr{eq(first, col(q, "id"))}}
			}
			return n
		}, "60 tables"},
		{"a long condition", nil, func(b *builder) ir.Node { s := b.scan("person"); return ir.Where(s, long(s)) }, "500 parts"},
		{"long conditions together", nil, func(b *builder) ir.Node {
			s := b.scan("person")
			return ir.Where(s, long(s).(*ir.Or).List...)
		}, "500 parts"},
		{"UTF-16 by order", utf16, func(b *builder) ir.Node {
			s := b.scan("person")
			return &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, "xm"))}}
		}, "order of UTF-8"},
		{"UTF-16, the least", utf16, func(b *builder) ir.Node { s := b.scan("person"); return b.group(s, nil, agg("min", col(s, "xm"))) }, "order of UTF-8"},
		{"UTF-16, a beginning", utf16, func(b *builder) ir.Node { s := b.scan("person"); return ir.Where(s, like(col(s, "xm"), "a%")) }, "order of UTF-8"},
		{"UTF-16, two columns by order", utf16, func(b *builder) ir.Node {
			s := b.scan("person")
			return ir.Where(s, cmpr(ir.Gt, col(s, "xm"), col(s, "xm")))
		}, "order of UTF-8"},
		{"an encoding that is not known", utf16, func(b *builder) ir.Node {
			s := b.scan("person")
			return &ir.Sort{Input: s, Keys: []ir.Key{by(col(s, "nc"))}}
		}, "order of UTF-8"},
		{"UTF-16 in groups", utf16, func(b *builder) ir.Node {
			s := b.scan("person")
			return b.group(s, []ir.Expr{col(s, "xm")}, agg("count_star"))
		}, ""},
		{"a hidden cell of any class", nil, func(b *builder) ir.Node {
			s := b.scan("person", "id", "n", "ok")
			return ir.Where(&ir.Barrier{Input: ir.Where(s, notNull(col(s, "ok")))}, null(col(s, "n")))
		}, "a row that is hidden"},
		{"a group of hidden cells of any class", nil, func(b *builder) ir.Node {
			s := b.scan("person", "id", "n", "ok")
			return b.group(&ir.Barrier{Input: ir.Where(s, notNull(col(s, "ok")))}, []ir.Expr{col(s, "n")}, agg("count_star"))
		}, "a row that is hidden"},
		{"a view's hidden row", nil, func(b *builder) ir.Node {
			s := b.scan("seen", "id", "xm")
			return ir.Where(&ir.Barrier{Input: ir.Where(s, notNull(col(s, "xm")))}, notNull(col(s, "id")))
		}, "a view's column"},
		{"a hidden row of one class", nil, func(b *builder) ir.Node {
			s := b.scan("visit", "vid", "xm")
			return ir.Where(&ir.Barrier{Input: ir.Where(s, notNull(col(s, "xm")))}, eq(col(s, "vid"), lit(col(s, "vid"), int64(1))))
		}, ""},
		{"a condition of a join that is no equality", nil, func(b *builder) ir.Node {
			p, v := b.scan("person", "id"), b.scan("visit", "vid")
			return &ir.Join{Kind: ir.Inner, Left: p, Right: v, On: []ir.Expr{cmpr(ir.Lt, col(p, "id"), col(v, "vid"))}}
		}, "without an equality"},
	} {
		tables := c.tables
		if tables == nil {
			tables = liteTables
		}
		n := c.make(newBuilder(tables))
		ok, reason := exact(dialect.For("sqlite"), n)
		if ok != (c.reason == "") || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %v %q, want %q", c.name, ok, reason, c.reason)
		}
		if _, err := dialect.For("sqlite").Statement(n); (err == nil) != ok {
			t.Errorf("%s: the verdict is %v, the statement's error %v", c.name, ok, err)
		}
	}
	b := newBuilder(liteTables)
	s := b.scan("person")
	if v, reason := dialect.For("sqlite").Condition(long(s), dialect.Places(s)); v != dialect.None || !strings.Contains(reason, "500 parts") {
		t.Errorf("a long condition: %s %q", v, reason)
	}
}

// TestSQLitePlaces: a statement has a place for each value, up to SQLite's number.
func TestSQLitePlaces(t *testing.T) {
	thousand := make([]any, 1000)
	for i := range thousand {
		thousand[i] = int64(i)
	}
	b := newBuilder(liteTables)
	s := b.scan("visit", "vid")
	var n ir.Node = s
	for i := range 33 {
		n = ir.Where(n, in(col(s, "vid"), thousand...))
		if _, err := dialect.For("sqlite").Statement(n); (err == nil) != (i < 32) {
			t.Fatalf("%d values: %v", 1000*(i+1), err)
		}
	}
}
