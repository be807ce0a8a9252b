package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/logging"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type none struct{ policy.Denied }

func (none) Identity() string { return "of this test" }

// open starts the door on a real port.
func open(t *testing.T, q server.Querier, change ...func(*httpapi.Options)) *httptest.Server {
	t.Helper()
	o := httpapi.Options{Querier: q, Session: func(_ context.Context, a server.Asker) (server.Session, error) {
		return server.Session{Snapshot: none{}, Purpose: a.Purpose}, nil
	}, Hosts: []string{"gateway.test"}}
	for _, c := range change {
		c(&o)
	}
	s := httptest.NewServer(httpapi.New(o))
	t.Cleanup(s.Close)
	return s
}

// post sends a statement to where statements go.
func post(t *testing.T, s *httptest.Server, body string, headers ...string) *http.Response {
	t.Helper()
	return postTo(t, s, "/v1/query", body, headers...)
}

// postTo sends a body; headers come in pairs, an empty value takes one away.
func postTo(t *testing.T, s *httptest.Server, path, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%v after %q", err, b)
	}
	return string(b)
}

const statement = `{"sql": "select 1"}`

func TestForms(t *testing.T) {
	const arrow, parquet = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
	for _, c := range []struct{ accept, kind, body string }{
		{"", "application/json", `{"columns":[{"name":"id","type":"BIGINT"},{"name":"姓名","type":"VARCHAR"}],` + "\n\"rows\":[\n[\"1\",\"张1\"],\n[\"2\",\"张2\"]\n],\"row_count\":2}\n"},
		{"*/*", "application/json", `{"columns"`},
		{"text/html, */*;q=0.1", "application/json", `{"columns"`},
		{"application/x-ndjson", "application/x-ndjson", `{"columns":[{"name":"id","type":"BIGINT"},{"name":"姓名","type":"VARCHAR"}]}` + "\n[\"1\",\"张1\"]\n[\"2\",\"张2\"]\n{\"row_count\":2}\n"},
		{"text/csv", "text/csv; charset=utf-8; header=present", "id,姓名\r\n1,张1\r\n2,张2\r\n"},
		{arrow, arrow, "\xff\xff\xff\xff"},
		{parquet, parquet, "PAR1"},
	} {
		s := open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})})
		res := post(t, s, statement, "Accept", c.accept)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != c.kind || res.Header.Get(httpapi.QueryIDHeader) != "q-1" {
			t.Errorf("Accept %q: %s %v", c.accept, res.Status, res.Header)
		}
		if got := text(t, res); !strings.HasPrefix(got, c.body) {
			t.Errorf("Accept %q: got %q, want %q first", c.accept, got, c.body)
		}
	}
	q := &servertest.Querier{}
	for _, accept := range []string{"application/x-parquet", "text/html", "application/json;q=0"} {
		res := post(t, open(t, q), statement, "Accept", accept)
		wantProblem(t, res, http.StatusNotAcceptable, errs.NotAcceptable)
	}
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Error("a statement ran whose answer nobody would take")
	}
}

// The address can name the form too, for clients that cannot set a header.
func TestFormInTheAddress(t *testing.T) {
	for query, want := range map[string]string{
		"?format=csv": "text/csv; charset=utf-8; header=present", "?format=parquet": "application/vnd.apache.parquet",
		"?other=1": "application/x-ndjson", "": "application/x-ndjson",
	} {
		res := postTo(t, open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})}), "/v1/query"+query, statement, "Accept", "application/x-ndjson")
		if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s: %s %s", query, res.Status, got)
		}
	}
	q := &servertest.Querier{}
	for _, query := range []string{"?format=", "?format=table", "?format=xml", "?format=CSV", "?format=csv&format=csv", "?format=csv;q=1", "?format=%zz"} {
		res := postTo(t, open(t, q), "/v1/query"+query, statement)
		wantProblem(t, res, http.StatusBadRequest, errs.RequestInvalid)
	}
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Error("a statement ran whose form nobody knows")
	}
}

type problem struct {
	Title    string
	Status   int
	Code     errs.Code
	QueryID  string `json:"query_id"`
	Position *struct{ Offset, Line, Column int }
	Nearest  []string
}

func wantProblem(t *testing.T, res *http.Response, status int, code errs.Code) problem {
	t.Helper()
	var p problem
	body := text(t, res)
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if res.StatusCode != status || p.Status != status || p.Code != code || p.Title == "" || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s %s %s, want a problem %d %s", res.Status, res.Header.Get("Content-Type"), body, status, code)
	}
	return p
}

func TestStatementsArrive(t *testing.T) {
	for _, c := range []struct {
		body   string
		params []server.Param
	}{
		{`{"sql":"select 1"}`, nil},
		{` {"purpose":"JCSP-2026","sql":"select 1","params":[]} `, nil},
		{`{"sql":"select 1","params":["张三","",12345678901234567890,-1.50,1E+2,true,false,null]}`, []server.Param{
			{Text: "张三"}, {Text: ""}, {Text: "12345678901234567890", Number: true}, {Text: "-1.50", Number: true}, {Text: "1E+2", Number: true}, {Text: "true", Bool: true}, {Text: "false", Bool: true}, {Null: true}}},
		{`{"sql":"select 1","params":{"区县":"沈河","n":1}}`, []server.Param{{Name: "区县", Text: "沈河"}, {Name: "n", Text: "1", Number: true}}},
		{`{"sql":"select 1","params":["\ud83d\ude00","\ufffd","\\ud800"]}`, []server.Param{{Text: "😀"}, {Text: "\uFFFD"}, {Text: `\ud800`}}},
	} {
		q := &servertest.Querier{}
		res := post(t, open(t, q), c.body, "Content-Type", "", "Content-Type", "application/json; charset=UTF-8")
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", c.body, text(t, res))
			continue
		}
		asked, sessions := q.Asked()
		asked[0].TraceID = nil // where its line of the log reads it
		if d := cmp.Diff([]server.Request{{ID: asked[0].ID, SQL: "select 1", Params: c.params}}, asked); d != "" || asked[0].ID == "" {
			t.Errorf("%s: %s", c.body, d)
		}
		if s := sessions[0]; s.Snapshot.Identity() != "of this test" || s.Operator || (strings.Contains(c.body, "JCSP") != (s.Purpose == "JCSP-2026")) {
			t.Errorf("%s: session %+v", c.body, s)
		}
	}
}

func TestWithoutASnapshotNothingExists(t *testing.T) {
	for _, session := range []server.Sessions{nil, func(_ context.Context, _ server.Asker) (server.Session, error) {
		return server.Session{Snapshot: policy.Denied{}}, nil
	}} {
		q := &servertest.Querier{}
		post(t, open(t, q, func(o *httpapi.Options) { o.Session = session }), statement)
		if _, s := q.Asked(); s[0].Snapshot.Identity() != (policy.Denied{}).Identity() {
			t.Errorf("snapshot %s", s[0].Snapshot.Identity())
		}
	}
}

func TestBadRequests(t *testing.T) {
	q := &servertest.Querier{}
	s := open(t, q)
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
	}{
		"form":               {statement, []string{"Content-Type", "", "Content-Type", "application/x-www-form-urlencoded"}, 415},
		"text":               {statement, []string{"Content-Type", "", "Content-Type", "text/plain"}, 415},
		"no type":            {statement, []string{"Content-Type", ""}, 415},
		"two types":          {statement, []string{"Content-Type", "text/plain"}, 415},
		"other charset":      {statement, []string{"Content-Type", "", "Content-Type", "application/json; charset=gbk"}, 415},
		"compressed":         {statement, []string{"Content-Encoding", "gzip"}, 415},
		"no JSON":            {`select 1`, nil, 400},
		"empty":              {``, nil, 400},
		"array":              {`["select 1"]`, nil, 400},
		"null":               {`null`, nil, 400},
		"cut":                {`{"sql":"select 1"`, nil, 400},
		"two objects":        {statement + statement, nil, 400},
		"rest":               {statement + ` x`, nil, 400},
		"comment":            {`{"sql":"select 1" /* x */}`, nil, 400},
		"unknown member":     {`{"sql":"select 1","snapshot":"all"}`, nil, 400},
		"other case":         {`{"SQL":"select 1"}`, nil, 400},
		"member twice":       {`{"sql":"select 1","sql":"select 2"}`, nil, 400},
		"no sql":             {`{"params":[]}`, nil, 400},
		"blank sql":          {`{"sql":" \n"}`, nil, 400},
		"sql no text":        {`{"sql":1}`, nil, 400},
		"sql null":           {`{"sql":null}`, nil, 400},
		"params text":        {`{"sql":"select 1","params":"a"}`, nil, 400},
		"params null":        {`{"sql":"select 1","params":null}`, nil, 400},
		"params nested":      {`{"sql":"select 1","params":[[1]]}`, nil, 400},
		"params object in":   {`{"sql":"select 1","params":[{"a":1}]}`, nil, 400},
		"param name twice":   {`{"sql":"select 1","params":{"a":1,"a":2}}`, nil, 400},
		"param without name": {`{"sql":"select 1","params":{"":1}}`, nil, 400},
		"params open":        {`{"sql":"select 1","params":[1`, nil, 400},
		"params many":        {`{"sql":"select 1","params":[1` + strings.Repeat(",1", 1<<16-1) + `]}`, nil, 400},
		"number":             {`{"sql":"select 1","params":[01]}`, nil, 400},
		"NaN":                {`{"sql":"select 1","params":[NaN]}`, nil, 400},
		"purpose":            {`{"sql":"select 1","purpose":"for fun"}`, nil, 400},
		"purpose empty":      {`{"sql":"select 1","purpose":""}`, nil, 400},
		"not UTF-8":          {"{\"sql\":\"select '\xff'\"}", nil, 400},
		"half beside U+FFFD": {"{\"sql\":\"select 1\",\"params\":[\"\\ud800x\",\"\\ufffd\",\"\uFFFD\"]}", nil, 400},
		"halves swapped":     {`{"sql":"select 1","params":["\udc00\ud800"]}`, nil, 400},
		"half in a name":     {`{"sql":"select 1","params":{"\udbff\\udc00":1}}`, nil, 400},
		"half a surrogate":   {`{"sql":"select 1","params":["\ud800"]}`, nil, 400},
		"large":              {`{"sql":"` + strings.Repeat("x", 4<<20) + `"}`, nil, 413},
	} {
		t.Run(name, func(t *testing.T) {
			p := wantProblem(t, post(t, s, c.body, c.headers...), c.status, errs.RequestInvalid)
			if p.QueryID == "" {
				t.Error("no query id")
			}
		})
	}
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Errorf("these ran: %v", asked)
	}
}

// What another web page can make a browser send is refused, and no answer may be
// read by it.
func TestForeignPages(t *testing.T) {
	q := &servertest.Querier{}
	s := open(t, q)
	host := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := net.SplitHostPort(host)
	for name, c := range map[string]struct {
		headers []string
		ok      bool
	}{
		"plain":               {nil, true},
		"localhost":           {[]string{"Host", "localhost:" + port}, true},
		"upper case":          {[]string{"Host", "LOCALHOST:" + port}, true},
		"without port":        {[]string{"Host", "127.0.0.1"}, true},
		"IPv6":                {[]string{"Host", "[::1]:" + port}, true},
		"listed":              {[]string{"Host", "gateway.test:1"}, true},
		"rebound name":        {[]string{"Host", "evil.example:" + port}, false},
		"other loopback":      {[]string{"Host", "127.0.0.2:" + port}, false},
		"name with a dot":     {[]string{"Host", "localhost.:" + port}, false},
		"suffix":              {[]string{"Host", "localhost.evil.example"}, false},
		"own origin":          {[]string{"Origin", "http://" + host}, true},
		"own origin by name":  {[]string{"Host", "localhost:" + port, "Origin", "http://localhost:" + port}, true},
		"foreign origin":      {[]string{"Origin", "http://evil.example"}, false},
		"origin null":         {[]string{"Origin", "null"}, false},
		"origin https":        {[]string{"Origin", "https://" + host}, false},
		"other port":          {[]string{"Origin", "http://127.0.0.1:1"}, false},
		"other listed name":   {[]string{"Origin", "http://localhost:" + port}, false},
		"two origins":         {[]string{"Origin", "http://" + host, "Origin", "http://evil.example"}, false},
		"cross-site fetch":    {[]string{"Sec-Fetch-Site", "cross-site"}, false},
		"same-site fetch":     {[]string{"Sec-Fetch-Site", "same-site"}, false},
		"same-origin fetch":   {[]string{"Sec-Fetch-Site", "same-origin"}, true},
		"typed by the person": {[]string{"Sec-Fetch-Site", "none"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			before, _ := q.Asked()
			res := post(t, s, statement, c.headers...)
			after, _ := q.Asked()
			if !c.ok {
				wantProblem(t, res, http.StatusForbidden, errs.Forbidden)
			} else if res.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", res.Status, text(t, res))
			}
			if ran := len(after) > len(before); ran != c.ok {
				t.Errorf("ran: %v", ran)
			}
			for name := range res.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %s", name, res.Header.Get(name))
				}
			}
			if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cache-Control") != "no-store" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("headers %v", res.Header)
			}
		})
	}
}

// A request without any Host, as HTTP/1.0 has it, is refused too.
func TestNoHost(t *testing.T) {
	s := open(t, &servertest.Querier{})
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "POST /v1/query HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(statement), statement); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "403") {
		t.Errorf("%q %v", line, err)
	}
}

func TestOtherPaths(t *testing.T) {
	s := open(t, &servertest.Querier{})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/v1/query?sql=select+1", 405}, {http.MethodOptions, "/v1/query", 405}, {http.MethodPut, "/v1/query", 405},
		{http.MethodGet, "/", 404}, {http.MethodPost, "/v1/query/", 404}, {http.MethodGet, "/healthz/x", 404}, {http.MethodPost, "/healthz", 405},
		{http.MethodGet, "/healthz", 200}, {http.MethodHead, "/healthz", 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, s.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.status != 200:
			wantProblem(t, res, c.status, errs.RequestInvalid)
		case res.StatusCode != 200 || (c.method == http.MethodGet && text(t, res) != "{\"status\":\"ok\"}\n"):
			t.Errorf("%s %s: %s", c.method, c.path, res.Status)
		}
		if c.status == 405 && res.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
		_ = res.Body.Close()
	}
}

func TestProblems(t *testing.T) {
	unknown := errs.New(errs.UnknownName, "column_unreadable", msg.Args{"Table": "公安.人口", "Column": "照片", "Type": "oid"}).At("select\n x", 8)
	unknown.Nearest, unknown.Detail = []string{"姓名"}, "hunter2"
	q := &servertest.Querier{Err: unknown}
	s := open(t, q)
	p := wantProblem(t, post(t, s, statement, "Accept", "text/csv"), http.StatusBadRequest, errs.UnknownName)
	if p.Position == nil || p.Position.Line != 2 || p.Position.Column != 2 || p.Position.Offset != 8 || len(p.Nearest) != 1 || p.Nearest[0] != "姓名" || p.QueryID == "" {
		t.Errorf("got %+v", p)
	}
	for accept, want := range map[string]string{
		"": "which cannot be read", "zh-CN,zh;q=0.9,en;q=0.8": "无法读取", "en-US,en;q=0.9,zh;q=0.1": "which cannot be read", "zh-Hans": "无法读取", "fr": "which cannot be read",
		strings.Repeat("zh,", 2000): "which cannot be read", ";;;===": "which cannot be read",
	} {
		res := post(t, s, statement, "Accept-Language", accept)
		body := text(t, res)
		if !strings.Contains(body, want) || strings.Contains(body, "hunter2") {
			t.Errorf("Accept-Language %.40q: %s", accept, body)
		}
	}
	q.Err = errs.New(errs.QueueFull, "internal", nil)
	wantProblem(t, post(t, s, statement), http.StatusServiceUnavailable, errs.QueueFull)
	q.Err = context.Canceled // not an *errs.Error: still a problem with a code of ours
	wantProblem(t, post(t, s, statement), 499, errs.Canceled)
}

type panicking struct{ server.Querier }

func (panicking) Query(context.Context, server.Session, server.Request) (*server.Answer, error) {
	panic("hunter2")
}

// One line for each query, with its facts and nothing of its content.
func TestLog(t *testing.T) {
	var b bytes.Buffer
	logger, _ := logging.New(&b, slog.LevelInfo)
	with := func(o *httpapi.Options) { o.Logger = logger }
	const secret = `{"sql": "select 'hunter2'", "params": ["hunter2"]}`
	failed := errs.Wrap(errs.SourceFailed, "source_failed", msg.Args{"Source": "mz"}, fmt.Errorf(`bad value "hunter2"`))
	for _, c := range []struct {
		q    server.Querier
		want []string
	}{
		{&servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})}, []string{"level=INFO", "msg=query", "id=q-1", "code=ok", "rows=2", "bytes=1", "took=", "form=json"}},
		{&servertest.Querier{Err: failed}, []string{"level=WARN", "code=source_failed", "rows=0", "bytes=0", "error.detail=\"bad value ‹hidden›\""}},
		{&servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1}, servertest.Row{Err: failed})}, []string{"code=source_failed", "rows=1", "id=q-1"}},
		{panicking{}, []string{"code=internal"}},
	} {
		b.Reset()
		s := open(t, c.q, with)
		res := post(t, s, secret)
		_ = text(t, res)
		s.Close() // the handler has ended
		got := b.String()
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s is not in %s", w, got)
			}
		}
		if strings.Count(got, "\n") != 1 || strings.Contains(got, "hunter2") {
			t.Errorf("log: %s", got)
		}
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	wantProblem(t, post(t, open(t, panicking{}), statement), http.StatusInternalServerError, errs.Internal)
}
