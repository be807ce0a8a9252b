// Package pgwire is the PostgreSQL door: it speaks version 3 of PostgreSQL's protocol, so
// that psql, drivers and BI tools connect as to a PostgreSQL that only reads. Messages are
// read and written by pgx's pgproto3.
package pgwire

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/pgwire/pgcatalog"
)

// Options of the door. Querier is required.
type Options struct {
	Querier server.Querier
	// Session gives whose statement it is and what it may see; nil means that nothing
	// exists for anybody.
	Session server.Sessions
	// Login tries a password of a user at an address, and gives the token that the
	// connection's statements are asked with. Nil means that nobody is asked for one: then
	// Session has to be one that needs no token.
	Login func(ctx context.Context, user, password, client string) (token string, err error)
	// SCRAM begins an exchange with a user at an address, whether or not there is one of that
	// name. Where it is nil, passwords are asked for as they are.
	SCRAM func(user, client string) (Exchange, error)
	// Certified gives the login whose certificate a client shows at an address, which is
	// given as in server.Asker; empty where it is nobody's. Nil means that it always is.
	Certified func(certificate, client string) (login string)
	// Refused hears of each login and statement that is refused before it is looked at; nil
	// means nobody.
	Refused server.Refused
	// TLS is what the door shows of itself to a client that asks for TLS; nil offers none.
	// Of clients that do without it, only those of this machine are let in.
	TLS *tls.Config
	// Plain lets clients of other machines in without TLS too.
	Plain bool
	// TimeZone is the one in which instants are shown to a client that names none; empty
	// means UTC.
	TimeZone string
	// Logger gets one line for each statement; nil means nowhere. Its handler must redact.
	Logger *slog.Logger
	// Catalogue is the command that starts a process for what is asked of pg_catalog, as
	// pgcatalog.New takes it; empty means that it is answered in this one.
	Catalogue []string
	// ClientWait is how long a client may keep its statement waiting, beside a second
	// for each 64 KiB that it takes; 0 means DefaultClientWait.
	ClientWait time.Duration
	// Limits of the door; zero fields are DefaultLimits'.
	Limits Limits
}

// Limits bound what clients may hold of the gateway.
type Limits struct {
	Connections  int           // at the same time
	LoginTime    time.Duration // from the first byte to the first statement
	MessageBytes int           // of one message of a client
	KeptBytes    int           // of the texts and parameters of one connection's prepared statements and portals
	Kept         int           // prepared statements, and as many portals, of one connection
	OpenTime     time.Duration // that a connection may do nothing while a portal of it holds its sources
	PlaceEvery   time.Duration // whose statement waits for its turn is told its place so often, where that has changed
}

// DefaultLimits are the limits that a zero Limits stands for.
func DefaultLimits() Limits {
	return Limits{
		Connections: 4096, LoginTime: 20 * time.Second, MessageBytes: 8 << 20,
		KeptBytes: 16 << 20, Kept: 4096, OpenTime: 10 * time.Minute, PlaceEvery: server.PlaceEvery,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Connections > 0 {
		d.Connections = l.Connections
	}
	if l.LoginTime > 0 {
		d.LoginTime = l.LoginTime
	}
	if l.MessageBytes > 0 {
		d.MessageBytes = l.MessageBytes
	}
	if l.KeptBytes > 0 {
		d.KeptBytes = l.KeptBytes
	}
	if l.Kept > 0 {
		d.Kept = l.Kept
	}
	if l.OpenTime > 0 {
		d.OpenTime = l.OpenTime
	}
	if l.PlaceEvery > 0 {
		d.PlaceEvery = l.PlaceEvery
	}
	return d
}

// DefaultClientWait ends an answer whose client has stopped reading.
const DefaultClientWait = 60 * time.Second

// Times of Serve's end: a running statement has DrainTime to end by itself, then it is
// cancelled, and within EndTime more its connection is closed.
const (
	DrainTime = 5 * time.Second
	EndTime   = 5 * time.Second
)

// door is a running door.
type door struct {
	Options
	keys       keyring
	catalogues *pgcatalog.Catalogues
	crowd      *listen.Crowd

	mu      sync.Mutex
	conns   map[*conn]bool
	entered int            // connections that have logged in
	own     map[string]int // the same by the principal, where they have a name
	closing bool
}

// Serve answers connections on ln, which it closes, until ctx ends. It returns when no
// connection is left; nil after an orderly end.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	return serve(ctx, ln, o, DrainTime)
}

func serve(ctx context.Context, ln net.Listener, o Options, drain time.Duration) error {
	o.Limits = o.Limits.orDefault()
	if o.ClientWait <= 0 {
		o.ClientWait = DefaultClientWait
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Querier = hexRefused{o.Querier}
	d := &door{Options: o, conns: map[*conn]bool{}, own: map[string]int{}, catalogues: pgcatalog.New(o.TimeZone, o.Catalogue...)}
	// As many as have logged in may be about to: who is one too many is told so, and may cancel.
	d.crowd = listen.NewCrowd(2*o.Limits.Connections, o.Limits.Connections)
	defer d.catalogues.Close()
	statements, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	var clients safego.Group
	accepting := safego.Run(func() error { return d.accept(statements, ln, &clients) })
	var err error
	select {
	case err = <-accepting:
		err = errors.Join(err, ln.Close())
	case <-ctx.Done():
		err = ln.Close()
		<-accepting // it ends with the listener
	}
	d.endIdle()
	gone := safego.Run(clients.Wait)
	select {
	case <-gone:
		return err
	case <-time.After(drain):
	}
	cancel(closingError())
	select {
	case <-gone:
	case <-time.After(EndTime):
		d.closeAll()
		<-gone
	}
	return err
}

func (d *door) accept(ctx context.Context, ln net.Listener, clients *safego.Group) error {
	for {
		nc, err := ln.Accept()
		var passing net.Error
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case errors.As(err, &passing) && passing.Timeout():
			continue
		case err != nil:
			return err
		}
		c := newConn(d, nc)
		if !d.add(c) {
			_ = nc.Close()
			continue
		}
		clients.Go(func() error {
			defer d.remove(c)
			if err := safego.Call(func() error { return c.serve(ctx) }); err != nil {
				d.Logger.WarnContext(ctx, "connection", "door", "postgres", "client", c.asker.Client, "error", err)
			}
			return nil
		})
	}
}

// add notes a connection; false for one that gets no answer, as the door closes.
func (d *door) add(c *conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closing || !d.crowd.Enter(c.client) {
		return false
	}
	d.conns[c] = true
	return true
}

// isFull tells whether as many have logged in as may.
func (d *door) isFull() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entered >= d.Limits.Connections
}

// hold notes whose a connection is. It is refused as one more than there may be, or than a
// principal may have, which is a quarter of all. Where nobody has a name, all is one's.
func (d *door) hold(c *conn, principal string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.entered >= d.Limits.Connections:
		return errs.New(errs.QueueFull, "pgwire_connections", nil)
	case principal == "":
	case d.own[principal] >= (d.Limits.Connections+3)/4:
		return errs.New(errs.QueueFull, "pgwire_own_connections", nil)
	default:
		c.holder = principal
		d.own[principal]++
	}
	c.entered = true
	d.entered++
	d.crowd.Known(c.client)
	return nil
}

func (d *door) remove(c *conn) {
	d.keys.remove(c)
	_ = c.link.Close() // it is closed already where the client went first
	d.crowd.Leave(c.client)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
	if c.entered {
		d.entered--
	}
	if c.holder != "" {
		if d.own[c.holder]--; d.own[c.holder] == 0 {
			delete(d.own, c.holder)
		}
	}
}

// endIdle tells connections that do nothing that they are over, and the others after
// their statement.
func (d *door) endIdle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closing = true
	for c := range d.conns {
		c.end()
	}
}

func (d *door) closeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		_ = c.link.Close() // its reads and writes end
	}
}

// isLocal tells whether an address is one of this machine.
func isLocal(a net.Addr) bool {
	if a.Network() == "unix" {
		return true
	}
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}
