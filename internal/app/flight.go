package app

import (
	"context"
	"net"
	"runtime/debug"

	"github.com/lianji/lianji/server/flightsql"
	"github.com/lianji/lianji/server/listen"
)

// flightSecret names the store's secret that the keys of tickets and handles come from:
// gateways of one store take each other's.
const flightSecret = "flight"

// listenFlight opens the Flight SQL door, where the configuration names it.
func (d *Door) listenFlight(ctx context.Context) error {
	a := d.app
	if a.cfg.Flight == "" {
		return nil
	}
	o := flightsql.Options{
		Querier: a, Session: d.session, Refused: a.refused, Logger: a.log, ClientWait: a.cfg.Engine.ClientWait,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		o.Version = info.Main.Version
	}
	if a.store != nil {
		secret, err := a.store.Secret(ctx, flightSecret)
		if err != nil {
			return err
		}
		o.Secret, o.Login = secret, a.identity.Login
	}
	ln, err := listen.TCP(ctx, a.cfg.Flight, d.reach)
	if err != nil {
		return err
	}
	scheme := "grpc"
	if d.certs != nil {
		scheme, o.TLS = "grpc+tls", d.certs.Config("h2")
	}
	d.all = append(d.all, door{scheme, ln, func(ctx context.Context, ln net.Listener) error { return flightsql.Serve(ctx, ln, o) }})
	return nil
}
