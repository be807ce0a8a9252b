package statements

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type opened struct {
	policy.Denied
	identity string
}

func (o opened) Identity() string { return o.identity }

func session(change ...func(*server.Session)) server.Session {
	s := server.Session{Snapshot: opened{identity: "one"}, Principal: "wang", Agency: "MZ", Purpose: "DB-HC", Mode: catalog.Interface}
	for _, c := range change {
		c(&s)
	}
	return s
}

func begin(t *testing.T, q server.Querier, change ...func(*Options)) *Statements {
	t.Helper()
	o := Options{Querier: q, Dir: t.TempDir()}
	for _, c := range change {
		c(&o)
	}
	m := New(o)
	t.Cleanup(m.Close)
	return m
}

func submit(t *testing.T, m *Statements, s server.Session) *Statement {
	t.Helper()
	st, err := m.Submit(s, server.Request{ID: "q", SQL: "select 1"})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// ended waits for a statement's end, and gives how it ended.
func ended(st *Statement) (State, errs.Code) {
	<-st.Ended()
	is := st.Status()
	return is.State, errs.CodeOf(errs.From(asError(is.Err)))
}

func asError(e *errs.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// ids reads the first column of what a session gets of a result.
func ids(st *Statement, s server.Session, from, most int64) (out []string, err error) {
	answer, err := st.Result(s, from, most)
	if err != nil {
		return nil, err
	}
	stream := answer.Stream
	defer stream.Release()
	for stream.Next() {
		c := stream.RecordBatch().Column(0)
		for i := range c.Len() {
			out = append(out, c.ValueStr(i))
		}
	}
	return out, stream.Err()
}

var fiveRows = []servertest.Row{{Rows: 3}, {Rows: 0}, {Rows: 2}}

func TestResults(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(fiveRows...), Warn: []errs.Warning{{}}, Times: []server.SourceTimes{{Agency: "GA"}}}
	m := begin(t, q)
	st := submit(t, m, session())
	if state, code := ended(st); state != Done || code != "" || st.Status().Rows != 5 || len(st.Status().Columns) != 2 {
		t.Fatalf("%s %s %+v", state, code, st.Status())
	}
	for _, c := range []struct {
		from, most int64
		want       string
	}{{0, 0, "1 2 3 4 5"}, {1, 3, "2 3 4"}, {3, 1, "4"}, {4, 9, "5"}, {5, 0, ""}, {99, 1, ""}, {0, 3, "1 2 3"}} {
		got, err := ids(st, session(), c.from, c.most)
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" || err != nil {
			t.Errorf("from %d, %d: %v %s", c.from, c.most, err, d)
		}
	}
	answer, err := st.Result(session(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	stream := answer.Stream
	defer stream.Release()
	for early := true; stream.Next(); early = false {
		if early && stream.Warnings() != nil {
			t.Error("warnings before the end")
		}
	}
	if f := answer.Footer(5); len(f.Warnings) != 1 || len(f.Sources) != 1 || f.Sources[0].Agency != "GA" {
		t.Errorf("the footer is lost: %+v", f)
	}
}

// A result has no name in the folder and nothing in clear, and no part can stand in the
// place of another.
func TestNothingInClear(t *testing.T) {
	m := begin(t, &servertest.Querier{Feed: servertest.Feed(fiveRows...)})
	st := submit(t, m, session())
	ended(st)
	if names, err := os.ReadDir(m.o.Dir); err != nil || len(names) != 0 {
		t.Errorf("%v %v", names, err)
	}
	of := st.result
	all, err := io.ReadAll(io.NewSectionReader(of.file, 0, of.bytes))
	if err != nil || len(all) == 0 || bytes.Contains(all, []byte("张")) || bytes.Contains(all, []byte("姓名")) {
		t.Errorf("%v: %q", err, all)
	}
	of.chunks[0], of.chunks[1] = of.chunks[1], of.chunks[0]
	if got, err := ids(st, session(), 0, 0); err == nil {
		t.Errorf("parts in another order give %v", got)
	}
}

func TestBounds(t *testing.T) {
	m := begin(t, &servertest.Querier{}, func(o *Options) { o.Most = 2 })
	first := submit(t, m, session())
	submit(t, m, session())
	if _, err := m.Submit(session(), server.Request{}); errs.CodeOf(err) != errs.QueueFull {
		t.Errorf("a third: %v", err)
	}
	submit(t, m, session(func(s *server.Session) { s.Principal = "li" }))
	m.Remove(first, nil)
	submit(t, m, session())
	for want, change := range map[errs.Code]func(*Options){
		errs.ResultTooLarge: func(o *Options) { o.Each = 600 },
		errs.DiskFull:       func(o *Options) { o.All = 600 },
	} {
		m := begin(t, &servertest.Querier{Feed: servertest.Feed(fiveRows...)}, change)
		st := submit(t, m, session())
		if state, code := ended(st); state != Failed || code != want || m.files.used != 0 || len(m.files.by) != 0 {
			t.Errorf("%s: %s %s, %d bytes", want, state, code, m.files.used)
		}
		if _, err := ids(st, session(), 0, 0); errs.CodeOf(err) != want {
			t.Errorf("%s: its result: %v", want, err)
		}
	}
}

// A statement is there for whoever asked, for what it was asked for, and as long as the
// same is open and its time has not come.
func TestMay(t *testing.T) {
	for what, c := range map[string]struct {
		change    func(*server.Session)
		later     time.Duration
		want      errs.Code
		forgotten bool
	}{
		"own":             {func(*server.Session) {}, 0, "", false},
		"nearly a day":    {func(*server.Session) {}, 24*time.Hour - time.Minute, "", false},
		"a day":           {func(*server.Session) {}, 24 * time.Hour, errs.UnknownName, true},
		"another's":       {func(s *server.Session) { s.Principal = "li" }, 0, errs.UnknownName, false},
		"another agency":  {func(s *server.Session) { s.Agency = "GA" }, 0, errs.UnknownName, false},
		"another purpose": {func(s *server.Session) { s.Purpose = "DB-YL" }, 0, errs.UnknownName, false},
		"another mode":    {func(s *server.Session) { s.Mode = catalog.Download }, 0, errs.UnknownName, false},
		"revoked":         {func(s *server.Session) { s.Snapshot = opened{identity: "other"} }, 0, errs.Revoked, true},
		"another token":   {func(s *server.Session) { s.Snapshot = opened{identity: "less"} }, 0, errs.UnknownName, false},
		"nothing open":    {func(s *server.Session) { s.Snapshot = nil }, 0, errs.Revoked, true},
	} {
		m := begin(t, &servertest.Querier{Feed: servertest.Feed(fiveRows...)})
		st := submit(t, m, session(func(s *server.Session) {
			if what == "another token" {
				s.Holds = func([]*policy.Resource) error { return nil }
			}
		}))
		ended(st)
		now := m.now()
		m.now = func() time.Time { return now.Add(c.later) }
		err := m.May(session(c.change), st)
		_, there := m.Find(st.ID)
		if errs.CodeOf(err) != c.want || there == c.forgotten || (m.files.used == 0) != c.forgotten {
			t.Errorf("%s: %v, there %t, %d bytes", what, err, there, m.files.used)
		}
		if _, err := ids(st, session(), 0, 0); (err == nil) == c.forgotten {
			t.Errorf("%s: its result: %v", what, err)
		}
	}
}

// Where it is said how long a statement is kept, it is forgotten with its result at that
// time: when it is asked for, and when nobody does.
func TestKept(t *testing.T) {
	for what, look := range map[string]func(*Statements, *Statement){
		"asked for": func(m *Statements, st *Statement) { _ = m.May(session(), st) },
		"by itself": func(m *Statements, _ *Statement) { m.sweepOnce() },
	} {
		m := begin(t, &servertest.Querier{Feed: servertest.Feed(fiveRows...)}, func(o *Options) { o.For = 90 * time.Minute })
		st := submit(t, m, session())
		ended(st)
		for _, c := range []struct {
			later time.Duration
			there bool
		}{{90*time.Minute - time.Second, true}, {90 * time.Minute, false}} {
			m.now = func() time.Time { return st.Asked.Add(c.later) }
			look(m, st)
			if _, there := m.Find(st.ID); there != c.there || len(m.Of(session())) > 0 != c.there || (m.files.used > 0) != c.there {
				t.Errorf("%s after %s: there %t, %d bytes", what, c.later, there, m.files.used)
			}
		}
	}
}

// To a token that is limited there is nothing but what it asked itself; to the principal as
// such there is all.
func TestLimitedTokens(t *testing.T) {
	m := begin(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1})})
	under := func(id string) server.Session { return session(func(s *server.Session) { s.Under = id }) }
	asked := map[string]*Statement{}
	for _, by := range []string{"", "one", "two"} {
		asked[by] = submit(t, m, under(by))
		<-asked[by].Ended()
	}
	for by, want := range map[string][]string{"": {"", "one", "two"}, "one": {"one"}, "two": {"two"}, "three": nil} {
		var listed []string
		for _, st := range m.Of(under(by)) {
			listed = append(listed, st.session.Under)
		}
		if d := cmp.Diff(want, listed); d != "" {
			t.Errorf("%q lists (-want +got) %s", by, d)
		}
		for of, st := range asked {
			if ok := m.May(under(by), st) == nil; ok != (by == "" || by == of) {
				t.Errorf("%q may have what %q asked: %v", by, of, ok)
			}
		}
	}
}

// What a statement reads can be revoked while it is kept, and while it is fetched.
func TestRevoked(t *testing.T) {
	var held error
	of := session(func(s *server.Session) { s.Holds = func([]*policy.Resource) error { return held } })
	m := begin(t, &servertest.Querier{Feed: servertest.Feed(fiveRows...)})
	st := submit(t, m, of)
	ended(st)
	m.sweepOnce()
	answer, err := st.Result(of, 0, 0)
	if err != nil || !answer.Stream.Next() || len(m.Of(of)) != 1 {
		t.Fatal("it is not there", err)
	}
	stream := answer.Stream
	held = errs.New(errs.Revoked, "policy_revoked", nil)
	if stream.Next() || errs.CodeOf(stream.Err()) != errs.Revoked || len(m.Of(of)) != 0 {
		t.Errorf("it goes on: %v", stream.Err())
	}
	stream.Release()
	held = errs.New(errs.StoreFailed, "store_failed", nil)
	m.sweepOnce()
	if _, there := m.Find(st.ID); !there {
		t.Error("it is forgotten because the store cannot be asked")
	}
	held = errs.New(errs.Revoked, "policy_revoked", nil)
	m.sweepOnce()
	if _, there := m.Find(st.ID); there || m.files.used != 0 {
		t.Error("it is still there")
	}
}

// A statement that runs beyond its client ends with its removal, and with the gateway.
func TestEnds(t *testing.T) {
	q := &servertest.Querier{Feed: make(chan servertest.Row)}
	m := begin(t, q)
	running := func(n int) *Statement {
		t.Helper()
		st := submit(t, m, session())
		waitfor.True(t, 10*time.Second, "it runs", func() bool { return len(q.Streams()) == n })
		if _, err := ids(st, session(), 0, 0); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("the result of what runs: %v", err)
		}
		return st
	}
	one, other := running(1), running(2)
	m.Remove(one, nil)
	<-q.Streams()[0].Released
	if state, code := ended(one); state != Canceled || code != errs.Canceled {
		t.Errorf("%s %s", state, code)
	}
	m.Close()
	<-q.Streams()[1].Released
	if state, _ := ended(other); state != Canceled || other.Status().Err.ID != "statements_closing" {
		t.Errorf("%s %v", state, other.Status().Err)
	}
	if _, err := m.Submit(session(), server.Request{}); errs.CodeOf(err) != errs.Closing {
		t.Errorf("after the end: %v", err)
	}
	if got := m.Of(session(func(s *server.Session) { s.Principal = "" })); len(got) != 0 {
		t.Errorf("nobody has %v", got)
	}
}

// What fails says why.
func TestFails(t *testing.T) {
	for what, q := range map[string]*servertest.Querier{
		"at once": {Err: errs.New(errs.SyntaxError, "syntax_error", nil)},
		"midway":  {Feed: servertest.Feed(servertest.Row{Rows: 1}, servertest.Row{Err: errs.New(errs.SyntaxError, "syntax_error", nil)})},
	} {
		m := begin(t, q)
		if state, code := ended(submit(t, m, session())); state != Failed || code != errs.SyntaxError || m.files.used != 0 {
			t.Errorf("%s: %s %s", what, state, code)
		}
	}
}
