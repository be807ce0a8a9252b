package identity

import (
	"context"
	"encoding/base32"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// The codes of RFC 6238, appendix B, of which six digits are shown.
func TestCodes(t *testing.T) {
	key := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := codeAt(key, at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestStepOf(t *testing.T) {
	key, now := []byte("12345678901234567890"), time.Unix(101*30+29, 0)
	for _, c := range []struct {
		code  string
		spent int64
		step  int64 // 0 for none
	}{
		{codeAt(key, 101), 0, 101},
		{"329 376", 0, 101},
		{codeAt(key, 100), 0, 100}, // who was slow
		{codeAt(key, 102), 0, 102}, // whose clock is ahead
		{codeAt(key, 103), 0, 0},
		{codeAt(key, 99), 0, 0},
		{codeAt(key, 101), 101, 0}, // spent
		{codeAt(key, 101), 102, 0},
		{codeAt(key, 102), 101, 102},
		{"", 0, 0},
		{"32937", 0, 0},
		{"3293760", 0, 0},
		{"３２９３７６", 0, 0},
	} {
		step, ok := stepOf(key, c.code, now, c.spent)
		if ok != (c.step > 0) || step != c.step {
			t.Errorf("%q after %d: %d %v", c.code, c.spent, step, ok)
		}
	}
}

// factored is a world in which wang can have a second factor, and what of it is tried.
type factored struct {
	*world
	step, failed int64
	until        time.Time
	secret       []byte
}

func newFactored(t *testing.T) *factored {
	t.Helper()
	w := &factored{world: newWorld(t)}
	w.Sealer = Sealer{Path: filepath.Join(t.TempDir(), "seal.key")}
	w.TryCode = func(_ context.Context, f *catalog.Factor, now time.Time, wait func(int64) time.Duration, step func(int64) (int64, bool)) (bool, error) {
		if set, ok := w.state.Factor("w"); !ok || set.Version != f.Version || now.Before(w.until) {
			return false, nil
		}
		if at, ok := step(w.step); ok {
			w.step, w.failed, w.until = at, 0, time.Time{}
			return true, nil
		}
		w.failed++
		w.until = now.Add(wait(w.failed))
		return false, nil
	}
	return w
}

func (w *factored) wang() *catalog.Principal {
	p, _ := w.state.Login("wang")
	return p
}

// shown gives the secret of an enrolment's address.
func shownSecret(t *testing.T, e Enrolment) []byte {
	t.Helper()
	u, err := url.Parse(e.URI)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/lianji:wang" || u.Query().Get("issuer") != "lianji" || u.Query().Get("digits") != "6" || u.Query().Get("period") != "30" || u.Query().Get("algorithm") != "SHA1" {
		t.Fatalf("%s, %v", e.URI, err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil || len(secret) != 20 {
		t.Fatalf("a secret of %d bytes, %v", len(secret), err)
	}
	return secret
}

// enrol gives wang a second factor.
func (w *factored) enrol(t *testing.T) {
	t.Helper()
	e, err := w.Enrol(w.wang(), 3)
	if err != nil {
		t.Fatal(err)
	}
	w.secret = shownSecret(t, e)
	f, step, err := w.Enrolled(w.wang(), e.Ticket, w.code(0))
	if err != nil {
		t.Fatal(err)
	}
	if step != w.now.Unix()/30 || strings.Contains(f.Sealed+e.Ticket, base32Plain.EncodeToString(w.secret)) {
		t.Errorf("step %d, sealed %s", step, f.Sealed)
	}
	f.Version = 3
	w.step, w.state = step, w.state.With(3, catalog.Changed{Factors: map[string]*catalog.Factor{"w": f}})
}

// code is the one that is shown some steps from now.
func (w *factored) code(steps int64) string { return codeAt(w.secret, w.now.Unix()/30+steps) }

func TestEnrolment(t *testing.T) {
	w := newFactored(t)
	e, err := w.Enrol(w.wang(), 3)
	if err != nil {
		t.Fatal(err)
	}
	w.secret = shownSecret(t, e)
	li, _ := w.state.Login("li")
	until, rest, _ := strings.Cut(e.Ticket, ".")
	sealed := strings.TrimPrefix(rest, "3.")
	for what, c := range map[string]struct {
		p            *catalog.Principal
		ticket, code string
		want         string
	}{
		"another's":       {li, e.Ticket, w.code(0), "identity_enrolment"},
		"another version": {w.wang(), until + ".4." + sealed, w.code(0), "identity_enrolment"},
		"another time":    {w.wang(), until + "0.3." + sealed, w.code(0), "identity_enrolment"},
		"none":            {w.wang(), "", w.code(0), "identity_enrolment"},
		"broken":          {w.wang(), until + ".3.aes-gcm$AAAA", w.code(0), "identity_enrolment"},
		"wrong code":      {w.wang(), e.Ticket, w.code(5), "identity_code"},
		"no code":         {w.wang(), e.Ticket, "", "identity_code"},
	} {
		if f, _, err := w.Enrolled(c.p, c.ticket, c.code); errs.From(err).ID != c.want || f != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// What is kept of a factor opens as no enrolment, and an enrolment as no factor.
	f, _, err := w.Enrolled(w.wang(), e.Ticket, w.code(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Enrolled(w.wang(), until+".3."+f.Sealed, w.code(0)); errs.From(err).ID != "identity_enrolment" {
		t.Errorf("what is kept as a ticket: %v", err)
	}
	w.now = noon.Add(enrolmentLife - time.Second)
	if _, _, err := w.Enrolled(w.wang(), e.Ticket, w.code(0)); err != nil {
		t.Errorf("just in time: %v", err)
	}
	w.now = noon.Add(enrolmentLife)
	if _, _, err := w.Enrolled(w.wang(), e.Ticket, w.code(0)); errs.From(err).ID != "identity_enrolment" {
		t.Errorf("too late: %v", err)
	}
	again, err := w.Enrol(w.wang(), 3)
	if err != nil || again.URI == e.URI {
		t.Errorf("the same secret again: %v", err)
	}
}

// confirm gives whether a code is taken with a token, and the session.
func (w *factored) confirm(t *testing.T, token, code string) (string, bool) {
	t.Helper()
	session, err := w.Confirm(t.Context(), token, code, "192.0.2.1")
	if err != nil {
		if errs.CodeOf(err) != errs.Unauthenticated || session != "" {
			t.Fatal(err)
		}
		return "", false
	}
	return session, true
}

// has tells whether a session's token holds, and whether it has the factor.
func (w *factored) has(t *testing.T, token string) (holds, factor bool) {
	t.Helper()
	by, err := w.Credential(token, "192.0.2.1")
	if err != nil {
		return false, false
	}
	k, p, ok := by.Bearer(w.state, w.now)
	return ok && p.Login == "wang", ok && k.Factor
}

// A code opens a session with the factor once, beside a token, a password's session, or a
// session with the factor; what it was begun with goes on to bound it.
func TestConfirm(t *testing.T) {
	w := newFactored(t)
	if _, err := w.Confirm(t.Context(), "lianji_t", "123456", ""); errs.From(err).ID != "identity_no_factor" {
		t.Errorf("without one: %v", err)
	}
	w.enrol(t)
	if _, ok := w.confirm(t, "lianji_t", w.code(0)); ok {
		t.Error("the code that confirmed it is taken again")
	}
	w.now = w.now.Add(30 * time.Second)
	if _, ok := w.confirm(t, "lianji_u", w.code(0)); ok || w.failed != 1 {
		t.Errorf("nobody's token: %d", w.failed)
	}
	byToken, ok := w.confirm(t, "lianji_t", w.code(0))
	if holds, factor := w.has(t, byToken); !ok || !holds || !factor {
		t.Fatalf("%v: holds %v, factor %v", ok, holds, factor)
	}
	if _, ok := w.confirm(t, "lianji_t", w.code(0)); ok {
		t.Error("it is taken twice")
	}
	if _, factor := w.has(t, "lianji_t"); factor {
		t.Error("the token itself has the factor")
	}
	password, err := w.Login(t.Context(), "wang", good, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if holds, factor := w.has(t, password); !holds || factor {
		t.Errorf("a password alone: holds %v, factor %v", holds, factor)
	}
	w.now = w.now.Add(30 * time.Second)
	byPassword, ok := w.confirm(t, password, w.code(0))
	if holds, factor := w.has(t, byPassword); !ok || !holds || !factor {
		t.Errorf("a password and a code: %v %v %v", ok, holds, factor)
	}
	// A session in the place of a password, at doors that know nothing else.
	if got := w.login(t, "wang", byPassword, "192.0.2.1"); got != "wang" {
		t.Errorf("as a password: %q", got)
	}
	if _, err := w.Login(t.Context(), "li", byPassword, "192.0.2.1"); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("as another's password: %v", err)
	}
	// Codes do not prolong a session.
	w.now = w.now.Add(40 * time.Minute)
	later, ok := w.confirm(t, byPassword, w.code(0))
	if !ok {
		t.Fatal("it does not go on")
	}
	by, err := w.Credential(later, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := by.Bearer(w.state, noon.Add(30*time.Second+SessionLife)); ok {
		t.Error("codes prolong it")
	}
	if _, _, ok := by.Bearer(w.state, noon.Add(29*time.Second+SessionLife)); !ok {
		t.Error("it ends early")
	}
	// It ends with the password, with the token, and with the factor.
	before := w.state
	w.state = before.With(4, catalog.Changed{Passwords: map[string]*catalog.Password{"w": fast("w", "wang", 4)}})
	if holds, _ := w.has(t, byPassword); holds {
		t.Error("it holds after the password")
	}
	w.state = before.With(4, catalog.Changed{Tokens: map[string]*catalog.Token{"t": nil}})
	if holds, _ := w.has(t, byToken); holds {
		t.Error("it holds after the token")
	}
	w.state = before.With(4, catalog.Changed{Factors: map[string]*catalog.Factor{"w": nil}})
	for what, token := range map[string]string{"password": byPassword, "token": byToken} {
		if holds, _ := w.has(t, token); holds {
			t.Errorf("by %s it holds after the factor", what)
		}
	}
}

// A session stays where its token is tied to, and a token that is limited gets none: it
// must not make the person wait.
func TestConfirmLimited(t *testing.T) {
	w := newFactored(t)
	w.enrol(t)
	w.now = w.now.Add(30 * time.Second)
	with := func(k catalog.Token) {
		k.ID, k.Principal, k.Expires = "t", "w", noon.Add(time.Hour)
		w.state = w.state.With(5, catalog.Changed{Tokens: map[string]*catalog.Token{"t": &k}, Hashes: map[string]string{"t": "hash of lianji_t"}})
	}
	for what, k := range map[string]catalog.Token{"purposes": {Purposes: []string{"DB-HC"}}, "modes": {Modes: []catalog.Mode{catalog.Download}}, "resources": {Resources: []string{"r"}}, "a number": {PerMinute: 1}} {
		with(k)
		if _, ok := w.confirm(t, "lianji_t", w.code(0)); ok || w.failed != 0 {
			t.Errorf("limited to %s: %v, %d failed", what, ok, w.failed)
		}
	}
	with(catalog.Token{Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	session, ok := w.confirm(t, "lianji_t", w.code(0))
	if holds, _ := w.has(t, session); !ok || !holds {
		t.Fatal("from where it is tied to")
	}
	by, err := w.Credential(session, "198.51.100.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := by.Bearer(w.state, w.now); ok {
		t.Error("the session holds elsewhere")
	}
}

// Four wrong codes are free; then each waits twice as long, right or wrong, up to an hour.
func TestCodesWait(t *testing.T) {
	w := newFactored(t)
	w.enrol(t)
	w.now = w.now.Add(time.Minute)
	for range 4 {
		if _, ok := w.confirm(t, "lianji_t", "000000"); ok || !w.until.Equal(w.now) {
			t.Fatalf("free: until %v", w.until)
		}
	}
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600} {
		if _, ok := w.confirm(t, "lianji_t", "000000"); ok || w.until.Sub(w.now) != wait*time.Second {
			t.Errorf("it waits %v, want %ds", w.until.Sub(w.now), wait)
		}
		w.now = w.now.Add(wait*time.Second - 1)
		if _, ok := w.confirm(t, "lianji_t", w.code(0)); ok {
			t.Error("the right one does not wait")
		}
		w.now = w.now.Add(1)
		if w.code(0) == "000000" {
			t.Fatal("the wrong code is right")
		}
		w.state = w.state.With(6, catalog.Changed{Tokens: map[string]*catalog.Token{"t": {ID: "t", Principal: "w", Expires: w.now.Add(2 * time.Hour)}}, Hashes: map[string]string{"t": "hash of lianji_t"}})
	}
	if _, ok := w.confirm(t, "lianji_t", w.code(0)); !ok || w.failed != 0 {
		t.Errorf("the right one after the waiting: %v", ok)
	}
}
