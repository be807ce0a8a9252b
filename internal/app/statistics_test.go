package app

import (
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"

	"context"
)

// What is known of a table is there from the start, and is read again; a snapshot
// stays the same one.
func TestStatistics(t *testing.T) {
	w := newWorld(t, two, "mz")
	a := w.open(t)
	s, err := a.Direct()
	if err != nil {
		t.Fatal(err)
	}
	r, _ := s.Snapshot.Resolve([]string{"ga", "t"})
	if got := r.Table.Estimate(); got != 1 {
		t.Errorf("about %d rows, want what the source told", got)
	}
	a.readAll(t.Context())
	again, err := a.Direct()
	if err != nil {
		t.Fatal(err)
	}
	if r.Table.Estimate() != 2 || s.Snapshot.Identity() != again.Snapshot.Identity() {
		t.Errorf("about %d rows; snapshots %s and %s", r.Table.Estimate(), s.Snapshot.Identity(), again.Snapshot.Identity())
	}
	// A source that fails leaves what was known.
	w.sources["ga"].set(unreachable("ga"))
	a.readAll(t.Context())
	if r.Table.Estimate() != 2 {
		t.Errorf("about %d rows after a failure", r.Table.Estimate())
	}
	// A source that comes back is asked.
	w.sources["mz"].set(nil)
	ctx, end := context.WithCancel(t.Context())
	done := safego.Run(func() error { return a.retry(ctx, time.Millisecond) })
	waitfor.True(t, time.Second, "statistics of a source that is back", func() bool {
		d := a.state()[1]
		return d.Err == nil && d.Tables[0].Estimate() > 0
	})
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Neither a source that does not answer nor one that panics keeps the program from
// starting, from telling of others, or from ending.
func TestStatisticsThatDoNotCome(t *testing.T) {
	const slow = `
sources:
  slow: {kind: sqlite, path: a.db}
  panics: {kind: sqlite, path: b.db}
  ga: {kind: sqlite, path: ga.db}
`
	began := time.Now()
	w := newWorld(t, slow)
	a := w.open(t)
	s, err := a.Direct()
	if err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, time.Second, "the statistics of the others", func() bool {
		r, ok := s.Snapshot.Resolve([]string{"ga", "t"})
		return ok && r.Table.Estimate() == 1
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the start took %s", took)
	}
}
