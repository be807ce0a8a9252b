package mysql_test

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

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/waitfor"
)

const (
	endless = "SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_100000000000"
	silent  = "SELECT CAST(SLEEP(60) AS SIGNED) AS n"
	// promptly is how soon an end must reach the server; a test fails at ten times that.
	promptly = time.Second
)

// running counts connections of the reader that do something at the server.
func running(tb testing.TB, db *testmaria.Database) int {
	return db.Count(tb, "SELECT count(*) FROM information_schema.processlist WHERE USER = "+literal(db.ReaderName)+" AND COMMAND <> 'Sleep'")
}

func TestCancelIsSeenAtTheServer(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	for _, c := range []struct {
		name, sql string
		end       func(stream connectors.Stream, cancel context.CancelFunc)
	}{
		{"cancel before the first row", silent, func(_ connectors.Stream, cancel context.CancelFunc) { cancel() }},
		{"release before the first row", silent, func(stream connectors.Stream, _ context.CancelFunc) { stream.Release() }},
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
			waitfor.True(t, promptly, "the statement to run", func() bool { return running(t, db) == 1 })
			start := time.Now()
			c.end(stream, cancel)
			waitfor.True(t, promptly, "the statement to be gone from the list of processes", func() bool { return running(t, db) == 0 })
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
func TestCancelNeverHitsTheNextStatement(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	sessions := map[int64]bool{}
	const rounds = 150
	cancelled := 0
	for i := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(rand.N(8*time.Millisecond), cancel)
		_, err := readAll(ctx, conn, s.statement("SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_20000"))
		if errs.CodeOf(err) == errs.Canceled {
			cancelled++
		} else if err != nil {
			t.Fatalf("round %d: %s", i, detail(err))
		}
		rows, err := s.rows(conn, s.statement("SELECT CAST(CONNECTION_ID() AS SIGNED) AS n"))
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

// When the server has no connection left, the one that was kept for it still ends
// statements.
func TestCancelOfAFullServer(t *testing.T) {
	server := testmaria.StartOwn(t, "max-user-connections=2")
	db := server.Database(t)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := conn.Scan(ctx, s.statement(silent))
	if err != nil {
		t.Fatal(detail(err))
	}
	ours := "SELECT count(*) FROM information_schema.processlist WHERE USER = " + literal(db.ReaderName)
	waitfor.True(t, promptly, "the statement to run and the second connection to stand", func() bool { return running(t, db) == 1 && db.Count(t, ours) == 2 })
	if _, err := open(t, db.Reader, 1).Ping(t.Context()); errs.CodeOf(err) != errs.SourceBusy {
		t.Fatalf("want no connection left: %s", detail(err))
	}
	cancel()
	waitfor.True(t, promptly, "the statement to be gone from the list of processes", func() bool { return running(t, db) == 0 })
	stream.Release()
	if n := db.Count(t, ours); n != 2 {
		t.Errorf("%d connections, want the same two", n)
	}
}

// Whatever way a scan ends, its session is at rest then, in no transaction.
func TestNothingStaysInATransaction(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE t (n decimal(20,2), i bigint) ENGINE = InnoDB; INSERT INTO t SELECT seq, seq FROM seq_1_to_100000")
	s := open(t, db.Reader, 2)
	table := s.table("t")
	conn := s.acquire()
	idle := func(after string) {
		t.Helper()
		waitfor.True(t, promptly, "the session to be at rest after "+after, func() bool {
			return running(t, db) == 0 && db.Count(t, "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist ON trx_mysql_thread_id = ID WHERE USER = "+literal(db.ReaderName)) == 0
		})
	}
	idle("Describe")
	if _, err := s.rows(conn, s.fragment(table, table.Columns)); err != nil {
		t.Fatal(detail(err))
	}
	idle("a whole answer")
	narrow := s.fragment(table, table.Columns[:1])
	narrow.Columns = []catalog.Column{{Name: "n", SourceName: "n", Type: catalog.DecimalOf(4, 2)}}
	if _, err := s.rows(conn, narrow); errs.CodeOf(err) != errs.ValueUnreadable {
		t.Fatalf("want an unreadable value: %s", detail(err))
	}
	idle("an unreadable value")
	if _, err := s.rows(conn, s.statement("SELECT CASE WHEN i < 60000 THEN i ELSE (SELECT i FROM "+db.Name+".t) END AS n FROM "+db.Name+".t")); errs.CodeOf(err) != errs.SourceFailed {
		t.Fatalf("want a failure amid rows: %s", detail(err))
	}
	idle("a failure amid rows")
	stream, err := conn.Scan(t.Context(), s.fragment(table, table.Columns))
	if err != nil {
		t.Fatal(detail(err))
	}
	stream.Release()
	idle("an answer that nobody reads")
	wrong := s.statement("SELECT CAST(1 AS UNSIGNED) + 18446744073709551614 AS n")
	if _, err := s.rows(conn, wrong); errs.From(err) == nil || errs.From(err).ID != "source_table_changed" {
		t.Fatalf("want another type than described: %s", detail(err))
	}
	idle("a column of another type")
	if rows, err := s.rows(conn, s.statement("SELECT CAST(CONNECTION_ID() AS SIGNED) AS n")); err != nil || len(rows) != 1 {
		t.Errorf("the place works no more: %s", detail(err))
	}
}

func TestServerKilledAmidRows(t *testing.T) {
	server := testmaria.StartOwn(t)
	db := server.Database(t)
	for _, c := range []struct {
		name string
		end  func(testing.TB)
	}{{"killed", server.Kill}, {"stopped", server.Stop}} {
		s := open(t, db.Reader, 2)
		idle := s.acquire()
		if _, err := s.rows(idle, s.statement("SELECT 1 AS n")); err != nil {
			t.Fatal(detail(err))
		}
		conn := s.acquire()
		stream, err := conn.Scan(t.Context(), s.statement(endless))
		if err != nil || !stream.Next() {
			t.Fatalf("no first batch: %v", err)
		}
		ended := safego.Run(func() error { // a server that is told to stop waits for whoever reads
			for stream.Next() {
			}
			return nil
		})
		start := time.Now()
		c.end(t)
		<-ended
		t.Logf("%s: the end came after %s", c.name, time.Since(start))
		if e := errs.From(stream.Err()); e == nil || e.Code != errs.SourceFailed || e.ID != "source_lost" || !strings.Contains(e.Text("zh-CN"), "sj") {
			t.Errorf("%s: %s", c.name, detail(stream.Err()))
		}
		stream.Release()
		if _, err := s.rows(conn, s.statement(endless)); errs.CodeOf(err) != errs.SourceUnreachable {
			t.Errorf("%s: a scan without a server: %s", c.name, detail(err))
		}
		server.Restart(t)
		for _, place := range []connectors.Conn{conn, idle} {
			if rows, err := s.rows(place, s.statement("SELECT CAST(7 AS SIGNED) AS n")); err != nil || len(rows) != 1 {
				t.Errorf("%s: a scan after the restart: %s", c.name, detail(err))
			}
		}
		conn.Release()
		idle.Release()
	}
}

// Sessions that died while they lay idle cost no query, prepared statements or not.
func TestDeadIdleSessionsAreReplaced(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	s := open(t, db.Reader, 3)
	use := func() {
		t.Helper()
		conns, err := s.Acquire(t.Context(), 3)
		if err != nil {
			t.Fatal(detail(err))
		}
		for _, c := range conns {
			if _, err := s.rows(c, s.statement("SELECT CAST(1 AS SIGNED) AS n")); err != nil {
				t.Error(detail(err))
			}
		}
		for _, c := range conns {
			c.Release()
		}
	}
	kill := func() { // the killer's too
		t.Helper()
		db.Exec(t, "KILL USER "+literal(db.ReaderName))
		waitfor.True(t, promptly, "all connections to be gone", func() bool {
			return db.Count(t, "SELECT count(*) FROM information_schema.processlist WHERE USER = "+literal(db.ReaderName)) == 0
		})
	}
	use()
	use()
	kill()
	use()
	kill()
	if version, err := s.Ping(t.Context()); err != nil || !strings.HasPrefix(version, "MariaDB 1") {
		t.Errorf("Ping on a dead session: %q, %v", version, err)
	}
	kill()
	if _, err := s.Describe(t.Context()); err != nil {
		t.Errorf("Describe on a dead session: %s", detail(err))
	}
	kill()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	conns, err := s.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(detail(err))
	}
	defer conns[0].Release()
	if _, err := readAll(ctx, conns[0], s.statement(silent)); errs.CodeOf(err) != errs.Timeout {
		t.Errorf("a deadline: %s", detail(err))
	}
	waitfor.True(t, promptly, "the statement to be gone though the killer's connection was dead", func() bool { return running(t, db) == 0 })
}

// What a statement computes and has no value is the statement's error, not the source's, and
// none of the server's words about it go further: they quote values.
func TestStatementsThatFail(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, `CREATE TABLE t (n bigint, word text); INSERT INTO t VALUES (4711, '密码-4711');
		CREATE FUNCTION fails() RETURNS bigint BEGIN SIGNAL SQLSTATE '22012' SET MESSAGE_TEXT = '密码-4711'; RETURN 2; END;
		GRANT EXECUTE ON FUNCTION fails TO '`+db.ReaderName+`'@'%'`)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	for says, sql := range map[string]string{
		"error 1690, SQLSTATE 22003": "SELECT n * 9223372036854774711 AS n FROM " + db.Name + ".t", "error 1644, SQLSTATE 22012": "SELECT fails() AS n",
	} {
		f := s.statement(sql)
		f.Table = catalog.TableID{Schema: db.Name, Name: "t"}
		_, err := s.rows(conn, f)
		e := errs.From(err)
		if e == nil || e.Code != errs.DataError || e.ID != "data_error" || e.Detail != "sj, t: "+says {
			t.Errorf("%s: %s", sql, detail(err))
			continue
		}
		if said := fmt.Sprintf("%s %s %s %v %+v %#v", e.Text("en"), e.Text("zh-CN"), e.Detail, err, err, errors.Unwrap(err)); strings.Contains(said, "4711") || strings.Contains(said, "密码") {
			t.Errorf("%s: a value is told: %s", sql, said)
		}
	}
	if rows, err := s.rows(conn, s.statement("SELECT CAST(1 AS SIGNED) AS n")); err != nil || len(rows) != 1 {
		t.Errorf("the session afterwards: %v, %s", rows, detail(err))
	}
}

func TestSessionsOnlyRead(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, `CREATE TABLE t (n bigint); GRANT ALL ON *.* TO '`+db.ReaderName+`'@'%';
		CREATE FUNCTION sneaky() RETURNS bigint BEGIN INSERT INTO t VALUES (2); RETURN 2; END;
		CREATE VIEW v AS SELECT sneaky() AS n; CREATE SEQUENCE s`)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	for _, sql := range []string{
		"INSERT INTO t VALUES (1) RETURNING n", "SELECT n FROM v", "SELECT sneaky() AS n", "CREATE TABLE u (n bigint)", "SELECT NEXTVAL(s) AS n",
		"DELETE FROM t RETURNING n",
	} {
		rows, err := s.rows(conn, s.statement(sql))
		if code := errs.CodeOf(err); code != errs.SourceFailed && code != errs.Internal {
			t.Errorf("%s: %v, %s", sql, rows, detail(err))
		}
	}
	if n := db.Count(t, "SELECT count(*) FROM "+db.Name+".t"); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// What the server was told for every session has no part in what is read.
func TestSessionSettingsHold(t *testing.T) {
	server := testmaria.StartOwn(t, "sql-mode=ANSI,PAD_CHAR_TO_FULL_LENGTH,ORACLE", "default-time-zone=+08:00",
		"init-connect=SET SESSION sql_auto_is_null = 1, autocommit = 0, character_set_results = latin1", "transaction-isolation=READ-UNCOMMITTED", "net-write-timeout=1")
	db := server.Database(t)
	db.Exec(t, "SET GLOBAL sql_select_limit = 1; CREATE TABLE t (id bigint PRIMARY KEY AUTO_INCREMENT, c char(5), x text, at timestamp(6) NULL); "+
		"INSERT INTO t (c, x, at) VALUES ('ab', '中', '2024-01-02 03:04:05'), ('', '', NULL)")
	s := open(t, db.Reader, 1)
	table := s.table("t")
	rows, err := s.rows(s.acquire(), s.fragment(table, table.Columns))
	if err != nil {
		t.Fatal(detail(err))
	}
	if d := cmp.Diff([][]any{{int64(1), "ab", "中", int64(1704164645000000)}, {int64(2), "", "", nil}}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

// The server gives a reader that is slow a second here, unless it is told otherwise.
func TestSlowReaderKeepsItsConnection(t *testing.T) {
	server := testmaria.StartOwn(t, "net-write-timeout=1")
	db := server.Database(t)
	s := open(t, db.Reader, 1)
	stream, err := s.acquire().Scan(t.Context(), s.statement("SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_5000000"))
	if err != nil || !stream.Next() {
		t.Fatal(detail(err))
	}
	defer stream.Release()
	begun := time.Now()
	waitfor.True(t, 3*time.Second, "three seconds to pass", func() bool { return time.Since(begun) > 3*time.Second })
	rows := stream.RecordBatch().NumRows()
	for stream.Next() {
		rows += stream.RecordBatch().NumRows()
	}
	if rows != 5_000_000 || stream.Err() != nil {
		t.Errorf("%d rows, %s", rows, detail(stream.Err()))
	}
}

// A table that is altered between Describe and Scan gives an error, never a value of
// the old type; described again it is read, on the same session too.
func TestAlteredTables(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE t (id int, v double, w text); INSERT INTO t VALUES (1, 1.5, 'x')")
	s := open(t, db.Reader, 2)
	conn := s.acquire()
	old := s.table("t")
	scan := func() ([][]any, error) { return s.rows(conn, s.fragment(old, old.Columns)) }
	if _, err := scan(); err != nil {
		t.Fatal(detail(err))
	}
	for _, c := range []struct{ change, want string }{
		{"ALTER TABLE t MODIFY v bigint", "[[1 2 x]]"}, // eight bytes as before
		{"ALTER TABLE t MODIFY v bigint unsigned", "[[1 2 x]]"},
		{"UPDATE t SET v = 20000101; ALTER TABLE t MODIFY v datetime", "[[1 946684800000000 x]]"},
		{"ALTER TABLE t MODIFY v timestamp NULL", "[[1 946684800000000 x]]"},
		{"UPDATE t SET v = NULL; ALTER TABLE t MODIFY v bit(1)", "[[1 <nil> x]]"},
		{"ALTER TABLE t MODIFY v bit(9); UPDATE t SET v = 1", "[[1 000000001 x]]"},
		{"ALTER TABLE t MODIFY w blob", "[[1 000000001 [120]]]"},
		{"ALTER TABLE t DROP w", "[[1 000000001]]"},
	} {
		db.Exec(t, c.change)
		if rows, err := scan(); errs.From(err) == nil || errs.From(err).ID != "source_table_changed" {
			t.Errorf("%s: scanned as described before: %v, %s", c.change, rows, detail(err))
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
	db.Exec(t, "ALTER TABLE t MODIFY v decimal(9,2); UPDATE t SET v = 1.25")
	old = s.table("t")
	if rows, err := scan(); err != nil || fmt.Sprint(rows) != "[[1 1.25]]" {
		t.Errorf("%v, %s", rows, detail(err))
	}
	db.Exec(t, "ALTER TABLE t MODIFY v decimal(9,4); UPDATE t SET v = 1.2345")
	if _, err := scan(); errs.CodeOf(err) != errs.ValueUnreadable || !strings.Contains(detail(err), db.Name+".t") {
		t.Errorf("more digits than described: %s", detail(err))
	}
	db.Exec(t, "DROP TABLE t")
	if _, err := scan(); errs.From(err) == nil || errs.From(err).ID != "source_table_changed" {
		t.Errorf("a dropped table: %s", detail(err))
	}
}

func TestStatementsAreCachedWithinBounds(t *testing.T) {
	server := testmaria.StartOwn(t)
	db := server.Database(t)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	prepared := func() int {
		return db.Count(t, "SELECT VARIABLE_VALUE FROM information_schema.global_status WHERE VARIABLE_NAME = 'PREPARED_STMT_COUNT'")
	}
	for range 3 {
		if _, err := s.rows(conn, s.statement("SELECT CAST(0 AS SIGNED) AS n")); err != nil {
			t.Fatal(detail(err))
		}
	}
	if n := prepared(); n != 1 {
		t.Errorf("%d statements for one text", n)
	}
	for i := range 200 {
		if rows, err := s.rows(conn, s.statement(fmt.Sprintf("SELECT CAST(%d AS SIGNED) AS n", i))); err != nil || rows[0][0] != int64(i) {
			t.Fatalf("%v, %s", rows, detail(err))
		}
	}
	if n := prepared(); n < 10 || n > 64 {
		t.Errorf("%d statements are kept, want up to 64", n)
	}
	db.Exec(t, "SET GLOBAL max_prepared_stmt_count = 1")
	if _, err := s.rows(conn, s.statement("SELECT CAST(1000 AS SIGNED) AS n")); errs.From(err) == nil || errs.From(err).ID != "mysql_statements" {
		t.Errorf("no room for a statement: %s", detail(err))
	}
}

func TestServerLimits(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, "ALTER USER '"+db.ReaderName+"'@'%' WITH MAX_STATEMENT_TIME 0.05")
	s := open(t, db.Reader, 1)
	if _, err := s.rows(s.acquire(), s.statement("SELECT count(*) AS n FROM seq_1_to_10000000000 WHERE seq % 7 = 8")); errs.From(err) == nil || errs.From(err).ID != "mysql_stopped" {
		t.Errorf("the server's own time-out: %s", detail(err))
	}
	db.Exec(t, "CREATE TABLE denied (n bigint); REVOKE ALL PRIVILEGES, GRANT OPTION FROM '"+db.ReaderName+"'@'%'; CREATE TABLE seen (n bigint); GRANT SELECT ON seen TO '"+db.ReaderName+"'@'%'")
	denied := open(t, strings.Replace(db.Reader, "/"+db.Name, "/", 1), 1)
	conn := denied.acquire()
	if _, err := denied.rows(conn, denied.statement("SELECT n FROM "+db.Name+".denied")); errs.CodeOf(err) != errs.SourceRefused {
		t.Errorf("a table without a grant: %s", detail(err))
	}
	if rows, err := denied.rows(conn, denied.statement("SELECT n FROM "+db.Name+".seen")); err != nil || len(rows) != 0 {
		t.Errorf("a table with a grant: %s", detail(err))
	}
}

// A server that accepts and says nothing, as behind a firewall, is unreachable after
// the time-out; the caller's own end comes earlier.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tls := range []string{"false", "preferred", "true"} {
		s := open(t, "mysql://u:secret@"+l.Addr().String()+"/d?timeout=300ms&tls="+tls, 1)
		if _, err := s.Ping(t.Context()); errs.CodeOf(err) != errs.SourceUnreachable || strings.Contains(detail(err), "secret") {
			t.Errorf("after the time-out: %s", detail(err))
		}
		s = open(t, "mysql://u:secret@"+l.Addr().String()+"/d?tls="+tls, 1)
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := s.Ping(ctx); errs.CodeOf(err) != errs.Canceled {
			t.Errorf("cancelled: %s", detail(err))
		}
		timer.Stop()
		cancel()
	}
}

// Close while a login hangs and while others wait.
func TestCloseWakesEverybody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := open(t, "mysql://u:p@"+l.Addr().String()+"/d?tls=false", 1)
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
		if err := <-end; errs.From(err) == nil || errs.From(err).ID != "mysql_closed" {
			t.Errorf("want the source's end: %v", err)
		}
	}
	if took := time.Since(start); took > 10*promptly {
		t.Errorf("closing took %s", took)
	}
}

func TestUnixSocket(t *testing.T) {
	server := testmaria.Start(t)
	db := server.Database(t)
	db.Exec(t, "CREATE USER '"+db.ReaderName+"'@'localhost' IDENTIFIED BY "+literal(db.ReaderPassword)+"; GRANT SELECT ON "+db.Name+".* TO '"+db.ReaderName+"'@'localhost'")
	t.Cleanup(func() { db.Exec(t, "DROP USER '"+db.ReaderName+"'@'localhost'") })
	u, err := url.Parse(db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = "", url.Values{"socket": {server.Socket()}}.Encode()
	s := open(t, u.String(), 1)
	if _, err := s.Ping(t.Context()); err != nil {
		t.Error(detail(err))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := readAll(ctx, s.acquire(), s.statement(silent)); errs.CodeOf(err) != errs.Timeout {
		t.Errorf("a deadline over a socket: %s", detail(err))
	}
	waitfor.True(t, promptly, "the statement to be gone", func() bool { return running(t, db) == 0 })
}
