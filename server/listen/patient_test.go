package listen

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// faulty is a listener whose first answers are errors.
type faulty struct {
	net.Listener
	errs []error
}

func (f *faulty) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return f.Listener.Accept()
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}

func listenHere(t *testing.T) net.Listener {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func dial(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func accepting(err syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}
}

// A door outlasts the want of files and memory, and says so once.
func TestPatient(t *testing.T) {
	for _, missing := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		var log bytes.Buffer
		inner := listenHere(t)
		ln := Patient(&faulty{inner, []error{accepting(missing), accepting(missing)}}, slog.New(slog.NewTextHandler(&log, nil)))
		dial(t, inner)
		c, err := ln.Accept()
		if err != nil {
			t.Errorf("%v: %v", missing, err)
			continue
		}
		_ = c.Close()
		if n := strings.Count(log.String(), "no room for another connection"); n != 1 {
			t.Errorf("%v: told %d times", missing, n)
		}
	}
	other := accepting(syscall.EINVAL)
	if _, err := Patient(&faulty{listenHere(t), []error{other}}, slog.New(slog.DiscardHandler)).Accept(); !errors.Is(err, other) {
		t.Errorf("of another kind: %v", err)
	}
}

// A door that closes does not wait for room.
func TestPatientCloses(t *testing.T) {
	var many []error
	for range 10_000 {
		many = append(many, accepting(syscall.EMFILE))
	}
	ln := Patient(&faulty{listenHere(t), many}, slog.New(slog.DiscardHandler))
	ended := safego.Run(func() error { _, err := ln.Accept(); return err })
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("after it was closed: %v", err)
		}
	case <-time.After(10 * lastWait):
		t.Fatal("it waits on after it was closed")
	}
}
