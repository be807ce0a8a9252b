package app

import (
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/limits"
)

// Limits gives the limits of a configuration's gateway.
func Limits(cfg *config.Config) limits.Options {
	l := cfg.Limits
	return limits.Options{
		Running: turns.Most(l.Running), Queued: turns.Most(l.Queued), QueueTimeout: l.QueueTimeout,
		Timeout: l.StatementTimeout, Rows: l.ResultRows, Bytes: l.ResultBytes,
	}
}

// Place implements server.Queue.
func (a *App) Place(s server.Session, id string) (place int, waits bool) {
	if q, ok := a.engine.(server.Queue); ok {
		return q.Place(s, id)
	}
	return 0, false
}
