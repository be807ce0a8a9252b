package pgwire_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/servertest"
)

// queueing lets every statement wait for its turn until it is told to go on.
type queueing struct {
	servertest.Querier
	place atomic.Int64
	asked atomic.Int64 // how often for the place
	goOn  chan struct{}
	id    atomic.Value

	described chan struct{} // as goOn, of a statement that is only looked at; nil: it does not wait
}

func (q *queueing) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	q.id.Store(r.ID)
	<-q.goOn
	return q.Querier.Query(ctx, s, r)
}

func (q *queueing) Describe(ctx context.Context, s server.Session, r server.Request) (*server.Described, error) {
	q.id.Store(r.ID)
	if q.described != nil {
		<-q.described
	}
	return q.Querier.Describe(ctx, s, r)
}

func (q *queueing) Place(s server.Session, id string) (place int, waits bool) {
	place = int(q.place.Load())
	q.asked.Add(1)
	return place, s.Principal == "张三" && id == q.id.Load() && place > 0
}

// Who waits for a turn is told the place, once for each.
func TestPlace(t *testing.T) {
	q := &queueing{goOn: make(chan struct{})}
	w := open(t, q, func(o *pgwire.Options) { o.Limits.PlaceEvery = time.Millisecond }).dial(t)
	place := func(want string) {
		t.Helper()
		m, err := w.Receive()
		if notice, ok := m.(*pgproto3.NoticeResponse); err != nil || !ok || notice.Message != want || notice.Severity != "NOTICE" {
			t.Fatalf("%+v %v, want %s", m, err, want)
		}
	}
	q.place.Store(3)
	w.send(&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{})
	w.expect("ParseComplete", "BindComplete")
	place("Waiting for a turn, at place 3 of the queue.")
	asked := q.asked.Load()
	waitfor.True(t, time.Second, "the place to be asked for again", func() bool { return q.asked.Load() > asked+2 })
	q.place.Store(1)
	place("Waiting for a turn, at place 1 of the queue.")
	q.place.Store(0) // it has its turn
	close(q.goOn)
	w.expect("CommandComplete SELECT 0", "ReadyForQuery I")
}

// So is who has a statement looked at that waits for it.
func TestPlaceOfAParse(t *testing.T) {
	q := &queueing{described: make(chan struct{})}
	w := open(t, q, func(o *pgwire.Options) { o.Limits.PlaceEvery = time.Millisecond }).dial(t)
	q.place.Store(2)
	w.send(&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Sync{})
	m, err := w.Receive()
	if notice, ok := m.(*pgproto3.NoticeResponse); err != nil || !ok || notice.Message != "Waiting for a turn, at place 2 of the queue." {
		t.Errorf("%+v %v", m, err)
	}
	q.place.Store(0)
	close(q.described)
	w.expect("ParseComplete", "ParameterDescription []", "RowDescription id:20/0 姓名:25/0", "ReadyForQuery I")
}
