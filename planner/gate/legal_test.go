package gate

import (
	"slices"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// legal are statements that the gate must not stand in the way of; they bind.
var legal = []string{
	// A qualified column is not its table's whole row, however deep.
	"with w0 as (select t.a x, t.b y, t.c z, t.e q, t.d r from t), w1 as (select v.x, v.y, v.z, v.q, v.r from w0 v where v.x > v.y), w2 as (select v.x, v.y, v.z, v.q, v.r from w1 v where v.x > v.y), w3 as (select v.x, v.y, v.z, v.q, v.r from w2 v where v.x > v.y), w4 as (select v.x, v.y, v.z, v.q, v.r from w3 v where v.x > v.y), w5 as (select v.x, v.y, v.z, v.q, v.r from w4 v where v.x > v.y), w6 as (select v.x, v.y, v.z, v.q, v.r from w5 v where v.x > v.y) select v.x, v.z from w6 v join w6 u on v.x = u.x",
	// Windows
	"select a, row_number() over (partition by b order by a desc nulls last), rank() over w, sum(a) over (w rows between 2 preceding and current row exclude ties) from t window w as (partition by b order by a)",
	"select lag(a, 1, 0) over (order by d), lead(a) over (order by d), first_value(a ignore nulls) over (order by d), nth_value(a, 2) over (order by d), ntile(4) over (order by a), cume_dist() over (order by a) from t",
	"select sum(a) filter (where b > 1) over (order by d range between interval 7 days preceding and current row), count(distinct a) over (partition by b) from t",
	"select * from t qualify row_number() over (partition by b order by d desc) = 1",
	"select avg(a) over (order by a groups between unbounded preceding and 1 following) from t",
	// Grouping
	"select a, b, sum(e), grouping(a, b) from t group by grouping sets ((a, b), (a), ()) having count(*) > 1",
	"select a, b, count(*) from t group by rollup (a, b)", "select a, b, count(*) from t group by cube (a, b)", "select a, count(*) from t group by all order by all",
	"select string_agg(c, ',' order by c desc), list(a order by a), mode() within group (order by a), percentile_cont(0.5) within group (order by e), quantile_cont(e, [0.25, 0.75]) from t",
	"select sum(distinct a), count(distinct b) filter (where a > 1), arg_max(c, a), approx_count_distinct(c), histogram(b), median(e), any_value(c), bool_and(a > 1) from t",
	// Set operations
	"select a from t union select a from u union all select b from u except select 1 intersect select 2 order by 1 limit 10 offset 2",
	"select a, b from t union by name select b, c as x from t", "select a from t except all select a from u", "(select a from t order by a limit 1) union all (select 1)",
	// Lateral, unnest, lists, structs, maps
	"select * from t, lateral (select t.a + 1 as x) l, unnest(t.l) as v(x)", "select unnest(l), a from t", "select unnest(s) from t", "select unnest([{'a': 1, 'b': 2}], recursive := true)",
	"select list_transform(l, x -> x + a), list_filter(l, lambda x: x > 1), list_reduce([1, 2, 3], (x, y) -> x + y), [x * 2 for x in l if x > 1] from t",
	"select l[1], l[-1], l[1:3], l[:2:1], list_sort(l, 'DESC'), list_aggregate(l, 'sum'), list_contains(l, 3), len(l), 3 in l, l || [4], flatten([[1], [2]]) from t",
	"select s.f, s['g'], {'x': a, 'y': {'z': b}}, struct_pack(k := a), row(a, b), (a, b) = (1, 2), struct_insert(s, h := 1), map {'k': a}['k'], map_keys(m) from t",
	"select list_reduce(['a', 'b'], (x, y) -> x || y), list_zip([1, 2], ['a', 'b']), list_distinct(l), array_to_string(l, '-'), generate_series(1, 5), range(3) from t",
	// JSON, text, patterns
	"select j->'a'->>'b', j->>'$.x[0]', json_extract_string(j, '$.k'), json_array_length(j), to_json(s), json_object('a', a), json_group_array(c), '{\"a\": 1}'::json from t group by all",
	"select upper(c), c.trim().lower(), c like '%x_%', c ilike 'y%', c like 'a!%' escape '!', c similar to '[0-9]+', c ~ 'x', regexp_replace(c, '(a)', '\\1', 'g'), regexp_extract(c, '([0-9]+)', 1), c glob '*x' from t",
	"select substring(c from 2 for 3), position('x' in c), trim(both 'x' from c), overlay_ from (select c, c || 'x' as overlay_, left(c, 2), lpad(c, 10, '0'), repeat(c, 3), replace(c, 'a', 'b'), split_part(c, ',', 1), format('{} {}', a, c), printf('%05d', a) from t)",
	"select md5(c), sha256(c), levenshtein(c, 'x'), strip_accents(c), reverse(c), c collate nocase, c from t order by c collate zh",
	// Dates
	"select date '2020-01-01' + interval 3 month, d - interval '1 day', extract(year from d), date_part('week', d), date_trunc('month', ts), age(ts, timestamp '2020-01-01'), strftime(d, '%Y-%m'), strptime('2020-01-01', '%Y-%m-%d'), date_diff('day', d, current_date), make_date(2020, 1, 1), last_day(d), ts at time zone 'Asia/Shanghai', to_days(a), time_bucket(interval '1 week', d), epoch(ts), interval (a) hour from t",
	"select * from generate_series(date '2020-01-01', date '2020-12-31', interval 1 day) g(day) left join t on t.d = g.day", "select * from range(date_trunc('month', current_date), current_date, interval 1 day)",
	"select * from generate_series(timestamp '2020-01-01', timestamp '2020-01-02', interval '15 minutes')", "select * from range(current_date - interval 30 day, today(), interval '1 day')",
	// PIVOT
	"select * from (select a, b, e from t) pivot (sum(e) as s, count(*) as n for b in (1, 2, 3) group by a)", "pivot t on b in (1, 2) using sum(e) group by a", "from (pivot t on b in (1, 2), c in ('x', 'y') using max(e) group by a)",
	"unpivot (select a, b from t) on a, b into name n value v", "select * from (select a, b from t) unpivot include nulls (v for n in (a, b as 'B'))", "unpivot (select a, b, c from t) on columns(* exclude c) into name n value v",
	// FROM and VALUES
	"values (1, 'a'), (2, null)", "from t", "from t select a where b > 1", "select * from (values (1, 2), (3, 4)) v(x, y)", "table t", "select x.* from t x", "from 公安.人口 select 姓名 where 年龄 > 18 limit 5",
	"select * from t natural join u", "select * from t join u using (a)", "select * from t positional join u", "select * from t asof join u on t.b = u.b and t.a >= u.a", "select * from t semi join u on t.a = u.a", "select * from t anti join u using (a)",
	"select * from t full outer join u on t.a = u.a cross join (select 1)", "select * from t using sample 10%", "select * from t tablesample bernoulli(5%)", "select * from json_each('{\"a\": 1}')", "select * from repeat('x', 3)",
	// WITH
	"with recursive r(n) as (select 1 union all select n + 1 from r where n < 10) select * from r", "with a as materialized (select * from t), b(x) as not materialized (select a from a) select * from b, a",
	"with recursive tree as (select a, b from t where b is null union select t.a, t.b from t join tree on t.b = tree.a) select * from tree",
	// Stars
	"select * exclude (a) replace (b + 1 as b) rename (c as cc) from t", "select columns('^[ab]$') from t", "select columns(x -> x like 'a%') from t", "select columns(*)::varchar from t", "select coalesce(*columns(['a', 'b'])) from t", "select * like 'a%' from t", "select t.* from t, u", "select min(columns(* exclude (l, s, j, m))) from t", "select t from t",
	// Subqueries and conditions
	"select a from t where a in (select a from u) and exists (select 1 from u where u.a = t.a) and b > all (select b from u) and (a, b) in (select a, b from u) and a = any ([1, 2, 3])",
	"select array(select a from u order by a), (select max(a) from u where u.b = t.b) from t", "select case a when 1 then 'x' else 'y' end, case when a > 1 then 1 end, coalesce(a, b, 0), nullif(a, 0), ifnull(a, 1), if(a > 1, 1, 2), greatest(a, b), a is distinct from b, a between 1 and 2, a not in (1, 2), try_cast(c as int), try(a // b) from t",
	"select distinct on (b) a, b from t order by b, a desc", "select distinct a from t limit 10%", "select a as x, x + 1 as y, y * 2 as z from t where x > 1 group by all order by z",
	"select #1, a from t order by 2", "select x: a, y: b from t", "select -a, +a, ~a, a ** 2, a // 2, a % 3, a << 1, a & 1, a | 2, 5!, @a, not (a > 1) from t",
	"select $1::int + a, $2::varchar from t where b = $1", "select ?::int, ?::varchar", "select $name::date",
	"select cast(a as decimal(10, 2)), a::varchar::int, c::date, [1, 2]::bigint[], {'a': 1}::struct(a bigint), c::uuid, 'x'::blob, a::hugeint, null::int[3], c::enum('a', 'b'), map {'a': 1}::map(varchar, bigint) from t",
	"select current_user, now(), current_schema, uuid(), random(), typeof(a), hash(a) from t", "summarize t", "select * from (summarize t)", "select 1 where 'a' = 'a' -- 注释\n and true /* x */", "select 1;",
	"select 0x1F, 1_000, 1.5e10, 123456789012345678901234567890, e'\\n', $$a'b$$, x'ab', true, null, 'it''s'",
}

func TestLegal(t *testing.T) {
	p := newParser(t)
	for _, ddl := range []string{
		"create schema 公安", "create table 公安.人口 (姓名 varchar, 年龄 integer)",
		"create table t (a integer, b integer, c varchar, d date, ts timestamp, l integer[], s struct(f integer, g varchar), j json, m map(varchar, integer), e double)",
		"create table u (a integer, b integer)",
	} {
		if _, err := p.db.Exec(ddl); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range legal {
		tree, err := check(p, sql)
		if err != nil {
			t.Errorf("%s: %s: %v", sql, verdict(err), err)
			continue
		}
		if refusal := p.bindError(t, sql); refusal != "" {
			t.Errorf("%s: DuckDB does not bind it: %.200s", sql, refusal)
		}
		if refusal := p.bindError(t, p.written(t, tree)); refusal != "" {
			t.Errorf("%s: written anew, DuckDB does not bind it: %.200s", sql, refusal)
		}
	}
}

// TestLimits: each limit can be set, refuses what is over it with its own words, and
// lets through what is not.
func TestLimits(t *testing.T) {
	p := newParser(t)
	for _, c := range []struct {
		limits   Limits
		ok, over string
		id       string
	}{
		{Limits{Text: 8}, "select 1", "select 12", "gate_text_too_long"},
		{Limits{Nodes: 6}, "select a, b from t", "select a, b, c, d, e, f from t", "gate_too_many_nodes"},
		{Limits{Depth: 4}, "select a + b", "select a + (b + (c + d))", "gate_too_deep"},
		{Limits{Constants: 3}, "select 1, 2, 3", "select 1, 2, 3, 4", "gate_too_many_constants"},
		{Limits{Tables: 4}, "with c as (from t) select 1 from c x, c y", "with c as (from t) select 1 from c x, c y, c z", "gate_too_many_tables"},
		{Limits{Columns: 20}, "select *, * from t", "select *, *, 1 from t", "gate_too_wide"},
		{Limits{Columns: 20}, "with c as (select * from t) select c.*, * from c", "with c as (select * from t) select c.*, *, c.* from c", "gate_too_wide"},
		{Limits{Columns: 20}, "select t.* from t, t u", "select * from t, t u, t v", "gate_too_wide"},
		{Limits{Expanded: 40}, "select columns(*) + 1 from t", "select columns(*) + 1 + 2 + 3 from t", "gate_too_expanded"},
		{Limits{ValueBytes: 100}, "select repeat('ab', 40)", "select repeat('ab', 60)", "gate_value_too_large"},
		{Limits{Rows: 10}, "from range(10)", "from range(11)", "gate_too_many_rows"},
		{Limits{Rows: 10}, "from generate_series(1, 10)", "from generate_series(0, 10)", "gate_too_many_rows"},
		{Limits{Rows: 31}, "from generate_series(date '2020-01-01', date '2020-01-31', interval 1 day)", "from generate_series(date '2020-01-01', date '2020-02-01', interval 1 day)", "gate_too_many_rows"},
		{Limits{Rows: 10}, "from range(10, 0, -1)", "from range(11, 0, -1)", "gate_too_many_rows"},
	} {
		if _, err := Check(t.Context(), p, c.ok, c.limits, tenWide{}); err != nil {
			t.Errorf("%+v: %s: %v", c.limits, c.ok, verdict(err))
		}
		_, err := Check(t.Context(), p, c.over, c.limits, tenWide{})
		if e := errs.From(err); e == nil || e.Code != errs.StatementTooComplex || e.ID != c.id {
			t.Errorf("%+v: %s: %s, want %s", c.limits, c.over, verdict(err), c.id)
		}
	}
	if (Limits{}).withDefaults() != DefaultLimits() {
		t.Error("the zero Limits are not the defaults")
	}
}

// structWide is a Widths whose tables have one column, a struct of a thousand members.
type structWide struct{}

func (structWide) Columns([]string) (int, bool) { return 1, true }
func (structWide) Widest([]string) int          { return 1000 }

func TestNestedColumnsCount(t *testing.T) {
	p := newParser(t)
	for sql, ok := range map[string]bool{
		"select s from t": true, "select unnest(s) from t": true, "select s.* from t": true,
		"select unnest(s), unnest(s), unnest(s), unnest(s), unnest(s), unnest(s) from t": false,
		"select {'a': s, 'b': s, 'c': s, 'd': s, 'e': s, 'f': s} from t":                 false,
		"select s.*, s.*, s.*, s.*, s.*, s.* from t":                                     false,
	} {
		_, err := Check(t.Context(), p, sql, Limits{}, structWide{})
		if ok != (err == nil) || err != nil && errs.From(err).ID != "gate_too_wide" {
			t.Errorf("%s: %s", sql, verdict(err))
		}
	}
}

func TestNearest(t *testing.T) {
	candidates := []string{"公安.人口", "公安.户籍", "民政.低保", "税务.纳税", "orders", "order_items", "lineitem", "Customer"}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"oders", []string{"orders"}}, {"ODRERS", []string{"orders"}}, {"custommer", []string{"Customer"}}, {"公安.人囗", []string{"公安.人口"}}, {"公安.口人", []string{"公安.人口"}},
		{"人口", []string{"公安.人口"}}, {"民政低保", []string{"民政.低保"}}, {"lineitems", []string{"lineitem"}}, {"xyz", nil}, {"", nil}, {"税务.缴税", []string{"税务.纳税"}}, {"order", []string{"orders", "order_items"}},
	} {
		if got := Nearest(c.name, candidates, 3); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := Nearest("ab", []string{"aa", "bb", "ab", "ac"}, 2); len(got) != 2 || got[0] != "ab" {
		t.Errorf("at most two, the best first: %v", got)
	}
}
