package app

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/servertest"
)

// guarded is gateways on one store that demand second factors, with one clock for codes.
type guarded struct {
	*kept
	dir  string
	urls []string
	apps []*App
	now  atomic.Int64 // nanoseconds since 1970
}

func (g *guarded) clock() time.Time { return time.Unix(0, g.now.Load()) }

// next goes on to codes that were not used yet.
func (g *guarded) next() { g.now.Add(int64(30 * time.Second)) }

// guard fills a store as one that demands nothing, and opens gateways on it that do.
func guard(t *testing.T, address string, gateways int) *guarded {
	t.Helper()
	w := newWorld(t, fmt.Sprintf("catalog: {store: %q}\nlisten: {http: \"127.0.0.1:0\"}\n", address))
	if w.cfg.FactorWaived {
		t.Fatal("it is waived by default")
	}
	w.cfg.FactorWaived = true
	g := &guarded{kept: keepIn(t, w.cfg), dir: w.cfg.Dir}
	g.now.Store(time.Now().Truncate(time.Minute).UnixNano())
	demanding := *w.cfg
	demanding.FactorWaived = false
	for i := range gateways {
		own := demanding
		own.Audit.Folder = filepath.Join(w.cfg.Dir, fmt.Sprint(i), audit.FolderName)
		if err := os.Mkdir(filepath.Dir(own.Audit.Folder), 0o700); err != nil {
			t.Fatal(err)
		}
		a, err := Open(t.Context(), &own, w.options)
		if err != nil {
			t.Fatal(err)
		}
		a.identity.Now = g.clock
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
		g.urls, g.apps = append(g.urls, door.URL()), append(g.apps, a)
	}
	return g
}

// call sends an object to a gateway, and gives the status and the answer's texts.
func (g *guarded) call(t *testing.T, gateway int, token, method, path string, body any) (int, map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, g.urls[gateway]+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
		}
	}
	return res.StatusCode, out
}

// seen waits until every gateway knows what the store says of somebody's factor.
func (g *guarded) seen(t *testing.T, login string, there bool) {
	t.Helper()
	for _, a := range g.apps {
		waitfor.True(t, 10*time.Second, "the factor", func() bool {
			state, err := a.authority.State()
			if err != nil {
				return false
			}
			p, _ := state.Login(login)
			_, is := state.Factor(p.ID)
			return is == there
		})
	}
}

// enrol sets a second factor over a gateway, and confirms it at the last one.
func (g *guarded) enrol(t *testing.T, login string) servertest.Authenticator {
	t.Helper()
	status, e := g.call(t, 0, g.tokens[login], "POST", "/v1/catalog/factor", struct{}{})
	if status != 200 {
		t.Fatalf("%s: %d %v", login, status, e)
	}
	a := servertest.Scan(t, e["uri"].(string))
	last := len(g.urls) - 1
	if status, answer := g.call(t, last, g.tokens[login], "PUT", "/v1/catalog/factor", map[string]any{"ticket": e["ticket"], "code": a.At(g.clock())}); status != 204 {
		t.Fatalf("%s: %d %v", login, status, answer)
	}
	g.seen(t, login, true)
	g.next()
	return a
}

// session begins one with a code at a gateway.
func (g *guarded) session(t *testing.T, gateway int, token, code string) (string, int) {
	t.Helper()
	status, answer := g.call(t, gateway, token, "POST", "/v1/sessions", map[string]string{"code": code})
	text, _ := answer["token"].(string)
	return text, status
}

// acts are what those do who decide over others, by every way over HTTP.
var acts = []struct {
	login, method, path string
	body                any
}{
	{"secadmin", "PUT", "/v1/catalog/principals/li", map[string]any{"agency": "民政", "roles": []string{"analyst"}}},
	{"secadmin", "POST", "/v1/catalog/tokens", map[string]any{"principal": "wang", "expires": "2026-12-31T00:00:00Z"}},
	{"secadmin", "DELETE", "/v1/catalog/principals/ga/factor", nil},
	{"secadmin", "PUT", "/v1/catalog/principals/wang/password", map[string]any{"password": wangsPassword}},
	{"secadmin", "DELETE", "/v1/catalog/principals/wang/password", nil},
	{"ga", "PUT", "/v1/catalog/principals/ga/password", map[string]any{"password": wangsPassword}},
	{"secadmin", "GET", "/v1/catalog/tokens", nil},
	{"ga", "POST", "/v1/catalog/tokens", map[string]any{"principal": "ga", "expires": "2026-12-31T00:00:00Z"}},
	{"ga", "POST", "/v1/catalog/grants", map[string]any{"resource": "公安.人口", "agency": "民政", "items": map[string]string{"qx": "clear"}, "purposes": []string{"DB-HC"}, "modes": []string{"interface"}}},
	{"ga", "GET", "/v1/catalog/grants", nil},
	{"bureau", "PUT", "/v1/catalog/purposes/DB-2", map[string]any{"name": "二", "basis": "办法"}},
	{"sysadmin", "PUT", "/v1/catalog/sources/mz", map[string]any{"agency": "民政"}},
	{"auditor", "GET", "/v1/catalog/principals", nil},
	{"sh", "GET", "/v1/catalog/resources", nil},
}

// Whoever decides over others does nothing with a token alone, and everything with a
// session that began with a code; who only asks needs none.
func TestFactorOverTheDoor(t *testing.T) {
	g := guard(t, "sqlite://c.db", 1)
	g.apply(t, "secadmin", "principals: {sh: {agency: 公安, roles: [reviewer]}}")
	g.token(t, "sh", &catalog.Token{})
	g.token(t, "wang", &catalog.Token{})
	for _, a := range acts {
		if status, answer := g.call(t, 0, g.tokens[a.login], a.method, a.path, a.body); status != 403 || !strings.Contains(fmt.Sprint(answer), "factor") {
			t.Errorf("%s %s %s with a token: %d %v", a.login, a.method, a.path, status, answer)
		}
	}
	if status, answer := g.call(t, 0, g.tokens["wang"], "GET", "/v1/catalog/grants", nil); status != 200 {
		t.Errorf("who only asks: %d %v", status, answer)
	}
	session := func(login string) server.Session {
		t.Helper()
		if err := g.apps[0].authority.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := g.apps[0].Session(t.Context(), server.Asker{Token: g.tokens[login], Mode: catalog.Interface})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	statements := []string{"GRANT SELECT (xm) ON 公安.人口 TO PRINCIPAL wang FOR PURPOSE 'DB-HC'", "REVOKE ON 公安.人口 FROM PRINCIPAL wang", "SHOW GRANTS"}
	for _, text := range statements {
		if _, err := session("ga").Grants(t.Context(), session("ga"), text); errs.CodeOf(err) != errs.Forbidden || errs.From(err).ID != "factor_needed" {
			t.Errorf("%s with a token: %v", text, err)
		}
	}
	if _, err := session("wang").Grants(t.Context(), session("wang"), "SHOW GRANTS"); err != nil {
		t.Errorf("who only asks: %v", err)
	}
	for _, login := range []string{"secadmin", "ga", "bureau", "sysadmin", "auditor", "sh"} {
		a := g.enrol(t, login)
		token, status := g.session(t, 0, g.tokens[login], a.At(g.clock()))
		if status != 201 {
			t.Fatalf("%s: %d", login, status)
		}
		if _, status := g.session(t, 0, g.tokens[login], a.At(g.clock())); status != 401 {
			t.Errorf("%s: a code twice: %d", login, status)
		}
		g.tokens["bare "+login], g.tokens[login] = g.tokens[login], token
	}
	for _, text := range statements {
		if _, err := session("ga").Grants(t.Context(), session("ga"), text); err != nil {
			t.Errorf("%s with a code: %v", text, err)
		}
	}
	for _, a := range acts {
		if a.method == "DELETE" {
			continue // it ends ga's session, below
		}
		if status, answer := g.call(t, 0, g.tokens[a.login], a.method, a.path, a.body); status >= 300 {
			t.Errorf("%s %s %s with a code: %d %v", a.login, a.method, a.path, status, answer)
		}
		if status, _ := g.call(t, 0, g.tokens["bare "+a.login], a.method, a.path, a.body); status != 403 {
			t.Errorf("%s %s %s with the token beside the session: %d", a.login, a.method, a.path, status)
		}
	}
	// Who gets such a role needs a factor from then on.
	g.apply(t, "secadmin", "principals: {wang: {agency: 民政, roles: [analyst, leader]}}")
	if status, _ := g.call(t, 0, g.tokens["wang"], "GET", "/v1/catalog/grants", nil); status != 403 {
		t.Errorf("wang is a leader by now: %d", status)
	}
	// The security administrator takes a factor away, and nobody else; what had it ends, and
	// its owner sets another one.
	for by, want := range map[string]int{"ga": 403, "bureau": 403, "sysadmin": 403, "auditor": 403, "sh": 403, "wang": 403} {
		if status, _ := g.call(t, 0, g.tokens[by], "DELETE", "/v1/catalog/principals/bureau/factor", nil); status != want {
			t.Errorf("%s takes the bureau's factor away: %d", by, status)
		}
	}
	if status, _ := g.call(t, 0, g.tokens["secadmin"], "DELETE", "/v1/catalog/principals/nobody/factor", nil); status != 403 {
		t.Errorf("nobody's: %d", status)
	}
	if status, answer := g.call(t, 0, g.tokens["secadmin"], "DELETE", "/v1/catalog/principals/ga/factor", nil); status != 204 {
		t.Fatalf("the security administrator: %d %v", status, answer)
	}
	g.seen(t, "ga", false)
	if status, _ := g.call(t, 0, g.tokens["ga"], "GET", "/v1/catalog/grants", nil); status != 401 {
		t.Errorf("the session after the reset: %d", status)
	}
	g.tokens["ga"] = g.tokens["bare ga"]
	if _, status := g.session(t, 0, g.tokens["ga"], "123456"); status != 403 {
		t.Errorf("without a factor: %d", status)
	}
	g.enrol(t, "ga")
	for _, want := range []string{"factor_add by ga", "factor_revoke by secadmin", "factor_add by auditor"} {
		waitfor.True(t, 10*time.Second, want, func() bool {
			return slices.ContainsFunc(exported(t, filepath.Join(g.dir, "0")), func(r audit.Record) bool {
				var a audit.Act
				return json.Unmarshal(r.Body, &a) == nil && a.Action+" by "+a.Principal == want
			})
		})
	}
}

// Nobody sets another's factor, nor their own in the place of one that they have not shown.
func TestEnrolmentOverTheDoor(t *testing.T) {
	g := guard(t, "sqlite://c.db", 1)
	_, of := g.call(t, 0, g.tokens["secadmin"], "POST", "/v1/catalog/factor", struct{}{})
	sec := servertest.Scan(t, of["uri"].(string))
	confirm := func(token string, ticket any, code string) (int, string) {
		status, answer := g.call(t, 0, token, "PUT", "/v1/catalog/factor", map[string]any{"ticket": ticket, "code": code})
		return status, fmt.Sprint(answer["code"])
	}
	if status, code := confirm(g.tokens["ga"], of["ticket"], sec.At(g.clock())); status != 400 {
		t.Errorf("another's ticket: %d %s", status, code)
	}
	if status, code := confirm(g.tokens["secadmin"], of["ticket"], sec.At(g.clock().Add(time.Hour))); status != 400 {
		t.Errorf("another code: %d %s", status, code)
	}
	whole := g.tokens["secadmin"]
	limited := g.token(t, "secadmin", &catalog.Token{Modes: []catalog.Mode{catalog.Interface}})
	g.tokens["secadmin"] = whole
	for what, token := range map[string]string{"limited": limited, "nobody's": "lianji_x", "no": ""} {
		if status, _ := g.call(t, 0, token, "POST", "/v1/catalog/factor", struct{}{}); status != 401 {
			t.Errorf("%s token begins: %d", what, status)
		}
		if status, _ := confirm(token, of["ticket"], sec.At(g.clock())); status != 401 {
			t.Errorf("%s token confirms: %d", what, status)
		}
	}
	g.now.Add(int64(11 * time.Minute))
	if status, _ := confirm(g.tokens["secadmin"], of["ticket"], sec.At(g.clock())); status != 400 {
		t.Errorf("too late: %d", status)
	}
	first := g.enrol(t, "secadmin")
	if status, _ := g.call(t, 0, g.tokens["secadmin"], "POST", "/v1/catalog/factor", struct{}{}); status != 403 {
		t.Errorf("a second one with the token alone: %d", status)
	}
	session, _ := g.session(t, 0, g.tokens["secadmin"], first.At(g.clock()))
	status, again := g.call(t, 0, session, "POST", "/v1/catalog/factor", struct{}{})
	if status != 200 {
		t.Fatalf("a second one with the first: %d", status)
	}
	second := servertest.Scan(t, again["uri"].(string))
	if status, _ := confirm(g.tokens["secadmin"], again["ticket"], second.At(g.clock())); status != 403 {
		t.Errorf("it is confirmed with the token alone: %d", status)
	}
	if status, _ := confirm(session, again["ticket"], second.At(g.clock())); status != 204 {
		t.Errorf("it is confirmed: %d", status)
	}
	if status, _ := g.call(t, 0, session, "GET", "/v1/catalog/tokens", nil); status != 401 {
		t.Errorf("the session of the first goes on: %d", status)
	}
	g.next()
	if err := g.apps[0].authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, status := g.session(t, 0, g.tokens["secadmin"], first.At(g.clock())); status != 401 {
		t.Errorf("a code of the first: %d", status)
	}
	if _, status := g.session(t, 0, g.tokens["secadmin"], second.At(g.clock())); status != 201 {
		t.Errorf("a code of the second: %d", status)
	}
}

// A password and a code begin a session together, at doors that know both.
func TestFactorBesidePassword(t *testing.T) {
	g := guard(t, "sqlite://c.db", 1)
	if err := g.SetPassword(t.Context(), g.tokens["secadmin"], "ga", wangsPassword); err != nil {
		t.Fatal(err)
	}
	a := g.enrol(t, "ga")
	begin := func(body map[string]string) (string, int) {
		status, answer := g.call(t, 0, "", "POST", "/v1/sessions", body)
		text, _ := answer["token"].(string)
		return text, status
	}
	if _, status := begin(map[string]string{"login": "ga", "password": wangsPassword, "code": "000000"}); status != 401 {
		t.Errorf("a wrong code: %d", status)
	}
	if _, status := begin(map[string]string{"login": "ga", "password": nextPassword, "code": a.At(g.clock())}); status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
	alone, status := begin(map[string]string{"login": "ga", "password": wangsPassword})
	if status != 201 {
		t.Fatalf("a password alone: %d", status)
	}
	if status, _ := g.call(t, 0, alone, "GET", "/v1/catalog/grants", nil); status != 403 {
		t.Errorf("acts with a password alone: %d", status)
	}
	both, status := begin(map[string]string{"login": "ga", "password": wangsPassword, "code": a.At(g.clock())})
	if status != 201 {
		t.Fatalf("both: %d", status)
	}
	if status, _ := g.call(t, 0, both, "GET", "/v1/catalog/grants", nil); status != 200 {
		t.Errorf("acts with both: %d", status)
	}
	for _, body := range []map[string]string{{"login": "ga", "code": "123456"}, {"code": "123456"}, {}} {
		if _, status := begin(body); status != 400 {
			t.Errorf("%v: %d", body, status)
		}
	}
	for _, body := range []map[string]string{{"login": "ga", "password": wangsPassword, "code": "123456"}, {"login": "ga", "password": wangsPassword}, {}} {
		if status, _ := g.call(t, 0, g.tokens["ga"], "POST", "/v1/sessions", body); status != 400 {
			t.Errorf("with a token %v: %d", body, status)
		}
	}
	// Neither codes nor secrets are in the log or at hand in the store.
	secret := strings.TrimRight(base32.StdEncoding.EncodeToString(a), "=")
	for _, file := range []string{"c.db", "c.db-wal"} {
		text, err := os.ReadFile(filepath.Join(g.dir, file))
		if err == nil && (bytes.Contains(text, []byte(secret)) || bytes.Contains(text, a)) {
			t.Errorf("%s has the secret", file)
		}
	}
	for _, r := range exported(t, filepath.Join(g.dir, "0")) {
		for _, said := range []string{secret, "000000", a.At(g.clock())} {
			if strings.Contains(string(r.Body), said) {
				t.Errorf("the log says %s", r.Body)
			}
		}
	}
}

// Two gateways on one store take a code once between them, and count what is wrong
// together; each takes the other's sessions.
func TestFactorOverTwoGateways(t *testing.T) {
	for what, address := range map[string]string{"sqlite": "sqlite://c.db", "postgres": testpg.Start(t).Database(t).Admin} {
		t.Run(what, func(t *testing.T) {
			g := guard(t, address, 2)
			a := g.enrol(t, "ga")
			var won atomic.Int64
			var done []<-chan error
			code := a.At(g.clock())
			sessions := make([]string, 8)
			for i := range sessions {
				done = append(done, safego.Run(func() error {
					text, err := g.apps[i%2].identity.Confirm(t.Context(), g.tokens["ga"], code, "127.0.0.1")
					if err == nil {
						won.Add(1)
					} else if errs.CodeOf(err) != errs.Unauthenticated {
						return err
					}
					sessions[i] = text
					return nil
				}))
			}
			for _, d := range done {
				if err := <-d; err != nil {
					t.Error(err, errs.From(err).Detail)
				}
			}
			if won.Load() != 1 {
				t.Fatalf("one code began %d sessions", won.Load())
			}
			session := strings.Join(sessions, "")
			for gateway := range g.urls {
				if status, answer := g.call(t, gateway, session, "GET", "/v1/catalog/grants", nil); status != 200 {
					t.Errorf("at gateway %d: %d %v", gateway, status, answer)
				}
			}
			// Seven were too many: the next right one waits, at either.
			g.now.Add(int64(time.Minute))
			for range 4 {
				if _, status := g.session(t, 0, g.tokens["ga"], "000000"); status != 401 {
					t.Errorf("a wrong one: %d", status)
				}
			}
			if _, status := g.session(t, 1, g.tokens["ga"], "000000"); status != 401 {
				t.Errorf("a wrong one: %d", status)
			}
			for gateway := range g.urls {
				if _, status := g.session(t, gateway, g.tokens["ga"], a.At(g.clock())); status != 401 {
					t.Errorf("the right one at gateway %d does not wait: %d", gateway, status)
				}
			}
			g.now.Add(int64(time.Minute))
			if _, status := g.session(t, 1, g.tokens["ga"], a.At(g.clock())); status != 201 {
				t.Errorf("after the waiting: %d", status)
			}
			// Who got the session takes the factor's reset at either.
			if err := g.ResetFactor(t.Context(), g.tokens["secadmin"], "ga"); err != nil {
				t.Fatal(err)
			}
			g.seen(t, "ga", false)
			for gateway := range g.urls {
				if status, _ := g.call(t, gateway, session, "GET", "/v1/catalog/grants", nil); status != 401 {
					t.Errorf("after the reset at gateway %d: %d", gateway, status)
				}
			}
		})
	}
}

// On a command line beside the store it is the same.
func TestFactorBesideTheStore(t *testing.T) {
	k := newKept(t)
	cfg := *k.cfg
	cfg.FactorWaived = false
	c := demanding(t, &cfg)
	tries := map[string]func(token string) error{
		"bearer": func(token string) error { _, _, err := c.Bearer(t.Context(), token); return err },
		"export": func(token string) error { _, err := c.Export(t.Context(), token); return err },
		"tokens": func(token string) error { _, _, err := c.Tokens(t.Context(), token); return err },
		"token": func(token string) error {
			_, err := c.NewToken(t.Context(), token, "secadmin", &catalog.Token{Expires: time.Now().Add(time.Hour)})
			return err
		},
		"key": func(token string) error {
			_, err := c.NewSigningKey(t.Context(), token, "secadmin", &catalog.Token{Expires: time.Now().Add(time.Hour)})
			return err
		},
		"password":    func(token string) error { return c.SetPassword(t.Context(), token, "secadmin", wangsPassword) },
		"no password": func(token string) error { return c.RemovePassword(t.Context(), token, "wang") },
		"apply": func(token string) error {
			_, err := (&kept{c, &cfg, nil}).try(t, token, "principals: {li: {agency: 民政, roles: [analyst]}}")
			return err
		},
		"reset": func(token string) error { return c.ResetFactor(t.Context(), token, "wang") },
	}
	token := k.tokens["secadmin"]
	for what, try := range tries {
		if err := try(token); errs.From(err).ID != "factor_needed" {
			t.Errorf("%s with a token: %v", what, err)
		}
	}
	id := ""
	for _, k := range mustState(t, k.Catalogue).Tokens() {
		id = k.ID
	}
	if err := c.RevokeToken(t.Context(), token, id); errs.From(err).ID != "factor_needed" {
		t.Errorf("revoke: %v", err)
	}
	e, err := c.Enrol(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.identity.Now = func() time.Time { return now }
	a := servertest.Scan(t, e.URI)
	if err := c.Enrolled(t.Context(), token, e.Ticket, a.At(now)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(30 * time.Second)
	session, err := c.Confirm(t.Context(), token, a.At(now))
	if err != nil || !identity.IsSession(session) {
		t.Fatal(err)
	}
	for what, try := range tries {
		if err := try(session); err != nil {
			t.Errorf("%s with a code: %v", what, err)
		}
	}
	if err := c.RevokeToken(t.Context(), session, id); err != nil {
		t.Errorf("revoke: %v", err)
	}
	// Recovered, the security administrator sets another one.
	_, text, err := c.Recover(t.Context(), "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := tries["tokens"](session); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("the session after recover: %v", err)
	}
	if _, err := c.Enrol(t.Context(), text); err != nil {
		t.Errorf("a new factor after recover: %v", err)
	}
}

// The sample city's principals, whose tokens lie in one file, need none.
func TestNoFactorInTheSampleCity(t *testing.T) {
	k := newKept(t)
	cfg := *k.cfg
	cfg.FactorWaived = false
	c := demanding(t, &cfg)
	state := mustState(t, k.Catalogue)
	sec, _ := state.Login("secadmin")
	if err := c.Change(t.Context(), sec.ID, func(tx *store.Tx) error {
		marked := *sec
		marked.Demo = true
		return tx.Principal(&marked)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Export(t.Context(), k.tokens["secadmin"]); err != nil {
		t.Errorf("a principal of the sample city: %v", err)
	}
	if _, err := c.Export(t.Context(), k.tokens["bureau"]); errs.From(err).ID != "factor_needed" {
		t.Errorf("another one in its store: %v", err)
	}
}

func demanding(t *testing.T, cfg *config.Config) *Catalogue {
	t.Helper()
	c, err := OpenCatalogue(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func mustState(t *testing.T, c *Catalogue) *catalog.State {
	t.Helper()
	state, err := c.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return state
}
