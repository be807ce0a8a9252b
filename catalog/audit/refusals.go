package audit

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Refusals records requests that are refused before their statement is looked at:
// without a token that holds, for an unknown purpose. Anybody who reaches the door can
// send them, so they are bounded in rate: those of one client, and all of them. What
// goes beyond is counted, by the code of the refusal, and the counts are recorded once
// a minute. It is safe for use by several goroutines.
type Refusals struct {
	log *Log
	now func() time.Time

	mu      sync.Mutex
	all     bucket
	clients map[string]*bucket
	counted map[string]uint64 // by code
}

// The bounds. At most some 40 MB a day come together at the steady rate, with records
// of half a KiB.
const (
	refusalsAtOnce = 100         // of all clients, recorded as fast as they come
	refusalEvery   = time.Second // then one each so long
	clientAtOnce   = 10
	clientEvery    = 10 * time.Second
	mostClients    = 1024
	countsEvery    = time.Minute
)

// bucket holds what may still be recorded at once.
type bucket struct {
	left float64
	at   time.Time
}

// take takes one out, if there is one. It holds at most most and gets one each every.
func (b *bucket) take(now time.Time, most int, every time.Duration) bool {
	if b.at.IsZero() {
		b.left = float64(most)
	} else if gone := now.Sub(b.at); gone > 0 {
		b.left = min(b.left+float64(gone)/float64(every), float64(most))
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// NewRefusals gives the recorder of a log; of nil it is one that records nothing. The
// caller lets Run write what is counted.
func NewRefusals(l *Log) *Refusals {
	r := &Refusals{log: l, now: time.Now, clients: map[string]*bucket{}, counted: map[string]uint64{}}
	if l != nil {
		r.now = l.o.Now
	}
	return r
}

// Refuse records a request, or counts it. s.Client is who is bounded.
func (r *Refusals) Refuse(ctx context.Context, s Start) error {
	if r.log == nil || !r.takes(s) {
		return nil
	}
	_, err := r.log.Refuse(ctx, s)
	return err
}

// takes reports whether a request is recorded by itself; else it is counted.
func (r *Refusals) takes(s Start) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	b := r.clients[s.Client]
	if b == nil {
		if len(r.clients) >= mostClients {
			clear(r.clients) // the bound of all still holds
		}
		b = &bucket{}
		r.clients[s.Client] = b
	}
	if b.take(now, clientAtOnce, clientEvery) && r.all.take(now, refusalsAtOnce, refusalEvery) {
		return true
	}
	r.counted[s.Code]++
	return false
}

// Run records the counts once a minute, and the last ones when ctx ends.
func (r *Refusals) Run(ctx context.Context) error {
	if r.log == nil {
		return nil
	}
	tick := time.NewTicker(countsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
			defer cancel()
			return r.flush(last)
		case <-tick.C:
		}
		_ = r.flush(ctx) // what could not be written stays counted
	}
}

// flush records what was counted, a record for each code.
func (r *Refusals) flush(ctx context.Context) error {
	r.mu.Lock()
	counted := r.counted
	r.counted = map[string]uint64{}
	r.mu.Unlock()
	for _, code := range slices.Sorted(maps.Keys(counted)) {
		if _, err := r.log.Refuse(ctx, Start{Code: code, Count: counted[code]}); err != nil {
			r.mu.Lock()
			for c, n := range counted {
				r.counted[c] += n
			}
			r.mu.Unlock()
			return err
		}
		delete(counted, code)
	}
	return nil
}
