package servertest

import (
	"context"
	"sync/atomic"

	"github.com/lianji/lianji/server"
)

// Queueing lets every statement wait for its turn until the test lets it go on. A statement
// has the place that the test says, for its own principal alone.
type Queueing struct {
	Querier
	GoOn chan struct{} // lets one go on for each value, and all once it is closed

	place, looked atomic.Int64
	waits         atomic.Pointer[waiting]
}

type waiting struct{ principal, id string }

// Stand says which place whoever waits has from now on; 0 for none.
func (q *Queueing) Stand(place int) { q.place.Store(int64(place)) }

// Looked tells how often the place of the statement that waits was looked for.
func (q *Queueing) Looked() int64 { return q.looked.Load() }

// Waits tells whether a statement waits.
func (q *Queueing) Waits() bool { return q.waits.Load() != nil }

// Query implements server.Querier.
func (q *Queueing) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	q.wait(s, r)
	return q.Querier.Query(ctx, s, r)
}

// Describe implements server.Querier.
func (q *Queueing) Describe(ctx context.Context, s server.Session, r server.Request) (*server.Described, error) {
	q.wait(s, r)
	return q.Querier.Describe(ctx, s, r)
}

func (q *Queueing) wait(s server.Session, r server.Request) {
	q.waits.Store(&waiting{s.Principal, r.ID})
	<-q.GoOn
	q.waits.Store(nil)
}

// Place implements server.Queue.
func (q *Queueing) Place(s server.Session, id string) (place int, waits bool) {
	w, place := q.waits.Load(), int(q.place.Load())
	if w == nil || place == 0 || *w != (waiting{s.Principal, id}) {
		return 0, false
	}
	q.looked.Add(1)
	return place, true
}
