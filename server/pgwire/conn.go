package pgwire

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

// outBytes is the room for messages that wait to be sent together.
const outBytes = 16 << 10

// conn is one client's connection. It belongs to the goroutine of its serve; only end and
// cancelRunning are for others.
type conn struct {
	door   *door
	client net.Conn // as it came, by which the door's crowd knows it
	link   *link
	out    *bufio.Writer
	in     *pgproto3.Backend
	holder string // the principal who has logged in; the door's

	user     string // the login
	database string
	asker    server.Asker
	binding  []byte // that a login can be bound to; see endPointOf
	clear    bool   // the client wants to send its password as it is
	unproved bool   // it failed to prove one
	entered  bool   // it has logged in
	// byCertificate says that the user is who the client's certificate is of.
	byCertificate bool

	settings settings
	told     map[string]string // of the settings, what the client knows
	number   uint32            // of its cancel key
	secret   []byte

	tx         transaction
	statements map[string]*prepared
	described  map[[sha256.Size]byte]bool // statements of which the client was told, by their digests
	portals    map[string]*portal
	next       *portal // the cursor next_page; nil when there is none
	opened     int     // portals so far
	kept       int     // bytes of statements, portals and savepoints
	skipping   bool    // what follows an error up to the next Sync
	source     string  // the text of the statement that an extended message was about

	mu      sync.Mutex
	closing bool
	idle    bool
	running context.CancelCauseFunc // of what runs now; nil when nothing does
}

func newConn(d *door, nc net.Conn) *conn {
	c := &conn{door: d, client: nc, link: &link{Conn: nc, patience: server.NewPatience(d.ClientWait)}, statements: map[string]*prepared{}, portals: map[string]*portal{}, tx: transaction{state: txIdle}}
	c.asker.Door = "postgres"
	c.asker.Client, _, _ = net.SplitHostPort(nc.RemoteAddr().String())
	c.out = bufio.NewWriterSize(c.link, outBytes)
	return c
}

// end tells the connection that the door closes: at once when it does nothing, else after
// what runs.
func (c *conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.idle {
		_ = c.link.SetReadDeadline(past) // one that is closed reads nothing
	}
}

// cancelRunning ends what runs now, for a reason.
func (c *conn) cancelRunning(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		c.running(reason)
	}
}

func (c *conn) setRunning(cancel context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = cancel
}

// errEnded tells that the connection is over and that its client knows.
var errEnded = errors.New("the connection is over")

// serve answers a connection until one side ends it. The error is for the log.
func (c *conn) serve(ctx context.Context) error {
	defer c.closeAll()
	err := c.start(ctx)
	if err == nil {
		err = c.loop(ctx)
	}
	var e *errs.Error
	switch {
	case errors.Is(err, errEnded), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return nil
	case errors.As(err, &e):
		c.fatal(err)
	}
	return err
}

// loop answers messages, one after the other.
func (c *conn) loop(ctx context.Context) error {
	for {
		message, err := c.receive()
		if err != nil {
			return err
		}
		if err := c.handle(ctx, message); err != nil {
			return err
		}
	}
}

// receive waits for the client's next message.
func (c *conn) receive() (pgproto3.FrontendMessage, error) {
	c.mu.Lock()
	c.idle = !c.closing
	idle := c.idle
	if idle && len(c.portals) > 0 {
		_ = c.link.SetReadDeadline(time.Now().Add(c.door.Limits.OpenTime))
	}
	c.mu.Unlock()
	if !idle {
		return nil, closingError()
	}
	message, err := c.in.Receive()
	c.mu.Lock()
	c.idle = false
	closing := c.closing
	if !closing {
		_ = c.link.SetReadDeadline(time.Time{})
	}
	c.mu.Unlock()
	return message, c.unread(err, closing)
}

// unread gives the reason for which no message could be read.
func (c *conn) unread(err error, closing bool) error {
	var long *pgproto3.ExceededMaxBodyLenErr
	var network net.Error
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return err
	case errors.As(err, &long):
		return errs.New(errs.RequestInvalid, "pgwire_message_long", nil)
	case errors.Is(err, os.ErrDeadlineExceeded) && closing:
		return closingError()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errs.New(errs.Timeout, "pgwire_open_time", nil)
	case errors.As(err, &network):
		return errEnded // the client is gone without a word
	}
	return errs.Wrap(errs.RequestInvalid, "pgwire_protocol", nil, err)
}

// handle answers one message. An error ends the connection.
func (c *conn) handle(ctx context.Context, message pgproto3.FrontendMessage) error {
	if c.skipping {
		switch message.(type) {
		case *pgproto3.Sync, *pgproto3.Terminate:
		default:
			return nil
		}
	}
	var err error
	switch m := message.(type) {
	case *pgproto3.Query:
		c.closePortal("") // a simple query ends the unnamed portal
		if e := safego.Call(func() error { return c.simple(ctx, m.String) }); e != nil {
			if err = c.fail(e, m.String); err != nil {
				return err
			}
		}
		return c.ready()
	case *pgproto3.Sync:
		return c.sync()
	case *pgproto3.Terminate:
		return errEnded
	case *pgproto3.Flush:
		return c.flush()
	case *pgproto3.Parse:
		text := m.Query
		if e := safego.Call(func() error { return c.parse(ctx, m) }); e != nil {
			err = c.failUntilSync(e, text)
		}
	case *pgproto3.Bind:
		err = c.extended(safego.Call(func() error { return c.bind(ctx, m) }))
	case *pgproto3.Describe:
		err = c.extended(safego.Call(func() error { return c.describe(ctx, m) }))
	case *pgproto3.Execute:
		err = c.extended(safego.Call(func() error { return c.execute(ctx, m) }))
	case *pgproto3.Close:
		err = c.extended(safego.Call(func() error { return c.closeNamed(m) }))
	case *pgproto3.CopyData, *pgproto3.CopyDone, *pgproto3.CopyFail:
		return nil // what is left of a COPY that was refused
	case *pgproto3.FunctionCall:
		if err = c.fail(errs.New(errs.NotSupported, "pgwire_function_call", nil), ""); err == nil {
			err = c.ready()
		}
	default:
		err = errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	return err
}

// extended answers an error of the extended protocol: nothing is looked at until Sync.
func (c *conn) extended(e error) error {
	if e == nil {
		return nil
	}
	return c.failUntilSync(e, c.source)
}

func (c *conn) failUntilSync(e error, text string) error {
	c.skipping = true
	if err := c.fail(e, text); err != nil {
		return err
	}
	// Clients that have sent Flush alone wait for this before they send Sync.
	return c.flush()
}

// sync ends an exchange of the extended protocol. Outside of a transaction it ends the
// portals too.
func (c *conn) sync() error {
	c.skipping = false
	if c.tx.state == txIdle {
		c.closePortals(false)
	}
	return c.ready()
}

// ready tells the client that it may go on.
func (c *conn) ready() error {
	if c.tx.state == txIdle {
		c.settle()
	}
	c.send(&pgproto3.ReadyForQuery{TxStatus: byte(c.tx.state)})
	c.link.patience = server.NewPatience(c.door.ClientWait)
	return c.flush()
}

// send hands on a message, to leave with the next flush or when there is no more room.
func (c *conn) send(m pgproto3.BackendMessage) { c.in.Send(m) }

// flush sends what waits.
func (c *conn) flush() error {
	if err := c.in.Flush(); err != nil {
		return err
	}
	return c.out.Flush()
}

// closeAll frees what the connection holds.
func (c *conn) closeAll() {
	c.closePortals(true)
	c.statements = nil
}
