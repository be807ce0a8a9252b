package gateway

import "github.com/lianji/lianji/server"

// Load tells what the gateway does at this moment.
func (g *Gateway) Load() server.Load {
	l := server.Load{}
	l.Running, l.Waiting = g.limits.Load()
	l.ResidualsRunning, l.ResidualsWaiting = g.engine.Load()
	l.CacheHits, l.CacheMisses = g.planner.CacheUse()
	return l
}
