package exec

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// Of one place and a queue of one: the first runs, the second waits, the third is
// refused at once; who waits gets the place, and nobody keeps one that he left.
func TestAdmission(t *testing.T) {
	a := newAdmission(1, 1, time.Hour)
	leave, err := a.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waits := func(ctx context.Context) <-chan error {
		ended := safego.Run(func() error {
			next, err := a.enter(ctx)
			if err == nil {
				next()
			}
			return err
		})
		waitfor.True(t, time.Second, "somebody to wait", func() bool { return a.waiting.Load() == 1 })
		return ended
	}
	second := waits(t.Context())
	// A context that has ended: one who may wait after all is not admitted either.
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := a.enter(ended); errs.CodeOf(err) != errs.QueueFull || errs.From(err).ID != "queue_full" {
		t.Errorf("the third: %v, want queue_full", err)
	}
	leave()
	if err := <-second; err != nil {
		t.Errorf("the second, after the first left: %v", err)
	}
	if leave, err = a.enter(t.Context()); err != nil {
		t.Fatalf("after all have left: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	third := waits(ctx)
	cancel()
	if err := <-third; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it waited: %v", err)
	}
	fourth := waits(t.Context()) // the cancelled one has left its place in the queue
	leave()
	if err := <-fourth; err != nil {
		t.Error(err)
	}
	if n := a.waiting.Load(); n != 0 || len(a.places) != 0 {
		t.Errorf("at the end %d wait and %d run", n, len(a.places))
	}
	a = newAdmission(1, 1, time.Nanosecond)
	if _, err = a.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.enter(t.Context()); errs.CodeOf(err) != errs.QueueFull || errs.From(err).ID != "queue_timeout" {
		t.Errorf("waited too long: %v", err)
	}
}
