package exec

import (
	"context"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner"
)

// Analyze runs a plan to its end as Run does, throws the rows away and gives what
// it measured. Every error is the *errs.Error that Run or its rows would give.
func (e *Engine) Analyze(ctx context.Context, p *planner.Plan) (*planner.Measured, error) {
	m := &measure{streams: map[*planner.Stream]*measuredStream{}, keys: map[*planner.Stream]planner.KeysSent{}}
	start := time.Now()
	r, err := e.run(ctx, p, m)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	var out planner.Measured
	for r.Next() {
		out.Answer.Rows += r.batch.NumRows()
		out.Answer.Bytes += sizeOf(r.batch)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	out.Answer.Took = time.Since(start) - m.opening
	if m.operators != nil {
		out.Operators = m.operators()
	}
	r.Release() // nothing counts from here on
	for _, s := range ofSources(r.plan.Streams) {
		var counts planner.Counts
		if ran := m.streams[s]; ran != nil {
			counts = ran.counts()
		}
		if sent, ok := m.keys[s]; ok {
			counts.Keys = &sent
		}
		out.Streams = append(out.Streams, counts)
	}
	return &out, nil
}

// sizeOf gives the bytes of a batch's buffers; those that it shares count whole.
func sizeOf(b arrow.RecordBatch) int64 {
	size := uint64(0)
	for _, c := range b.Columns() {
		size += c.Data().SizeInBytes()
	}
	return int64(size)
}

// measure collects what one run does. A nil measure collects nothing.
type measure struct {
	mu        sync.Mutex
	streams   map[*planner.Stream]*measuredStream
	keys      map[*planner.Stream]planner.KeysSent
	operators func() []duck.Operator // nil without a residual
	opening   time.Duration          // of the residual's instance, which other runs find open
}

// instance opens the residual's instance.
func (m *measure) instance(open func() (*instance, error)) (*instance, error) {
	began := time.Now()
	inst, err := open()
	m.opening = time.Since(began)
	if err == nil {
		m.operators = inst.conn.Operators
	}
	return inst, err
}

// open starts a stream of a source, s in the plan, whose span ends with it.
func (m *measure) open(s *planner.Stream, span *tracing.Span, start func() (openStream, error)) (openStream, error) {
	if m == nil {
		return start()
	}
	began := time.Now()
	stream, err := start()
	if err != nil {
		return nil, err
	}
	ran := &measuredStream{openStream: stream, span: span, began: began, busy: time.Since(began)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[s] = ran
	return ran, nil
}

// sent notes what became of s, which waited for keys.
func (m *measure) sent(s *planner.Stream, k planner.KeysSent) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[s] = k
}

// measuredStream counts what a stream gives. It is read by one goroutine at a time,
// and its counts are read after its Release.
type measuredStream struct {
	openStream
	span        *tracing.Span
	began       time.Time
	ended       time.Time     // zero while it runs
	busy        time.Duration // spent in the stream
	rows, bytes int64
}

// Next counts the batch that it moves to.
func (s *measuredStream) Next() bool {
	asked := time.Now()
	more := s.openStream.Next()
	now := time.Now()
	s.busy += now.Sub(asked)
	if !more {
		s.end(now)
		return false
	}
	b := s.openStream.RecordBatch()
	s.rows += b.NumRows()
	s.bytes += sizeOf(b)
	return true
}

// AtEnd is that of a stream that knows.
func (s *measuredStream) AtEnd() bool { return atEnd(s.openStream) }

// Release ends the stream, also one that was not read to its end.
func (s *measuredStream) Release() {
	s.end(time.Now())
	s.openStream.Release()
}

func (s *measuredStream) end(now time.Time) {
	if !s.ended.IsZero() {
		return
	}
	s.ended = now
	if s.span != nil {
		s.span.Counts(s.rows, s.bytes)
		s.span.Outcome(errs.CodeOf(s.Err()))
		s.span.EndAt(now)
	}
}

func (s *measuredStream) counts() planner.Counts {
	took := s.ended.Sub(s.began)
	return planner.Counts{Rows: s.rows, Bytes: s.bytes, Took: took, Waited: max(took-s.busy, 0)}
}
