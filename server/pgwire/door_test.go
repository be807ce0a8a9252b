package pgwire_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/pgwire/pgcatalog"
	"github.com/lianji/lianji/server/servertest"
)

// TestMain lets this program be a catalogue's process, as the gateway's own program is one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == pgcatalog.Role {
		if err := pgcatalog.Serve(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// site is a door that serves.
type site struct {
	address string
	end     func() error
	door    pgwire.Options
}

const password = "lianji_right"

// open serves a querier for the user 张三 with one password and the purposes A and B.
func open(t *testing.T, q server.Querier, with ...func(*pgwire.Options)) *site {
	t.Helper()
	s := &site{}
	s.door = pgwire.Options{
		Querier: q, TimeZone: "Asia/Shanghai",
		Login: func(_ context.Context, user, given, _ string) (string, error) {
			if user != "张三" || given != password {
				return "", errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			return "token of " + user, nil
		},
		Session: func(_ context.Context, by server.Asker) (server.Session, error) {
			if by.Token != "token of 张三" {
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			if by.Purpose != "" && by.Purpose != "A" && by.Purpose != "B" {
				return server.Session{}, errs.New(errs.ParameterInvalid, "policy_purpose", nil)
			}
			return server.Session{Principal: "张三", Purpose: by.Purpose}, nil
		},
	}
	for _, w := range with {
		w(&s.door)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := safego.Run(func() error { return pgwire.Serve(ctx, ln, s.door) })
	s.end = func() error {
		cancel()
		return <-served
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *site) dsn(more string) string {
	return "postgres://%E5%BC%A0%E4%B8%89:" + password + "@" + s.address + "/lianji?sslmode=disable" + more
}

func (s *site) connect(t *testing.T, more string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), s.dsn(more))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// run gives a simple query's rows, a line each, then its tags.
func run(t *testing.T, c *pgconn.PgConn, sql string) (string, error) {
	t.Helper()
	results, err := c.Exec(t.Context(), sql).ReadAll()
	var b strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			for i, v := range row {
				if i > 0 {
					b.WriteString("|")
				}
				b.Write(v)
			}
			b.WriteString("\n")
		}
		if r.Err == nil {
			b.WriteString(r.CommandTag.String() + "\n")
		}
	}
	return b.String(), err
}

func mustRun(t *testing.T, c *pgconn.PgConn, sql, want string) {
	t.Helper()
	got, err := run(t, c, sql)
	if err != nil || got != want {
		t.Errorf("%s: %q %v, want %q", sql, got, err, want)
	}
}

func wantState(t *testing.T, err error, state string) *pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != state {
		t.Errorf("got %v, want SQLSTATE %s", err, state)
		return &pgconn.PgError{}
	}
	return e
}

func TestSimple(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Rows: 1})}
	s := open(t, q)
	c := s.connect(t, "&options=-c%20purpose%3DA")
	mustRun(t, c, "SELECT 1", "1|张1\n2|张2\n3|张3\nSELECT 3\n")
	asked, sessions := q.Asked()
	if len(asked) != 1 || asked[0].SQL != "SELECT 1" || asked[0].ID == "" || sessions[0].Purpose != "A" || sessions[0].Door != "postgres" || sessions[0].Mode != "interface" || sessions[0].Client != "127.0.0.1" {
		t.Errorf("asked %+v by %+v", asked, sessions)
	}
	mustRun(t, c, "", "\n")
	mustRun(t, c, " ; -- nothing\n;", "\n")
	if c.ParameterStatus("server_version") != "15.0" || c.ParameterStatus("TimeZone") != "Asia/Shanghai" || c.ParameterStatus("client_encoding") != "UTF8" || c.ParameterStatus("session_authorization") != "张三" {
		t.Error("what the client was told of the session")
	}
}

// Several statements in one text run one by one; the first that fails ends them.
func TestSeveralStatements(t *testing.T) {
	q := &servertest.Querier{}
	c := open(t, q).connect(t, "")
	mustRun(t, c, "SELECT ';'; BEGIN; SELECT 2 ;COMMIT;", "SELECT 0\nBEGIN\nSELECT 0\nCOMMIT\n")
	asked, _ := q.Asked()
	if len(asked) != 2 || strings.TrimSpace(asked[0].SQL) != "SELECT ';'" || strings.TrimSpace(asked[1].SQL) != "SELECT 2" {
		t.Errorf("asked %+v", asked)
	}
	got, err := run(t, c, "SELECT 1; SHOW nothing; SELECT 3")
	wantState(t, err, "42704")
	if got != "SELECT 0\n" {
		t.Errorf("got %q", got)
	}
	if asked, _ := q.Asked(); len(asked) != 3 {
		t.Errorf("%d statements ran", len(asked))
	}
}

// An error has its SQLSTATE, its place in characters of what the client sent, a hint, and
// the query's id.
func TestError(t *testing.T) {
	e := errs.New(errs.UnknownName, "unknown_table", msg.Args{"Name": "人"}).At("SELECT '张' FROM 人", len("SELECT '张' FROM "))
	e.Nearest, e.Detail = []string{"人口"}, "hunter2"
	q := &servertest.Querier{Err: e}
	c := open(t, q).connect(t, "")
	_, err := run(t, c, "SHOW TimeZone; SELECT '张' FROM 人")
	got := wantState(t, err, "42P01")
	asked, _ := q.Asked()
	if got.Position != 32 || !strings.Contains(got.Hint, "人口") || !strings.Contains(got.Detail, asked[0].ID) || got.Severity != "ERROR" || strings.Contains(got.Error()+got.Detail, "hunter2") {
		t.Errorf("got %+v", got)
	}
	mustRun(t, c, "SET lc_messages = 'zh_CN.UTF-8'", "SET\n")
	_, err = run(t, c, "SELECT 1")
	if got := wantState(t, err, "42P01"); !strings.Contains(got.Hint, "您是否") {
		t.Errorf("got %+v", got)
	}
}

func TestConnect(t *testing.T) {
	s := open(t, &servertest.Querier{})
	good := "postgres://%E5%BC%A0%E4%B8%89:" + password + "@" + s.address
	for _, c := range []struct{ name, dsn, state string }{
		{"wrong password", "postgres://%E5%BC%A0%E4%B8%89:wrong@" + s.address + "/lianji", "28P01"},
		{"unknown user", "postgres://nobody:" + password + "@" + s.address + "/lianji", "28P01"},
		{"unknown purpose", good + "/lianji?options=-c%20purpose%3DC", "22023"},
		{"no code", good + "/lianji?options=-c%20purpose%3D'%3B", "22023"},
		{"unknown purpose by database", good + "/C", "22023"},
		{"unknown database", good + "/postgres", "3D000"},
		{"two purposes", good + "/A?options=-c%20purpose%3DB", "22023"},
		{"other encoding", good + "/lianji?client_encoding=GBK", "22023"},
		{"replication", good + "/lianji?replication=database", "0A000"},
		{"unknown setting", good + "/lianji?options=-c%20nothing%3D1", "42704"},
		{"broken options", good + "/lianji?options=purpose", "22023"},
		{"TLS where there is none", good + "/lianji?sslmode=require", ""},
		{"database of the user's name", good + "/%E5%BC%A0%E4%B8%89", "ok"},
		{"purpose by database", good + "/A", "ok"},
		{"the same purpose twice", good + "/A?options=--purpose%3DA%20-cmode%3Donline", "ok"},
	} {
		conn, err := pgconn.Connect(t.Context(), c.dsn)
		switch {
		case c.state == "ok":
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			_ = conn.Close(t.Context())
		case c.state == "":
			if err == nil {
				t.Errorf("%s: connected", c.name)
			}
		default:
			if e := wantState(t, err, c.state); e.Severity != "FATAL" {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	q := &servertest.Querier{}
	c := open(t, q).connect(t, "&options=-c%20purpose%3DA")
	mustRun(t, c, "SHOW purpose", "A\nSHOW\n")
	_, err := run(t, c, "SET purpose = 'C'")
	wantState(t, err, "22023")
	mustRun(t, c, "SHOW purpose; SET purpose TO 'B'; SHOW purpose; SELECT 1; RESET purpose; SELECT 1", "A\nSHOW\nSET\nB\nSHOW\nSELECT 0\nRESET\nSELECT 0\n")
	if _, sessions := q.Asked(); sessions[0].Purpose != "B" || sessions[1].Purpose != "A" {
		t.Errorf("asked for %s and %s", sessions[0].Purpose, sessions[1].Purpose)
	}
	mustRun(t, c, "SET TIME ZONE 'UTC'; SHOW TimeZone; SET LOCAL TimeZone = 'Asia/Tokyo'; SHOW TIME ZONE", "SET\nUTC\nSHOW\nSET\nUTC\nSHOW\n")
	mustRun(t, c, "BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'; SHOW TIME ZONE; COMMIT; SHOW TIME ZONE", "BEGIN\nSET\nAsia/Tokyo\nSHOW\nCOMMIT\nUTC\nSHOW\n")
	mustRun(t, c, "BEGIN; SET TimeZone = 'Asia/Tokyo'; SET purpose = 'B'; ROLLBACK; SHOW TIME ZONE; SHOW purpose; SELECT 1", "BEGIN\nSET\nSET\nROLLBACK\nUTC\nSHOW\nA\nSHOW\nSELECT 0\n")
	if _, sessions := q.Asked(); sessions[2].Purpose != "A" {
		t.Errorf("asked for %s", sessions[2].Purpose)
	}
	if c.ParameterStatus("TimeZone") != "UTC" {
		t.Errorf("the client thinks of %s", c.ParameterStatus("TimeZone"))
	}
	for _, sql := range []string{"SET TimeZone = 'Nowhere'", "SET DateStyle = 'German'", "SET standard_conforming_strings = off", "SET server_version = '16'", "SET client_encoding = 'LATIN1'", "SET default_transaction_read_only = off"} {
		_, err := run(t, c, sql)
		wantState(t, err, "22023")
	}
	mustRun(t, c, "DISCARD ALL; SHOW TIME ZONE; SHOW purpose", "DISCARD ALL\nAsia/Shanghai\nSHOW\nA\nSHOW\n")
}

// What a transaction has set is taken back with it, by ROLLBACK TO too, and so is a cursor
// that would have outlived it. The statements of one simple query are one transaction.
func TestTransactionsTakeBack(t *testing.T) {
	ours := open(t, &servertest.Querier{}).connect(t, "")
	pg, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Close(context.Background()) })
	const shows = "SHOW application_name; SHOW IntervalStyle"
	for _, script := range [][]string{
		{"BEGIN; SAVEPOINT a; SET application_name = 'x'; ROLLBACK TO a", "COMMIT"},
		{"BEGIN; SET application_name = 'w'; SAVEPOINT a; SET application_name = 'x'; SAVEPOINT b; SET application_name = 'y'; ROLLBACK TO b; SHOW application_name; ROLLBACK TO a; COMMIT"},
		{"BEGIN; SAVEPOINT a; SET application_name = 'x'; RELEASE a; COMMIT"},
		{"BEGIN; SAVEPOINT a; SET application_name = 'x'; RELEASE a; ROLLBACK"},
		{"BEGIN; SAVEPOINT a; SET application_name = 'x'; SHOW nothing", "ROLLBACK TO a", "COMMIT"},
		{"BEGIN; SAVEPOINT a; SET LOCAL application_name = 'x'; ROLLBACK TO a; SET application_name = 'y'; COMMIT"},
		{"BEGIN; SET LOCAL application_name = 'x'; SET application_name = 'y'; COMMIT"},
		{"BEGIN; SET application_name = 'y'; SET LOCAL application_name = 'x'; COMMIT"},
		{"BEGIN; SET LOCAL application_name = 'x'; RESET ALL; COMMIT"},
		{"BEGIN; SET application_name = 'x'; SHOW nothing", "COMMIT"},
		{"SET application_name = 'x'; SHOW nothing"},
		{"SET application_name = 'x'; RESET ALL; SHOW nothing"},
		{"SET application_name = 'x'; COMMIT; SET application_name = 'y'; SHOW nothing"},
		{"SET application_name = 'x'; ROLLBACK"},
		{"SET application_name = 'x'; BEGIN; SET application_name = 'y'; ROLLBACK"},
		{"SET application_name = 'x'; BEGIN; COMMIT; SHOW nothing"},
		{"DECLARE c CURSOR WITH HOLD FOR SELECT 1 WHERE false; SHOW nothing", "FETCH c"},
		{"BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1 WHERE false; ROLLBACK", "FETCH c"},
		{"BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1 WHERE false; COMMIT", "BEGIN; ROLLBACK", "FETCH c", "CLOSE c"},
		{"DECLARE c CURSOR WITH HOLD FOR SELECT 1 WHERE false", "SHOW nothing", "FETCH c", "CLOSE c"},
		{"BEGIN; DECLARE b CURSOR FOR SELECT 1 WHERE false; SAVEPOINT a; DECLARE c CURSOR FOR SELECT 1 WHERE false; ROLLBACK TO a; FETCH b; FETCH c", "ROLLBACK"},
	} {
		for _, sql := range append(script, shows, "RESET ALL") {
			got, err := run(t, ours, sql)
			want, wanted := run(t, pg, sql)
			if got != want || sqlState(err) != sqlState(wanted) || ours.TxStatus() != pg.TxStatus() || ours.ParameterStatus("application_name") != pg.ParameterStatus("application_name") {
				t.Errorf("%q: %s: %q %v %c, want %q %v %c", script, sql, got, err, ours.TxStatus(), want, wanted, pg.TxStatus())
			}
		}
	}
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Statements of the extended protocol are one transaction up to Sync.
func TestSyncTakesBack(t *testing.T) {
	c := open(t, &servertest.Querier{}).connect(t, "&options=-c%20purpose%3DA")
	for last, want := range map[string]string{"SHOW nothing": "A", "SHOW mode": "B"} {
		var batch pgconn.Batch
		batch.ExecParams("SET purpose = 'B'", nil, nil, nil, nil)
		batch.ExecParams(last, nil, nil, nil, nil)
		if _, err := c.ExecBatch(t.Context(), &batch).ReadAll(); (err != nil) != (want == "A") {
			t.Error(err)
		}
		mustRun(t, c, "SHOW purpose; RESET purpose", want+"\nSHOW\nRESET\n")
	}
}

// Savepoints take of what a connection may keep.
func TestSavepointsAreKept(t *testing.T) {
	c := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Limits = pgwire.Limits{KeptBytes: 2000} }).connect(t, "")
	const value = "'" + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" + "'"
	for range 6 {
		mustRun(t, c, "BEGIN; SET application_name = "+value+"; SAVEPOINT a; RELEASE a; SAVEPOINT a; SAVEPOINT b; ROLLBACK TO a; COMMIT", "BEGIN\nSET\nSAVEPOINT\nRELEASE\nSAVEPOINT\nSAVEPOINT\nROLLBACK\nCOMMIT\n")
	}
	mustRun(t, c, "BEGIN", "BEGIN\n")
	_, err := run(t, c, strings.Repeat("SAVEPOINT a;", 30))
	wantState(t, err, errs.StatementTooComplex.SQLState())
}

func TestTransactions(t *testing.T) {
	q := &servertest.Querier{}
	c := open(t, q).connect(t, "")
	mustRun(t, c, "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY; SAVEPOINT a", "BEGIN\nSAVEPOINT\n")
	if c.TxStatus() != 'T' {
		t.Errorf("status %c", c.TxStatus())
	}
	_, err := run(t, c, "ROLLBACK TO b")
	wantState(t, err, "3B001")
	if c.TxStatus() != 'E' {
		t.Errorf("status %c", c.TxStatus())
	}
	_, err = run(t, c, "SELECT 1")
	wantState(t, err, "25P02")
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Error("a statement of a transaction that failed ran")
	}
	mustRun(t, c, "ROLLBACK TO SAVEPOINT a; SELECT 1; RELEASE a", "ROLLBACK\nSELECT 0\nRELEASE\n")
	_, err = run(t, c, "SHOW nothing")
	wantState(t, err, "42704")
	mustRun(t, c, "COMMIT", "ROLLBACK\n")
	if c.TxStatus() != 'I' {
		t.Errorf("status %c", c.TxStatus())
	}
	_, err = run(t, c, "SAVEPOINT a")
	wantState(t, err, "25P01")
}

// Who keeps account of refusals hears of a login and of a statement, before the client does.
func TestRefused(t *testing.T) {
	var told []server.Refusal
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) {
		o.Refused = func(_ context.Context, r server.Refusal) error {
			told = append(told, r)
			return nil
		}
	})
	for _, dsn := range []string{"postgres://nobody:x@" + s.address + "/lianji", "postgres://%E5%BC%A0%E4%B8%89:" + password + "@" + s.address + "/C"} {
		if _, err := pgconn.Connect(t.Context(), dsn+"?sslmode=disable"); err == nil {
			t.Error("connected")
		}
	}
	if err := s.end(); err != nil { // nothing is added any more
		t.Error(err)
	}
	s.end = func() error { return nil }
	if len(told) != 2 || told[0].Login != "nobody" || told[0].Code != errs.Unauthenticated || told[0].Door != "postgres" || told[1].Token == "" || told[1].Purpose != "C" || told[1].Code != errs.ParameterInvalid {
		t.Errorf("told %+v", told)
	}
}

// The login has to hold for everything that a client sends; when it has ended, the
// connection ends too, so that a pool makes another.
func TestRevoked(t *testing.T) {
	var revoked atomic.Bool
	q := &servertest.Querier{}
	s := open(t, q, func(o *pgwire.Options) {
		inner := o.Session
		o.Session = func(ctx context.Context, by server.Asker) (server.Session, error) {
			if revoked.Load() {
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			return inner(ctx, by)
		}
	})
	for name, messages := range map[string][]pgproto3.FrontendMessage{
		"a prepared statement": {&pgproto3.Bind{PreparedStatement: "one"}, &pgproto3.Execute{}, &pgproto3.Sync{}},
		"a statement":          {&pgproto3.Query{String: "SELECT 1"}},
		"nothing":              {&pgproto3.Query{String: ";"}},
		"nothing, prepared":    {&pgproto3.Bind{PreparedStatement: "none"}, &pgproto3.Execute{}, &pgproto3.Sync{}},
		"a new one":            {&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Sync{}},
		"BEGIN":                {&pgproto3.Query{String: "BEGIN"}},
		"a setting":            {&pgproto3.Query{String: "SET jit = off"}},
		"purpose":              {&pgproto3.Query{String: "SET purpose = 'B'"}},
	} {
		revoked.Store(false)
		w := s.dial(t)
		w.send(&pgproto3.Parse{Name: "one", Query: "SELECT 1"}, &pgproto3.Parse{Name: "none"}, &pgproto3.Sync{})
		w.expect("ParseComplete", "ParseComplete", "ReadyForQuery I")
		revoked.Store(true)
		w.send(messages...)
		got := w.receive()
		if got == "BindComplete" {
			got = w.receive()
		}
		if next := w.receive(); got != "ErrorResponse 28000" || next != "end" {
			t.Errorf("%s: %s, then %s", name, got, next)
		}
	}
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Errorf("%d statements ran", len(asked))
	}
}

// A client that cancels, and one that goes away, end what runs.
func TestCancel(t *testing.T) {
	feed := make(chan servertest.Row)
	q := &servertest.Querier{Feed: feed}
	s := open(t, q)
	c := s.connect(t, "")
	w := s.dial(t)
	w.send(&pgproto3.Query{String: "SELECT 1"})
	awaitAsked(t, q, 1)
	if err := w.conn.Close(); err != nil {
		t.Fatal(err)
	}
	awaitReleased(t, q, 0)

	done := safego.Run(func() error {
		_, err := c.Exec(t.Context(), "SELECT 1").ReadAll()
		return err
	})
	awaitAsked(t, q, 2)
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantState(t, <-done, "57014")
	awaitReleased(t, q, 1)
	close(feed)
	mustRun(t, c, "SELECT 1", "SELECT 0\n")
}
