package store

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

func TestPasswords(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		wang := c.people[catalog.Analyst]
		set := func(by catalog.Role, of, hash string) error {
			return c.Change(t.Context(), c.people[by], func(tx *Tx) error {
				return tx.Password(&catalog.Password{Principal: of, Hash: hash, SCRAM: "v " + hash})
			})
		}
		for _, by := range []catalog.Role{catalog.SystemAdmin, catalog.Auditor, catalog.Bureau, catalog.Leader, catalog.Application} {
			if err := set(by, wang, "theirs"); errs.CodeOf(err) != errs.Forbidden {
				t.Errorf("%s sets another's password: %v", by, err)
			}
		}
		if err := set(catalog.SecurityAdmin, "nobody", "x"); errs.CodeOf(err) != errs.UnknownName {
			t.Errorf("nobody's: %v", err)
		}
		if err := set(catalog.Analyst, wang, ""); errs.CodeOf(err) != errs.RequestInvalid {
			t.Errorf("an empty one: %v", err)
		}
		before := c.load(t, nil)
		if p, ok := before.Password(wang); ok {
			t.Fatalf("it is set: %q", p.Hash)
		}
		var versions []int64
		for _, by := range []catalog.Role{catalog.Analyst, catalog.SecurityAdmin} {
			if err := set(by, wang, "by "+string(by)); err != nil {
				t.Fatal(err)
			}
			for what, state := range map[string]*catalog.State{"read anew": c.load(t, nil), "read on": c.load(t, before)} {
				p, ok := state.Password(wang)
				if !ok || p.Hash != "by "+string(by) || p.SCRAM != "v by "+string(by) || p.Version != state.Version {
					t.Errorf("%s: %v", what, ok)
				}
				versions = append(versions, p.Version)
			}
			before = c.load(t, before)
		}
		if versions[0] == versions[2] {
			t.Error("two passwords have one version")
		}
		session := catalog.ByPassword{Principal: wang, Version: versions[2], Until: time.Now().Add(time.Hour)}
		if _, p, ok := session.Bearer(before, time.Now()); !ok || p.ID != wang {
			t.Error("its session does not hold")
		}
		remove := func(by catalog.Role) error {
			return c.Change(t.Context(), c.people[by], func(tx *Tx) error { return tx.RemovePassword(wang) })
		}
		if err := remove(catalog.Leader); errs.CodeOf(err) != errs.Forbidden {
			t.Errorf("the leader removes it: %v", err)
		}
		for range 2 {
			if err := remove(catalog.SecurityAdmin); err != nil {
				t.Fatal(err)
			}
		}
		for _, state := range []*catalog.State{c.load(t, nil), c.load(t, before)} {
			if _, ok := state.Password(wang); ok {
				t.Error("it is still there")
			}
			if _, _, ok := session.Bearer(state, time.Now()); ok {
				t.Error("its session holds")
			}
		}
		var acts []string
		for _, act := range drained(t, c.Store) {
			if act.Object == wang {
				acts = append(acts, act.Action+" by "+act.Principal)
			}
		}
		want := []string{"principal_add by secadmin", "password_add by analyst." + c.minzheng[:4], "password_change by secadmin", "password_revoke by secadmin"}
		if !slices.Equal(acts, want) {
			t.Errorf("recorded %v, want %v", acts, want)
		}
	})
}

func TestSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s, other := open(t, address), open(t, address)
		key := func(s *Store, name string) []byte {
			b, err := s.Secret(context.Background(), name)
			if err != nil || len(b) != secretBytes {
				t.Fatal(b, err)
			}
			return b
		}
		first := key(s, "a")
		if !bytes.Equal(first, key(s, "a")) || !bytes.Equal(first, key(other, "a")) {
			t.Error("it is another one each time")
		}
		if bytes.Equal(first, key(s, "b")) || bytes.Equal(first, make([]byte, secretBytes)) {
			t.Error("it is not random")
		}
	})
}
