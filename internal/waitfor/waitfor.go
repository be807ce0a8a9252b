// Package waitfor is the one way for a test to wait for something that happens
// elsewhere. A test states how long the thing should take; because machines
// differ, it fails only at ten times that, and prints what was measured, so that
// a slow drift shows in the log long before it fails.
package waitfor

import (
	"testing"
	"time"
)

const (
	slack = 10
	pause = 5 * time.Millisecond
)

// True calls cond until it returns true and returns how long that took. It
// fails the test at once (FailNow) when cond is still false after ten times the
// stated time. what completes the sentence "waited for ...". cond runs on the
// test's own goroutine, at least once, and must not block.
func True(tb testing.TB, stated time.Duration, what string, cond func() bool) time.Duration {
	tb.Helper()
	start := time.Now()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		// The clock is read before cond: a cond that is true at the last look
		// counts, however long the look itself took.
		late := time.Since(start) >= slack*stated
		if cond() {
			took := time.Since(start)
			tb.Logf("waited for %s: %s (stated %s)", what, took.Round(time.Microsecond), stated)
			return took
		}
		if late {
			tb.Fatalf("waited for %s: not so after %s, ten times the stated %s",
				what, time.Since(start).Round(time.Millisecond), stated)
		}
		<-ticker.C
	}
}
