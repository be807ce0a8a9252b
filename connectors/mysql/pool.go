package mysql

import (
	"context"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Acquire reserves n places at once and in the order of asking: who waits holds
// nothing, so no two can wait for each other. Connections are made by the scans.
func (s *source) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	if n < 1 || n > s.most {
		return nil, errs.New(errs.SourceBusy, "mysql_connections_few", msg.Args{"Source": s.name, "Needed": n, "Allowed": s.most})
	}
	run, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := s.places.Acquire(run, int64(n)); err != nil {
		return nil, s.endOf(ctx)
	}
	conns := make([]connectors.Conn, n)
	for i := range conns {
		conns[i] = &lease{source: s}
	}
	return conns, nil
}

// lease is one reserved place, with a session from the first scan on.
type lease struct {
	source   *source
	session  *session
	stream   *stream
	released bool
}

// open makes sure that the lease has a session that can take a statement, and
// reports whether it was used before: such a one may be dead without knowing it.
// It is called between begin and its end, so that Close waits for a new session.
func (l *lease) open(ctx context.Context) (used bool, err error) {
	if l.session == nil {
		l.session = l.source.takeIdle()
	}
	if l.session != nil && !l.session.broken && l.session.gone() {
		l.drop()
	}
	if l.session != nil && l.session.broken {
		l.source.discard(l.session)
		l.session = nil
	}
	if l.session != nil {
		return true, nil
	}
	l.session, err = l.source.newSession(ctx)
	return false, err
}

// drop closes the lease's session and, as it was found dead, those that lie idle:
// they most likely died of the same.
func (l *lease) drop() {
	l.source.discard(l.session)
	l.session = nil
	l.source.mu.Lock()
	idle := l.source.idle
	l.source.idle = nil
	l.source.mu.Unlock()
	for _, s := range idle {
		l.source.discard(s)
	}
}

// Release gives the place back. It may be repeated.
func (l *lease) Release() {
	if l.released {
		return
	}
	l.released = true
	if l.stream != nil {
		l.stream.Release()
	}
	if l.session != nil {
		l.source.putIdle(l.session)
		l.session = nil
	}
	l.source.places.Release(1)
}

// takeIdle gives a session that was used before, or nil.
func (s *source) takeIdle() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle) == 0 {
		return nil
	}
	last := s.idle[len(s.idle)-1]
	s.idle = s.idle[:len(s.idle)-1]
	return last
}

func (s *source) newSession(ctx context.Context) (*session, error) {
	made, err := connect(ctx, s.config)
	if err != nil {
		return nil, connectError(ctx, s.name, err)
	}
	s.mu.Lock()
	s.live[made] = struct{}{}
	s.mu.Unlock()
	s.readyKiller()
	return made, nil
}

func (s *source) putIdle(used *session) {
	used.rest()
	s.mu.Lock()
	keep := !used.broken && !s.closed
	if keep {
		s.idle = append(s.idle, used)
	}
	s.mu.Unlock()
	if !keep {
		s.discard(used)
	}
}

func (s *source) discard(gone *session) {
	s.mu.Lock()
	delete(s.live, gone)
	s.mu.Unlock()
	gone.close()
}
