package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// pgClient is a connection of somebody to the PostgreSQL door, with what it was told.
type pgClient struct {
	*pgconn.PgConn
	told []string // of notices: code and hint
}

func (s *site) postgres(t *testing.T, login, options string) *pgClient {
	t.Helper()
	config, err := pgconn.ParseConfig("postgres://" + s.others["postgres"] + "/lianji?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	c := &pgClient{}
	config.User, config.Password, config.RuntimeParams["options"] = login+"~token", s.tokens[login], options
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { c.told = append(c.told, n.Code+" "+n.Hint) }
	if c.PgConn, err = pgconn.ConnectConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// ask gives the first and the last value of an answer's first column and how many there
// are, or the SQLSTATE of its error, and what was told with it.
func (c *pgClient) ask(t *testing.T, sql string) string {
	t.Helper()
	c.told = nil
	results, err := c.Exec(t.Context(), sql).ReadAll()
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	rows := results[len(results)-1].Rows
	said := fmt.Sprint(len(rows))
	if len(rows) > 0 {
		said += fmt.Sprintf(" %s-%s", rows[0][0], rows[len(rows)-1][0])
	}
	return strings.TrimSpace(said + " " + strings.Join(c.told, ", "))
}

// A page is of the search path with which its statement began.
func TestPagesOfAnotherSearchPath(t *testing.T) {
	s := newSite(t, plain)
	c := s.postgres(t, "wang", "-c purpose=DB-HC -c mode=online")
	if got := c.ask(t, "SET search_path = '公安'; SELECT id FROM 名册 ORDER BY id"); !strings.HasPrefix(got, "50 1-50") {
		t.Fatal(got)
	}
	if got := c.ask(t, "RESET search_path; FETCH ALL FROM next_page"); !strings.HasPrefix(got, "50 51-100") {
		t.Error(got)
	}
}

// The PostgreSQL door shows page after page of on-line browsing: the cursor next_page has
// the one after a statement's, and a cursor goes on with its own.
func TestPagesByPostgres(t *testing.T) {
	s := newSite(t, plain)
	c, other := s.postgres(t, "wang", "-c purpose=DB-HC -c mode=online"), s.postgres(t, "wang", "-c purpose=DB-HC -c mode=online")
	const all, next = "SELECT id FROM 公安.名册 ORDER BY id", "01004 FETCH ALL FROM next_page shows the next ones."
	for i, step := range []struct{ sql, want string }{
		{"FETCH ALL FROM next_page", "34000"},
		{all, "50 1-50 " + next},
		{"SELECT 1 FROM pg_catalog.pg_class LIMIT 1", "1 1-1"}, // as clients ask on their own
		{"FETCH ALL FROM next_page", "50 51-100 " + next},
		{"FETCH 5 FROM next_page", "5 101-105"},
		{"FETCH ALL FROM next_page", "15 106-120"},
		{"FETCH ALL FROM next_page", "0"},
		{all, "50 1-50 " + next},
		{all + " LIMIT 3", "3 1-3"},
		{"FETCH ALL FROM next_page", "34000"}, // of a statement before
		{"DECLARE c CURSOR WITH HOLD FOR " + all, "0"},
		{"FETCH 30 FROM c", "30 1-30"},
		{"FETCH 30 FROM c", `20 31-50 01004 FETCH ALL FROM "c" shows the next ones.`},
		{"FETCH 50 FROM c", "50 51-100"},
		{"FETCH 50 FROM c", `20 101-120 01004 FETCH ALL FROM "c" shows the next ones.`},
		{"FETCH ALL FROM c", "0"},
		{"CLOSE c", "0"},
		{all, "50 1-50 " + next},
		{"CLOSE next_page", "0"},
		{"FETCH ALL FROM next_page", "34000"},
		{all, "50 1-50 " + next},
		{"DISCARD ALL", "0"},
		{"FETCH ALL FROM next_page", "34000"},
		{all, "50 1-50 " + next},
		{"SET mode = 'interface'", "0"},
		{"FETCH ALL FROM next_page", "42P01"}, // it is a page of another mode
	} {
		if got := c.ask(t, step.sql); got != step.want {
			t.Errorf("%d: %s: %s, want %s", i, step.sql, got, step.want)
		}
	}
	if got := other.ask(t, "FETCH ALL FROM next_page"); got != "34000" {
		t.Errorf("another connection: %s", got)
	}
}

// A cursor that is closed early is charged what was fetched from it, and the log tells that.
func TestQuotaOfCursors(t *testing.T) {
	s := newSite(t, plain)
	const all = "SELECT * FROM 公安.名册"
	s.metered(t, "{rows: 300}")
	c := s.postgres(t, "zhao", "-c purpose=DB-HC")
	c.ask(t, "BEGIN")
	for _, step := range []struct{ sql, want string }{{"DECLARE c CURSOR FOR " + all, "0"}, {"FETCH 4 FROM c", "4 1-4"}, {"MOVE 3 FROM c", "0"}, {"CLOSE c", "0"}} {
		if got := c.ask(t, step.sql); got != step.want {
			t.Fatalf("%s: %s", step.sql, got)
		}
	}
	s.want(t, "zhao", all, 120, "")
	s.want(t, "zhao", all, 120, "")
	s.want(t, "zhao", all, 53, "quota_spent")
}
