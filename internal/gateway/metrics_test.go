package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testotlp"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// get asks an address with GET, as a host when one is given.
func get(t *testing.T, method, url, host string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (s *site) admin() string { return "http://" + s.others["admin"] }

// What is counted are codes and numbers: nothing of a statement, a row or a person.
func TestMetrics(t *testing.T) {
	s := newSite(t, plain)
	for range 2 {
		if r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT id, xm FROM 公安.人口", "purpose": "DB-HC"}); r.StatusCode != http.StatusOK {
			t.Fatal(string(r.body))
		}
	}
	if r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT 住址 FROM 公安.人口", "purpose": "DB-HC"}); r.StatusCode != http.StatusBadRequest {
		t.Fatal(string(r.body))
	}
	status, text := get(t, http.MethodGet, s.admin()+"/metrics", "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for _, line := range []string{
		`lianji_statements_total{agency="MZ",code="ok",door="http"} 2`,
		`lianji_statements_total{agency="MZ",code="unknown_name",door="http"} 1`,
		`lianji_rows_total{agency="MZ",door="http"} 6`, // of three a statement
		`lianji_statement_seconds_count{agency="MZ",door="http"} 3`,
		`lianji_source_reads_total{agency="MZ",source="ga"} 2`,
		`lianji_source_rows_total{agency="MZ",source="ga"} 6`,
		`lianji_source_seconds_count{agency="MZ",source="ga"} 2`,
		`lianji_plan_cache_hits_total 1`,
		`lianji_statements_running 0`,
		`lianji_statements_waiting 0`,
		`lianji_spill_bytes 0`,
		`lianji_source_connections_taken{source="ga"} 0`,
		`lianji_source_connections_waiting{source="ga"} 0`,
		`lianji_source_connections_limit{source="ga"} 16`,
		`lianji_residuals_memory_reserved_bytes 0`,
		`lianji_residuals_memory_limit_bytes 2.68435456e+08`, // of four, 64 MiB each at least
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, hidden := range []string{"wang", "人口", "张", "DB-HC", "SELECT", "renkou"} {
		if strings.Contains(text, hidden) {
			t.Errorf("the metrics say %s", hidden)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "lianji_") && !strings.Contains(line, "_bucket") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// Profiles and metrics are on the listener for administrators alone, which runs no
// statements and answers to no foreign name.
func TestAdminListener(t *testing.T) {
	s := newSite(t, plain)
	for _, c := range []struct {
		method, url, host string
		status            int
	}{
		{http.MethodGet, s.admin() + "/debug/pprof/heap", "", http.StatusOK},
		{http.MethodGet, s.admin() + "/healthz", "", http.StatusOK},
		{http.MethodGet, s.admin() + "/readyz", "", http.StatusOK},
		{http.MethodGet, s.admin() + "/metrics", "evil.example", http.StatusForbidden},
		{http.MethodPost, s.admin() + "/v1/query", "", http.StatusNotFound},
		{http.MethodPost, s.admin() + "/metrics", "", http.StatusMethodNotAllowed},
		{http.MethodGet, s.url + "/readyz", "", http.StatusOK},
		{http.MethodGet, s.url + "/metrics", "", http.StatusNotFound},
		{http.MethodGet, s.url + "/debug/pprof/", "", http.StatusNotFound},
	} {
		if status, body := get(t, c.method, c.url, c.host); status != c.status {
			t.Errorf("%s %s (%s): %d %s", c.method, c.url, c.host, status, body)
		}
	}
}

// Where statements are followed, the metrics tell what the collector does not get.
func TestLostSpans(t *testing.T) {
	w := plain
	w.tracing = "tracing: {endpoint: \"" + testotlp.New(t).URL + "\", ratio: 1}\n"
	_, text := get(t, http.MethodGet, newSite(t, w).admin()+"/metrics", "")
	for _, reason := range []string{"queue_full", "not_delivered"} {
		if !strings.Contains(text, "\nlianji_trace_spans_dropped_total{reason=\""+reason+"\"} 0\n") {
			t.Errorf("no spans lost for %s", reason)
		}
	}
}

// metric gives the value of a line of the metrics; below 0 where there is none.
func (s *site) metric(t *testing.T, line string) float64 {
	t.Helper()
	_, text := get(t, http.MethodGet, s.admin()+"/metrics", "")
	_, after, found := strings.Cut(text, "\n"+line+" ")
	if !found {
		return -1
	}
	value, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The connections of a source that statements have, those that wait for one and the memory
// of what is computed here are told while it is so.
func TestMetricsOfSources(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE jiben AS SELECT i AS id, repeat('x', 200) AS zt FROM generate_series(1, 200000) i; CREATE INDEX ON jiben (id); ANALYZE jiben")
	w := plain
	w.sources = fmt.Sprintf("  mz: {kind: postgres, dsn: %q, connections: 1}\n", db.Reader)
	s := newSite(t, w)
	s.apply(t, "sysadmin", "sources: {mz: 民政}")
	s.apply(t, "secadmin", "principals: {mz: {agency: 民政, roles: [cataloguer, leader]}}")
	s.token(t, "mz")
	s.apply(t, "mz", "resources:\n  民政.基本: {class: restricted, source: mz, schema: public, table: jiben, items: {id: 编号, zt: 状态}}")
	s.apply(t, "mz", "grants:\n  民政.基本:\n    - {agency: 公安, items: {id: clear, zt: clear}, purposes: [DB-HC], modes: [interface]}")
	const taken, waits = `lianji_source_connections_taken{source="mz"}`, `lianji_source_connections_waiting{source="mz"}`
	const reserved, held = `lianji_residuals_memory_reserved_bytes`, `lianji_residuals_memory_held_bytes`
	if limit := s.metric(t, `lianji_source_connections_limit{source="mz"}`); limit != 1 {
		t.Errorf("limit: %v", limit)
	}
	one := map[string]any{"sql": "SELECT id FROM 民政.基本 WHERE id = 7"}
	waitfor.True(t, 5*time.Second, "the grant", func() bool {
		return s.ask(t, "zhao", "application/json", one).StatusCode == http.StatusOK
	})
	all := map[string]any{"sql": "SELECT a.id, a.zt, b.x FROM 民政.基本 a, (SELECT unnest(range(5)) AS x) b"}
	whole := s.begun(t, "zhao", all)
	whole.some(t)
	if got := []float64{s.metric(t, taken), s.metric(t, waits), s.metric(t, reserved)}; !slices.Equal(got, []float64{1, 0, 64 << 20}) {
		t.Errorf("one runs: taken, waiting, reserved %v", got)
	}
	if got := s.metric(t, held); got <= 0 {
		t.Errorf("one runs: %v bytes held", got)
	}
	second := safego.Run(func() error {
		if r := s.ask(t, "zhao", "application/json", one); r.StatusCode != http.StatusOK {
			return errors.New(string(r.body))
		}
		return nil
	})
	waitfor.True(t, time.Second, "the second to wait", func() bool { return s.metric(t, waits) == 1 })
	if got := s.metric(t, taken); got != 1 {
		t.Errorf("one runs, one waits: %v taken", got)
	}
	whole.leave()
	if err := <-second; err != nil {
		t.Error(err)
	}
	waitfor.True(t, time.Second, "both to end", func() bool {
		return s.metric(t, taken) == 0 && s.metric(t, waits) == 0 && s.metric(t, reserved) == 0
	})
	waitfor.True(t, time.Second, "all reads to be counted for who asked", func() bool {
		return s.metric(t, `lianji_source_seconds_count{agency="GA",source="mz"}`) == 3
	})
}

// begun is an answer that is being read.
type begun struct{ *http.Response }

// begun asks as ask does, and leaves the answer open.
func (s *site) begun(t *testing.T, login string, members map[string]any) begun {
	t.Helper()
	members["purpose"] = "DB-HC"
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer "+s.tokens[login])
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		t.Fatal(string(text))
	}
	return begun{res}
}

// some waits for the first rows.
func (b begun) some(t *testing.T) {
	t.Helper()
	if _, err := io.ReadFull(b.Body, make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
}

func (b begun) leave() { _ = b.Body.Close() }
