package turns

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// who is a principal of the agency that its first letter names.
func who(principal string) Who { return Who{Agency: principal[:1], Principal: principal} }

// crowd enters a queue in order, and notes who gets a turn.
type crowd struct {
	*Queue
	t    *testing.T
	mu   sync.Mutex
	done []string
	ends []<-chan error
}

// waits lets somebody wait, under the id NAME/NUMBER.
func (c *crowd) waits(ctx context.Context, names ...string) <-chan error {
	c.t.Helper()
	var last <-chan error
	for _, name := range names {
		before := c.Waiting()
		id := fmt.Sprintf("%s/%d", name, len(c.ends))
		last = safego.Run(func() error {
			err := c.Enter(ctx, who(name), id)
			c.mu.Lock()
			defer c.mu.Unlock()
			if err == nil {
				c.done = append(c.done, name)
			}
			return err
		})
		c.ends = append(c.ends, last)
		waitfor.True(c.t, time.Second, name+" to wait", func() bool { return c.Waiting() == before+1 })
	}
	return last
}

// order lets everybody have a turn, one after another, and gives their order.
func (c *crowd) order(first string) string {
	c.t.Helper()
	now := first
	for c.Waiting() > 0 {
		n := len(c.seen())
		c.Leave(who(now))
		waitfor.True(c.t, time.Second, "the next turn", func() bool { return len(c.seen()) == n+1 })
		now = c.seen()[n]
	}
	c.Leave(who(now))
	for _, end := range c.ends {
		if err := <-end; err != nil {
			c.t.Error(err)
		}
	}
	return strings.Join(c.seen(), " ")
}

func (c *crowd) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

func (c *crowd) enter(names ...string) {
	c.t.Helper()
	for _, name := range names {
		if err := c.Enter(c.t.Context(), who(name), ""); err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
	}
}

// refused checks that somebody is refused at once.
func (c *crowd) refused(name string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
	defer cancel()
	if err := c.Enter(ctx, who(name), ""); errs.CodeOf(err) != errs.QueueFull {
		c.t.Errorf("%s: %v, want queue_full", name, err)
	}
}

func newCrowd(t *testing.T, o Options) *crowd {
	if o.Patience == 0 {
		o.Patience = time.Hour
	}
	return &crowd{Queue: New(o), t: t}
}

// empty checks that nobody has or waits for a turn, and that nothing is kept of anybody.
func (c *crowd) empty() {
	c.t.Helper()
	if c.Running() != 0 || c.Waiting() != 0 || len(c.agencies) != 0 || len(c.principals) != 0 || len(c.lines) != 0 {
		c.t.Errorf("at the end %d run, %d wait; kept: %v %v %d lines", c.Running(), c.Waiting(), c.agencies, c.principals, len(c.lines))
	}
}

// Of one place and a queue of one: the first runs, the second waits, the third is refused
// at once; who waits gets the place, and nobody keeps one that he left.
func TestTurns(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 1}, Waiting: Most{All: 1}})
	c.enter("a")
	second := c.waits(t.Context(), "a")
	soon, end := context.WithTimeout(t.Context(), time.Second)
	defer end()
	err := c.Enter(soon, who("a"), "")
	if e := errs.From(err); errs.CodeOf(err) != errs.QueueFull || e.ID != "queue_full" || e.RetryAfter != RetryAfter {
		t.Errorf("the third: %v, want queue_full", err)
	}
	c.Leave(who("a"))
	if err := <-second; err != nil {
		t.Errorf("the second, after the first left: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	third := c.waits(ctx, "a")
	cancel()
	if err := <-third; errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled while it waited: %v", err)
	}
	fourth := c.waits(t.Context(), "a") // the cancelled one has left its place in the queue
	c.Leave(who("a"))
	if err := <-fourth; err != nil {
		t.Error(err)
	}
	c.Leave(who("a"))
	c.empty()
	c = newCrowd(t, Options{Running: Most{All: 1}, Waiting: Most{All: 1}, Patience: time.Nanosecond})
	c.enter("a")
	err = c.Enter(t.Context(), who("a"), "")
	if e := errs.From(err); errs.CodeOf(err) != errs.QueueFull || e.ID != "queue_timeout" || e.RetryAfter != RetryAfter || e.Args["Place"] != 1 {
		t.Errorf("waited too long: %v", err)
	}
	c.Leave(who("a"))
	c.empty()
}

// Whoever has many waiting does not keep others from their turn.
func TestFair(t *testing.T) {
	for name, c := range map[string]struct {
		first, come, want string
	}{
		"one among many":        {"a1", "a1 a1 a1 a1 b1", "a1 b1 a1 a1 a1"},
		"two with many":         {"a1", "a1 a1 a1 b1 b1 b1", "a1 b1 a1 b1 a1 b1"},
		"of one agency":         {"a1", "a1 a1 a2", "a1 a2 a1"},
		"as they come":          {"a1", "b1 c1 d1", "b1 c1 d1"},
		"who comes later again": {"b1", "a1 a1 a1 b1 c1", "a1 b1 c1 a1 a1"},
	} {
		q := newCrowd(t, Options{Running: Most{All: 1}, Waiting: Most{All: 100}})
		q.enter(c.first)
		q.waits(t.Context(), strings.Fields(c.come)...)
		if got := q.order(c.first); got != c.want {
			t.Errorf("%s: %s after %s; want %s", name, got, c.come, c.want)
		}
		q.empty()
	}
	// Of whom fewer run, and then of whose agency fewer run, the turn comes first.
	q := newCrowd(t, Options{Running: Most{All: 4}, Waiting: Most{All: 100}})
	q.enter("a1", "a1", "a2", "b1")
	q.waits(t.Context(), "a1", "a2", "a3", "b2", "c1")
	if got := q.order("a1"); got != "c1 b2 a3 a1 a2" {
		t.Errorf("beside those who run: %s", got)
	}
	for _, runs := range []string{"a1", "a2", "b1"} {
		q.Leave(who(runs))
	}
	q.empty()
}

// Statements of another agency that come and go do not keep somebody waiting because a
// colleague's runs long.
func TestPassedOver(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 2, Principal: 1}, Waiting: Most{All: 100}})
	c.enter("a1", "b1")
	c.waits(t.Context(), "a2", "b1")
	now := "b1"
	for turn := 0; now != "a2" && turn < 20; turn++ {
		n := len(c.seen())
		c.Leave(who(now))
		waitfor.True(t, time.Second, "the next turn", func() bool { return len(c.seen()) == n+1 })
		if now = c.seen()[n]; now == "b1" {
			c.waits(t.Context(), "b1")
		}
	}
	if got := strings.Join(c.seen(), " "); got != "b1 b1 a2" && got != "b1 a2" {
		t.Errorf("turns: %s", got)
	}
	for c.Running() > 1 { // whoever has the place that changes hands
		n := len(c.seen())
		c.Leave(who(now))
		if c.Running() > 1 {
			waitfor.True(t, time.Second, "the next turn", func() bool { return len(c.seen()) == n+1 })
			now = c.seen()[n]
		}
	}
	c.Leave(who("a1"))
	for _, end := range c.ends {
		if err := <-end; err != nil {
			t.Error(err)
		}
	}
	c.empty()
}

// Whoever waits can see his place: how many turns it is until his.
func TestPlace(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 1}, Waiting: Most{All: 100}})
	c.enter("a1")
	c.waits(t.Context(), "a1", "a1", "b1")
	for id, want := range map[string]int{"a1/0": 2, "a1/1": 3, "b1/2": 1} { // a1 runs one already
		name, _, _ := strings.Cut(id, "/")
		if place, waits := c.Place(who(name), id); !waits || place != want {
			t.Errorf("%s: place %d (%v), want %d", id, place, waits, want)
		}
	}
	for _, of := range []string{"a1", "b1", "c1"} {
		if _, waits := c.Place(who(of), "a1/0"); waits != (of == "a1") {
			t.Errorf("%s sees the place of a1's statement: %v", of, waits)
		}
	}
	c.order("a1")
}

// What one agency and one principal may have is less than what all have.
func TestMost(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 6, Agency: 3, Principal: 2}, Waiting: Most{All: 5, Agency: 3, Principal: 1}})
	c.enter("a1", "a1", "a2", "b1", "b1")
	c.waits(t.Context(), "a1", "a2", "b1") // though there is a place for one more
	c.refused("b1")
	c.waits(t.Context(), "a3")
	c.refused("a4")
	c.enter("c1")
	c.waits(t.Context(), "c1")
	c.refused("d1")
	for _, name := range []string{"a1", "a1", "a2", "b1", "b1", "c1", "a1", "a2", "a3", "b1", "c1"} {
		c.Leave(who(name))
	}
	for _, end := range c.ends {
		if err := <-end; err != nil {
			t.Error(err)
		}
	}
	c.empty()
}

// In a queue that is full the newest of whoever has most gives way to somebody with fewer.
func TestGiveWay(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 1}, Waiting: Most{All: 4}})
	c.enter("a1")
	c.waits(t.Context(), "a1", "a1", "b1")
	soon, end := context.WithTimeout(t.Context(), 5*time.Second)
	defer end()
	newest := c.waits(soon, "a1")
	comes := safego.Run(func() error { return c.Enter(soon, who("c1"), "") })
	if err := <-newest; errs.CodeOf(err) != errs.QueueFull {
		t.Fatalf("the newest of three: %v", err)
	}
	waitfor.True(t, time.Second, "c1 to wait", func() bool { return c.Waiting() == 4 })
	// b1 would have two then, as a1 has: nobody gives way.
	c.refused("b1")
	for _, name := range []string{"a1", "a1", "b1", "c1", "a1"} {
		c.Leave(who(name))
	}
	if err := <-comes; err != nil {
		t.Error(err)
	}
	c.empty()
}

// A queue that is closed lets nobody in, nor wait on.
func TestClose(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 1}, Waiting: Most{All: 4}})
	c.enter("a1")
	waits := c.waits(t.Context(), "a1")
	c.Close()
	if err := <-waits; errs.From(err) == nil || errs.From(err).ID != "gateway_closing" {
		t.Errorf("who waits: %v", err)
	}
	c.Leave(who("a1"))
	if err := c.Enter(t.Context(), who("a1"), ""); errs.From(err) == nil || errs.From(err).ID != "gateway_closing" {
		t.Errorf("who comes later: %v", err)
	}
	c.empty()
}

// A turn that comes to somebody at the moment he goes away is the next one's.
func TestTurnOfSomebodyGone(t *testing.T) {
	for range 30 { // the turn may be seen first, half of the times at the most
		q := New(Options{Running: Most{All: 1}, Waiting: Most{All: 1}, Patience: time.Minute})
		if err := q.Enter(t.Context(), who("a1"), ""); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := safego.Run(func() error { return q.Enter(ctx, who("b1"), "") })
		waitfor.True(t, time.Second, "somebody to wait", func() bool { return q.Waiting() == 1 })
		q.mu.Lock()
		cancel()
		q.all-- // as Leave does
		less(q.agencies, "a")
		less(q.principals, who("a1"))
		q.next()
		q.mu.Unlock()
		if err := <-ended; err == nil {
			q.Leave(who("b1"))
		}
		if n := q.Running(); n != 0 {
			t.Fatalf("%d turns are lost", n)
		}
	}
}

// Whatever comes together, there are never more than may be, and nothing is left behind.
func TestMany(t *testing.T) {
	c := newCrowd(t, Options{Running: Most{All: 5, Agency: 4, Principal: 3}, Waiting: Most{All: 30, Agency: 20, Principal: 15}, Patience: time.Millisecond})
	var mu sync.Mutex
	all, of := 0, map[string]int{}
	count := func(w Who, n int) (int, int, int) {
		mu.Lock()
		defer mu.Unlock()
		all += n
		of[w.Agency+":"] += n
		of[w.Principal] += n
		return all, of[w.Agency+":"], of[w.Principal]
	}
	g, ctx := safego.WithContext(t.Context())
	for i := range 40 {
		g.Go(func() error {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range 200 {
				w := who(fmt.Sprintf("%c%d", 'a'+rune(r.IntN(2)), r.IntN(2)))
				limited, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(2000))*time.Microsecond)
				err := c.Enter(limited, w, "")
				if err == nil {
					if x, y, z := count(w, 1); x > 5 || y > 4 || z > 3 {
						cancel()
						return fmt.Errorf("%d run, %d of the agency, %d of the principal", x, y, z)
					}
					count(w, -1)
					c.Leave(w)
				}
				cancel()
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	c.empty()
}

// The way of a statement that need not wait makes nothing for the collector.
func TestNoWaitAllocatesNothing(t *testing.T) {
	q, w := New(Options{Running: Most{All: 2}}), who("a1")
	if n := testing.AllocsPerRun(100, func() {
		if err := q.Enter(t.Context(), w, "x"); err != nil {
			t.Fatal(err)
		}
		q.Leave(w)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
