package pgcatalog

import (
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Lists in the text forms of PostgreSQL, and functions that give rows where it gives rows.
func TestLists(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{`SELECT typname FROM pg_type WHERE typname = ANY ('{int4,"bool", NULL}') ORDER BY 1`, "bool\nint4\n"},
		{`SELECT count(*) FROM pg_type WHERE oid = 16 AND typname <> ALL ('{int4,"null"}'::text[])`, "1\n"},
		{`SELECT count(*) FROM pg_type WHERE oid = 16 AND typname <> ALL ('{bool}'::text[])`, "0\n"},
		{"SELECT n, generate_series(1, n) AS i FROM (SELECT 2 AS n FROM pg_language) q ORDER BY 2", "2|1\n2|2\n"},
		{"SELECT q.n FROM (SELECT coalesce(1), generate_series(1, 2) AS n FROM pg_language) q ORDER BY 1", "1\n2\n"},
		{"SELECT s.r FROM pg_language, generate_series(1, 2) AS s(r) ORDER BY 1", "1\n2\n"},
		{"SELECT 'a' IN (SELECT word FROM pg_catalog.pg_get_keywords()), catcode FROM pg_get_keywords() WHERE word = 'select'", "false|R\n"},
	} {
		mustAsk(t, c, q.sql, q.want)
	}
}

// A parameter of ANY or ALL is a list, also where DuckDB cannot tell.
func TestListParameters(t *testing.T) {
	c := open(t)
	const sql = `SELECT a.attname, CASE WHEN EXISTS(SELECT 1 FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid AND t.typname = format_type(a.atttypid, a.atttypmod)) THEN 'enum' ELSE format_type(a.atttypid, a.atttypmod) END
		FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid JOIN pg_namespace n ON c.relnamespace = n.oid WHERE a.attnum > 0 AND n.nspname = ANY($1) AND c.relname <> ALL ($2) ORDER BY a.attnum LIMIT 1`
	d, mine, err := c.Describe(t.Context(), session("a"), facts, server.Request{SQL: sql})
	if err != nil || !mine || len(d.Params) != 2 || d.Params[0].Type.DuckDB() != "VARCHAR[]" || d.Params[1].Type.DuckDB() != "VARCHAR[]" || len(d.Columns) != 2 {
		t.Fatalf("%+v, %v, %v %s", d, mine, err, errs.From(err).Detail)
	}
	list := func(items ...string) server.Param {
		p := server.Param{List: true}
		for _, i := range items {
			p.Items = append(p.Items, &i)
		}
		return p
	}
	mustAsk(t, c, sql, "身份证号|text\n", list("公安", "民政"), list("低保"))
	mustAsk(t, c, sql, "amount|numeric(12,2)\n", list("民政"), list())
	mustAsk(t, c, sql, "", server.Param{Null: true}, list())
}
