// Package leak attacks a gateway over its door: whatever is asked, the answer must not
// depend on what was not granted. Each attack is asked of worlds that differ in hidden
// rows and columns alone, and their answers must be the same, errors included.
package leak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/policy/document"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// rows of a world: what is visible is the same in every one.
const visible = `INSERT INTO renkou (id, xm, sfzh, qx, nl, gz) VALUES
	(1, '张三', '210102199001011234', '和平区', 36, 100.50),
	(2, '李四', '210102198505052345', '和平区', 41, 0.00),
	(3, '王五', NULL, '和平区', NULL, 7000.25),
	(4, '赵六', '210102197003033456', '和平区', 56, 12.00);`

// hidden is what worlds differ in: rows that no row filter keeps, the column that is
// granted to nobody, and a table that is no resource.
var hidden = map[string]string{
	"one": `UPDATE renkou SET mm = 'SECRET-1', xz = id;
		INSERT INTO renkou (id, xm, sfzh, qx, nl, gz, mm, xz) VALUES (100, 'HIDDEN', 'HIDDEN-1', '沈河区', 0, -1.00, 'SECRET-1', 1), (101, 'HIDDEN', 'x', '沈河区', 2147483647, 99999999.99, 'a', 2);
		INSERT INTO bumimi VALUES ('SECRET-1');`,
	"other": `UPDATE renkou SET mm = NULL, xz = 1000 - id;
		INSERT INTO renkou (id, xm, sfzh, qx, nl, gz, mm, xz) VALUES (100, 'HIDDEN', 'HIDDEN-2', '沈河区', 1, 5.00, 'SECRET-2', 9);
		INSERT INTO renkou (id, xm, sfzh, qx, nl, gz, mm, xz) SELECT 200 + id, '', '', '大东区', -5, 1.00, 'SECRET', 3 FROM renkou;`,
	"none": ``,
}

// tables of a world. The one without hidden things has not even their names.
func tables(world string) string {
	text := `CREATE TABLE renkou (id INTEGER PRIMARY KEY, xm TEXT, sfzh TEXT, qx TEXT, nl INTEGER, gz DECIMAL(10,2), mm TEXT, xz INTEGER); CREATE TABLE bumimi (mm TEXT);` + visible + hidden[world]
	if world == "none" {
		text += `ALTER TABLE renkou DROP COLUMN mm; ALTER TABLE renkou DROP COLUMN xz; DROP TABLE bumimi;`
	}
	return text
}

// filters are the shapes of row filters, by the resource that has one. Each keeps the
// visible rows alone.
var filters = map[string]string{
	"等于": "qx = principal_attribute('district')",
	"列表": "qx IN ('和平区', '皇姑区')",
	"或者": "qx = '和平区' OR nl = -77 OR sfzh = 'nobody'",
	"情形": "CASE WHEN qx = '和平区' THEN true WHEN nl IS NULL THEN false ELSE nl = -77 END",
	"前缀": "qx LIKE '和平%' AND NOT (id IS NULL)",
}

type world struct {
	name  string
	dir   string
	url   string
	token string
	app   *app.App
	store *store.Store
	ids   map[string]string // of principals, by login
}

// newWorld serves a gateway over a PostgreSQL (zfw) and a SQLite (wj) with the same tables.
func newWorld(t *testing.T, name string, open bool) *world {
	t.Helper()
	dir := t.TempDir()
	db := testpg.Start(t).Database(t)
	db.Exec(t, tables(name)+"ANALYZE;")
	conn, err := sqlite.OpenConn(filepath.Join(dir, "wj.db"), sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, tables(name)+"ANALYZE;", nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "lianji.yaml")
	text := fmt.Sprintf("listen: {http: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\"}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 256MiB}\nsources:\n  zfw: {kind: postgres, dsn: %q}\n  wj: {kind: sqlite, path: wj.db}\n", db.Admin)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	openers := map[string]connectors.Opener{"postgres": postgres.Open, "sqlite": sqliteconn.Open}
	cfg, err := config.Load(file, []string{"postgres", "sqlite"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{name: name, dir: dir, ids: map[string]string{}}
	w.keep(t, cfg, open)
	if w.app, err = app.Open(t.Context(), cfg, app.Options{Openers: openers, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout})
	}}); err != nil {
		t.Fatal(err)
	}
	door, err := w.app.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	w.url = door.URL()
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := w.app.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// keep fills the catalogue. An open world grants everything to everybody: it shows
// that the attacks would find something.
func (w *world) keep(t *testing.T, cfg *config.Config, open bool) {
	t.Helper()
	s, err := store.Open(t.Context(), cfg.Store.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w.store = s
	if _, err := s.Init(t.Context(), "DSJ", "大数据局", time.Hour); err != nil {
		t.Fatal(err)
	}
	w.apply(t, "secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}")
	w.apply(t, "bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 低保核查, basis: 办法}, JC: {name: 稽查, basis: 办法}}")
	w.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [cataloguer, leader]}, wang: {agency: 民政, roles: [analyst], attributes: {district: 和平区}}}")
	w.apply(t, "sysadmin", "sources: {zfw: 公安, wj: 公安}")
	items := "id: '', xm: '', sfzh: '', qx: '', nl: '', gz: ''"
	granted := "id: clear, xm: masked name, sfzh: clear, qx: clear, nl: clear, gz: clear"
	if open {
		items += ", mm: '', xz: ''"
		granted += ", mm: clear, xz: clear"
	}
	resources, grants := "resources:\n", "grants:\n"
	for _, source := range []string{"zfw", "wj"} {
		schema := map[string]string{"zfw": "public", "wj": "main"}[source]
		for name, filter := range filters {
			if open {
				filter = ""
			}
			of := "公安." + name + source
			resources += fmt.Sprintf("  %s: {class: restricted, source: %s, schema: %s, table: renkou, items: {%s}}\n", of, source, schema, items)
			grants += fmt.Sprintf("  %s: [{agency: 民政, items: {%s}, purposes: [DB-HC], modes: [interface], where: %q}]\n", of, granted, filter)
		}
	}
	w.apply(t, "ga", resources)
	w.apply(t, "ga", grants)
	for _, k := range []*catalog.Token{{Principal: w.ids["wang"], Expires: time.Now().Add(time.Hour)}} {
		if err := s.Change(t.Context(), w.ids["secadmin"], func(tx *store.Tx) (err error) { w.token, err = tx.Token(k); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

// apply applies a document in the name of a principal.
func (w *world) apply(t *testing.T, by, text string) {
	t.Helper()
	state, err := w.store.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range state.Principals() {
		w.ids[p.Login] = p.ID
	}
	doc, err := document.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err, text)
	}
	changes, err := document.Diff(state, doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Change(t.Context(), w.ids[by], func(tx *store.Tx) error { return document.Apply(tx, changes) }); err != nil {
		t.Fatalf("%v (%s)\n%s", err, errs.From(err).Detail, text)
	}
	if state, err = w.store.Load(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range state.Principals() {
		w.ids[p.Login] = p.ID
	}
}

// client keeps no connection: a world ends with its test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

var ownWords = regexp.MustCompile(`"(query_id|elapsed_ms|took_ms|elapsed)":\s*("[^"]*"|[0-9.]+),?`)

// post sends a statement and gives the response, whose body the caller closes.
func (w *world) post(t *testing.T, sql, purpose, accept string) *http.Response {
	t.Helper()
	body, err := json.Marshal(map[string]string{"sql": sql, "purpose": purpose})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+w.token)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// ask gives the answer's status and body, without what differs between two runs of one
// statement.
func (w *world) ask(t *testing.T, sql, purpose string) string {
	t.Helper()
	res := w.post(t, sql, purpose, "application/json")
	text, err := io.ReadAll(res.Body)
	if e := res.Body.Close(); err == nil {
		err = e
	}
	if err != nil {
		text = append(text, " broken off"...)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, strings.ReplaceAll(ownWords.ReplaceAllString(string(text), ""), "\n", ""))
}
