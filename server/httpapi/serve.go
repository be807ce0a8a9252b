package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/listen"
)

// Times of a Server. From the end of Serve's context a running query has
// DrainTime to end by itself; then it is cancelled, and within EndTime more every
// connection is closed.
const (
	DrainTime = 5 * time.Second
	EndTime   = 5 * time.Second

	headerTime = 10 * time.Second
	idleTime   = 60 * time.Second
	maxHeader  = 64 << 10
)

// Serve answers requests on ln, which it closes, until ctx ends. It returns when
// no request is left; nil after an orderly end.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	return serve(ctx, ln, o, DrainTime)
}

func serve(ctx context.Context, ln net.Listener, o Options, drain time.Duration) error {
	queries, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	s := newServer(o, listen.Connections)
	s.BaseContext = func(net.Listener) context.Context { return queries }
	done := safego.Run(func() error { return s.Serve(ln) })
	select {
	case err := <-done:
		return errors.Join(err, s.Close())
	case <-ctx.Done():
	}
	err := shutdown(ctx, s, drain)
	if err != nil {
		cancel(errs.New(errs.Closing, "gateway_closing", nil))
		if err = shutdown(ctx, s, EndTime); err != nil {
			err = s.Close()
		}
	}
	if e := <-done; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// newServer makes the server of a door that lets most connections in.
func newServer(o Options, most int) *http.Server {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	crowd := newCrowd(most)
	return &http.Server{
		Handler:           New(o),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		WriteTimeout:      DefaultClientWait, // of small answers; rows extend it piece by piece
		MaxHeaderBytes:    maxHeader,
		ConnState:         crowd.changed,
		ConnContext:       crowd.known,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

func shutdown(ctx context.Context, s *http.Server, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return s.Shutdown(ctx)
}
