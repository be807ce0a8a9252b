package gateway

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// What a statement reads is looked at again and again, and no more once it has ended.
func TestWatchLooksAgain(t *testing.T) {
	var looks atomic.Int64
	s := server.Session{Holds: func([]*policy.Resource) error {
		if looks.Add(1) < 3 {
			return nil
		}
		return errs.New(errs.Revoked, "policy_revoked", nil)
	}}
	ctx, end := watched(t.Context(), s, nil)
	defer end()
	waitfor.True(t, 3*watchEvery, "the third look to end the statement", func() bool { return ctx.Err() != nil })
	if errs.CodeOf(context.Cause(ctx)) != errs.Revoked || looks.Load() != 3 {
		t.Errorf("ended by %v, after %d looks", context.Cause(ctx), looks.Load())
	}
	looks.Store(0)
	over, stop := watched(t.Context(), s, nil)
	stop()
	stop()
	if over.Err() == nil {
		t.Error("what has ended runs on")
	}
	time.AfterFunc(2*watchEvery, func() { looks.Add(100) })
	waitfor.True(t, 3*watchEvery, "the time of two looks", func() bool { return looks.Load() >= 100 })
	if looks.Load() != 100 {
		t.Errorf("%d looks after the end", looks.Load()-100)
	}
}
