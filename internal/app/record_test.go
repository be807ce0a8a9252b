package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// served is a kept catalogue behind the HTTP door.
type served struct {
	*kept
	dir string
	url string
}

func serve(t *testing.T, before func(*kept)) *served {
	t.Helper()
	w := newWorld(t, "catalog: {store: \"sqlite://c.db\", second_factor: waived}\nlisten: {http: \"127.0.0.1:0\"}\n")
	k := keepIn(t, w.cfg)
	before(k)
	a := w.open(t)
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
	})
	return &served{k, w.cfg.Dir, door.URL()}
}

// post asks as a token's bearer, and gives the status.
func (s *served) post(t *testing.T, token, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/query", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// exported gives the bodies of the records in a folder's log.
func exported(t *testing.T, dir string) []audit.Record {
	t.Helper()
	var b bytes.Buffer
	if _, err := audit.Export(filepath.Join(dir, audit.FolderName), audit.Filter{}, &b); err != nil {
		t.Fatal(err)
	}
	var out []audit.Record
	for line := range bytes.Lines(b.Bytes()) {
		var r audit.Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// Every change of the catalogue comes into the log of the gateway that serves it:
// those from before it began, and those that others make meanwhile.
func TestChangesAreRecorded(t *testing.T) {
	s := serve(t, func(*kept) {})
	acts := func() (out []audit.Act) {
		for _, r := range exported(t, s.dir) {
			var a audit.Act
			if r.Kind == audit.KindAct && json.Unmarshal(r.Body, &a) == nil {
				out = append(out, a)
			}
		}
		return out
	}
	has := func(action, principal, object string) bool {
		for _, a := range acts() {
			if a.Action == action && a.Principal == principal && a.Object == object && a.Door == "cli" && a.Client == machineUser() {
				return true
			}
		}
		return false
	}
	state, err := s.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 5*time.Second, "the grants from before", func() bool {
		for _, g := range state.Grants() {
			if !has("grant_add", "ga", g.ID) {
				return false
			}
		}
		return len(state.Grants()) == 2
	})
	id := state.Grants()[0].ID
	s.apply(t, "ga", "grants: {公安.人口: []}")
	waitfor.True(t, 5*time.Second, "the grant that was taken back", func() bool { return has("grant_revoke", "ga", id) })
	count := map[string]int{}
	for _, a := range acts() {
		count[a.Action+a.Object]++
		for k, v := range a.Details {
			if (k != "before" && k != "after") || strings.Trim(v, "0123456789") != "" {
				t.Errorf("%s holds %s=%s", a.Action, k, v)
			}
		}
	}
	for what, n := range count {
		if n != 1 && strings.HasSuffix(what, "_add") {
			t.Errorf("%s was recorded %d times", what, n)
		}
	}
}

// A request that is refused before its statement is looked at leaves a record: by whom,
// where that is known, and why.
func TestRefusalsAreRecorded(t *testing.T) {
	var limited string
	s := serve(t, func(k *kept) { limited = k.token(t, "wang", &catalog.Token{Modes: []catalog.Mode{catalog.Download}}) })
	for _, c := range []struct {
		token, body string
		status      int
	}{
		{"lianji_nobody", `{"sql":"SELECT 1","purpose":"DB-HC"}`, 401},
		{limited, `{"sql":"SELECT 'secret'","purpose":"NO-SUCH","mode":"download"}`, 400},
		{limited, `{"sql":"SELECT 1","purpose":"DB-HC","mode":"interface"}`, 403},
	} {
		if got := s.post(t, c.token, c.body); got != c.status {
			t.Errorf("%s: status %d, want %d", c.body, got, c.status)
		}
	}
	var got []audit.Start
	for _, r := range exported(t, s.dir) {
		var a audit.Start
		if r.Kind == audit.KindRefused && json.Unmarshal(r.Body, &a) == nil {
			got = append(got, a)
		}
	}
	if len(got) != 3 {
		t.Fatalf("recorded %+v", got)
	}
	for i, want := range []audit.Start{
		{Code: "unauthenticated"}, // of a body that was not waited for
		{Code: "parameter_invalid", Principal: "wang", Agency: "MZ", Mode: "download"},
		{Code: "forbidden", Principal: "wang", Agency: "MZ", Purpose: "DB-HC", Mode: "interface"},
	} {
		g := got[i]
		if g.Code != want.Code || g.Principal != want.Principal || g.Agency != want.Agency || g.Purpose != want.Purpose || g.Mode != want.Mode || g.Query == "" || g.Client != "127.0.0.1" || g.Statement != "" {
			t.Errorf("recorded %+v, want %+v", g, want)
		}
	}
}

// The audit's own section decides where the log is and who signs.
func TestAuditSection(t *testing.T) {
	w := newWorld(t, "catalog: {store: \"sqlite://c.db\", second_factor: waived}\naudit: {folder: ./elsewhere, profile: gm, keep: 200d}\n")
	keepIn(t, w.cfg)
	w.open(t)
	files, err := filepath.Glob(filepath.Join(w.cfg.Dir, "elsewhere", "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"alg":"sm3"`) || AuditFolder(w.cfg) != filepath.Dir(files[0]) {
		t.Errorf("%s", data)
	}
	if AuditFolder(&config.Config{Dir: "/x"}) != "/x/lianji-audit" {
		t.Error("no folder of its own")
	}
}
