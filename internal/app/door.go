package app

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/statements"
)

// Door is the doors of an App while they listen: the HTTP door, and those others that
// the configuration names.
type Door struct {
	app     *App
	session server.Sessions
	reach   listen.Reach
	certs   *listen.Certificates // nil without TLS
	pages   []byte               // makes the names of resources' pages; nil without a store
	http    net.Listener
	all     []door
}

// pagesSecret names the store's secret that the names of resources' pages come from:
// gateways of one store take each other's.
const pagesSecret = "pages"

// door is one of them. Its serve answers until ctx ends and nothing runs any more, and
// closes the listener.
type door struct {
	scheme string
	ln     net.Listener
	serve  func(ctx context.Context, ln net.Listener) error
}

// ListenOpen opens the HTTP door without login: it serves what the configuration
// publishes, to this machine alone. An empty address means that of the
// configuration. The caller runs the Door, which closes it.
func (a *App) ListenOpen(ctx context.Context, address string) (*Door, error) {
	if a.store != nil {
		return nil, errs.New(errs.ConfigInvalid, "app_store_needs_login", msg.Args{"File": a.cfg.File})
	}
	if len(a.cfg.Origins) > 0 {
		return nil, errs.New(errs.ConfigInvalid, "app_origins_login", msg.Args{"File": a.cfg.File})
	}
	if len(a.cfg.Published) == 0 {
		return nil, errs.New(errs.ConfigInvalid, "app_nothing_published", msg.Args{"File": a.cfg.File})
	}
	snapshot, wrong, err := publish(a.cfg, a.state())
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		return nil, wrong[0]
	}
	a.published.Store(snapshot)
	return a.listen(ctx, address, listen.Loopback, a.openSession)
}

// ListenHTTP opens the HTTP door for those who have a token or a password: each sees what
// grants open. An empty address means that of the configuration. It is refused where the
// store holds principals of the sample city. Other machines are served with TLS alone,
// unless Options say otherwise.
func (a *App) ListenHTTP(ctx context.Context, address string) (*Door, error) {
	if err := a.refuseDemo(); err != nil {
		return nil, err
	}
	return a.listen(ctx, address, reach(a.cfg, a.plain), a.Session)
}

// reach tells from where doors with a login may be reached.
func reach(cfg *config.Config, plain bool) listen.Reach {
	if cfg.TLS != nil || plain {
		return listen.Anywhere
	}
	return listen.Loopback
}

// certificates reads what the doors show of the gateway; nil without TLS.
func (a *App) certificates() (*listen.Certificates, error) {
	t := a.cfg.TLS
	if t == nil {
		return nil, nil
	}
	return listen.Load(listen.Files{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}, func(err error) {
		a.log.Error("the files of listen.tls cannot be used; the gateway goes on with those from before", "error", err)
	})
}

func (a *App) listen(ctx context.Context, address string, reach listen.Reach, session server.Sessions) (_ *Door, err error) {
	d := &Door{app: a, session: session, reach: reach}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if address == "" {
		address = a.cfg.HTTP
	}
	if d.certs, err = a.certificates(); err != nil {
		return nil, err
	}
	if a.store != nil {
		if d.pages, err = a.store.Secret(ctx, pagesSecret); err != nil {
			return nil, err
		}
	}
	if d.http, err = listen.TCP(ctx, address, reach); err != nil {
		return nil, err
	}
	host, _, _ := config.SplitAddress(address)
	d.all = append(d.all, door{"http", d.http, d.serveHTTP(host)})
	if err := d.listenFlight(ctx); err != nil {
		return nil, err
	}
	if err := d.listenPostgres(ctx); err != nil {
		return nil, err
	}
	return d, d.listenAdmin(ctx)
}

// URL is where the HTTP door listens, with the port that it got.
func (d *Door) URL() string {
	if d.certs != nil {
		return "https://" + d.http.Addr().String()
	}
	return "http://" + d.http.Addr().String()
}

// Others is where the doors beside the HTTP door listen, with the ports that they got.
func (d *Door) Others() []string {
	var all []string
	for _, one := range d.all {
		if one.ln != d.http {
			all = append(all, one.scheme+"://"+one.ln.Addr().String())
		}
	}
	return all
}

// Close closes doors that were never run.
func (d *Door) Close() error {
	var all []error
	for _, one := range d.all {
		all = append(all, one.ln.Close())
	}
	return errors.Join(all...)
}

// Run answers requests until ctx ends and no query runs any more, and meanwhile
// tries sources again that could not be reached.
func (d *Door) Run(ctx context.Context) error {
	// What keeps grants in force goes on until the last statement has ended. When it
	// fails, the doors close.
	doors, ctx := safego.WithContext(ctx)
	behind, over := context.WithCancel(context.WithoutCancel(ctx))
	defer over()
	tasks := safego.Run(func() error { return d.keepUp(behind) })
	doors.Go(func() error {
		select {
		case err := <-tasks:
			return err
		case <-ctx.Done():
			return nil
		}
	})
	for _, one := range d.all {
		doors.Go(func() error { return one.serve(ctx, listen.Patient(one.ln, d.app.log)) })
	}
	err := doors.Wait()
	over()
	return errors.Join(err, <-tasks)
}

// keepUp follows the store and the sources until ctx ends.
func (d *Door) keepUp(ctx context.Context) error {
	g, ctx := safego.WithContext(ctx)
	g.Go(func() error { return d.app.retry(ctx, retryEvery) })
	if d.app.authority != nil {
		g.Go(func() error { return d.app.authority.Run(ctx) })
	}
	if d.app.store != nil {
		g.Go(func() error { return d.app.refusals.Run(ctx) })
		g.Go(func() error { return d.app.recordChanges(ctx) })
	}
	return g.Wait()
}

func (d *Door) serveHTTP(host string) func(context.Context, net.Listener) error {
	o := httpapi.Options{
		Querier: d.app, Hosts: append([]string{host}, d.app.cfg.Hosts...), Anywhere: d.reach == listen.Anywhere, Logger: d.app.log, ClientWait: d.app.cfg.Engine.ClientWait,
		Session: d.session, Refused: d.app.refused, Catalogue: d.app.catalogueDoor(), Secret: d.pages, Origins: d.app.cfg.Origins, Ready: d.app.ready,
	}
	if d.app.authority != nil {
		o.Applicable, o.Login, o.Confirm, o.Holds = d.app.applicable, d.app.identity.Login, d.app.identity.Confirm, d.app.holds
	}
	serve := func(ctx context.Context, ln net.Listener) error {
		kept := statements.New(statements.Options{Querier: d.app, Dir: d.app.temp.path, For: d.app.cfg.Limits.ResultKept})
		defer kept.Close()
		o.Statements = kept
		return httpapi.Serve(ctx, ln, o)
	}
	if d.certs == nil {
		return serve
	}
	o.Certified = func(host string) bool { return d.certs.Leaf().VerifyHostname(host) == nil }
	return func(ctx context.Context, ln net.Listener) error {
		// An answer that breaks off closes its connection, which is another's too in HTTP/2.
		return serve(ctx, tls.NewListener(ln, d.certs.Config("http/1.1")))
	}
}
