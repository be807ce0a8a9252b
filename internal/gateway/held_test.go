package gateway

import (
	"context"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

// A batch that was read while it was open does not leave after it was closed.
func TestHeldBatch(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1}, servertest.Row{Rows: 1}, servertest.Row{Rows: 1})}
	a, err := q.Query(t.Context(), server.Session{}, server.Request{SQL: "x"})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	s := server.Session{Holds: func([]*policy.Resource) error {
		if asked++; asked > 1 {
			return errs.New(errs.Revoked, "policy_revoked", nil)
		}
		return nil
	}}
	h := &held{Stream: a.Stream, ctx: context.Background(), session: s, end: func() {}}
	if !h.Next() || h.Err() != nil {
		t.Fatalf("the first batch: %v", h.Err())
	}
	for range 2 {
		if h.Next() || errs.CodeOf(h.Err()) != errs.Revoked {
			t.Errorf("after the revoke: %v", h.Err())
		}
	}
	select {
	case <-q.Streams()[0].Released:
	default:
		t.Error("what runs at the sources goes on")
	}
	h.Release()
}
