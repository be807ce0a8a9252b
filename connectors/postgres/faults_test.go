package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

const (
	endless = "SELECT generate_series(1, 100000000000)::bigint AS n" // in the select list: rows come at once
	silent  = "SELECT 1::bigint AS n FROM pg_sleep(60)"
	// promptly is how soon an end must reach the server; a test fails at ten times that.
	promptly = time.Second
)

// running counts our statements that the server has not ended.
func running(tb testing.TB, dsn string) int {
	return count(tb, dsn, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lianji' AND state <> 'idle'")
}

func TestCancelIsSeenAtTheServer(t *testing.T) {
	db := testpg.Start(t).Database(t)
	for _, c := range []struct {
		name, sql string
		end       func(stream connectors.Stream, cancel context.CancelFunc)
	}{
		{"cancel before the first row", silent, func(_ connectors.Stream, cancel context.CancelFunc) { cancel() }},
		{"cancel amid rows", endless, func(_ connectors.Stream, cancel context.CancelFunc) { cancel() }},
		{"release amid rows", endless, func(stream connectors.Stream, _ context.CancelFunc) { stream.Release() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, db.Reader, 1)
			conn := s.acquire()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stream, err := conn.Scan(ctx, s.statement(c.sql))
			if err != nil {
				t.Fatal(detail(err))
			}
			if c.sql == endless && !stream.Next() {
				t.Fatal(detail(stream.Err()))
			}
			waitfor.True(t, promptly, "the statement to run", func() bool { return running(t, db.Reader) == 1 })
			start := time.Now()
			c.end(stream, cancel)
			waitfor.True(t, promptly, "the statement to be gone from pg_stat_activity", func() bool { return running(t, db.Reader) == 0 })
			stream.Release()
			t.Logf("%s: gone and released after %s", c.name, time.Since(start))
			if errs.CodeOf(stream.Err()) != errs.Canceled {
				t.Errorf("the stream's end: %v", stream.Err())
			}
		})
	}
}

// A cancel that comes late must not hit the statement that follows on the same
// session, and sessions are used again after one.
func TestCancelNeverHitsTheNextStatement(t *testing.T) { both(t, cancelNeverHitsTheNextStatement) }

func cancelNeverHitsTheNextStatement(t *testing.T, alone bool) {
	db := testpg.Start(t).Database(t)
	s := open(t, db.Reader, 1)
	s.alone = alone
	conn := s.acquire()
	sessions := map[int64]bool{}
	const rounds = 150
	cancelled := 0
	for i := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(rand.N(8*time.Millisecond), cancel)
		_, err := readAll(ctx, conn, s.statement("SELECT g::bigint AS n FROM generate_series(1, 20000) g"))
		if errs.CodeOf(err) == errs.Canceled {
			cancelled++
		} else if err != nil {
			t.Fatalf("round %d: %s", i, detail(err))
		}
		rows, err := s.rows(conn, s.statement("SELECT pg_backend_pid()::bigint AS n"))
		if err != nil {
			t.Fatalf("round %d: the statement after a cancel: %s", i, detail(err))
		}
		sessions[rows[0][0].(int64)] = true
		timer.Stop()
		cancel()
	}
	if len(sessions) > rounds/10 {
		t.Errorf("%d sessions for %d cancelled statements: they are not used again", len(sessions), rounds)
	}
	if cancelled < rounds/10 {
		t.Errorf("only %d of %d statements were cancelled in time", cancelled, rounds)
	}
	t.Logf("%d of %d statements cancelled, %d sessions", cancelled, rounds, len(sessions))
}

// Whatever way a scan ends, its session is idle then, in no transaction.
func TestNothingStaysInATransaction(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE t (n numeric(5,2)); INSERT INTO t SELECT 'NaN' FROM generate_series(1, 100000)")
	s := open(t, db.Reader, 2)
	table := s.table("t")
	conn := s.acquire()
	idle := func(after string) {
		t.Helper()
		waitfor.True(t, promptly, "the session to be idle after "+after, func() bool {
			return count(t, db.Admin, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lianji' AND (state <> 'idle' OR xact_start IS NOT NULL)") == 0
		})
	}
	idle("Describe")
	if _, err := s.rows(conn, s.statement("SELECT g::bigint AS n FROM generate_series(1, 100000) g")); err != nil {
		t.Fatal(detail(err))
	}
	idle("a whole answer")
	if _, err := s.rows(conn, s.fragment(table, table.Columns)); errs.CodeOf(err) != errs.ValueUnreadable {
		t.Fatalf("want an unreadable value: %s", detail(err))
	}
	idle("an unreadable value")
	if _, err := s.rows(conn, s.statement("SELECT 1 / g::bigint AS n FROM generate_series(-100000, 0) g")); errs.CodeOf(err) != errs.DataError {
		t.Fatalf("want a failure amid rows: %s", detail(err))
	}
	idle("a failure amid rows")
	unreadable := s.statement("SELECT 'NaN'::numeric AS n, generate_series(1, 100000000000)::bigint AS endless")
	unreadable.Columns = []catalog.Column{table.Columns[0], {Name: "endless", Type: catalog.Type{Kind: catalog.Int64}}}
	start := time.Now()
	if _, err := s.rows(conn, unreadable); errs.CodeOf(err) != errs.ValueUnreadable {
		t.Fatalf("want an unreadable value: %s", detail(err))
	}
	if took := time.Since(start); took > 10*promptly {
		t.Errorf("an unreadable value amid endless rows took %s: they were read on", took)
	}
	idle("an unreadable value amid endless rows")
	stream, err := conn.Scan(t.Context(), s.statement("SELECT g::bigint AS n FROM generate_series(1, 10) g"))
	if err != nil {
		t.Fatal(detail(err))
	}
	idle("an answer that nobody reads, small enough to be in the queue")
	stream.Release()
	wrong := s.statement("SELECT 1::int AS n")
	if _, err := s.rows(conn, wrong); errs.From(err).ID != "source_table_changed" {
		t.Fatalf("want another type than described: %s", detail(err))
	}
	idle("a column of another type")
}

func TestServerKilledAmidRows(t *testing.T) {
	server := testpg.StartOwn(t)
	db := server.Database(t)
	for _, c := range []struct {
		name string
		end  func(testing.TB)
	}{{"killed", server.Kill}, {"stopped", server.Stop}} {
		s := open(t, db.Reader, 2)
		idle := s.acquire()
		if _, err := s.rows(idle, s.statement("SELECT 1::bigint AS n")); err != nil {
			t.Fatal(detail(err))
		}
		conn := s.acquire()
		stream, err := conn.Scan(t.Context(), s.statement(endless))
		if err != nil || !stream.Next() {
			t.Fatalf("no first batch: %v", err)
		}
		c.end(t)
		start := time.Now()
		for stream.Next() {
		}
		if took := time.Since(start); took > 10*promptly {
			t.Errorf("%s: the end came after %s", c.name, took)
		} else {
			t.Logf("%s: the end came after %s", c.name, took)
		}
		if e := errs.From(stream.Err()); e == nil || e.Code != errs.SourceFailed || e.ID != "source_lost" || !strings.Contains(e.Text("zh-CN"), "mz") {
			t.Errorf("%s: %s", c.name, detail(stream.Err()))
		}
		stream.Release()
		if _, err := s.rows(conn, s.statement(endless)); errs.CodeOf(err) != errs.SourceUnreachable {
			t.Errorf("%s: a scan without a server: %s", c.name, detail(err))
		}
		server.Restart(t)
		for _, place := range []connectors.Conn{conn, idle} {
			if rows, err := s.rows(place, s.statement("SELECT 7::bigint AS n")); err != nil || len(rows) != 1 {
				t.Errorf("%s: a scan after the restart: %v", c.name, err)
			}
		}
		conn.Release()
		idle.Release()
	}
}

// Sessions that died while they lay idle cost no query.
func TestDeadIdleSessionsAreReplaced(t *testing.T) { both(t, deadIdleSessionsAreReplaced) }

func deadIdleSessionsAreReplaced(t *testing.T, alone bool) {
	db := testpg.Start(t).Database(t)
	s := open(t, db.Reader, 3)
	s.alone = alone
	use := func() {
		t.Helper()
		conns, err := s.Acquire(t.Context(), 3)
		if err != nil {
			t.Fatal(detail(err))
		}
		for _, c := range conns {
			if _, err := s.rows(c, s.statement("SELECT 1::bigint AS n")); err != nil {
				t.Error(detail(err))
			}
		}
		for _, c := range conns {
			c.Release()
		}
	}
	ours := "FROM pg_stat_activity WHERE application_name = 'lianji'"
	use()
	use()
	if n := count(t, db.Admin, "SELECT count(*) "+ours); n != 3 {
		t.Errorf("%d sessions, want 3", n)
	}
	if n := count(t, db.Admin, "SELECT count(pg_terminate_backend(pid, 5000)) "+ours); n != 3 {
		t.Fatalf("%d sessions terminated", n)
	}
	use()
	count(t, db.Admin, "SELECT count(pg_terminate_backend(pid, 5000)) "+ours)
	if version, err := s.Ping(t.Context()); err != nil || !strings.HasPrefix(version, "PostgreSQL 1") {
		t.Errorf("Ping on a dead session: %q, %v", version, err)
	}
	count(t, db.Admin, "SELECT count(pg_terminate_backend(pid, 5000)) "+ours)
	if _, err := s.Describe(t.Context()); err != nil {
		t.Errorf("Describe on a dead session: %s", detail(err))
	}
}

func TestSessionsOnlyRead(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `CREATE TABLE t (n bigint); CREATE SEQUENCE s; GRANT ALL ON t, s TO reader;
		ALTER ROLE reader IN DATABASE `+db.Name+` SET default_transaction_read_only = off;
		CREATE FUNCTION sneaky() RETURNS bigint LANGUAGE sql AS 'INSERT INTO t VALUES (2) RETURNING n';
		CREATE VIEW v AS SELECT sneaky() AS n`)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	for _, sql := range []string{
		"INSERT INTO t VALUES (1) RETURNING n", "SELECT nextval('s') AS n", "SELECT n FROM v",
		"WITH x AS (DELETE FROM t RETURNING n) SELECT n FROM x", "CREATE TABLE u (n bigint)",
	} {
		if _, err := s.rows(conn, s.statement(sql)); errs.CodeOf(err) != errs.SourceFailed {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if n := count(t, db.Admin, "SELECT count(*) FROM t"); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// What the role and the database have set for themselves has no part in what is
// read.
func TestSessionSettingsHold(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `
		ALTER ROLE reader IN DATABASE `+db.Name+` SET TimeZone = 'Asia/Shanghai';
		ALTER ROLE reader IN DATABASE `+db.Name+` SET DateStyle = 'German';
		ALTER ROLE reader IN DATABASE `+db.Name+` SET IntervalStyle = 'iso_8601';
		ALTER ROLE reader IN DATABASE `+db.Name+` SET extra_float_digits = -5;
		ALTER DATABASE `+db.Name+` SET client_encoding = 'LATIN1';
		CREATE TABLE t (a tstzrange, b point, c text, d timestamptz);
		INSERT INTO t VALUES ('[2024-01-02 03:04:05+00,)', '(0.1,0.3)', '中', '2024-01-02 03:04:05+00')`)
	s := open(t, db.Reader, 1)
	table := s.table("t")
	rows, err := s.rows(s.acquire(), s.fragment(table, table.Columns))
	if err != nil {
		t.Fatal(detail(err))
	}
	if got, want := fmt.Sprintf("%q", rows), fmt.Sprintf("%q", [][]any{{`["2024-01-02 03:04:05+00",)`, "(0.1,0.3)", "中", int64(1704164645000000)}}); got != want {
		t.Errorf("read %s, want %s", got, want)
	}
}

// A table that is altered between Describe and Scan gives an error, never a value
// of the old type; described again it is read, on the same session too.
func TestAlteredTables(t *testing.T) { both(t, alteredTables) }

func alteredTables(t *testing.T, alone bool) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE t (id integer, v double precision, w text); INSERT INTO t VALUES (1, 1.5, 'x')")
	s := open(t, db.Reader, 2)
	s.alone = alone
	conn := s.acquire()
	old := s.table("t")
	scan := func() ([][]any, error) { return s.rows(conn, s.fragment(old, old.Columns)) }
	if _, err := scan(); err != nil {
		t.Fatal(detail(err))
	}
	for _, c := range []struct{ change, want string }{
		{"ALTER TABLE t ALTER v TYPE bigint", "[[1 2 x]]"}, // eight bytes as before
		{"ALTER TABLE t ALTER v TYPE timestamp USING '2000-01-01'", "[[1 946684800000000 x]]"},
		{"ALTER TABLE t ALTER v TYPE numeric(9,2) USING 1.25", "[[1 1.25 x]]"},
		{"ALTER TABLE t DROP w", "[[1 1.25]]"},
	} {
		db.Exec(t, c.change)
		if rows, err := scan(); errs.From(err) == nil || errs.From(err).ID != "source_table_changed" {
			t.Errorf("%s: scanned as described before: %v, %v", c.change, rows, err)
		}
		old = s.table("t")
		rows, err := scan()
		if err != nil {
			t.Fatalf("%s: described again: %s", c.change, detail(err))
		}
		if got := fmt.Sprint(rows); got != c.want {
			t.Errorf("%s: %s, want %s", c.change, got, c.want)
		}
	}
	db.Exec(t, "ALTER TABLE t ALTER v TYPE numeric(9,4) USING 1.2345")
	if _, err := scan(); errs.CodeOf(err) != errs.ValueUnreadable {
		t.Errorf("more digits than described: %v", err)
	}
	db.Exec(t, "DROP TABLE t")
	if _, err := scan(); errs.From(err).ID != "source_table_changed" {
		t.Errorf("a dropped table: %v", err)
	}
}

func TestStatementsAreCachedWithinBounds(t *testing.T) {
	db := testpg.Start(t).Database(t)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	prepared := func() int64 {
		t.Helper()
		rows, err := s.rows(conn, s.statement("SELECT count(*) AS n FROM pg_prepared_statements"))
		if err != nil {
			t.Fatal(detail(err))
		}
		return rows[0][0].(int64)
	}
	for range 3 {
		if n := prepared(); n != 1 {
			t.Errorf("%d statements for one text", n)
		}
	}
	for i := range 200 {
		if rows, err := s.rows(conn, s.statement(fmt.Sprintf("SELECT %d::bigint AS n", i))); err != nil || rows[0][0] != int64(i) {
			t.Fatalf("%v, %v", rows, err)
		}
	}
	if n := prepared(); n < 10 || n > 64 {
		t.Errorf("%d statements are kept, want up to 64", n)
	}
}

func TestServerLimits(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, "ALTER ROLE reader IN DATABASE "+db.Name+" SET statement_timeout = '50ms'")
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	if _, err := s.rows(conn, s.statement(silent)); errs.From(err).ID != "postgres_stopped" {
		t.Errorf("the server's own time-out: %s", detail(err))
	}
	conn.Release()
	db.Exec(t, "ALTER DATABASE "+db.Name+" CONNECTION LIMIT 0")
	full := open(t, db.Reader, 1)
	if _, err := full.Ping(t.Context()); errs.CodeOf(err) != errs.SourceBusy {
		t.Errorf("no connection left: %s", detail(err))
	}
}

// A server that accepts and says nothing, as behind a firewall, is unreachable
// after connect_timeout; the caller's own end comes earlier.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dsn := "postgres://u:secret@" + l.Addr().String() + "/d?sslmode=disable&connect_timeout=1"
	s := open(t, dsn, 1)
	if _, err := s.Ping(t.Context()); errs.CodeOf(err) != errs.SourceUnreachable || strings.Contains(detail(err), "secret") {
		t.Errorf("after the time-out: %s", detail(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
	if _, err := s.Ping(ctx); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled: %s", detail(err))
	}
}

// Close while a login hangs and while others wait.
func TestCloseWakesEverybody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := open(t, "postgres://u:p@"+l.Addr().String()+"/d?sslmode=disable", 1)
	conn := s.acquire()
	var ends []<-chan error
	ends = append(ends, safego.Run(func() error { _, err := readAll(t.Context(), conn, s.statement("SELECT 1")); return err }))
	for range 3 {
		ends = append(ends, safego.Run(func() error { _, err := s.Ping(t.Context()); return err }))
	}
	if c, err := l.Accept(); err != nil { // the scan is logging in
		t.Fatal(err)
	} else {
		defer c.Close()
	}
	start := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, end := range ends {
		if err := <-end; errs.From(err) == nil || errs.From(err).ID != "postgres_closed" {
			t.Errorf("want the source's end: %v", err)
		}
	}
	if took := time.Since(start); took > 10*promptly {
		t.Errorf("closing took %s", took)
	}
}

// A database without an encoding holds any bytes: those that are no UTF-8 are an
// error.
func TestTextThatIsNotUTF8(t *testing.T) {
	db := testpg.Start(t).Database(t, "ENCODING 'SQL_ASCII' LOCALE 'C'")
	db.Exec(t, `CREATE TABLE good (v text); INSERT INTO good VALUES (E'\xe4\xb8\xad'), (''), ('a');
		CREATE TABLE bad (n int, v text); INSERT INTO bad VALUES (1, E'\xe4'), (2, E'\xb8\xad')`)
	s := open(t, db.Reader, 2)
	conn := s.acquire()
	good, bad := s.table("good"), s.table("bad")
	if rows, err := s.rows(conn, s.fragment(good, good.Columns)); err != nil || rows[0][0] != "中" {
		t.Errorf("%v, %v", rows, err)
	}
	_, err := s.rows(conn, s.fragment(bad, bad.Columns))
	if e := errs.From(err); e == nil || e.Code != errs.ValueUnreadable || e.ID != "postgres_encoding" || !strings.Contains(e.Error(), "public.bad") || strings.Contains(fmt.Sprintf("%s %+v", e.Detail, err), "0x") {
		t.Errorf("broken text: %s", detail(err))
	}
}

// What a statement computes and has no value is the statement's error, not the source's, and
// none of the server's words about it go further: they quote values.
func TestStatementsThatFail(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `CREATE TABLE t (n bigint, word text); INSERT INTO t VALUES (47110, '密码-4711')`)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	for state, sql := range map[string]string{
		"22012": "SELECT n / (n - 47110) AS n FROM t", "22003": "SELECT n * 9223372036854774711 AS n FROM t", "22P02": "SELECT word::bigint AS n FROM t",
		"22007": "SELECT extract(day FROM word::date)::bigint AS n FROM t", "2201B": "SELECT 1::bigint AS n FROM t WHERE word ~ (word || '(')", "22026": "SELECT (B'1' & B'11')::bigint AS n FROM t",
	} {
		f := s.statement(sql)
		f.Table = catalog.TableID{Schema: "public", Name: "t"}
		_, err := s.rows(conn, f)
		e := errs.From(err)
		if e == nil || e.Code != errs.DataError || e.ID != "data_error" || e.Detail != "mz, public.t: SQLSTATE "+state {
			t.Errorf("%s: %s", sql, detail(err))
			continue
		}
		if said := fmt.Sprintf("%s %s %s %v %+v %#v", e.Text("en"), e.Text("zh-CN"), e.Detail, err, err, errors.Unwrap(err)); strings.Contains(said, "4711") || strings.Contains(said, "密码") {
			t.Errorf("%s: a value is told: %s", sql, said)
		}
	}
	if rows, err := s.rows(conn, s.statement("SELECT 1::bigint AS n")); err != nil || len(rows) != 1 {
		t.Errorf("the session afterwards: %v, %s", rows, detail(err))
	}
}

// Values reach the server as they are, and the statement's own casts give them
// their types.
func TestPlaceholdersHaveTheValuesTypes(t *testing.T) {
	db := testpg.Start(t).Database(t)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	f := s.statement("SELECT $1::bigint AS n")
	f.Values = []catalog.Value{{Type: catalog.Type{Kind: catalog.Timestamp}, V: int64(5)}}
	if rows, err := s.rows(conn, f); errs.CodeOf(err) != errs.Internal {
		t.Errorf("a time stamp for a number: %v, %v", rows, err)
	}
	f.Values = []catalog.Value{{Type: catalog.Type{Kind: catalog.Int64}, V: int64(5)}}
	if rows, err := s.rows(conn, f); err != nil || rows[0][0] != int64(5) {
		t.Errorf("%v, %v", rows, err)
	}
	f.Values[0].V = nil
	if rows, err := s.rows(conn, f); err != nil || rows[0][0] != nil {
		t.Errorf("NULL: %v, %v", rows, err)
	}
}

func TestUnixSocket(t *testing.T) {
	server := testpg.Start(t)
	db := server.Database(t)
	u, err := url.Parse(db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{"host": {server.SocketDir()}}
	u.Host, u.RawQuery = ":"+u.Port(), q.Encode()
	s := open(t, u.String(), 1)
	if _, err := s.Ping(t.Context()); err != nil {
		t.Error(detail(err))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := readAll(ctx, s.acquire(), s.statement(silent)); errs.CodeOf(err) != errs.Timeout {
		t.Errorf("a deadline over a socket: %s", detail(err))
	}
	waitfor.True(t, promptly, "the statement to be gone", func() bool { return running(t, db.Reader) == 0 })
}
