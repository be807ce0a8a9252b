package dialect_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// namedTree uses the names and values that it is given in every place of a statement.
func namedTree(schema, table, name, value, source string) ir.Node {
	collation := catalog.Collation{Name: "zh_CN.UTF-8", Binary: source == "VARCHAR"}
	if source == "varchar(20)" {
		collation.Name = "utf8mb4_general_ci"
	}
	t := &catalog.Table{ID: catalog.TableID{Schema: schema, Name: table}, Unique: [][]string{{name}}, Columns: []catalog.Column{column(name, source, text, collation)}}
	b := newBuilder(map[string]*catalog.Table{"a": t, "b": t})
	l, r := b.scan("a"), b.scan("b")
	x, y := l.Columns[0].Ref(), r.Columns[0].Ref()
	j := &ir.Join{Kind: ir.Inner, Left: &ir.Barrier{Input: l}, Right: r, On: []ir.Expr{eq(x, y)}}
	f := ir.Where(j, eq(x, lit(x, value)), or(in(y, value, "b"), like(y, "p%")))
	g := b.group(f, []ir.Expr{x}, where(agg("max", y), cmpr(ir.IsDistinct, y, lit(y, value))))
	return &ir.TopN{Input: g, Keys: []ir.Key{by(x)}, Count: number(3)}
}

// outside gives what of a text stands outside of quoted names, and the names.
func outside(t *testing.T, sql string) (string, []string) {
	var out, name strings.Builder
	var names []string
	inside := false
	for i := 0; i < len(sql); i++ {
		switch {
		case sql[i] == '"' && inside && i+1 < len(sql) && sql[i+1] == '"':
			i++
			name.WriteByte('"')
		case sql[i] == '"':
			if inside {
				names = append(names, name.String())
				name.Reset()
				out.WriteByte('N')
			}
			inside = !inside
		case inside:
			name.WriteByte(sql[i])
		default:
			out.WriteByte(sql[i])
		}
	}
	if inside {
		t.Errorf("an open quote: %s", sql)
	}
	return out.String(), names
}

// FuzzStatements: whatever names and values hold, outside of quotes a statement has
// nothing of them, inside of quotes it has the names alone, and values are bound.
func FuzzStatements(f *testing.F) {
	f.Add("public", "t", "c", "v")
	f.Add(`a"b`, `"; DROP TABLE x; --`, `c"`, `'`)
	f.Add("", "$1", "a.b", "\\")
	f.Add("q1", "t1", "c1", `") AS "q1`)
	shape := map[string]string{
		"postgres": `SELECT N.N AS N, N.N AS N FROM (SELECT N.N COLLATE N AS N, max(N.N COLLATE N) FILTER (WHERE ((N.N IS NULL) OR NOT ((N.N = $5::text AND N.N COLLATE N = $5::text)))) AS N` +
			` FROM (SELECT N.N AS N FROM N.N AS N) AS N INNER JOIN N.N AS N ON (N.N COLLATE N = N.N)` +
			` WHERE ((N.N = $1::text AND N.N COLLATE N = $1::text)) AND (((N.N IN ($2::text, $3::text) AND N.N COLLATE N IN ($2::text, $3::text))) OR (N.N COLLATE N LIKE $4::text ESCAPE ''))` +
			` GROUP BY N.N COLLATE N) AS N ORDER BY N.N COLLATE N ASC NULLS LAST LIMIT $6::bigint`,
		"duckdb": `SELECT N.N AS N, N.N AS N FROM (SELECT N.N AS N, max(N.N) FILTER (WHERE ((N.N IS NULL) OR NOT (N.N = CAST($5 AS VARCHAR)))) AS N` +
			` FROM (SELECT N.N AS N FROM N.N AS N) AS N INNER JOIN N.N AS N ON (N.N = N.N)` +
			` WHERE (N.N = CAST($1 AS VARCHAR)) AND ((N.N IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR))) OR (N.N LIKE CAST($4 AS VARCHAR)))` +
			` GROUP BY N.N) AS N ORDER BY N.N ASC NULLS LAST LIMIT CAST($6 AS BIGINT)`,
	}
	f.Fuzz(func(t *testing.T, schema, table, name, value string) {
		for _, e := range []struct{ dialect, source string }{{"postgres", "text"}, {"duckdb", "VARCHAR"}} {
			d := dialect.For(e.dialect)
			s, err := d.Statement(namedTree(schema, table, name, value, e.source))
			if err != nil {
				if v, _ := d.Verdict(dialect.Predicate{Column: column("c", e.source, text, catalog.Collation{Name: "x", Binary: true}), Op: dialect.Eq, Values: []catalog.Value{{Type: text, V: value}}}); v == dialect.Exact {
					t.Errorf("%s: %v", e.dialect, err)
				}
				continue
			}
			rest, names := outside(t, s.SQL)
			if rest != shape[e.dialect] {
				t.Errorf("%s: outside of quotes: %s", e.dialect, rest)
			}
			for _, n := range names {
				switch {
				case n == schema, n == table, n == name, n == "C":
				case len(n) == 2 && strings.Contains("ctq", n[:1]) && n[1] >= '1' && n[1] <= '9':
				default:
					t.Errorf("%s: a name of nobody: %q", e.dialect, n)
				}
			}
			want := []any{value, value, "b", "p%", value, int64(3)}
			for i, v := range s.Values {
				if v.V != want[i] {
					t.Errorf("%s: value %d is %v, want %v", e.dialect, i+1, v.V, want[i])
				}
			}
			if len(s.Values) != len(want) || len(s.Tables) != 1 || s.Tables[0].Schema != schema {
				t.Errorf("%s: %d values, tables %v", e.dialect, len(s.Values), s.Tables)
			}
		}
	})
}
