package store

import (
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

func TestCertificates(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		key, now := strings.Repeat("0a", 32), time.Now()
		service := func(login string) string {
			p := &catalog.Principal{Login: login, Name: "程序", Agency: c.minzheng, Service: true, Roles: []catalog.Role{catalog.Application}}
			c.change(t, catalog.SecurityAdmin, func(tx *Tx) error { return tx.Principal(p) })
			return p.ID
		}
		first, second := service("app.1"), service("app.2")
		certify := func(by catalog.Role, of, key string) (*catalog.Token, error) {
			k := &catalog.Token{Principal: of, Expires: now.Add(time.Hour)}
			return k, c.Change(t.Context(), c.people[by], func(tx *Tx) error { return tx.Certificate(k, key) })
		}
		for _, by := range []catalog.Role{catalog.SystemAdmin, catalog.Leader, catalog.Auditor, catalog.Application} {
			if _, err := certify(by, first, key); errs.CodeOf(err) != errs.Forbidden {
				t.Errorf("by %s: %v", by, err)
			}
		}
		for what, wrong := range map[string][2]string{"nobody": {"x", key}, "no key": {first, ""}, "a short key": {first, "0a"}, "capitals": {first, strings.ToUpper(key)}} {
			if _, err := certify(catalog.SecurityAdmin, wrong[0], wrong[1]); err == nil {
				t.Errorf("%s is taken", what)
			}
		}
		whose := func(state *catalog.State, at time.Time) string {
			_, p, ok := catalog.ByCertificate{Key: key}.Bearer(state, at)
			if !ok {
				return ""
			}
			return p.Login
		}
		state := c.load(t, nil)
		if got := whose(state, now); got != "" {
			t.Errorf("it is %s's before", got)
		}
		old, err := certify(catalog.SecurityAdmin, first, key)
		if err != nil {
			t.Fatal(err)
		}
		state = c.load(t, state)
		if got := whose(state, now); got != "app.1" || whose(state, old.Expires) != "" {
			t.Errorf("it is %q's", got)
		}
		// What is said of a key takes the place of what was said before, whatever is read first.
		for range 20 {
			if _, err = certify(catalog.SecurityAdmin, second, key); err != nil {
				t.Fatal(err)
			}
			after := c.load(t, state)
			if got := whose(after, now); got != "app.2" || whose(c.load(t, nil), now) != "app.2" {
				t.Fatalf("it is %q's", got)
			}
			if k, ok := after.Token(old.ID); !ok || k.Revoked.IsZero() {
				t.Fatalf("the old one: %+v", k)
			}
			state = after
		}
		// A person's opens nothing alone; beside what is of the same person it is a factor, unless
		// it is limited or over.
		leader := c.people[catalog.Leader]
		tokens := map[string]string{}
		for _, of := range []catalog.Role{catalog.Leader, catalog.Analyst} {
			c.change(t, of, func(tx *Tx) (err error) {
				tokens[c.people[of]], err = tx.Token(&catalog.Token{Principal: c.people[of], Expires: now.Add(2 * time.Hour)})
				return err
			})
		}
		beside := func(of string, at time.Time) (factor bool) {
			t.Helper()
			k, p, ok := catalog.BesideCertificate{Credential: catalog.ByToken(Hash(tokens[of])), Key: key}.Bearer(c.load(t, nil), at)
			if !ok || p.ID != of {
				t.Fatalf("the token does not hold beside it: %v", p)
			}
			return k.Factor
		}
		if beside(leader, now) {
			t.Error("another's certificate is a factor")
		}
		last, err := certify(catalog.SecurityAdmin, leader, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := whose(c.load(t, nil), now); got != "" {
			t.Errorf("alone it opens what is %s's", got)
		}
		if !beside(leader, now) || beside(c.people[catalog.Analyst], now) || beside(leader, last.Expires) {
			t.Errorf("beside their token %v, another's %v, when it is over %v", beside(leader, now), beside(c.people[catalog.Analyst], now), beside(leader, last.Expires))
		}
		if _, _, ok := (catalog.BesideCertificate{Credential: catalog.ByToken("x"), Key: key}).Bearer(c.load(t, nil), now); ok {
			t.Error("beside nothing it opens something")
		}
		c.change(t, catalog.SecurityAdmin, func(tx *Tx) error {
			return tx.Certificate(&catalog.Token{Principal: leader, Expires: now.Add(time.Hour), Modes: []catalog.Mode{catalog.Interface}}, key)
		})
		if beside(leader, now) {
			t.Error("one that is limited is a factor")
		}
		if last, err = certify(catalog.SecurityAdmin, second, key); err != nil {
			t.Fatal(err)
		}
		state = c.load(t, nil)
		// Neither is it a token, nor a key that signs.
		for what, by := range map[string]catalog.Credential{"a token": catalog.ByToken(catalog.CertificatePrefix + key), "signs": catalog.BySignature{Key: last.ID}} {
			if _, _, ok := by.Bearer(state, now); ok {
				t.Errorf("it is %s", what)
			}
		}
	})
}
