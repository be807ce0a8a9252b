//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// Kinds of which no values are in edges: the conditions and trees over person, visit
// and odd have them.
var elsewhere = dialect.Kinds{catalog.Bool, catalog.Float32, catalog.Float64, catalog.Blob, catalog.Time, catalog.TimestampTZ, catalog.UUID, catalog.HugeInt,
	catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64}

var signs = map[string]ir.CompareOp{"=": ir.Eq, "<>": ir.Ne, "<": ir.Lt, "<=": ir.Le, ">": ir.Gt, ">=": ir.Ge}

// patterns are those of each shape.
var patterns = map[string][]string{
	"LIKE 'a%'": {"%", "a%", "中%", `a\%`, "😀%"}, "LIKE '%a'": {"%a", "%符", "% ", "%b"}, "LIKE '%a%'": {"%%", "%a%", "%中%", `%\%`, "%'%"},
	"LIKE 'a%b'": {"a%b", "%a%b%", "", "a", "100%x"}, "LIKE 'a_'": {"_", "a_", "__", "_%", "%_a", "中_字_", "100%_x"},
}

// part tries the parts of SQL that an entry stands for, over every type that it takes.
func (l *entryLab) part(t *testing.T, e dialect.Entry, name string) {
	t.Run(fmt.Sprintf("%s(%v)", name, e.Args), func(t *testing.T) {
		for _, k := range e.Args[0] {
			tried := slices.Contains(elsewhere, k)
			for _, edge := range edgesOf[l.engine] {
				if edge.kind != k {
					continue
				}
				for _, n := range l.treesOf(t, name, col(l.scan, "a_"+edge.name), col(l.scan, "b_"+edge.name)) {
					tried = true
					if ok, why := exact(l.dialect, n); ok {
						l.check(t, n)
					} else if !strings.Contains(why, "can hold") && !strings.Contains(why, "lies outside") {
						t.Errorf("%s of %s is not sent: %s", name, edge.name, why)
					}
				}
			}
			if !tried {
				t.Errorf("no values of %s", catalog.Type{Kind: k}.DuckDB())
			}
		}
	})
}

// treesOf makes trees of one part of SQL over two columns of a type.
func (l *entryLab) treesOf(t *testing.T, name string, a, b *ir.Ref) []ir.Node {
	s := l.only(&ir.And{List: []ir.Expr{a, b}})
	key := col(s, "id")
	ids := func(conds ...ir.Expr) (out []ir.Node) {
		for _, c := range conds {
			out = append(out, l.b.group(ir.Where(s, c), []ir.Expr{key}), l.b.group(ir.Where(s, not(c)), []ir.Expr{key}))
		}
		return out
	}
	switch name {
	case "=", "<>", "<", "<=", ">", ">=", "IN":
		rows, err := l.ask(t, "SELECT DISTINCT "+naiveExpr(a)+" AS x FROM ("+naive(s)+") WHERE x IS NOT NULL ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		var conds []ir.Expr
		var all []any
		for _, r := range rows {
			all = append(all, r[0])
			if op, ok := signs[name]; ok && len(all)%5 == 1 {
				conds = append(conds, cmpr(op, a, lit(a, r[0])))
			}
		}
		if name == "IN" {
			conds = append(conds, in(a, all[:len(all)/2]...), in(a, all[len(all)/2:]...))
		}
		return ids(conds...)
	case "COMPARISON OF TWO COLUMNS":
		return ids(eq(a, b), cmpr(ir.Lt, a, b), cmpr(ir.IsDistinct, a, b))
	case "GROUP BY":
		return []ir.Node{l.b.group(s, []ir.Expr{a}, agg("count_star"))}
	case "DISTINCT", "COLUMN OF A SET OPERATION":
		first, second := l.b.scan("edges", a.Name), l.b.scan("edges", b.Name)
		if name == "DISTINCT" {
			return []ir.Node{&ir.Distinct{Input: first}}
		}
		return []ir.Node{&ir.SetOp{Kind: ir.Union, Left: first, Right: second, Columns: []ir.Column{l.b.plan.NewColumn("u", a.Typ)}}}
	case "ORDER BY":
		return []ir.Node{&ir.Sort{Input: s, Keys: []ir.Key{by(a), by(key)}}, &ir.TopN{Input: s, Keys: []ir.Key{down(a), by(key)}, Count: number(100)}}
	case "count(DISTINCT)":
		return []ir.Node{l.b.group(s, nil, distinct(agg("count", a)), agg("count", a))}
	case "min", "max":
		return []ir.Node{l.b.group(s, []ir.Expr{b}, agg(name, a)), l.b.group(ir.Where(s, null(a)), nil, agg(name, a))}
	case "sum": // of few rows: 38 digits have room for no more
		return []ir.Node{l.b.group(s, []ir.Expr{key}, agg(name, a)), l.b.group(ir.Where(s, null(a)), nil, agg(name, a))}
	}
	var conds []ir.Expr
	for _, p := range patterns[name] {
		conds = append(conds, like(a, p), named("!~~", a, p))
		if w := strings.Trim(p, "%"); !strings.ContainsAny(w, "%_") {
			function := map[string]string{"LIKE 'a%'": "starts_with", "LIKE '%a'": "suffix", "LIKE '%a%'": "contains"}[name]
			if function != "" {
				conds = append(conds, named(function, a, w))
			}
		}
	}
	return ids(conds...)
}
