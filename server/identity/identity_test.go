package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	good  = "青山 relies on 7 rivers"
	other = "another 9 long sentence"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// world is a catalogue with wang, who has a password and a token, li, who has none, and
// zhao, who is disabled.
type world struct {
	*Authenticator
	now   time.Time
	state *catalog.State
	err   error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: noon}
	people := map[string]*catalog.Principal{
		"w": {ID: "w", Login: "wang"}, "l": {ID: "l", Login: "li"}, "z": {ID: "z", Login: "zhao", Disabled: true},
	}
	w.state = (*catalog.State)(nil).With(1, catalog.Changed{
		Principals: people,
		Tokens:     map[string]*catalog.Token{"t": {ID: "t", Principal: "w", Expires: noon.Add(time.Hour)}},
		Hashes:     map[string]string{"t": "hash of lianji_t"},
		Passwords:  map[string]*catalog.Password{"w": fast("w", "wang", 1), "z": fast("z", "zhao", 1)},
	})
	w.Authenticator = New(Options{
		State:  func() (*catalog.State, error) { return w.state, w.err },
		Secret: secret, Now: func() time.Time { return w.now },
		HashToken: func(text string) string { return "hash of " + text },
	})
	return w
}

// fast is the password good, whose SCRAM verifier does not take long to make.
func fast(id, login string, version int64) *catalog.Password {
	v := newVerifier(good, saltOf(secret, login), 4096)
	return &catalog.Password{Principal: id, Hash: goodHash(), SCRAM: v.text(), Version: version}
}

// goodHash is made once: it takes as long as it has to.
var goodHash = sync.OnceValue(func() string { return hashed(good, argonCost) })

// login gives whose session begins, or empty.
func (w *world) login(t *testing.T, login, password, client string) string {
	t.Helper()
	token, err := w.Login(t.Context(), login, password, client)
	if sent := strings.HasPrefix(password, "lianji_"); err != nil && (errs.From(err).ID == "unauthenticated") != sent {
		t.Fatalf("%v for %s with %q", err, login, password)
	}
	return w.whose(t, token, err)
}

func (w *world) whose(t *testing.T, token string, err error) string {
	t.Helper()
	if err != nil {
		if e := errs.From(err); e.Code != errs.Unauthenticated || e.ID != "unauthenticated" && e.ID != "identity_wrong" || e.Detail != "" || token != "" {
			t.Fatalf("%v, %q, %s", err, e.Detail, token)
		}
		return ""
	}
	by, err := w.Credential(token, "192.0.2.1")
	if err != nil {
		return ""
	}
	_, p, ok := by.Bearer(w.state, w.now)
	if !ok {
		return ""
	}
	return p.Login
}

func TestLogin(t *testing.T) {
	for _, c := range []struct {
		login, password string
		want            string
	}{
		{"wang", good, "wang"},
		{"wang", good + " ", ""},
		{"wang", "", ""},
		{"wang", "lianji_t", "wang"}, // a token in the place of a password
		{"li", "lianji_t", ""},       // another's token
		{"wang", "lianji_u", ""},
		{"Wang", good, ""},
		{"li", good, ""},
		{"li", "", ""},
		{"zhao", good, ""},
		{"nobody", good, ""},
		{"", "", ""},
	} {
		if got := newWorld(t).login(t, c.login, c.password, "192.0.2.1"); got != c.want {
			t.Errorf("%q with %q is %q", c.login, c.password, got)
		}
	}
	w := newWorld(t)
	w.err = errs.New(errs.StoreFailed, "store_failed", nil)
	if _, err := w.Login(t.Context(), "wang", good, ""); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("without a store: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.err = nil
	for range cap(w.slots) {
		w.slots <- struct{}{}
	}
	if _, err := w.Login(ctx, "wang", good, ""); errs.CodeOf(err) != errs.Canceled || len(w.waiting) != 0 {
		t.Errorf("who does not wait: %v, %d waiting", err, len(w.waiting))
	}
	for range cap(w.waiting) {
		w.waiting <- struct{}{}
	}
	if _, err := w.Login(t.Context(), "wang", good, ""); errs.CodeOf(err) != errs.QueueFull || errs.From(err).RetryAfter <= 0 {
		t.Errorf("too many: %v", err)
	}
}

// What a login that fails costs is the same whatever is wrong with it: its hash is by far
// the most of it, and takes so much memory that it shows there.
func TestFailuresCostTheSame(t *testing.T) {
	w := newWorld(t)
	for range ofPair.free + 1 {
		w.login(t, "wang", other, "192.0.2.9")
	}
	for what, try := range map[string][3]string{
		"wrong": {"wang", other, "192.0.2.1"}, "unknown": {"nobody", other, "192.0.2.2"}, "without a password": {"li", other, "192.0.2.3"},
		"disabled": {"zhao", good, "192.0.2.4"}, "waits": {"wang", good, "192.0.2.9"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := w.login(t, try[0], try[1], try[2])
		runtime.ReadMemStats(&after)
		// Twice the memory would be two hashes.
		if spent := (after.TotalAlloc - before.TotalAlloc) >> 10; got != "" || spent < uint64(argonCost.memory) || spent > uint64(argonCost.memory)*3/2 {
			t.Errorf("%s: %q, and %d KiB", what, got, spent)
		}
	}
}

// proof is what a client computes from a password.
func proof(password, message string, salt []byte, count int) []byte {
	salted := pbkdf2Of(password, salt, count)
	key := sum(salted, "Client Key")
	stored := sha256.Sum256(key)
	out := make([]byte, sha256.Size)
	subtle.XORBytes(out, key, sum(stored[:], message))
	return out
}

func TestSCRAM(t *testing.T) {
	try := func(w *world, login, password string) (string, []byte) {
		x, err := w.SCRAM(login, "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		token, signature, err := x.Finish("n=,r=1,r=12", proof(password, "n=,r=1,r=12", x.Salt, x.Iterations))
		return w.whose(t, token, err), signature
	}
	w := newWorld(t)
	got, signature := try(w, "wang", good)
	if want := sum(sum(pbkdf2Of(good, saltOf(secret, "wang"), 4096), "Server Key"), "n=,r=1,r=12"); got != "wang" || !hmac.Equal(signature, want) {
		t.Errorf("%q with the signature %x", got, signature)
	}
	for login, password := range map[string]string{"wang": other, "li": good, "zhao": good, "nobody": good} {
		if got, signature := try(newWorld(t), login, password); got != "" || signature != nil {
			t.Errorf("%s is %q, %x", login, got, signature)
		}
	}
	// Nobody's verifier fits no proof, even of who knows the keys that it has.
	x, err := w.SCRAM("nobody", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("a key that somebody found........")[:32]
	x.StoredKey = sha256.Sum256(key)
	p := make([]byte, 32)
	subtle.XORBytes(p, key, sum(x.StoredKey[:], "m"))
	if !x.Proves("m", p) {
		t.Fatal("the proof is none")
	}
	if _, _, err := x.Finish("m", p); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("nobody came in: %v", err)
	}
	// The exchange counts as the login does.
	for range ofPair.free + 1 {
		try(w, "wang", other)
	}
	if got, _ := try(w, "wang", good); got != "" {
		t.Error("it does not wait")
	}
	if got := w.login(t, "wang", good, "192.0.2.1"); got != "" {
		t.Error("the login does not wait")
	}
}

// What a client is shown before it proves anything is the same for nobody and somebody,
// and never changes.
func TestSaltsTellNothing(t *testing.T) {
	w := newWorld(t)
	p, err := NewPassword(&catalog.Principal{ID: "l", Login: "li"}, good, secret)
	if err != nil {
		t.Fatal(err)
	}
	before, err := w.SCRAM("li", "")
	if err != nil {
		t.Fatal(err)
	}
	w.state = w.state.With(2, catalog.Changed{Passwords: map[string]*catalog.Password{"l": p}})
	after, err := w.SCRAM("li", "")
	if err != nil {
		t.Fatal(err)
	}
	if string(before.Salt) != string(after.Salt) || before.Iterations != after.Iterations || len(after.Salt) != saltBytes {
		t.Errorf("%x and %d became %x and %d", before.Salt, before.Iterations, after.Salt, after.Iterations)
	}
	if before.StoredKey == after.StoredKey {
		t.Error("the password is not looked at")
	}
	if string(saltOf(secret, "li")) == string(saltOf([]byte("another"), "li")) || string(saltOf(secret, "li")) == string(saltOf(secret, "wang")) {
		t.Error("salts can be known beforehand")
	}
}

// The example of RFC 7677, section 3.
func TestVerifier(t *testing.T) {
	b64 := func(text string) []byte {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	v := newVerifier("pencil", b64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
	sent := b64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
	if !v.Proves(message, sent) || v.Proves(message+" ", sent) || v.Proves(message, sent[:31]) || v.Proves(message, nil) {
		t.Error("the proof is not taken for what it is")
	}
	if got := base64.StdEncoding.EncodeToString(v.Signature(message)); got != "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" {
		t.Errorf("signature %s", got)
	}
	again, err := parseVerifier(v.text())
	if err != nil || fmt.Sprint(again) != fmt.Sprint(v) {
		t.Errorf("%s read as %v, %v", v.text(), again, err)
	}
	for _, wrong := range []string{"", "SCRAM-SHA-256$", v.text() + "=", strings.Replace(v.text(), "4096", "0", 1), strings.Replace(v.text(), "4096", "99999999", 1), strings.Replace(v.text(), "4096", "+4096", 1), v.text()[:60]} {
		if _, err := parseVerifier(wrong); errs.CodeOf(err) != errs.Internal {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestSessions(t *testing.T) {
	w := newWorld(t)
	token, err := w.Login(t.Context(), "wang", good, "192.0.2.1")
	if err != nil || !strings.HasPrefix(token, "lianjis_") {
		t.Fatal(token, err)
	}
	second, _ := w.Login(t.Context(), "wang", good, "192.0.2.1")
	if second == token {
		t.Error("two sessions have one token")
	}
	again := func(w *world, want string) {
		t.Helper()
		if got := w.whose(t, token, nil); got != want {
			t.Errorf("it is %q's at %v", got, w.now)
		}
	}
	// Used again and again it lasts as long as a session may, and not longer.
	for ; w.now.Before(noon.Add(SessionLife)); w.now = w.now.Add(SessionIdle - time.Second) {
		again(w, "wang")
	}
	w.now = noon.Add(SessionLife - time.Second)
	again(w, "wang")
	w.now = noon.Add(SessionLife)
	again(w, "")
	w.now = noon
	again(w, "wang")
	if w.now = noon.Add(SessionIdle); w.whose(t, token, nil) != "" {
		t.Error("one that was not used goes on")
	}
	// Another gateway of the store takes it, and after a restart this one.
	next := newWorld(t)
	again(next, "wang")
	for what, changed := range map[string]catalog.Changed{
		"a new password": {Passwords: map[string]*catalog.Password{"w": fast("w", "wang", 2)}},
		"no password":    {Passwords: map[string]*catalog.Password{"w": nil}},
		"disabled":       {Principals: map[string]*catalog.Principal{"w": {ID: "w", Login: "wang", Disabled: true}}},
		"gone":           {Principals: map[string]*catalog.Principal{"w": nil}},
	} {
		next := newWorld(t)
		next.state = next.state.With(2, changed)
		if got := next.whose(t, token, nil); got != "" {
			t.Errorf("%s: it is %q's", what, got)
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, sessionPrefix))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		changed := append([]byte(nil), raw...)
		changed[i] ^= 1
		if got := next.whose(t, sessionPrefix+base64.RawURLEncoding.EncodeToString(changed), nil); got != "" {
			t.Fatalf("with byte %d changed it is %q's", i, got)
		}
	}
	for _, wrong := range []string{"lianjis_", "lianjis_AAAA", token + "A", token[:len(token)-1], "lianjis_!" + token[8:]} {
		if _, err := next.Credential(wrong, "192.0.2.1"); errs.CodeOf(err) != errs.Unauthenticated {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	foreign := New(Options{State: w.State, Secret: []byte("another"), Now: w.Now})
	if _, err := foreign.Credential(token, "192.0.2.1"); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("at a gateway of another store: %v", err)
	}
}

// A password may have points as a token of an issuer has them.
func TestPasswordsAreNoIssuersTokens(t *testing.T) {
	for text, want := range map[string]bool{
		"eyJhbGciOiJSUzI1NiJ9.e30.c2ln": true, "purple.monkey.dishwasher": false, "..": false, "e30.e30": false, "e30.e30.e30.e30": false, "W10.e30.x": false, "a": false,
	} {
		if isIssued(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
