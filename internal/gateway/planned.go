package gateway

import "github.com/lianji/lianji/planner"

// Planned gives a gateway over the same engine that plans with another planner, made of
// its own: an answer must not depend on which rules there are. It has no Close of its own.
func (g *Gateway) Planned(by func(*planner.Planner) *planner.Planner) *Gateway {
	return &Gateway{planner: by(g.planner), binder: g.binder, engine: g.engine, audit: g.audit, limits: g.limits, log: g.log, ended: g.ended, tracer: g.tracer}
}
