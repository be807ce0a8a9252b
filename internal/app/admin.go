package app

import (
	"context"
	"net"

	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/admin"
	"github.com/lianji/lianji/server/listen"
)

// counted gives what counts statements, where somebody can ask for the counts.
func (a *App) counted() func(server.Ended) {
	if a.cfg.Admin == "" {
		return nil
	}
	a.metrics = admin.NewMetrics(a.load, a.temp.path)
	if a.traces != nil {
		a.metrics.Traces(a.traces.Lost)
	}
	return a.metrics.Ended
}

// load tells what the engine does; nothing of one that cannot tell.
func (a *App) load(ctx context.Context) server.Load {
	e, ok := a.engine.(interface {
		Load(ctx context.Context) server.Load
	})
	if !ok {
		return server.Load{Memory: server.Memory{Held: -1}}
	}
	l := e.Load(ctx)
	for i := range l.Sources {
		for _, s := range a.cfg.Sources {
			if s.Name == l.Sources[i].Source {
				l.Sources[i].Limit = s.Connections
			}
		}
	}
	return l
}

// ready gives nil while statements can be answered.
func (a *App) ready() error {
	if a.authority == nil {
		return nil
	}
	_, err := a.authority.State()
	return err
}

// listenAdmin opens the listener for metrics and profiles, where the configuration names
// it: to this machine alone, whatever the doors do.
func (d *Door) listenAdmin(ctx context.Context) error {
	a := d.app
	if a.metrics == nil {
		return nil
	}
	ln, err := listen.TCP(ctx, a.cfg.Admin, listen.Loopback)
	if err != nil {
		return err
	}
	o := admin.Options{Metrics: a.metrics, Ready: a.ready}
	d.all = append(d.all, door{"admin", ln, func(ctx context.Context, ln net.Listener) error { return admin.Serve(ctx, ln, o) }})
	return nil
}
