package exec

import (
	"context"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner"
)

// Read is what one stream of a source gave for a statement.
type Read struct {
	Source      string
	Began       time.Time
	Took        time.Duration
	Rows, Bytes int64 // of Arrow buffers
}

// open starts a stream of a source, s in the plan, and counts what it gives. The context
// that start gets is that of the stream's own span.
func (r *Rows) open(ctx context.Context, s *planner.Stream, start func(context.Context) (openStream, error)) (openStream, error) {
	ctx, span := tracing.Start(ctx, tracing.Fragment)
	span.Source(s.Source)
	m := r.measure
	if m == nil {
		m = r.counts
	}
	stream, err := m.open(s, span, func() (openStream, error) { return start(ctx) })
	if err != nil {
		span.Outcome(errs.CodeOf(err))
		span.End()
	}
	return stream, err
}

// Reads tells what the sources gave, once the rows are released; before that, nothing.
func (r *Rows) Reads() []Read {
	if !r.released.Load() || r.plan == nil {
		return nil
	}
	m := r.measure
	if m == nil {
		m = r.counts
	}
	var out []Read
	for _, s := range ofSources(r.plan.Streams) {
		if ran := m.streams[s]; ran != nil {
			c := ran.counts()
			out = append(out, Read{Source: s.Source, Began: ran.began, Took: c.Took, Rows: c.Rows, Bytes: c.Bytes})
		}
	}
	return out
}
