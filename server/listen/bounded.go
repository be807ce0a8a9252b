package listen

import (
	"net"
	"sync"
	"sync/atomic"
)

// Connections are how many a door lets in at the same time, of clients of whom most are not
// known yet. All doors together have a share of the 65,536 files that the service may open.
const Connections = 8192

// Bounded gives a listener that lets most connections in at the same time, and closes at
// once those that come beyond.
func Bounded(ln net.Listener, most int) net.Listener {
	return &bounded{Listener: ln, most: int64(most)}
}

type bounded struct {
	net.Listener
	most int64
	open atomic.Int64
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b.open.Add(1) <= b.most {
			return &counted{Conn: c, of: b}, nil
		}
		b.open.Add(-1)
		_ = c.Close() // nothing was said on it
	}
}

// counted is a connection that makes room when it is closed.
type counted struct {
	net.Conn
	of   *bounded
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.of.open.Add(-1) })
	return c.Conn.Close()
}
