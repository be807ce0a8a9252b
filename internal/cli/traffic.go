package cli

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// traffic counts what comes from one source, or goes into the answer.
type traffic struct {
	name        string
	rows, bytes atomic.Int64
}

func (t *traffic) add(b arrow.RecordBatch) {
	t.rows.Add(b.NumRows())
	t.bytes.Add(sizeOf(b))
}

// text gives the counts; false before there is anything to count.
func (t *traffic) text() (msg.Args, bool) {
	rows := t.rows.Load()
	return msg.Args{"Rows": grouped(rows), "Size": inMiB(t.bytes.Load())}, rows > 0
}

// watch has what the openers open count what it reads. Only an operator may see
// that: rows of a source that a policy holds back are among them.
func (p *progress) watch(openers map[string]connectors.Opener) map[string]connectors.Opener {
	if p == nil {
		return openers
	}
	watched := map[string]connectors.Opener{}
	for kind, open := range openers {
		watched[kind] = func(ctx context.Context, c connectors.Config) (connectors.Source, error) {
			s, err := open(ctx, c)
			if err != nil {
				return nil, err
			}
			t := &traffic{name: c.Name}
			p.mu.Lock()
			defer p.mu.Unlock()
			at, _ := slices.BinarySearchFunc(p.sources, t.name, func(s *traffic, name string) int { return strings.Compare(s.name, name) })
			p.sources = slices.Insert(p.sources, at, t)
			return &watchedSource{s, t}, nil
		}
	}
	return watched
}

type watchedSource struct {
	connectors.Source
	to *traffic
}

func (s *watchedSource) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	conns, err := s.Source.Acquire(ctx, n)
	watched := make([]connectors.Conn, len(conns))
	for i, conn := range conns {
		watched[i] = &watchedConn{conn, s.to}
	}
	return watched, err
}

type watchedConn struct {
	connectors.Conn
	to *traffic
}

func (c *watchedConn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	s, err := c.Conn.Scan(ctx, f)
	if err != nil {
		return nil, err
	}
	return &watchedStream{s, c.to}, nil
}

type watchedStream struct {
	connectors.Stream
	to *traffic
}

func (s *watchedStream) Next() bool {
	if !s.Stream.Next() {
		return false
	}
	s.to.add(s.RecordBatch())
	return true
}

// Warnings passes on what the stream that is watched has to say.
func (s *watchedStream) Warnings() []errs.Warning {
	if w, ok := s.Stream.(connectors.Warner); ok {
		return w.Warnings()
	}
	return nil
}
