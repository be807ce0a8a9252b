// Package admin is the listener for those who run the gateway: metrics for Prometheus,
// whether it is ready, and profiles. It never runs a statement. It has no login, so it
// serves this machine alone.
package admin

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/httpapi"
)

// Options of the listener. Both are required.
type Options struct {
	Metrics *Metrics
	Ready   func() error // nil while the gateway can answer statements
}

// New gives the listener's handler. Pages of a browser reach it as little as the HTTP door.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", httpapi.Health)
	mux.HandleFunc("GET /readyz", httpapi.Readiness(o.Ready))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return httpapi.Guarded(mux)
}

// shutdownWithin is how long requests that are being answered may take at the end.
const shutdownWithin = 2 * time.Second

// Serve answers on ln until ctx ends, and closes it.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	s := &http.Server{Handler: New(o), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	served := safego.Run(func() error { return s.Serve(ln) })
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer cancel()
	if s.Shutdown(bound) != nil {
		_ = s.Close() // a profile that is still being taken
	}
	<-served
	return nil
}
