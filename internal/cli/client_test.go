package cli_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

func writeFile(dir, text string) error {
	return os.WriteFile(filepath.Join(dir, "lianji.yaml"), []byte(text), 0o600)
}

// argsTo is args with standard error going elsewhere too.
func (r run) argsTo(t *testing.T, stderr io.Writer, args ...string) (int, string, string) {
	t.Helper()
	r.stderr = stderr
	return r.args(t, args...)
}

func gateway(t *testing.T, q server.Querier) string {
	t.Helper()
	s := httptest.NewServer(httpapi.New(httpapi.Options{Querier: q}))
	t.Cleanup(s.Close)
	return s.URL
}

// A gateway's answer looks as if the statement had been answered here.
func TestUrlAnswersLikeDirect(t *testing.T) {
	config(t, good)
	for _, form := range []string{"table", "json", "ndjson", "csv", "arrow", "parquet"} {
		for _, n := range [][]int{{2, 3}, {}} {
			_, here, _ := run{querier: rows(n...)}.args(t, "query", "--direct", "--format", form, "select 1")
			q := rows(n...)
			code, there, stderr := run{}.args(t, "query", "--url", gateway(t, q), "--purpose", "JC-1", "--param", "1.50", "--param", "", "--format", form, "select 1")
			if code != 0 || there != here {
				t.Errorf("%s: exit %d, stderr %q\n%s", form, code, stderr, cmp.Diff(here, there))
			}
			asked, sessions := q.Asked()
			if asked[0].ID == "" {
				t.Error("the statement has no id")
			}
			asked[0].ID = ""
			if d := cmp.Diff([]server.Request{{SQL: "select 1", Params: []server.Param{{Text: "1.50"}, {Text: ""}}}}, asked); d != "" || sessions[0].Purpose != "JC-1" {
				t.Errorf("%s, purpose %q", d, sessions[0].Purpose)
			}
		}
	}
	q := rows(1)
	if code, _, stderr := (run{}).args(t, "query", "--url", gateway(t, q)+"/", "--param", "$a=1", "--param", "$b=2", "select 1"); code != 0 {
		t.Fatal(stderr)
	}
	if asked, _ := q.Asked(); len(asked[0].Params) != 2 || asked[0].Params[0].Name == "" || asked[0].Params[1].Name == "" {
		t.Errorf("asked %+v", asked)
	}
}

// Who asks, what for and in which mode reach the gateway.
func TestAskerIsSent(t *testing.T) {
	config(t, good)
	var got server.Asker
	s := httptest.NewServer(httpapi.New(httpapi.Options{Querier: rows(1), Session: func(_ context.Context, a server.Asker) (server.Session, error) {
		got = a
		return server.Session{}, nil
	}}))
	defer s.Close()
	r := run{env: map[string]string{"LIANJI_TOKEN": "t-1"}}
	for _, c := range []struct {
		args []string
		want server.Asker
	}{
		{nil, server.Asker{Token: "t-1", Mode: catalog.Interface, Door: "http", Client: "127.0.0.1"}},
		{[]string{"--purpose", "JC-1", "--mode", "download"}, server.Asker{Token: "t-1", Purpose: "JC-1", Mode: catalog.Download, Door: "http", Client: "127.0.0.1"}},
	} {
		code, _, stderr := r.args(t, append([]string{"query", "--url", s.URL, "select 1"}, c.args...)...)
		if code != 0 || got != c.want {
			t.Errorf("%q: exit %d, %q, asked by %+v", c.args, code, stderr, got)
		}
	}
}

func TestUrlErrorsLikeDirect(t *testing.T) {
	config(t, good)
	const sql = "select 姓名,\n x from t"
	e := errs.New(errs.UnknownName, "column_unreadable", msg.Args{"Table": "t", "Column": "x", "Type": "y"}).At(sql, strings.Index(sql, "x"))
	e.Nearest = []string{"y"}
	for _, lang := range []string{"en", "zh_CN.UTF-8"} {
		for _, command := range []string{"query", "explain"} {
			env := map[string]string{"LANG": lang}
			_, _, here := run{querier: &servertest.Querier{Err: e}, env: env}.args(t, command, "--direct", sql)
			code, _, there := run{env: env}.args(t, command, "--url", gateway(t, &servertest.Querier{Err: e}), sql)
			if code != 1 || there != here || !strings.Contains(there, "^") {
				t.Errorf("exit %d\n%s", code, cmp.Diff(here, there))
			}
		}
	}
}

// An answer that breaks off on the way is never taken for a whole one.
func TestUrlBrokenAnswer(t *testing.T) {
	failure := errs.New(errs.SourceFailed, "source_lost", msg.Args{"Source": "mz"})
	url := gateway(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure})})
	code, stdout, stderr := run{}.args(t, "query", "--url", url, "--format", "json", "select 1")
	want := "error[source_failed]: Source mz ended the connection before its answer was complete. The rows are not complete (query q-1).\n"
	if code != 1 || stderr != want || strings.Contains(stdout, "row_count") || !strings.Contains(stdout, "张2") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// ending is a querier at which the client's interrupt comes before there is an answer.
type ending struct {
	server.Querier
	interrupt func()
}

func (e ending) Query(ctx context.Context, _ server.Session, _ server.Request) (*server.Answer, error) {
	e.interrupt()
	<-ctx.Done()
	return nil, errs.From(ctx.Err())
}

// Who ends a statement with an interrupt is told so, before its answer and in it.
func TestUrlCancel(t *testing.T) {
	const want = "error[canceled]: The query was cancelled.\n"
	ctx, cancel := context.WithCancel(t.Context())
	if code, _, stderr := (run{ctx: ctx}).args(t, "query", "--url", gateway(t, ending{interrupt: cancel}), "select 1"); code != 1 || stderr != want {
		t.Errorf("before: exit %d, %q", code, stderr)
	}
	ctx, cancel = context.WithCancel(t.Context())
	steps := make(chan servertest.Row, 1)
	steps <- servertest.Row{Rows: 1}
	shown := writerFunc(func(b []byte) (int, error) { cancel(); return len(b), nil })
	if code, _, stderr := (run{ctx: ctx, stdout: shown}).args(t, "query", "--url", gateway(t, &servertest.Querier{Feed: steps}), "--format", "ndjson", "select 1"); code != 1 || stderr != want {
		t.Errorf("in it: exit %d, %q", code, stderr)
	}
}

// The time after which it makes sense to ask again is passed on.
func TestUrlRetry(t *testing.T) {
	e := errs.New(errs.QueueFull, "queue_full", nil)
	e.RetryAfter = 5 * time.Second
	config(t, good)
	_, _, here := run{querier: &servertest.Querier{Err: e}}.args(t, "query", "--direct", "select 1")
	code, _, there := run{}.args(t, "query", "--url", gateway(t, &servertest.Querier{Err: e}), "select 1")
	if want := "  Ask again after 5 seconds.\n"; code != 1 || there != here || !strings.HasSuffix(there, want) {
		t.Errorf("exit %d, %q, directly %q", code, there, here)
	}
}

// What is not a gateway gives a clear error, and gets no token over an open line.
func TestUrlOthers(t *testing.T) {
	var seen http.Header
	status, kind, body := 200, "text/html", "<html>"
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer other.Close()
	for _, c := range []struct {
		status     int
		kind, body string
	}{
		{200, "text/html", "<html>"}, {404, "text/plain", "no"}, {302, "text/plain", ""}, {500, "application/problem+json", "{"}, {500, "application/problem+json", `{"title":"x","code":"hacked"}`},
		{500, "application/problem+json", `{"code":"internal"}`},
	} {
		status, kind, body = c.status, c.kind, c.body
		if code, _, stderr := (run{}).args(t, "query", "--url", other.URL, "select 1"); code != 1 || !strings.Contains(stderr, "is no gateway (HTTP status") {
			t.Errorf("%+v: exit %d, %q", c, code, stderr)
		}
	}
	status, kind, body = 200, "application/vnd.apache.arrow.stream", "garbage"
	if code, stdout, stderr := (run{}).args(t, "query", "--url", other.URL, "select 1"); code != 1 || stdout != "" || !strings.Contains(stderr, "broke off") {
		t.Errorf("garbage: exit %d, %q", code, stderr)
	}
	if code, _, stderr := (run{}).args(t, "query", "--url", "http://127.0.0.1:1", "select 1"); code != 1 || !strings.Contains(stderr, "error[source_unreachable]: The gateway at http://127.0.0.1:1 cannot be reached.") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"LIANJI_TOKEN": "fromenv"}
	run{env: env}.args(t, "query", "--url", other.URL, "--token-file", file, "select 1")
	if got := seen.Get("Authorization"); got != "Bearer hunter2" {
		t.Errorf("token %q", got)
	}
	run{env: env}.args(t, "query", "--url", other.URL, "select 1")
	if got := seen.Get("Authorization"); got != "Bearer fromenv" {
		t.Errorf("token %q", got)
	}
	for _, host := range []string{"192.0.2.1", "gateway.example", "localhost.evil.example"} {
		if code, _, stderr := (run{env: env}).args(t, "query", "--url", "http://"+host, "select 1"); code != 2 || !strings.Contains(stderr, "not sent over http") {
			t.Errorf("%s: exit %d, %q", host, code, stderr)
		}
	}
	if err := os.WriteFile(file, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := (run{}).args(t, "query", "--url", other.URL, "--token-file", file, "select 1"); code != 2 || strings.Contains(stderr, "a\nb") {
		t.Errorf("two lines: exit %d, %q", code, stderr)
	}
}

// A door without TLS is there, and can be reached by another address.
func TestUrlWithTLSAtADoorInTheClear(t *testing.T) {
	url := strings.Replace(gateway(t, rows(1)), "http:", "https:", 1)
	want := "error[source_unreachable]: What answers at " + url + " speaks http, without TLS. Write --url http://…, or turn TLS on there (listen.tls).\n"
	for _, command := range [][]string{{"query", "--url", url, "select 1"}, {"catalog", "password", "--url", url, "--login", "li", "--remove"}} {
		if code, stdout, stderr := (run{}).args(t, command...); code != 1 || stdout != "" || stderr != want {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", command[0], code, stdout, stderr)
		}
	}
}

// A door that speaks TLS is no stranger: the error says what to write.
func TestUrlInTheClearAtATLSDoor(t *testing.T) {
	door := httptest.NewUnstartedServer(httpapi.New(httpapi.Options{Querier: rows(1)}))
	door.Config.ErrorLog = log.New(io.Discard, "", 0)
	door.StartTLS()
	defer door.Close()
	status := http.StatusBadRequest
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><center>The plain HTTP request was sent to HTTPS port</center>")
	}))
	defer proxy.Close()
	for _, url := range []string{strings.Replace(door.URL, "https:", "http:", 1), strings.Replace(door.URL, "https:", "HTTP:", 1), proxy.URL} {
		code, stdout, stderr := run{}.args(t, "query", "--url", url, "select 1")
		want := "error[source_failed]: What answers at " + url + " speaks https. Write --url https://… (with --ca FILE, if its certificate is not one that this machine trusts).\n"
		if code != 1 || stdout != "" || stderr != want {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", url, code, stdout, stderr)
		}
	}
	status = http.StatusNotFound
	if _, _, stderr := (run{}).args(t, "query", "--url", proxy.URL, "select 1"); !strings.Contains(stderr, "is no gateway (HTTP status 404)") {
		t.Error(stderr)
	}
}

// A file that is not there is not one that holds no token.
func TestTokenFileMissing(t *testing.T) {
	dir := t.TempDir()
	for file, want := range map[string]string{filepath.Join(dir, "nosuch"): "There is no file " + dir + "/nosuch", filepath.Join(dir, "empty"): "There is no token in "} {
		if err := os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := (run{}).args(t, "query", "--url", "http://127.0.0.1:1", "--token-file", file, "select 1"); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("exit %d, %q", code, stderr)
		}
	}
}

// Where nothing at the end of a broken answer says why, the connection is what broke.
func TestUrlBrokenConnection(t *testing.T) {
	whole := gatewayAnswer(t)
	for _, cut := range []int{8, 1} { // the end marker, and a part of it
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.apache.arrow.stream")
			w.Header().Set(httpapi.QueryIDHeader, "q-7")
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
			_, _ = w.Write(whole[:len(whole)-cut])
		}))
		defer other.Close()
		code, stdout, stderr := run{}.args(t, "query", "--url", other.URL, "--format", "json", "select 1")
		if code != 1 || !strings.HasPrefix(stderr, "error[source_failed]: The answer broke off on the way") || !strings.Contains(stderr, "q-7") || strings.Contains(stdout, "row_count") {
			t.Errorf("without the last %d bytes: exit %d, stdout %q, stderr %q", cut, code, stdout, stderr)
		}
	}
}

// gatewayAnswer is an answer in Arrow.
func gatewayAnswer(t *testing.T) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gateway(t, rows(2))+"/v1/query", strings.NewReader(`{"sql":"select 1"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/vnd.apache.arrow.stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
