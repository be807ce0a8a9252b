package connectortest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// wantEnd checks that err is the context's end as the contract wants it.
func wantEnd(tb testing.TB, what string, err, cause error) {
	tb.Helper()
	code := errs.Canceled
	if errors.Is(cause, context.DeadlineExceeded) {
		code = errs.Timeout
	}
	wantError(tb, what, err, code)
	if err != nil && !errors.Is(err, cause) {
		tb.Errorf("%s: the error does not wrap %q: %s", what, cause, explain(err))
	}
}

// checkCancel cancels before and in the middle of a scan.
func checkCancel(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("many", 100_000, 100), numbered("few", 3, 10))
	t, few := f.table("", "many"), f.table("", "few")
	frag := f.fragment(t, t.Columns)
	frag.Rows = 100

	conn := f.acquire()
	ended, end := context.WithCancel(f.ctx)
	end()
	within(tb, "Scan with an ended context", func() {
		s, err := conn.Scan(ended, frag)
		if err == nil {
			if s.Next() {
				tb.Errorf("a scan whose context had ended gives rows")
			}
			err = s.Err()
			s.Release()
		}
		wantEnd(tb, "Scan with an ended context", err, context.Canceled)
	})
	conn.Release()

	f.cutShort(few)

	for _, c := range []struct {
		name  string
		cause error
	}{{"cancel", context.Canceled}, {"deadline", context.DeadlineExceeded}} {
		conn, s, end := f.begun(frag, c.cause)
		end()
		within(tb, c.name+" in the middle of a scan", func() {
			batches := 0
			for s.Next() { // what was under way may still come, the rest must not
				batches++
			}
			if batches > 500 {
				tb.Errorf("%s: %d batches came after the end of the context", c.name, batches)
			}
		})
		wantEnd(tb, c.name+" in the middle of a scan", s.Err(), c.cause)
		within(tb, "Release after "+c.name, s.Release)
		// The connection either works or says so; its place works in any case.
		if s, err := conn.Scan(f.ctx, f.fragment(few, few.Columns)); err == nil {
			s.Release()
		} else {
			wantError(tb, "Scan after "+c.name, err)
		}
		within(tb, "Conn.Release after "+c.name, conn.Release)
		again := f.acquire()
		if got := f.rows(again, f.fragment(few, few.Columns)); len(got) != 3 {
			tb.Errorf("%d rows on the place of a scan ended by %s, want 3", len(got), c.name)
		}
		again.Release()
	}
}

// begun gives a scan that has given its first batch and whose context ends with
// cause when end returns.
func (f *fixture) begun(frag connectors.Fragment, cause error) (conn connectors.Conn, s connectors.Stream, end func()) {
	f.Helper()
	// A deadline comes by itself; a machine may be too slow for a short one.
	for timeout := 200 * time.Millisecond; ; timeout *= 4 {
		conn = f.acquire()
		ctx, cancel := context.WithCancel(f.ctx)
		end = cancel
		if cause == context.DeadlineExceeded {
			ctx, cancel = context.WithTimeout(f.ctx, timeout)
			end = func() { <-ctx.Done() }
		}
		f.Cleanup(cancel)
		s, err := conn.Scan(ctx, frag)
		if err == nil {
			if s.Next() {
				return conn, s, end
			}
			err = s.Err()
			s.Release()
		}
		if ctx.Err() == nil || timeout > 10*prompt {
			f.Fatalf("no first batch: %v", err)
		}
		conn.Release()
	}
}

// cutShort cancels where all rows may be on their way already: a stream that keeps
// some of them back must not look whole.
func (f *fixture) cutShort(few *catalog.Table) {
	f.Helper()
	frag := f.fragment(few, few.Columns)
	frag.Rows = 1
	for range 20 {
		conn := f.acquire()
		ctx, cancel := context.WithCancel(f.ctx)
		s := f.scan(ctx, conn, frag)
		rows := 0
		for s.Next() {
			rows++
			cancel()
		}
		cancel()
		if rows < 3 && s.Err() == nil {
			f.Errorf("a stream cancelled after %d of 3 rows ends as if it were whole", rows)
		}
		s.Release()
		conn.Release()
	}
}

// slow is the harness's endless statement.
func (f *fixture) slow(t *catalog.Table) connectors.Fragment {
	return connectors.Fragment{SQL: f.h.Slow, Table: t.ID, Columns: oneColumn(), Alloc: f.alloc}
}

// checkCancelSlow cancels a statement that has no row to give yet, and looks for
// it at the source.
func checkCancelSlow(tb testing.TB, h Harness) {
	if h.Slow == "" {
		without(tb, "cancelling a statement that gives no row")
		return
	}
	f := load(tb, h, 1, numbered("few", 3, 10))
	few := f.table("", "few")
	atServer := f.src.Capabilities().CancelAtServer
	if atServer && h.Running == nil {
		tb.Fatal("harness: CancelAtServer is declared and Running is missing")
	}
	if !atServer {
		without(tb, "looking for the statement at a server")
	}
	conn := f.acquire()
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	ended := safego.Run(func() error {
		s, err := conn.Scan(ctx, f.slow(few))
		if err != nil {
			return err
		}
		defer s.Release()
		if s.Next() {
			return errors.New("the slow statement gave a row")
		}
		return s.Err()
	})
	if atServer {
		waitfor.True(tb, prompt, "the statement to run at the source", func() bool { return h.Running(tb, f.config) == 1 })
	} else {
		timer := time.NewTimer(100 * time.Millisecond) // it runs in this process by then
		<-timer.C
	}
	cancel()
	within(tb, "cancelling a slow statement", func() {
		wantEnd(tb, "cancelling a slow statement", <-ended, context.Canceled)
	})
	if atServer {
		waitfor.True(tb, prompt, "the statement to be gone at the source", func() bool { return h.Running(tb, f.config) == 0 })
	}
	conn.Release()
	again := f.acquire()
	defer again.Release()
	if got := f.rows(again, f.fragment(few, few.Columns)); len(got) != 3 {
		tb.Errorf("%d rows on the place of a cancelled statement, want 3", len(got))
	}
}

// checkClose closes the source while it scans, while somebody waits for a
// connection and while a statement gives no row.
func checkClose(tb testing.TB, h Harness) {
	f := load(tb, h, 2, numbered("many", 100_000, 100))
	t := f.table("", "many")
	frag := f.fragment(t, t.Columns)
	frag.Rows = 100
	conns, err := f.src.Acquire(f.ctx, 2)
	if err != nil {
		tb.Fatalf("Acquire(2): %s", explain(err))
	}
	s := f.scan(f.ctx, conns[0], frag)
	if !s.Next() {
		tb.Fatalf("no first batch: %v", s.Err())
	}
	waiting := safego.Run(func() error {
		more, err := f.src.Acquire(f.ctx, 1)
		for _, c := range more {
			c.Release()
		}
		return err
	})
	var slow <-chan error
	if h.Slow != "" {
		slow = safego.Run(func() error {
			s, err := conns[1].Scan(f.ctx, f.slow(t))
			if err != nil {
				return err
			}
			defer s.Release()
			s.Next()
			return s.Err()
		})
	}
	within(tb, "Close while scans run", func() {
		if err := f.src.Close(); err != nil {
			tb.Errorf("Close: %s", explain(err))
		}
	})
	within(tb, "a second Close", func() {
		if err := f.src.Close(); err != nil {
			tb.Errorf("a second Close: %s", explain(err))
		}
	})
	within(tb, "scans after Close", func() {
		for s.Next() {
		}
		wantError(tb, "a scan that ran when the source was closed", s.Err())
		s.Release()
		wantError(tb, "Acquire that waited when the source was closed", <-waiting)
		if slow != nil {
			wantError(tb, "a slow statement when the source was closed", <-slow)
		}
		conns[0].Release()
		conns[1].Release()
		_, err := f.src.Acquire(f.ctx, 1)
		wantError(tb, "Acquire after Close", err)
		_, err = f.src.Describe(f.ctx)
		wantError(tb, "Describe after Close", err)
		_, err = f.src.Ping(f.ctx)
		wantError(tb, "Ping after Close", err)
	})
}
