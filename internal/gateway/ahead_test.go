package gateway_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog/audit"
)

// What Metabase reads for itself is refused before anything is charged or recorded; what a
// person asks for in it is answered, and its questions about the catalogue are. Its
// statements are those that its version 0.62 sends.
func TestMetabaseReadsAhead(t *testing.T) {
	s := newSite(t, plain)
	s.metered(t, "{queries: 2}")
	c := s.postgres(t, "zhao", "-c purpose=DB-HC")
	const (
		person = "-- Metabase:: userID: 1 queryType: MBQL queryHash: a54de39466cbf3e82ff09c5a9a2bccf1\n"
		rows   = `SELECT "公安"."名册"."id" AS "id" FROM "公安"."名册" LIMIT 10000`
	)
	refused := []string{
		"-- Metabase\n" + rows, rows, "-- Metabase:: userID: null queryType: MBQL queryHash: a5\n" + rows,
		"-- Metabase\nSELECT SUBSTRING(\"公安\".\"名册\".\"zt\", 1, 1234) AS \"substring1\" FROM \"公安\".\"名册\" LIMIT 10000",
		"-- Metabase\nSELECT \"公安\".\"名册\".\"zt\" AS \"zt\" FROM \"公安\".\"名册\" GROUP BY \"公安\".\"名册\".\"zt\" ORDER BY \"公安\".\"名册\".\"zt\" ASC LIMIT 1000",
		"TABLE 公安.名册", "SELECT '" + person + "' FROM 公安.名册", "SELECT 1 /* " + person + " */ FROM 公安.名册",
	}
	for _, setting := range []string{"SET application_name = 'Metabase v0.62.1.5 [d4fe74c4-96c3-4812-b3ae-35e513752b13]'", "SET application_name = 'Metabase'"} {
		c.ask(t, setting)
		for _, sql := range refused {
			if got := c.ask(t, sql); got != "0A000" {
				t.Errorf("%s: %s", sql, got)
			}
			if _, err := c.Prepare(context.WithoutCancel(t.Context()), "", sql, nil); state(err) != "0A000" {
				t.Errorf("prepared, %s: %v", sql, err)
			}
		}
		for sql, want := range map[string]string{
			"SELECT 1": "1 1-1",
			`SELECT TRUE AS "_" FROM "公安"."名册" WHERE 1 <> 1 LIMIT 0`:                 "0",
			"SELECT relname FROM pg_catalog.pg_class WHERE relname = '名册'":           "1 名册-名册",
			"SELECT count(*) FROM information_schema.tables WHERE table_name = '名册'": "1 1-1",
		} {
			if got := c.ask(t, sql); got != want {
				t.Errorf("%s: %s", sql, got)
			}
		}
	}
	for _, start := range records[audit.Start](t, s, audit.KindStart) {
		if start.Principal == "zhao" && start.Door == "postgres" && (len(start.Returned)+len(start.Compared)+len(start.Grants) > 0) {
			t.Errorf("recorded as a use: %+v", start)
		}
	}
	for _, start := range records[audit.Start](t, s, audit.KindRefused) {
		if start.Principal == "zhao" && start.Door == "postgres" {
			t.Errorf("recorded as refused: %+v", start)
		}
	}
	for _, want := range []string{"120 1-120", "120 1-120", "53400"} { // the quota is whole
		if got := c.ask(t, person+strings.Replace(rows, " LIMIT 10000", " ORDER BY 1 LIMIT 10000", 1)); got != want {
			t.Errorf("a person's: %s, want %s", got, want)
		}
	}
	c.ask(t, "SET application_name = 'psql'")
	if got := c.ask(t, rows); got != "53400" {
		t.Errorf("of another program: %s", got)
	}
}

// state gives the SQLSTATE of an error.
func state(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
