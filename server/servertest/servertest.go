// Package servertest has a querier for tests of doors: it answers with batches
// that a test hands out one by one, and shows what it was asked.
package servertest

import (
	"context"
	"strconv"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Columns of every answer.
var Columns = []catalog.Column{
	{Name: "id", Type: catalog.Type{Kind: catalog.Int64}},
	{Name: "姓名", Type: catalog.Type{Kind: catalog.Text}},
}

// Querier answers every statement in the same way.
type Querier struct {
	Err   error                // what Query returns, if set
	Feed  <-chan Row           // what streams read; nil means an empty answer
	Warn  []errs.Warning       // of every stream that ends well
	Holds func() error         // of every answer, if set
	Hold  <-chan any           // if set, the first Release of a stream waits until it is closed
	Times []server.SourceTimes // of every answer
	// Params are those that every statement has, as Describe tells.
	Params []catalog.Column

	mu       sync.Mutex
	asked    []server.Request
	sessions []server.Session
	streams  []*Stream
}

// Row is one step of a stream: a batch of so many rows, or its failure.
type Row struct {
	Rows int
	Err  error
}

// Feed makes a closed channel that holds these steps.
func Feed(steps ...Row) <-chan Row {
	c := make(chan Row, len(steps))
	for _, s := range steps {
		c <- s
	}
	close(c)
	return c
}

// Query implements server.Querier.
func (q *Querier) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.TraceID = nil // where the door wants to be told, not what is asked
	q.asked, q.sessions = append(q.asked, r), append(q.sessions, s)
	if q.Err != nil {
		return nil, q.Err
	}
	stream := &Stream{ctx: ctx, feed: q.Feed, hold: q.Hold, warn: q.Warn, schema: catalog.ArrowSchema(Columns), Released: make(chan struct{})}
	q.streams = append(q.streams, stream)
	a := &server.Answer{ID: "q-" + strconv.Itoa(len(q.asked)), Columns: Columns, Stream: stream, Holds: q.Holds, Unread: func(rows int64) { stream.Unread += rows }}
	if q.Times != nil {
		a.Times = func() []server.SourceTimes { return q.Times }
	}
	return a, nil
}

// Describe implements server.Querier.
func (q *Querier) Describe(context.Context, server.Session, server.Request) (*server.Described, error) {
	if q.Err != nil {
		return nil, q.Err
	}
	return &server.Described{Columns: Columns, Params: q.Params}, nil
}

// Close implements the life of an engine: there is nothing to close.
func (q *Querier) Close() error { return nil }

// Asked lists what came in so far.
func (q *Querier) Asked() ([]server.Request, []server.Session) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]server.Request(nil), q.asked...), append([]server.Session(nil), q.sessions...)
}

// Streams lists the streams that were opened so far.
func (q *Querier) Streams() []*Stream {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]*Stream(nil), q.streams...)
}

// Stream gives the batches of a feed. It implements server.Stream.
type Stream struct {
	Released chan struct{} // closed by the first Release
	Unread   int64         // rows that a door gave to nobody; it is settled once Released is closed

	ctx    context.Context
	feed   <-chan Row
	hold   <-chan any
	warn   []errs.Warning
	over   bool
	schema *arrow.Schema
	batch  arrow.RecordBatch
	next   int
	err    error
	once   sync.Once
}

// Schema implements server.Stream.
func (s *Stream) Schema() *arrow.Schema { return s.schema }

// Next waits for the feed, and for the context.
func (s *Stream) Next() bool {
	s.drop()
	if s.feed == nil || s.err != nil {
		return false
	}
	select {
	case <-s.ctx.Done():
		s.err = errs.From(context.Cause(s.ctx))
		return false
	case step, open := <-s.feed:
		if !open || step.Err != nil {
			s.err, s.feed, s.over = step.Err, nil, step.Err == nil
			return false
		}
		s.batch = s.build(step.Rows)
		return true
	}
}

func (s *Stream) build(rows int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, s.schema)
	defer b.Release()
	for range rows {
		s.next++
		b.Field(0).(*array.Int64Builder).Append(int64(s.next))
		b.Field(1).(*array.StringBuilder).Append("张" + strconv.Itoa(s.next))
	}
	return b.NewRecordBatch()
}

// RecordBatch implements server.Stream.
func (s *Stream) RecordBatch() arrow.RecordBatch { return s.batch }

// Err implements server.Stream.
func (s *Stream) Err() error { return s.err }

// Warnings implements server.Stream.
func (s *Stream) Warnings() []errs.Warning {
	if !s.over {
		return nil
	}
	return s.warn
}

// Release implements server.Stream.
func (s *Stream) Release() {
	s.drop()
	s.once.Do(func() {
		if s.hold != nil {
			<-s.hold
		}
		if err := s.ctx.Err(); err != nil && s.err == nil {
			s.err = errs.From(err) // nobody asked for a batch since
		}
		close(s.Released)
	})
}

func (s *Stream) drop() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}
