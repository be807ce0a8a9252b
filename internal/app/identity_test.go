package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/identity"
)

const (
	wangsPassword = "nine grey herons wait"
	nextPassword  = "the river froze at dawn"
)

// login asks for a session, and gives the status and the answer.
func (s *served) login(t *testing.T, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/sessions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// grants asks for what a token's bearer sees of the grants, and gives the status.
func (s *served) grants(t *testing.T, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/catalog/grants", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// Whoever has a password gets a session, which opens what their token does until there is
// another password; what is refused is in the log, without what nobody's login was said to
// be.
func TestPasswordOverTheDoor(t *testing.T) {
	s := serve(t, func(k *kept) {
		if err := k.SetPassword(t.Context(), k.tokens["secadmin"], "wang", wangsPassword); err != nil {
			t.Fatal(err)
		}
	})
	wrong := func(body string) string {
		t.Helper()
		status, text := s.login(t, body)
		var p map[string]any
		if err := json.Unmarshal([]byte(text), &p); err != nil || status != 401 {
			t.Fatalf("%s: %d %s", body, status, text)
		}
		delete(p, "query_id")
		delete(p, "instance")
		return fmt.Sprint(p)
	}
	bad := wrong(`{"login":"wang","password":"nine grey herons waiT"}`)
	if unknown := wrong(`{"login":"my.secret.1","password":"nine grey herons wait"}`); unknown != bad {
		t.Errorf("nobody's:\n%s\nwrong:\n%s", unknown, bad)
	}
	if none := wrong(`{"login":"ga","password":"nine grey herons wait"}`); none != bad {
		t.Errorf("without a password:\n%s\nwrong:\n%s", none, bad)
	}
	status, text := s.login(t, `{"login":"wang","password":"`+wangsPassword+`"}`)
	var begun struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(text), &begun); err != nil || status != 201 || begun.Token == "" {
		t.Fatalf("%d %s", status, text)
	}
	if status := s.grants(t, begun.Token); status != 200 {
		t.Errorf("the session shows grants: %d", status)
	}
	if status := s.grants(t, begun.Token+"A"); status != 401 {
		t.Errorf("another token: %d", status)
	}
	for _, body := range []string{`{"login":"wang"}`, `{"login":"wang","password":"x","more":1}`, `{"login":1,"password":"x"}`, `[]`, `{"login":"wang","password":"x"} x`} {
		if status, text := s.login(t, body); status != 400 {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	// The session ends with the password that it began with.
	if err := s.SetPassword(t.Context(), s.tokens["secadmin"], "wang", nextPassword); err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 10*time.Second, "the session's end", func() bool { return s.grants(t, begun.Token) == 401 })
	if status, text := s.login(t, `{"login":"wang","password":"`+wangsPassword+`"}`); status != 401 {
		t.Errorf("the old password: %d %s", status, text)
	}
	if status, text := s.login(t, `{"login":"wang","password":"`+nextPassword+`"}`); status != 201 {
		t.Errorf("the new password: %d %s", status, text)
	}
	var refused []string
	for _, r := range exported(t, s.dir) {
		var a audit.Start
		if r.Kind == audit.KindRefused && json.Unmarshal(r.Body, &a) == nil && a.Code == string(errs.Unauthenticated) {
			refused = append(refused, a.Principal+"@"+a.Agency)
		}
		if strings.Contains(string(r.Body), "my.secret") || strings.Contains(string(r.Body), "herons") {
			t.Errorf("the log says %s", r.Body)
		}
	}
	slices.Sort(refused)
	if want := []string{"@", "ga@GA", "wang@MZ"}; !slices.Equal(slices.Compact(refused), want) {
		t.Errorf("refused %q, want %q", refused, want)
	}
}

func TestWhoSetsPasswords(t *testing.T) {
	k := newKept(t)
	wang := k.token(t, "wang", &catalog.Token{Modes: []catalog.Mode{catalog.Download}})
	for by, token := range map[string]string{"ga": k.tokens["ga"], "bureau": k.tokens["bureau"], "sysadmin": k.tokens["sysadmin"], "wang's limited token": wang, "nobody": ""} {
		for what, err := range map[string]error{
			"asks":    k.MaySetPassword(t.Context(), token, "wang"),
			"sets":    k.SetPassword(t.Context(), token, "wang", wangsPassword),
			"removes": k.RemovePassword(t.Context(), token, "wang"),
		} {
			if code := errs.CodeOf(err); code != errs.Forbidden && code != errs.Unauthenticated {
				t.Errorf("%s %s: %v", by, what, err)
			}
		}
	}
	if err := k.MaySetPassword(t.Context(), k.tokens["secadmin"], "nobody"); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("nobody's: %v", err)
	}
	if err := k.SetPassword(t.Context(), k.tokens["ga"], "ga", "too short"); errs.CodeOf(err) != errs.RequestInvalid {
		t.Errorf("a short one: %v", err)
	}
	for by, of := range map[string]string{"ga": "ga", "secadmin": "wang"} {
		if err := k.SetPassword(t.Context(), k.tokens[by], of, wangsPassword); err != nil {
			t.Errorf("%s sets %s's: %v", by, of, err)
		}
	}
}

// Over HTTP a password is set by those who set it at the store, and by nobody else; it opens
// what its login may, and no answer repeats it.
func TestWhoSetsPasswordsOverTheDoor(t *testing.T) {
	c := newCatalogueOver(t)
	c.token(t, "wang", &catalog.Token{})
	c.tokens["wang's limited token"] = c.token(t, "wang", &catalog.Token{Modes: []catalog.Mode{catalog.Download}})
	c.tokens["wang's tied token"] = c.token(t, "wang", &catalog.Token{Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	c.token(t, "wang", &catalog.Token{})
	if err := c.app.authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := `{"password": "` + wangsPassword + `"}`
	for _, x := range []struct {
		login, of, body string
		status          int
	}{
		{"", "wang", body, 401}, {"wang's limited token", "wang", body, 401}, {"wang's tied token", "wang", body, 403},
		{"ga", "wang", body, 403}, {"bureau", "wang", body, 403}, {"sysadmin", "wang", body, 403}, {"wang", "ga", body, 403}, {"secadmin", "nobody", body, 403},
		{"wang", "ga", `{"password": "too short"}`, 403}, {"wang", "wang", `{"password": "too short"}`, 400},
		{"wang", "wang", `{}`, 400}, {"wang", "wang", `{"password": "` + wangsPassword + `", "login": "ga"}`, 400},
		{"wang", "wang", body, 204}, {"secadmin", "ga", body, 204},
	} {
		got := c.send(t, x.login, "PUT", keyed("principals", x.of, "password"), x.body)
		if got.status != x.status || strings.Contains(got.text, "herons") {
			t.Errorf("%s sets %s's to %s: %d %s", x.login, x.of, x.body, got.status, got.text)
		}
	}
	opens := func(login string) bool {
		_, err := c.app.identity.Login(t.Context(), login, wangsPassword, "127.0.0.1")
		return err == nil
	}
	if !opens("wang") || !opens("ga") {
		t.Error("what was set does not open anything")
	}
	remove := func(login string, want int) {
		t.Helper()
		if got := c.send(t, login, "DELETE", keyed("principals", "wang", "password"), ""); got.status != want {
			t.Errorf("%q takes wang's away: %d %s", login, got.status, got.text)
		}
	}
	remove("", 401)
	remove("ga", 403)
	if !opens("wang") {
		t.Error("it is gone all the same")
	}
	remove("wang", 204)
	if opens("wang") || !opens("ga") {
		t.Error("the one that was taken away opens something, or another does not")
	}
}

// A token that is tied to addresses opens nothing from others.
func TestTiedTokenOverTheDoor(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	token := k.token(t, "wang", &catalog.Token{Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	if err := a.authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for client, want := range map[string]errs.Code{"10.1.0.9": "", "::ffff:10.1.0.9": "", "127.0.0.1": errs.Unauthenticated, "": errs.Unauthenticated} {
		by := server.Asker{Token: token, Mode: catalog.Interface, Client: client}
		if _, err := a.Session(t.Context(), by); errs.CodeOf(err) != want {
			t.Errorf("a statement from %q: %v", client, err)
		}
		if _, _, err := (keeper{a}).See(t.Context(), by); errs.CodeOf(err) != want {
			t.Errorf("the catalogue from %q: %v", client, err)
		}
	}
	if _, _, err := k.Bearer(t.Context(), token); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("on the command line: %v", err)
	}
	made := &catalog.Token{Expires: time.Now().Add(time.Hour)}
	_, err := keeper{a}.Keep(t.Context(), server.Asker{Token: token, Client: "10.1.0.9"}, func(_ *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		made.Principal = by.ID
		return func(tx *store.Tx) error { _, err := tx.Token(made); return err }, nil
	})
	if err != nil || len(made.Addresses) != 1 || made.Addresses[0].String() != "10.1.0.0/16" {
		t.Errorf("what it makes is tied to %v, %v", made.Addresses, err)
	}
}

// A request that an application's key signed opens what the key is limited to, once.
func TestSigningKeyOverTheDoor(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	ids, err := k.ResourceIDs(t.Context(), k.tokens["ga"], []string{"公安.人口", "公安.人口"})
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	for _, wrong := range [][]string{{"公安.没有"}, {"人口"}, {"公安.人口", ""}} {
		if _, err := k.ResourceIDs(t.Context(), k.tokens["ga"], wrong); errs.CodeOf(err) != errs.UnknownName {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := k.ResourceIDs(t.Context(), k.tokens["sysadmin"], []string{"公安.人口"}); errs.CodeOf(err) != errs.UnknownName {
		t.Errorf("who does not see it: %v", err)
	}
	key := &catalog.Token{Resources: ids, PerMinute: 1, Expires: time.Now().Add(time.Hour)}
	if _, err := k.NewSigningKey(t.Context(), k.tokens["ga"], "wang", key); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("another's: %v", err)
	}
	secret, err := k.NewSigningKey(t.Context(), k.tokens["secadmin"], "wang", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	by := func(nonce string) server.Asker {
		s := &server.Signed{How: catalog.HMACSHA256, Key: key.ID, Time: time.Now().Unix(), Nonce: nonce + "0123456789abcdef", Method: "POST", Target: "/v1/query", Host: "h"}
		s.Signature, _ = identity.Sign(s, secret)
		return server.Asker{Signed: s, Mode: catalog.Interface, Purpose: "DB-HC"}
	}
	s, err := a.Session(t.Context(), by("a"))
	if err != nil || s.Principal != "wang" {
		t.Fatalf("%q, %v", s.Principal, err)
	}
	if _, err := s.Grants(t.Context(), s, "REVOKE ON 公安.人口 FROM AGENCY 民政"); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("it takes grants back: %v", err)
	}
	if _, err := a.Session(t.Context(), by("a")); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("again: %v", err)
	}
	if _, err := a.Session(t.Context(), by("b")); errs.CodeOf(err) != errs.QuotaSpent {
		t.Errorf("the second in a minute: %v", err)
	}
	if _, _, err := (keeper{a}).See(t.Context(), by("c")); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("it keeps the catalogue: %v", err)
	}
}
