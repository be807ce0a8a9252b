package httpapi

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
)

// crowd holds the door's connections to a number. When one more comes, the one that has done
// nothing for the longest time gives way to it, so that connections which are only held
// keep nobody out; where none rests, that of the oldest request of nobody known, whose body
// may never come. Requests of a principal are left alone, and are a quarter of all at the
// most, so that nobody's keep others out.
type crowd struct {
	most  int
	mu    sync.Mutex
	all   map[net.Conn]*seat
	rest  list.List // of net.Conn, the one that rests longest in front
	asked list.List // of net.Conn, whose request is at work and nobody's yet, the oldest in front
	own   map[string]int
}

// seat is what is known of a connection.
type seat struct {
	among  *list.List // nil while it gives way to nobody
	at     *list.Element
	holder string // the principal whose request is at work; empty without one
}

func newCrowd(most int) *crowd {
	return &crowd{most: most, all: map[net.Conn]*seat{}, own: map[string]int{}}
}

// changed is the server's ConnState.
func (c *crowd) changed(nc net.Conn, state http.ConnState) {
	if gone := c.note(nc, state); gone != nil {
		if t, ok := gone.(*tls.Conn); ok {
			gone = t.NetConn() // without its farewell, which may wait for the client
		}
		_ = gone.Close() // it had no request, or none that was read
	}
}

// note keeps account and gives the connection that has to go, if one has.
func (c *crowd) note(nc net.Conn, state http.ConnState) (gone net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.all[nc]
	if s == nil {
		s = &seat{}
		if len(c.all) >= c.most {
			if gone = c.oldest(); gone == nil {
				gone = nc
			}
		}
		c.all[nc] = s
	}
	c.free(s)
	switch {
	case state == http.StateClosed, state == http.StateHijacked:
		delete(c.all, nc)
	case gone == nc:
	case state == http.StateActive:
		s.among, s.at = &c.asked, c.asked.PushBack(nc)
	default:
		s.among, s.at = &c.rest, c.rest.PushBack(nc)
	}
	return gone
}

// oldest gives the connection that gives way; nil where all are at work for somebody.
func (c *crowd) oldest() net.Conn {
	for _, among := range []*list.List{&c.rest, &c.asked} {
		if first := among.Front(); first != nil {
			gone := first.Value.(net.Conn)
			c.free(c.all[gone]) // it is counted until the server sees that it is closed
			return gone
		}
	}
	return nil
}

// free takes a connection from among those that give way, and from its holder.
func (c *crowd) free(s *seat) {
	if s.among != nil {
		s.among.Remove(s.at)
	}
	if s.holder != "" {
		if c.own[s.holder]--; c.own[s.holder] == 0 {
			delete(c.own, s.holder)
		}
	}
	*s = seat{}
}

// hold notes whose the request is that a connection has, until the next one; false for one
// more than a principal may have. Where nobody has a name, all is one's.
func (c *crowd) hold(nc net.Conn, principal string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.all[nc]
	if s == nil || s.holder != "" {
		return true
	}
	if principal != "" {
		if c.own[principal] >= (c.most+3)/4 {
			return false
		}
		c.own[principal]++
	}
	if s.among != nil {
		s.among.Remove(s.at)
	}
	*s = seat{holder: principal}
	return true
}

type seatKey struct{}

// known is the server's ConnContext.
func (c *crowd) known(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, seatKey{}, func(principal string) bool { return c.hold(nc, principal) })
}

// seated notes whose a request is.
func seated(ctx context.Context, principal string) error {
	if hold, ok := ctx.Value(seatKey{}).(func(string) bool); ok && !hold(principal) {
		e := errs.New(errs.QueueFull, "http_own_requests", nil)
		e.RetryAfter = turns.RetryAfter
		return e
	}
	return nil
}
