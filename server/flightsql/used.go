package flightsql

import (
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

const (
	// ticketLife is how long a ticket may wait for its DoGet.
	ticketLife = 10 * time.Minute
	// mostUsed bounds how many tickets are remembered of one span of time.
	mostUsed = 500_000
)

// used knows which tickets were used: each runs its statement once. It remembers two
// spans of time; a ticket that is older than what it remembers is refused, so that
// forgetting never makes one good again.
type used struct {
	now  func() time.Time
	most int // of one span

	mu            sync.Mutex
	recent, older map[number]struct{}
	began, floor  time.Time // of recent, and of what is remembered at all
}

func newUsed(now func() time.Time) *used {
	at := now()
	return &used{now: now, most: mostUsed, recent: map[number]struct{}{}, began: at}
}

// take uses a ticket up; an error says that it was, or that it is too old.
func (u *used) take(what *sealed) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := u.now()
	if at.Sub(u.began) >= ticketLife || len(u.recent) >= u.most {
		if u.older != nil || at.Sub(u.began) >= ticketLife {
			u.floor = u.began
		}
		u.older, u.recent, u.began = u.recent, map[number]struct{}{}, at
	}
	if at.Sub(what.Made) > ticketLife || what.Made.Before(u.floor) || what.Made.After(at.Add(time.Minute)) {
		return errs.New(errs.RequestInvalid, "flight_ticket_old", nil)
	}
	_, now := u.recent[what.Number]
	_, before := u.older[what.Number]
	if now || before {
		return errs.New(errs.RequestInvalid, "flight_ticket_used", nil)
	}
	u.recent[what.Number] = struct{}{}
	return nil
}

// giveBack makes a ticket good again whose statement never began.
func (u *used) giveBack(what *sealed) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.recent, what.Number)
	delete(u.older, what.Number)
}

// mostClosed bounds how many closed statements are remembered.
const mostClosed = 100_000

// closed knows which prepared statements their clients closed, as far back as it can:
// a handle that is used after that is a client's mistake, and opens nothing that the
// statement itself would not.
type closed struct {
	mu   sync.Mutex
	is   map[number]struct{}
	ring []number
	next int
}

func newClosed() *closed { return &closed{is: map[number]struct{}{}} }

func (c *closed) add(n number) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.is[n]; there {
		return
	}
	if len(c.ring) < mostClosed {
		c.ring = append(c.ring, n)
	} else {
		delete(c.is, c.ring[c.next])
		c.ring[c.next] = n
		c.next = (c.next + 1) % mostClosed
	}
	c.is[n] = struct{}{}
}

func (c *closed) has(n number) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, there := c.is[n]
	return there
}

// running knows how to end the answers that are on their way.
type running struct {
	mu  sync.Mutex
	end map[number]func(error)
}

func newRunning() *running { return &running{end: map[number]func(error){}} }

func (r *running) add(n number, end func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end[n] = end
}

func (r *running) remove(n number) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.end, n)
}

// cancel ends an answer, and tells whether there was one.
func (r *running) cancel(n number, why error) bool {
	r.mu.Lock()
	end := r.end[n]
	r.mu.Unlock()
	if end == nil {
		return false
	}
	end(why)
	return true
}
