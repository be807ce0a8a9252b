package flightsql

import (
	"context"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/listen"
)

// Times of the door. From the end of Serve's context a running answer has DrainTime to
// end by itself; then it is cancelled, and within EndTime more every connection is
// closed.
const (
	DrainTime = 5 * time.Second
	EndTime   = 5 * time.Second

	connectTime = 10 * time.Second // from a connection's begin to the end of its preface
	idleTime    = 30 * time.Minute // without a call; clients connect again by themselves
	strangeTime = 20 * time.Second // to the first call of which it is known whose it is
)

var (
	// A client whose machine went away is noticed, so that its answers end.
	alive = keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 15 * time.Second, MaxConnectionIdle: idleTime}
	pings = keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}
)

// errShutdown is why answers end that outlast the door.
var errShutdown = errs.New(errs.Closing, "flight_shutdown", nil)

// Serve answers calls on ln, which it closes, until ctx ends. It returns when no call
// is left; nil after an orderly end.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	crowd := listen.NewCrowd(listen.Connections, listen.Connections)
	return serve(ctx, crowd.Within(ln, strangeTime), o, DrainTime)
}

func serve(ctx context.Context, ln net.Listener, o Options, drain time.Duration) error {
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	d, err := newDoor(life, o)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s := d.server()
	done := safego.Run(func() error { return s.Serve(ln) })
	select {
	case err := <-done:
		s.Stop()
		d.writers.Wait()
		return err
	case <-ctx.Done():
	}
	orderly := safego.Run(func() error { s.GracefulStop(); return nil })
	if !within(orderly, drain) {
		end(errShutdown)
		if !within(orderly, EndTime) {
			s.Stop()
			<-orderly
		}
	}
	d.writers.Wait()
	if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// within tells whether something ends in time.
func within(done <-chan error, limit time.Duration) bool {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}
