package leak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server"
)

// place is a gateway with a catalogue, as it is served, over sources in its folder.
type place struct {
	dir    string
	file   string            // lianji.yaml
	url    string            // of the HTTP door
	others map[string]string // addresses of the other doors, by their schemes
	app    *app.App
	store  *store.Store
	engine *switched
	// wrap, when set before serve, gives a source in the place of one that was opened.
	wrap func(name string, s connectors.Source) connectors.Source
	ids  map[string]string // of principals, by login
}

// ways of planning a statement, all of which must answer alike.
var ways = map[string]func(*planner.Planner) *planner.Planner{
	"all rules": nil,
	// Nothing but scans reaches a source.
	"residual": func(p *planner.Planner) *planner.Planner {
		return p.Without("remote_filter", "remote_barrier", "remote_project", "remote_aggregate", "remote_distinct", "remote_join", "remote_setop", "remote_sort", "remote_topn", planner.KeysRule)
	},
	"by text": (*planner.Planner).ByText,
}

// switched is a gateway whose way of planning a test chooses.
type switched struct {
	*gateway.Gateway
	now    atomic.Pointer[gateway.Gateway]
	before atomic.Pointer[func(sql string)] // hears of a statement before it is looked at
}

// plan chooses how the next statements are planned; nil is the usual way.
func (s *switched) plan(by func(*planner.Planner) *planner.Planner) {
	g := s.Gateway
	if by != nil {
		g = g.Planned(by)
	}
	s.now.Store(g)
}

func (s *switched) Query(ctx context.Context, session server.Session, r server.Request) (*server.Answer, error) {
	if f := s.before.Load(); f != nil {
		(*f)(r.SQL)
	}
	return s.now.Load().Query(ctx, session, r)
}

// newPlace writes the configuration and makes the catalogue: there are the first
// administrators and bureau. Sources is YAML.
func newPlace(t *testing.T, dir, sources string) *place {
	t.Helper()
	return newPlaceOver(t, dir, "sqlite://c.db", sources)
}

// newPlaceOver makes a place whose catalogue is in a store.
func newPlaceOver(t *testing.T, dir, address, sources string) *place {
	t.Helper()
	p := openPlace(t, dir, address, sources)
	if _, err := p.store.Init(t.Context(), "DSJ", "大数据局", time.Hour); err != nil {
		t.Fatal(err)
	}
	p.apply(t, "secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}")
	return p
}

// openPlace writes the configuration of a gateway over a store that may be another
// one's too.
func openPlace(t *testing.T, dir, address, sources string) *place {
	t.Helper()
	p := &place{dir: dir, file: filepath.Join(dir, "lianji.yaml"), ids: map[string]string{}}
	text := fmt.Sprintf("listen: %s\ncatalog: {store: %q, second_factor: waived}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 512MiB}\nsources:\n%s", listeners(), address, sources)
	if err := os.WriteFile(p.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := p.config(t)
	s, err := store.Open(t.Context(), cfg.Store.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p.store = s
	return p
}

// openers are the kinds of sources.
var openers = map[string]connectors.Opener{"postgres": postgres.Open, "mysql": mysql.Open, "sqlite": sqliteconn.Open, "duckdb": duckdb.Open}

func (p *place) config(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Load(p.file, []string{"postgres", "mysql", "sqlite", "duckdb"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// serve opens the sources and the HTTP door.
func (p *place) serve(t *testing.T) {
	t.Helper()
	kinds := map[string]connectors.Opener{}
	for kind, open := range openers {
		kinds[kind] = func(ctx context.Context, c connectors.Config) (connectors.Source, error) {
			s, err := open(ctx, c)
			if err == nil && p.wrap != nil {
				s = p.wrap(c.Name, s)
			}
			return s, err
		}
	}
	log := &last{limit: 8 << 10} // what its operator reads
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the operator's log:\n%s", log)
		}
	})
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	p.app, err = app.Open(t.Context(), p.config(t), app.Options{Logger: logger, Openers: kinds, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		g, err := gateway.New(gateway.Options{Logger: logger, Sources: o.Sources, Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout})
		p.engine = &switched{Gateway: g}
		p.engine.plan(nil)
		return p.engine, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	door, err := p.app.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p.url, p.others = door.URL(), map[string]string{}
	for _, other := range door.Others() {
		scheme, address, _ := strings.Cut(other, "://")
		p.others[scheme] = address
	}
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := p.app.Close(); err != nil {
			t.Error(err)
		}
	})
}

// apply applies a document in the name of a principal.
func (p *place) apply(t *testing.T, by, text string) {
	t.Helper()
	if err := p.tryApply(t, by, text); err != nil {
		t.Fatalf("%v (%s)\n%s", err, errs.From(err).Detail, text)
	}
}

func (p *place) tryApply(t *testing.T, by, text string) error {
	t.Helper()
	state := p.state(t)
	doc, err := document.Parse("test", []byte(text))
	if err != nil {
		return err
	}
	changes, err := document.Diff(state, doc)
	if err != nil {
		return err
	}
	err = p.store.Change(t.Context(), p.ids[by], func(tx *store.Tx) error { return document.Apply(tx, changes) })
	p.state(t)
	return err
}

// state reads the catalogue, and notes who there is.
func (p *place) state(t *testing.T) *catalog.State {
	t.Helper()
	state, err := p.store.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range state.Principals() {
		p.ids[who.Login] = who.ID
	}
	return state
}

// tokenFor makes a token of a principal.
func (p *place) tokenFor(t *testing.T, login string) (token string) {
	t.Helper()
	k := &catalog.Token{Principal: p.ids[login], Expires: time.Now().Add(time.Hour)}
	err := p.store.Change(t.Context(), p.ids["secadmin"], func(tx *store.Tx) (err error) { token, err = tx.Token(k); return err })
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// client keeps no connection: a place ends with its test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// ownWords are what differs between two runs of one statement.
var ownWords = regexp.MustCompile(`"(query_id|elapsed_ms|took_ms|elapsed)":\s*("[^"]*"|[0-9.]+),?|"(from|to)":"[0-9TZ:.-]+",?|[0-9.]+ ms|\\"ms\\": ?[0-9.]+`)

// request makes the request of a statement.
func (p *place) request(ctx context.Context, token, sql, purpose, accept string) (*http.Request, error) {
	said := map[string]string{"sql": sql}
	if purpose != "" {
		said["purpose"] = purpose
	}
	body, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+token)
	return r, nil
}

// send sends a statement and gives the response, whose body the caller closes.
func (p *place) send(t *testing.T, token, sql, purpose, accept string) *http.Response {
	t.Helper()
	r, err := p.request(t.Context(), token, sql, purpose, accept)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// asks gives the answer's status and body, without what differs between two runs of
// one statement.
func (p *place) asks(t *testing.T, token, sql, purpose string) string {
	t.Helper()
	return repeated(whole(p.send(t, token, sql, purpose, "application/json")))
}

// answered sends another body with a request and gives the answer.
func (p *place) answered(t *testing.T, r *http.Request, body string) string {
	t.Helper()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return repeated(whole(res))
}

func whole(res *http.Response) (status int, text string) {
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		body = append(body, " broken off"...)
	}
	return res.StatusCode, string(body)
}

// repeated writes an answer without what differs between two runs of one statement.
func repeated(status int, text string) string {
	return fmt.Sprintf("%d %s", status, strings.ReplaceAll(ownWords.ReplaceAllString(text, ""), "\n", ""))
}

// problem reads an answer that is an error.
func problem(body io.Reader) error {
	var p output.Problem
	if err := json.NewDecoder(body).Decode(&p); err != nil {
		return err
	}
	return errs.New(p.Code, "", nil)
}

// last keeps the end of what is written to it.
type last struct {
	limit int

	mu   sync.Mutex
	text []byte
}

func (l *last) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	if over := len(l.text) - l.limit; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(b), nil
}

func (l *last) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
