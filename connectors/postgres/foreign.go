package postgres

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// errForeign: who answers is no PostgreSQL.
var errForeign = errors.New("the first byte of the answer is none of PostgreSQL's")

// firstByte looks at the first byte of each connection's answer. The driver takes
// everything but a yes to its request for TLS as a no, also the greeting of another
// kind of server.
type firstByte struct {
	dial    pgconn.DialFunc
	foreign atomic.Bool // the last connection's answer does not begin as a PostgreSQL's
}

func (f *firstByte) connect(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := f.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	f.foreign.Store(false)
	return &watchedConn{Conn: c, of: f}, nil
}

func (f *firstByte) isForeign() bool { return f.foreign.Load() }

// watchedConn is a connection whose first byte is looked at.
type watchedConn struct {
	net.Conn
	of   *firstByte
	seen atomic.Bool
}

func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.seen.Swap(true) {
		switch b[0] {
		case 'S', 'N', 'E', 'R', 'v': // of the request for TLS; an error, a login, another version
		default:
			c.of.foreign.Store(true)
		}
	}
	return n, err
}
