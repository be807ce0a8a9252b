package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/connectors"
	pgconn "github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy/document"
)

// site is a gateway with a catalogue behind its HTTP door: 公安 provides 人口, of which
// 民政 sees some rows and a masked name, and 名册, of which it sees everything.
type site struct {
	dir    string
	url    string
	others map[string]string // where the other doors are, by their schemes: host and port
	cat    *app.Catalogue
	tokens map[string]string
}

// world is what may differ between two sites that look the same to 民政.
type world struct {
	hidden string // SQL that adds hidden rows and values
	filter string // of 人口
	mask   string // of its name
	// factors says that second factors are demanded, once everything is as it is to be.
	factors bool
	// prepare is called with the site's folder before anything is there; may be nil.
	prepare func(dir string)
	tracing string // a part of the configuration; empty where nothing is followed
	sources string // further ones of the configuration
}

var plain = world{filter: "qx = '和平区'", mask: "masked name"}

const siteRows = `CREATE TABLE renkou (id INTEGER PRIMARY KEY, xm TEXT, qx TEXT, mm TEXT);
	CREATE TABLE mingce (id INTEGER PRIMARY KEY, zt TEXT);
	INSERT INTO renkou VALUES (1, '张三', '和平区', 'm'), (2, '李四', '和平区', 'm'), (3, '王五', '和平区', 'm');
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO mingce SELECT i, 'z' || i FROM n;`

func newSite(t *testing.T, w world) *site {
	t.Helper()
	dir := t.TempDir()
	if w.prepare != nil {
		w.prepare(dir)
	}
	conn, err := sqlite.OpenConn(filepath.Join(dir, "ga.db"), sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, siteRows+w.hidden+"ANALYZE;", nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "lianji.yaml")
	text := w.tracing + "listen: {http: \"127.0.0.1:0\", flight: \"127.0.0.1:0\", postgres: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\", second_factor: waived}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 128MiB}\nsources:\n  ga: {kind: sqlite, path: ga.db}\n" + w.sources
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"sqlite", "postgres"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{dir: dir, tokens: map[string]string{}}
	s.fill(t, cfg, w)
	cfg.FactorWaived = !w.factors
	a, err := app.Open(t.Context(), cfg, app.Options{
		Openers: map[string]connectors.Opener{"sqlite": sqliteconn.Open, "postgres": pgconn.Open},
		NewEngine: func(o app.EngineOptions) (app.Engine, error) {
			return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout, Ended: o.Ended})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.url, s.others = door.URL(), map[string]string{}
	for _, one := range door.Others() {
		scheme, address, _ := strings.Cut(one, "://")
		s.others[scheme] = address
	}
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *site) fill(t *testing.T, cfg *config.Config, w world) {
	t.Helper()
	c, err := app.OpenCatalogue(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s.cat = c
	first, err := c.Init(t.Context(), "DSJ", "大数据局", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range first {
		s.tokens[f.Login] = f.Text
	}
	s.apply(t, "secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}")
	s.token(t, "bureau")
	s.apply(t, "bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 核查, basis: 办法}}")
	s.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [cataloguer, leader, analyst]}, zhao: {agency: 公安, roles: [analyst]}, wang: {agency: 民政, roles: [analyst]}, li: {agency: 民政, roles: [analyst]}}")
	s.apply(t, "sysadmin", "sources: {ga: 公安}")
	s.token(t, "ga")
	s.token(t, "wang")
	s.token(t, "li")
	s.token(t, "zhao")
	s.apply(t, "ga", "resources:\n  公安.人口: {class: restricted, source: ga, schema: main, table: renkou, items: {id: 编号, xm: 姓名, qx: 区}}\n  公安.名册: {class: restricted, source: ga, schema: main, table: mingce, items: {id: 编号, zt: 状态}}\n  公安.密档: {class: withheld, source: ga, schema: main, table: renkou, items: {mm: 密}}")
	modes := "modes: [interface, download, online]"
	s.apply(t, "ga", fmt.Sprintf("grants:\n  公安.人口:\n    - {agency: 民政, items: {id: clear, xm: %s, qx: clear}, purposes: [DB-HC], %s, where: %q}\n    - {agency: 公安, items: {id: clear, xm: %s, qx: clear}, purposes: [DB-HC], %s, where: %q}\n  公安.名册:\n    - {agency: 民政, items: {id: clear, zt: clear}, purposes: [DB-HC], %s}\n", w.mask, modes, w.filter, w.mask, modes, w.filter, modes))
}

func (s *site) apply(t *testing.T, login, text string) {
	t.Helper()
	doc, err := document.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.cat.Apply(t.Context(), s.tokens[login], doc, false); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

func (s *site) token(t *testing.T, login string) {
	t.Helper()
	text, err := s.cat.NewToken(t.Context(), s.tokens["secadmin"], login, &catalog.Token{Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	s.tokens[login] = text
}

// reply is an answer, whole.
type reply struct {
	*http.Response
	body []byte
}

// ask posts a request's members as a principal.
func (s *site) ask(t *testing.T, login, accept string, members map[string]any) reply {
	t.Helper()
	if members["purpose"] == nil {
		members["purpose"] = "DB-HC"
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return s.send(t, login, http.MethodPost, "/v1/query", accept, body)
}

func (s *site) send(t *testing.T, login, method, path, accept string, body []byte) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+s.tokens[login])
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res, text}
}

// explained gives what EXPLAIN says to a principal.
func (s *site) explained(t *testing.T, login, sql string) string {
	t.Helper()
	r := s.ask(t, login, "application/x-ndjson", map[string]any{"sql": sql})
	return fmt.Sprintf("%d %s", r.StatusCode, r.body)
}

// records gives the bodies of one kind of record in the site's log.
func records[T any](t *testing.T, s *site, kind audit.Kind) []T {
	t.Helper()
	var b bytes.Buffer
	if _, err := audit.Export(filepath.Join(s.dir, audit.FolderName), audit.Filter{}, &b); err != nil {
		t.Fatal(err)
	}
	var out []T
	for line := range bytes.Lines(b.Bytes()) {
		var r audit.Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		var v T
		if r.Kind != kind {
			continue
		}
		if err := json.Unmarshal(r.Body, &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}
