package pgcatalog

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Values of regclass and its kin are names where they are shown or made text, OIDs
// elsewhere.
func TestRegisteredNames(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"SELECT oid::regclass FROM pg_class WHERE relkind = 'r' ORDER BY relname", "\"公安\".\"人口\"\n\"民政\".\"低保\"\n"},
		{"SELECT c.oid::pg_catalog.regclass x, CAST(c.oid AS regclass), CAST(CAST(c.oid AS regclass) AS text), c.oid::regclass::text || '!' FROM pg_class c WHERE relname = '低保'", strings.Repeat("\"民政\".\"低保\"|", 3) + "\"民政\".\"低保\"!\n"},
		{"SELECT relname FROM pg_class WHERE oid = (SELECT oid::regclass FROM pg_class WHERE relname = '人口')", "人口\n"},
		{"SELECT relname FROM pg_class WHERE oid = '\"公安\".\"人口\"'::regclass::oid", "人口\n"},
		{"SELECT format_type(a.atttypid::regtype, -1), atttypid::regtype FROM pg_attribute a WHERE attname = 'tags'", "text[]|text[]\n"},
		{"SELECT 1259::regclass, '1259'::regclass, 0::regclass, 7::regclass, NULL::regclass::text, 'pg_class'::regclass::oid", "pg_class|pg_class|-|7||1259\n"},
		{"SELECT 'int'::regtype::oid, 'integer[]'::regtype, 'pg_catalog.int4'::regtype, 1007::regtype, 'nix'::regtype::oid", "23|integer[]|integer|integer[]|\n"},
		{"SELECT 11::regnamespace, '公安'::regnamespace::text, 10::regrole, typinput::regproc, 'boolin'::regproc::oid FROM pg_type WHERE oid = 'bool'::regtype", "pg_catalog|\"公安\"|\"张三\"|boolin|1242\n"},
		{"SELECT typinput = 'boolin'::regproc AS same, 16 = CAST('bool' AS regtype), NOT oid <> 'bool'::regtype FROM pg_type WHERE oid = 16", "true|true|true\n"},
		{"SELECT DISTINCT 'bool'::regtype FROM pg_type", "boolean\n"},
		{"SELECT (ARRAY[1259, 16])[1]::regclass, format_type(23, -1)::regtype, coalesce(16)::regtype::text FROM pg_language", "pg_class|integer|boolean\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
	for sql, want := range map[string]string{
		"SELECT '公安.无'::pg_catalog.regclass::pg_catalog.oid":                  "There is no table 公安.无.",
		"SELECT 'no_such'::pg_catalog.regproc::pg_catalog.oid":                "There is no function no_such.",
		"SELECT oid FROM pg_class WHERE oid = CAST('no_such' AS regclass)":    "There is no table no_such.",
		"SELECT attname FROM pg_attribute WHERE attrelid = '公安.照片'::regclass": "There is no table 公安.照片.",
	} {
		if _, mine, err := ask(t, c, sql); !mine || errs.CodeOf(err) != errs.UnknownName || err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", sql, mine, err, want)
		}
	}
	d, _, err := c.Describe(t.Context(), session("a"), facts, server.Request{SQL: "SELECT oid::regclass, c.oid::regclass AS \"X\", 'pg_class'::regclass, oid::regclass::text, current_user, current_schema() s, lower(relname)::regclass FROM pg_class c"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range d.Columns {
		names = append(names, c.Name)
	}
	if want := []string{"oid", "X", "regclass", "oid", "current_user", "s", "lower"}; !slices.Equal(names, want) {
		t.Errorf("columns are named %q, want %q", names, want)
	}
}

// Columns that are named like those of the catalogue's own relations are the statement's.
func TestArgumentsAreTheStatements(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"SELECT typname FROM pg_type WHERE format_type(oid, -1) = 'integer'", "int4\n"},
		{"SELECT rolname FROM pg_roles WHERE pg_get_userbyid(oid) = rolname", "张三\n"},
		{"SELECT relname FROM pg_class WHERE obj_description(oid, 'pg_class') = '常住人口' AND obj_description(oid) = '常住人口'", "人口\n"},
		{"SELECT attname FROM pg_attribute WHERE col_description(attrelid, attnum) = '18 位'", "身份证号\n"},
		{"SELECT count(*) FROM pg_proc WHERE to_regproc(proname) IS DISTINCT FROM oid", "0\n"},
		{"SELECT count(*) FROM pg_namespace WHERE to_regnamespace(nspname) = oid AND nspname::regnamespace = oid", "5\n"},
		{"SELECT relname FROM (SELECT relname, '民政.' || relname AS name, oid FROM pg_class) c WHERE to_regclass(name) = oid", "低保\n"},
		{"SELECT relname FROM pg_class WHERE oid::regclass::text = '\"民政\".\"低保\"'", "低保\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
}

// PostgreSQL's functions of texts, numbers and lists stand over the catalogue too, and mean
// there what they mean in PostgreSQL.
func TestFunctions(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{`SELECT FORMAT('%I.%I', 'a', 'B"c'), pg_catalog.format('%s=%L, %%, %2$L', 1, 'it''s'), format('x'), format('<%s%I>', NULL, 'user')`, "a.\"B\"\"c\"|1='it''s', %, 'it''s'|x|<\"user\">\n"},
		{`SELECT replace(a, '"', '""') || replace(a, '"', '""') || replace(a, '"', '""') || replace(a, '"', '""') || replace(a, '"', '""') || replace(a, '"', '""') FROM (SELECT '"' AS a) q`, strings.Repeat(`""`, 6) + "\n"},
		{"SELECT 7 / 2, -7 / 2, 7.0 / 2, 7 / 2.0::FLOAT8, div(7, 2)", "3|-3|3.5|3.5|3\n"},
		{"SELECT initcap('hello wORLD'), btrim('xax', 'x'), octet_length('中'), lpad('a', 3), rpad('a', 3, 'xy'), repeat('ab', 2), translate('abc', 'ab', 'xy'), to_hex(255)", "Hello World|a|3|  a|axy|abab|xyc|ff\n"},
		{"SELECT cardinality(ARRAY[1,2]), array_length(ARRAY[]::INT[], 1), array_remove(ARRAY[1,2,1], 1), string_to_array('a,b', ','), array_lower(ARRAY[5], 1), array_ndims(ARRAY[1])", "2||[2]|[\"a\",\"b\"]|1|1\n"},
		{`SELECT parse_ident('Public."Ab""c"'), quote_ident('select'), quote_ident('a$'), quote_nullable(NULL)`, `["public","Ab\"c"]|"select"|"a$"|NULL` + "\n"},
		{"SELECT 2 = ANY(ARRAY[1,2]), 3 = ANY(x), s[1], s FROM (SELECT ARRAY[1] AS x) q, string_to_array('a,b', ',') s", "true|false|a|[\"a\",\"b\"]\n"},
		{"SELECT * FROM pg_catalog.current_database()", "lianji\n"},
		{"SELECT EXTRACT(epoch FROM pg_postmaster_start_time() AT TIME ZONE 'UTC') > 1.7e9, extract(year FROM now()) > 2020, 1 IS DISTINCT FROM length('a')", "true|true|false\n"},
		{"SELECT ARRAY[23, 1009]::regtype[], NULL::oid[]::regtype[]::text[]", "[\"integer\",\"text[]\"]|\n"},
		{"SELECT count(*) FROM pg_available_extension_versions()", "0\n"},
		{"SELECT current_setting(s.name), current_setting('memory_limit' || '', true) FROM pg_settings s WHERE name = 'server_encoding'", "UTF8|\n"},
		{"SELECT (SELECT count(*) FROM pg_options_to_table(c.reloptions)) FROM pg_class c LIMIT 1", "0\n"},
	} {
		mustAsk(t, c, "SELECT q.* FROM pg_language, ("+q.sql+") q", q.want)
	}
}

// What the system keeps of every row can be asked for and is not shown unasked. All is of
// one transaction, which goes on.
func TestSystemColumns(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"SELECT * FROM pg_am ORDER BY oid", "2|heap||t\n403|btree||i\n"},
		{"SELECT a.*, a.oid * 2, b.* FROM pg_am a JOIN pg_am b USING (oid) WHERE a.amtype = 't'", "2|heap||t|4|2|heap||t\n"},
		{"SELECT count(*), count(a.*) FROM pg_am a", "2|2\n"},
		{"SELECT xmin, tableoid, tableoid::regclass, pg_catalog.age(xmin) FROM pg_am LIMIT 1", "3|2601|pg_am|0\n"},
		{"SELECT xmin FROM (SELECT C.xmin, C.oid FROM pg_class C) q WHERE pg_catalog.age(xmin) <= pg_catalog.age((SELECT txid_current())::varchar::xid) LIMIT 1", "3\n"},
		{"SELECT d.xmin FROM pg_language a LEFT JOIN pg_attrdef d ON d.oid = a.oid", "\n"},
		{"SELECT count(*) FROM pg_am a LEFT JOIN pg_description d ON d.objoid = a.oid AND d.classoid = 'pg_catalog.pg_am'::regclass", "2\n"},
		{"SELECT age(TIMESTAMP '2024-01-02', TIMESTAMP '2024-01-01')::VARCHAR, age('4294967295'::xid), txid_current() FROM pg_language", "1 day|4|3\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
}

// A parameter is read as the name that it gives: of a setting, a relation, a pattern.
func TestParametersAreNames(t *testing.T) {
	c := open(t)
	text := func(v string) server.Param { return server.Param{Text: v} }
	mustAsk(t, c, "SELECT current_setting($1::VARCHAR) FROM pg_language", "on\n", text("jit"))
	mustAsk(t, c, "SELECT current_setting($1) FROM pg_language", "\n", text("nix"))
	mustAsk(t, c, "SELECT relname FROM pg_class WHERE oid = CAST($1 AS REGCLASS) OR oid = $2::regclass ORDER BY 1", "人口\n低保\n", text("公安.人口"), text("民政.低保"))
	mustAsk(t, c, "SELECT nspname FROM pg_namespace WHERE nspname ~ $1 ORDER BY 1", "pg_catalog\npublic\n", text("^p"))
	mustAsk(t, c, "SELECT relname FROM pg_class WHERE relname = ANY ($1)", "人口\n", text("{人口,x}"))
	d, mine, err := c.Describe(t.Context(), session("a"), facts, server.Request{SQL: "SELECT current_setting($1::VARCHAR), $2::regclass, set_config('jit', $3, false)"})
	if err != nil || !mine || len(d.Params) != 3 || len(d.Columns) != 3 {
		t.Errorf("%+v, %v, %v", d, mine, err)
	}
}

// Whoever asks of the connection alone asks nothing of the catalogue: names and words mean
// what they mean in every other statement.
func TestNamesBesideTheConnection(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"SELECT current_user, 'b' < 'A' COLLATE NOCASE, 'b' < 'A'", "张三|false|false\n"},
		{"SELECT current_user, 'a' < 'B' COLLATE NOCASE, 'a' < 'B'", "张三|true|false\n"},
		{"SELECT current_user, 'abc' ~ 'b'", "张三|false\n"}, // DuckDB's, of the whole text
		{"WITH pg_class AS (SELECT 1 a) SELECT a, current_user, 'abc' ~ 'b' FROM pg_class", "1|张三|false\n"},
		{"SELECT pg_catalog.current_database(), current_schema", "lianji|public\n"},
		{"SELECT current_user, 7 / 2, array_length([]::INT[], 1)", "张三|3.5|0\n"},
		// Something of the catalogue is read beside.
		{"SELECT 7 / 2, array_length(ARRAY[]::INT[], 1), cardinality(ARRAY[1]) FROM pg_language", "3||1\n"},
		{"WITH pg_class AS (SELECT 1 a) SELECT a, current_user, 'abc' ~ 'b' FROM pg_class, pg_language", "1|张三|true\n"},
		{"SELECT nspname FROM pg_namespace WHERE nspname < 'q' ORDER BY nspname COLLATE pg_catalog.\"default\" LIMIT 1", "information_schema\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
	for _, sql := range []string{
		"WITH pg_class AS (SELECT 1 a) SELECT a FROM pg_class",
		"WITH pg_class AS (SELECT * FROM pg_class) SELECT relname FROM pg_class",
		"WITH pg_class AS (SELECT 1 a) SELECT sqrt(a) FROM pg_class",
	} {
		if rows, mine, err := ask(t, c, sql); mine {
			t.Errorf("%s is taken for the catalogue's: %q, %v", sql, rows, err)
		}
	}
	for _, sql := range []string{"SELECT current_user, getenv('HOME')", "WITH pg_class AS (SELECT 'x' a) SELECT getenv(a), current_user FROM pg_class", "SELECT current_user; SELECT 1"} {
		if rows, mine, err := ask(t, c, sql); err == nil || !mine {
			t.Errorf("%s: %q, %v", sql, rows, mine)
		}
	}
	_, mine, err := ask(t, c, "SELECT relname FROM pg_class ORDER BY relname COLLATE \"en_US\"")
	if e := errs.From(err); !mine || e.ID != "pgwire_collation" {
		t.Errorf("another order: %v, %v", mine, err)
	}
}

// set_config sets, once and when the statement runs.
func TestSetConfig(t *testing.T) {
	c := open(t)
	var set []string
	f := facts
	f.Set = func(_ context.Context, name string, value *string, local bool) error {
		if local {
			name += " local"
		}
		if value == nil {
			set = append(set, name+" as it was")
			return nil
		}
		set = append(set, name+"="+*value)
		if *value == "bad" {
			return errs.New(errs.ParameterInvalid, "pgwire_setting_value", nil)
		}
		return nil
	}
	run := func(sql string, params ...server.Param) error {
		set = nil
		if _, _, err := c.Describe(t.Context(), session("a"), f, server.Request{SQL: sql}); err != nil || set != nil {
			t.Errorf("%s: describing it sets %q: %v", sql, set, err)
		}
		a, mine, err := c.Query(t.Context(), session("a"), f, server.Request{SQL: sql, Params: params})
		if err == nil {
			a.Stream.Release()
		}
		if !mine {
			t.Errorf("%s is nobody's", sql)
		}
		return err
	}
	for _, q := range []struct {
		sql    string
		params []server.Param
		want   []string
	}{
		{"SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new", nil, []string{"jit=off"}},
		{"SELECT pg_catalog.set_config('Search_Path', '', true)", nil, []string{"search_path local="}},
		{"SELECT set_config('jit', $1, false)", []server.Param{{Text: "o'n"}}, []string{"jit=o'n"}},
		{"SELECT set_config('jit', $1, false)", []server.Param{{Null: true}}, []string{"jit as it was"}},
		{"SELECT set_config('jit','off',false) FROM pg_show_all_settings() WHERE name = 'jit'", nil, []string{"jit=off"}},
		{"SELECT pg_catalog.set_config('jit','off',false) FROM pg_catalog.pg_settings WHERE name = 'jit';", nil, []string{"jit=off"}},
	} {
		if err := run(q.sql, q.params...); err != nil || !slices.Equal(set, q.want) {
			t.Errorf("%s: %q, %v", q.sql, set, err)
		}
	}
	if err := run("SELECT set_config('jit', 'bad', false)"); errs.CodeOf(err) != errs.ParameterInvalid {
		t.Errorf("a value that is refused: %v", err)
	}
	for _, sql := range []string{"SELECT set_config('jit', 'on', false) FROM pg_class", "SELECT set_config(relname, 'on', false) FROM pg_class", "SELECT set_config('jit', 'on', relhasindex) FROM pg_class",
		"SELECT set_config('jit','off',false) FROM pg_show_all_settings() WHERE name = 'nix'", "SELECT set_config('jit','off',false) FROM pg_settings WHERE name = 'jit' OR true"} {
		if _, _, err := c.Query(t.Context(), session("a"), f, server.Request{SQL: sql}); err == nil {
			t.Errorf("%s was answered", sql)
		}
	}
}

// A search path says which schema is asked first, and what can be named without one.
func TestSearchPath(t *testing.T) {
	c := open(t)
	f := facts
	f.Path = []string{"民政", "不在"}
	for _, q := range []struct{ sql, want string }{
		{"SELECT current_schema, current_schema() FROM pg_language", "民政|民政\n"},
		{"SELECT pg_catalog.current_schemas(false)", "[\"民政\",\"不在\"]\n"},
		{"SELECT current_schemas(true)", "[\"pg_catalog\",\"民政\",\"不在\"]\n"},
		{"SELECT relname FROM pg_class c WHERE pg_catalog.pg_table_is_visible(c.oid) AND relkind = 'r'", "低保\n"},
		{"SELECT relname FROM pg_class WHERE pg_table_is_visible(oid) AND relkind = 'r'", "低保\n"},
		{"SELECT relname, pg_table_is_visible(oid) FROM pg_class ORDER BY 1", "人口|false\n人口_pkey|false\n低保|true\n"},
		{"SELECT relname FROM pg_class WHERE oid = '低保'::regclass OR oid = CAST('公安.人口' AS regclass) ORDER BY 1", "人口\n低保\n"},
	} {
		a, mine, err := c.Query(t.Context(), session("a"), f, server.Request{SQL: q.sql})
		if err != nil || !mine {
			t.Errorf("%s: %v %v %s", q.sql, mine, err, errs.From(err).Detail)
			continue
		}
		if got := lines(a); got != q.want {
			t.Errorf("%s: %q, want %q", q.sql, got, q.want)
		}
	}
	if _, _, err := c.Query(t.Context(), session("a"), f, server.Request{SQL: "SELECT attname FROM pg_attribute WHERE attrelid = '人口'::regclass"}); errs.CodeOf(err) != errs.UnknownName {
		t.Errorf("what is not on the path: %v", err)
	}
	mustAsk(t, c, "SELECT current_schema(), count(*) FROM pg_class WHERE pg_table_is_visible(oid)", "public|3\n") // nobody said
}

// Whoever asks may read what is there, and do nothing else with it.
func TestPrivileges(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		// As pgJDBC's getTablePrivileges and getColumnPrivileges read them.
		{"SELECT r.rolname, array_to_string(c.relacl, ',') FROM pg_catalog.pg_class c, pg_catalog.pg_roles r WHERE c.relowner = r.oid AND c.relname = '人口'", "张三|张三=r/张三\n"},
		{"SELECT DISTINCT array_to_string(a.attacl, ',') FROM pg_catalog.pg_attribute a WHERE a.attrelid = '公安.人口'::regclass AND a.attnum > 0", "张三=r/张三\n"},
		{"SELECT DISTINCT grantor, grantee, table_schema, privilege_type, is_grantable, with_hierarchy FROM information_schema.table_privileges ORDER BY table_schema", "张三|张三|公安|SELECT|NO|YES\n张三|张三|民政|SELECT|NO|YES\n"},
		{"SELECT table_name, privilege_type FROM information_schema.role_table_grants ORDER BY 1", "人口|SELECT\n低保|SELECT\n"},
		{"SELECT table_schema, table_name, column_name, privilege_type, is_grantable FROM information_schema.column_privileges WHERE table_name = '低保'", "民政|低保|amount|SELECT|NO\n"},
		{"SELECT count(*), count(DISTINCT privilege_type) FROM information_schema.role_column_grants", "7|1\n"},
		{"SELECT has_table_privilege(oid, 'SELECT'), has_table_privilege(oid, 'insert'), has_table_privilege('张三', oid, 'INSERT, select'), has_table_privilege(oid, 'SELECT WITH GRANT OPTION') FROM pg_class WHERE relname = '人口'", "true|false|true|false\n"},
		{"SELECT has_any_column_privilege(oid, 'SELECT'), has_any_column_privilege(oid, 'UPDATE'), has_column_privilege(oid, 'x', 'select'), has_column_privilege(oid, 'x', 'INSERT') FROM pg_class WHERE relname = '人口'", "true|false|true|false\n"},
		{"SELECT has_schema_privilege(nspname, 'USAGE'), has_schema_privilege(nspname, 'CREATE') FROM pg_namespace WHERE nspname = '公安'", "true|false\n"},
		{"SELECT has_database_privilege(datname, 'CONNECT'), has_database_privilege(datname, 'CREATE') FROM pg_database", "true|false\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
	for name, want := range map[string]string{"张三": "张三", "ab_9": "ab_9", "a.b": `"a.b"`, `x"y=r`: `"x""y=r"`} {
		if got := aclName(name); got != want {
			t.Errorf("%s in a list of privileges: %s, want %s", name, got, want)
		}
	}
}
