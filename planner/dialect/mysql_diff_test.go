//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// TestAtMariaDB: whatever is exact, MariaDB answers as DuckDB.
func TestAtMariaDB(t *testing.T) {
	w := mariaWorld(t)
	t.Run("trees", func(t *testing.T) { w.trees(t, mysqlTables) })
	t.Run("conditions", func(t *testing.T) { w.conditions(t, "person", 2500) })
	t.Run("conditions of other types", func(t *testing.T) { w.conditions(t, "odd", 1000) })
	t.Run("random trees", w.randomTrees)
}

// mariaTables opens a database with the tables of some statements.
func mariaTables(t *testing.T, statements string) *world {
	t.Helper()
	db := testmaria.Start(t).Database(t)
	db.Exec(t, statements)
	return open(t, "mysql", mysql.Open, connectors.Config{Name: "sj", Kind: "mysql", DSN: db.Reader, Connections: 1})
}

// What MariaDB does beside the standard, each in the shape in which it was found.
func TestMariaDBEdges(t *testing.T) {
	var thousand []any
	for i := range 1000 {
		thousand = append(thousand, fmt.Sprintf("x%d", i))
	}
	thousand[500] = "a"
	w := mariaTables(t, `CREATE TABLE f (id int PRIMARY KEY, w varchar(9) COLLATE utf8mb4_general_ci, n int, b bigint, d decimal(38,2), KEY (w), UNIQUE (n));
		INSERT INTO f VALUES (1, 'a', 1, 9223372036854775807, 999999999999999999999999999999999999.99), (2, 'A', 2, 9223372036854775807, 1), (3, 'a ', NULL, 1, 1), (4, NULL, NULL, 1, 0.01);
		CREATE TABLE g (n int, w varchar(9) COLLATE utf8mb4_general_ci); INSERT INTO g VALUES (1, 'A'), (2, 'b'), (NULL, 'a');
		CREATE TABLE c1 (c2 int, c1 int); INSERT INTO c1 VALUES (1, 3), (2, 2), (3, 1)`)
	for _, c := range []struct {
		name string
		make func(b *builder) ir.Node
		want string
	}{
		{"a long list of texts is no subquery by their collation", func(b *builder) ir.Node {
			s := b.scan("f")
			return countOf(b, ir.Where(s, in(col(s, "w"), thousand...)))
		}, "1"},
		{"the same with NULL, in an EXISTS beside =", func(b *builder) ir.Node {
			l, r := b.scan("g", "n"), b.scan("f", "id", "n")
			return countOf(b, &ir.Join{Kind: ir.Semi, Left: l, Right: r, On: []ir.Expr{eq(col(l, "n"), col(r, "n")), cmpr(ir.IsNotDistinct, col(l, "n"), col(r, "n"))}})
		}, "2"},
		{"a sum beyond 64 bits", func(b *builder) ir.Node { s := b.scan("f"); return b.group(s, nil, agg("sum", col(s, "b"))) }, "18446744073709551616"},
		{"columns named like those of a statement", func(b *builder) ir.Node {
			s := b.scan("c1")
			return &ir.TopN{Input: s, Keys: []ir.Key{by(col(s, "c1"))}, Count: number(1)}
		}, "3"},
	} {
		n := c.make(newBuilder(w.tables))
		if err := ir.Check(n); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		rows, s, err := w.answer(t.Context(), n)
		if err != nil {
			t.Errorf("%s: %s: %s", c.name, detail(err), s.SQL)
		} else if got := fmt.Sprint(rows[0][0]); len(rows) != 1 || got != c.want {
			t.Errorf("%s: %v, want %s: %s", c.name, rows, c.want, s.SQL)
		}
	}
	b := newBuilder(w.tables)
	s := b.scan("f")
	sum := func(n ir.Node) ir.Node { return b.group(n, nil, agg("sum", col(s, "d"))) }
	rows, _, err := w.answer(t.Context(), sum(ir.Where(s, cmpr(ir.Gt, col(s, "d"), lit(col(s, "d"), "1.00")))))
	if err != nil || fmt.Sprint(rows[0][0]) != strings.Repeat("9", 36)+".99" {
		t.Errorf("a sum of 38 digits: %v, %v", rows, err)
	}
	if rows, _, err := w.answer(t.Context(), sum(s)); errs.CodeOf(err) != errs.ValueUnreadable {
		t.Errorf("a sum of 39 digits: %v, %v", rows, err)
	}
}

// A column that is computed when it is read may fail on a row that a row filter hides;
// one that is stored cannot.
func TestMariaDBComputedColumns(t *testing.T) {
	w := mariaTables(t, "CREATE TABLE v (id bigint, a bigint AS (id + 1) VIRTUAL, s bigint AS (id + 1) STORED); INSERT INTO v (id) VALUES (1)")
	b := newBuilder(w.tables)
	s := b.scan("v")
	over := &ir.Barrier{Input: ir.Where(s, notNull(col(s, "id")))}
	for name, want := range map[string]string{"id": "", "s": "", "a": "a computed column"} {
		e := cmpr(ir.Gt, col(s, name), lit(col(s, name), int64(0)))
		v, reason := w.dialect.Condition(e, dialect.Places(over))
		check(t, name+" over a row filter", v, reason, want)
		v, reason = w.dialect.Condition(e, dialect.Places(s))
		check(t, name, v, reason, "")
		if rows, _, err := w.answer(t.Context(), countOf(b, ir.Where(s, e))); err != nil || one(t, rows) != 1 {
			t.Errorf("%s: %v, %v (%s)", name, rows, err, errs.CodeOf(err))
		}
	}
}
