package main

import (
	"os"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/server/pgwire/pgcatalog"
)

// asProcess tells whether this program was started as a process of a gateway's. If so, it
// was one when this returns, and code is its exit code.
func asProcess() (code int, is bool) {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == planner.BinderRole:
		err = planner.ServeBinder(os.Args[2], os.Stdin, os.Stdout)
	case len(os.Args) == 2 && os.Args[1] == pgcatalog.Role:
		err = pgcatalog.Serve(os.Stdin, os.Stdout)
	default:
		return 0, false
	}
	if err != nil {
		return 1, true // its gateway sees that it is gone
	}
	return 0, true
}

// catalogueProcess is the command of such a process for the PostgreSQL door's catalogue.
func catalogueProcess() []string {
	self, err := os.Executable()
	if err != nil {
		return nil // no gateway starts without it
	}
	return []string{self, pgcatalog.Role}
}

func newEngine(o app.EngineOptions) (app.Engine, error) {
	var binder planner.Binder
	if !o.Own {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		binder = planner.NewChildren(o.TimeZone, self, planner.BinderRole)
	}
	g, err := gateway.New(gateway.Options{
		Binder: binder, Sources: o.Sources, Audit: o.Audit, Tokens: o.Tokens, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TempBytes: o.TempBytes, TimeZone: o.TimeZone,
		MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout, Limits: o.Limits, Ended: o.Ended, Tracer: o.Tracer,
	})
	if err != nil && binder != nil {
		binder.Close()
	}
	return g, err
}
