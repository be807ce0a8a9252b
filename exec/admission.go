package exec

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// admission lets a number of residuals run at once and a number wait.
type admission struct {
	places  chan struct{}
	waiting atomic.Int64
	queue   int64
	timeout time.Duration
}

func newAdmission(running, queued int, timeout time.Duration) *admission {
	return &admission{places: make(chan struct{}, running), queue: int64(queued), timeout: timeout}
}

// enter waits for a place; leave gives it back.
func (a *admission) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-a.places }
	select {
	case a.places <- struct{}{}:
		return leave, nil
	default:
	}
	if a.waiting.Add(1) > a.queue {
		a.waiting.Add(-1)
		return nil, errs.New(errs.QueueFull, "queue_full", nil)
	}
	defer a.waiting.Add(-1)
	timeout := errors.New("queue")
	wait, cancel := context.WithTimeoutCause(ctx, a.timeout, timeout)
	defer cancel()
	select {
	case a.places <- struct{}{}:
		return leave, nil
	case <-wait.Done():
		if context.Cause(wait) == timeout {
			return nil, errs.New(errs.QueueFull, "queue_timeout", nil)
		}
		return nil, ctx.Err()
	}
}
