package listen

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// How long a listener waits for room, at first and at the most.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = time.Second
)

// scarce are the errors of accept(2) that pass when others let go of what they hold, and
// those of a client that was gone before it was let in.
var scarce = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED}

// Patient gives a listener that waits where the process or the machine has no room for one
// more connection, in the place of an error by which a door would end with all that runs
// behind it. The logger is told when the want begins.
func Patient(ln net.Listener, logger *slog.Logger) net.Listener {
	return &patient{Listener: ln, logger: logger, closed: make(chan struct{})}
}

type patient struct {
	net.Listener
	logger *slog.Logger
	once   sync.Once
	closed chan struct{}
}

func (p *patient) Accept() (net.Conn, error) {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		c, err := p.Listener.Accept()
		if err == nil || !isScarce(err) {
			return c, err
		}
		if wait == firstWait {
			p.logger.Warn("no room for another connection", "door", p.Addr().String(), "error", err)
		}
		select {
		case <-time.After(wait):
		case <-p.closed:
			return nil, net.ErrClosed
		}
	}
}

func isScarce(err error) bool {
	for _, one := range scarce {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

func (p *patient) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.Listener.Close()
}
