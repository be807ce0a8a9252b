package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// metered makes grants of the city with quotas, and gives these.
func (c *city) metered(t *testing.T, quotas ...catalog.Quota) []catalog.Quota {
	t.Helper()
	out := make([]catalog.Quota, len(quotas))
	for i, q := range quotas {
		g := c.grant()
		g.Rows, g.Queries = q.Rows, q.Queries
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(g) })
		kept, ok := c.load(t, nil).Grant(g.ID)
		if !ok {
			t.Fatal("no grant")
		}
		if out[i], ok = kept.Quota(); !ok {
			t.Fatalf("the grant is kept without its quota: %+v", kept)
		}
	}
	return out
}

// used reads what was used of a grant on a day.
func (c *city) used(t *testing.T, day, grant string) (queries, rows int64) {
	t.Helper()
	if err := c.db.QueryRowContext(t.Context(), "SELECT coalesce(sum(queries), 0), coalesce(sum(row_count), 0) FROM quota_use WHERE grant_id = $1 AND day = $2", grant, day).Scan(&queries, &rows); err != nil {
		t.Fatal(err)
	}
	return queries, rows
}

const day = "2026-11-23"

// Two gateways over one store, one budget of 100, 200 parallel calls: exactly 100 pass.
func TestOneBudgetForTwoGateways(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		q := c.metered(t, catalog.Quota{Queries: 100, Rows: 950})
		other := open(t, address)
		var passed, rows atomic.Int64
		calls := func(n int, charge func(ctx context.Context, s *Store) error) {
			t.Helper()
			g, ctx := safego.WithContext(t.Context())
			for i := range n {
				s := []*Store{c.Store, other}[i%2]
				g.Go(func() error {
					err := charge(ctx, s)
					var spent *catalog.Spent
					if errors.As(err, &spent) {
						return nil
					}
					return err
				})
			}
			if err := g.Wait(); err != nil {
				t.Fatal(err, errs.From(err).Detail)
			}
		}
		calls(200, func(ctx context.Context, s *Store) error {
			_, err := s.Charge(ctx, day, q, 1, 0)
			if err == nil {
				passed.Add(1)
			}
			return err
		})
		// Afterwards, for without a row left no statement begins.
		calls(100, func(ctx context.Context, s *Store) error {
			got, err := s.Charge(ctx, day, q, 0, 10)
			rows.Add(got)
			return err
		})
		if passed.Load() != 100 || rows.Load() != 950 {
			t.Errorf("%d statements passed, of 100, and %d rows, of 950", passed.Load(), rows.Load())
		}
		if queries, rows := c.used(t, day, q[0].Grant); queries != 100 || rows != 950 {
			t.Errorf("kept: %d statements, %d rows", queries, rows)
		}
	})
}

// What is left is given, what is given back can be had again, and a day has its own.
func TestCharge(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		q := c.metered(t, catalog.Quota{Rows: 10})
		take := func(day string, queries, rows, want int64) {
			t.Helper()
			got, err := c.Charge(t.Context(), day, q, queries, rows)
			var spent *catalog.Spent
			switch {
			case want < 0 && (!errors.As(err, &spent) || spent.Grant != q[0].Grant || got != 0):
				t.Errorf("%d rows, %v; want nothing", got, err)
			case want >= 0 && (err != nil || got != want):
				t.Errorf("%d rows, %v; want %d", got, err, want)
			}
		}
		take(day, 1, 0, 0)
		take(day, 0, 8, 8)
		take(day, 0, 8, 2)
		take(day, 0, 8, -1)
		take(day, 1, 0, -1) // without a row left no statement begins
		take("2026-11-24", 1, 800, 10)
		if err := c.GiveBack(t.Context(), day, q, 1, 3); err != nil {
			t.Fatal(err)
		}
		if queries, rows := c.used(t, day, q[0].Grant); queries != 0 || rows != 7 {
			t.Errorf("after it was given back: %d statements, %d rows", queries, rows)
		}
		take(day, 0, 8, 3)
	})
}

// Of several quotas all are charged alike or none, in whatever order they come.
func TestChargeSeveral(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		q := c.metered(t, catalog.Quota{Queries: 1}, catalog.Quota{Queries: 1}, catalog.Quota{Queries: 1})
		// The one that is spent first is the last that is charged.
		slices.SortFunc(q, func(a, b catalog.Quota) int { return strings.Compare(a.Grant, b.Grant) })
		q[0].Rows, q[0].Queries = 100, 0
		q[1].Queries = 3
		q[2].Rows, q[2].Queries = 40, 0
		got, err := c.Charge(t.Context(), day, q, 1, 60)
		if err != nil || got != 40 {
			t.Fatalf("%d rows, %v", got, err)
		}
		for i, quota := range q {
			if queries, rows := c.used(t, day, quota.Grant); queries != 1 || rows != 40 {
				t.Errorf("quota %d: %d statements, %d rows", i, queries, rows)
			}
		}
		var spent *catalog.Spent
		if _, err := c.Charge(t.Context(), day, []catalog.Quota{q[2], q[0], q[1]}, 1, 5); !errors.As(err, &spent) || spent.Grant != q[2].Grant {
			t.Errorf("with one that is spent: %v", err)
		}
		for i, quota := range q {
			if queries, rows := c.used(t, day, quota.Grant); queries != 1 || rows != 40 {
				t.Errorf("quota %d after a charge that was refused: %d statements, %d rows", i, queries, rows)
			}
		}
		g, ctx := safego.WithContext(t.Context())
		for i := range 40 { // in each order at once: nobody waits for somebody who waits for him
			of := []catalog.Quota{q[0], q[1]}
			if i%2 == 0 {
				of = []catalog.Quota{q[1], q[0]}
			}
			g.Go(func() error {
				_, err := c.Charge(ctx, day, of, 0, 1)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err, errs.From(err).Detail)
		}
	})
}

// Uses of long ago go; those of the last month stay.
func TestForgottenUses(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		q := c.metered(t, catalog.Quota{Rows: 10})
		for _, d := range []string{"2026-10-22", "2026-10-23", day} {
			if _, err := c.Charge(t.Context(), d, q, 1, 1); err != nil {
				t.Fatal(err)
			}
		}
		for d, want := range map[string]int64{"2026-10-22": 0, "2026-10-23": 1, day: 1} {
			if queries, _ := c.used(t, d, q[0].Grant); queries != want {
				t.Errorf("%s: %d statements are kept", d, queries)
			}
		}
	})
}

// A store that cannot be asked lets nothing pass.
func TestChargeWithoutStore(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		q := c.metered(t, catalog.Quota{Rows: 10, Queries: 10})
		other := open(t, address)
		if err := other.db.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := other.Charge(t.Context(), day, q, 1, 1); got != 0 || errs.CodeOf(err) != errs.StoreFailed {
			t.Errorf("%d rows, %v", got, err)
		}
		if got, err := c.Charge(t.Context(), day, []catalog.Quota{{Grant: "nobody's", Rows: 1}}, 1, 1); got != 0 || err == nil {
			t.Errorf("a grant that is not there: %d rows, %v", got, err)
		}
	})
}
