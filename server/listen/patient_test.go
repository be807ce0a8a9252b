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
	"github.com/lianji/lianji/internal/waitfor"
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

// A connection beyond the bound is closed, and its place is free again with one that ends.
func TestBounded(t *testing.T) {
	inner := listenHere(t)
	ln := Bounded(inner, 2)
	accepted := make(chan net.Conn, 4)
	ended := safego.Run(func() error {
		for {
			c, err := ln.Accept()
			if err != nil {
				return err
			}
			accepted <- c
		}
	})
	dial(t, inner)
	dial(t, inner)
	first, second := <-accepted, <-accepted
	third := dial(t, inner)
	if err := third.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := third.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the third: %v", err)
	}
	_ = first.Close()
	_ = first.Close() // which counts once
	var fourth net.Conn
	dial(t, inner) // one alone: another would be counted for a moment before it is closed
	waitfor.True(t, time.Second, "a place that is free again", func() bool {
		select {
		case fourth = <-accepted:
			return true
		default:
			return false
		}
	})
	if n := ln.(*bounded).open.Load(); n != 2 {
		t.Errorf("%d are open", n)
	}
	_, _ = second.Close(), fourth.Close()
	_ = ln.Close()
	<-ended
}
