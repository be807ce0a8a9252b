package pgwire

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

// mostAhead is how much is read of what a client sends while a statement of it runs.
const mostAhead = 64 << 10

// watchAfter is how long a statement runs before it is looked whether its client is still
// there: most have ended by then, and need no goroutine that reads, and is woken to stop.
const watchAfter = 20 * time.Millisecond

// link is a client's connection. While a statement runs it is read on, so that a client
// that goes away is noticed; writes have the time that a client may take.
type link struct {
	net.Conn
	patience *server.Patience // with a client that is to take an answer

	ahead []byte // read while a statement ran
	err   error  // that ended the reading ahead
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Read implements io.Reader: first what was read ahead.
func (l *link) Read(p []byte) (int, error) {
	if len(l.ahead) > 0 {
		n := copy(p, l.ahead)
		l.ahead = l.ahead[n:]
		if len(l.ahead) == 0 {
			l.ahead = nil
		}
		return n, nil
	}
	if l.err != nil {
		return 0, l.err
	}
	return l.Conn.Read(p)
}

// Write implements io.Writer. A client that takes an answer too slowly ends with
// errs.ClientSlow: what its statement holds is for others.
func (l *link) Write(p []byte) (int, error) {
	began := time.Now()
	if err := l.SetWriteDeadline(began.Add(l.patience.Left(len(p)))); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(p)
	l.patience.Took(len(p), time.Since(began))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, errs.Wrap(errs.ClientSlow, "http_client_slow", nil, err)
	}
	return n, err
}

// watch calls gone, once, when the client goes away before stop is called. Stop returns
// when nothing is read any more; it may be repeated.
func (l *link) watch(gone func()) (stop func()) {
	if l.err != nil {
		gone()
		return func() {}
	}
	var stopped atomic.Bool
	done := make(chan struct{})
	begin := time.AfterFunc(watchAfter, func() {
		defer close(done)
		_ = safego.Call(func() error { return l.readAhead(&stopped, gone) }) // what it says of deadlines no longer counts
	})
	return sync.OnceFunc(func() {
		if begin.Stop() {
			return
		}
		stopped.Store(true)
		// A connection that is closed has no deadlines, and no reads.
		_ = l.SetReadDeadline(past)
		<-done
		_ = l.SetReadDeadline(time.Time{})
	})
}

// readAhead reads what the client sends until it is stopped, or the client has gone.
func (l *link) readAhead(stopped *atomic.Bool, gone func()) error {
	var buf [512]byte
	for len(l.ahead) < mostAhead {
		n, err := l.Conn.Read(buf[:])
		l.ahead = append(l.ahead, buf[:n]...)
		switch {
		case err == nil:
		case stopped.Load() && errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		default:
			l.err = err
			gone()
			// It may stand in a write that nobody takes.
			return l.Conn.SetWriteDeadline(past)
		}
	}
	return nil
}

// startupReader hands out one startup packet and not a byte more: what follows a request
// for TLS belongs to TLS, whatever came with it in the clear.
type startupReader struct {
	from interface{ Read([]byte) (int, error) }
	head []byte // of the length
	left int    // bytes behind the length
}

// Read implements io.Reader.
func (s *startupReader) Read(p []byte) (int, error) {
	want := s.left
	if len(s.head) < 4 {
		want = 4 - len(s.head)
	}
	if want <= 0 {
		return 0, errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	n, err := s.from.Read(p[:min(want, len(p))])
	if len(s.head) < 4 {
		s.head = append(s.head, p[:n]...)
		if len(s.head) == 4 {
			s.left = int(s.head[0])<<24 | int(s.head[1])<<16 | int(s.head[2])<<8 | int(s.head[3]) - 4
		}
		return n, err
	}
	s.left -= n
	return n, err
}
