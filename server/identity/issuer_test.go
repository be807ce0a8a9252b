package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/waitfor"
)

// provider is an OpenID provider of a test, in the world's time.
type provider struct {
	*world
	url   string
	keys  atomic.Pointer[jose.JSONWebKeySet]
	asked atomic.Int64
}

type signer struct {
	id  string
	key *ecdsa.PrivateKey
}

func newSigner(t *testing.T, id string) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, key}
}

func (p *provider) publish(signers ...signer) {
	set := &jose.JSONWebKeySet{}
	for _, s := range signers {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: s.key.Public(), KeyID: s.id, Algorithm: "ES256", Use: "sig"})
	}
	p.keys.Store(set)
}

func newProvider(t *testing.T, change ...func(*Issuer)) *provider {
	t.Helper()
	p := &provider{world: newWorld(t)}
	mux := http.NewServeMux()
	answer := func(value func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			p.asked.Add(1)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value())
		}
	}
	mux.HandleFunc("/keys", answer(func() any { return p.keys.Load() }))
	mux.HandleFunc("/.well-known/openid-configuration", answer(func() any {
		return map[string]any{"issuer": p.url, "jwks_uri": p.url + "/keys", "id_token_signing_alg_values_supported": []string{"none", "HS256", "ES256"}}
	}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	p.url = s.URL
	i := Issuer{URL: p.url, Audience: "lianji", Algorithms: []string{"ES256"}, Claim: "preferred_username"}
	for _, c := range change {
		c(&i)
	}
	p.Authenticator = New(Options{State: p.State, Secret: secret, Now: p.Now, HashToken: p.HashToken, Issuers: []Issuer{i}})
	return p
}

// issue makes a token with the claims that it has to have, but for those that are given.
func (p *provider) issue(t *testing.T, algorithm jose.SignatureAlgorithm, kid string, key any, change map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": p.url, "aud": "lianji", "sub": "1", "preferred_username": "li", "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// whoseJWT gives whose a token is, or empty.
func (p *provider) whoseJWT(t *testing.T, token string) string {
	t.Helper()
	by, err := p.Credential(token, "192.0.2.1")
	if err != nil {
		if e := errs.From(err); e.Code != errs.Unauthenticated || e.ID != "unauthenticated" {
			t.Errorf("%v", err)
		}
		return ""
	}
	k, who, ok := by.Bearer(p.state, p.now)
	if !ok {
		return ""
	}
	if !k.Limited() {
		t.Error("the catalogue may be kept with it")
	}
	return who.Login
}

func TestIssuedTokens(t *testing.T) {
	p, key := newProvider(t), newSigner(t, "one")
	p.publish(key)
	for what, c := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"as it has to be":      {nil, "li"},
		"of two audiences":     {map[string]any{"aud": []string{"other", "lianji"}}, "li"},
		"of another audience":  {map[string]any{"aud": "other"}, ""},
		"of no audience":       {map[string]any{"aud": nil}, ""},
		"of another issuer":    {map[string]any{"iss": "https://evil.example"}, ""},
		"of nearly the issuer": {map[string]any{"iss": p.url + "/"}, ""},
		"of no issuer":         {map[string]any{"iss": nil}, ""},
		"that has ended":       {map[string]any{"exp": noon.Add(-time.Second).Unix()}, ""},
		"without an end":       {map[string]any{"exp": nil}, ""},
		"that has not begun":   {map[string]any{"nbf": noon.Add(time.Hour).Unix()}, ""},
		"of nobody":            {map[string]any{"preferred_username": "nobody"}, ""},
		"of a disabled one":    {map[string]any{"preferred_username": "zhao"}, ""},
		"without the claim":    {map[string]any{"preferred_username": nil}, ""},
		"with another kind":    {map[string]any{"preferred_username": []string{"li"}}, ""},
		"in another claim":     {map[string]any{"preferred_username": nil, "sub": "li"}, ""},
	} {
		token := p.issue(t, jose.ES256, "one", key.key, c.claims)
		if got := p.whoseJWT(t, token); got != c.want {
			t.Errorf("%s: %q", what, got)
		}
		// In the place of a password it has to be of the same login.
		for _, login := range []string{"li", "wang"} {
			if _, err := p.Login(t.Context(), login, token, "192.0.2.1"); (err == nil) != (c.want == login) {
				t.Errorf("%s, as the password of %s: %v", what, login, err)
			}
		}
	}
	good := p.issue(t, jose.ES256, "one", key.key, nil)
	if p.now = noon.Add(time.Hour); p.whoseJWT(t, good) != "" {
		t.Error("it holds beyond its end")
	}
	p.now = noon
	for _, wrong := range []string{good + "A", good[:len(good)-4], "a.b.c", "..", strings.Replace(good, ".", "!.", 1), good + strings.Repeat("A", mostIssued)} {
		if got := p.whoseJWT(t, wrong); got != "" {
			t.Errorf("%.40s: %q", wrong, got)
		}
	}
	without := newWorld(t)
	if by, err := without.Credential(good, ""); err == nil {
		if _, _, ok := by.Bearer(without.state, noon); ok {
			t.Error("it holds without an issuer")
		}
	}
}

// What the token says of how it is signed decides nothing: not the public key as a shared
// secret, no signature, nor an algorithm that the provider has and the gateway was not told.
func TestAlgorithmsAreFixed(t *testing.T) {
	p, key := newProvider(t), newSigner(t, "one")
	p.publish(key)
	der, err := x509.MarshalPKIXPublicKey(key.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	parts := strings.Split(p.issue(t, jose.ES256, "one", key.key, nil), ".")
	other := newSigner(t, "one")
	for what, token := range map[string]string{
		"a shared secret": p.issue(t, jose.HS256, "one", bytes.TrimSpace(public), nil),
		"no signature":    "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"another's key":   p.issue(t, jose.ES256, "one", other.key, nil),
	} {
		if got := p.whoseJWT(t, token); got != "" {
			t.Errorf("with %s it is %q's", what, got)
		}
	}
	narrow := newProvider(t, func(i *Issuer) { i.Algorithms = []string{"RS256"} })
	narrow.publish(key)
	if got := narrow.whoseJWT(t, narrow.issue(t, jose.ES256, "one", key.key, nil)); got != "" {
		t.Errorf("with an algorithm that is not its own it is %q's", got)
	}
	if got := narrow.asked.Load(); got > 1 {
		t.Errorf("the keys were asked for %d times for it", got)
	}
}

func TestKeysRotate(t *testing.T) {
	p, first, second := newProvider(t), newSigner(t, "one"), newSigner(t, "two")
	// The library hands out an answer with keys a moment before it keeps them: until then a
	// token meets the answer before (go-oidc 3.21, oidc/jwks.go, keysFromRemote).
	becomes := func(who string, s signer, what string) {
		token := p.issue(t, jose.ES256, s.id, s.key, nil)
		waitfor.True(t, time.Second, what, func() bool { return p.whoseJWT(t, token) == who })
	}
	p.publish(first)
	if got := p.whoseJWT(t, p.issue(t, jose.ES256, "one", first.key, nil)); got != "li" {
		t.Fatal(got)
	}
	asked := p.asked.Load()
	for range 10 {
		p.whoseJWT(t, p.issue(t, jose.ES256, "one", first.key, nil))
	}
	if got := p.asked.Load(); got != asked {
		t.Errorf("keys that are known are asked for: %d", got-asked)
	}
	p.publish(second)
	becomes("li", second, "a new key to be known")
	becomes("", first, "a key that is gone to be unknown")
	// Tokens of keys that nobody has make the gateway ask seldom.
	before := p.asked.Load()
	for range 50 {
		p.whoseJWT(t, p.issue(t, jose.ES256, "x", first.key, nil))
	}
	if got := p.asked.Load() - before; got > mostAtOnce {
		t.Errorf("asked %d times", got)
	}
	p.now = noon.Add(fetchEvery)
	p.publish(first)
	becomes("li", first, "a key to be known after that")
}

func TestIssuerWithKeysElsewhere(t *testing.T) {
	key := newSigner(t, "one")
	p := newProvider(t, func(i *Issuer) { i.Keys, i.URL = i.URL+"/keys", "https://idp.example" })
	p.publish(key)
	claims := map[string]any{"iss": "https://idp.example"}
	if got := p.whoseJWT(t, p.issue(t, jose.ES256, "one", key.key, claims)); got != "li" || p.asked.Load() != 1 {
		t.Errorf("%q, asked %d times", got, p.asked.Load())
	}
	// An address names somebody only once it was confirmed.
	p = newProvider(t, func(i *Issuer) { i.Claim = "email" })
	p.publish(key)
	for confirmed, want := range map[any]string{true: "li", false: "", nil: "", "true": ""} {
		if got := p.whoseJWT(t, p.issue(t, jose.ES256, "one", key.key, map[string]any{"email": "li", "email_verified": confirmed})); got != want {
			t.Errorf("confirmed %v: %q", confirmed, got)
		}
	}
}
