package identity

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// signing is a world in which li has a key that signs, and who spends nonces.
type signing struct {
	*world
	spent map[string]time.Time
}

func newSigning(t *testing.T, how catalog.Signature) *signing {
	t.Helper()
	s := &signing{newWorld(t), map[string]time.Time{}}
	s.Sealer = Sealer{Path: filepath.Join(t.TempDir(), "seal.key")}
	s.SpendNonce = func(_ context.Context, key, nonce string, until time.Time) (bool, error) {
		_, there := s.spent[key+" "+nonce]
		s.spent[key+" "+nonce] = until
		return !there, nil
	}
	text, err := s.Sealer.Seal("k", "the secret")
	if err != nil {
		t.Fatal(err)
	}
	s.state = s.state.With(2, catalog.Changed{
		Tokens: map[string]*catalog.Token{"k": {ID: "k", Principal: "l", Expires: noon.Add(time.Hour), Signs: how, Sealed: text, PerMinute: 2, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}},
		Hashes: map[string]string{"k": "hash of a key"},
	})
	return s
}

// request is one that is signed as it has to be.
func request(t *testing.T, how catalog.Signature) *server.Signed {
	t.Helper()
	r := &server.Signed{How: how, Key: "k", Time: noon.Unix(), Nonce: "0123456789abcdef", Method: "POST", Target: "/v1/query?format=csv", Host: "Gateway.test:8080", Body: []byte(`{"sql":"SELECT 1"}`)}
	var ok bool
	if r.Signature, ok = Sign(r, "the secret"); !ok {
		t.Fatal("it cannot be signed")
	}
	return r
}

func (s *signing) take(t *testing.T, r *server.Signed) error {
	t.Helper()
	by, err := s.Signed(t.Context(), r, "10.1.2.3")
	if err != nil {
		return err
	}
	if _, p, ok := by.Bearer(s.state, s.now); !ok || p.Login != "li" {
		t.Errorf("it is %v's", p)
	}
	return nil
}

// The signatures were computed with Python's hmac over OpenSSL's digests.
func TestSignatures(t *testing.T) {
	for how, want := range map[catalog.Signature]string{
		catalog.HMACSHA256: "83115e2b37769ff1fb944ab52bcfcd669d88aef53dcf89c95f857ead82c35655",
		catalog.HMACSM3:    "c1c293f7e829a3eba234fd1e3e7bd057374191f826de2ada9c49fe28b49b6e38",
	} {
		r := request(t, how)
		if got := hex.EncodeToString(r.Signature); got != want {
			text, _ := ToSign(r)
			t.Errorf("%s: %s of\n%s", how, got, text)
		}
	}
}

func TestSigned(t *testing.T) {
	for _, how := range []catalog.Signature{catalog.HMACSHA256, catalog.HMACSM3} {
		s := newSigning(t, how)
		if err := s.take(t, request(t, how)); err != nil {
			t.Fatal(err)
		}
		if err := s.take(t, request(t, how)); errs.CodeOf(err) != errs.Unauthenticated || errs.From(err).ID != "identity_signed_twice" {
			t.Errorf("the same again: %v", err)
		}
		if until := s.spent["k 0123456789abcdef"]; !until.After(noon.Add(SignedWindow)) {
			t.Errorf("the nonce is forgotten at %v, while the request would be taken", until)
		}
		for what, change := range map[string]func(r *server.Signed){
			"body": func(r *server.Signed) { r.Body = []byte(`{"sql":"SELECT 2"}`) }, "time": func(r *server.Signed) { r.Time++ }, "nonce": func(r *server.Signed) { r.Nonce += "0" },
			"method": func(r *server.Signed) { r.Method = "PUT" }, "target": func(r *server.Signed) { r.Target = "/v1/query" }, "host": func(r *server.Signed) { r.Host = "other.test" },
			"signature": func(r *server.Signed) { r.Signature[0] ^= 1 }, "no signature": func(r *server.Signed) { r.Signature = nil }, "key": func(r *server.Signed) { r.Key = "t" }, "no key": func(r *server.Signed) { r.Key = "" },
			"algorithm": func(r *server.Signed) { r.How = "hmac-md5" }, "lines": func(r *server.Signed) { r.Nonce, r.Method = "x", "x\nPOST" },
			"another algorithm": func(r *server.Signed) {
				r.How = map[catalog.Signature]catalog.Signature{catalog.HMACSHA256: catalog.HMACSM3, catalog.HMACSM3: catalog.HMACSHA256}[how]
				r.Signature, _ = Sign(r, "the secret")
			},
		} {
			s := newSigning(t, how)
			r := request(t, how)
			change(r)
			if err := s.take(t, r); errs.CodeOf(err) != errs.Unauthenticated || errs.From(err).ID != "unauthenticated" || len(s.spent) != 0 {
				t.Errorf("%s, with another %s: %v, %d spent", how, what, err, len(s.spent))
			}
		}
	}
}

func TestSignedWindow(t *testing.T) {
	for off, want := range map[time.Duration]string{
		0: "", SignedWindow: "", -SignedWindow: "", SignedWindow + time.Second: "identity_signed_time", -SignedWindow - time.Second: "identity_signed_time",
	} {
		s := newSigning(t, catalog.HMACSHA256)
		s.now = noon.Add(off)
		if err := s.take(t, request(t, catalog.HMACSHA256)); (err == nil) != (want == "") || err != nil && errs.From(err).ID != want {
			t.Errorf("%v later: %v", off, err)
		}
	}
	for nonce, want := range map[string]bool{"0123456789abcdef": true, strings.Repeat("-", 64): true, "short": false, "": false, strings.Repeat("a", 65): false, "0123456789abcde ": false} {
		s := newSigning(t, catalog.HMACSHA256)
		r := request(t, catalog.HMACSHA256)
		r.Nonce = nonce
		r.Signature, _ = Sign(r, "the secret")
		if err := s.take(t, r); (err == nil) != want {
			t.Errorf("the nonce %q: %v", nonce, err)
		}
	}
}

func TestSigningKeyIsNoToken(t *testing.T) {
	s := newSigning(t, catalog.HMACSHA256)
	s.HashToken = func(string) string { return "hash of a key" }
	by, err := s.Credential("lianji_whatever", "10.1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := by.Bearer(s.state, s.now); ok {
		t.Error("a key that signs can be sent as a token")
	}
	if _, err := s.Signed(t.Context(), request(t, catalog.HMACSHA256), "192.0.2.1"); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("from another address: %v", err)
	}
	s.SpendNonce = func(context.Context, string, string, time.Time) (bool, error) {
		return true, errs.New(errs.StoreFailed, "store_failed", nil)
	}
	if err := s.take(t, request(t, catalog.HMACSHA256)); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("without a store: %v", err)
	}
}

func TestCount(t *testing.T) {
	s := newSigning(t, catalog.HMACSHA256)
	k, _ := s.state.Token("k")
	s.now = noon.Add(50 * time.Second)
	for i := range 3 {
		err := s.Count(k)
		if i < 2 && err != nil {
			t.Fatal(err)
		}
		if i == 2 && (errs.CodeOf(err) != errs.QuotaSpent || errs.From(err).RetryAfter != 10*time.Second) {
			t.Errorf("the third: %v", err)
		}
	}
	if err := s.Count(&catalog.Token{ID: "other", PerMinute: 1}); err != nil {
		t.Errorf("another's: %v", err)
	}
	s.now = noon.Add(60 * time.Second)
	if err := s.Count(k); err != nil {
		t.Errorf("the next minute: %v", err)
	}
	for range 100 {
		if err := s.Count(&catalog.Token{ID: "t"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSealer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	aes, gm := Sealer{Path: path}, Sealer{Path: path, GM: true}
	for name, s := range map[string]Sealer{"aes-gcm$": aes, "sm4-gcm$": gm} {
		text, err := s.Seal("k", "the secret")
		if err != nil || !strings.HasPrefix(text, name) || strings.Contains(text, "secret") {
			t.Fatal(text, err)
		}
		if twice, _ := s.Seal("k", "the secret"); twice == text {
			t.Error("the same is sealed in the same way twice")
		}
		for _, by := range []Sealer{aes, gm} { // the profile says what is made, not what is read
			if got, err := by.Open("k", text); err != nil || got != "the secret" {
				t.Errorf("%q, %v", got, err)
			}
		}
		for what, try := range map[string][2]string{"another's": {"l", text}, "changed": {"k", text[:len(text)-2] + "AA"}, "cut": {"k", text[:12]}, "unknown": {"k", "rot13$" + text}, "empty": {"k", ""}} {
			if got, err := s.Open(try[0], try[1]); err == nil || got != "" {
				t.Errorf("%s opens: %q", what, got)
			}
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	text, err := aes.Seal("k", "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := aes.Open("k", text); err == nil || errs.From(err).ID != "identity_seal_open" {
		t.Errorf("with a file that others may read: %v", err)
	}
	if _, err := aes.Seal("k", "x"); err == nil {
		t.Error("it seals with a file that others may read")
	}
	elsewhere := Sealer{Path: filepath.Join(t.TempDir(), "other.key")}
	if _, err := elsewhere.Open("k", text); err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
	if _, err := elsewhere.Seal("k", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Open("k", text); err == nil || errs.From(err).ID != "identity_sealed" {
		t.Errorf("with another key: %v", err)
	}
}
