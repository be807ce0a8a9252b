package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/testotlp"
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
		`lianji_statement_seconds_count{door="http"} 3`,
		`lianji_source_reads_total{source="ga"} 2`,
		`lianji_source_rows_total{source="ga"} 6`,
		`lianji_source_seconds_count{source="ga"} 2`,
		`lianji_plan_cache_hits_total 1`,
		`lianji_statements_running 0`,
		`lianji_statements_waiting 0`,
		`lianji_spill_bytes 0`,
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
