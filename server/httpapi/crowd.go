package httpapi

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/server/listen"
)

// crowd tells a listen.Crowd what the server's connections are at. Requests of a principal
// are left alone, and are a quarter of all connections at the most, so that nobody's keep
// others out.
type crowd struct {
	*listen.Crowd
	most int
	mu   sync.Mutex
	all  map[net.Conn]string // the principal whose request is at work; empty without one
	own  map[string]int
}

func newCrowd(most int) *crowd {
	return &crowd{Crowd: listen.NewCrowd(most, most), most: most, all: map[net.Conn]string{}, own: map[string]int{}}
}

// changed is the server's ConnState.
func (c *crowd) changed(nc net.Conn, state http.ConnState) {
	c.free(nc)
	switch state {
	case http.StateNew:
		c.Enter(nc) // one that is closed at once is seen to be so
	case http.StateActive:
		c.Asks(nc)
	case http.StateIdle:
		c.Rests(nc)
	case http.StateClosed, http.StateHijacked:
		c.Leave(nc)
	}
}

// free takes a connection from its holder.
func (c *crowd) free(nc net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if holder, held := c.all[nc]; held {
		if c.own[holder]--; c.own[holder] == 0 {
			delete(c.own, holder)
		}
		delete(c.all, nc)
	}
}

// hold notes whose the request is that a connection has, until the next one; false for one
// more than a principal may have. Where nobody has a name, all is one's.
func (c *crowd) hold(nc net.Conn, principal string) bool {
	c.Known(nc)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, held := c.all[nc]; !held && principal != "" {
		if c.own[principal] >= (c.most+3)/4 {
			return false
		}
		c.all[nc] = principal
		c.own[principal]++
	}
	c.Works(nc)
	return true
}

type seatKey struct{}

// seat is a request's connection.
type seat struct {
	of *crowd
	nc net.Conn
}

// known is the server's ConnContext.
func (c *crowd) known(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, seatKey{}, seat{c, nc})
}

// seated notes whose a request is.
func seated(ctx context.Context, principal string) error {
	if s, ok := ctx.Value(seatKey{}).(seat); ok && !s.of.hold(s.nc, principal) {
		e := errs.New(errs.QueueFull, "http_own_requests", nil)
		e.RetryAfter = turns.RetryAfter
		return e
	}
	return nil
}

// isStrangers tells whether nobody has shown yet over a request's connection who they are.
func isStrangers(ctx context.Context) bool {
	s, ok := ctx.Value(seatKey{}).(seat)
	return ok && s.of.Stranger(s.nc)
}

// shown notes that a request's sender has shown who they are.
func shown(ctx context.Context) {
	if s, ok := ctx.Value(seatKey{}).(seat); ok && isStrangers(ctx) {
		s.of.Known(s.nc)
		s.of.Asks(s.nc) // it is not known yet whose request it is
	}
}
