// Package postgres reads PostgreSQL, version 12 and later, in place: binary
// values straight into Arrow, a cancel that ends the statement at the server, and
// sessions that can only read.
package postgres

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/semaphore"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Open is the connectors.Opener of kind "postgres". It connects to nothing.
func Open(_ context.Context, c connectors.Config) (connectors.Source, error) {
	if c.Connections < 1 {
		return nil, errs.New(errs.ConfigInvalid, "postgres_no_connections", msg.Args{"Source": c.Name})
	}
	config, err := parseDSN(c.Name, c.DSN)
	if err != nil {
		return nil, err
	}
	s := &source{
		name: c.Name, config: config, most: c.Connections,
		places: semaphore.NewWeighted(int64(c.Connections)), live: map[*session]struct{}{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// source is one PostgreSQL database.
type source struct {
	name   string
	config *pgconn.Config
	most   int
	places *semaphore.Weighted // one for each connection that may be held

	life    context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup // of what uses the server; none is added once closed

	mu     sync.Mutex
	closed bool
	idle   []*session // the latest used last
	live   map[*session]struct{}
}

var _ connectors.Source = (*source)(nil)

// Capabilities says that a cancel ends the statement at the server and that
// tables lie in schemas.
func (s *source) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{Dialect: "postgres", CancelAtServer: true, Schemas: true}
}

// Ping asks the server for its version. It takes a place as a scan does.
func (s *source) Ping(ctx context.Context) (string, error) {
	version := ""
	err := s.with(ctx, func(run context.Context, p *pgconn.PgConn) error {
		r := p.ExecParams(run, "SHOW server_version", nil, nil, nil, nil).Read()
		if r.Err == nil && len(r.Rows) == 1 {
			version, _, _ = strings.Cut(string(r.Rows[0][0]), " ")
		}
		return r.Err
	})
	if err != nil {
		return "", err
	}
	return "PostgreSQL " + version, nil
}

// begin starts something that uses the server: run ends with ctx or when the
// source is closed, and end must be called when the work is over.
func (s *source) begin(ctx context.Context) (run context.Context, end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, nil, errs.From(ctx.Err())
	}
	if s.closed {
		return nil, nil, s.closedError()
	}
	s.running.Add(1)
	run, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(s.life, cancel)
	return run, func() {
		unhook()
		cancel()
		s.running.Done()
	}, nil
}

// endOf gives the error of work that begin started and whose context ended; nil
// when it did not.
func (s *source) endOf(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return errs.From(ctx.Err())
	case s.life.Err() != nil:
		return s.closedError()
	}
	return nil
}

func (s *source) closedError() error {
	return errs.New(errs.SourceFailed, "postgres_closed", msg.Args{"Source": s.name})
}

// with runs fn on a session through the driver. fn is run a second time on a new
// session when the first had been lost before.
func (s *source) with(ctx context.Context, fn func(context.Context, *pgconn.PgConn) error) error {
	conns, err := s.Acquire(ctx, 1)
	if err != nil {
		return err
	}
	place := conns[0].(*lease)
	defer place.Release()
	run, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for {
		used, err := place.open(run)
		if err == nil {
			pg := place.session.pg
			err = fn(run, pg)
			place.session.broken = pg.IsClosed() || pg.TxStatus() != 'I' || pg.Frontend().ReadBufferLen() != 0 || pg.SyncConn(run) != nil
			if err != nil && used && lost(err) && run.Err() == nil {
				place.drop()
				continue
			}
		}
		if err == nil {
			return nil
		}
		if ended := s.endOf(ctx); ended != nil {
			return ended
		}
		return scanError(s.name, catalog.TableID{Schema: "pg_catalog", Name: "*"}, err)
	}
}

// Close stops what runs, at the server too, and ends every connection. It may be
// repeated.
func (s *source) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.running.Wait() // not longer than cancelLimit: no answer is waited for beyond that
	s.mu.Lock()
	defer s.mu.Unlock()
	for session := range s.live {
		session.close()
	}
	s.idle, s.live = nil, map[*session]struct{}{}
	return nil
}
