package connectortest

import (
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// ledger is the allocator of every scan of the suite. It counts what is in use
// and its peak, knows where each leak was allocated, and overwrites what is freed
// so that a batch used after its end shows wrong values.
type ledger struct {
	*memory.CheckedAllocator
	now, peak atomic.Int64
}

func newLedger() *ledger {
	return &ledger{CheckedAllocator: memory.NewCheckedAllocator(poison{memory.NewGoAllocator()})}
}

func (l *ledger) Allocate(size int) []byte {
	l.add(size)
	return l.CheckedAllocator.Allocate(size)
}

func (l *ledger) Reallocate(size int, b []byte) []byte {
	l.add(size - len(b))
	return l.CheckedAllocator.Reallocate(size, b)
}

func (l *ledger) Free(b []byte) {
	l.add(-len(b))
	l.CheckedAllocator.Free(b)
}

func (l *ledger) add(n int) {
	now := l.now.Add(int64(n))
	for {
		peak := l.peak.Load()
		if now <= peak || l.peak.CompareAndSwap(peak, now) {
			return
		}
	}
}

// empty fails the test for every byte that is still in use.
func (l *ledger) empty(tb testing.TB) {
	tb.Helper()
	l.AssertSize(tb, 0)
}

// poison overwrites memory that is given back.
type poison struct{ memory.Allocator }

func (p poison) Free(b []byte) {
	full := b[:cap(b)]
	for i := range full {
		full[i] = 0xDB
	}
	p.Allocator.Free(b)
}

func (p poison) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return p.Allocator.Reallocate(size, b)
	}
	grown := p.Allocate(size)
	copy(grown, b)
	p.Free(b)
	return grown
}
