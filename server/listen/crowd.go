package listen

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
)

// Connections are how many a door lets in at the same time, of clients of whom most are not
// known yet. All doors together have a share of the 65,536 files that the service may open.
const Connections = 8192

// strangersPart is the part of a door's connections that strangers at one address may have.
const strangersPart = 8

// Crowd holds the connections of a door to a number. A connection is a stranger's until
// somebody has shown over it who they are. Strangers have a part of the door for each
// address, and give way where there is no room, the oldest first, whatever they are at: so
// nobody who does not log in keeps others out. It may be used by many goroutines.
type Crowd struct {
	most, share int

	mu        sync.Mutex
	all       map[net.Conn]*member
	strangers list.List                   // the oldest in front, as in all lists
	from      map[netip.Prefix]*list.List // the same ones by where they come from
	rest      list.List                   // known ones that do nothing
	asked     list.List                   // known ones with a request of which it is not known yet whose it is
}

// member is a connection and its places in the lists, in all of which it is itself.
type member struct {
	conn    net.Conn
	network netip.Prefix
	among   *list.List // strangers, rest, asked, or nil
	at      *list.Element
	near    *list.Element // of a stranger, among those of the same network
}

// NewCrowd makes the crowd of a door that has room for most connections in all, and speaks
// of so many as its own: an eighth of these is for the strangers at one address.
func NewCrowd(most, own int) *Crowd {
	return &Crowd{most: most, share: max(1, own/strangersPart), all: map[net.Conn]*member{}, from: map[netip.Prefix]*list.List{}}
}

// Enter lets a connection in, which is a stranger's. False: there is no room, and it is
// closed. Who gives way to it is closed too: a stranger at the same address where there are
// too many, else any stranger, else a connection that Rests or Asks.
func (c *Crowd) Enter(nc net.Conn) bool {
	gone, ok := c.enter(nc)
	if gone != nil {
		shut(gone)
	}
	return ok
}

func (c *Crowd) enter(nc net.Conn) (gone net.Conn, ok bool) {
	m := &member{conn: nc, network: networkOf(nc.RemoteAddr())}
	c.mu.Lock()
	defer c.mu.Unlock()
	if way := c.way(m.network); way != nil {
		gone = way.conn
		c.forget(way)
	}
	if len(c.all) >= c.most {
		return nc, false
	}
	near := c.from[m.network]
	if near == nil {
		near = list.New()
		c.from[m.network] = near
	}
	c.all[nc], m.near = m, near.PushBack(m)
	c.put(m, &c.strangers)
	return gone, true
}

// way gives who gives way to one more that comes from a network; nil where nobody has to, or
// can.
func (c *Crowd) way(network netip.Prefix) *member {
	if near := c.from[network]; near != nil && near.Len() >= c.share {
		return near.Front().Value.(*member)
	}
	if len(c.all) < c.most {
		return nil
	}
	for _, among := range []*list.List{&c.strangers, &c.rest, &c.asked} {
		if first := among.Front(); first != nil {
			return first.Value.(*member)
		}
	}
	return nil
}

// Known tells that somebody has shown over a connection who they are.
func (c *Crowd) Known(nc net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.all[nc]; m != nil && m.near != nil {
		c.put(m, nil)
	}
}

// Stranger tells whether nobody has shown yet over a connection who they are.
func (c *Crowd) Stranger(nc net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.all[nc]
	return m == nil || m.near != nil
}

// Rests tells that a connection does nothing, and Asks that it has a request of which it is
// not known yet whose it is: if it is known, it may give way until it Works for somebody.
func (c *Crowd) Rests(nc net.Conn) { c.move(nc, &c.rest) }

// Asks is described at Rests.
func (c *Crowd) Asks(nc net.Conn) { c.move(nc, &c.asked) }

// Works is described at Rests.
func (c *Crowd) Works(nc net.Conn) { c.move(nc, nil) }

func (c *Crowd) move(nc net.Conn, to *list.List) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.all[nc]; m != nil && m.near == nil {
		c.put(m, to)
	}
}

// Leave makes room for another connection. It may be repeated.
func (c *Crowd) Leave(nc net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.all[nc]; m != nil {
		c.forget(m)
	}
}

func (c *Crowd) forget(m *member) {
	delete(c.all, m.conn)
	c.put(m, nil)
}

// put takes a member from where it is to another list, or to none.
func (c *Crowd) put(m *member, to *list.List) {
	if m.among != nil {
		m.among.Remove(m.at)
	}
	if near := c.from[m.network]; m.near != nil && to != &c.strangers {
		if near.Remove(m.near); near.Len() == 0 {
			delete(c.from, m.network)
		}
		m.near = nil
	}
	if m.among, m.at = to, nil; to != nil {
		m.at = to.PushBack(m)
	}
}

// shut closes a connection without TLS's farewell, which may wait for the client.
func shut(nc net.Conn) {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	_ = nc.Close() // whoever uses it meets its end
}

// networkOf gives where a connection comes from: an IPv4 address, or the /64 of IPv6 that one
// client may have all addresses of. What has no address is of one network.
func networkOf(a net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
