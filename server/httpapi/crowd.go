package httpapi

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// crowd holds the door's connections to a number. When one more comes, the one that has done
// nothing for the longest time gives way to it, so that connections which are only held
// keep nobody out; the newest does where all others are at work.
type crowd struct {
	most int
	mu   sync.Mutex
	all  map[net.Conn]*list.Element // nil while a request is at work
	rest *list.List                 // of net.Conn, the one that rests longest in front
}

func newCrowd(most int) *crowd {
	return &crowd{most: most, all: map[net.Conn]*list.Element{}, rest: list.New()}
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
	if at := c.all[nc]; at != nil {
		c.rest.Remove(at)
	}
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.all, nc)
		return nil
	case http.StateActive:
		c.all[nc] = nil
		return nil
	}
	_, known := c.all[nc]
	if !known && len(c.all) >= c.most {
		gone = nc
		if oldest := c.rest.Front(); oldest != nil {
			gone = c.rest.Remove(oldest).(net.Conn)
			c.all[gone] = nil // until the server sees that it is closed
		}
	}
	if c.all[nc] = nil; gone != nc {
		c.all[nc] = c.rest.PushBack(nc)
	}
	return gone
}
