package pgcatalog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/command"
)

// TestMain lets this program be a catalogue's process, as the gateway's own program is one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Role {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// shown is a snapshot of a few resources. 照片 is a column that is not granted.
type shown struct {
	policy.Denied
	identity string
}

func (s shown) Identity() string { return s.identity }

func (s shown) Resources() []*policy.Resource {
	columns := []catalog.Column{
		{Name: "身份证号", Type: catalog.Type{Kind: catalog.Text}, Comment: "18 位"},
		{Name: "amount", Type: catalog.DecimalOf(12, 2)},
		{Name: "born", Type: catalog.Type{Kind: catalog.Date}},
		{Name: "tags", Type: catalog.ListOf(catalog.Type{Kind: catalog.Text})},
		{Name: "seen", Type: catalog.Type{Kind: catalog.TimestampTZ}},
		{Name: "n", Type: catalog.Type{Kind: catalog.Int64}},
	}
	table := &catalog.Table{Comment: "常住人口", PrimaryKey: []string{"n", "身份证号"}, Columns: append(columns[:6:6], catalog.Column{Name: "照片", Type: catalog.Type{Kind: catalog.Blob}, Comment: "秘密"})}
	return []*policy.Resource{
		{Path: []string{"公安", "人口"}, Source: "ga", Table: table, Columns: columns},
		{Path: []string{"民政", "低保"}, Source: "mz", Table: &catalog.Table{}, Columns: columns[1:2]},
	}
}

var facts = Facts{
	User: "张三", Database: "lianji", Version: "PostgreSQL 15.0 (lianji)", Number: 7,
	Setting: func(name string) (string, bool) { return "on", name == "jit" },
	Set: func(_ context.Context, name string, _ *string, _ bool) error {
		if name != "jit" {
			return errs.New(errs.UnknownName, "pgwire_setting_unknown", nil)
		}
		return nil
	},
}

func session(identity string) server.Session {
	return server.Session{Snapshot: shown{identity: identity}}
}

// ask gives a statement's rows, a line each.
func ask(t *testing.T, c *Catalogues, sql string, params ...server.Param) (string, bool, error) {
	t.Helper()
	a, mine, err := c.Query(t.Context(), session("a"), facts, server.Request{SQL: sql, Params: params})
	if err != nil || !mine {
		return "", mine, err
	}
	return lines(a), true, nil
}

func lines(a *server.Answer) string {
	defer a.Stream.Release()
	var b strings.Builder
	for a.Stream.Next() {
		batch := a.Stream.RecordBatch()
		for row := range int(batch.NumRows()) {
			for i, column := range batch.Columns() {
				if i > 0 {
					b.WriteString("|")
				}
				if !column.IsNull(row) {
					b.WriteString(column.ValueStr(row))
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func listOf(items ...string) server.Param {
	p := server.Param{List: true}
	for _, item := range items {
		p.Items = append(p.Items, &item)
	}
	return p
}

func open(t *testing.T) *Catalogues {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := New("Asia/Shanghai", self, Role)
	t.Cleanup(c.Close)
	return c
}

func mustAsk(t *testing.T, c *Catalogues, sql, want string, params ...server.Param) {
	t.Helper()
	got, mine, err := ask(t, c, sql, params...)
	if err != nil || !mine || got != want {
		detail := ""
		if err != nil {
			detail = errs.From(err).Detail
		}
		t.Errorf("%s: %q %v %v %s, want %q", sql, got, mine, err, detail, want)
	}
}

func TestCatalogue(t *testing.T) {
	c := open(t)
	mustAsk(t, c, "SELECT nspname FROM pg_catalog.pg_namespace n WHERE nspname !~ '^pg_' ORDER BY nspname COLLATE \"C\"", "information_schema\npublic\n公安\n民政\n")
	mustAsk(t, c, "SELECT version(), current_database(), current_user, pg_backend_pid(), current_setting('jit')", "PostgreSQL 15.0 (lianji)|lianji|张三|7|on\n")
}

// said is a statement of a program, with what stands in front of it in its file: a line
// "--$ x" for each of its parameters, "--= x|y" for each of the rows that it is to give,
// "--= none" for no row, "--any order" where the statement asks for none, and "--same" where
// PostgreSQL is asked the same.
type said struct {
	sql    string
	params []server.Param
	rows   string
	judged bool // rows says which there are
	mixed  bool // in any order
	same   bool
}

func saidIn(t *testing.T, file string) (out []said) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := 0
	for _, piece := range command.Split(string(text)) {
		s := said{sql: piece.SQL}
		for line := range strings.Lines(string(text[end:piece.Offset])) {
			line = strings.TrimSuffix(line, "\n")
			if value, ok := strings.CutPrefix(line, "--$ "); ok {
				s.params = append(s.params, server.Param{Text: value})
			}
			if row, ok := strings.CutPrefix(line, "--= "); ok {
				s.judged = true
				if row != "none" {
					s.rows += row + "\n"
				}
			}
			s.mixed = s.mixed || line == "--any order"
			s.same = s.same || line == "--same"
		}
		end = piece.Offset + len(piece.SQL)
		out = append(out, s)
	}
	return out
}

func inOrder(rows string) string {
	return strings.Join(slices.Sorted(strings.Lines(rows)), "")
}

// Statements of programs, as they send them, are understood.
func TestClients(t *testing.T) {
	c := open(t)
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no statements: %v", err)
	}
	for _, file := range files {
		for _, s := range saidIn(t, file) {
			if len(s.params) > 0 {
				d, mine, err := c.Describe(t.Context(), session("a"), facts, server.Request{SQL: s.sql})
				if err != nil || !mine || len(d.Params) != len(s.params) || len(d.Columns) == 0 {
					t.Errorf("%s: described as %+v, %v, %v\n%.300s", file, d, mine, err, s.sql)
				}
			}
			rows, mine, err := ask(t, c, s.sql, s.params...)
			if err != nil || !mine {
				detail := ""
				if err != nil {
					detail = errs.From(err).Detail
				}
				t.Errorf("%s: %v %v\n%.300s\nas\n%.2000s", file, mine, err, detail, s.sql)
			}
			if s.mixed {
				rows, s.rows = inOrder(rows), inOrder(s.rows)
			}
			if s.judged && rows != s.rows {
				t.Errorf("%s: %.2000s\ngives\n%s\nwant\n%s", file, s.sql, rows, s.rows)
			}
		}
	}
}

// What is not granted is in none of the relations.
func TestNothingNotGranted(t *testing.T) {
	c := open(t)
	seen := 0
	for _, all := range []struct {
		schema string
		names  map[string]bool
	}{{"pg_catalog", relations}, {"information_schema", standard}} {
		for name := range all.names {
			rows, mine, err := ask(t, c, "SELECT * FROM "+all.schema+"."+name)
			if err != nil || !mine {
				t.Errorf("%s.%s: %v %v", all.schema, name, mine, err)
			}
			if strings.Contains(rows, "身份证号") {
				seen++
			}
			for _, secret := range []string{"照片", "秘密"} {
				if strings.Contains(rows, secret) {
					t.Errorf("%s.%s shows %s", all.schema, name, secret)
				}
			}
		}
	}
	if seen < 2 {
		t.Errorf("what is granted stands in %d relations", seen)
	}
	// Another session's catalogue is another one.
	a, _, err := c.Query(t.Context(), server.Session{}, facts, server.Request{SQL: "SELECT relname FROM pg_class"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stream.Release()
	if a.Stream.Next() && a.Stream.RecordBatch().NumRows() > 0 {
		t.Error("a session that may see nothing sees a table")
	}
}

// Nothing but the catalogue's relations and harmless functions is to be reached.
func TestCatalogueGate(t *testing.T) {
	c := open(t)
	for _, sql := range []string{
		"SELECT * FROM pg_class, read_text('/etc/passwd')",
		"SELECT * FROM pg_class WHERE relname IN (SELECT content FROM read_text('/etc/passwd'))",
		"SELECT * FROM pg_class, duckdb_settings()",
		"SELECT * FROM pg_class, duckdb_secrets()",
		"SELECT getvariable('x') FROM pg_class",
		"SELECT repeat('x', 1000000000) FROM pg_class",
		"SELECT lpad('x', 1000000000) FROM pg_class",
		"SELECT list_resize([1], 1000000000) FROM pg_class",
		"SELECT * FROM pg_class, range(1000000000000)",
		"SELECT * FROM pg_class, query('select 1')",
		"SELECT query FROM pg_class, query_table('pg_class')",
		"SELECT nextval('x') FROM pg_class",
		"SELECT * FROM pg_class, lianji_scan(1, 2)",
		"SELECT lianji_text('a', relname) FROM pg_class",
		"SELECT write_log('x') FROM pg_class",
		"SELECT current_query() FROM pg_class",
		"SELECT pg_sleep(5) FROM pg_class",
		"SELECT stats(relname) FROM pg_class",
		"SELECT (SELECT count(*) FROM glob('/*')) FROM pg_class",
		"WITH x AS (SELECT * FROM duckdb_databases()) SELECT * FROM x, pg_class",
		"SELECT * FROM pg_class ORDER BY getenv('HOME')",
		"SELECT list_transform([1], lambda x: error('a')) FROM pg_class",
		"SELECT * FROM (DESCRIBE pg_class)",
		"SELECT * FROM (SHOW ALL TABLES), pg_class",
	} {
		_, mine, err := ask(t, c, sql)
		if err == nil && mine {
			t.Errorf("%s was answered", sql)
		}
	}
	// What else there is stays the gateway's to answer or refuse.
	for _, sql := range []string{
		"SELECT * FROM 公安.人口", "SELECT 1", "INSERT INTO pg_class SELECT 1", "SELECT * FROM pg_class JOIN 公安.人口 ON true", "SELECT * FROM pg_class, '/etc/passwd'",
		"SELECT * FROM system.main.pg_class, pg_class", "COPY pg_class TO '/tmp/x'", "SELECT * FROM pg_class, lianji_classes", "SET x = 1", "SELECT pg FROM t", "",
	} {
		if _, mine, err := ask(t, c, sql); mine {
			t.Errorf("%s is taken for the catalogue's: %v", sql, err)
		}
	}
	for _, sql := range []string{"SELECT 1 FROM pg_class; SELECT 2 FROM pg_class", "SELECT 1 FROM pg_class; DROP TABLE pg_class"} {
		if _, mine, err := ask(t, c, sql); mine && err == nil {
			t.Errorf("%s was answered", sql)
		}
	}
}

// A statement that would never end is ended.
func TestCatalogueCancelled(t *testing.T) {
	c := open(t)
	mustAsk(t, c, "SELECT count(*) > 90 FROM pg_type", "true\n")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, mine, err := c.Query(ctx, session("a"), facts, server.Request{SQL: "SELECT count(*) FROM pg_type a, pg_type b, pg_type c, pg_type d, pg_type e"})
	if !mine || errs.CodeOf(err) != errs.Timeout {
		t.Errorf("%v %v", mine, err)
	}
	mustAsk(t, c, "SELECT count(*) > 90 FROM pg_type", "true\n")
}

func TestCatalogueAnswers(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relkind = 'r' ORDER BY relname", "人口|常住人口\n低保|\n"},
		{"SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum) FROM pg_attribute a WHERE a.attrelid = '公安.人口'::regclass AND a.attnum > 0 ORDER BY a.attnum",
			"身份证号|text|18 位\namount|numeric(12,2)|\nborn|date|\ntags|text[]|\nseen|timestamp with time zone|\nn|bigint|\n"},
		{"SELECT column_name, data_type, udt_name, numeric_precision, numeric_scale FROM information_schema.columns WHERE table_schema = '公安' AND column_name IN ('amount', 'tags') ORDER BY 1", "amount|numeric|numeric|12|2\ntags|ARRAY|_text||\n"},
		{"SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1", "公安|人口\n民政|低保\n"},
		{"SELECT 'x' FROM pg_namespace WHERE nspname ~* 'PUBL'", "x\n"},
		{"SELECT count(*) FROM pg_namespace WHERE nspname = ANY ('{public,公安}')", "2\n"},
		{"SELECT 'pg_class'::regclass::oid", "1259\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
	mustAsk(t, c, "SELECT nspname FROM pg_namespace WHERE nspname = $1", "公安\n", server.Param{Text: "公安"})
}

// As many catalogues are kept as there may be, and all are freed.
func TestCataloguesKept(t *testing.T) {
	c := open(t)
	for i := range mostKept + 2 {
		_, _, err := c.Query(t.Context(), session(strings.Repeat("x", i)), facts, server.Request{SQL: "SELECT 1 FROM pg_class"})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := c.order.Len(); n != mostKept || len(c.byKey) != mostKept {
		t.Errorf("%d catalogues", n)
	}
}

// A statement with parameters is described with their types, as drivers bind them.
func TestCatalogueParameters(t *testing.T) {
	c := open(t)
	d, mine, err := c.Describe(t.Context(), session("a"), facts, server.Request{SQL: "SELECT oid, typname, ARRAY[oid] FROM pg_type WHERE oid = any($1::oid[]) AND typname <> $2 ORDER BY oid"})
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	if len(d.Params) != 2 || d.Params[0].Type.DuckDB() != "UINTEGER[]" || d.Params[1].Type.DuckDB() != "VARCHAR" || len(d.Columns) != 3 || d.Columns[0].Type.DuckDB() != "UINTEGER" || d.Columns[2].Type.DuckDB() != "UINTEGER[]" {
		t.Errorf("described as %+v", d)
	}
	mustAsk(t, c, "SELECT typname FROM pg_type WHERE oid = any($1::oid[]) AND typname <> $2 ORDER BY oid", "bool\nint4\n", listOf("16", "20", "23"), server.Param{Text: "int8"})
	mustAsk(t, c, "SELECT $1 || nspname FROM pg_namespace WHERE nspname = $2", "' OR '1'='1公安\n", server.Param{Text: "' OR '1'='1"}, server.Param{Text: "公安"})
	mustAsk(t, c, "SELECT 1 FROM pg_namespace WHERE nspname = $1", "", server.Param{Null: true})
	for _, bad := range [][]server.Param{{}, {{Text: "x"}, {Text: "y"}}, {{Text: "{1"}}} {
		if _, _, err := ask(t, c, "SELECT 1 FROM pg_type WHERE oid = any($1::oid[])", bad...); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// Texts that cost DuckDB's parser or binder gigabytes or minutes are refused before it
// sees them, and reading within the bounds of an answer ends soon.
func TestDearTexts(t *testing.T) {
	c := New("Asia/Shanghai")
	defer c.Close()
	within := func(n int, before, middle, after string) string {
		return strings.Repeat(before, n) + middle + strings.Repeat(after, n)
	}
	doubled := func(n int, op string) string {
		sql := "SELECT relname a0"
		for i := range n {
			sql += fmt.Sprintf(", a%d%sa%d a%d", i, op, i, i+1)
		}
		return sql + " FROM pg_class"
	}
	withs := "WITH w0 AS (SELECT relname x FROM pg_class)"
	nested := "SELECT relname x FROM pg_class"
	for i := range 6 {
		withs += fmt.Sprintf(", w%d AS (SELECT x||x x FROM w%d)", i+1, i)
		nested = "SELECT x||x x FROM (" + nested + ") q"
	}
	for name, sql := range map[string]string{
		"CASE":               "SELECT pg_is_in_recovery(), " + within(8, "case ", "1", " when 1 then 1 when 2 then 2 when 3 then 3 when 4 then 4 when 5 then 5 when 6 then 6 when 7 then 7 when 8 then 8 end"),
		"replace":            "SELECT length(" + within(8, "replace(", "'xxxxxxxxxx'", ",'x','xxxxxxxxxx')") + ") FROM pg_class",
		"replace by columns": "SELECT length(" + within(3, "replace(", "relname", ",relname,relname||relname)") + ") FROM pg_class",
		"replace by less":    "SELECT length(" + within(6, "replace(", "'xxxxxxxxxx'", ",'xy','xyxyxyxyxyxyxyxy')") + ") FROM pg_class",
		"repeat":             "SELECT length(" + within(5, "repeat(", "'x'", ",16)") + ") FROM pg_class",
		"repeat by columns":  "SELECT repeat('x', relnatts) FROM pg_class",
		"lpad":               "SELECT lpad('x', 100000) FROM pg_class",
		"macros":             "SELECT " + within(9, "pg_catalog.quote_ident(", "'a'", ")"),
		"aliases":            doubled(14, "||"),
		"aliases of numbers": strings.Replace(doubled(14, "+"), "relname", "1", 1) + " WHERE relname = 'x'",
		"WITH":               withs + " SELECT length(x) FROM w6, pg_class",
		"nested":             nested,
		"long":               "SELECT 1 FROM pg_class WHERE relname = '" + strings.Repeat("x", mostText) + "'",
		"series":             "SELECT count(*) FROM pg_class, generate_series(1, 1000000) a",
		"series of a sum":    "SELECT count(*) FROM pg_class, generate_series(1, 1000*1000) a",
	} {
		begun := time.Now()
		_, mine, err := ask(t, c, sql)
		if !mine || errs.CodeOf(err) != errs.StatementTooComplex && errs.CodeOf(err) != errs.NotSupported {
			t.Errorf("%s: %v, %v", name, mine, err)
		}
		if took := time.Since(begun); took > mostTime {
			t.Errorf("%s: %s", name, took)
		}
	}
	for name, sql := range map[string]string{
		"a few": "SELECT pg_catalog.quote_ident(pg_catalog.quote_ident(relname)) || '.' || relname FROM pg_class WHERE relname = '人口'",
	} {
		if rows, _, err := ask(t, c, sql); err != nil || rows == "" {
			t.Errorf("%s: %q, %v", name, rows, err)
		}
	}
}

// A text that is far too long is not looked through again for each of its words.
func TestLongTexts(t *testing.T) {
	c := New("Asia/Shanghai")
	defer c.Close()
	const n = 20_000
	for name, sql := range map[string]string{
		"casts":     "SELECT 1" + strings.Repeat("::regclass", n),
		"functions": "SELECT 1 FROM pg_class, " + strings.Repeat("lower(", n) + strings.Repeat(")", n),
		"formats":   "SELECT " + strings.Repeat("format('%s',", n) + "1" + strings.Repeat(")", n) + " FROM pg_class",
		"stars":     "SELECT " + strings.Repeat("*, ", n) + "1 FROM pg_class",
		"opened":    "SELECT pg_get_userbyid(1), " + strings.Repeat("format('',", n),
	} {
		begun := time.Now()
		if _, mine, err := ask(t, c, sql); !mine || err == nil {
			t.Errorf("%s: %v, %v", name, mine, err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: %s", name, took)
		}
	}
}

// Names of WITH clauses are seen within their own query alone: outside of it the same
// name is DuckDB's own relation.
func TestNamesOfWithAreTheirQuerys(t *testing.T) {
	c := New("Asia/Shanghai")
	defer c.Close()
	for _, name := range []string{"duckdb_views", "duckdb_tables", "sqlite_master", "pragma_database_list", "duckdb_columns"} {
		for _, sql := range []string{
			"SELECT * FROM (WITH " + name + " AS (SELECT 1) SELECT 1) q, " + name + " v WHERE pg_table_is_visible(1)",
			"SELECT (WITH " + name + " AS (SELECT 1 a) SELECT a FROM " + name + "), v.* FROM " + name + " v WHERE pg_table_is_visible(1)",
		} {
			if rows, mine, err := ask(t, c, sql); mine && err == nil {
				t.Errorf("%s: %q", sql, rows)
			}
		}
	}
	if rows, _, err := ask(t, c, "WITH duckdb_views AS (SELECT 7 a) SELECT a FROM (SELECT a FROM duckdb_views) q WHERE pg_table_is_visible(1)"); rows != "7\n" || err != nil {
		t.Errorf("within: %q, %v", rows, err)
	}
}

// Answers that nobody has read yet are counted: cursors without end do not take the
// gateway's memory.
func TestHeldAnswers(t *testing.T) {
	c := New("Asia/Shanghai")
	defer c.Close()
	var held []*server.Answer
	for range 100 {
		a, _, err := c.Query(t.Context(), session("a"), facts, server.Request{SQL: "SELECT a, md5(a::VARCHAR), md5(relname) FROM pg_class, generate_series(1, 9000) t(a) LIMIT 50000"})
		if err != nil {
			if errs.CodeOf(err) != errs.ResultTooLarge {
				t.Error(err)
			}
			break
		}
		held = append(held, a)
	}
	if len(held) == 0 || len(held) == 100 {
		t.Fatalf("%d answers are held", len(held))
	}
	for _, a := range held {
		a.Stream.Release()
		a.Stream.Release()
	}
	if c.all != 0 || len(c.held) != 0 {
		t.Errorf("%d bytes are counted when nothing is held: %v", c.all, c.held)
	}
}

// The zone of a statement is that of all others, whatever of the catalogue it asks.
func TestZone(t *testing.T) {
	c := New("Asia/Shanghai")
	defer c.Close()
	rows, mine, err := ask(t, c, "SELECT date_part('hour', TIMESTAMPTZ '2024-01-01 20:00:00+00')::INTEGER, current_user")
	if rows != "4|张三\n" || !mine || err != nil {
		t.Errorf("%q, %v, %v", rows, mine, err)
	}
}
