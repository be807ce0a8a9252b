package gateway

import (
	"context"

	"github.com/lianji/lianji/server"
)

// Load tells what the gateway does at this moment. Limits of sources are not known here.
func (g *Gateway) Load(ctx context.Context) server.Load {
	of := g.engine.Load(ctx)
	l := server.Load{ResidualsRunning: of.Running, ResidualsWaiting: of.Waiting, Memory: server.Memory(of.Memory)}
	l.Running, l.Waiting = g.limits.Load()
	l.CacheHits, l.CacheMisses = g.planner.CacheUse()
	for _, s := range of.Sources {
		l.Sources = append(l.Sources, server.SourceLoad{Source: s.Source, Taken: s.Taken, Waiting: s.Waiting})
	}
	return l
}
