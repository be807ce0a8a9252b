package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
)

// The files of TLS stay the links that they are: a renewal lets them lead elsewhere.
func TestTLSFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "archive", "cert1.pem"), "x")
	if err := os.Symlink(filepath.Join("archive", "cert1.pem"), filepath.Join(dir, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	cfg, err := loadIn(t, dir, "listen: {http: 0.0.0.0:443, tls: {cert: cert.pem, key: ./k.pem, client_ca: ca.pem}, hosts: [a.example, b], origins: [\"https://a.example\", \"http://b:81\"]}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.TLS{Cert: filepath.Join(cfg.Dir, "cert.pem"), Key: filepath.Join(cfg.Dir, "k.pem"), ClientCA: filepath.Join(cfg.Dir, "ca.pem")}
	if *cfg.TLS != want || !slices.Equal(cfg.Hosts, []string{"a.example", "b"}) || !slices.Equal(cfg.Origins, []string{"https://a.example", "http://b:81"}) {
		t.Errorf("%+v, %q", *cfg.TLS, cfg.Hosts)
	}
	if cfg, err = load(t, "direct: on\n", nil); err != nil || cfg.TLS != nil || cfg.Hosts != nil {
		t.Errorf("without: %+v, %v", cfg, err)
	}
}

func TestIssuers(t *testing.T) {
	cfg, err := load(t, "issuers:\n- {issuer: \"https://idp.example/a\", audience: lianji, algorithms: [RS256, ES256]}\n- {issuer: \"http://127.0.0.1:1\", audience: x, algorithms: [EdDSA], claim: email, keys: \"https://k\"}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Issuer{
		{URL: "https://idp.example/a", Audience: "lianji", Algorithms: []string{"RS256", "ES256"}, Claim: "sub"},
		{URL: "http://127.0.0.1:1", Audience: "x", Algorithms: []string{"EdDSA"}, Claim: "email", Keys: "https://k"},
	}
	if d := cmp.Diff(want, cfg.Issuers); d != "" {
		t.Error(d)
	}
	if _, err := load(t, "issuers:\n- &x {issuer: \"https://a\", audience: b, algorithms: [RS256]}\n", nil); err == nil {
		t.Error("an anchor is taken")
	}
	if _, err := load(t, "issuers:\n- {issuer: \"https://a\", audience: b, algorithms: [RS256]}\n- {issuer: \"https://a\", audience: c, algorithms: [RS256]}\n", nil); err == nil || errs.From(err).ID != "config_issuer_twice" {
		t.Errorf("one twice: %v", err)
	}
}
