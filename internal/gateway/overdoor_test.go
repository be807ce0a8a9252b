package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy/document"
)

// A GRANT comes over the door of a gateway, is shown to whom it is, and is gone with a
// REVOKE, each in force for the next statement.
func TestStatementsOverTheDoor(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lianji.yaml")
	if err := os.WriteFile(file, []byte("listen: {http: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\", second_factor: waived}\nengine: {timezone: Asia/Shanghai, temp: ./tmp, memory: 128MiB}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, nil, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	tokens := fill(t, cfg)
	a, err := app.Open(t.Context(), cfg, app.Options{NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone})
	}})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
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
	ask := func(login, path, sql string) (int, string) {
		t.Helper()
		method, body := http.MethodGet, io.Reader(nil)
		if sql != "" {
			text, err := json.Marshal(map[string]string{"sql": sql})
			if err != nil {
				t.Fatal(err)
			}
			method, body = http.MethodPost, bytes.NewReader(text)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, door.URL()+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/csv, application/json;q=0.5")
		r.Header.Set("Authorization", "Bearer "+tokens[login])
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	shown := func(login string) string {
		t.Helper()
		status, text := ask(login, "/v1/query", "SHOW GRANTS")
		if status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		return text
	}
	const grant = "GRANT SELECT (xm MASKED WITH name) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' IN MODE interface"
	if status, text := ask("ga", "/v1/query", "-- to 民政\n"+grant+" WHERE qx = 'SECRET' UNTIL '2099-06-30';"); status != 200 || !strings.Contains(text, "granted") {
		t.Fatalf("%d %s", status, text)
	}
	if text := shown("ga"); !strings.Contains(text, "WHERE qx = 'SECRET'") || !strings.Contains(text, "UNTIL '2099-06-30'") || strings.Count(text, "\n") != 2 {
		t.Errorf("ga sees %s", text)
	}
	if text := shown("wang"); !strings.Contains(text, "MASKED WITH ‹mask›") || strings.Contains(text, "SECRET") {
		t.Errorf("wang sees %s", text)
	}
	if status, text := ask("wang", "/v1/catalog/grants", ""); status != 200 || !strings.Contains(text, "公安.人口") || strings.Contains(text, "SECRET") {
		t.Errorf("over HTTP wang sees %d %s", status, text)
	}
	if status, text := ask("", "/v1/openapi.json", ""); status != 200 || !strings.Contains(text, "3.1.0") {
		t.Errorf("the description: %d", status)
	}
	if status, text := ask("wang", "/v1/query", grant); status != 403 {
		t.Errorf("wang grants: %d %s", status, text)
	}
	status, text := ask("ga", "/v1/query", "/* a */ GRANT SELECT (xm， sfzh) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'")
	if status != 400 || !strings.Contains(text, `"offset":24`) || !strings.Contains(text, "，") {
		t.Errorf("a full-width comma: %d %s", status, text)
	}
	if status, text := ask("ga", "/v1/query", "REVOKE ON 公安.人口 FROM AGENCY 民政"); status != 200 || !strings.Contains(text, "revoked") {
		t.Errorf("%d %s", status, text)
	}
	if text := shown("wang"); strings.Count(text, "\n") != 1 {
		t.Errorf("wang still sees %s", text)
	}
}

// fill makes a catalogue, and gives the tokens of its people.
func fill(t *testing.T, cfg *config.Config) map[string]string {
	t.Helper()
	c, err := app.OpenCatalogue(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	tokens := map[string]string{}
	first, err := c.Init(t.Context(), "DSJ", "大数据局", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range first {
		tokens[f.Login] = f.Text
	}
	for _, step := range []struct{ login, yaml string }{
		{"secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}"},
		{"bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 核查, basis: 办法}}"},
		{"secadmin", "principals: {ga: {agency: 公安, roles: [leader, cataloguer]}, wang: {agency: 民政, roles: [analyst]}}"},
		{"sysadmin", "sources: {ga: 公安}"},
		{"ga", "resources: {公安.人口: {class: restricted, source: ga, schema: main, table: renkou, items: {xm: 姓名, sfzh: 身份证号, qx: 区}}}"},
		{"wang", ""},
	} {
		if tokens[step.login] == "" {
			if tokens[step.login], err = c.NewToken(t.Context(), tokens["secadmin"], step.login, &catalog.Token{Expires: time.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		d, err := document.Parse("test", []byte(step.yaml))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Apply(t.Context(), tokens[step.login], d, false); err != nil {
			t.Fatalf("%s: %v", step.yaml, err)
		}
	}
	return tokens
}
