package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
	"github.com/lianji/lianji/server/statements"
)

// keeping opens a door that keeps statements; a token is the principal's name.
func keeping(t *testing.T, q server.Querier) *httptest.Server {
	t.Helper()
	kept := statements.New(statements.Options{Querier: q, Dir: t.TempDir()})
	s := open(t, q, func(o *httpapi.Options) {
		o.Statements = kept
		o.Session = func(_ context.Context, a server.Asker) (server.Session, error) {
			if a.Token == "" {
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			return server.Session{Snapshot: none{}, Principal: a.Token, Purpose: a.Purpose}, nil
		}
	})
	t.Cleanup(kept.Close)
	return s
}

// call sends a request without a body as somebody.
func call(t *testing.T, s *httptest.Server, who, method, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func submitted(t *testing.T, s *httptest.Server, who string) (path string) {
	t.Helper()
	res := postTo(t, s, "/v1/statements", `{"sql": "select 1", "purpose": "DB-HC"}`, "Authorization", "Bearer "+who)
	var st httpapi.Statement
	if err := json.Unmarshal([]byte(text(t, res)), &st); err != nil || res.StatusCode != http.StatusAccepted || res.Header.Get("Location") != "/v1/statements/"+st.ID || len(st.ID) != 26 {
		t.Fatalf("%v %s %+v", err, res.Status, st)
	}
	return "/v1/statements/" + st.ID
}

// A statement is followed while it runs, in events too, and fetched when it is done.
func TestStatementsAreKept(t *testing.T) {
	feed := make(chan servertest.Row)
	s := keeping(t, &servertest.Querier{Feed: feed})
	path := submitted(t, s, "wang")
	wantProblem(t, call(t, s, "wang", "GET", path+"/result"), http.StatusConflict, errs.Conflict)
	events := call(t, s, "wang", "GET", path+"/events")
	if events.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", events.Header)
	}
	lines := bufio.NewScanner(events.Body)
	until := func(want string) string {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return lines.Text()
			}
		}
		t.Fatalf("no event with %s: %v", want, lines.Err())
		return ""
	}
	until(`"state":"running"`)
	feed <- servertest.Row{Rows: 2}
	until(`"rows":2`)
	feed <- servertest.Row{Rows: 1}
	close(feed)
	until("event: end")
	if last := until(`"state":"done"`); !strings.Contains(last, `"rows":3`) || !strings.Contains(last, `"columns":[{"name":"id","type":"BIGINT"}`) {
		t.Errorf("the end: %s", last)
	}
	for lines.Scan() {
		if lines.Text() != "" {
			t.Errorf("behind the end: %s", lines.Text())
		}
	}
	for query, want := range map[string]string{
		"?format=csv": "id,姓名\r\n1,张1\r\n2,张2\r\n3,张3\r\n", "?format=csv&from=1&rows=1": "id,姓名\r\n2,张2\r\n", "?format=csv&from=9": "id,姓名\r\n",
	} {
		if got := text(t, call(t, s, "wang", "GET", path+"/result"+query)); got != want {
			t.Errorf("%s: %q", query, got)
		}
	}
	for _, query := range []string{"?from=-1", "?from=x", "?rows=0", "?other=1", "?rows=1&rows=2"} {
		wantProblem(t, call(t, s, "wang", "GET", path+"/result"+query), http.StatusBadRequest, errs.RequestInvalid)
	}
	if got := text(t, call(t, s, "wang", "GET", "/v1/statements")); !strings.Contains(got, `"state":"done"`) || strings.Contains(got, "columns") {
		t.Errorf("the list: %s", got)
	}
}

// Nobody else has a statement, by whatever call: not its number, not its end.
func TestStatementsOfOthers(t *testing.T) {
	q := &servertest.Querier{Feed: make(chan servertest.Row)}
	s := keeping(t, q)
	path := submitted(t, s, "wang")
	guessed := "/v1/statements/" + strings.Repeat("A", 26)
	for who, at := range map[string]string{"li": path, "wang": guessed} {
		for _, c := range [][2]string{{"GET", ""}, {"GET", "/result"}, {"GET", "/events"}, {"DELETE", ""}} {
			wantProblem(t, call(t, s, who, c[0], at+c[1]), http.StatusNotFound, errs.UnknownName)
		}
	}
	for _, c := range [][2]string{{"GET", ""}, {"GET", "/result"}, {"GET", "/events"}, {"DELETE", ""}} {
		wantProblem(t, call(t, s, "", c[0], path+c[1]), http.StatusUnauthorized, errs.Unauthenticated)
	}
	if got := text(t, call(t, s, "li", "GET", "/v1/statements")); got != "{\"statements\":[]}\n" {
		t.Errorf("li has %s", got)
	}
	wantProblem(t, call(t, s, "", "GET", "/v1/statements"), http.StatusUnauthorized, errs.Unauthenticated)
	waitfor.True(t, 10*time.Second, "it runs", func() bool { return len(q.Streams()) == 1 })
	if res := call(t, s, "wang", "DELETE", path); res.StatusCode != http.StatusNoContent {
		t.Errorf("%s", res.Status)
	}
	<-q.Streams()[0].Released
	wantProblem(t, call(t, s, "wang", "GET", path), http.StatusNotFound, errs.UnknownName)
	for _, body := range []string{`{"sql": "x", "mode": "online"}`, `{"sql": "x", "nonce": "00112233445566778899aabbccddeeff"}`, `{"sql": ""}`} {
		wantProblem(t, postTo(t, s, "/v1/statements", body, "Authorization", "Bearer wang"), http.StatusBadRequest, errs.RequestInvalid)
	}
}

// So many follow a statement and no more, until one of them leaves.
func TestStatementsFollowers(t *testing.T) {
	feed := make(chan servertest.Row)
	s := keeping(t, &servertest.Querier{Feed: feed})
	path, other := submitted(t, s, "wang")+"/events", submitted(t, s, "wang")+"/events"
	var first *http.Response
	for i := range 8 {
		res := call(t, s, "wang", "GET", path)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("follower %d: %s", i+1, res.Status)
		}
		first = res
	}
	refused := call(t, s, "wang", "GET", path)
	if refused.Header.Get("Retry-After") == "" {
		t.Errorf("%v", refused.Header)
	}
	wantProblem(t, refused, http.StatusServiceUnavailable, errs.QueueFull)
	if res := call(t, s, "wang", "GET", other); res.StatusCode != http.StatusOK {
		t.Errorf("of another statement: %s", res.Status)
	}
	_ = first.Body.Close()
	waitfor.True(t, 10*time.Second, "a place that is free again", func() bool { return call(t, s, "wang", "GET", path).StatusCode == http.StatusOK })
	close(feed)
}
