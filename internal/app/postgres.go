package app

import (
	"context"
	"net"

	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/pgwire"
)

// listenPostgres opens the PostgreSQL door, where the configuration names it.
func (d *Door) listenPostgres(ctx context.Context) error {
	a := d.app
	if a.cfg.Postgres == "" {
		return nil
	}
	o := pgwire.Options{
		Querier: a, Session: d.session, Refused: a.refused, Logger: a.log, ClientWait: a.cfg.Engine.ClientWait, TimeZone: a.cfg.Engine.TimeZone, Catalogue: a.own,
	}
	if a.store != nil {
		o.Login, o.Certified = a.identity.Login, a.certified
		o.SCRAM = func(user, client string) (pgwire.Exchange, error) { return a.identity.SCRAM(user, client) }
	}
	if d.certs != nil {
		// Its clients ask for TLS within their own protocol.
		o.TLS = d.certs.Config("postgresql")
	} else {
		o.Plain = d.reach == listen.Anywhere
	}
	ln, err := listen.TCP(ctx, a.cfg.Postgres, d.reach)
	if err != nil {
		return err
	}
	d.all = append(d.all, door{"postgres", ln, func(ctx context.Context, ln net.Listener) error { return pgwire.Serve(ctx, ln, o) }})
	return nil
}

// certified gives whose certificate a client shows at an address; empty where it is
// nobody's that holds.
func (a *App) certified(certificate, client string) string {
	_, p, err := a.authority.Bearer(a.identity.Certificate(certificate, client))
	if err != nil {
		return ""
	}
	return p.Login
}
