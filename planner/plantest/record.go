package plantest

import (
	"context"
	"sync"

	"github.com/lianji/lianji/planner"
)

// recorder is a Binder that remembers the last plan.
type recorder struct {
	planner.Binder
	one  sync.Mutex // held while somebody records
	mu   sync.Mutex
	last planned
}

type planned struct {
	raw   []byte
	stubs []planner.Stub
}

// record gives the plan that f had made. One at a time; statements that are bound
// at the same time by others would be taken for f's, so tests of raw plans are not
// parallel.
func (r *recorder) record(f func() error) (planned, error) {
	r.one.Lock()
	defer r.one.Unlock()
	r.set(planned{})
	err := f()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, err
}

func (r *recorder) set(p planned) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = p
}

// Bind implements planner.Binder.
func (r *recorder) Bind(ctx context.Context, q planner.BindRequest) (*planner.Bound, error) {
	b, err := r.Binder.Bind(ctx, q)
	if err == nil && q.PlanToo {
		r.set(planned{raw: []byte(b.PlanText), stubs: q.Stubs})
	}
	return b, err
}
