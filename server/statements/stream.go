package statements

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Result gives the rows of a statement that is done, from one on and at most so many of
// them; 0 means all. The caller releases the answer's stream. It breaks off as soon as the session
// that asks for it may not have it any more.
func (st *Statement) Result(s server.Session, from, most int64) (*server.Answer, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case st.gone:
		return nil, NotThere()
	case st.status.Err != nil:
		return nil, st.status.Err
	case st.result == nil:
		return nil, errs.New(errs.Conflict, "statements_running", nil)
	}
	of := st.result
	end := of.rows
	if most > 0 {
		end = from + min(most, max(0, end-from))
	}
	return &server.Answer{
		ID: st.Query, Columns: of.columns, Stream: &stream{st: st, session: s, of: of, from: from, end: end},
		Times: func() []server.SourceTimes { return of.footer.Sources },
	}, nil
}

// stream reads what is kept of a statement. It implements server.Stream.
type stream struct {
	st        *Statement
	session   server.Session
	of        *result
	next      int // chunk
	from, end int64
	batch     arrow.RecordBatch
	over      bool
	err       error
}

// Schema implements server.Stream.
func (s *stream) Schema() *arrow.Schema { return s.of.schema }

// Next implements server.Stream.
func (s *stream) Next() bool {
	s.drop()
	if s.err != nil || s.over {
		return false
	}
	if s.err = holds(s.session); s.err != nil {
		return false
	}
	s.st.mu.Lock() // what is read is not forgotten meanwhile
	defer s.st.mu.Unlock()
	if s.st.gone {
		s.err = NotThere()
		return false
	}
	for ; s.next < len(s.of.chunks); s.next++ {
		c := s.of.chunks[s.next]
		if c.end <= s.from {
			continue
		}
		if c.from >= s.end {
			break
		}
		batch, err := s.of.read(s.next)
		if err != nil {
			s.err = err
			return false
		}
		defer batch.Release()
		s.next++
		s.batch = batch.NewSlice(max(s.from, c.from)-c.from, min(s.end, c.end)-c.from)
		return true
	}
	s.over = true
	return false
}

// RecordBatch implements server.Stream.
func (s *stream) RecordBatch() arrow.RecordBatch { return s.batch }

// Err implements server.Stream.
func (s *stream) Err() error { return s.err }

// Warnings implements server.Stream.
func (s *stream) Warnings() []errs.Warning {
	if !s.over {
		return nil
	}
	return s.of.footer.Warnings
}

// Release implements server.Stream.
func (s *stream) Release() { s.drop() }

func (s *stream) drop() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}
