package mysql

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

var (
	errNoTLS   = errors.New("the server offers no TLS")
	errExposed = errors.New("the server asks for a password that an attacker on the way could read")
)

// The bits of a client's capabilities that matter here.
const (
	canLocalFiles   = 1 << 7
	canSSL          = 1 << 11
	canDeprecateEOF = 1 << 24
)

// login connects and logs in. The driver does it, with every way of authentication
// that it knows, on a transport of ours; what it gives back is the transport, at
// rest, with which the driver has nothing more to do.
func login(ctx context.Context, c *config) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	conn, err := loginOnce(ctx, c)
	if c.fallback && errors.Is(err, errNoTLS) {
		plain := *c
		plain.tls, plain.fallback = nil, false
		return loginOnce(ctx, &plain)
	}
	return conn, err
}

func loginOnce(ctx context.Context, c *config) (net.Conn, error) {
	t := &transport{config: c}
	d := mysql.NewConfig()
	d.User, d.Passwd, d.DBName = c.user, c.password, c.database
	d.Collation, d.Logger = "utf8mb4_bin", &mysql.NopLogger{}
	d.MaxAllowedPacket = 1 << 20 // said, so that the driver does not ask for it
	d.ConnectionAttributes = "program_name:lianji"
	// Where the transport is private already the driver may send what it would only
	// send under its own TLS. It takes a Unix socket for private. With c.tls no login
	// is sent unless TLS is under way.
	d.Net, d.Addr = c.network, c.address
	if c.tls != nil {
		d.Net = "unix"
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	d.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, c.network, c.address)
		if err != nil {
			return nil, err
		}
		t.Conn, t.ctx = conn, ctx
		if err := t.greet(); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return t, nil
	}
	connector, err := mysql.NewConnector(d)
	if err != nil {
		return nil, err
	}
	var conn driver.Conn
	if conn, err = connector.Connect(ctx); err != nil {
		if t.failed != nil { // the driver has words of its own for it
			err = t.failed
		}
		if ctx.Err() != nil {
			err = errors.Join(err, ctx.Err())
		}
		return nil, err
	}
	t.over.Store(true)
	_ = conn.Close() // ends the driver's part: nothing of it reaches the server
	if err := t.Conn.SetDeadline(time.Time{}); err != nil {
		_ = t.Conn.Close()
		return nil, err
	}
	return t.Conn, nil
}

// transport is the connection as the driver sees it while it logs in. It makes the
// TLS that the driver would make, so that the connection is at hand afterwards:
// the protocol begins it with a copy of the login's head, and every packet behind
// that has a number one higher than the driver counts.
type transport struct {
	net.Conn // the socket, then the TLS over it
	config   *config
	ctx      context.Context
	over     atomic.Bool // logged in: the driver is cut off

	greeting []byte // what the driver has still to read of the first packet
	started  bool   // the login was sent
	shifted  bool   // TLS is under way
	private  bool
	in, out  packets
	failed   error
}

// greet reads the server's first packet and makes sure that what the configuration
// demands is on offer.
func (t *transport) greet() error {
	if deadline, set := t.ctx.Deadline(); set {
		if err := t.Conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(t.ctx, func() { _ = t.Conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	head := make([]byte, packetHeader)
	if _, err := io.ReadFull(t.Conn, head); err != nil {
		return err
	}
	size := packetSize(head)
	const most = 4 << 10
	if size < 1 || size > most {
		return errMalformed
	}
	t.greeting = append(head, make([]byte, size)...)
	if _, err := io.ReadFull(t.Conn, t.greeting[packetHeader:]); err != nil {
		return err
	}
	t.private = t.config.network == "unix"
	if t.config.tls == nil || t.greeting[packetHeader] == packetError {
		return nil
	}
	if !offersTLS(t.greeting[packetHeader:]) {
		t.failed = errNoTLS
		return errNoTLS
	}
	t.shifted = true
	return nil
}

// offersTLS reads the server's capabilities, which stand behind its version, the
// connection's number and the first half of the challenge.
func offersTLS(greeting []byte) bool {
	i := 1
	for i < len(greeting) && greeting[i] != 0 {
		i++
	}
	i += 1 + 4 + 8 + 1
	return i+2 <= len(greeting) && binary.LittleEndian.Uint16(greeting[i:])&canSSL != 0
}

// Read gives the greeting, then what the server sends.
func (t *transport) Read(p []byte) (int, error) {
	if len(t.greeting) > 0 {
		n := copy(p, t.greeting)
		t.greeting = t.greeting[n:]
		return n, nil
	}
	n, err := t.Conn.Read(p)
	if t.shifted {
		t.in.renumber(p[:n], -1)
	}
	return n, err
}

// Write sends what the driver writes: its first packet is the login.
func (t *transport) Write(p []byte) (int, error) {
	if t.over.Load() {
		return len(p), nil
	}
	if err := t.write(p); err != nil {
		t.failed = err
		return 0, err
	}
	return len(p), nil
}

func (t *transport) write(p []byte) error {
	const login = 32 // the head of the login packet
	if !t.started {
		t.started = true
		if len(p) < packetHeader+login {
			return errMalformed
		}
		p = append([]byte{}, p...)
		head := p[packetHeader:]
		able := binary.LittleEndian.Uint32(head) &^ (canLocalFiles | canDeprecateEOF)
		if t.shifted {
			able |= canSSL
		}
		binary.LittleEndian.PutUint32(head, able)
		clear(head[login-4 : login]) // MariaDB's further capabilities: none
		if t.shifted {
			if err := t.encrypt(head[:login]); err != nil {
				return err
			}
		}
	} else if !t.private && !t.config.here && len(p) == packetHeader+1 && (p[packetHeader] == 1 || p[packetHeader] == 2) {
		// A request for a key to encrypt the password with: whoever answers it can
		// read the password.
		return errExposed
	}
	if t.shifted {
		p = append([]byte{}, p...)
		t.out.renumber(p, +1)
	}
	_, err := t.Conn.Write(p)
	return err
}

// encrypt begins TLS with the login's head.
func (t *transport) encrypt(head []byte) error {
	begin := append([]byte{byte(len(head)), 0, 0, 1}, head...)
	if _, err := t.Conn.Write(begin); err != nil {
		return err
	}
	secure := tls.Client(t.Conn, t.config.tls)
	if err := secure.HandshakeContext(t.ctx); err != nil {
		return err
	}
	t.Conn, t.private = secure, true
	return nil
}

// Close is what the driver calls when it gives up, or is done.
func (t *transport) Close() error {
	if t.over.Load() {
		return nil
	}
	return t.Conn.Close()
}

// packets follows the borders of packets in a stream of bytes.
type packets struct {
	head [packetHeader]byte
	have int // bytes of head that were seen
	body int // bytes of the body that are to come
}

// renumber adds to the number of each packet that begins in p.
func (k *packets) renumber(p []byte, add int8) {
	for i := 0; i < len(p); {
		if k.body > 0 {
			n := min(k.body, len(p)-i)
			k.body -= n
			i += n
			continue
		}
		if k.have == packetHeader-1 {
			p[i] += byte(add)
		}
		k.head[k.have] = p[i]
		i++
		if k.have++; k.have == packetHeader {
			k.have, k.body = 0, packetSize(k.head[:])
		}
	}
}
