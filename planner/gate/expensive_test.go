package gate

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

func times(n int, s string) string { return strings.Repeat(s, n) }

// each joins f(0) .. f(n-1) with commas.
func each(n int, f func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = f(i)
	}
	return strings.Join(parts, ", ")
}

func format(f string) func(int) string {
	return func(i int) string { return strings.ReplaceAll(f, "#", fmt.Sprint(i)) }
}

// chain writes WITH clauses c1 .. cn, each made of the one before it.
func chain(n int, first, next string) string {
	return "with c0 as (" + first + "), " + each(n, func(i int) string {
		return fmt.Sprintf("c%d as (", i+1) + strings.ReplaceAll(next, "#", fmt.Sprint(i)) + ")"
	})
}

// expensive are texts that cost DuckDB seconds or gigabytes to parse or to bind.
var expensive = []struct {
	name, sql, id string
}{
	// Measured without the gate on 2 cores: the papers' cases.
	{"constant in limit: 23 s, 3.9 GB", "select 1 limit length(repeat('x', 2000000000))", "gate_value_too_large"},
	{"constant in where: 14 s", "select 1 where length(repeat('x', 2000000000)) > 1", "gate_value_too_large"},
	{"series in unnest: 7.7 s, 1.3 GB", "select unnest(range(10000000))", "gate_value_too_large"},
	{"series in from unnest", "select * from unnest(range(10000000))", "gate_value_too_large"},
	{"six WITH clauses of ten stars: over 12 s", chain(6, "select 1 a, 2 b", "select *,*,*,*,*,*,*,*,*,* from c#") + " select * from c6", "gate_too_wide"},
	{"267 bytes of multiplied stars: 20 MB plan", chain(5, "select 1 a", "select *,*,*,*,*,*,*,* from c#") + " select * from c5", "gate_too_wide"},
	{"200,000 values in IN: 500 MB", "select 1 where 1 in (" + each(200000, format("1")) + ")", "gate_too_many_constants"},
	{"50,000 ORs: 26 MB plan, 4.3 s", "select * from t where " + strings.ReplaceAll(each(50000, format("a = #")), ",", " or"), "gate_too_many_nodes"},
	{"16 WITH clauses that use the last one twice", chain(16, "select 1 a", "select x.a from c# x, c# y") + " select * from c16", "gate_too_many_tables"},

	// Found here. The first ones are expensive before there is a parse tree.
	{"CASE in the operand of CASE: 8^6 copies", "select " + times(6, "case ") + "1" + times(6, times(8, " when 1 then 1")+" end"), "gate_too_expanded"},
	{"a long named window a thousand times: 0.7 GB", "select " + each(1000, format("sum(x) over w")) + " from t window w as (partition by " + strings.TrimSuffix(times(150, "x + "), " + ") + ")", "gate_too_expanded"},
	{"ARRAY(.. ORDER BY ..) in ORDER BY: 3^12 copies, 1.4 GB", "select " + times(12, "array(select 1 union select 2 order by ") + "1" + times(12, ")"), "gate_too_expanded"},
	{"ARRAY((.. ORDER BY ..)) in ORDER BY", "select " + times(12, "array((select 1 union select 2 order by ") + "1" + times(12, "))"), "gate_too_expanded"},
	{"PIVOT without lists in PIVOT: 4^12 copies", "from " + times(12, "(pivot ") + "t" + times(12, " on a, b, c, d using sum(x))"), "gate_too_expanded"},
	{"aliases that double: 131,000 parts, 8 s", "select 1 a0, " + each(20, func(i int) string { return fmt.Sprintf("a%d + a%d as a%d", i, i, i+1) }), "gate_too_expanded"},
	{"aliases of columns that double", "select a a0, " + each(20, func(i int) string { return fmt.Sprintf("a%d || a%d as a%d", i, i, i+1) }) + " from t", "gate_rows_too_large"},
	{"an alias that doubles in where", "select a a0, " + each(15, func(i int) string { return fmt.Sprintf("a%d || a%d as a%d", i, i, i+1) }) + " from t where a15 = a15 or a15 = a15 or a15 = a15", "gate_rows_too_large"},
	{"BETWEEN in BETWEEN: 2^18 copies, 0.6 GB", "select " + times(18, "(") + "x" + times(18, " between false and true)") + " from (select true x)", "gate_too_expanded"},
	{"struct types that double: out of memory", chain(20, "select {'a': 1, 'b': 2} s", "select {'a': s, 'b': s} s from c#") + " select 1 from c20", "gate_too_wide"},
	{"rows of rows", chain(20, "select 1 s", "select x, x y from c# x") + " select 1 from c20", "gate_too_wide"},
	{"struct types in one list", "select {'a': 1} a0, " + each(20, func(i int) string { return fmt.Sprintf("{'x': a%d, 'y': a%d} as a%d", i, i, i+1) }), "gate_too_wide"},
	{"lambdas in lambdas: 2^40", "select " + times(40, "list_transform([1], x -> ") + "x" + times(40, ")"), "gate_too_expanded"},
	{"a long expression in nine lambdas: 2^9 times 300 parts", "select " + times(9, "list_transform([1], x -> ") + "x" + times(150, " + x") + times(9, ")"), "gate_too_expanded"},
	{"JSON arrows: 2^25", "select j" + times(25, "->'a'") + " from t", "gate_too_expanded"},
	{"nullif, a macro with two copies", "select " + times(30, "nullif(") + "a" + times(30, ", 1)") + " from t", "gate_too_expanded"},
	{"split_part, a macro with two copies", "select " + times(30, "split_part(") + "a" + times(30, ", 'x', 1)") + " from t", "gate_too_expanded"},
	{"COLUMNS in a long expression: 750,000 parts, 1.2 GB", "select columns(*)" + times(150, " + 1") + " from (select " + each(4999, format("1 a#")) + ")", "gate_too_expanded"},
	{"*COLUMNS many times", "select coalesce(" + each(9000, format("*columns(*)")) + ") from t", "gate_too_expanded"},
	{"PIVOT of 100 by 100 values", "select * from t pivot (sum(c) for a in (" + each(100, format("#")) + ") b in (" + each(100, format("#")) + "))", "gate_too_wide"},
	{"CUBE", "select 1 from t group by cube(" + each(15, format("a#")) + ")", "gate_too_many_nodes"},
	{"a chain of constants: 18 s", "select " + times(989, "1+") + "1", "gate_too_deep"},
	{"many chains of constants", "select " + each(90, format(times(99, "1+")+"1")), "gate_too_expanded"},
	{"json_transform to a wide struct", "select unnest(json_transform('{}', '{" + strings.TrimSuffix(times(6000, `"a":"INT",`), ",") + "}'))", "gate_too_wide"},

	{"a long string in the operand of CASE", "select case '" + times(500_000, "x") + "'" + times(2000, " when 1 then 1") + " end", "gate_too_expanded"},
	{"a long string for every column", "select columns(*) || '" + times(500_000, "x") + "' from (select " + each(500, format("1 a#")) + ")", "gate_too_expanded"},
	{"a long alias for every column", "select columns(*) + 1 as \"" + times(500_000, "x") + "\" from (select " + each(500, format("1 a#")) + ")", "gate_too_expanded"},
	{"a long name in many stars", "with c as (select 1 as \"" + times(900_000, "x") + "\") select " + each(90, format("t#.*")) + " from " + each(90, format("c t#")), "gate_too_expanded"},
	{"a name that is a long expression", "with c as (select '" + times(900_000, "x") + "') select " + each(90, format("t#.*")) + " from " + each(90, format("c t#")), "gate_too_expanded"},
	{"a struct of a thousand members in many places", "select " + each(2000, format("s")) + " from (select {" + each(1000, format("a#: 1")) + "} s)", "gate_too_wide"},
	{"a struct type in many casts", "select " + each(1000, format("null::struct("+each(20, format("b# int"))+", a# int) is null")), "gate_too_many_nodes"},
	{"an ENUM of a hundred thousand values", "select 'a'::enum(" + each(90000, format("'#'")) + ")", "gate_too_wide"},
	{"natural joins of wide tables: 8 s, 0.7 GB", "with t as (select " + each(2000, format("1 c#")) + ") select 1 from t t0" + strings.ReplaceAll(each(40, format(" natural join t t#_")), ",", ""), "gate_too_expanded"},
	{"regular expressions with repetitions: 3 ms each", "select " + each(2000, format("regexp_matches(c, '.{1000}#')")) + " from t", "gate_too_expanded"},

	// Values computed while binding.
	{"repeat of repeat", "select 1 limit length(repeat(repeat('x', 100000), 100000))", "gate_value_too_large"},
	{"repeat of a computed count", "select 1 limit length(repeat('x', length('12345') * 1000000))", "gate_size_unknown"},
	{"repeat of a product", "select 1 limit length(repeat('x', 1000 * 1000 * 1000))", "gate_value_too_large"},
	{"repeat of a cast", "select 1 limit length(repeat('x', '2000000000'::int))", "gate_value_too_large"},
	{"repeat of a number with an exponent", "select 1 limit length(repeat('x', 1e9::int))", "gate_value_too_large"},
	{"repeat as a method", "select 1 limit length(('x').repeat(2000000000))", "gate_value_too_large"},
	{"repeat of a column", "select repeat(a, 2000000000) from t", "gate_value_too_large"},
	{"repeat as a column's method", "select a.repeat(2000000000) from t", "gate_value_too_large"},
	{"lpad", "select lpad('', 2000000000, 'x')", "gate_value_too_large"},
	{"rpad", "select rpad('', 2000000000, 'x')", "gate_value_too_large"},
	{"list_resize", "select list_resize([1], 200000000)", "gate_value_too_large"},
	{"array_resize", "select array_resize([1], 200000000)", "gate_value_too_large"},
	{"bitstring", "select bitstring('1', 2000000000)", "gate_value_too_large"},
	{"format with a width", "select format('{:>2000000000}', 'x')", "gate_value_too_large"},
	{"format with a width from an argument", "select format('{:{}}', 'x', 2000000000)", "gate_value_too_large"},
	{"printf with a width", "select printf('%2000000000d', 1)", "gate_value_too_large"},
	{"printf with a width from an argument", "select printf('%*d', 2000000000, 1)", "gate_value_too_large"},
	{"format with places", "select format('" + times(2000, "{0}") + "', repeat('x', 100000))", "gate_value_too_large"},
	{"replace", "select replace(repeat('a', 100000), 'a', repeat('b', 100000))", "gate_value_too_large"},
	{"regexp_replace", `select regexp_replace(repeat('a', 100000), '.*', repeat('\0', 50000))`, "gate_value_too_large"},
	{"hex of hex", "select " + times(25, "hex(") + "'x'" + times(25, ")"), "gate_value_too_large"},
	{"to_json of to_json", "select " + times(25, "to_json(") + `'\'` + times(25, ")"), "gate_value_too_large"},
	{"json_pretty", "select json_pretty(repeat('[', 20000) || repeat(']', 20000))", "gate_value_too_large"},
	{"array_to_string", "select array_to_string(range(100000), repeat('x', 100000))", "gate_value_too_large"},
	{"a reduction that doubles", "select list_reduce(range(40), (a, b) -> a || a, 'x')", "gate_value_too_large"},
	{"lambdas over series", "select list_transform(range(10000), x -> list_sum(list_transform(range(10000), y -> x * y)))", "gate_value_too_large"},
	{"a lambda that repeats", "select list_transform([2000000000], x -> length(repeat('y', x)))", "gate_size_unknown"},
	{"levenshtein", "select levenshtein(repeat('a', 100000), repeat('b', 100000))", "gate_value_too_large"},
	{"like with many wild cards", "select repeat('a', 100) like '" + times(12, "%_a") + "b'", "gate_value_too_large"},
	{"arrays of arrays of NULL", "select null::int[100000][100000]", "gate_value_too_large"},
	{"a series by a small step", "select * from range(timestamp '1900-01-01', timestamp '2100-01-01', interval 1 microsecond)", "gate_too_many_rows"},
	{"a series of instants in one row", "select generate_series(timestamp '2000-01-01', timestamp '2001-01-01', interval 1 second)", "gate_value_too_large"},
	{"a series as table function", "select * from generate_series(1, 1000000000)", "gate_too_many_rows"},
	{"a long series by computed bounds", "select * from range(length(repeat('x', 1000))::bigint * 100000000)", "gate_bounds_unknown"},
	{"rows of repeat", "select * from repeat('x', 1000000000)", "gate_too_many_rows"},
	{"a value of repeat", "select * from repeat(repeat('x', 2000000000), 1)", "gate_value_too_large"},
	{"COLUMNS over a large value", "select columns(repeat('x', 2000000000)) from t", "gate_value_too_large"},
	{"a constant in a table function", "select * from json_each(repeat('x', 2000000000))", "gate_value_too_large"},

	// Deep nesting.
	{"parentheses", "select " + times(100000, "(") + "1" + times(100000, ")"), "gate_too_deep"},
	{"NOT", "select " + times(500, "not ") + "true", "gate_too_deep"},
	{"lists", "select " + times(300, "[") + "1" + times(300, "]"), "gate_too_deep"},
	{"scalar subqueries: 20 s at 12 levels", times(9, "select count(*) from t where a > (") + "select max(a) from t" + times(9, ")"), "gate_subqueries_too_deep"},
	{"subqueries", "select " + times(150, "(select ") + "1" + times(150, ")"), "gate_too_deep"},
	{"derived tables", "select * from " + times(150, "(select * from ") + "t" + times(150, ")"), "gate_too_deep"},
	{"joins", "select * from t a0" + strings.ReplaceAll(each(250, format(" join t b# using (a)")), ",", ""), "gate_too_deep"},
	{"set operations", "select 1" + times(250, " except select 1"), "gate_too_deep"},
	{"types", "select null::" + times(250, "struct(a ") + "int" + times(250, ")"), "gate_too_deep"},
}

// rssKB gives the resident memory of this process.
func rssKB(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc/self/status: memory is measured on Linux only")
	}
	var kb int64
	for line := range bytes.Lines(b) {
		if bytes.HasPrefix(line, []byte("VmRSS:")) {
			if _, err := fmt.Sscanf(string(line), "VmRSS: %d", &kb); err != nil {
				t.Fatal(err)
			}
		}
	}
	return kb
}

// TestExpensive: each is refused by the gate, which binds nothing, within a second of
// CPU time and 200 MB, parsing included.
func TestExpensive(t *testing.T) {
	p := newParser(t)
	if _, err := check(p, "select 1"); err != nil {
		t.Fatal(err)
	}
	for _, c := range expensive {
		t.Run(c.name, func(t *testing.T) {
			runtime.GC()
			before, start := rssKB(t), cpuTime(t)
			_, err := check(p, c.sql)
			took, grown := cpuTime(t)-start, rssKB(t)-before
			t.Logf("%d bytes of text refused in %v of CPU time, %d KB more resident", len(c.sql), took.Round(time.Microsecond), grown)
			if e := errs.From(err); e == nil || e.Code != errs.StatementTooComplex || e.ID != c.id {
				t.Fatalf("%s; want %s", verdict(err), c.id)
			}
			if took > time.Second || grown > 200<<10 {
				t.Errorf("took %v and %d KB", took, grown)
			}
		})
	}
}
