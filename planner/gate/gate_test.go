package gate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/internal/errs"
)

// TestGoldens: what the gate finds in a statement, or how it refuses it. %n% in a
// statement stands for a newline, %u% for a full-width space.
func TestGoldens(t *testing.T) {
	p := newParser(t)
	datadriven.Walk(t, "testdata/check", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			sql := strings.NewReplacer("%n%", "\n", "%u%", "\u3000").Replace(strings.TrimSuffix(d.Input, "\n"))
			tree, err := check(p, sql)
			if err != nil {
				return refusal(err, sql)
			}
			return found(tree)
		})
	})
}

// refusal gives an error with what it points at.
func refusal(err error, sql string) string {
	e := errs.From(err)
	out := fmt.Sprintf("%s %s", e.Code, e.ID)
	if e.Pos != nil {
		out += fmt.Sprintf(" at %d:%d %q", e.Pos.Line, e.Pos.Column, start(sql[e.Pos.Offset:]))
	}
	out += "\n" + e.Text() + "\n" + e.Text("zh-CN")
	if len(e.Nearest) > 0 {
		out += "\nnear: " + strings.Join(e.Nearest, ", ")
	}
	return out
}

func start(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 12)])
}

func found(tree *Tree) string {
	var b strings.Builder
	for _, r := range tree.Tables {
		fmt.Fprintf(&b, "table %s", strings.Join(r.Path, "|"))
		if r.Alias != "" {
			fmt.Fprintf(&b, " as %s", r.Alias)
		}
		if r.Uses != 1 {
			fmt.Fprintf(&b, " uses %d", r.Uses)
		}
		if r.InRecursive {
			b.WriteString(" recursive")
		}
		fmt.Fprintf(&b, " at %q\n", start(tree.SQL[r.Offset:]))
	}
	for _, c := range tree.Columns {
		fmt.Fprintf(&b, "column %s at %q\n", strings.Join(c.Names, "|"), start(tree.SQL[c.Offset:]))
	}
	for _, r := range tree.Replace {
		fmt.Fprintf(&b, "%s %s call %v at %q\n", map[ReplacementKind]string{Identity: "identity", Clock: "clock"}[r.Kind], r.Name, r.Call, start(tree.SQL[r.Offset:]))
	}
	if tree.NonDeterministic {
		b.WriteString("not deterministic\n")
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

// doing are statements that do something; the word is the one that the answer names.
var doing = map[string]string{
	"insert into t values ('secret')": "INSERT", "insert or replace into t select 1": "INSERT", "update t set a = 'secret'": "UPDATE", "delete from t": "DELETE",
	"merge into t using u on true when matched then delete": "MERGE", "truncate t": "TRUNCATE",
	"create table t(a int)": "CREATE", "create or replace view v as select 1": "CREATE", "create macro m(x) as x": "CREATE", "create temp table x as select 1": "CREATE",
	"create secret s (type s3)": "CREATE", "create sequence s": "CREATE", "create type e as enum ('secret')": "CREATE", "create schema s": "CREATE", "create index i on t(a)": "CREATE",
	"drop table t": "DROP", "alter table t add column b int": "ALTER", "comment on table t is 'secret'": "COMMENT",
	"attach 'secret.db'": "ATTACH", "attach ':memory:' as m": "ATTACH", "detach m": "DETACH", "use m": "USE", "load 'secret'": "LOAD", "install httpfs": "INSTALL", "force install x": "FORCE",
	"update extensions": "UPDATE", "export database 'secret'": "EXPORT", "import database 'secret'": "IMPORT",
	"set threads = 8": "SET", "set variable x = 'secret'": "SET", "set search_path = 'secret'": "SET", "reset threads": "RESET", "pragma enable_profiling": "PRAGMA", "pragma table_info('t')": "PRAGMA",
	"call enable_logging()": "CALL", "call pragma_version()": "CALL", "copy t to 'secret.csv'": "COPY", "copy (select 1) to 'secret.csv'": "COPY", "copy t from 'secret.csv'": "COPY",
	"begin": "BEGIN", "begin transaction": "BEGIN", "start transaction": "START", "commit": "COMMIT", "rollback": "ROLLBACK", "abort": "ABORT", "end": "END",
	"vacuum": "VACUUM", "analyze": "ANALYZE", "checkpoint": "CHECKPOINT", "force checkpoint": "FORCE", "prepare p as select 1": "PREPARE", "execute p('secret')": "EXECUTE",
	"deallocate p": "DEALLOCATE", "explain select 1": "", "explain analyze select 1": "",
}

func TestOnlyReading(t *testing.T) {
	p := newParser(t)
	for sql, word := range doing {
		for _, text := range []string{sql, "  /* x */ " + strings.ToUpper(sql) + " ; ", "-- y\n" + sql} {
			_, err := check(p, text)
			e := errs.From(err)
			if e == nil || e.Code != errs.ReadOnly {
				t.Errorf("%s: %s", text, verdict(err))
				continue
			}
			if said := e.Text("zh-CN"); !strings.Contains(said, word) || strings.Contains(strings.ToLower(said), "secret") {
				t.Errorf("%s: %q", text, said)
			}
		}
	}
	for sql, want := range map[string]string{
		"": "syntax_error gate_empty at 0", " ": "syntax_error gate_empty at 0", ";": "syntax_error gate_empty at 0", "-- nothing": "syntax_error gate_empty at 0", "/* a */ ; -- b": "syntax_error gate_empty at 0",
		"select 1; select 2": "one_statement gate_one_statement at 10", "select 1; drop table t": "one_statement gate_one_statement at 10", "select 1;; select 2;": "one_statement gate_one_statement at 11",
		"insert into t values (1); select 1":                               "one_statement gate_one_statement at 26",
		"with x as (insert into t values (1) returning *) select * from x": "syntax_error gate_syntax",
		"with x as (select 1) insert into t select * from x":               "read_only gate_read_only at 0",
		"with x as (select 1) delete from t":                               "read_only gate_read_only at 0",
		"select 1 into t2":                                                 "not_supported gate_not_supported",
		"select * from t for update":                                       "not_supported gate_not_supported",
		"pivot t on a using sum(b)":                                        "not_supported gate_pivot_needs_list at 0",
		"from (pivot t on a using sum(b))":                                 "not_supported gate_pivot_needs_list at 0",
		"describe t":                                                       "not_supported gate_describe_inside at 0",
		"show tables":                                                      "not_supported gate_describe_inside at 0",
		"select * from (describe t)":                                       "not_supported gate_describe_inside at 7",
		"select * from (show tables)":                                      "not_supported gate_describe_inside at 7",
		"select 1 from t at (version => 1)":                                "not_supported gate_time_travel at 14",
		"select 1 where 'a' = 'b":                                          "syntax_error gate_unterminated at 21",
		"select 'secret' 'x'":                                              "syntax_error gate_syntax at 16",
		"select 1e400":                                                     "not_supported gate_number_not_supported",
		"select 1 from t where a = ?  and b = $1 and c = $n":               "parameter_invalid gate_params_mixed",
		"selec 1":               "syntax_error gate_syntax_near at 0",
		"select * from t where": "syntax_error gate_syntax_end at 21",
		"select \xff":           "syntax_error gate_not_text",
		"select 1\x00":          "syntax_error gate_not_text",
		"select '" + strings.Repeat("x", 1<<20) + "'": "statement_too_complex gate_text_too_long",
		"select sum(a) export_state from t":           "not_supported gate_not_supported at 11",
		"select default":                              "not_supported gate_not_supported at 0",
	} {
		if _, err := check(p, sql); verdict(err) != want {
			t.Errorf("%.60s: %s, want %s", sql, verdict(err), want)
		}
	}
}

// TestFilesAreNoTables: names that DuckDB would take for files or addresses.
func TestFilesAreNoTables(t *testing.T) {
	p := newParser(t)
	for _, name := range []string{"'x.csv'", `"x.CSV"`, "'/etc/passwd'", "'https://h/x'", "'s3://b/x.parquet'", "'*.json'", `"a.b.parquet"`, "'x.duckdb'", "'c:\\x'", "s.\"x.csv\"", "m.s.\"y.parquet\"", "'x.jsonl.gz'"} {
		for _, sql := range []string{"from ", "select * from t, ", "select (select 1 from ", "summarize ", "table "} {
			text := sql + name
			if strings.Contains(sql, "(") {
				text += ")"
			}
			if _, err := check(p, text); errs.CodeOf(err) != errs.UnknownName && errs.CodeOf(err) != errs.SyntaxError {
				t.Errorf("%s: %s", text, verdict(err))
			}
		}
	}
	if _, err := check(p, `from 公安."报表 2020.年"`); err != nil {
		t.Errorf("a name with a dot that is no file's: %v", err)
	}
	// A name of a WITH clause is a name, whatever it looks like.
	if _, err := check(p, `with "x.csv" as (select 1) from "x.csv"`); err != nil {
		t.Errorf("a WITH name like a file's: %v", err)
	}
}

// tpchTables are the stubs for TPC-H.
var tpchTables = []string{
	"create table region(r_regionkey integer, r_name varchar, r_comment varchar)",
	"create table nation(n_nationkey integer, n_name varchar, n_regionkey integer, n_comment varchar)",
	"create table supplier(s_suppkey bigint, s_name varchar, s_address varchar, s_nationkey integer, s_phone varchar, s_acctbal decimal(15,2), s_comment varchar)",
	"create table customer(c_custkey bigint, c_name varchar, c_address varchar, c_nationkey integer, c_phone varchar, c_acctbal decimal(15,2), c_mktsegment varchar, c_comment varchar)",
	"create table part(p_partkey bigint, p_name varchar, p_mfgr varchar, p_brand varchar, p_type varchar, p_size integer, p_container varchar, p_retailprice decimal(15,2), p_comment varchar)",
	"create table partsupp(ps_partkey bigint, ps_suppkey bigint, ps_availqty bigint, ps_supplycost decimal(15,2), ps_comment varchar)",
	"create table orders(o_orderkey bigint, o_custkey bigint, o_orderstatus varchar, o_totalprice decimal(15,2), o_orderdate date, o_orderpriority varchar, o_clerk varchar, o_shippriority integer, o_comment varchar)",
	"create table lineitem(l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber bigint, l_quantity decimal(15,2), l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax decimal(15,2), l_returnflag varchar, l_linestatus varchar, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct varchar, l_shipmode varchar, l_comment varchar)",
}

// TestTPCH: the 22 statements pass, bind, and give the same plan when they are
// written anew from the tree.
func TestTPCH(t *testing.T) {
	p := newParser(t)
	for _, ddl := range tpchTables {
		if _, err := p.db.Exec(ddl); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("../testdata/tpch/q*.sql")
	if err != nil || len(files) != 22 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		sql, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := check(p, string(sql))
		if err != nil {
			t.Errorf("%s: %v %v", f, verdict(err), err)
			continue
		}
		var names []string
		for _, r := range tree.Tables {
			names = append(names, r.Path[0])
		}
		if refusal := p.bindError(t, tree.SQL); refusal != "" || len(names) == 0 || slices.Contains(names, "revenue") {
			t.Errorf("%s over %v: %s", f, names, refusal)
		}
		if again := p.written(t, tree); p.bindError(t, again) != "" {
			t.Errorf("%s written anew does not bind: %s", f, again)
		}
	}
}

// written gives the text that DuckDB writes from a tree.
func (p duckParser) written(t testing.TB, tree *Tree) string {
	t.Helper()
	b, err := tree.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var s string
	if err := p.db.QueryRow("SELECT json_deserialize_sql(CAST($1 AS JSON))", string(b)).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTreeCanBeChanged: a table renamed in its node is read under the new name.
func TestTreeCanBeChanged(t *testing.T) {
	p := newParser(t)
	tree, err := check(p, "with c as (select * from 公安.人口) select c.*, 1e5, 'x''y', null, [1] from c, 公安.人口 d where d.a in (1, 2, 18446744073709551615)")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range tree.Tables {
		for _, n := range r.Nodes {
			n.Set("schema_name", "")
			n.Set("table_name", fmt.Sprintf("s%d", i+1))
		}
	}
	got := p.written(t, tree)
	if !strings.Contains(got, "s1") || !strings.Contains(got, "s2 AS d") || strings.Contains(got, "人口") || !strings.Contains(got, "18446744073709551615") || !strings.Contains(got, "'x''y'") {
		t.Errorf("written: %s", got)
	}
}

// TestStrict changes every member of a tree once: a member that is new, missing, or
// of another kind makes the statement refused, never read as if nothing were.
func TestStrict(t *testing.T) {
	p := newParser(t)
	sql := `with recursive c(n) as (select 1 union all select n + 1 from c) select distinct on (a) t.*, sum(a) filter (where b) over (order by d rows 1 preceding), case when a then 1 else $1 end,
		a between 1 and 2, a::decimal(5,2), l[1], (select max(x) from u), exists (from u), list_transform(l, x -> x + 1), columns(*), b collate nocase, {'k': 1}
		from s.t as t join u using (a) left join (values (1)) v(q) on v.q = t.a, range(3) r, (select 1) z pivot (sum(a) for b in (1, 2)) group by all order by 1 desc limit 3`
	raw, err := p.ParseTree(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	limits := Limits{}.withDefaults()
	if _, err := readTree(raw, sql, limits); err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal([]byte(raw), &whole); err != nil {
		t.Fatal(err)
	}
	same, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readTree(string(same), sql, limits); err != nil {
		t.Fatalf("the tree itself: %v", err)
	}
	objects := collect(whole)
	if len(objects) < 100 {
		t.Fatalf("%d objects", len(objects))
	}
	tried := 0
	refused := func(what string) {
		t.Helper()
		tried++
		changed, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readTree(string(changed), sql, limits); err == nil {
			t.Errorf("%s is let through", what)
		}
	}
	for _, o := range objects {
		o["unheard_of"] = 1
		refused(fmt.Sprintf("a new member of %.120v", o))
		delete(o, "unheard_of")
		for key, v := range o {
			if optional := key == "offset" || key == "alias" && o["id"] != nil; !optional {
				delete(o, key)
				if !mayMiss(key) {
					refused(fmt.Sprintf("%.120v without %s", o, key))
				}
			}
			o[key] = []any{map[string]any{"unheard": "of"}}
			refused(fmt.Sprintf("another kind of %s in %.120v", key, o))
			if s, ok := v.(string); ok && (key == "type" || key == "class" || strings.HasSuffix(key, "_type") || key == "start" || key == "end" || key == "id") {
				o[key] = s + "_X"
				refused(fmt.Sprintf("%s = %s_X", key, s))
			}
			o[key] = v
		}
	}
	t.Logf("%d changes tried on %d objects", tried, len(objects))
}

// mayMiss are members that a node may lack; without them it is another statement.
func mayMiss(key string) bool {
	return slices.Contains([]string{"limit", "where_clause", "condition", "filter", "filter_expr", "start_expr", "end_expr", "child", "expr", "alias", "sample", "type_info", "value"}, key)
}

func collect(v any) []map[string]any {
	var all []map[string]any
	switch v := v.(type) {
	case map[string]any:
		all = append(all, v)
		for _, e := range v {
			all = append(all, collect(e)...)
		}
	case []any:
		for _, e := range v {
			all = append(all, collect(e)...)
		}
	}
	return all
}

// FuzzReadTree: whatever the parser answers, the gate answers with a tree or an error.
func FuzzReadTree(f *testing.F) {
	p := newParser(f)
	for _, sql := range []string{"select 1", "with a as (select * from t) select a.*, sum(x) over () from a where y in (1, 2)", "pivot t on a in (1) using sum(b)", "select", "select list_reduce([1], (a, b) -> a || b)"} {
		raw, err := p.ParseTree(f.Context(), sql)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree, err := readTree(string(raw), "select 1", Limits{}.withDefaults())
		if err != nil {
			if errs.From(err).ID == "" {
				t.Errorf("an error without a text: %v", err)
			}
			return
		}
		if err := measureTree(tree, Limits{}.withDefaults(), nil); err == nil {
			if _, err := tree.JSON(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestErrorsHoldNoLiteral: texts, in both languages, repeat no string and no number
// that a person wrote as a value.
func TestErrorsHoldNoLiteral(t *testing.T) {
	p := newParser(t)
	const secret = "4417123456789113"
	n := 0
	try := func(sql string) {
		_, err := check(p, sql)
		if err == nil {
			return
		}
		n++
		e := errs.From(err)
		for _, said := range []string{e.Text(), e.Text("zh-CN"), strings.Join(e.Nearest, " ")} {
			if strings.Contains(said, secret) {
				t.Errorf("%.80s: %s", sql, said)
			}
		}
	}
	for _, s := range []string{"'" + secret + "'", secret, "E'" + secret + "'", "$$" + secret + "$$", "date '" + secret + "'", "'" + secret} {
		for _, text := range []string{
			"select F F", "select * from t where a = F F", "F", "select error(F)", "from read_csv(F)", "select repeat('x', F)", "from range(F)", "select list_aggregate(l, F)", "select a collate nosuch, F from t",
			"insert into t values (F)", "select 1; select F", "select F::nosuch", "select F from t limit", "select (F", "from t at (version => F)", "values (F), (F, 1)", "select from t where a = F", "pivot t on F in (1) using sum(a)",
			"select format('{:>F}', 1)", "select rowid from t where x = F", "select * from t where a = F for update", "explain select F", "describe F", "select F limit F limit 1",
		} {
			try(strings.ReplaceAll(text, "F", s))
		}
	}
	if n < 80 {
		t.Errorf("only %d texts were refused", n)
	}
}
