package server

import (
	"testing"
	"time"
)

// A client that keeps the pace may go on for ever, one that does not has its time and no
// more, and what went fast is no credit for what comes later.
func TestPatience(t *testing.T) {
	const limit = 60 * time.Second
	feed := func(p *Patience, n int, waited time.Duration, times int) bool {
		for range times {
			if waited > p.Left(n) {
				return false
			}
			p.Took(n, waited)
		}
		return true
	}
	for _, c := range []struct {
		name   string
		n      int
		waited time.Duration
		times  int
		goesOn bool
	}{
		{"at the pace", 64 << 10, time.Second, 10_000, true},
		{"faster, in bursts", 1 << 20, 15 * time.Second, 10_000, true},
		{"half the pace", 64 << 10, 2 * time.Second, 60, true},
		{"half the pace, for longer", 64 << 10, 2 * time.Second, 61, false},
		{"a byte a second", 1, time.Second, 61, false},
		{"nothing", 64 << 10, 62 * time.Second, 1, false},
		{"flushes alone", 0, time.Second, 61, false},
	} {
		p := NewPatience(limit)
		if got := feed(p, c.n, c.waited, c.times); got != c.goesOn {
			t.Errorf("%s: goes on: %v", c.name, got)
		}
	}
	p := NewPatience(limit)
	if !feed(p, 1<<30, 0, 3) || feed(p, 1, time.Second, 61) {
		t.Error("what buffers took in at once counts for what comes later")
	}
}
