package main

import (
	"os"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/planner"
)

// isBinder reports whether this process is one in which a gateway binds.
func isBinder() bool { return len(os.Args) == 3 && os.Args[1] == planner.BinderRole }

// bind is such a process, and gives its exit code.
func bind() int {
	if err := planner.ServeBinder(os.Args[2], os.Stdin, os.Stdout); err != nil {
		return 1 // its gateway sees that it is gone
	}
	return 0
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
