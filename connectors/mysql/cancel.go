package mysql

import (
	"context"
	"strconv"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

const (
	// cancelLimit is how long a server may take to end a cancelled statement before
	// its connection is dropped.
	cancelLimit = 5 * time.Second
	// cancelAgain is when a server that still answers is asked once more: it forgets a
	// request that comes before it has begun with a statement.
	cancelAgain = 100 * time.Millisecond
)

const numberNoThread = 1094

// killer has the one connection that a source keeps for ending statements: when all
// others are taken, at the server too, it is there.
type killer struct {
	config  *config
	turn    chan struct{} // holds one while the session is used
	session *session
}

func newKiller(c *config) *killer { return &killer{config: c, turn: make(chan struct{}, 1)} }

// with runs fn while nobody else uses the session.
func (k *killer) with(ctx context.Context, fn func() error) error {
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.turn }()
	return fn()
}

// ready connects, if that was not done yet.
func (k *killer) ready(ctx context.Context) error {
	return k.with(ctx, func() (err error) {
		if k.session == nil {
			k.session, err = connect(ctx, k.config)
		}
		return err
	})
}

// kill ends the statement that a connection runs. When it returns nil the server has
// done so, and a statement that is sent on that connection later than the next one
// cannot be hit any more.
func (k *killer) kill(ctx context.Context, connection uint64) error {
	return k.with(ctx, func() error {
		for {
			used := k.session != nil
			if !used {
				var err error
				if k.session, err = connect(ctx, k.config); err != nil {
					return err
				}
			}
			err := k.session.under(ctx, func() error {
				_, err := k.session.query("KILL QUERY " + strconv.FormatUint(connection, 10))
				return err
			})
			if k.session.broken {
				k.session.close()
				k.session = nil
			}
			switch {
			case err == nil || numberOf(err) == numberNoThread:
				return nil
			case used && lost(err) && ctx.Err() == nil:
				continue // it died while nobody used it
			}
			return err
		}
	})
}

func (k *killer) close() {
	_ = k.with(context.Background(), func() error {
		if k.session != nil {
			k.session.close()
			k.session = nil
		}
		return nil
	})
}

// readyKiller connects the killer while the first statements run. Without it a cancel
// connects.
func (s *source) readyKiller() {
	s.mu.Lock()
	first := !s.closed && !s.killing
	if first {
		s.killing = true
		s.running.Add(1)
	}
	s.mu.Unlock()
	if first {
		safego.Run(func() error {
			defer s.running.Done()
			return s.killer.ready(s.life)
		})
	}
}

// canceller ends a running statement at the server when its context ends.
type canceller struct {
	s      *session
	killer *killer
	stop   func() bool
	over   chan struct{} // closed when the answer has ended
	done   chan struct{}
	sent   bool // the server confirmed that it got the request
}

func (s *source) cancelWith(ctx context.Context, used *session) *canceller {
	c := &canceller{s: used, killer: s.killer, over: make(chan struct{}), done: make(chan struct{})}
	c.stop = context.AfterFunc(ctx, func() {
		defer close(c.done)
		if err := safego.Call(c.cancel); err != nil {
			c.sent = false
		}
	})
	return c
}

// cancel asks until the answer has ended.
func (c *canceller) cancel() error {
	deadline := time.Now().Add(cancelLimit)
	// Whatever becomes of the request, nobody waits longer than this.
	if err := c.s.conn.SetDeadline(deadline); err != nil {
		return err
	}
	ctx, stop := context.WithDeadline(context.Background(), deadline)
	defer stop()
	again := time.NewTicker(cancelAgain)
	defer again.Stop()
	for {
		c.sent = false
		if err := c.killer.kill(ctx, c.s.id); err != nil {
			return err
		}
		if c.sent = ctx.Err() == nil; !c.sent {
			return nil
		}
		select {
		case <-c.over:
			return nil
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// end is called once the statement's answer was read to its end or failed. After it
// no cancel is under way, and the session is broken when one may still be.
func (c *canceller) end() {
	if c.stop() {
		return
	}
	close(c.over)
	<-c.done
	if !c.sent {
		c.s.broken = true
	}
	if !c.s.broken {
		c.s.absorb()
	}
	if c.s.conn.SetDeadline(time.Time{}) != nil {
		c.s.broken = true
	}
}

// absorb takes a kill that came when its statement was over already: it would hit the
// next one.
func (s *session) absorb() {
	for range 2 {
		if _, err := s.query("DO 0"); err == nil || numberOf(err) != numberInterrupted {
			s.broken = s.broken || err != nil
			return
		}
	}
	s.broken = true
}
