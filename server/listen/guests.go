package listen

import (
	"net"
	"time"
)

// Within gives a listener whose connections are in a crowd, for a door that does not keep
// account of them itself. A stranger's is closed after some time, whatever it does.
func (c *Crowd) Within(ln net.Listener, strange time.Duration) net.Listener {
	return &guests{Listener: ln, crowd: c, strange: strange}
}

type guests struct {
	net.Listener
	crowd   *Crowd
	strange time.Duration
}

func (g *guests) Accept() (net.Conn, error) {
	for {
		nc, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &guest{nc, g.crowd}
		if g.crowd.Enter(c) {
			time.AfterFunc(g.strange, c.late)
			return c, nil
		}
	}
}

// guest is a connection that makes room when it is closed.
type guest struct {
	net.Conn
	crowd *Crowd
}

// late closes it where nobody has shown yet who they are.
func (g *guest) late() {
	if g.crowd.Stranger(g) {
		_ = g.Close() // whoever uses it meets its end
	}
}

func (g *guest) Close() error {
	g.crowd.Leave(g)
	return g.Conn.Close()
}

// RemoteAddr is the client's, by which Known finds the connection.
func (g *guest) RemoteAddr() net.Addr { return guestAddr{g.Conn.RemoteAddr(), g} }

type guestAddr struct {
	net.Addr
	of *guest
}

// Known tells that the client at an address of a Within listener's connection has shown who
// they are. Other addresses are nobody's.
func Known(a net.Addr) {
	if of, ok := a.(guestAddr); ok {
		of.of.crowd.Known(of.of)
	}
}
