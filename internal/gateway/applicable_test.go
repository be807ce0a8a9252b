package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server/httpapi"
)

// After a refusal for an unknown name it is told what can be applied for: of what may be
// shared, what is not open. What is withheld reads like what was never there.
func TestApplicable(t *testing.T) {
	s := newSite(t, plain)
	s.apply(t, "ga", "resources:\n  公安.名册: {class: restricted, source: ga, schema: main, table: mingce, items: {id: 编号, zt: 状态}}\n  公安.人口: {class: restricted, source: ga, schema: main, table: renkou, items: {id: 编号, xm: 姓名, qx: 区, mm: 密码}}")
	s.apply(t, "ga", "grants: {公安.名册: []}")
	waitfor.True(t, 5*time.Second, "the change", func() bool {
		return s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT * FROM 公安.名册"}).StatusCode != 200
	})
	refused := func(login, sql string) string {
		t.Helper()
		r := s.ask(t, login, "application/json", map[string]any{"sql": sql})
		if r.StatusCode == 200 {
			t.Fatalf("%s: %s", sql, r.body)
		}
		return r.Header.Get(httpapi.QueryIDHeader)
	}
	offered := func(login, id string) (int, string) {
		t.Helper()
		r := s.send(t, login, http.MethodGet, "/v1/queries/"+id+"/applicable", "application/json", nil)
		var body struct {
			Resources json.RawMessage `json:"resources"`
		}
		if err := json.Unmarshal(r.body, &body); err != nil {
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
		return r.StatusCode, string(body.Resources)
	}
	none := s.send(t, "wang", http.MethodPost, "/v1/query", "application/json", []byte(`{"sql":"SELECT * FROM 公安.人口"}`))
	if none.StatusCode == 200 || !strings.Contains(string(none.body), "without a purpose") {
		t.Errorf("without a purpose: %d %s", none.StatusCode, none.body)
	}
	for sql, want := range map[string]string{
		"SELECT * FROM 公安.名册":           `[{"resource":"公安.名册","class":"restricted","items":[{"name":"id","title":"编号"},{"name":"zt","title":"状态"}]}]`,
		"SELECT mm FROM 公安.人口":          `[{"resource":"公安.人口","class":"restricted","items":[{"name":"mm","title":"密码"}]}]`,
		"SELECT nosuch FROM 公安.人口":      `[{"resource":"公安.人口","class":"restricted","items":[{"name":"mm","title":"密码"}]}]`,
		"SELECT * FROM 公安.密档":           `[]`, // withheld
		"SELECT * FROM 公安.无此表":          `[]`,
		"SELECT * FROM ga.main.renkou":  `[]`,
		"SELECT * FROM x -- 公安.名册":      `[]`,
		"SELECT '公安.名册' FROM x, 公安, 名册": `[]`,
		`SELECT * FROM "公安" . "名册"`:     `[{"resource":"公安.名册","class":"restricted","items":[{"name":"id","title":"编号"},{"name":"zt","title":"状态"}]}]`,
	} {
		if status, got := offered("bureau", refused("bureau", sql)); status != 404 || got != "" {
			t.Errorf("%s: one who may not ask gets %d %s", sql, status, got)
		}
		id := refused("wang", sql)
		if status, got := offered("wang", id); status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", sql, status, got, want)
		}
		if status, got := offered("li", id); status != 404 || got != "" {
			t.Errorf("%s: somebody else gets %d %s", sql, status, got)
		}
	}
	if status, _ := offered("wang", "nosuchquery"); status != 404 {
		t.Errorf("a query that never was: %d", status)
	}
	s.tokens["nobody"] = "lianji_nobody"
	if status, _ := offered("nobody", refused("wang", "SELECT * FROM 公安.名册")); status != 401 {
		t.Errorf("without a token that holds: %d", status)
	}
}
