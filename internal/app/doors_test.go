package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/lianji/lianji/internal/safego"
)

// fullOnce is a listener that finds no file left for its first connection.
type fullOnce struct {
	net.Listener
	full bool
}

func (l *fullOnce) Accept() (net.Conn, error) {
	if !l.full {
		l.full = true
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// No door ends because the process has no file left for a while.
func TestDoorsOutlastWantOfFiles(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	d := &Door{app: &App{log: slog.New(slog.DiscardHandler)}, all: []door{{"postgres", &fullOnce{Listener: ln}, func(ctx context.Context, ln net.Listener) error {
		c, err := ln.Accept()
		accepted <- err
		if err == nil {
			err = c.Close()
		}
		err = errors.Join(err, ln.Close())
		<-ctx.Done()
		return err
	}}}}
	ctx, end := context.WithCancel(t.Context())
	ran := safego.Run(func() error { return d.Run(ctx) })
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := <-accepted; err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, c) // to its end
	_ = c.Close()
	end()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}
