package store

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// A second factor is set by whose it is, replaced by who knows it and taken away by the
// security administrator; what was begun with one ends with it.
func TestFactors(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		leader := c.people[catalog.Leader]
		made := int64(1 << 40) // the version when a secret is made
		set := func(by catalog.Role, of, sealed string, replaces int64) error {
			return c.Change(t.Context(), c.people[by], func(tx *Tx) error {
				return tx.Factor(&catalog.Factor{Principal: of, Sealed: sealed, Version: made}, replaces, 7)
			})
		}
		for _, by := range []catalog.Role{catalog.SecurityAdmin, catalog.SystemAdmin, catalog.Bureau, catalog.Analyst} {
			if err := set(by, leader, "theirs", 0); errs.CodeOf(err) != errs.Forbidden {
				t.Errorf("%s sets another's: %v", by, err)
			}
		}
		if err := set(catalog.Leader, leader, "", 0); errs.CodeOf(err) != errs.RequestInvalid {
			t.Errorf("an empty one: %v", err)
		}
		before := c.load(t, nil)
		if _, there := before.Factor(leader); there {
			t.Fatal("it is set")
		}
		if err := set(catalog.Leader, leader, "first", 0); err != nil {
			t.Fatal(err)
		}
		first, _ := c.load(t, before).Factor(leader)
		if first == nil || first.Sealed != "first" {
			t.Fatalf("%+v", first)
		}
		for _, replaces := range []int64{0, first.Version - 1, first.Version + 1} {
			if err := set(catalog.Leader, leader, "another", replaces); errs.CodeOf(err) != errs.Conflict {
				t.Errorf("replaced as if it were version %d of %d: %v", replaces, first.Version, err)
			}
		}
		token := &catalog.Token{Principal: leader, Expires: time.Now().Add(time.Hour)}
		c.change(t, catalog.Leader, func(tx *Tx) error { _, err := tx.Token(token); return err })
		session := catalog.Factored{Credential: catalog.ByTokenSession{Token: token.ID, Until: time.Now().Add(time.Minute)}, Version: first.Version}
		held := func(state *catalog.State) bool {
			k, p, ok := session.Bearer(state, time.Now())
			return ok && k.Factor && p.ID == leader
		}
		state := c.load(t, before)
		if !held(state) {
			t.Error("its session does not hold")
		}
		if k, _, _ := session.Credential.Bearer(state, time.Now()); k == nil || k.Factor {
			t.Errorf("without the code: %+v", k)
		}
		if _, _, ok := session.Bearer(state, time.Now().Add(time.Minute)); ok {
			t.Error("it holds after its time")
		}
		made = first.Version - 1
		if err := set(catalog.Leader, leader, "first", first.Version); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("a secret from before the one that is set: %v", err)
		}
		made = first.Version
		if err := set(catalog.Leader, leader, "second", first.Version); err != nil {
			t.Fatal(err)
		}
		if held(c.load(t, nil)) {
			t.Error("the session holds after the factor was replaced")
		}
		second, _ := c.load(t, nil).Factor(leader)
		session.Version = second.Version
		if state = c.load(t, nil); !held(state) {
			t.Error("the new session does not hold")
		}
		for _, by := range []catalog.Role{catalog.Leader, catalog.SystemAdmin, catalog.Bureau, catalog.Auditor} {
			if err := c.Change(t.Context(), c.people[by], func(tx *Tx) error { return tx.RemoveFactor(leader) }); errs.CodeOf(err) != errs.Forbidden {
				t.Errorf("%s takes it away: %v", by, err)
			}
		}
		for range 2 {
			c.change(t, catalog.SecurityAdmin, func(tx *Tx) error { return tx.RemoveFactor(leader) })
		}
		for what, now := range map[string]*catalog.State{"read anew": c.load(t, nil), "read on": c.load(t, state)} {
			if _, there := now.Factor(leader); there || held(now) {
				t.Errorf("%s: it is still there", what)
			}
		}
		made = second.Version
		if err := set(catalog.Leader, leader, "second", 0); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("a secret from before it was taken away: %v", err)
		}
		made = c.load(t, nil).Version
		if err := set(catalog.Leader, leader, "third", 0); err != nil {
			t.Errorf("a new one after it was taken away: %v", err)
		}
		if f, _ := c.load(t, state).Factor(leader); f == nil || f.Sealed != "third" {
			t.Errorf("%+v", f)
		}
		var acts []string
		for _, act := range drained(t, c.Store) {
			if act.Object == leader {
				acts = append(acts, act.Action+" by "+act.Principal)
			}
		}
		login := "leader." + c.gongan[:4]
		want := []string{"principal_add by secadmin", "factor_add by " + login, "factor_change by " + login, "factor_revoke by secadmin", "factor_change by " + login}
		if !slices.Equal(acts, want) {
			t.Errorf("recorded %v, want %v", acts, want)
		}
	})
}

// A session that began with a token ends with it, and is of nothing that signs.
func TestSessionOfToken(t *testing.T) {
	c := newCity(t, "sqlite:"+t.TempDir()+"/c.db")
	of, later := c.people[catalog.Analyst], time.Now().Add(time.Hour)
	token, key := &catalog.Token{Principal: of, Expires: later}, &catalog.Token{Principal: of, Expires: later, Signs: catalog.HMACSHA256}
	c.change(t, catalog.Analyst, func(tx *Tx) error {
		if _, err := tx.Token(token); err != nil {
			return err
		}
		_, err := tx.SigningKey(key, func(_, secret string) (string, error) { return "sealed", nil })
		return err
	})
	holds := func(id string) bool {
		_, _, ok := catalog.ByTokenSession{Token: id, Until: later}.Bearer(c.load(t, nil), time.Now())
		return ok
	}
	if !holds(token.ID) || holds(key.ID) || holds("") {
		t.Errorf("token %v, key %v, none %v", holds(token.ID), holds(key.ID), holds(""))
	}
	c.change(t, catalog.Analyst, func(tx *Tx) error { return tx.RevokeToken(token.ID) })
	if holds(token.ID) {
		t.Error("it holds after the token")
	}
}

// Whatever comes at the same time at two gateways, a code is taken once, and what is wrong
// is counted for both.
func TestTryCode(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		other := open(t, address)
		leader := c.people[catalog.Leader]
		c.change(t, catalog.Leader, func(tx *Tx) error {
			return tx.Factor(&catalog.Factor{Principal: leader, Sealed: "s"}, 0, 7)
		})
		f, _ := c.load(t, nil).Factor(leader)
		now := time.Now()
		minutes := func(failed int64) time.Duration { return time.Duration(failed) * time.Minute }
		try := func(s *Store, at time.Time, step int64) bool {
			t.Helper()
			taken, err := s.TryCode(t.Context(), f, at, minutes, func(int64) (int64, bool) { return step, step > 0 })
			if err != nil {
				t.Error(err, errs.From(err).Detail)
			}
			return taken
		}
		if try(c.Store, now, 7) {
			t.Error("the code that confirmed it is taken again")
		}
		if try(other, now.Add(time.Minute-time.Second), 8) {
			t.Error("it is tried while it has to wait")
		}
		var taken atomic.Int64
		var done []<-chan error
		for i := range 16 {
			s := []*Store{c.Store, other}[i%2]
			done = append(done, safego.Run(func() error {
				if try(s, now.Add(time.Minute+time.Second), 8) {
					taken.Add(1)
				}
				return nil
			}))
		}
		for _, d := range done {
			if err := <-d; err != nil {
				t.Error(err)
			}
		}
		if taken.Load() != 1 {
			t.Errorf("one code was taken %d times", taken.Load())
		}
		// What came second was wrong, so something waits again; the count began anew with what
		// was right.
		if try(other, now.Add(time.Minute+2*time.Second), 9) {
			t.Error("it does not wait after the second use")
		}
		at := now.Add(time.Hour)
		for failed := range 3 {
			if try([]*Store{c.Store, other}[failed%2], at, 0) {
				t.Error("a wrong one is taken")
			}
			wait := minutes(int64(failed + 2))
			if try(c.Store, at.Add(wait-time.Second), 100) || try(other, at.Add(wait-time.Second), 100) {
				t.Errorf("after %d it waits less than %v", failed+1, wait)
			}
			at = at.Add(wait)
		}
		if !try(other, at, 100) || try(c.Store, at, 99) {
			t.Error("the right one after the waiting, or one that is older than it")
		}
		stale := *f
		stale.Version--
		if taken, err := c.TryCode(t.Context(), &stale, at.Add(time.Hour), minutes, func(int64) (int64, bool) { return 200, true }); taken || err != nil {
			t.Errorf("of a factor that was replaced: %v %v", taken, err)
		}
	})
}

// Recover takes the second factor away, for it may be lost too.
func TestRecoverFactor(t *testing.T) {
	c := newCity(t, "sqlite:"+t.TempDir()+"/c.db")
	sec, leader := c.people[catalog.SecurityAdmin], c.people[catalog.Leader]
	for role, id := range map[catalog.Role]string{catalog.SecurityAdmin: sec, catalog.Leader: leader} {
		c.change(t, role, func(tx *Tx) error { return tx.Factor(&catalog.Factor{Principal: id, Sealed: "s"}, 0, 1) })
	}
	drained(t, c.Store)
	if _, _, err := c.Recover(t.Context(), "", time.Hour); err != nil {
		t.Fatal(err)
	}
	state := c.load(t, nil)
	if _, there := state.Factor(sec); there {
		t.Error("it is still there")
	}
	if _, there := state.Factor(leader); !there {
		t.Error("another's is gone")
	}
	acts := drained(t, c.Store)
	if len(acts) != 2 || acts[0].Action != "factor_revoke" || acts[0].Principal != RecoverLogin || acts[1].Action != "token_add" {
		t.Errorf("%+v", acts)
	}
}
