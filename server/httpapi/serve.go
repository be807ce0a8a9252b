package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
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

// ListenLoopback listens on an address whose host has loopback addresses only: the
// door has no login, so nobody else's machine may reach it. The host is looked up
// once, and listened on by number.
func ListenLoopback(ctx context.Context, address string) (net.Listener, error) {
	chosen, err := loopback(ctx, address)
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", chosen)
	if err != nil {
		id := "http_cannot_listen"
		if errors.Is(err, syscall.EADDRINUSE) {
			id = "http_in_use"
		}
		return nil, errs.Wrap(errs.ConfigInvalid, id, msg.Args{"Address": address}, err)
	}
	return ln, nil
}

// Loopback tells whether ListenLoopback would take an address, without listening.
func Loopback(ctx context.Context, address string) error {
	_, err := loopback(ctx, address)
	return err
}

// loopback gives the address to listen on, by number.
func loopback(ctx context.Context, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return "", errs.New(errs.ConfigInvalid, "http_address", msg.Args{"Address": address})
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", errs.Wrap(errs.ConfigInvalid, "http_cannot_listen", msg.Args{"Address": address}, err)
	}
	chosen, ok := chooseLoopback(ips)
	if !ok {
		return "", errs.New(errs.ConfigInvalid, "http_not_loopback", msg.Args{"Address": address})
	}
	return net.JoinHostPort(chosen.String(), port), nil
}

// chooseLoopback gives the address to listen on, IPv4 first; false when there is
// none or when one of them is not of the loopback interface.
func chooseLoopback(ips []netip.Addr) (chosen netip.Addr, ok bool) {
	for _, ip := range ips {
		ip = ip.Unmap()
		if !ip.IsLoopback() {
			return netip.Addr{}, false
		}
		if !chosen.IsValid() || (ip.Is4() && !chosen.Is4()) {
			chosen = ip
		}
	}
	return chosen, chosen.IsValid()
}

// Serve answers requests on ln, which it closes, until ctx ends. It returns when
// no request is left; nil after an orderly end.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	return serve(ctx, ln, o, DrainTime)
}

func serve(ctx context.Context, ln net.Listener, o Options, drain time.Duration) error {
	queries, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	handler := New(o)
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		WriteTimeout:      DefaultClientWait, // of small answers; rows extend it piece by piece
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return queries },
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	done := safego.Run(func() error { return s.Serve(ln) })
	select {
	case err := <-done:
		return errors.Join(err, s.Close())
	case <-ctx.Done():
	}
	err := shutdown(ctx, s, drain)
	if err != nil {
		cancel()
		if err = shutdown(ctx, s, EndTime); err != nil {
			err = s.Close()
		}
	}
	if e := <-done; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func shutdown(ctx context.Context, s *http.Server, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return s.Shutdown(ctx)
}
