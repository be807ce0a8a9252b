package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner"
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

// Whichever source fails, who has grants learns neither its name nor what it said.
func TestDiscreet(t *testing.T) {
	args := msg.Args{"Source": "mimi", "Table": "mian", "Column": "lie"}
	withGrants := server.Session{Holds: func([]*policy.Resource) error { return nil }}
	for _, code := range []errs.Code{errs.SourceUnreachable, errs.SourceRefused, errs.SourceFailed, errs.SourceBusy, errs.ValueUnreadable} {
		e := errs.New(code, "value_unreadable", args)
		e.RetryAfter = time.Second
		hidden := server.Discreet(withGrants, e)
		if hidden.Code != code || hidden.ID != "gateway_source_hidden" || hidden.Args != nil || hidden.RetryAfter != time.Second || !strings.Contains(hidden.Detail, "mimi") {
			t.Errorf("%s: %+v", code, hidden)
		}
		for _, s := range []server.Session{{}, {Operator: true, Holds: withGrants.Holds}} {
			if server.Discreet(s, e) != e {
				t.Errorf("%s is hidden from %+v", code, s)
			}
		}
	}
	if e := errs.New(errs.DataError, "data_error", nil); server.Discreet(withGrants, e) != e {
		t.Error("an error of the statement is hidden")
	}
}

func TestHeldWarnings(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(), Warn: []errs.Warning{{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": "mimi", "Count": int64(1)}}}}
	a, err := q.Query(t.Context(), server.Session{}, server.Request{SQL: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stream.Release()
	a.Stream.Next()
	h := &held{Stream: a.Stream, lookups: func() []planner.Read { return nil }}
	if got := h.Warnings(); len(got) != 0 {
		t.Errorf("told: %v", got)
	}
	h.session.Operator = true
	if got := h.Warnings(); len(got) != 1 {
		t.Errorf("told the operator: %v", got)
	}
}
