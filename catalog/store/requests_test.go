package store

import (
	"errors"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// What a request was answered is kept with its change or not at all, once for a key and
// a principal, and for a week at least.
func TestRemember(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		ctx := t.Context()
		remembered := func(role catalog.Role, key string) string {
			digest, answer, err := c.Remembered(ctx, c.people[role], key)
			if err != nil {
				t.Fatal(err)
			}
			return digest + answer
		}
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Remember("k", "d", "answer") })
		if got := remembered(catalog.Leader, "k"); got != "danswer" {
			t.Errorf("got %q", got)
		}
		if got := remembered(catalog.Analyst, "k"); got != "" {
			t.Errorf("another's: %q", got)
		}
		c.change(t, catalog.Analyst, func(tx *Tx) error { return tx.Remember("k", "d2", "other") })
		if err := c.Change(ctx, c.people[catalog.Leader], func(tx *Tx) error { return tx.Remember("k", "d2", "other") }); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("a key twice: %v", err)
		}
		broken := errors.New("broken")
		if err := c.Change(ctx, c.people[catalog.Leader], func(tx *Tx) error { return errors.Join(tx.Remember("k2", "d", "x"), broken) }); !errors.Is(err, broken) && err == nil {
			t.Error("a broken change was kept")
		}
		if got := remembered(catalog.Leader, "k2"); got != "" {
			t.Errorf("of a change that was not made: %q", got)
		}
		// The next one forgets what is old, and nothing that is not.
		if _, err := c.db.ExecContext(ctx, "UPDATE request SET made = $1 WHERE principal = $2", asMicros(time.Now().Add(-requestLife-time.Hour)), c.people[catalog.Leader]); err != nil {
			t.Fatal(err)
		}
		c.change(t, catalog.Analyst, func(tx *Tx) error { return tx.Remember("k3", "d3", "third") })
		if a, b := remembered(catalog.Leader, "k"), remembered(catalog.Analyst, "k"); a != "" || b != "d2other" {
			t.Errorf("old %q, new %q", a, b)
		}
	})
}
