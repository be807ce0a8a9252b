// Package turns lets a number of statements run at once, of everybody, of one agency and of
// one principal, and lets others wait for their turn. Nobody's many statements keep another
// principal's from theirs.
package turns

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Who is whose statement it is.
type Who struct{ Agency, Principal string }

type turnKey struct{}

type turn struct {
	who Who
	id  string
}

// With says in a context whose statement runs under it, and the statement's id.
func With(ctx context.Context, who Who, id string) context.Context {
	return context.WithValue(ctx, turnKey{}, turn{who, id})
}

// Of tells whose statement runs under a context, and its id; nobody's where that was not
// said.
func Of(ctx context.Context) (who Who, id string) {
	t, _ := ctx.Value(turnKey{}).(turn)
	return t.who, t.id
}

// Most is how many there may be.
type Most struct {
	All       int // of everybody together; 0 means none
	Agency    int // of one agency; 0 means as many as All
	Principal int // of one principal; 0 means as many as All
}

func (m Most) filled() Most {
	if m.Agency <= 0 || m.Agency > m.All {
		m.Agency = m.All
	}
	if m.Principal <= 0 || m.Principal > m.Agency {
		m.Principal = m.Agency
	}
	return m
}

// Options of a Queue.
type Options struct {
	Running, Waiting Most
	Patience         time.Duration // how long one may wait
}

// RetryAfter is what a statement that is refused is told to wait.
const RetryAfter = 5 * time.Second

// Queue gives turns. It may be used by many goroutines.
type Queue struct {
	running, waiting Most
	patience         time.Duration

	mu         sync.Mutex
	closed     bool
	all        int
	agencies   map[string]int
	principals map[Who]int
	lines      []*line // of principals with somebody waiting
	waits      int
	arrivals   uint64
	round      uint64 // that of the last turn that was waited for
}

// line is what of a principal waits, in order of arrival.
type line struct {
	who     Who
	waiters []*waiter
}

type waiter struct {
	id      string
	arrival uint64
	round   uint64        // one in each for a principal who always has somebody waiting
	done    chan struct{} // closed when the turn has come, or err is set
	err     error
}

// New makes a queue.
func New(o Options) *Queue {
	return &Queue{running: o.Running.filled(), waiting: o.Waiting.filled(), patience: o.Patience, agencies: map[string]int{}, principals: map[Who]int{}}
}

// Enter waits for a turn, which Leave ends. The id is for Place. The error is an *errs.Error:
// queue_full where too many wait already, and to whoever has waited too long.
func (q *Queue) Enter(ctx context.Context, who Who, id string) error {
	q.mu.Lock()
	switch {
	case q.closed:
		q.mu.Unlock()
		return closing()
	case q.open(who):
		// Nobody of those who wait could have had this turn.
		q.take(who)
		q.mu.Unlock()
		return nil
	}
	w, err := q.queue(who, id)
	q.mu.Unlock()
	if err != nil {
		return err
	}
	timer := time.NewTimer(q.patience)
	defer timer.Stop()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		if _, still := q.withdraw(who, w); !still && w.err == nil {
			q.Leave(who) // the turn came at the same moment
		}
		return errs.From(ctx.Err())
	case <-timer.C:
		place, still := q.withdraw(who, w)
		if !still {
			return w.err
		}
		return refused("queue_timeout", msg.Args{"Place": place})
	}
}

// Leave ends a turn; whose it is next gets it.
func (q *Queue) Leave(who Who) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all--
	less(q.agencies, who.Agency)
	less(q.principals, who)
	q.next()
}

// Place tells which place a principal's statement that waits has in the queue, from 1.
func (q *Queue) Place(who Who, id string) (place int, waits bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.line(who)
	if l == nil {
		return 0, false
	}
	i := slices.IndexFunc(l.waiters, func(w *waiter) bool { return w.id == id })
	if i < 0 {
		return 0, false
	}
	return q.place(l, i), true
}

// Waiting tells how many wait.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waits
}

// Running tells how many have a turn.
func (q *Queue) Running() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.all
}

// Close refuses those who wait and whoever comes later.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, l := range q.lines {
		for _, w := range l.waiters {
			w.err = closing()
			close(w.done)
		}
	}
	q.lines, q.waits = nil, 0
}

func closing() error { return errs.New(errs.Closing, "gateway_closing", nil) }

func refused(id string, args msg.Args) error {
	e := errs.New(errs.QueueFull, id, args)
	e.RetryAfter = RetryAfter
	return e
}

// open tells whether somebody may run one more. Where nobody has a name, all is one's.
func (q *Queue) open(who Who) bool {
	if q.all >= q.running.All {
		return false
	}
	return who == Who{} || q.agencies[who.Agency] < q.running.Agency && q.principals[who] < q.running.Principal
}

func (q *Queue) take(who Who) {
	q.all++
	q.agencies[who.Agency]++
	q.principals[who]++
}

func less[K comparable](m map[K]int, k K) {
	if m[k]--; m[k] <= 0 {
		delete(m, k)
	}
}

// next gives the turns that are there to those whose turn it is.
func (q *Queue) next() {
	for {
		var best *line
		for _, l := range q.lines {
			if q.open(l.who) && (best == nil || q.before(l, 0, best, 0)) {
				best = l
			}
		}
		if best == nil {
			return
		}
		q.take(best.who)
		w := q.remove(best, 0)
		q.round = max(q.round, w.round)
		close(w.done)
	}
}

// before tells of two who wait, by their places in their lines, whose turn is earlier: of
// whom fewer run, counting those before him in his line; then who was passed over, as others
// have had the turns of later rounds; then of whose agency fewer run; then each principal
// one a round; then who came first. Else whoever shares an agency with somebody whose
// statements run long would wait while those of another come and go.
func (q *Queue) before(a *line, i int, b *line, j int) bool {
	if x, y := q.principals[a.who]+i, q.principals[b.who]+j; x != y {
		return x < y
	}
	if x, y := a.waiters[i].round < q.round, b.waiters[j].round < q.round; x != y {
		return x
	}
	if x, y := q.agencies[a.who.Agency]+i, q.agencies[b.who.Agency]+j; x != y {
		return x < y
	}
	if x, y := a.waiters[i].round, b.waiters[j].round; x != y {
		return x < y
	}
	return a.waiters[i].arrival < b.waiters[j].arrival
}

// place counts those whose turn is not later than one's in a line.
func (q *Queue) place(own *line, i int) int {
	n := 1
	for _, l := range q.lines {
		for j := range l.waiters {
			if !q.before(l, j, own, i) {
				break // nor is one behind him
			}
			n++
		}
	}
	return n
}

// queue puts somebody at the end of his line. Where the queue is full, the newest of whoever
// has most in it gives way to somebody with fewer.
func (q *Queue) queue(who Who, id string) (*waiter, error) {
	own := q.line(who)
	length := 0
	if own != nil {
		length = len(own.waiters)
	}
	inAgency := 0
	for _, l := range q.lines {
		if l.who.Agency == who.Agency {
			inAgency += len(l.waiters)
		}
	}
	room := length < q.waiting.Principal
	if room && inAgency >= q.waiting.Agency {
		room = q.giveWay(length, func(l *line) bool { return l.who.Agency == who.Agency })
	}
	if room && q.waits >= q.waiting.All {
		room = q.giveWay(length, func(*line) bool { return true })
	}
	if !room {
		return nil, refused("queue_full", nil)
	}
	if own == nil {
		own = &line{who: who}
		q.lines = append(q.lines, own)
	}
	q.arrivals++
	w := &waiter{id: id, arrival: q.arrivals, round: q.round + 1, done: make(chan struct{})}
	if length > 0 {
		w.round = own.waiters[length-1].round + 1
	}
	own.waiters = append(own.waiters, w)
	q.waits++
	return w, nil
}

// giveWay refuses the last one of the longest of some lines, where that is longer than the
// line of somebody who comes would become, and tells whether it did.
func (q *Queue) giveWay(length int, of func(*line) bool) bool {
	var longest *line
	for _, l := range q.lines {
		if of(l) && (longest == nil || len(l.waiters) > len(longest.waiters)) {
			longest = l
		}
	}
	if longest == nil || len(longest.waiters) <= length+1 {
		return false
	}
	w := q.remove(longest, len(longest.waiters)-1)
	w.err = refused("queue_full", nil)
	close(w.done)
	return true
}

// withdraw takes out somebody who waits no longer, and gives the place that he had; still is
// false where his turn has come meanwhile, or he was refused.
func (q *Queue) withdraw(who Who, w *waiter) (place int, still bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.line(who)
	if l == nil {
		return 0, false
	}
	i := slices.Index(l.waiters, w)
	if i < 0 {
		return 0, false
	}
	place = q.place(l, i)
	q.remove(l, i)
	return place, true
}

func (q *Queue) line(who Who) *line {
	for _, l := range q.lines {
		if l.who == who {
			return l
		}
	}
	return nil
}

func (q *Queue) remove(l *line, i int) *waiter {
	w := l.waiters[i]
	l.waiters = slices.Delete(l.waiters, i, i+1)
	if len(l.waiters) == 0 {
		q.lines = slices.DeleteFunc(q.lines, func(x *line) bool { return x == l })
	}
	q.waits--
	return w
}
