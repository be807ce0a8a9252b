package flightsql

import (
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/server/servertest"
)

// Who waits for a turn finds the place in the header of the answer, which is there while the
// statement waits: of what is only looked at, and of what runs. Without waiting there is none.
func TestPlace(t *testing.T) {
	q := &servertest.Queueing{GoOn: make(chan struct{})}
	o := newOffice()
	c := connect(t, opened(t, Options{Querier: q, Session: o.session, PlaceEvery: time.Millisecond}))
	ctx := as(t, "wang")
	q.Stand(7)
	time.AfterFunc(50*time.Millisecond, func() { q.GoOn <- struct{}{} })
	var header metadata.MD
	info, err := c.Execute(ctx, "SELECT 1", grpc.Header(&header))
	if got := header.Get(PlaceHeader); err != nil || len(got) != 1 || got[0] != "7" || len(header.Get(QueryIDHeader)) != 1 {
		t.Fatalf("looked at: %v %v", header, err)
	}
	q.Stand(3)
	stream, err := c.Client.DoGet(ctx, &flight.Ticket{Ticket: info.Endpoint[0].Ticket.Ticket})
	if err != nil {
		t.Fatal(err)
	}
	header, err = stream.Header() // nothing lets the statement go on yet
	if got := header.Get(PlaceHeader); err != nil || len(got) != 1 || got[0] != "3" || len(header.Get(QueryIDHeader)) != 1 {
		t.Fatalf("run: %v %v", header, err)
	}
	q.Stand(1)
	close(q.GoOn)
	if _, err := stream.Recv(); err != nil {
		t.Error(err)
	}
	q.Stand(0)
	if _, err := c.Execute(ctx, "SELECT 1", grpc.Header(&header)); err != nil || len(header.Get(PlaceHeader)) != 0 {
		t.Errorf("without waiting: %v %v", header, err)
	}
}
