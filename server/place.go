package server

import (
	"sync"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// PlaceEvery is how often at most somebody whose statement waits for its turn is told the
// place that it has.
const PlaceEvery = 2 * time.Second

// TellPlace hands to tell, until stop is called, which place in the queue a session's
// statement has that waits for its turn: after a first while, and then when the place has
// changed. The error of tell ends that. When stop returns, tell is not called any more.
func TellPlace(q Querier, s Session, id string, every time.Duration, tell func(place int) error) (stop func()) {
	queue, ok := q.(Queue)
	if !ok {
		return func() {}
	}
	// A timer costs those nothing who do not wait: a goroutine for each statement would wake
	// a thread.
	var (
		mu      sync.Mutex
		stopped bool
		last    int
		timer   *time.Timer
	)
	look := func() error {
		place, waits := queue.Place(s, id)
		if !waits || place == last {
			return nil
		}
		last = place
		return tell(place)
	}
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(every, func() {
		mu.Lock()
		defer mu.Unlock()
		// Who cannot be told is noticed by what comes next.
		if !stopped && safego.Call(look) == nil {
			timer.Reset(every)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}
