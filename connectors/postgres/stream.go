package postgres

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// queued is how many batches wait for the reader, beside the one that it has and
// the one that is being filled. Beyond that the socket is not read, and the
// server waits.
const queued = 1

// errStopped ends a scan that nobody reads any more.
var errStopped = errors.New("the scan was stopped")

// stream is a running statement. A goroutine of its own reads the socket and fills
// batches; from start until done nothing else touches the session. A direct stream does
// without: its reader reads the first batch, and when that is the last one there never is
// a goroutine.
type stream struct {
	ctx      context.Context // the caller's
	begun    context.Context // of the source's begin
	run      context.Context // ends with begun, with Release and with the first error
	stop     context.CancelFunc
	cancel   *canceller
	end      func() // of the source's begin
	lease    *lease
	source   *source
	fragment connectors.Fragment
	session  *session
	decoder  *decoder

	pending    *statement        // that was sent and not accepted yet, of a direct stream
	ready      arrow.RecordBatch // a direct stream's first
	background bool              // the goroutine was started
	whole      bool              // the answer was read to its end without it

	batches chan arrow.RecordBatch
	done    <-chan error

	current  arrow.RecordBatch
	err      error
	over     bool // Next has returned false
	released bool
}

var _ connectors.Stream = (*stream)(nil)

// start reads on a goroutine from now on.
func (s *stream) start(rows func() (open bool, err error)) {
	s.background = true
	s.batches = make(chan arrow.RecordBatch, queued)
	s.done = safego.Run(func() error {
		defer close(s.batches)
		return s.finish(rows)
	})
}

// finish runs rows and leaves the session at rest, or broken.
func (s *stream) finish(rows func() (open bool, err error)) error {
	orderly := false
	defer func() {
		if !orderly { // a panic: what the session still has to say is unknown
			s.session.broken = true
			s.stop()
		}
		s.close()
	}()
	open, err := rows()
	if open && !s.session.broken {
		s.stop() // nobody wants the rest: the statement is to end at the server too
		_ = s.session.drain()
	}
	orderly = true
	return err
}

// close frees what the running statement holds.
func (s *stream) close() {
	s.cancel.end()
	s.stop()
	s.end()
	s.decoder.release()
}

// rows passes batches on until the answer ends, or a direct reader has one. open means
// that the server's answer was not read to its end.
func (s *stream) rows() (open bool, err error) {
	for {
		kind, body, err := s.session.next()
		if err != nil {
			s.session.broken = true
			return true, err
		}
		switch kind {
		case 'D':
			full := s.decoder.full(len(body))
			if full {
				if err := s.pass(); err != nil {
					return true, err
				}
			}
			if err := s.decoder.row(body); err != nil {
				return true, s.valueError(err)
			}
			if full && !s.background {
				return true, nil
			}
		case 'C':
			if err := s.pass(); err != nil {
				return true, err
			}
			return false, s.session.drain()
		case 'E':
			failure := serverError(body)
			if s.session.broken = lost(failure); s.session.broken {
				return true, failure
			}
			if err := s.session.drain(); err != nil {
				return true, err
			}
			return false, failure
		default:
			s.session.broken = true
			return true, errMalformed
		}
	}
}

// pass hands the decoder's batch over, waiting for a place in the queue.
func (s *stream) pass() error {
	batch, err := s.decoder.batch()
	if err != nil {
		return s.valueError(err)
	}
	if batch == nil {
		return nil
	}
	if !s.background {
		s.ready = batch
		return nil
	}
	select {
	case s.batches <- batch:
		return nil
	case <-s.run.Done():
		batch.Release()
		return errStopped
	}
}

func (s *stream) valueError(err error) error {
	return valueError(s.source.name, s.fragment.Table, s.fragment.Columns[s.decoder.failed], err)
}

func (s *stream) Schema() *arrow.Schema { return s.decoder.schema }

func (s *stream) RecordBatch() arrow.RecordBatch { return s.current }

func (s *stream) Err() error { return s.err }

// AtEnd is for server.AtEnd: a small answer was read to its end with its only batch.
func (s *stream) AtEnd() bool { return s.over || s.whole }

func (s *stream) Next() bool {
	s.drop()
	if s.over {
		return false
	}
	if s.ctx.Err() == nil && !s.background && !s.whole {
		if s.err = s.first(); s.err != nil {
			s.over = true
			return false
		}
		if s.ready != nil {
			s.current, s.ready = s.ready, nil
			return true
		}
	}
	if s.ctx.Err() == nil && !s.whole {
		select {
		case batch, more := <-s.batches:
			if more {
				s.current = batch
				return true
			}
			if err := <-s.done; err != nil {
				s.err = s.why(err)
			}
		case <-s.ctx.Done():
		}
	}
	s.over = true
	if s.ctx.Err() != nil {
		s.err = errs.From(s.ctx.Err())
	}
	return false
}

func (s *stream) why(err error) error {
	if ended := s.source.endOf(s.ctx); ended != nil {
		return ended
	}
	return scanError(s.source.name, s.fragment.Table, err)
}

func (s *stream) drop() {
	if s.current != nil {
		s.current.Release()
		s.current = nil
	}
}

// Release leaves Err saying Canceled when the answer was not read to its end, so
// that a part can never look like the whole.
func (s *stream) Release() {
	if s.released {
		return
	}
	s.released = true
	s.stop()
	if !s.background && !s.whole {
		s.handOver(s.answer)
	}
	if s.background {
		for batch := range s.batches {
			batch.Release()
		}
		<-s.done
	}
	s.drop()
	if !s.over {
		s.over, s.err = true, errs.From(context.Canceled)
		if s.ctx.Err() != nil {
			s.err = errs.From(s.ctx.Err())
		}
	}
}
