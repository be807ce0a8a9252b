package store

import (
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// Whoever has the store gets the security administrator's way back, and nobody else's;
// the audit says that it was no principal.
func TestRecover(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		drained(t, c.Store)
		state := c.load(t, nil)
		var sec *catalog.Principal
		for _, p := range state.Principals() {
			if p.Has(catalog.SecurityAdmin) {
				sec = p
			}
		}
		for _, p := range state.Principals() {
			if p == sec {
				continue
			}
			if _, text, err := c.Recover(t.Context(), p.Login, time.Hour); errs.CodeOf(err) != errs.RequestInvalid || text != "" {
				t.Errorf("%s: %v", p.Login, err)
			}
		}
		c.change(t, catalog.SecurityAdmin, func(tx *Tx) error {
			p := *sec
			p.Disabled = true
			return tx.Principal(&p)
		})
		drained(t, c.Store)
		of, text, err := c.Recover(t.Context(), "", time.Hour)
		if err != nil || of != sec.Login {
			t.Fatalf("%s, %v", of, err)
		}
		state = c.load(t, nil)
		k, p, ok := state.Bearer(Hash(text), time.Now())
		if !ok || p.ID != sec.ID || k.Label != RecoverLabel || k.Expires.After(time.Now().Add(time.Hour)) {
			t.Errorf("%+v, %+v", k, p)
		}
		acts := drained(t, c.Store)
		if len(acts) != 2 || acts[0].Action != "principal_change" || acts[1].Action != "token_add" {
			t.Fatalf("%+v", acts)
		}
		for _, a := range acts {
			if a.Principal != RecoverLogin || a.Agency != "" {
				t.Errorf("%+v", a)
			}
		}
		// Of two the one is named.
		c.change(t, catalog.SecurityAdmin, func(tx *Tx) error {
			return tx.Principal(&catalog.Principal{Login: "sec2", Agency: sec.Agency, Roles: []catalog.Role{catalog.SecurityAdmin}})
		})
		if _, _, err := c.Recover(t.Context(), "", time.Hour); errs.CodeOf(err) != errs.RequestInvalid {
			t.Error(err)
		}
		if of, _, err := c.Recover(t.Context(), "sec2", time.Hour); err != nil || of != "sec2" {
			t.Errorf("%s, %v", of, err)
		}
	})
}
