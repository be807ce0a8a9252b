package connectortest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
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
			_, err = src.Examine(ctx)
			verify("Examine", err)
			_, err = src.Statistics(ctx, []*catalog.Table{{ID: catalog.TableID{Schema: h.Schema, Name: "t"}, Rows: -1}})
			verify("Statistics", err)
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
		c.Release()
	}
	held = one.acquire()
	short, cancelShort := context.WithTimeout(one.ctx, 100*time.Millisecond)
	defer cancelShort()
	if more, err := one.src.Acquire(short, 1); err == nil {
		tb.Errorf("a connection released twice gives back two places")
		more[0].Release()
	}
	held.Release()
	within(tb, "Acquire of more than there are", func() {
		_, err := one.src.Acquire(one.ctx, 2)
		wantError(tb, "Acquire of more than there are", err, errs.SourceBusy)
	})
	allOrNothing(tb, h)
}

// allOrNothing has many users wait for two connections each, which come free one
// after the other. Whoever takes places one by one deadlocks here.
func allOrNothing(tb testing.TB, h Harness) {
	f := load(tb, h, 2, numbered("one", 1, 1))
	moment := time.NewTicker(2 * time.Millisecond)
	defer moment.Stop()
	within(tb, "many users of two connections each", func() {
		for range 10 {
			held, err := f.src.Acquire(f.ctx, 2)
			if err != nil || len(held) != 2 {
				tb.Errorf("Acquire(2): %d connections, %v", len(held), err)
				return
			}
			var group safego.Group
			for range 8 {
				group.Go(func() error {
					conns, err := f.src.Acquire(f.ctx, 2)
					for _, c := range conns {
						c.Release()
					}
					return err
				})
			}
			for _, c := range held { // all wait by then, mostly
				<-moment.C
				c.Release()
			}
			if err := group.Wait(); err != nil {
				tb.Errorf("many users of two connections each: %s", explain(err))
			}
		}
	})
}
