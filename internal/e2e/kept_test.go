package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/google/go-cmp/cmp"
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
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// restarted is a gateway with a catalogue over a PostgreSQL of its own, which a test starts
// again and again. 民政 sees some rows of 人口簿, a mask in it, and nothing of the rest.
type restarted struct {
	server *testpg.Server
	db     *testpg.Database
	dir    string
	tokens map[string]string

	url    string
	others map[string]string // host and port of the other doors, by their schemes
	log    *lines
	stop   func() // ends the gateway; may be repeated
}

const restartedTables = `
	CREATE TABLE renkou_biao (bianhao bigint PRIMARY KEY, xingming varchar(20) NOT NULL, shuzhi numeric(12,3), qu text, mima text);
	COMMENT ON TABLE renkou_biao IS '人口表'; COMMENT ON COLUMN renkou_biao.qu IS '区划';
	INSERT INTO renkou_biao VALUES (1, '张三丰', 1.5, '和平区', 'secretvalue'), (2, '李四光', 2.5, '沈河区', 'secretvalue');
	CREATE TABLE mingdan (qu text PRIMARY KEY);
	INSERT INTO mingdan VALUES ('和平区');
	CREATE TABLE uncatalogued (nothing text);
	ANALYZE;`

func newRestarted(t *testing.T) *restarted {
	t.Helper()
	p := &restarted{server: testpg.StartOwn(t), dir: t.TempDir(), tokens: map[string]string{}, stop: func() {}}
	p.db = p.server.Database(t)
	p.db.Exec(t, restartedTables)
	kept := testcatalog.New(t, p.configure(t, p.db.Reader))
	kept.Apply(t, append(testcatalog.People(),
		testcatalog.Step{By: "secadmin", Text: "principals: {zhao: {agency: 公安, roles: [analyst]}}"},
		testcatalog.Step{By: "bm", Text: "resources:\n" +
			"  公安.人口簿: {class: restricted, source: ga, schema: public, table: renkou_biao, items: {bianhao: 编号, xingming: 姓名, shuzhi: 数, qu: 区}}\n" +
			"  公安.名单: {class: withheld, source: ga, schema: public, table: mingdan, items: {qu: 区}}"},
		testcatalog.Step{By: "ld", Text: "grants:\n  公安.人口簿:\n    - {agency: 民政, items: {bianhao: clear, xingming: masked name, shuzhi: clear, qu: clear}, purposes: [DB-HC], modes: [interface], where: \"qu IN (SELECT qu FROM 公安.名单)\"}"})...)
	for _, login := range []string{"wang", "zhao"} {
		p.tokens[login] = kept.Token(t, login, time.Hour)
	}
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *restarted) configure(t *testing.T, dsn string) *config.Config {
	t.Helper()
	file := filepath.Join(p.dir, "lianji.yaml")
	text := fmt.Sprintf("listen: {http: \"127.0.0.1:0\", flight: \"127.0.0.1:0\", postgres: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\"}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 128MiB}\nsources:\n  ga: {kind: postgres, dsn: %q, connections: 2}\n", dsn)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"postgres"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start begins a run of the gateway, over the source at a DSN.
func (p *restarted) start(t *testing.T, dsn string) {
	t.Helper()
	p.stop()
	p.log, p.others = &lines{}, map[string]string{}
	logger, _ := logging.New(p.log, nil)
	a, err := app.Open(t.Context(), p.configure(t, dsn), app.Options{Logger: logger, Openers: map[string]connectors.Opener{"postgres": postgres.Open}, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, Tokens: o.Tokens, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, Limits: o.Limits})
	}})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(errors.Join(err, a.Close()))
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
}

// http gives an answer of the HTTP door, without what differs from call to call.
func (p *restarted) http(t *testing.T, login, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.tokens[login])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/csv")
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	said := strings.ReplaceAll(string(text), p.url, "")
	return res.StatusCode, regexp.MustCompile(`"query_id":"[^"]*"`).ReplaceAllString(said, "")
}

func (p *restarted) query(t *testing.T, login, sql string) (int, string) {
	t.Helper()
	return p.http(t, login, http.MethodPost, "/v1/query", fmt.Sprintf(`{"sql": %q, "purpose": "DB-HC"}`, sql))
}

// known waits until the row filter was looked at, for which a busy machine may take longer
// than a call: until then its resource is shut.
func (p *restarted) known(t *testing.T) {
	t.Helper()
	waitfor.True(t, 30*time.Second, "the row filter to be looked at", func() bool {
		_, text := p.query(t, "wang", "SHOW TABLES")
		return strings.Contains(text, "人口簿")
	})
}

// shown is what somebody sees of the catalogue at each door.
func (p *restarted) shown(t *testing.T, login string) map[string]string {
	t.Helper()
	out := map[string]string{}
	_, out["openapi"] = p.http(t, login, http.MethodGet, "/v1/resources/openapi.json?purpose=DB-HC", "")
	_, out["openapi of one"] = p.http(t, login, http.MethodGet, "/v1/resources/openapi.json?purpose=DB-HC&code="+url.QueryEscape("公安.人口簿"), "")
	for _, sql := range []string{"SHOW TABLES", "DESCRIBE 公安.人口簿"} {
		if code, text := p.query(t, login, sql); code == http.StatusOK {
			out[sql] = text
		}
	}
	client, err := fsql.NewClient(p.others["grpc"], nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+p.tokens[login], "purpose", "DB-HC")
	rows := func(name string, info *flight.FlightInfo, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		for r.Next() {
			b := r.RecordBatch()
			for i := range int(b.NumRows()) {
				for _, c := range b.Columns() {
					out[name] += c.ValueStr(i) + "|"
				}
			}
		}
	}
	info, err := client.GetTables(ctx, &fsql.GetTablesOpts{IncludeSchema: true})
	rows("flight tables", info, err)
	info, err = client.GetPrimaryKeys(ctx, fsql.TableRef{DBSchema: new("公安"), Table: "人口簿"})
	rows("flight keys", info, err)
	password := url.UserPassword(login+"~token", p.tokens[login])
	dsn := "postgres://" + password.String() + "@" + p.others["postgres"] + "/lianji?sslmode=disable&options=" + "-c%20purpose%3DDB-HC"
	for _, command := range []string{`\dt 公安.*`, `\d 公安.人口簿`, `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = '公安' ORDER BY 1, 2`} {
		out[command] = psqlTo(t, dsn, command+"\n")
	}
	return out
}

const (
	awayCode = "source_unreachable"
	// hiddenValue is a value of the table.
	hiddenValue = "secretvalue"
)

// What was known of a source stands in all metadata after a restart that finds it away;
// nothing else is opened by that, and what it is now counts once it is back.
func TestMetadataOutlastsARestart(t *testing.T) {
	needPsql(t)
	p := newRestarted(t)
	p.start(t, p.db.Reader)
	p.known(t)
	before := p.shown(t, "wang")
	for name, part := range map[string]string{
		"openapi": "xingming", "openapi of one": "xingming", "SHOW TABLES": "人口簿", "DESCRIBE 公安.人口簿": `shuzhi,"DECIMAL(12,3)"`, "flight tables": "人口簿", "flight keys": "bianhao",
		`\dt 公安.*`: "人口簿", `\d 公安.人口簿`: "bianhao", `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = '公安' ORDER BY 1, 2`: "shuzhi",
	} {
		if !strings.Contains(before[name], part) {
			t.Errorf("%s has no %s: %s", name, part, before[name])
		}
	}
	nothing := p.shown(t, "zhao")
	if _, text := p.query(t, "wang", "SELECT bianhao, xingming FROM 公安.人口簿"); text != "bianhao,xingming\r\n1,张**\r\n" {
		t.Errorf("it answers %q", text)
	}
	p.stop()
	file := filepath.Join(p.dir, "lianji-sources.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{hiddenValue, "uncatalogued", "沈河区", p.server.ReaderPassword()} {
		if strings.Contains(string(text), no) {
			t.Errorf("the file has %s", no)
		}
	}
	p.db.Exec(t, "ALTER TABLE renkou_biao DROP COLUMN shuzhi, ALTER COLUMN bianhao TYPE integer")
	p.server.Stop(t)

	p.start(t, p.db.Reader)
	p.known(t)
	if d := cmp.Diff(before, p.shown(t, "wang")); d != "" {
		t.Errorf("after a restart (-before +after):\n%s", d)
	}
	if d := cmp.Diff(nothing, p.shown(t, "zhao")); d != "" {
		t.Errorf("somebody without a grant sees (-before +after):\n%s", d)
	}
	for _, sql := range []string{"SELECT bianhao FROM 公安.人口簿", "SELECT shuzhi FROM 公安.人口簿", "SELECT no_such FROM 公安.人口簿", "EXPLAIN SELECT 1 FROM 公安.人口簿"} {
		if code, text := p.query(t, "wang", sql); code != http.StatusBadGateway || !strings.Contains(text, awayCode) {
			t.Errorf("%s: %d %s", sql, code, text)
		}
	}
	for _, path := range []string{"?purpose=DB-HC", "?purpose=DB-HC&items=no_such"} {
		if code, text := p.http(t, "wang", http.MethodGet, "/v1/resources/"+url.PathEscape("公安.人口簿")+path, ""); code != http.StatusBadGateway || !strings.Contains(text, awayCode) || strings.Contains(text, "Source ga") {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	if code, text := p.query(t, "zhao", "SELECT bianhao FROM 公安.人口簿"); code == http.StatusBadGateway || strings.Contains(text, "ga") {
		t.Errorf("somebody without a grant is told: %d %s", code, text)
	}
	if !strings.Contains(p.log.String(), "source unavailable") {
		t.Errorf("the log does not say that the source is away: %s", p.log)
	}
	if again, err := os.ReadFile(file); err != nil || string(again) != string(text) {
		t.Errorf("what is kept of a source that is away is now %s, %v", again, err)
	}

	p.server.Restart(t)
	waitfor.True(t, 40*time.Second, "the source to be described again", func() bool {
		_, text := p.query(t, "wang", "DESCRIBE 公安.人口簿")
		return strings.Contains(text, "bianhao,INTEGER") && !strings.Contains(text, "shuzhi")
	})
	if _, text := p.query(t, "wang", "SELECT bianhao, xingming FROM 公安.人口簿"); text != "bianhao,xingming\r\n1,张**\r\n" {
		t.Errorf("it answers %q", text)
	}
	after := p.shown(t, "wang")
	for name, text := range after {
		if strings.Contains(text, "shuzhi") {
			t.Errorf("%s has the column that went: %s", name, text)
		}
	}
	p.stop()
	p.server.Stop(t)
	p.start(t, p.db.Reader)
	p.known(t)
	if d := cmp.Diff(after, p.shown(t, "wang")); d != "" {
		t.Errorf("after a second restart (-before +after):\n%s", d)
	}
	p.stop()

	// Another database by the same name, and a file that is none: nothing is shown, and
	// nothing is lost for a start at which all is right.
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dsn, file string
		mode      os.FileMode
	}{
		"another database": {strings.Replace(p.db.Reader, "/"+p.db.Name, "/another", 1), string(kept), 0o600},
		"another account":  {strings.Replace(p.db.Reader, "//reader:", "//other:", 1), string(kept), 0o600},
		"a broken file":    {p.db.Reader, string(kept[:len(kept)-20]), 0o600},
		"a later format":   {p.db.Reader, strings.Replace(string(kept), `"format":1`, `"format":2`, 1), 0o600},
		"open to others":   {p.db.Reader, string(kept), 0o640},
	} {
		if err := errors.Join(os.WriteFile(file, []byte(c.file), 0o600), os.Chmod(file, c.mode)); err != nil {
			t.Fatal(err)
		}
		p.start(t, c.dsn)
		if _, text := p.query(t, "wang", "SHOW TABLES"); strings.Contains(text, "人口簿") {
			t.Errorf("%s: it shows %s", name, text)
		}
		if code, text := p.query(t, "wang", "SELECT bianhao FROM 公安.人口簿"); code != http.StatusBadGateway {
			t.Errorf("%s: %d %s", name, code, text)
		}
		if code, text := p.http(t, "wang", http.MethodGet, "/v1/resources/"+url.PathEscape("公安.人口簿")+"?purpose=DB-HC", ""); code != http.StatusBadGateway || strings.Contains(text, "Source ga") {
			t.Errorf("%s: a page: %d %s", name, code, text)
		}
		if told := strings.Contains(p.log.String(), "the file of described sources is not used"); told != (c.dsn == p.db.Reader) {
			t.Errorf("%s: the log says %s", name, p.log)
		}
		p.stop()
		if now, err := os.ReadFile(file); err != nil || string(now) != c.file {
			t.Errorf("%s: the file is now %s, %v", name, now, err)
		}
		if c.file != string(kept) {
			continue
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		p.start(t, p.db.Reader)
		p.known(t)
		if d := cmp.Diff(after, p.shown(t, "wang")); d != "" {
			t.Errorf("once all is right after %s (-before +after):\n%s", name, d)
		}
		p.stop()
	}
}
