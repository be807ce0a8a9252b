package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// TestMySQLVerdicts: what MySQL is asked of a column and a constant, and why not more.
func TestMySQLVerdicts(t *testing.T) {
	d := dialect.For("mysql")
	of := func(source string, k catalog.Kind) catalog.Column { return column("x", source, kind(k)) }
	day := int64(86400000000)
	for _, c := range []struct {
		name   string
		column catalog.Column
		op     dialect.Op
		values []any
		reason string
	}{
		{"a number", of("int(11)", catalog.Int32), dialect.Lt, []any{int64(7)}, ""},
		{"a number that the type does not hold", of("int(11)", catalog.Int32), dialect.Lt, []any{int64(1 << 31)}, "can hold"},
		{"an unsigned number", of("bigint(20) unsigned", catalog.Uint64), dialect.Eq, []any{uint64(1<<64 - 1)}, ""},
		{"a bigint that is read as an int", of("bigint(20)", catalog.Int32), dialect.Eq, []any{int64(7)}, "stored as bigint(20)"},
		{"a year", of("year(4)", catalog.Int16), dialect.Gt, []any{int64(1999)}, ""},
		{"a year in short", of("year(4)", catalog.Int16), dialect.Eq, []any{int64(99)}, "can hold"},
		{"a truth value", of("bit(1)", catalog.Bool), dialect.Eq, []any{true}, ""},
		{"a float", of("float", catalog.Float32), dialect.Eq, []any{1.5}, "floating point"},
		{"a double is there", of("double", catalog.Float64), dialect.NotNull, nil, ""},
		{"a day", of("date", catalog.Date), dialect.Ge, []any{int64(19782)}, ""},
		{"a day before the first", of("date", catalog.Date), dialect.Ge, []any{int64(-719163)}, "can hold"},
		{"a day behind the last", of("date", catalog.Date), dialect.Ge, []any{int64(2932897)}, "can hold"},
		{"a moment", of("datetime(6)", catalog.Timestamp), dialect.Eq, []any{day + 1}, ""},
		{"a moment of more digits than the column", of("datetime", catalog.Timestamp), dialect.Eq, []any{day + 1}, "can hold"},
		{"a moment of as many digits", of("timestamp(3)", catalog.TimestampTZ), dialect.Eq, []any{day + 1000}, ""},
		{"a moment of one digit more", of("timestamp(3)", catalog.TimestampTZ), dialect.Eq, []any{day + 100}, "can hold"},
		{"a decimal", column("x", "decimal(10,2)", catalog.DecimalOf(10, 2)), dialect.Ne, []any{"1.50"}, ""},
		{"a decimal that is none", column("x", "decimal(10,2)", catalog.DecimalOf(10, 2)), dialect.Ne, []any{"1e3"}, "can hold"},
		{"a text", of("varchar(20)", catalog.Text), dialect.Le, []any{"中"}, ""},
		{"a long text", of("longtext", catalog.Text), dialect.Ne, []any{"a"}, ""},
		{"a text that is not UTF-8", of("varchar(20)", catalog.Text), dialect.Eq, []any{"\xff"}, "can hold"},
		{"bits as text", of("bit(8)", catalog.Text), dialect.Eq, []any{"00000001"}, "stored as bit(8)"},
		{"a large decimal as text", of("decimal(65,2)", catalog.Text), dialect.Eq, []any{"1.00"}, "stored as decimal(65,2)"},
		{"an address as text", of("inet6", catalog.Text), dialect.Eq, []any{"::1"}, "stored as inet6"},
		{"bytes", of("varbinary(9)", catalog.Blob), dialect.Gt, []any{[]byte{0}}, ""},
		{"a place", of("point", catalog.Blob), dialect.Eq, []any{[]byte{0}}, "stored as point"},
		{"JSON", of("json", catalog.JSON), dialect.Eq, []any{"{}"}, "in its own way"},
		{"a time of day", of("time", catalog.Interval), dialect.Eq, []any{int64(1)}, "in its own way"},
		{"no operator", of("int(11)", catalog.Int32), 0, nil, "unknown operator"},
		{"no value", of("int(11)", catalog.Int32), dialect.In, nil, "number of values"},
		{"two values", of("int(11)", catalog.Int32), dialect.Eq, []any{int64(1), int64(2)}, "number of values"},
		{"no type", catalog.Column{Name: "x", SourceType: "vector"}, dialect.IsNull, nil, "cannot be read"},
	} {
		p := dialect.Predicate{Column: c.column, Op: c.op}
		for _, v := range c.values {
			p.Values = append(p.Values, catalog.Value{Type: c.column.Type, V: v})
		}
		v, reason := d.Verdict(p)
		check(t, c.name, v, reason, c.reason)
	}
	long := dialect.Predicate{Column: of("int(11)", catalog.Int32), Op: dialect.In}
	for i := range int64(1001) {
		long.Values = append(long.Values, catalog.Value{Type: long.Column.Type, V: i})
	}
	v, reason := d.Verdict(long)
	check(t, "1,001 values", v, reason, "more than 1000")
	v, reason = d.Verdict(dialect.Predicate{Column: of("int(11)", catalog.Int32), Op: dialect.Eq, Values: []catalog.Value{{Type: whole, V: int64(1)}}})
	check(t, "a value of another type", v, reason, "another type")
}

// TestMySQLScan: a scan's text and the values in the order in which it asks for them.
func TestMySQLScan(t *testing.T) {
	table := &catalog.Table{ID: catalog.TableID{Schema: "市`级", Name: "a`b"}}
	name := func(n, source string, k catalog.Kind, collation string) catalog.Column {
		return column(n, source, kind(k), catalog.Collation{Name: collation})
	}
	for _, c := range []struct {
		column catalog.Column
		op     dialect.Op
		values []any
		want   string
		asked  []any
	}{
		{name("x", "varchar(9)", catalog.Text, "utf8mb4_general_ci"), dialect.Eq, []any{"中"}, "(`x` = ? AND CAST(`x` AS BINARY) = CAST(? AS BINARY))", []any{"中", "中"}},
		{name("x", "varchar(9)", catalog.Text, "utf8mb4_bin"), dialect.In, []any{"a", "b"}, "(`x` IN (?, ?) AND CAST(`x` AS BINARY) IN (CAST(? AS BINARY), CAST(? AS BINARY)))", []any{"a", "b", "a", "b"}},
		{name("x", "varchar(9)", catalog.Text, "utf8mb4_bin"), dialect.Gt, []any{"a"}, "CAST(`x` AS BINARY) > CAST(? AS BINARY)", []any{"a"}},
		{name("x", "varchar(9)", catalog.Text, "utf8mb3_general_ci"), dialect.Eq, []any{"😀"}, "CAST(`x` AS BINARY) = CAST(? AS BINARY)", []any{"😀"}},
		{name("x", "varchar(9)", catalog.Text, "latin1_swedish_ci"), dialect.Eq, []any{"a"}, "(`x` = ? AND CAST(CONVERT(`x` USING utf8mb4) AS BINARY) = CAST(? AS BINARY))", []any{"a", "a"}},
		{name("x", "varchar(9)", catalog.Text, "gbk_chinese_ci"), dialect.Eq, []any{"中"}, "CAST(CONVERT(`x` USING utf8mb4) AS BINARY) = CAST(? AS BINARY)", []any{"中"}},
		{name("x", "varchar(9)", catalog.Text, "swe7_swedish_ci"), dialect.Eq, []any{"a"}, "CAST(CONVERT(`x` USING utf8mb4) AS BINARY) = CAST(? AS BINARY)", []any{"a"}},
		{name("x", "varchar(9)", catalog.Text, ""), dialect.Ne, []any{"a"}, "CAST(CONVERT(`x` USING utf8mb4) AS BINARY) <> CAST(? AS BINARY)", []any{"a"}},
		{name("x", "enum('a')", catalog.Text, "utf8mb4_bin"), dialect.Eq, []any{"a"}, "(`x` = ? AND CAST(CONVERT(`x` USING utf8mb4) AS BINARY) = CAST(? AS BINARY))", []any{"a", "a"}},
		{name("x", "date", catalog.Date, ""), dialect.Eq, []any{int64(1)}, "`x` = CAST(? AS DATE)", []any{int64(1)}},
		{name("x", "datetime(6)", catalog.Timestamp, ""), dialect.Lt, []any{int64(1)}, "(`x` < CAST(? AS DATETIME(6)) AND DAYOFMONTH(`x`) BETWEEN 1 AND DAYOFMONTH(LAST_DAY(`x`)))", []any{int64(1)}},
		{name("x", "date", catalog.Date, ""), dialect.IsNull, nil, "CASE WHEN DAYOFMONTH(`x`) BETWEEN 1 AND DAYOFMONTH(LAST_DAY(`x`)) THEN `x` END IS NULL", nil},
		{name("?1", "bigint(20) unsigned", catalog.Uint64, ""), dialect.Ge, []any{uint64(1)}, "`?1` >= CAST(? AS UNSIGNED)", []any{uint64(1)}},
		{name("x", "varbinary(9)", catalog.Blob, ""), dialect.Eq, []any{[]byte("a")}, "`x` = CAST(? AS BINARY)", []any{[]byte("a")}},
	} {
		p := dialect.Predicate{Column: c.column, Op: c.op}
		for _, v := range c.values {
			p.Values = append(p.Values, catalog.Value{Type: c.column.Type, V: v})
		}
		sql, values := dialect.For("mysql").Scan(table, []catalog.Column{c.column}, []dialect.Predicate{p})
		want := "SELECT `" + c.column.Name + "` FROM `市``级`.`a``b` WHERE " + c.want
		if sql != want {
			t.Errorf("%s\nwant %s", sql, want)
		}
		asked := make([]any, len(values))
		for i, v := range values {
			asked[i] = v.V
		}
		if fmt.Sprint(asked) != fmt.Sprint(c.asked) {
			t.Errorf("%s: asks for %v, want %v", sql, asked, c.asked)
		}
	}
}

// TestMySQLJoins: which joins MySQL finds rows for without a look at each pair.
func TestMySQLJoins(t *testing.T) {
	number := func(name string) catalog.Column { return column(name, "int(11)", kind(catalog.Int32)) }
	word := func(name, collation string) catalog.Column { return mysqlText(name, "varchar(20)", collation) }
	tables := map[string]*catalog.Table{
		"a": {ID: catalog.TableID{Schema: "s", Name: "a"}, PrimaryKey: []string{"id", "n"}, Columns: []catalog.Column{number("id"), number("n"), word("w", "utf8mb4_bin")}},
		"b": {ID: catalog.TableID{Schema: "s", Name: "b"}, Unique: [][]string{{"u"}}, Columns: []catalog.Column{number("of"), number("n"), word("u", "utf8mb4_bin"), word("v", "utf8mb4_general_ci")}},
	}
	for _, c := range []struct {
		name   string
		kind   ir.JoinKind
		left   string
		on     func(a, b ir.Node) []ir.Expr // a is the left one
		over   func(b *builder, n ir.Node) ir.Node
		reason string
	}{
		{"by the right side's key", ir.Left, "b", func(b, a ir.Node) []ir.Expr { return []ir.Expr{eq(col(b, "of"), col(a, "id"))} }, nil, ""},
		{"by the second column of a key", ir.Left, "b", func(b, a ir.Node) []ir.Expr { return []ir.Expr{eq(col(b, "n"), col(a, "n"))} }, nil, "without a key"},
		{"by the left side's key", ir.Left, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "id"), col(b, "of"))} }, nil, "without a key"},
		{"by the left side's key, inner", ir.Inner, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "id"), col(b, "of"))} }, nil, ""},
		{"by no key", ir.Inner, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "n"), col(b, "n"))} }, nil, "without a key"},
		{"by a key of text", ir.Inner, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "w"), col(b, "u"))} }, nil, ""},
		{"by texts of two collations", ir.Inner, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "w"), col(b, "v"))} }, nil, "two collations"},
		{"with groups", ir.Left, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "n"), col(b, "n"))} },
			func(b *builder, n ir.Node) ir.Node { return b.group(n, []ir.Expr{col(n, "n")}, agg("count_star")) }, ""},
		{"with a row filter's table", ir.Left, "b", func(b, a ir.Node) []ir.Expr { return []ir.Expr{eq(col(b, "of"), col(a, "id"))} },
			func(_ *builder, n ir.Node) ir.Node { return &ir.Barrier{Input: ir.Where(n, notNull(col(n, "n")))} }, ""},
		{"whether there are rows", ir.Semi, "a", func(a, b ir.Node) []ir.Expr { return []ir.Expr{eq(col(a, "n"), col(b, "n")), notNull(col(b, "u"))} }, nil, ""},
		{"whether there are rows that are more", ir.Anti, "a", func(a, b ir.Node) []ir.Expr {
			return []ir.Expr{eq(col(a, "n"), col(b, "n")), cmpr(ir.Lt, col(a, "id"), col(b, "of"))}
		}, nil, "without a key"},
		{"whether there are rows that are more, by a key", ir.Anti, "b", func(b, a ir.Node) []ir.Expr {
			return []ir.Expr{eq(col(b, "of"), col(a, "id")), cmpr(ir.Lt, col(b, "n"), col(a, "n"))}
		}, nil, ""},
		{"whether there are rows for a text", ir.Semi, "b", func(b, a ir.Node) []ir.Expr { return []ir.Expr{eq(col(b, "u"), col(a, "w"))} }, nil, "for the same"},
		{"whether there are rows for a number, beside a text", ir.Semi, "b", func(b, a ir.Node) []ir.Expr {
			return []ir.Expr{eq(col(b, "of"), col(a, "id")), eq(col(a, "w"), lit(col(a, "w"), "x"))}
		}, nil, ""},
	} {
		b := newBuilder(tables)
		l, r := ir.Node(b.scan(c.left)), ir.Node(b.scan(map[string]string{"a": "b", "b": "a"}[c.left]))
		if c.over != nil {
			r = c.over(b, r)
		}
		j := &ir.Join{Kind: c.kind, Left: l, Right: r, On: c.on(l, r)}
		at := dialect.Places(l)
		for id, p := range dialect.Places(r) {
			at[id] = p
		}
		v, reason := dialect.For("mysql").Operator(j, at)
		check(t, c.name, v, reason, c.reason)
	}
}

// MySQL's own limits are verdicts, not errors of the source.
func TestMySQLLimits(t *testing.T) {
	wide := &catalog.Table{ID: catalog.TableID{Schema: "s", Name: "t"}, PrimaryKey: []string{"c0"}}
	for i := range 2100 {
		wide.Columns = append(wide.Columns, column(fmt.Sprintf("c%d", i), "int(11)", kind(catalog.Int32)))
	}
	b := newBuilder(map[string]*catalog.Table{"t": wide})
	d := dialect.For("mysql")
	l, r := b.scan("t"), b.scan("t")
	j := &ir.Join{Kind: ir.Inner, Left: l, Right: r, On: []ir.Expr{eq(l.Columns[0].Ref(), r.Columns[0].Ref())}}
	if ok, reason := exact(d, j); ok || !strings.Contains(reason, "4096 columns") {
		t.Errorf("a join of 4,200 columns: %v, %s", ok, reason)
	}
	var all ir.Node = b.scan("t", "c0")
	for i := range 60 {
		next := b.scan("t", "c0")
		all = &ir.Join{Kind: ir.Inner, Left: all, Right: next, On: []ir.Expr{eq(col(all, "c0"), col(next, "c0"))}}
		if ok, reason := exact(d, all); ok != (i < 59) || !ok && !strings.Contains(reason, "60 tables") {
			t.Fatalf("a join of %d tables: %v, %s", i+2, ok, reason)
		}
	}
	var many []ir.Expr
	for range 500 {
		many = append(many, eq(l.Columns[0].Ref(), lit(l.Columns[0].Ref(), int64(1))))
	}
	v, reason := d.Condition(or(many...), dialect.Places(l))
	check(t, "a condition of 1,001 parts", v, reason, "1000 parts")
	var values []any
	for i := range int64(1000) {
		values = append(values, i)
	}
	var preds []ir.Expr
	for i := range 65 {
		preds = append(preds, in(l.Columns[i].Ref(), values...))
	}
	if _, err := d.Statement(ir.Where(l, preds...)); err != nil {
		t.Errorf("65,000 values: %v", err)
	}
	if _, err := d.Statement(ir.Where(l, append(preds, in(l.Columns[99].Ref(), values...))...)); err == nil {
		t.Error("66,000 values are more than a statement holds")
	}
}

// FuzzMySQL: whatever names and values hold, outside of backticks a statement has
// nothing of them, inside the names alone, and values are bound in the text's order.
func FuzzMySQL(f *testing.F) {
	f.Add("public", "t", "c", "v")
	f.Add("a`b", "`; DROP TABLE x; --", "c`", "'")
	f.Add("", "?1", "a.b", "\\")
	f.Add("q1", "t1", "c1", "`) AS `q1")
	const text = "CAST(N.N AS BINARY)"
	const shape = "SELECT CONVERT(N.N USING utf8mb4) AS N, CONVERT(N.N USING utf8mb4) AS N FROM (SELECT " + text + " AS N, max(CASE WHEN ((N.N IS NULL) OR NOT ((N.N = ? AND " + text + " = CAST(? AS BINARY)))) THEN " + text + " END) AS N" +
		" FROM (SELECT N.N AS N FROM N.N AS N) AS N INNER JOIN N.N AS N ON (N.N = N.N AND " + text + " = " + text + ")" +
		" WHERE ((N.N = ? AND " + text + " = CAST(? AS BINARY))) AND (((N.N IN (?, ?) AND " + text + " IN (CAST(? AS BINARY), CAST(? AS BINARY)))) OR (" + text + " >= CAST(? AS BINARY) AND " + text + " < CAST(? AS BINARY)))" +
		" GROUP BY " + text + ") AS N ORDER BY N.N IS NULL ASC, N.N ASC LIMIT ?"
	f.Fuzz(func(t *testing.T, schema, table, name, value string) {
		d := dialect.For("mysql")
		s, err := d.Statement(namedTree(schema, table, name, value, "varchar(20)"))
		if err != nil {
			if v, _ := d.Verdict(dialect.Predicate{Column: mysqlText("c", "varchar(20)", "utf8mb4_bin"), Op: dialect.Eq, Values: []catalog.Value{{Type: catalog.Type{Kind: catalog.Text}, V: value}}}); v == dialect.Exact {
				t.Error(err)
			}
			return
		}
		swap := strings.NewReplacer("`", `"`, `"`, "`") // outside knows double quotes
		rest, names := outside(t, swap.Replace(s.SQL))
		if rest != shape {
			t.Errorf("outside of backticks: %s\nwant %s", rest, shape)
		}
		for _, n := range names {
			switch n = swap.Replace(n); {
			case n == schema, n == table, n == name:
			case len(n) == 2 && strings.Contains("ctq", n[:1]) && n[1] >= '1' && n[1] <= '9':
			default:
				t.Errorf("a name of nobody: %q", n)
			}
		}
		want := []any{value, value, value, value, value, "b", value, "b", "p", "q", int64(3)}
		if len(s.Values) != len(want) {
			t.Fatalf("%d values", len(s.Values))
		}
		for i, v := range s.Values {
			if v.V != want[i] {
				t.Errorf("value %d is %v, want %v", i+1, v.V, want[i])
			}
		}
	})
}
