package postgres

import (
	"errors"
	"net"

	"github.com/lianji/lianji/internal/safego"
)

// answer is rows behind the server's word that it has accepted the statement.
func (s *stream) answer() (open bool, err error) {
	if s.pending != nil {
		if err := s.session.accept(s.pending); err != nil {
			return false, err
		}
		s.pending = nil
	}
	return s.rows()
}

// first reads a direct stream up to the end of its first batch. Where that is the end
// of the answer too, nothing is left to do for a goroutine; else one goes on. The error
// is the answer's, as Err tells it, and nothing is left to do then either.
func (s *stream) first() error {
	var open bool
	var err error
	panicked := safego.Call(func() error {
		open, err = s.answer()
		return nil
	})
	switch {
	case panicked != nil:
		s.session.broken = true
		s.handOver(func() (bool, error) { return true, panicked })
	case s.kicked(err):
		s.session.broken = false // not a byte is lost
		s.handOver(s.answer)
	case s.pending != nil:
		return s.refused(err)
	case err != nil:
		s.handOver(func() (bool, error) { return open, err })
	case open:
		s.handOver(s.rows)
	default:
		s.close()
		s.whole = true
	}
	return nil
}

// kicked reports that a read ended because the statement is to be cancelled.
func (s *stream) kicked(err error) bool {
	var timeout net.Error
	return s.run.Err() != nil && errors.As(err, &timeout) && timeout.Timeout()
}

// handOver lets a goroutine go on with a direct stream: from now on cancelling does not
// end a read at once.
func (s *stream) handOver(rows func() (open bool, err error)) {
	if err := s.cancel.undirect(s.run); err != nil {
		s.session.broken = true
	}
	s.start(rows)
}

// refused sends a statement that was not accepted once more, where that may help: the
// connection may have been dead, or the statement no longer prepared.
func (s *stream) refused(err error) error {
	if s.session.broken && !lost(err) {
		s.stop() // it may still run
	}
	s.cancel.end()
	s.stop()
	again, err := s.lease.fails(true, s.fragment.SQL, err)
	if again && s.begun.Err() == nil {
		s.decoder.release()
		s.pending = nil
		if err = s.lease.attempt(s, false); err == nil {
			s.start(s.rows)
			return nil
		}
	}
	s.end()
	s.decoder.release()
	s.whole = true
	return s.why(err)
}
