package gate

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// What constants let one row grow to is bounded, whatever makes it; what copies
// nothing, and what people write, goes on to work.
func TestRowsThatConstantsMakeLarge(t *testing.T) {
	p := newParser(t)
	long := "'" + times(40_000, "k") + "'"
	tooLarge := []string{
		// Of one row.
		"select max(length(replace(v, 'v', repeat('b', 10000)))) from t",
		"select max(length(regexp_replace(v, '.', repeat('b', 400000), 'g'))) from t",
		"select max(length(regexp_replace(v, '.', repeat('b', 2000), 'g'))) from t",
		`select regexp_replace(v, '.*', '` + times(9000, `\0`) + `') from t`,
		"select v || repeat('b', 100000) from t", "select repeat('b', 100000) || v from t", "select v || " + long + " from t", "select length(v || " + long + ") from t",
		"select concat(v, repeat('b', 100000), v) from t", "select concat_ws(repeat('b', 9000), v, v, v, v, v) from t", "select upper(v || repeat('b', 100000)) from t",
		"select hex(v || repeat('b', 20000)) from t", "select hex(hex(hex(hex(hex(hex(hex(hex(hex(hex(hex(hex(hex(v))))))))))))) from t",
		"select length(list_transform(range(10000), x -> v)::varchar) from t", "select len(list_transform(range(10000), x -> v)) from t",
		"select array_to_string(list_transform(range(10000), x -> v), ',') from t", "select to_json(list_transform(range(10000), x -> v))::varchar from t",
		"select list_transform([a, b], x -> " + long + " || x) from t", "select list_transform(string_split(v, ','), x -> x || repeat('b', 5000)) from t",
		"select list_reduce(range(1000), (a, b) -> a || repeat('b', 100) || v, '') from t",
		"select list_reduce(string_split(v, ','), (a, b) -> a || a || b) from t",
		"select printf('%s%s%s%s', v, repeat('b', 100000), v, v) from t", "select format('{}{}', v, repeat('b', 100000)) from t", "select printf('%50000d', a) from t",
		"select format('" + times(600, "{0}") + "', v || '" + times(100, "k") + "') from t",
		"select lpad(v, 10000) from t", "select rpad(v, 10000, 'x') from t", "select repeat(v, 10000) from t", "select v.repeat(10000) from t",
		"select string_agg(v, repeat('b', 10000)) from t", "select string_agg(v, repeat('b', 10000)) over (order by a) from t", "select list_string_agg(l, repeat('b', 10000)) from t",
		"select list_aggregate(l, 'string_agg', repeat('b', 10000)) from t", "select array_to_string(l, repeat('b', 10000)) from t",
		"select list_concat(l, range(10000)) from t", "select list_append(range(10000), a) from t", "select [v, " + long + "] from t", "select [[v], range(10000)] from t",
		"select list_resize(l, 10000) from t", "select case when a = 1 then range(10000) else l end from t", "select coalesce(l, range(10000)) from t",
		"select strftime(d, '" + times(3000, "%c") + "') from t", "select json_object('a', v, 'b', repeat('b', 100000)) from t",
		"select {'a': v, 'b': " + long + "}::varchar from t", "select " + long + " || v from range(1000) r(v)", "select v || " + long + " from unnest(['a', 'b']) u(v)",
		"select coalesce(v, " + long + ") || 'x' from t", "select case when a = 1 then " + long + " else v end || v from t", "select nullif(" + long + ", v) || v from t",
		"select greatest(v, " + long + ") || v from t", "select max(" + long + ") || 'x' from t group by a", "select (['a', " + long + "])[a] || v from t",
		"select list_extract(['a', " + long + "], a) || v from t", "select (cast('[\"a\", \"" + times(20_000, "k") + "\"]' as varchar[]))[a] || v from t", "select (map {'a': " + long + "})[v] || v from t",
		"select upper(case when a = 1 then " + long + " else v end) from t", "select trim(coalesce(v, repeat('b', 100000))) from t", "select substr(coalesce(v, " + long + "), a) from t",
		// From elsewhere in the statement.
		"with c as (select repeat('b', 100000) k) select v || k from t, c", "with c(k) as (select repeat('b', 100000)) select v || k from t, c",
		"select v || k from t, (select repeat('b', 100000) k)", "select v || k from t, (select repeat('b', 100000)) s(k)", "select v || s.k from t, (select * from (select repeat('b', 100000) k)) s",
		"select v || k from t, (values (repeat('b', 100000))) s(k)", "select v || col0 from t, (values (repeat('b', 100000)))", "select v || k from t, (values (1, 'a'), (2, repeat('b', 100000))) s(i, k)",
		"select v || k from t, (select 'a' k union all select repeat('b', 100000)) s", "select v || (select repeat('b', 100000)) from t", "select (select v || repeat('b', 100000)) from t",
		"select v || k from t, repeat(repeat('b', 100000), 1) r(k)", "select v || k from t, unnest([repeat('b', 100000)]) r(k)", "select repeat('b', 100000) as k, k || v from t",
		"select 1 from t where v || repeat('b', 100000) = 'x'", "select 1 from t group by v || repeat('b', 100000)", "select 1 from t order by v || repeat('b', 100000)",
		"select 1 from t a join t b on a.v || repeat('b', 100000) = b.v", "select 1 from t where a in (select length(v || repeat('b', 100000)) from t)",
		"with recursive r as (select 'a' v union all select v || repeat('b', 100000) from r) select 1 from r",
		chain(18, "select v from t", "select v || v as v from c#") + " select 1 from c18",
		"select columns(*) || repeat('b', 40000) from t",
		// Replacements of what was replaced.
		"select replace(replace(replace(replace(v, 'a', 'bbbbbbbbb'), 'b', 'cccccccc'), 'c', 'dddddddd'), 'd', 'eeeeeeee') from t",
		"select " + times(8, "replace(") + "v" + times(8, ", 'a', 'aaaa')") + " from t",
		// Of a few rows as much as of a constant.
		"select v || repeat('b', 1000000) || repeat('b', 1000000) from (select 'a' v)", "select list_transform(range(100000), x -> v || repeat('b', 1000)) from (select 'a' v)",
	}
	for _, sql := range tooLarge {
		if _, err := check(p, sql); !isRowTooLarge(err, "gate_row_too_large") {
			t.Errorf("%.200s: %s", sql, verdict(err))
		}
	}
	together := []string{
		"select " + each(20, format("v || repeat('b', 10000)")) + " from t", "select columns(*) || repeat('b', 20000) from t",
		"select v || repeat('b', 30000)" + times(10, " || ''") + " from t", "select 1 from (select v || repeat('b', 30000) a, v || repeat('c', 30000) b from t), (select " +
			each(5, format("v || repeat('b', 30000)")) + " from t)",
		"select v || repeat('b', 30000) a0, " + each(7, func(i int) string { return fmt.Sprintf("lower(a0) as b%d", i) }) + " from t",
	}
	for _, sql := range together {
		if _, err := check(p, sql); !isRowTooLarge(err, "gate_rows_too_large") {
			t.Errorf("%.200s: %s", sql, verdict(err))
		}
	}
	for _, aggregate := range []string{"max", "any_value", "lag"} {
		over := map[bool]string{true: " over (order by a)"}[aggregate == "lag"]
		if _, err := check(p, "select "+aggregate+"(coalesce(v, "+long+"))"+over+" || 'x' from t"); !isRowTooLarge(err, "gate_row_too_large") {
			t.Errorf("%s: %s", aggregate, verdict(err))
		}
	}
	label := "'" + times(2_000, "标") + "'"
	for _, sql := range []string{
		"select v from t where v = " + long, "select v from t where v like '%" + times(40_000, "k") + "%'", "select v from t where v in (" + long + ", 'b') or " + long + " between v and v",
		"select v from t where a in (" + each(50_000, format("#")) + ")", "select v from t where list_contains([" + each(20_000, format("#")) + "], a)",
		"select v from t where contains(" + long + ", v) and not regexp_matches(v, " + label + ") and starts_with(v, repeat('b', 100000))",
		"select case when a = 1 then " + label + " when a = 2 then " + label + " when a = 3 then " + label + " else v end from t", "select coalesce(v, " + label + ") || '!' from t",
		"select " + long + ", v from t", "select " + long + " as k from t group by k order by k", "select repeat('b', 900000), a from t", "with c as (select " + long + " k) select k, v from c, t where k <> v",
		"select (['a', 'b', " + each(5_000, format("'城市#'")) + "])[a] || v from t", "select (map {'a': " + label + "})[v] || v from t", "select ([" + each(5_000, format("#")) + "])[a]::varchar from t",
		"select " + label + " || v || " + label + " from t", "select " + strings.TrimSuffix(times(30, "'<td class=\"cell\">' || v || '</td>' || "), " || ") + " from t",
		"select " + strings.TrimSuffix(times(190, "v || "), " || ") + " from t", "select concat_ws(',', " + each(900, format("v")) + ") from t",
		"select replace(replace(replace(replace(replace(v, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '\"', '&quot;'), '''', '&apos;') from t",
		"select " + times(20, "replace(") + "v" + times(20, ", ' ', '')") + " from t", "select " + each(30, format("replace(replace(v, 'a', 'bb'), 'c', 'dd')")) + " from t",
		"select regexp_replace(regexp_replace(regexp_replace(v, '[^0-9]', '', 'g'), '\\s+', ' ', 'g'), '(.)(.)', '\\2\\1', 'g') from t",
		"select replace(v, '{name}', '" + times(800, "标") + "') from t", "select lpad(a::varchar, 18, '0'), rpad(v, 200), repeat(v, 100), repeat('=', 5000) from t",
		"select printf('%s, %05d 20240101 %8.2f 100%%', v, a, b), format('{:>10} {{x}} {}', v, a) from t", "select printf('%s * %s', v, v) from t", "select format('" + times(3000, "k") + "{}', v) from t",
		"select string_agg(v, ', ' order by a), list(v), array_to_string(l, ' / '), string_agg(repeat(v, 1000), ',') from t",
		"select list_transform(range(100), x -> x + a), list_transform(l, x -> upper(x) || '%'), list_filter(l, x -> x <> v), list_reduce(l, (a, b) -> a || ',' || b) from t",
		"select list_transform([" + each(100, format("v")) + "], x -> lower(trim(x))) from t", "select unnest(range(1000)) from t", "select range(a, b), generate_series(d, d, interval 1 day) from t",
		"select translate(v, '0123456789', '〇一二三四五六七八九'), hex(v), to_json(v), strftime(d, '%Y-%m-%d %H:%M:%S') from t", "select v::varchar::varchar::int + 1, [a, b, 3]::varchar from t",
		"select v || repeat('b', 100000) from (select 'a' v)", "with c as (select 'a' v) select repeat(v, 10000) from c", "select repeat('b', 100000) || 'x'",
		"with recursive p as (select a, v from t union all select t.a, p.v || ' / ' || t.v from t join p on t.b = p.a) select v from p",
		"select v || repeat('b', 30000) from t" + times(20, " union all select v || repeat('b', 30000) from t"), "select length(v || repeat('b', 30000)) from t",
		"select 1 from (select v || repeat('b', 30000) from t" + times(20, " union all select v || repeat('b', 30000) from t") + ") where true",
		"select a" + times(190, " - a") + " from t", "select " + each(400, format("a - b + a * 2")) + " from t", "select k || v from t, (select " + label + " l, 'a' k)",
		"select count(distinct coalesce(v, " + long + ")), max(coalesce(v, " + long + ")) from t", "select left(coalesce(v, " + long + "), 100) || substr(coalesce(v, " + long + "), 1, 9) from t",
		"select max(coalesce(v, " + long + ")) over (order by a) from t", "select to_json(t) from t", "select json_object('姓名', v, '年龄', a, '住址', {'省': v, '市': v}) from t",
	} {
		if _, err := check(p, sql); err != nil {
			t.Errorf("%.200s: %s", sql, verdict(err))
		}
	}
	for _, sql := range []string{"select printf('%*d', a, 1) from t", "select printf(v, 1) from t", "select format('{:{}}', v, a) from t", "select format(case when a = 1 then '{:>1000000000}' end, v) from t"} {
		if e := errs.From(func() error { _, err := check(p, sql); return err }()); e == nil || e.ID != "gate_size_unknown" {
			t.Errorf("%s: %s", sql, verdict(e))
		}
	}
}

func isRowTooLarge(err error, id string) bool {
	e := errs.From(err)
	return e != nil && e.Code == errs.StatementTooComplex && e.ID == id
}

// A parameter of which rows make something may be as long as a constant in its place.
func TestLongestParams(t *testing.T) {
	p := newParser(t)
	for _, c := range []struct {
		sql  string
		want map[string]int
	}{
		{"select v from t where v = $1 and a = any(cast($2 as int[])) and v like $3", nil},
		{"select $1, coalesce(v, $2), case when a = 1 then $3 else v end from t", nil},
		{"select v || $1 from t", map[string]int{"1": 32 << 9}},
		{"select v || cast($1 as varchar) from t where v = $2", map[string]int{"1": 32 << 9}},
		{"select v || $1 || $2 from t", map[string]int{"1": 8 << 10, "2": 8 << 10}},
		{"select replace(v, 'a', $1) from t", map[string]int{"1": 512}},
		{"select regexp_replace(v, $2, $1, 'g') from t", map[string]int{"1": 512}},
		{"with c as (select $1 as k) select v || k from t, c", map[string]int{"1": 32 << 9}},
		{"select v || x from t, unnest(cast($1 as varchar[])) u(x) where a = $2", map[string]int{"1": 2 << 10}},
		{"select $1 || 'x'", map[string]int{"1": 1 << 19}},
	} {
		tree, err := check(p, c.sql)
		if err != nil {
			t.Errorf("%s: %s", c.sql, verdict(err))
			continue
		}
		if !maps.Equal(tree.Longest, c.want) {
			t.Errorf("%s: %v; want %v", c.sql, tree.Longest, c.want)
		}
	}
}
