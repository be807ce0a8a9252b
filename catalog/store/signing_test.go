package store

import (
	"slices"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

func TestSigningKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		app := c.people[catalog.Application]
		sealed := map[string]string{}
		seal := func(id, secret string) (string, error) {
			sealed[id] = secret
			return "sealed for " + id, nil
		}
		make := func(by catalog.Role, k *catalog.Token) (string, error) {
			var secret string
			k.Principal, k.Expires = app, time.Now().Add(time.Hour)
			err := c.Change(t.Context(), c.people[by], func(tx *Tx) (err error) { secret, err = tx.SigningKey(k, seal); return err })
			return secret, err
		}
		k := &catalog.Token{Signs: catalog.HMACSM3, Resources: []string{c.renkou.ID}, PerMinute: 60}
		secret, err := make(catalog.Application, k)
		if err != nil || len(secret) < 40 || sealed[k.ID] != secret {
			t.Fatalf("%q, %v", secret, err)
		}
		state := c.load(t, nil)
		got, ok := state.Token(k.ID)
		if !ok || got.Signs != catalog.HMACSM3 || got.Sealed != "sealed for "+k.ID || got.PerMinute != 60 || !slices.Equal(got.Resources, k.Resources) || !got.Limited() {
			t.Errorf("kept as %+v", got)
		}
		now := time.Now()
		if _, p, ok := (catalog.BySignature{Key: k.ID}).Bearer(state, now); !ok || p.ID != app {
			t.Error("it does not hold")
		}
		for what, at := range map[string]time.Time{"beyond its end": k.Expires, "revoked": now} {
			if what == "revoked" {
				c.change(t, catalog.Application, func(tx *Tx) error { return tx.RevokeToken(k.ID) })
				state = c.load(t, state)
			}
			if _, _, ok := (catalog.BySignature{Key: k.ID}).Bearer(state, at); ok {
				t.Errorf("it holds %s", what)
			}
		}
		if _, err := make(catalog.Leader, &catalog.Token{Signs: catalog.HMACSM3}); errs.CodeOf(err) != errs.Forbidden {
			t.Errorf("another's: %v", err)
		}
		for what, wrong := range map[string]*catalog.Token{"no algorithm": {}, "another": {Signs: "md5"}, "no resource": {Signs: catalog.HMACSM3, Resources: []string{"x"}}, "fewer than none": {Signs: catalog.HMACSM3, PerMinute: -1}} {
			if _, err := make(catalog.Application, wrong); err == nil {
				t.Errorf("%s: it is made", what)
			}
		}
		// A token never is one.
		token := &catalog.Token{Principal: app, Expires: now.Add(time.Hour), Signs: catalog.HMACSM3, Sealed: "x"}
		c.change(t, catalog.Application, func(tx *Tx) error { _, err := tx.Token(token); return err })
		if got, _ := c.load(t, nil).Token(token.ID); got.Signs != "" || got.Sealed != "" {
			t.Errorf("a token signs: %+v", got)
		}
		if _, _, ok := (catalog.BySignature{Key: token.ID}).Bearer(c.load(t, nil), now); ok {
			t.Error("a token's ID is a key")
		}
	})
}

func TestNonces(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s, other := open(t, address), open(t, address)
		spend := func(s *Store, signer, nonce string, until time.Time) bool {
			t.Helper()
			fresh, err := s.SpendNonce(t.Context(), signer, nonce, until)
			if err != nil {
				t.Fatal(err)
			}
			return fresh
		}
		later := time.Now().Add(time.Hour)
		if !spend(s, "k", "a", later) || spend(s, "k", "a", later) || spend(other, "k", "a", later) {
			t.Error("one is taken twice")
		}
		if !spend(s, "k", "b", later) || !spend(s, "l", "a", later) {
			t.Error("another one is not taken")
		}
		if !spend(s, "k", "old", time.Now().Add(-time.Second)) {
			t.Error("a fresh one is not taken")
		}
		s.swept.Store(0)
		if !spend(s, "k", "old", later) || spend(s, "k", "a", later) {
			t.Error("what is over is kept, or what is not is forgotten")
		}
	})
}
