package pgwire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/servertest"
)

// wire is a client that sends what a test tells it.
type wire struct {
	*pgproto3.Frontend
	conn net.Conn
	t    *testing.T
}

// dial connects and logs in.
func (s *site) dial(t *testing.T) *wire {
	t.Helper()
	w := s.raw(t)
	w.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "张三", "database": "lianji"}})
	w.expect("AuthenticationCleartextPassword")
	w.send(&pgproto3.PasswordMessage{Password: password})
	w.until("ReadyForQuery I")
	return w
}

// raw connects and says nothing.
func (s *site) raw(t *testing.T) *wire {
	t.Helper()
	nc, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{pgproto3.NewFrontend(nc, nc), nc, t}
}

func (w *wire) send(messages ...pgproto3.FrontendMessage) {
	w.t.Helper()
	for _, m := range messages {
		w.Send(m)
	}
	if err := w.Flush(); err != nil {
		w.t.Fatal(err)
	}
}

// said writes a message as a test expects it.
func said(m pgproto3.BackendMessage) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
	switch m := m.(type) {
	case *pgproto3.ReadyForQuery:
		return name + " " + string(m.TxStatus)
	case *pgproto3.ErrorResponse:
		return name + " " + m.Code
	case *pgproto3.CommandComplete:
		return name + " " + string(m.CommandTag)
	case *pgproto3.DataRow:
		var b strings.Builder
		for _, v := range m.Values {
			fmt.Fprintf(&b, " %s", v)
		}
		return name + b.String()
	case *pgproto3.ParameterDescription:
		return fmt.Sprintf("%s %v", name, m.ParameterOIDs)
	case *pgproto3.RowDescription:
		var b strings.Builder
		for _, f := range m.Fields {
			fmt.Fprintf(&b, " %s:%d/%d", f.Name, f.DataTypeOID, f.Format)
		}
		return name + b.String()
	}
	return name
}

func (w *wire) receive() string {
	w.t.Helper()
	m, err := w.Receive()
	if err != nil {
		return "end"
	}
	return said(m)
}

func (w *wire) expect(want ...string) {
	w.t.Helper()
	for _, one := range want {
		if got := w.receive(); got != one {
			w.t.Fatalf("got %s, want %s", got, one)
		}
	}
}

// until reads up to a message.
func (w *wire) until(want string) {
	w.t.Helper()
	for {
		switch got := w.receive(); got {
		case want:
			return
		case "end":
			w.t.Fatalf("the connection ended before %s", want)
		}
	}
}

func TestExtended(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1}, servertest.Row{Rows: 2}, servertest.Row{Rows: 2})}
	w := open(t, q).dial(t)
	w.send(&pgproto3.Parse{Name: "s", Query: "SELECT 1"}, &pgproto3.Describe{ObjectType: 'S', Name: "s"}, &pgproto3.Flush{})
	w.expect("ParseComplete", "ParameterDescription []", "RowDescription id:20/0 姓名:25/0")
	w.send(&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", ResultFormatCodes: []int16{1, 0}}, &pgproto3.Describe{ObjectType: 'P', Name: "p"},
		&pgproto3.Execute{Portal: "p", MaxRows: 2}, &pgproto3.Execute{Portal: "p", MaxRows: 2}, &pgproto3.Execute{Portal: "p", MaxRows: 2}, &pgproto3.Execute{Portal: "p"}, &pgproto3.Sync{})
	w.expect("BindComplete", "RowDescription id:20/1 姓名:25/0",
		"DataRow \x00\x00\x00\x00\x00\x00\x00\x01 张1", "DataRow \x00\x00\x00\x00\x00\x00\x00\x02 张2", "PortalSuspended",
		"DataRow \x00\x00\x00\x00\x00\x00\x00\x03 张3", "DataRow \x00\x00\x00\x00\x00\x00\x00\x04 张4", "PortalSuspended",
		"DataRow \x00\x00\x00\x00\x00\x00\x00\x05 张5", "CommandComplete SELECT 1",
		"CommandComplete SELECT 0", "ReadyForQuery I")
	if asked, _ := q.Asked(); len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
	// Sync outside of a transaction ended the portal, not the statement.
	w.send(&pgproto3.Execute{Portal: "p"}, &pgproto3.Bind{PreparedStatement: "s"}, &pgproto3.Sync{}, &pgproto3.Bind{PreparedStatement: "s"}, &pgproto3.Execute{}, &pgproto3.Sync{})
	w.expect("ErrorResponse 34000", "ReadyForQuery I", "BindComplete", "CommandComplete SELECT 0", "ReadyForQuery I")
	w.send(&pgproto3.Close{ObjectType: 'S', Name: "s"}, &pgproto3.Close{ObjectType: 'P', Name: "none"}, &pgproto3.Bind{PreparedStatement: "s"}, &pgproto3.Sync{})
	w.expect("CloseComplete", "CloseComplete", "ErrorResponse 26000", "ReadyForQuery I")
}

// A portal of a transaction outlives Sync, and ends with its transaction.
func TestNamedPortal(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 3})}
	w := open(t, q).dial(t)
	begin := []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "BEGIN"}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{}}
	w.send(begin...)
	w.expect("ParseComplete", "BindComplete", "NoData", "CommandComplete BEGIN", "ReadyForQuery T")
	w.send(&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Bind{DestinationPortal: "p"}, &pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Sync{})
	w.expect("ParseComplete", "BindComplete", "DataRow 1 张1", "PortalSuspended", "ReadyForQuery T")
	w.send(&pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Sync{})
	w.expect("DataRow 2 张2", "PortalSuspended", "ReadyForQuery T")
	w.send(&pgproto3.Bind{DestinationPortal: "p"}, &pgproto3.Sync{})
	w.expect("ErrorResponse 42P03", "ReadyForQuery E")
	w.send(&pgproto3.Execute{Portal: "p"}, &pgproto3.Sync{}, &pgproto3.Query{String: "ROLLBACK"})
	w.expect("ErrorResponse 25P02", "ReadyForQuery E", "CommandComplete ROLLBACK", "ReadyForQuery I")
	awaitReleased(t, q, 0)
	w.send(&pgproto3.Execute{Portal: "p"}, &pgproto3.Sync{})
	w.expect("ErrorResponse 34000", "ReadyForQuery I")
}

func TestCursor(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Rows: 3})}
	s := open(t, q)
	c := s.connect(t, "")
	_, err := run(t, c, "DECLARE c CURSOR FOR SELECT 1")
	wantState(t, err, "25P01")
	mustRun(t, c, "BEGIN; DECLARE c NO SCROLL CURSOR WITHOUT HOLD FOR SELECT 1; FETCH c; MOVE 1 IN c; FETCH FORWARD 2 FROM c; FETCH ALL FROM c; FETCH c; CLOSE c; COMMIT",
		"BEGIN\nDECLARE CURSOR\n1|张1\nFETCH 1\nMOVE 1\n3|张3\n4|张4\nFETCH 2\n5|张5\nFETCH 1\nFETCH 0\nCLOSE CURSOR\nCOMMIT\n")
	awaitReleased(t, q, 0)
	for sql, state := range map[string]string{
		"FETCH 1 FROM c": "34000", "FETCH PRIOR FROM c": "0A000", "BEGIN; DECLARE d SCROLL CURSOR FOR SELECT 1": "0A000", "ROLLBACK; CLOSE c": "34000",
		"DECLARE e CURSOR WITH HOLD FOR COMMIT": "25006",
	} {
		_, err := run(t, c, sql)
		wantState(t, err, state)
		_, _ = run(t, c, "ROLLBACK")
	}
}

func TestCopy(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})}
	w := open(t, q).dial(t)
	w.send(&pgproto3.Query{String: "COPY (SELECT 1) TO STDOUT (FORMAT csv, HEADER)"})
	w.expect("CopyOutResponse", "CopyData", "CopyData", "CopyData", "CopyDone", "CommandComplete COPY 2", "ReadyForQuery I")
	for sql, state := range map[string]string{
		"COPY t FROM STDIN": "25006", "COPY (SELECT 1) TO '/etc/passwd'": "42501", "COPY (SELECT 1) TO PROGRAM 'sh'": "42501",
		"COPY (SELECT 1) TO STDOUT (FORMAT xml)": "0A000", "COPY (SELECT 1 TO STDOUT": "42601", "COPY (COMMIT) TO STDOUT": "25006",
	} {
		w.send(&pgproto3.Query{String: sql})
		w.expect("ErrorResponse "+state, "ReadyForQuery I")
	}
	// On-line browsing gives nothing that could be kept as a table.
	w.send(&pgproto3.Query{String: "SET mode = 'online'"})
	w.expect("CommandComplete SET", "ReadyForQuery I")
	for _, form := range []string{"text", "csv", "binary"} {
		w.send(&pgproto3.Query{String: "COPY (SELECT 1) TO STDOUT (FORMAT " + form + ")"})
		w.expect("ErrorResponse 42501", "ReadyForQuery I")
	}
	if asked, _ := q.Asked(); len(asked) != 1 || asked[0].SQL != "SELECT 1" {
		t.Errorf("asked %+v", asked)
	}
}

// COPY writes by its options what PostgreSQL writes, and refuses those that it refuses.
func TestCopyOptions(t *testing.T) {
	pg, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Close(context.Background()) })
	for _, options := range []string{
		"", "CSV", "CSV HEADER FORCE QUOTE *", `WITH CSV FORCE QUOTE id, "姓名"`, "CSV FORCE QUOTE nothing", `DELIMITER AS E'\t'`, "CSV CSV", "HEADER HEADER", "BINARY HEADER", "XML",
		"()", "(FORMAT csv,)", "(,FORMAT csv)", "(FORMAT csv HEADER)", "(FORMAT)", "(DELIMITER)", "(FORMAT csv, FORMAT csv)", "(FORMAT csv, FORMAT text)", "(HEADER, HEADER off)",
		"(FORMAT binary, HEADER)", "(FORMAT binary, HEADER off)", "(FORMAT csv, HEADER)", "(HEADER)", "(FORMAT csv, HEADER match)",
		`(FORMAT csv, DELIMITER E'\t')`, `(DELIMITER E'\t')`, `(DELIMITER E'\x01')`, `(DELIMITER E'\001')`, `(DELIMITER E'\n')`, `(FORMAT csv, NULL E'\\N')`, `(FORMAT csv, QUOTE E'\'')`, `(FORMAT csv, QUOTE E'''')`,
		`(FORMAT csv, ESCAPE E'\\', FORCE_QUOTE *)`, `(DELIMITER E'\|')`,
		"(FORMAT csv, FORCE_QUOTE *)", "(FORMAT csv, FORCE_QUOTE (id))", `(FORMAT csv, HEADER, FORCE_QUOTE (ID, "姓名"))`, `(FORMAT csv, FORCE_QUOTE ("姓名"))`, "(FORMAT csv, FORCE_QUOTE (nothing))", "(FORMAT csv, FORCE_QUOTE (id, id))",
		"(FORMAT csv, FORCE_QUOTE ())", "(FORMAT csv, FORCE_QUOTE id)", "(FORMAT csv, FORCE_QUOTE (id), FORCE_QUOTE *)", "(FORCE_QUOTE (id))", "(FORMAT csv, FORCE_NULL (id))",
	} {
		sql := `COPY (SELECT i::int8 AS id, '张' || i AS "姓名" FROM generate_series(1, 2) i) TO STDOUT ` + options
		ours := open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})}).connect(t, "")
		var got, want bytes.Buffer
		tag, err := ours.CopyTo(t.Context(), &got, sql)
		wanted, refused := pg.CopyTo(t.Context(), &want, sql)
		if got.String() != want.String() || (err == nil) != (refused == nil) || tag.String() != wanted.String() {
			t.Errorf("%s: %q %s %v, want %q %s %v", options, &got, tag, err, &want, wanted, refused)
		}
		if s := sqlState(refused); strings.HasPrefix(s, "427") && sqlState(err) != s {
			t.Errorf("%s: %v, want %v", options, err, refused)
		}
	}
}

// Whoever is not known yet gets nothing but the door's own words.
func TestBeforeLogin(t *testing.T) {
	q := &servertest.Querier{}
	s := open(t, q)
	for _, m := range []pgproto3.FrontendMessage{&pgproto3.Query{String: "SELECT 1"}, &pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Sync{}, &pgproto3.Terminate{}} {
		w := s.raw(t)
		w.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "张三"}})
		w.expect("AuthenticationCleartextPassword")
		w.send(m)
		w.expect("ErrorResponse 08P01", "end")
	}
	w := s.raw(t)
	w.send(&pgproto3.Query{String: "SELECT 1"})
	w.expect("end")
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Errorf("%d statements ran", len(asked))
	}
}

// Messages that are too long, cut off or none at all end their connection alone.
func TestBrokenMessages(t *testing.T) {
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Limits = pgwire.Limits{MessageBytes: 1 << 10, LoginTime: 5 * time.Second} })
	for name, bytes := range map[string][]byte{
		"long":        {'Q', 0x7f, 0xff, 0xff, 0xff, 'x'},
		"over":        append([]byte{'Q', 0, 0, 4, 5}, (strings.Repeat(" ", 1024) + "\x00")...),
		"negative":    {'Q', 0xff, 0xff, 0xff, 0xff},
		"unknown":     {'!', 0, 0, 0, 4},
		"no end":      {'Q', 0, 0, 0, 5, 'x'},
		"broken bind": {'B', 0, 0, 0, 8, 0, 0, 0xff, 0xff},
	} {
		w := s.dial(t)
		if _, err := w.conn.Write(bytes); err != nil {
			t.Fatal(err)
		}
		if got := w.receive(); got != "ErrorResponse 08P01" {
			t.Errorf("%s: %s", name, got)
		}
		w.expect("end")
	}
	w := s.dial(t)
	if _, err := w.conn.Write([]byte{'Q', 0, 0, 0, 99, 'S'}); err != nil {
		t.Fatal(err)
	}
	if err := w.conn.Close(); err != nil {
		t.Fatal(err)
	}
	for _, bytes := range [][]byte{{0, 0, 0, 4}, {0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0}, {0, 0, 0, 8, 0, 3, 0, 9}, {0x16, 3, 1, 0, 0xa5}, []byte("GET / HTTP/1.1\r\n\r\n")} {
		w := s.raw(t)
		if _, err := w.conn.Write(bytes); err != nil {
			t.Fatal(err)
		}
		w.expect("end")
	}
	mustRun(t, s.connect(t, ""), "SELECT 1", "SELECT 0\n")
}

// Another connection's key, a guessed one and a short one cancel nothing, and no request
// for it is ever answered.
func TestForeignCancel(t *testing.T) {
	feed := make(chan servertest.Row)
	q := &servertest.Querier{Feed: feed}
	s := open(t, q)
	mine, theirs := s.connect(t, ""), s.connect(t, "")
	done := safego.Run(func() error {
		_, err := mine.Exec(context.Background(), "SELECT 1").ReadAll()
		return err
	})
	awaitAsked(t, q, 1)
	for _, r := range []*pgproto3.CancelRequest{
		{ProcessID: mine.PID(), SecretKey: theirs.SecretKey()}, {ProcessID: theirs.PID(), SecretKey: mine.SecretKey()},
		{ProcessID: mine.PID(), SecretKey: []byte{0, 0, 0, 0}}, {ProcessID: mine.PID(), SecretKey: mine.SecretKey()[:1]}, {ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}},
	} {
		w := s.raw(t)
		w.send(r)
		if n, err := w.conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("a request to cancel was answered: %d %v", n, err)
		}
	}
	select {
	case <-q.Streams()[0].Released:
		t.Error("a statement was cancelled by a foreign key")
	default:
	}
	close(feed)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What a connection may keep has a bound, in number and in bytes.
func TestKept(t *testing.T) {
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Limits = pgwire.Limits{Kept: 3, KeptBytes: 200} })
	w := s.dial(t)
	for i := range 4 {
		w.send(&pgproto3.Parse{Name: fmt.Sprint(i), Query: "SELECT 1"}, &pgproto3.Sync{})
		if i < 3 {
			w.expect("ParseComplete", "ReadyForQuery I")
		} else {
			w.expect("ErrorResponse 54001", "ReadyForQuery I")
		}
	}
	w.send(&pgproto3.Close{ObjectType: 'S', Name: "0"}, &pgproto3.Parse{Name: "long", Query: "SELECT " + strings.Repeat("1", 200)}, &pgproto3.Sync{})
	w.expect("CloseComplete", "ErrorResponse 54001", "ReadyForQuery I")
	w.send(&pgproto3.Parse{Name: "3", Query: "SELECT 1"}, &pgproto3.Sync{})
	w.expect("ParseComplete", "ReadyForQuery I")
}

// As many connections as there may be; one more is told so.
func TestConnectionLimit(t *testing.T) {
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) {
		o.Limits = pgwire.Limits{Connections: 2}
		o.Session = func(context.Context, server.Asker) (server.Session, error) { return server.Session{}, nil }
	})
	one := s.dial(t)
	startup := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "张三"}}
	second, third := s.raw(t), s.from(t, 2)
	for _, w := range []*wire{second, third} {
		w.send(startup)
		w.expect("AuthenticationCleartextPassword")
	}
	second.send(&pgproto3.PasswordMessage{Password: password})
	second.until("ReadyForQuery I")
	third.send(&pgproto3.PasswordMessage{Password: password})
	third.expect("ErrorResponse 53300", "end")
	w := s.raw(t)
	w.send(startup)
	w.expect("ErrorResponse 53300", "end")
	one.send(&pgproto3.Terminate{})
	one.expect("end")
}

// A principal has a quarter of the connections at the most, and another one again when one
// of them has ended.
func TestOwnConnections(t *testing.T) {
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Limits = pgwire.Limits{Connections: 8} })
	one, _ := s.dial(t), s.dial(t)
	if got := s.greeting(t); got != errs.QueueFull.SQLState() {
		t.Errorf("the third: %q", got)
	}
	one.send(&pgproto3.Terminate{})
	one.expect("end")
	waitfor.True(t, time.Second, "a place that is free again", func() bool { return s.greeting(t) == "" })
}

// Those who say nothing, or not who they are, keep nobody out, from one address or from many:
// their oldest connections give way to others, and none over which somebody has logged in.
func TestStrangers(t *testing.T) {
	for name, first := range map[string]*pgproto3.StartupMessage{
		"silent": nil, "startup": {ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "张三"}},
	} {
		for _, addresses := range []int{1, 40} {
			s := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Limits = pgwire.Limits{Connections: 16} })
			in := s.dial(t)
			var strangers []*wire
			for i := range 40 {
				w := s.from(t, byte(1+i%addresses))
				strangers = append(strangers, w)
				if first != nil {
					w.send(first)
					w.expect("AuthenticationCleartextPassword")
				}
			}
			if got := s.greeting(t); got != "" {
				t.Errorf("%s, %d addresses: %s", name, addresses, got)
			}
			in.send(&pgproto3.Query{String: ""})
			in.expect("EmptyQueryResponse", "ReadyForQuery I")
			for i, gone := range map[int]bool{0: true, 39: false} {
				_ = strangers[i].conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
				_, err := strangers[i].conn.Read(make([]byte, 1))
				if errors.Is(err, os.ErrDeadlineExceeded) == gone {
					t.Errorf("%s, %d addresses, number %d: %v", name, addresses, i, err)
				}
			}
		}
	}
}

// from is raw at an address of 127.0.0.0/8, which are all this machine's on Linux.
func (s *site) from(t *testing.T, last byte) *wire {
	t.Helper()
	nc, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		t.Skipf("no other address of this machine: %v", err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{pgproto3.NewFrontend(nc, nc), nc, t}
}

// greeting logs in and gives the SQLSTATE with which that is refused, empty for none.
func (s *site) greeting(t *testing.T) string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), "postgres://"+s.address+"/lianji?sslmode=disable&user=张三&password="+password)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return ""
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Code
}

// A client that says nothing is not waited for.
func TestLoginTime(t *testing.T) {
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Limits = pgwire.Limits{LoginTime: 20 * time.Millisecond} })
	w := s.raw(t)
	w.expect("end")
	w = s.raw(t)
	w.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "张三"}})
	w.until("end")
}

// The door's end reaches those that wait, and those that a statement keeps.
func TestEnd(t *testing.T) {
	feed := make(chan servertest.Row)
	q := &servertest.Querier{Feed: feed}
	s := open(t, q)
	idle, busy := s.dial(t), s.dial(t)
	busy.send(&pgproto3.Query{String: "SELECT 1"})
	awaitAsked(t, q, 1)
	ended := safego.Run(s.end)
	idle.expect("ErrorResponse 57P01", "end")
	close(feed) // it may end by itself
	busy.expect("RowDescription id:20/0 姓名:25/0", "CommandComplete SELECT 0", "ReadyForQuery I", "ErrorResponse 57P01", "end")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	s.end = func() error { return nil }
}

type panicking struct{ server.Querier }

func (panicking) Query(context.Context, server.Session, server.Request) (*server.Answer, error) {
	panic("hunter2")
}

// A panic is a failed statement, not a lost connection.
func TestPanic(t *testing.T) {
	c := open(t, panicking{&servertest.Querier{}}).connect(t, "")
	_, err := run(t, c, "SELECT 1")
	if e := wantState(t, err, errs.Internal.SQLState()); strings.Contains(e.Error()+e.Detail, "hunter2") {
		t.Errorf("got %+v", e)
	}
	mustRun(t, c, "SHOW server_version", "15.0\nSHOW\n")
}

// Rows of a batch that came before a grant ended are not handed out after it: a portal
// and a cursor end there.
func TestPortalAfterARevoke(t *testing.T) {
	for name, fetches := range map[string]struct{ begin, again []pgproto3.FrontendMessage }{
		"portal": {
			[]pgproto3.FrontendMessage{&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Bind{DestinationPortal: "p"}, &pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Sync{}},
			[]pgproto3.FrontendMessage{&pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Sync{}},
		},
		"cursor": {
			[]pgproto3.FrontendMessage{&pgproto3.Query{String: "DECLARE k CURSOR FOR SELECT 1; FETCH 1 FROM k"}},
			[]pgproto3.FrontendMessage{&pgproto3.Query{String: "FETCH 5 FROM k"}},
		},
	} {
		var over atomic.Bool
		q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 9}), Holds: func() error {
			if over.Load() {
				return errs.New(errs.Revoked, "policy_revoked", nil)
			}
			return nil
		}}
		w := open(t, q).dial(t)
		w.send(&pgproto3.Query{String: "BEGIN"})
		w.expect("CommandComplete BEGIN", "ReadyForQuery T")
		w.send(fetches.begin...)
		if name == "portal" {
			w.expect("ParseComplete", "BindComplete", "DataRow 1 张1", "PortalSuspended", "ReadyForQuery T")
		} else {
			w.expect("CommandComplete DECLARE CURSOR", "RowDescription id:20/0 姓名:25/0", "DataRow 1 张1", "CommandComplete FETCH 1", "ReadyForQuery T")
		}
		over.Store(true)
		w.send(fetches.again...)
		if name == "cursor" {
			w.expect("RowDescription id:20/0 姓名:25/0")
		}
		w.expect("ErrorResponse "+errs.Revoked.SQLState(), "ReadyForQuery E")
		awaitReleased(t, q, 0)
	}
}

// What is left of a cursor that broke off can never be had: the next fetch says so, and
// does not look like the end.
func TestBrokenCursor(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1}, servertest.Row{Err: errs.New(errs.SourceFailed, "source_failed", nil)})}
	w := open(t, q).dial(t)
	w.send(&pgproto3.Query{String: "DECLARE k CURSOR WITH HOLD FOR SELECT 1"})
	w.expect("CommandComplete DECLARE CURSOR", "ReadyForQuery I")
	w.send(&pgproto3.Query{String: "FETCH 1 FROM k"})
	w.expect("RowDescription id:20/0 姓名:25/0", "DataRow 1 张1", "CommandComplete FETCH 1", "ReadyForQuery I")
	w.send(&pgproto3.Query{String: "FETCH 1 FROM k"})
	w.expect("RowDescription id:20/0 姓名:25/0", "ErrorResponse "+errs.SourceFailed.SQLState(), "ReadyForQuery I")
	w.send(&pgproto3.Query{String: "FETCH 1 FROM k"})
	w.expect("RowDescription id:20/0 姓名:25/0", "ErrorResponse 55000", "ReadyForQuery I")
}

// An error leaves at once: a client that has sent Flush and no Sync waits for it.
func TestErrorsLeaveAtOnce(t *testing.T) {
	q := &servertest.Querier{Err: errs.New(errs.UnknownName, "unknown_column", nil)}
	w := open(t, q).dial(t)
	w.send(&pgproto3.Parse{Name: "s", Query: "SELECT nosuch"}, &pgproto3.Describe{ObjectType: 'S', Name: "s"}, &pgproto3.Flush{})
	w.expect("ErrorResponse 42703")
	w.send(&pgproto3.Sync{})
	w.expect("ReadyForQuery I")
}

// What a portal did not give of a batch is told when it ends, once; what it gave never.
func TestUnread(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1}, servertest.Row{Rows: 7})}
	w := open(t, q).dial(t)
	w.send(&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Bind{}, &pgproto3.Execute{MaxRows: 3}, &pgproto3.Sync{}, &pgproto3.Query{String: "SELECT 2"})
	w.until("PortalSuspended")
	w.until("CommandComplete SELECT 0")
	for i, want := range []int64{5, 0} {
		s := q.Streams()[i]
		<-s.Released
		if s.Unread != want {
			t.Errorf("statement %d: %d rows were not given, want %d", i, s.Unread, want)
		}
	}
}
