package store

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
)

// drained gives every change that is in no log yet, and forgets it.
func drained(t *testing.T, s *Store) []audit.Act {
	t.Helper()
	var all []audit.Act
	for {
		n, err := s.Unrecorded(t.Context(), func(acts []audit.Act) error {
			all = append(all, acts...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return all
		}
	}
}

// Each change of an object leaves who did what to which object, once; one that was not
// made leaves nothing.
func TestUnrecorded(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		first := drained(t, c.Store)
		if len(first) == 0 || first[0].Action != "agency_add" || first[0].Principal != "init" {
			t.Fatalf("making the store left %+v", first)
		}
		state := c.load(t, nil)
		leader, _ := state.Principal(c.people[catalog.Leader])
		g := c.grant()
		began := time.Now().Add(-time.Millisecond)
		ctx := WithOrigin(t.Context(), Origin{Door: "http", Client: "10.0.0.7"})
		if err := c.Change(ctx, leader.ID, func(tx *Tx) error { return tx.Grant(g) }); err != nil {
			t.Fatal(err)
		}
		made := c.load(t, nil).Version
		broken := errors.New("no")
		if err := c.Change(t.Context(), leader.ID, func(tx *Tx) error { return errors.Join(tx.Grant(c.grant()), broken) }); err == nil {
			t.Fatal("a change that failed was made")
		}
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Revoke(g.ID) })
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { r := *c.renkou; r.Name = "人口库"; return tx.Resource(&r) })
		renkou := strconv.FormatInt(mustVersion(t, c.Store), 10)
		got := drained(t, c.Store)
		if len(got) != 3 {
			t.Fatalf("three changes left %+v", got)
		}
		if got[0].Time.Before(began) || got[0].Time.After(time.Now()) {
			t.Errorf("time %v", got[0].Time)
		}
		for i := range got {
			got[i].Time = time.Time{}
		}
		text := func(v int64) string { return strconv.FormatInt(v, 10) }
		want := []audit.Act{
			{Principal: leader.Login, Agency: "GA", Door: "http", Client: "10.0.0.7", Action: "grant_add", Object: g.ID, Outcome: audit.Done, Details: map[string]string{"before": "0", "after": text(made)}},
			{Principal: leader.Login, Agency: "GA", Action: "grant_revoke", Object: g.ID, Outcome: audit.Done, Details: map[string]string{"before": text(made), "after": text(made + 1)}},
			{Principal: "cataloguer." + c.gongan[:4], Agency: "GA", Action: "resource_change", Object: c.renkou.ID, Outcome: audit.Done, Details: map[string]string{"before": first[len(first)-1].Details["after"], "after": renkou}},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if again := drained(t, c.Store); len(again) != 0 {
			t.Errorf("recorded twice: %+v", again)
		}
	})
}

func mustVersion(t *testing.T, s *Store) int64 {
	t.Helper()
	v, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What could not be recorded is handed out again; what another gateway is recording is
// not, until it has had its time.
func TestUnrecordedIsNotLost(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		drained(t, c.Store)
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(c.grant()) })
		full := errors.New("full")
		if _, err := c.Unrecorded(t.Context(), func([]audit.Act) error { return full }); !errors.Is(err, full) {
			t.Fatalf("got %v", err)
		}
		other := open(t, address)
		n, err := c.Unrecorded(t.Context(), func(acts []audit.Act) error {
			if others := drained(t, other); len(others) != 0 {
				t.Errorf("two gateways record %+v", others)
			}
			return nil
		})
		if n != 1 || err != nil {
			t.Errorf("handed out %d, %v", n, err)
		}
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(c.grant()) })
		gone, cancel := context.WithCancel(t.Context())
		if _, err := c.Unrecorded(gone, func([]audit.Act) error { cancel(); return gone.Err() }); err == nil { // a gateway that dies here
			t.Fatal("it did not die")
		}
		if left := drained(t, other); len(left) != 0 {
			t.Errorf("taken from a gateway that may still record it: %+v", left)
		}
		if _, err := other.db.ExecContext(t.Context(), "UPDATE unrecorded SET taken = taken - $1", 2*takenFor.Microseconds()); err != nil {
			t.Fatal(err)
		}
		if left := drained(t, other); len(left) != 1 {
			t.Errorf("after its time: %+v", left)
		}
	})
}
