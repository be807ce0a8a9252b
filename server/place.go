package server

import (
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
	end := make(chan struct{})
	told := safego.Run(func() error {
		tick := time.NewTicker(every)
		defer tick.Stop()
		last := 0
		for {
			select {
			case <-end:
				return nil
			case <-tick.C:
			}
			place, waits := queue.Place(s, id)
			if !waits || place == last {
				continue
			}
			last = place
			if err := tell(place); err != nil {
				return err
			}
		}
	})
	return func() {
		close(end)
		<-told // who cannot be told is noticed by what comes next
	}
}
