package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/httpapi"
)

// catalogueOver is the catalogue over HTTP, as the door serves it.
type catalogueOver struct {
	*kept
	app *App
	url string
}

func newCatalogueOver(t *testing.T) *catalogueOver {
	t.Helper()
	k := newKept(t)
	a := k.over(t)
	s := httptest.NewServer(httpapi.New(httpapi.Options{Catalogue: a.catalogueDoor()}))
	t.Cleanup(s.Close)
	return &catalogueOver{k, a, s.URL}
}

type reply struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// send sends a request; headers come in pairs. The address may hold any name.
func (c *catalogueOver) send(t *testing.T, login, method, path, body string, headers ...string) reply {
	t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+"/v1/catalog/"+path, in)
	if err != nil {
		t.Fatal(err)
	}
	if login != "" {
		r.Header.Set("Authorization", "Bearer "+c.tokens[login])
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out.body); err != nil {
			t.Fatalf("%s %s: %s", method, path, text)
		}
	}
	if out.status >= 400 && (res.Header.Get("Content-Type") != "application/problem+json" || out.body["code"] == "" || out.body["title"] == "") {
		t.Errorf("%s %s: %d without a problem: %s", method, path, out.status, text)
	}
	return out
}

func keyed(parts ...string) string {
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// Objects are put by name: made, told as they are, made no second time, and changed by
// who knows their version.
func TestCatalogueObjects(t *testing.T) {
	c := newCatalogueOver(t)
	for _, o := range []struct{ login, path, body, other string }{
		{"bureau", keyed("agencies", "卫健"), `{"code": "WJ", "level": "city"}`, `{"code": "WJW", "level": "city"}`},
		{"bureau", keyed("purposes", "JC"), `{"name": "稽查", "basis": "办法"}`, `{"name": "稽查", "basis": "条例"}`},
		{"secadmin", keyed("principals", "li.si"), `{"agency": "民政", "roles": ["analyst"], "attributes": {"district": "和平区"}}`, `{"agency": "民政", "roles": ["analyst"], "disabled": true}`},
		{"sysadmin", keyed("sources", "mz"), `{"agency": "民政"}`, `{"agency": "公安"}`},
		{"ga", keyed("resources", "公安.车辆#表 1"), `{"class": "restricted", "source": "ga", "schema": "main", "table": "car", "items": [{"name": "hp", "title": "号牌"}, {"name": "cx"}]}`,
			`{"class": "unrestricted", "source": "ga", "schema": "main", "table": "car", "items": [{"name": "cx", "title": "车型"}]}`},
	} {
		if got := c.send(t, o.login, "GET", o.path, ""); got.status != 404 {
			t.Errorf("%s: %d before it is there", o.path, got.status)
		}
		if got := c.send(t, o.login, "PUT", o.path, o.body, "If-Match", `"1"`); got.status != 412 {
			t.Errorf("%s: %d for a version of nothing", o.path, got.status)
		}
		made := c.send(t, o.login, "PUT", o.path, o.body, "If-None-Match", "*")
		if made.status != 201 || made.header.Get("Location") != "/v1/catalog/"+o.path {
			t.Errorf("%s: %d %s %s", o.path, made.status, made.header.Get("Location"), made.text)
		}
		version, _ := c.Version(t.Context())
		again := c.send(t, o.login, "PUT", o.path, o.body)
		if again.status != 200 || again.text != made.text || again.header.Get("ETag") != made.header.Get("ETag") {
			t.Errorf("%s: again: %d %s", o.path, again.status, again.text)
		}
		if after, _ := c.Version(t.Context()); after != version {
			t.Errorf("%s: again changed something", o.path)
		}
		got := c.send(t, o.login, "GET", o.path, "")
		if got.status != 200 || got.text != made.text || got.header.Get("ETag") != made.header.Get("ETag") || got.header.Get("ETag") == "" {
			t.Errorf("%s: got %d %s", o.path, got.status, got.text)
		}
		for name, wrong := range map[string]struct {
			status  int
			headers []string
		}{
			"no version":    {428, nil},
			"another":       {412, []string{"If-Match", `"99"`}},
			"only if new":   {412, []string{"If-None-Match", "*"}},
			"no quotes":     {412, []string{"If-Match", "1"}},
			"weak, or none": {412, []string{"If-Match", `W/` + made.header.Get("ETag")}},
		} {
			if got := c.send(t, o.login, "PUT", o.path, o.other, wrong.headers...); got.status != wrong.status {
				t.Errorf("%s: %s: %d %s", o.path, name, got.status, got.text)
			}
		}
		changed := c.send(t, o.login, "PUT", o.path, o.other, "If-Match", made.header.Get("ETag"))
		if changed.status != 200 || changed.header.Get("ETag") == made.header.Get("ETag") || changed.text == made.text {
			t.Errorf("%s: changed: %d %s", o.path, changed.status, changed.text)
		}
		// The answer was lost: the same change again is done already.
		if again := c.send(t, o.login, "PUT", o.path, o.other, "If-Match", made.header.Get("ETag")); again.status != 200 || again.text != changed.text {
			t.Errorf("%s: the same change again: %d %s", o.path, again.status, again.text)
		}
		if got := c.send(t, o.login, "PUT", o.path, o.body, "If-Match", made.header.Get("ETag")); got.status != 412 {
			t.Errorf("%s: an old version: %d", o.path, got.status)
		}
		// What was read can be sent as it is, with its version in it.
		if same := c.send(t, o.login, "PUT", o.path, strings.TrimSpace(changed.text)); same.status != 200 || same.text != changed.text {
			t.Errorf("%s: as it was read: %d %s", o.path, same.status, same.text)
		}
		for _, method := range []string{"DELETE", "POST", "PATCH"} {
			if got := c.send(t, o.login, method, o.path, ""); got.status != 405 || got.header.Get("Allow") != "GET, PUT" {
				t.Errorf("%s %s: %d %q", method, o.path, got.status, got.header.Get("Allow"))
			}
		}
	}
	// A version in the body is one that is known.
	if got := c.send(t, "bureau", "PUT", keyed("agencies", "卫健"), `{"code": "WJ2", "level": "city", "version": 1}`); got.status != 412 {
		t.Errorf("an old version in the body: %d", got.status)
	}
	if got := c.send(t, "bureau", "PUT", keyed("agencies", "卫健"), `{"code": "WJ2", "level": "city", "version": 2}`); got.status != 200 || got.body["version"] != 3.0 {
		t.Errorf("a version in the body: %d %s", got.status, got.text)
	}
}

// A grant is the same, whether it comes over HTTP, as SQL or in a file; it is given once.
func TestCatalogueGrants(t *testing.T) {
	c := newCatalogueOver(t)
	c.apply(t, "ga", "grants: {公安.人口: []}")
	bodies := []string{
		`{"resource": "公安.人口", "agency": "民政", "items": {"xm": "clear", "sfzh": "masked id_no"}, "purposes": ["DB-HC"], "modes": ["interface"], "where": "qx = agency_district()", "until": "2099-06-30T08:00:00+08:00"}`,
		`{"resource": "公安.人口", "principal": "wang", "items": {"xm": "masked name", "QX": "clear"}, "purposes": ["DB-HC"], "modes": ["interface", "download"], "from": "2026-01-02T03:04:00Z", "hours": "08:00-18:30"}`,
		`{"resource": "公安.人口", "agency": "和平民政", "items": {"qx": "clear"}, "keys_to": ["MZ", "GA"], "purposes": ["DB-HC"], "modes": ["interface"]}`,
		`{"resource": "公安.人口", "agency": "民政", "items": {"xm": "masked left(xm, 1) || '*' as text", "sfzh": "token id_no"}, "purposes": ["DB-HC"], "modes": ["interface"]}`,
		`{"resource": "公安.人口", "agency": "民政", "items": {"qx": "clear"}, "keys_to": ["*"], "purposes": ["DB-HC"], "modes": ["interface"]}`,
	}
	for i, body := range bodies {
		made := c.send(t, "ga", "POST", "grants", body)
		if made.status != 201 || made.header.Get("Location") != "/v1/catalog/grants/"+made.body["id"].(string) {
			t.Fatalf("%s: %d %s", body, made.status, made.text)
		}
		first := c.stored(t)
		if again := c.send(t, "ga", "POST", "grants", body); again.status != 200 || again.text != made.text || len(c.stored(t)) != 1 {
			t.Errorf("again: %d %s", again.status, again.text)
		}
		path := keyed("grants", made.body["id"].(string))
		if got := c.send(t, "ga", "GET", path, ""); got.status != 200 || got.text != made.text {
			t.Errorf("got %d %s, made %s", got.status, got.text, made.text)
		}
		if got := c.send(t, "ga", "DELETE", path, "", "If-Match", `"7"`); got.status != 412 || len(c.stored(t)) != 1 {
			t.Errorf("another version: %d", got.status)
		}
		if got := c.send(t, "ga", "DELETE", path, "", "If-Match", made.header.Get("ETag")); got.status != 204 || len(c.stored(t)) != 0 {
			t.Errorf("deleted: %d %s", got.status, got.text)
		}
		if got := c.send(t, "ga", "DELETE", path, ""); got.status != 404 {
			t.Errorf("deleted again: %d", got.status)
		}
		c.must(t, c.app, "ga", waysToGrant[i].sql)
		if d := cmp.Diff(c.stored(t), first, append(asWritten, recent)...); d != "" {
			t.Errorf("%s\n(-SQL +HTTP) %s", body, d)
		}
		c.apply(t, "ga", "grants: {公安.人口: []}")
	}
}

// With a key the same request gets the same answer and makes nothing more, whatever came
// in between; another request with the key is refused. A key is its sender's.
func TestCatalogueKeys(t *testing.T) {
	c := newCatalogueOver(t)
	c.apply(t, "ga", "grants: {公安.人口: []}")
	c.apply(t, "secadmin", "principals: {ga2: {agency: 公安, roles: [leader]}}")
	c.token(t, "ga2", &catalog.Token{})
	const body = `{"resource": "公安.人口", "agency": "民政", "items": {"xm": "clear"}, "purposes": ["DB-HC"], "modes": ["interface"]}`
	key := []string{"Idempotency-Key", "a-1"}
	made := c.send(t, "ga", "POST", "grants", body, key...)
	if made.status != 201 {
		t.Fatalf("%d %s", made.status, made.text)
	}
	if again := c.send(t, "ga", "POST", "grants", body, key...); again.status != 201 || again.text != made.text || again.header.Get("Location") != made.header.Get("Location") {
		t.Errorf("again: %d %s", again.status, again.text)
	}
	if other := c.send(t, "ga", "POST", "grants", strings.Replace(body, "xm", "qx", 1), key...); other.status != 409 || len(c.stored(t)) != 1 {
		t.Errorf("another request: %d %s", other.status, other.text)
	}
	if token := c.send(t, "ga", "POST", "tokens", `{"principal": "ga", "expires": "`+soon()+`"}`, key...); token.status != 409 {
		t.Errorf("a request of another kind: %d %s", token.status, token.text)
	}
	c.send(t, "ga", "DELETE", keyed("grants", made.body["id"].(string)), "")
	if again := c.send(t, "ga", "POST", "grants", body, key...); again.status != 201 || again.text != made.text || len(c.stored(t)) != 0 {
		t.Errorf("after it was taken back: %d %s, %d grants", again.status, again.text, len(c.stored(t)))
	}
	if other := c.send(t, "ga2", "POST", "grants", body, key...); other.status != 201 || len(c.stored(t)) != 1 || other.body["granted_by"] != "ga2" {
		t.Errorf("another's key: %d %s", other.status, other.text)
	}
	// One that finds the grant there remembers that too.
	there := c.send(t, "ga", "POST", "grants", body, "Idempotency-Key", "a-2")
	if there.status != 200 {
		t.Errorf("there: %d", there.status)
	}
	if other := c.send(t, "ga", "POST", "grants", strings.Replace(body, "xm", "qx", 1), "Idempotency-Key", "a-2"); other.status != 409 {
		t.Errorf("another request: %d", other.status)
	}
	for _, wrong := range []string{" ", "ä", strings.Repeat("x", 129)} {
		if got := c.send(t, "ga", "POST", "grants", body, "Idempotency-Key", wrong); got.status != 400 {
			t.Errorf("key %q: %d", wrong, got.status)
		}
	}
	// Who may no longer grant gets no old answers.
	c.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [cataloguer]}}")
	if got := c.send(t, "ga", "POST", "grants", body, key...); got.status != 403 {
		t.Errorf("without the role: %d %s", got.status, got.text)
	}
	// Many at once make one.
	c.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [leader]}}")
	c.apply(t, "ga", "grants: {公安.人口: []}")
	var mu sync.Mutex
	texts := map[string]bool{}
	g := safego.Group{}
	for range 4 {
		g.Go(func() error {
			got := c.send(t, "ga", "POST", "grants", body, "Idempotency-Key", "many")
			mu.Lock()
			defer mu.Unlock()
			texts[got.text] = true
			return nil
		})
	}
	if err := g.Wait(); err != nil || len(texts) != 1 || len(c.stored(t)) != 1 {
		t.Errorf("%v, %d answers, %d grants", err, len(texts), len(c.stored(t)))
	}
}

func soon() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

// A token is shown once; it is listed and ended by whose it is and the security
// administrator.
func TestCatalogueTokens(t *testing.T) {
	c := newCatalogueOver(t)
	c.token(t, "wang", &catalog.Token{})
	body := `{"principal": "wang", "label": "x", "purposes": ["DB-HC"], "modes": ["interface"], "expires": "` + soon() + `"}`
	made := c.send(t, "wang", "POST", "tokens", body, "Idempotency-Key", "k")
	text, _ := made.body["token"].(string)
	if made.status != 201 || !strings.HasPrefix(text, "lianji_") {
		t.Fatalf("%d %s", made.status, made.text)
	}
	again := c.send(t, "wang", "POST", "tokens", body, "Idempotency-Key", "k")
	if again.status != 201 || again.body["id"] != made.body["id"] || again.body["token"] != nil {
		t.Errorf("again: %d %s", again.status, again.text)
	}
	path := keyed("tokens", made.body["id"].(string))
	for _, login := range []string{"wang", "secadmin", "auditor"} {
		if got := c.send(t, login, "GET", path, ""); got.status != 200 || strings.Contains(got.text, text) || got.body["principal"] != "wang" {
			t.Errorf("%s: %d %s", login, got.status, got.text)
		}
	}
	for _, login := range []string{"ga", "bureau", "sysadmin"} {
		if got := c.send(t, login, "GET", path, ""); got.status != 404 {
			t.Errorf("%s sees another's token: %d", login, got.status)
		}
		if got := c.send(t, login, "DELETE", path, ""); got.status != 404 {
			t.Errorf("%s ends another's token: %d", login, got.status)
		}
		if got := c.send(t, login, "POST", "tokens", body); got.status != 403 {
			t.Errorf("%s makes another's token: %d", login, got.status)
		}
		if got := c.send(t, login, "POST", "tokens", strings.Replace(body, "wang", "nobody", 1)); got.status != 403 {
			t.Errorf("%s makes nobody's token: %d", login, got.status)
		}
	}
	if got := c.send(t, "auditor", "DELETE", path, ""); got.status != 403 {
		t.Errorf("the auditor ends a token: %d", got.status)
	}
	// A limited token is for statements.
	c.tokens["limited"] = text
	if got := c.send(t, "limited", "GET", "grants", ""); got.status != 401 || got.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("a limited token: %d", got.status)
	}
	if got := c.send(t, "wang", "DELETE", path, ""); got.status != 204 {
		t.Errorf("ended: %d %s", got.status, got.text)
	}
	if got := c.send(t, "wang", "GET", path, ""); got.status != 200 || got.body["revoked"] == nil {
		t.Errorf("after its end: %d %s", got.status, got.text)
	}
	version, _ := c.Version(t.Context())
	if got := c.send(t, "secadmin", "DELETE", path, ""); got.status != 204 {
		t.Errorf("ended again: %d", got.status)
	}
	if after, _ := c.Version(t.Context()); after != version {
		t.Error("a token was ended twice")
	}
	for _, wrong := range []string{`{"principal": "wang", "expires": "tomorrow"}`, `{"principal": "wang", "expires": "2001-01-01T00:00:00Z"}`, `{"principal": "wang"}`, `{"principal": "wang", "expires": "` + soon() + `", "token": "lianji_x"}`} {
		if got := c.send(t, "wang", "POST", "tokens", wrong); got.status != 400 {
			t.Errorf("%s: %d", wrong, got.status)
		}
	}
}

// Each sees of the catalogue what is theirs to keep or to use.
func TestCatalogueSights(t *testing.T) {
	c := newCatalogueOver(t)
	c.apply(t, "bureau", "purposes: {JC: {name: 稽查, basis: 办法}}")
	c.apply(t, "sysadmin", "sources: {mz: 民政}")
	c.apply(t, "secadmin", "principals: {mz: {agency: 民政, roles: [leader, cataloguer]}, hp: {agency: 和平民政, roles: [analyst]}}")
	for _, login := range []string{"mz", "hp", "wang"} {
		c.token(t, login, &catalog.Token{})
	}
	c.apply(t, "mz", "resources: {民政.低保: {class: restricted, source: mz, schema: main, table: dibao, items: {je: 金额}}}")
	list := func(login, kind string) string {
		got := c.send(t, login, "GET", kind, "")
		if got.status != 200 {
			t.Fatalf("%s %s: %d %s", login, kind, got.status, got.text)
		}
		var names []string
		for _, o := range got.body[kind].([]any) {
			for _, member := range []string{"login", "code", "resource", "name"} {
				if name, ok := o.(map[string]any)[member].(string); ok {
					names = append(names, name)
					break
				}
			}
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	for _, s := range []struct{ login, kind, want string }{
		{"bureau", "agencies", "DSJ GA HP MZ"},
		{"ga", "agencies", "DSJ GA HP MZ"},
		{"sysadmin", "agencies", "DSJ GA HP MZ"},
		{"wang", "agencies", "GA MZ"},
		{"hp", "agencies", "HP"},
		{"ga", "purposes", "DB-HC JC"},
		{"wang", "purposes", "DB-HC"},
		{"hp", "purposes", ""},
		{"secadmin", "principals", "auditor bureau ga hp mz secadmin sysadmin wang"},
		{"mz", "principals", "mz wang"},
		{"wang", "principals", "wang"},
		{"sysadmin", "principals", "sysadmin"},
		{"sysadmin", "sources", "ga mz"},
		{"mz", "sources", "mz"},
		{"wang", "sources", ""},
		{"auditor", "resources", "公安.人口 民政.低保"},
		{"ga", "resources", "公安.人口"},
		{"wang", "resources", "公安.人口"},
		{"hp", "resources", ""},
		{"sysadmin", "resources", ""},
		{"ga", "grants", "公安.人口 公安.人口"},
		{"wang", "grants", "公安.人口 公安.人口"},
		{"mz", "grants", "公安.人口"},
		{"hp", "grants", ""},
		{"sysadmin", "grants", ""},
	} {
		if got := list(s.login, s.kind); got != s.want {
			t.Errorf("%s sees of %s: %q, want %q", s.login, s.kind, got, s.want)
		}
	}
	for path, want := range map[string]map[string]int{
		keyed("resources", "民政.低保"): {"mz": 200, "ga": 404, "wang": 404, "auditor": 200},
		keyed("agencies", "公安"):     {"hp": 404, "wang": 200},
		keyed("purposes", "JC"):     {"hp": 404, "wang": 404, "mz": 200},
		keyed("principals", "mz"):   {"wang": 404, "mz": 200},
		keyed("sources", "mz"):      {"wang": 404, "mz": 200},
		keyed("grants", c.stored(t)[0].ID): {
			"hp": 404, "ga": 200, "sysadmin": 404,
		},
	} {
		for login, status := range want {
			if got := c.send(t, login, "GET", path, ""); got.status != status {
				t.Errorf("%s: %s: %d, want %d", login, path, got.status, status)
			}
		}
	}
	hidden := keyed("grants", c.stored(t)[0].ID)
	for login, status := range map[string]int{"hp": 404, "sysadmin": 404, "wang": 403, "auditor": 403} {
		if got := c.send(t, login, "DELETE", hidden, ""); got.status != status {
			t.Errorf("%s takes back: %d, want %d", login, got.status, status)
		}
	}
	// Of what is open to somebody neither filter nor masks nor place are told, nor the
	// items that are not granted.
	seen := c.send(t, "mz", "GET", keyed("resources", "公安.人口"), "")
	if d := cmp.Diff(map[string]any{"name": "公安.人口", "items": []any{map[string]any{"name": "xm", "title": "姓名"}, map[string]any{"name": "sfzh", "title": "身份证号"}}}, seen.body); d != "" {
		t.Error(d)
	}
	grants := c.send(t, "mz", "GET", "grants", "")
	if strings.Contains(grants.text, "agency_district") || strings.Contains(grants.text, "masked name") || strings.Contains(grants.text, "granted_by") || !strings.Contains(grants.text, "‹row filter›") {
		t.Errorf("a grantee sees %s", grants.text)
	}
	if got := c.send(t, "wang", "PUT", keyed("resources", "民政.低保"), `{"items": []}`); got.status != 403 {
		t.Errorf("what is not there is changed: %d", got.status)
	}
}

// What is no request is refused with what to do, and nothing is changed by it.
func TestCatalogueRefuses(t *testing.T) {
	c := newCatalogueOver(t)
	before, _ := c.Version(t.Context())
	agency := keyed("agencies", "卫健")
	for name, r := range map[string]struct {
		login, method, path, body string
		headers                   []string
		status                    int
	}{
		"no token":         {"", "GET", "agencies", "", nil, 401},
		"no such token":    {"nobody", "GET", "agencies", "", nil, 401},
		"no role":          {"ga", "PUT", agency, `{"code": "WJ", "level": "city"}`, nil, 403},
		"another's":        {"ga", "PUT", keyed("resources", "民政.人口"), `{"class": "restricted", "source": "ga", "schema": "main", "table": "t", "items": [{"name": "a"}]}`, nil, 403},
		"a grant":          {"bureau", "POST", "grants", `{"resource": "公安.人口", "agency": "民政", "items": {"xm": "clear"}, "purposes": ["DB-HC"], "modes": ["interface"]}`, nil, 403},
		"no JSON":          {"bureau", "PUT", agency, `{"code"`, nil, 400},
		"two":              {"bureau", "PUT", agency, `{"code": "WJ", "level": "city"} {}`, nil, 400},
		"a list":           {"bureau", "PUT", agency, `[]`, nil, 400},
		"unknown":          {"bureau", "PUT", agency, `{"code": "WJ", "level": "city", "colour": "red"}`, nil, 400},
		"another case":     {"bureau", "PUT", agency, `{"Code": "WJ", "level": "city"}`, nil, 400},
		"unknown inside":   {"ga", "PUT", keyed("resources", "公安.x"), `{"class": "restricted", "source": "ga", "schema": "main", "table": "t", "items": [{"name": "a", "type": "int"}]}`, nil, 400},
		"twice":            {"bureau", "PUT", agency, `{"code": "WJ", "code": "XX", "level": "city"}`, nil, 400},
		"null":             {"bureau", "PUT", agency, `{"code": null, "level": "city"}`, nil, 400},
		"a number":         {"bureau", "PUT", agency, `{"code": 1, "level": "city"}`, nil, 400},
		"an object":        {"bureau", "PUT", agency, `{"code": {}, "level": "city"}`, nil, 400},
		"half a character": {"bureau", "PUT", agency, `{"code": "\ud800", "level": "city"}`, nil, 400},
		"another name":     {"bureau", "PUT", agency, `{"name": "x", "code": "WJ", "level": "city"}`, nil, 400},
		"a wrong level":    {"bureau", "PUT", agency, `{"code": "WJ", "level": "town"}`, nil, 400},
		"no parent":        {"bureau", "PUT", agency, `{"code": "WJ", "level": "district", "parent": "无"}`, nil, 400},
		"an item twice":    {"ga", "PUT", keyed("resources", "公安.x"), `{"class": "restricted", "source": "ga", "schema": "main", "table": "t", "items": [{"name": "a"}, {"name": "A"}]}`, nil, 400},
		"no content type":  {"bureau", "PUT", agency, `{"code": "WJ", "level": "city"}`, []string{"Content-Type", "text/plain"}, 415},
		"too large":        {"bureau", "PUT", agency, `{"code": "` + strings.Repeat("x", 5<<20) + `", "level": "city"}`, nil, 413},
		"no such item":     {"ga", "POST", "grants", `{"resource": "公安.人口", "agency": "民政", "items": {"no": "clear"}, "purposes": ["DB-HC"], "modes": ["interface"]}`, nil, 400},
		"no such resource": {"ga", "POST", "grants", `{"resource": "公安.无", "agency": "民政", "items": {"no": "clear"}, "purposes": ["DB-HC"], "modes": ["interface"]}`, nil, 400},
		"read only":        {"ga", "POST", "grants", `{"id": "x", "resource": "公安.人口", "agency": "民政", "items": {"xm": "clear"}, "purposes": ["DB-HC"], "modes": ["interface"]}`, nil, 400},
		"a limit":          {"ga", "GET", "grants?limit=0", "", nil, 400},
		"a large limit":    {"ga", "GET", "grants?limit=1001", "", nil, 400},
		"another filter":   {"ga", "GET", "agencies?resource=x", "", nil, 400},
		"twice asked":      {"ga", "GET", "grants?limit=1&limit=2", "", nil, 400},
		"another address":  {"ga", "GET", "people", "", nil, 404},
		"deeper":           {"ga", "GET", "grants/a/b", "", nil, 404},
		"another method":   {"ga", "DELETE", "grants", "", nil, 405},
	} {
		if got := c.send(t, r.login, r.method, r.path, r.body, r.headers...); got.status != r.status {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.text, r.status)
		}
	}
	if after, _ := c.Version(t.Context()); after != before {
		t.Error("something was changed")
	}
}

// A list is given in parts, and grants of one resource apart.
func TestCatalogueLists(t *testing.T) {
	c := newCatalogueOver(t)
	first := c.send(t, "ga", "GET", "grants?limit=1", "")
	next, _ := first.body["next"].(string)
	if len(first.body["grants"].([]any)) != 1 || next == "" {
		t.Fatalf("got %s", first.text)
	}
	second := c.send(t, "ga", "GET", "grants?limit=1&after="+url.QueryEscape(next), "")
	if len(second.body["grants"].([]any)) != 1 || second.text == first.text {
		t.Errorf("got %s", second.text)
	}
	last := c.send(t, "ga", "GET", "grants?limit=1&after="+url.QueryEscape(second.body["next"].(string)), "")
	if len(last.body["grants"].([]any)) != 0 || last.body["next"] != nil {
		t.Errorf("got %s", last.text)
	}
	for resource, n := range map[string]int{"公安.人口": 2, "公安.无": 0} {
		if got := c.send(t, "ga", "GET", "grants?resource="+url.QueryEscape(resource), ""); len(got.body["grants"].([]any)) != n {
			t.Errorf("%s: %s", resource, got.text)
		}
	}
}
