package mysql

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

// queued is how many batches wait for the reader, beside the one that it has and
// the one that is being filled. Beyond that the socket is not read, and the
// server waits.
const queued = 1

// errStopped ends a scan that nobody reads any more.
var errStopped = errors.New("the scan was stopped")

// stream is a running statement. A goroutine of its own reads the socket and
// fills batches; from start until done nothing else touches the session.
type stream struct {
	ctx       context.Context // the caller's
	run       context.Context // ends with ctx, with the source, with Release and with the first error
	stop      context.CancelFunc
	cancel    *canceller
	end       func() // of the source's begin
	source    *source
	fragment  connectors.Fragment
	session   *session
	statement *statement
	decoder   *decoder // made when the server announced the columns
	schema    *arrow.Schema

	batches chan part
	done    <-chan error
	zeros   []atomic.Int64 // for each column, the dates of the batches so far that are none

	current  arrow.RecordBatch
	last     bool // behind current was the end
	err      error
	over     bool // Next has returned false
	released bool
}

// part is a batch on its way to the reader.
type part struct {
	batch arrow.RecordBatch
	last  bool // the answer's end was read behind it
}

var (
	_ connectors.Stream = (*stream)(nil)
	_ connectors.Warner = (*stream)(nil)
)

func (s *stream) start() {
	s.schema = catalog.ArrowSchema(s.fragment.Columns)
	s.batches = make(chan part, queued)
	s.zeros = make([]atomic.Int64, len(s.fragment.Columns))
	s.done = safego.Run(s.read)
}

// read takes the answer to its end and leaves the session at rest, or broken.
func (s *stream) read() error {
	defer close(s.batches)
	defer func() {
		if s.decoder != nil {
			s.decoder.release()
		}
	}()
	orderly := false
	defer func() {
		if !orderly { // a panic: what the session still has to say is unknown
			s.session.broken = true
			s.stop()
		}
		s.cancel.end()
		s.stop()
		s.end()
	}()
	open, err := s.rows()
	if open && !s.session.broken {
		s.stop() // nobody wants the rest: the statement is to end at the server too
		s.session.drain()
	}
	orderly = true
	return err
}

// rows passes batches on until the answer ends. open means that the server's answer
// was not read to its end.
func (s *stream) rows() (open bool, err error) {
	m, err := s.session.next()
	if err != nil {
		return false, err
	}
	if m[0] == packetError {
		err := s.session.serverError(m)
		if n := numberOf(err); !s.session.broken && (n == numberNoStatement || n == numberPrepareAgain) {
			s.session.statements.remove(s.statement)
		}
		return false, err
	}
	announced, err := s.session.columns(m)
	if err != nil {
		return false, err
	}
	if !s.decode(announced) {
		s.session.statements.remove(s.statement)
		return true, errChanged
	}
	for {
		m, err := s.session.next()
		switch {
		case err != nil:
			return false, err
		case m[0] == packetOK:
			if s.decoder.full(len(m)) {
				if err := s.pass(false); err != nil {
					return true, err
				}
			}
			if err := s.decoder.row(m); err != nil {
				return true, s.valueError(err)
			}
		case isEOF(m):
			if err := s.session.ended(m); err != nil {
				return false, err
			}
			return false, s.pass(true)
		case m[0] == packetError:
			return false, s.session.serverError(m)
		default:
			s.session.broken = true
			return false, errMalformed
		}
	}
}

// decode makes the decoder of the fragment's columns as the server announced them;
// false when they are not those.
func (s *stream) decode(announced []column) bool {
	columns := s.fragment.Columns
	if len(announced) != len(columns) {
		return false
	}
	vectors := make([]vector, len(columns))
	for i := range vectors {
		v, fits := newVector(columns[i].Type, announced[i])
		if !fits {
			return false
		}
		vectors[i] = *v
	}
	rows := s.fragment.Rows
	if rows <= 0 || rows > connectors.DefaultBatchRows {
		rows = connectors.DefaultBatchRows
	}
	s.decoder = newDecoder(s.schema, vectors, s.fragment.Alloc, rows)
	return true
}

// pass hands the decoder's batch over, the last one or not, waiting for a place in the
// queue.
func (s *stream) pass(last bool) error {
	batch, err := s.decoder.batch()
	if err != nil {
		return s.valueError(err)
	}
	if batch == nil {
		return nil
	}
	for i, v := range s.decoder.vectors {
		s.zeros[i].Store(v.zeros)
	}
	select {
	case s.batches <- part{batch, last}:
		return nil
	case <-s.run.Done():
		batch.Release()
		return errStopped
	}
}

func (s *stream) valueError(err error) error {
	return valueError(s.source.name, s.fragment.Table, s.fragment.Columns[s.decoder.failed], err)
}

func (s *stream) Schema() *arrow.Schema { return s.schema }

func (s *stream) RecordBatch() arrow.RecordBatch { return s.current }

func (s *stream) Err() error { return s.err }

// AtEnd is for server.AtEnd: the packet that ends the answer is read before its last rows
// are handed over.
func (s *stream) AtEnd() bool { return s.over || s.last }

func (s *stream) Next() bool {
	s.drop()
	if s.over {
		return false
	}
	if s.ctx.Err() == nil {
		select {
		case p, more := <-s.batches:
			if more {
				s.current, s.last = p.batch, p.last
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
	return scanError(s.source.name, s.fragment.TableNames(), err)
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
	for p := range s.batches {
		p.batch.Release()
	}
	<-s.done
	s.drop()
	if !s.over {
		s.over, s.err = true, errs.From(context.Canceled)
		if s.ctx.Err() != nil {
			s.err = errs.From(s.ctx.Err())
		}
	}
}

// Warnings tells of each column in which dates were read as NULL that are none.
func (s *stream) Warnings() []errs.Warning {
	var out []errs.Warning
	for i := range s.zeros {
		if n := s.zeros[i].Load(); n > 0 {
			out = append(out, errs.Warning{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{
				"Source": s.source.name, "Table": s.fragment.TableNames(), "Column": connectors.ColumnName(s.fragment.Columns[i]), "Count": n,
			}})
		}
	}
	return out
}
