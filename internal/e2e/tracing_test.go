package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/logging"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testcatalog"
	"github.com/lianji/lianji/internal/testotlp"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// followedPlace is a gateway with a catalogue over a PostgreSQL, behind all its doors, whose
// traces go to a collector.
type followedPlace struct {
	url, token string
	others     map[string]string // host and port of the other doors, by their schemes
	db         *testpg.Database
	collector  *testotlp.Collector
	log        lines
	stop       func() // ends the gateway, which sends what it has; may be repeated
}

// tracing is what the configuration says of it; %s is the collector's address.
func newFollowedPlace(t *testing.T, tracing string) *followedPlace {
	t.Helper()
	p := &followedPlace{others: map[string]string{}, db: testpg.Start(t).Database(t), collector: testotlp.New(t)}
	p.db.Exec(t, `CREATE TABLE renkou_biao AS SELECT i::bigint AS bianhao, 'xingming' || i AS xingming, (i % 1000)::int AS shuzhi FROM generate_series(1, 2000) r(i);
		ALTER TABLE renkou_biao ADD PRIMARY KEY (bianhao); ANALYZE; GRANT SELECT ON renkou_biao TO reader`)
	dir := t.TempDir()
	file := filepath.Join(dir, "lianji.yaml")
	if strings.Contains(tracing, "%s") {
		tracing = fmt.Sprintf(tracing, p.collector.URL)
	}
	text := fmt.Sprintf("listen: {http: \"127.0.0.1:0\", flight: \"127.0.0.1:0\", postgres: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\"}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 128MiB}\nsources:\n  ga: {kind: postgres, dsn: %q, connections: 1}\n%s\n", p.db.Reader, tracing)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"postgres"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	kept := testcatalog.New(t, cfg)
	kept.Apply(t, append(testcatalog.People(),
		testcatalog.Step{By: "bm", Text: "resources:\n  公安.人口簿: {class: restricted, source: ga, schema: public, table: renkou_biao, items: {bianhao: 编号, xingming: 姓名, shuzhi: 数}}"},
		testcatalog.Step{By: "ld", Text: "grants:\n  公安.人口簿:\n    - {agency: 民政, items: {bianhao: clear, xingming: clear, shuzhi: clear}, purposes: [DB-HC], modes: [interface]}"})...)
	p.token = kept.Token(t, "wang", time.Hour)
	logger, _ := logging.New(&p.log, nil)
	a, err := app.Open(t.Context(), cfg, app.Options{Logger: logger, Openers: map[string]connectors.Opener{"postgres": postgres.Open}, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, Tokens: o.Tokens, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, Limits: o.Limits, Tracer: o.Tracer})
	}})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p.url = door.URL()
	for _, one := range door.Others() {
		scheme, address, _ := strings.Cut(one, "://")
		p.others[scheme] = address
	}
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	p.stop = sync.OnceFunc(func() {
		end()
		if err := errors.Join(<-ran, a.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

// http asks by a call of the HTTP door, and gives the query's id.
func (p *followedPlace) http(t *testing.T, method, path, body, parent string, status int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if parent != "" {
		r.Header.Set("traceparent", parent)
	}
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != status {
		t.Fatalf("%d %s %v", res.StatusCode, text, err)
	}
	var answer struct {
		Query string `json:"query_id"`
		Error any
	}
	if id := res.Header.Get("Lianji-Query-Id"); id != "" {
		return id
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Error != nil {
		t.Fatalf("%s %v", text, err)
	}
	return answer.Query
}

func (p *followedPlace) query(t *testing.T, sql, parent string, status int) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"sql": sql, "purpose": "DB-HC"})
	if err != nil {
		t.Fatal(err)
	}
	return p.http(t, http.MethodPost, "/v1/query", string(body), parent, status)
}

func (p *followedPlace) flight(t *testing.T, sql, parent string) {
	t.Helper()
	client, err := fsql.NewClient(p.others["grpc"], nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+p.token, "purpose", "DB-HC", "traceparent", parent)
	info, err := client.Execute(ctx, sql)
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for r.Next() {
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
}

func (p *followedPlace) postgres(t *testing.T, sql, options string) {
	t.Helper()
	c, err := pgconn.ParseConfig("postgres://wang~token@" + p.others["postgres"] + "/lianji?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	c.Password = p.token
	c.RuntimeParams["options"] = "-c purpose=DB-HC " + options
	conn, err := pgconn.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if r := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read(); r.Err != nil {
		t.Fatal(r.Err)
	}
}

// last is the last statement of the gateway's one session, as the source's list shows it.
func (p *followedPlace) last(t *testing.T) (text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.db.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), "SELECT query FROM pg_stat_activity WHERE datname = $1 AND application_name = 'lianji'", p.db.Name).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// byName gives the spans of a trace by their names, whose order is that of the spans' ends.
func byName(spans []*tracepb.Span, trace string) map[string][]*tracepb.Span {
	out := map[string][]*tracepb.Span{}
	for _, s := range spans {
		if fmt.Sprintf("%x", s.GetTraceId()) == trace {
			out[s.GetName()] = append(out[s.GetName()], s)
		}
	}
	return out
}

// parentOf makes a trace of a caller's.
func parentOf(n int) (trace, parent string) {
	trace = fmt.Sprintf("%032x", 0xabc0000+n)
	return trace, "00-" + trace + "-00f067aa0ba902b7-01"
}

// Statements by every door are followed through to the source's list of what runs, and not
// a word of them, of their rows or of who asked is told to the collector.
func TestTraces(t *testing.T) {
	p := newFollowedPlace(t, `tracing: {endpoint: "%s", ratio: 0, headers: {X-Collector: "k3y0fc0llector"}}`)
	const straight = "SELECT xingming FROM 公安.人口簿 WHERE bianhao = 1777 AND xingming = 'xingming1777'"
	const computed = "SELECT count(*) FROM 公安.人口簿 WHERE hash(xingming) <> 987654321987 AND bianhao = 1777"
	comment := regexp.MustCompile(`^/\*purpose='DB-HC',query='([a-z0-9]+)',traceparent='00-([0-9a-f]{32})-([0-9a-f]{16})-01'\*/ SELECT`)
	ids := map[string]string{}
	doors := map[string]string{}
	ask := func(door string, by func(trace, parent string) (id string)) {
		t.Helper()
		trace, parent := parentOf(len(doors))
		id := by(trace, parent)
		m := comment.FindStringSubmatch(p.last(t))
		if m == nil || m[2] != trace || id != "" && m[1] != id {
			t.Fatalf("%s: the source shows %s", door, p.last(t))
		}
		doors[trace], ids[trace] = door, m[1]
		if !strings.Contains(p.log.String(), "trace_id="+trace) {
			t.Errorf("%s: no line of the log names the trace", door)
		}
	}
	ask("http", func(_, parent string) string { return p.query(t, straight, parent, http.StatusOK) })
	ask("http", func(_, parent string) string { return p.query(t, computed, parent, http.StatusOK) })
	ask("http", func(_, parent string) string {
		return p.http(t, http.MethodGet, "/v1/resources/"+url.PathEscape("公安.人口簿")+"?purpose=DB-HC&eq.bianhao=1777", "", parent, http.StatusOK)
	})
	ask("flight", func(_, parent string) string { p.flight(t, straight, parent); return "" })
	ask("postgres", func(_, parent string) string { p.postgres(t, straight, "-c traceparent="+parent); return "" })
	ask("postgres", func(_, parent string) string {
		p.postgres(t, computed+" /*traceparent='"+parent+"'*/", "")
		return ""
	})
	// One that runs without its client is followed too, though the door's line is of its being asked.
	later, parent := parentOf(200)
	p.http(t, http.MethodPost, "/v1/statements", `{"sql": "SELECT max(xingming) FROM 公安.人口簿", "purpose": "DB-HC"}`, parent, http.StatusAccepted)
	waitfor.True(t, 10*time.Second, "the statement at the source", func() bool { return strings.Contains(p.last(t), later) })
	failed, parent := parentOf(100)
	p.query(t, "SELECT nichtda FROM 公安.人口簿", parent, http.StatusBadRequest)
	// Who is not followed leaves nothing, at the source either.
	p.query(t, straight, "", http.StatusOK)
	if text := p.last(t); !strings.HasPrefix(text, "SELECT") {
		t.Errorf("the source shows %s", text)
	}
	p.stop()

	spans := p.collector.Spans()
	for trace, door := range doors {
		of := byName(spans, trace)
		if len(of["statement"]) != 1 {
			t.Fatalf("%s: %d traces", door, len(of["statement"]))
		}
		whole := of["statement"][0]
		got := testotlp.Attributes(whole)
		if n, ok := got["lianji.bytes"].(int64); !ok || n <= 0 {
			t.Errorf("%s: %v bytes", door, got["lianji.bytes"])
		}
		delete(got, "lianji.bytes")
		want := map[string]any{
			"lianji.query": ids[trace], "lianji.door": door, "lianji.purpose": "DB-HC", "lianji.agency": "MZ", "lianji.mode": "interface",
			"lianji.outcome": "ok", "lianji.rows": int64(1),
		}
		if diff := cmp.Diff(want, got); diff != "" || fmt.Sprintf("%x", whole.GetParentSpanId()) != "00f067aa0ba902b7" {
			t.Errorf("%s: %s, under %x", door, diff, whole.GetParentSpanId())
		}
		parts := []string{"queue", "prepare", "plan", "audit start", "fragment", "first batch"}
		if of["residual"] != nil {
			parts = append(parts, "admission", "residual")
		}
		for _, name := range parts {
			if len(of[name]) == 0 || name != "fragment" && !slices.ContainsFunc(of[name], func(s *tracepb.Span) bool { return bytes.Equal(s.GetParentSpanId(), whole.GetSpanId()) }) {
				t.Errorf("%s: no %s below the statement", door, name)
			}
		}
		fragment := testotlp.Attributes(of["fragment"][0])
		if fragment["lianji.source"] != "ga" || fragment["lianji.rows"] != int64(1) || fragment["lianji.outcome"] != "ok" {
			t.Errorf("%s: the fragment says %v", door, fragment)
		}
	}
	if n := len(byName(spans, failed)["statement"]); n != 1 {
		t.Fatalf("%d spans of a statement that was refused", n)
	}
	if s := byName(spans, failed)["statement"][0]; testotlp.Attributes(s)["lianji.outcome"] != "unknown_name" || s.GetStatus().GetMessage() != "" || s.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("a statement that was refused: %v", s)
	}
	traces := map[string]bool{}
	names := map[string]bool{}
	for _, s := range spans {
		traces[fmt.Sprintf("%x", s.GetTraceId())], names[s.GetName()] = true, true
	}
	if len(traces) != len(doors)+2 || !traces[later] {
		t.Errorf("%d traces of %d statements", len(traces), len(doors)+2)
	}
	for _, name := range []string{"gate", "bind", "residual", "admission", "describe"} {
		if !names[name] {
			t.Errorf("nothing is told of the part %s", name)
		}
	}
	for _, text := range []string{
		"xingming", "bianhao", "shuzhi", "renkou", "姓名", "编号", "人口", "公安", "民政", "SELECT", "count(", "1777", "987654321987", "nichtda", "wang", p.token, "127.0.0.1", "k3y0fc0llector", "reader",
	} {
		if p.collector.Holds(text) {
			t.Errorf("the collector is told %s", text)
		}
	}
	if !p.collector.Holds("DB-HC") || p.collector.Headers()[0].Get("X-Collector") != "k3y0fc0llector" || strings.Contains(p.log.String(), "k3y0fc0llector") {
		t.Error("what the collector got is not what was looked through")
	}
}

// A share of the statements is followed without anybody asking for it, and a collector that
// is not there is nobody's business.
func TestTracesWithoutCollector(t *testing.T) {
	p := newFollowedPlace(t, `tracing: {endpoint: "http://127.0.0.1:1", ratio: 1}`)
	for i := range 20 {
		p.query(t, fmt.Sprintf("SELECT xingming FROM 公安.人口簿 WHERE bianhao = %d", i+1), "", http.StatusOK)
	}
	if text := p.last(t); !strings.HasPrefix(text, "/*purpose='DB-HC',query='") {
		t.Errorf("the source shows %s", text)
	}
	p.stop()
	if n := strings.Count(p.log.String(), "traces cannot be delivered"); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, p.log.String())
	}
}

// Without a collector nothing is followed, whatever callers say.
func TestNoTraces(t *testing.T) {
	p := newFollowedPlace(t, "")
	_, parent := parentOf(1)
	p.query(t, "SELECT xingming FROM 公安.人口簿 WHERE bianhao = 1 /*traceparent='"+parent+"'*/", parent, http.StatusOK)
	if text := p.last(t); !strings.HasPrefix(text, "SELECT") || strings.Contains(p.log.String(), "trace_id") {
		t.Errorf("the source shows %s", text)
	}
}

// An operator's own statement is followed too, and sent before the command ends.
func TestTracesOfTheCommand(t *testing.T) {
	s, c := newSite(t, testpg.Start(t), 1, ""), testotlp.New(t)
	b, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, fmt.Sprintf("tracing: {endpoint: %q, ratio: 1}\n%s", c.URL, b))
	if code, rows, said := s.direct(t.Context(), "SELECT name FROM zfw.public.small WHERE id = 17"); code != 0 || !strings.Contains(rows, "n17") {
		t.Fatalf("%d %s", code, said)
	}
	of := map[string]any{}
	for _, span := range c.Spans() {
		if span.GetName() == "statement" {
			of = testotlp.Attributes(span)
		}
	}
	if of["lianji.door"] != "direct" || of["lianji.rows"] != int64(1) || c.Holds("small") || c.Holds("SELECT") {
		t.Errorf("the collector got %v", of)
	}
}
