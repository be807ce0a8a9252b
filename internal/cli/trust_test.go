package cli_test

import (
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever cannot know a gateway is told so, and what helps.
func TestUrlTrust(t *testing.T) {
	asked := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	s.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelInfo)
	s.StartTLS()
	defer s.Close()
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	// It has names of its own, as example.com and 127.0.0.1.
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "https://"), ":")
	for _, c := range []struct {
		name, want string
		code       int
		args       []string
	}{
		{"nobody's", "The gateway at " + s.URL + " shows a certificate that is not trusted here", 1, []string{"--url", s.URL}},
		{"another name", "shows a certificate of another name", 1, []string{"--url", "https://localhost:" + port, "--ca", ca}},
		{"trusted", "is no gateway (HTTP status 200)", 1, []string{"--url", s.URL, "--ca", ca}},
		{"no file", "nosuch cannot be read", 2, []string{"--url", s.URL, "--ca", filepath.Join(dir, "nosuch")}},
		{"no certificate", "holds no certificate", 2, []string{"--url", s.URL, "--ca", write("text", []byte("x"))}},
		{"without TLS", "--ca goes with", 2, []string{"--url", "http://127.0.0.1:1", "--ca", ca}},
		{"without a gateway", "--ca goes with", 2, []string{"--direct", "--ca", ca}},
	} {
		before := asked
		code, _, stderr := (run{}).args(t, append(append([]string{"query"}, c.args...), "SELECT 1")...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %s", c.name, code, stderr)
		}
		if c.name != "trusted" && asked != before {
			t.Errorf("%s: it was asked", c.name)
		}
	}
}
