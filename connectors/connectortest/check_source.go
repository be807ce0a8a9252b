package connectortest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// named completes a configuration for one connection.
func named(c connectors.Config, tb testing.TB) connectors.Config {
	c.Name, c.Connections = sourceName, 1
	if c.TempDir == "" {
		c.TempDir = tb.TempDir()
	}
	return c
}

func checkPing(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("one", 1, 1))
	product, err := f.src.Ping(f.ctx)
	if err != nil || product == "" || strings.TrimSpace(product) != product || !strings.ContainsAny(product, "0123456789") {
		tb.Errorf("Ping gives %q, %v, want a product with its version", product, err)
	}
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err = f.src.Ping(ctx)
	wantEnd(tb, "Ping with an ended context", err, context.Canceled)
	_, err = f.src.Describe(ctx)
	wantEnd(tb, "Describe with an ended context", err, context.Canceled)
	// Neither may hold on to the only connection.
	conn := f.acquire()
	conn.Release()
}

// checkBroken opens configurations that cannot be reached. Opening may already
// fail; if it does not, everything else must.
func checkBroken(tb testing.TB, h Harness) {
	broken := h.Broken(tb)
	if len(broken) == 0 {
		tb.Fatal("harness: no broken configuration")
	}
	for _, b := range broken {
		sub(tb, b.Name, func(tb testing.TB) {
			ctx, cancel := context.WithTimeout(context.Background(), enough)
			defer cancel()
			verify := func(what string, err error) {
				wantError(tb, b.Name+": "+what, err, b.Code)
				if err != nil {
					secretsKept(tb, b.Name+": "+what, err, b)
				}
			}
			src, err := h.Open(ctx, named(b.Config, tb))
			if err != nil {
				verify("open", err)
				return
			}
			defer src.Close()
			_, err = src.Ping(ctx)
			verify("Ping", err)
			_, err = src.Describe(ctx)
			verify("Describe", err)
			conns, err := src.Acquire(ctx, 1)
			if err != nil {
				verify("Acquire", err)
				return
			}
			// Acquire only reserves; the connection may be made by the scan.
			defer conns[0].Release()
			frag := connectors.Fragment{SQL: "SELECT 1", Columns: oneColumn(), Alloc: newLedger()}
			s, err := conns[0].Scan(ctx, frag)
			if err == nil {
				for s.Next() {
				}
				err = s.Err()
				s.Release()
			}
			verify("Scan", err)
		})
	}
}

func secretsKept(tb testing.TB, what string, err error, b Broken) {
	tb.Helper()
	e := errs.From(err)
	for _, lang := range []string{"en", "zh-CN"} {
		for _, s := range append(b.Hidden, b.Secret...) {
			if s != "" && strings.Contains(e.Text(lang), s) {
				tb.Errorf("%s: the text in %s holds %q", what, lang, s)
			}
		}
	}
	for _, s := range b.Secret {
		if s != "" && (strings.Contains(e.Detail, s) || strings.Contains(fmt.Sprintf("%+v", e.Err), s)) {
			tb.Errorf("%s: the operator's detail holds %q", what, s)
		}
	}
}

// checkAcquire: places are counted, given all together, and given back once.
func checkAcquire(tb testing.TB, h Harness) {
	one := load(tb, h, 1, numbered("one", 1, 1))
	held := one.acquire()
	ctx, cancel := context.WithTimeout(one.ctx, 100*time.Millisecond)
	defer cancel()
	within(tb, "Acquire whose context ends", func() {
		got, err := one.src.Acquire(ctx, 1)
		if err == nil {
			tb.Errorf("Acquire gave %d connections beyond the limit of 1", len(got))
			return
		}
		wantEnd(tb, "Acquire whose context ends", err, context.DeadlineExceeded)
	})
	got := make(chan []connectors.Conn, 1)
	waited := safego.Run(func() error {
		conns, err := one.src.Acquire(one.ctx, 1)
		got <- conns
		return err
	})
	held.Release()
	within(tb, "Acquire after Release", func() {
		if err := <-waited; err != nil {
			tb.Errorf("Acquire after Release: %s", explain(err))
		}
	})
	for _, c := range <-got {
		c.Release()
	}
	within(tb, "Acquire of more than there are", func() {
		_, err := one.src.Acquire(one.ctx, 2)
		wantError(tb, "Acquire of more than there are", err, errs.SourceBusy)
		if errors.Is(err, context.DeadlineExceeded) {
			tb.Errorf("Acquire of more than there are waits")
		}
	})
	allOrNothing(tb, h)
}

// allOrNothing lets many take two of three places, and all three, over and over.
// Whoever takes places one by one deadlocks here; whoever counts wrongly lets too
// many in.
func allOrNothing(tb testing.TB, h Harness) {
	const users, rounds, places = 8, 25, 3
	f := load(tb, h, places, numbered("one", 1, 1))
	inUse := make(chan struct{}, places)
	within(tb, "many users of three connections", func() {
		var group safego.Group
		for u := range users {
			group.Go(func() error {
				for range rounds {
					n := 2 + u%2
					conns, err := f.src.Acquire(f.ctx, n)
					if err != nil {
						return err
					}
					for range n {
						select {
						case inUse <- struct{}{}:
						default:
							return errors.New("more connections are out than there are")
						}
					}
					for range n {
						<-inUse
					}
					for _, c := range conns {
						c.Release()
						c.Release()
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			tb.Errorf("many users of three connections: %v", err)
		}
	})
}
