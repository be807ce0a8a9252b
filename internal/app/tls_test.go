package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server/servertest"
)

// run serves what an App listens on until the test ends.
func (d *Door) run(t *testing.T) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return d.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

// With TLS the door serves whoever reaches it, over TLS alone, under its own names alone.
func TestTLS(t *testing.T) {
	w := newWorld(t, "catalog: {store: \"sqlite://c.db\", second_factor: waived}\nlisten: {http: \"0.0.0.0:0\", tls: {cert: cert.pem, key: key.pem}, hosts: [inside.test]}\n")
	pool := servertest.Certificate(t, w.cfg.Dir)
	keepIn(t, w.cfg)
	door, err := w.open(t).ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
	door.run(t)
	_, port, _ := net.SplitHostPort(door.http.Addr().String())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "gateway.test"}, DisableKeepAlives: true}
	get := func(url, host, origin string) (int, error) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		res, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}
	url := "https://127.0.0.1:" + port
	for host, want := range map[string]int{
		"127.0.0.1:" + port: 200, "gateway.test:" + port: 200, "inside.test": 200, "192.0.2.7": 200, "[2001:db8::7]:443": 200,
		"evil.example": 403, "evil.gateway.test": 403, "": 200,
	} {
		if got, err := get(url, host, ""); err != nil || got != want {
			t.Errorf("as %q: %d, %v", host, got, err)
		}
	}
	for origin, want := range map[string]int{"https://gateway.test": 200, "http://gateway.test": 403, "https://evil.example": 403} {
		if got, err := get(url, "gateway.test", origin); err != nil || got != want {
			t.Errorf("from %s: %d, %v", origin, got, err)
		}
	}
	if status, err := get("http://127.0.0.1:"+port, "", ""); err == nil && status != 400 {
		t.Errorf("without TLS: %d", status)
	}
	if got := door.URL(); got[:8] != "https://" {
		t.Error(got)
	}
}

// Without TLS other machines are served only where somebody says so, and without login
// never.
func TestPlaintext(t *testing.T) {
	for name, c := range map[string]struct {
		plain, open bool
		id          string
	}{"login": {false, false, "http_not_loopback"}, "allowed": {true, false, ""}, "no login": {true, true, "http_not_loopback"}} {
		text := "catalog: {store: \"sqlite://c.db\", second_factor: waived}\nlisten: {http: \"0.0.0.0:0\"}\n"
		if c.open {
			text = "listen: {http: \"0.0.0.0:0\"}\n" + two
		}
		w := newWorld(t, text)
		if !c.open {
			keepIn(t, w.cfg)
		}
		w.options.Plaintext = c.plain
		a := w.open(t)
		listen := a.ListenHTTP
		if c.open {
			listen = a.ListenOpen
		}
		door, err := listen(t.Context(), "")
		if e := errs.From(err); (e == nil) != (c.id == "") || e != nil && e.ID != c.id {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if err := door.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	w := newWorld(t, "catalog: {store: \"sqlite://c.db\", second_factor: waived}\nlisten: {http: \"127.0.0.1:0\", tls: {cert: cert.pem, key: key.pem}}\n")
	keepIn(t, w.cfg)
	if _, err := w.open(t).ListenHTTP(t.Context(), ""); errs.From(err) == nil || errs.From(err).ID != "listen_pem" {
		t.Errorf("without the files: %v", err)
	}
}

// A certificate that the gateway's authority for clients signed is the service account's
// that the security administrator said; another one opens nothing.
func TestClientCertificates(t *testing.T) {
	w := newWorld(t, "catalog: {store: \"sqlite://c.db\", second_factor: waived}\nlisten: {http: \"127.0.0.1:0\", tls: {cert: cert.pem, key: key.pem, client_ca: client.pem}}\n")
	pool := servertest.Certificate(t, w.cfg.Dir)
	apps := t.TempDir()
	servertest.Certificate(t, apps)
	pair, err := tls.LoadX509KeyPair(filepath.Join(apps, "cert.pem"), filepath.Join(apps, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(apps, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.cfg.Dir, "client.pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	k := keepIn(t, w.cfg)
	k.apply(t, "secadmin", "principals: {mz.app: {agency: 民政, roles: [application], service: true}}")
	of := &catalog.Token{Expires: time.Now().Add(time.Hour)}
	if err := k.Certify(t.Context(), k.tokens["ga"], "mz.app", pair.Leaf, of); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("by a leader: %v", err)
	}
	w.cfg.FactorWaived = false
	door, err := w.open(t).ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
	door.run(t)
	get := func(token string, certs ...tls.Certificate) int {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs}, DisableKeepAlives: true}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, door.URL()+"/v1/catalog/grants", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	if got := get("", pair); got != 401 {
		t.Errorf("before it is anybody's: %d", got)
	}
	if err := k.Certify(t.Context(), k.tokens["secadmin"], "mz.app", pair.Leaf, of); err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 10*time.Second, "the certificate", func() bool { return get("", pair) == 200 })
	if got := get(""); got != 401 {
		t.Errorf("without a certificate: %d", got)
	}
	if got := get("lianji_wrong", pair); got != 401 {
		t.Errorf("beside a wrong token: %d", got)
	}
	if err := k.RevokeToken(t.Context(), k.tokens["secadmin"], of.ID); err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 10*time.Second, "its end", func() bool { return get("", pair) == 401 })
	// A person's is a second factor beside their token, and nothing alone.
	if got := get(k.tokens["ga"], pair); got != 403 {
		t.Errorf("a leader beside nobody's certificate: %d", got)
	}
	if err := k.Certify(t.Context(), k.tokens["secadmin"], "ga", pair.Leaf, &catalog.Token{Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 10*time.Second, "the leader's certificate", func() bool { return get(k.tokens["ga"], pair) == 200 })
	for what, got := range map[string][2]int{"the token alone": {get(k.tokens["ga"]), 403}, "the certificate alone": {get("", pair), 401}, "another's token": {get(k.tokens["bureau"], pair), 403}} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", what, got[0], got[1])
		}
	}
}
