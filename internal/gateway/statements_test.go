package gateway_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server/httpapi"
)

// later begins a statement, waits for its end, and gives where it is.
func (s *site) later(t *testing.T, login, sql string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"sql": sql, "purpose": "DB-HC"})
	if err != nil {
		t.Fatal(err)
	}
	r := s.send(t, login, http.MethodPost, "/v1/statements", "", body)
	if r.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	at := r.Header.Get("Location")
	waitfor.True(t, 10*time.Second, "its end", func() bool {
		var st httpapi.Statement
		r := s.send(t, login, http.MethodGet, at, "", nil)
		return json.Unmarshal(r.body, &st) == nil && st.State != "running"
	})
	return at
}

// A result is for whoever asked, and gone with the grant.
func TestStatementsWithoutWaiting(t *testing.T) {
	s := newPagedSite(t)
	const keyed = "SELECT count(*) FROM 公安.有键"
	at, other := s.later(t, "wang", keyed), s.later(t, "wang", "SELECT id, xm FROM 公安.人口 ORDER BY id")
	get := func(login, path string) reply {
		t.Helper()
		return s.send(t, login, http.MethodGet, path, "text/csv", nil)
	}
	if r := get("wang", at+"/result"); string(r.body) != "count_star()\r\n5\r\n" {
		t.Errorf("%d %q", r.StatusCode, r.body)
	}
	if r := get("wang", other+"/result?from=1&rows=1"); string(r.body) != "id,xm\r\n2,李**\r\n" {
		t.Errorf("%d %q", r.StatusCode, r.body)
	}
	for _, path := range []string{at, at + "/result", at + "/events"} {
		if r := get("li", path); r.StatusCode != http.StatusNotFound || !strings.Contains(string(r.body), "no such statement") {
			t.Errorf("li at %s: %d %s", path, r.StatusCode, r.body)
		}
	}
	// A token that is not for the purpose has nothing of it.
	limited, err := s.cat.NewToken(t.Context(), s.tokens["secadmin"], "wang", &catalog.Token{Purposes: []string{"DB-YL"}, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	s.tokens["limited"] = limited
	waitfor.True(t, 10*time.Second, "the token is known", func() bool {
		return s.send(t, "limited", http.MethodGet, "/v1/resources/openapi.json?purpose=DB-YL", "", nil).StatusCode == http.StatusOK
	})
	if r := get("limited", at+"/result"); r.StatusCode != http.StatusNotFound {
		t.Errorf("with a token for another purpose: %d %s", r.StatusCode, r.body)
	}
	if r := get("wang", at+"/result"); r.StatusCode != http.StatusOK {
		t.Errorf("the other token ended it: %d %s", r.StatusCode, r.body)
	}
	// One that is limited otherwise has what it asked itself, and the principal has that too.
	if s.tokens["counted"], err = s.cat.NewToken(t.Context(), s.tokens["secadmin"], "wang", &catalog.Token{PerMinute: 1000, Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 10*time.Second, "the token is known", func() bool { return get("counted", "/v1/statements").StatusCode == http.StatusOK })
	own := s.later(t, "counted", keyed)
	listed := func(login string) (at []string) {
		t.Helper()
		var list struct{ Statements []httpapi.Statement }
		if r := get(login, "/v1/statements"); json.Unmarshal(r.body, &list) != nil {
			t.Errorf("%d %s", r.StatusCode, r.body)
		}
		for _, st := range list.Statements {
			at = append(at, "/v1/statements/"+st.ID)
		}
		return at
	}
	if got := listed("counted"); !slices.Equal(got, []string{own}) {
		t.Errorf("a limited token lists %q, its own is %s", got, own)
	}
	if got := listed("wang"); !slices.Equal(got, []string{at, other, own}) {
		t.Errorf("wang lists %q", got)
	}
	for _, path := range []string{at, at + "/result", at + "/events"} {
		if r := get("counted", path); r.StatusCode != http.StatusNotFound {
			t.Errorf("a limited token at %s: %d %s", path, r.StatusCode, r.body)
		}
	}
	if r := s.send(t, "counted", http.MethodDelete, at, "", nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("a limited token ends what it did not ask: %d", r.StatusCode)
	}
	if r := s.send(t, "counted", http.MethodDelete, own, "", nil); r.StatusCode != http.StatusNoContent {
		t.Errorf("it ends its own: %d %s", r.StatusCode, r.body)
	}
	// What is granted since changes nothing.
	if r := s.ask(t, "ga", "application/json", map[string]any{"sql": "GRANT SELECT (id) ON 公安.下载 TO PRINCIPAL wang FOR PURPOSE 'DB-HC'"}); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	waitfor.True(t, 10*time.Second, "the grant is in force", func() bool { return s.read(t, "wang", "公安.下载", "").StatusCode == http.StatusOK })
	if r := get("wang", at+"/result"); string(r.body) != "count_star()\r\n5\r\n" {
		t.Errorf("after another grant: %d %q", r.StatusCode, r.body)
	}
	if r := s.ask(t, "ga", "application/json", map[string]any{"sql": "REVOKE ON 公安.有键 FROM PRINCIPAL wang"}); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if r := get("wang", at+"/result"); r.StatusCode != http.StatusGone || !strings.Contains(string(r.body), "revoked") {
		t.Errorf("after a revoke: %d %s", r.StatusCode, r.body)
	}
	if r := get("wang", at+"/result"); r.StatusCode != http.StatusNotFound {
		t.Errorf("once more: %d %s", r.StatusCode, r.body)
	}
	var list struct{ Statements []httpapi.Statement }
	if r := get("wang", "/v1/statements"); json.Unmarshal(r.body, &list) != nil || len(list.Statements) != 0 {
		t.Errorf("what is left: %s", r.body)
	}
	// A statement that is refused says so as it does where the client waits.
	failed := s.later(t, "wang", "SELECT * FROM 公安.没有")
	if r := get("wang", failed); !strings.Contains(string(r.body), `"state":"failed"`) || !strings.Contains(string(r.body), "unknown_name") || !strings.Contains(string(r.body), `"position"`) {
		t.Errorf("%s", r.body)
	}
	if r := get("wang", failed+"/result"); r.StatusCode == http.StatusOK || !strings.Contains(string(r.body), "unknown_name") {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
}
