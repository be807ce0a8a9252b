package app

import (
	"context"
	"net"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
)

// Door is the HTTP door of an App while it listens.
type Door struct {
	app     *App
	host    string
	ln      net.Listener
	session func(httpapi.Asker) (server.Session, error)
}

// ListenOpen opens the HTTP door without login: it serves what the configuration
// publishes, to this machine alone. An empty address means that of the
// configuration. The caller runs the Door, which closes it.
func (a *App) ListenOpen(ctx context.Context, address string) (*Door, error) {
	if a.store != nil {
		return nil, errs.New(errs.ConfigInvalid, "app_store_needs_login", msg.Args{"File": a.cfg.File})
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
	return a.listen(ctx, address, a.openSession)
}

// ListenHTTP opens the HTTP door for those who have a token: each sees what grants
// open. An empty address means that of the configuration. It is refused where the store
// holds principals of the sample city.
func (a *App) ListenHTTP(ctx context.Context, address string) (*Door, error) {
	if err := a.refuseDemo(); err != nil {
		return nil, err
	}
	return a.listen(ctx, address, a.Session)
}

func (a *App) listen(ctx context.Context, address string, session func(httpapi.Asker) (server.Session, error)) (*Door, error) {
	if address == "" {
		address = a.cfg.HTTP
	}
	ln, err := httpapi.ListenLoopback(ctx, address)
	if err != nil {
		return nil, err
	}
	host, _, _ := config.SplitAddress(address)
	return &Door{app: a, host: host, ln: ln, session: session}, nil
}

// URL is where the door listens, with the port that it got.
func (d *Door) URL() string { return "http://" + d.ln.Addr().String() }

// Close closes a door that was never run.
func (d *Door) Close() error { return d.ln.Close() }

// Run answers requests until ctx ends and no query runs any more, and meanwhile
// tries sources again that could not be reached.
func (d *Door) Run(ctx context.Context) error {
	g, ctx := safego.WithContext(ctx)
	g.Go(func() error { return d.app.retry(ctx, retryEvery) })
	if d.app.authority != nil {
		g.Go(func() error { return d.app.authority.Run(ctx) })
	}
	if d.app.store != nil {
		g.Go(func() error { return d.app.refusals.Run(ctx) })
		g.Go(func() error { return d.app.recordChanges(ctx) })
	}
	o := httpapi.Options{
		Querier: d.app, Hosts: []string{d.host}, Logger: d.app.log, ClientWait: d.app.cfg.Engine.ClientWait,
		Session: d.session, Refused: d.app.refused, Catalogue: d.app.catalogueDoor(),
	}
	if d.app.authority != nil {
		o.Applicable = d.app.applicable
	}
	g.Go(func() error { return httpapi.Serve(ctx, d.ln, o) })
	return g.Wait()
}
