package limits

import (
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

// Nothing that is left out is without a limit.
func TestDefaults(t *testing.T) {
	if got := (Options{}).filled(); got != Default() {
		t.Errorf("%+v", got)
	}
	got := Options{Running: turns.Most{All: 5}, Rows: 7}.filled()
	want := Default()
	want.Running.All, want.Rows = 5, 7
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	d := Default()
	for name, m := range map[string]turns.Most{"running": d.Running, "queued": d.Queued} {
		if m.Principal <= 0 || m.Principal >= m.Agency || m.Agency >= m.All {
			t.Errorf("%s: one could have everything: %+v", name, m)
		}
	}
	if d.QueueTimeout <= 0 || d.Timeout <= 0 || d.Rows <= 0 || d.Bytes <= 0 {
		t.Errorf("%+v", d)
	}
}

// rows gives batches under limits, and how many rows came through.
func rows(t *testing.T, o Options, sizes ...int) (int64, *Statement, *servertest.Stream) {
	t.Helper()
	steps := make([]servertest.Row, len(sizes))
	for i, n := range sizes {
		steps[i] = servertest.Row{Rows: n}
	}
	q := &servertest.Querier{Feed: servertest.Feed(steps...)}
	ctx, s, err := New(o).Begin(t.Context(), server.Session{Principal: "wang"}, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := q.Query(ctx, server.Session{}, server.Request{SQL: "x"})
	if err != nil {
		t.Fatal(err)
	}
	stream := s.Answer(a.Stream)
	var n int64
	for stream.Next() {
		n += stream.RecordBatch().NumRows()
	}
	return n, s, q.Streams()[0]
}

// A batch that would be too much is not given, and what still runs for it ends at once.
func TestTooLarge(t *testing.T) {
	for name, c := range map[string]struct {
		o     Options
		sizes []int
		rows  int64
		id    string
	}{
		"as many rows as may be": {Options{Rows: 5}, []int{2, 3}, 5, ""},
		"one row more":           {Options{Rows: 5}, []int{2, 4, 1}, 2, "limits_rows"},
		"few bytes":              {Options{Bytes: 1 << 20}, []int{2, 3}, 5, ""},
		"many bytes":             {Options{Bytes: 1 << 10}, []int{2, 1000, 1}, 2, "limits_bytes"},
	} {
		n, s, stream := rows(t, c.o, c.sizes...)
		err := errs.From(s.Err())
		if n != c.rows || (err == nil) != (c.id == "") || err != nil && (err.ID != c.id || err.Code != errs.ResultTooLarge) {
			t.Errorf("%s: %d rows, %v", name, n, err)
		}
		if c.id != "" {
			if s.Next() || s.Err() == nil {
				t.Errorf("%s: it goes on", name)
			}
			select {
			case <-stream.Released:
			default:
				t.Errorf("%s: what runs at the sources goes on", name)
			}
		}
		s.Release()
		s.Release()
		if r, w := s.limits.queue.Running(), s.limits.queue.Waiting(); r != 0 || w != 0 {
			t.Errorf("%s: %d turns are left", name, r)
		}
	}
}

// What takes too long ends with its context; the queue does not count.
func TestTimeout(t *testing.T) {
	l := New(Options{Timeout: time.Millisecond})
	ctx, s, err := l.Begin(t.Context(), server.Session{}, "")
	if err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if code := errs.CodeOf(ctx.Err()); code != errs.Timeout {
		t.Errorf("ended with %s", code)
	}
	s.End()
	s.End()
	ctx, s, err = New(Options{}).Begin(t.Context(), server.Session{Principal: "wang", Agency: "MZ"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if who, _ := turns.Of(ctx); who != (turns.Who{Agency: "MZ", Principal: "wang"}) {
		t.Errorf("it runs as %+v", who)
	}
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > Default().Timeout {
		t.Errorf("it may run until %v", end)
	}
	s.End()
	if ctx.Err() == nil {
		t.Error("its context goes on")
	}
}
