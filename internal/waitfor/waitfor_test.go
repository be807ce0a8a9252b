package waitfor_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// recorder is a testing.TB that keeps what is printed and fails quietly.
type recorder struct {
	testing.TB
	lines  []string
	failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Logf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Logf(format, args...)
	r.failed = true
	runtime.Goexit()
}

func record(stated time.Duration, cond func() bool) (r *recorder, took time.Duration) {
	r = &recorder{}
	<-safego.Run(func() error {
		took = waitfor.True(r, stated, "the thing", cond)
		return nil
	})
	return r, took
}

func TestTrueAtOnce(t *testing.T) {
	calls := 0
	r, _ := record(time.Hour, func() bool { calls++; return true })
	if r.failed || calls != 1 {
		t.Errorf("failed %v after %d calls, want one call and no failure", r.failed, calls)
	}
}

func TestTrueLateButWithinSlack(t *testing.T) {
	const stated = 20 * time.Millisecond
	start := time.Now()
	r, took := record(stated, func() bool { return time.Since(start) > 2*stated })
	if r.failed {
		t.Errorf("failed at %v, want slack of ten times %v", took, stated)
	}
	if took < 2*stated {
		t.Errorf("measured %v, want at least %v", took, 2*stated)
	}
	if len(r.lines) != 1 || !strings.Contains(r.lines[0], "the thing") || !strings.Contains(r.lines[0], "stated 20ms") {
		t.Errorf("printed %q, want what was waited for and the stated time", r.lines)
	}
}

func TestTrueNever(t *testing.T) {
	const stated = 5 * time.Millisecond
	start := time.Now()
	r, _ := record(stated, func() bool { return false })
	if !r.failed {
		t.Fatal("a condition that never comes true did not fail")
	}
	if took := time.Since(start); took < 10*stated {
		t.Errorf("gave up after %v, want no sooner than %v", took, 10*stated)
	}
	if len(r.lines) != 1 || !strings.Contains(r.lines[0], "waited for the thing: not so after") {
		t.Errorf("printed %q", r.lines)
	}
}
