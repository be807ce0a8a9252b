// Package sqlite reads SQLite database files, read-only, in this process.
//
// While a stream is open the file has a reader: unless it keeps a write-ahead log,
// programs that write to it wait for the stream's end.
//
// It never opens the file but through SQLite: closing a descriptor of one's own
// would drop SQLite's locks on the file.
package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/semaphore"
	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// source is one file. Its places are counted by a queue that gives n of them at
// once, first come, first served; sessions that nobody uses wait in idle.
type source struct {
	name, path string
	size       int
	places     *semaphore.Weighted

	life context.Context // ends with Close
	end  context.CancelFunc

	mu     sync.Mutex
	closed bool
	idle   []*session
}

// Open makes the source of an existing file. The file is opened when it is used.
func Open(_ context.Context, c connectors.Config) (connectors.Source, error) {
	if !filepath.IsAbs(c.Path) || c.Connections < 1 {
		return nil, errs.New(errs.ConfigInvalid, "sqlite_config", msg.Args{"Source": c.Name})
	}
	life, end := context.WithCancel(context.Background())
	return &source{
		name: c.Name, path: c.Path, size: c.Connections,
		places: semaphore.NewWeighted(int64(c.Connections)),
		life:   life, end: end,
	}, nil
}

func (s *source) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{Dialect: "sqlite"}
}

// Ping reads the file's header and schema version.
func (s *source) Ping(ctx context.Context) (string, error) {
	err := s.with(ctx, func(ctx context.Context, db *session) error {
		return db.query(ctx, "PRAGMA schema_version", nil, func(*sqlite.Stmt) error { return nil })
	})
	if err != nil {
		return "", err
	}
	return "SQLite " + sqlite.Version, nil
}

// with runs fn on a session of its own and makes its error one of ours.
func (s *source) with(ctx context.Context, fn func(context.Context, *session) error) error {
	conns, err := s.Acquire(ctx, 1)
	if err != nil {
		return err
	}
	defer conns[0].Release()
	db := conns[0].(*conn).db
	run, cancel := s.running(ctx)
	defer cancel()
	if err := db.begin(run); err != nil {
		return s.fail(ctx, db, err, "")
	}
	defer db.end()
	if err := fn(run, db); err != nil {
		return s.fail(ctx, db, err, "")
	}
	return nil
}

// running gives a context that ends with ctx or with the source.
func (s *source) running(ctx context.Context) (context.Context, func()) {
	run, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	return run, func() { stop(); cancel() }
}

func (s *source) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	if n < 1 {
		return nil, errs.Internalf("source %s: %d connections asked for", s.name, n)
	}
	if n > s.size {
		return nil, errs.New(errs.SourceBusy, "source_busy", msg.Args{"Source": s.name})
	}
	run, cancel := s.running(ctx)
	defer cancel()
	if err := s.places.Acquire(run, int64(n)); err != nil {
		return nil, s.fail(ctx, nil, err, "")
	}
	out := make([]connectors.Conn, 0, n)
	for range n {
		db, err := s.take(run)
		if err != nil {
			for _, c := range out {
				c.Release()
			}
			s.places.Release(int64(n - len(out)))
			return nil, s.fail(ctx, nil, err, "")
		}
		out = append(out, &conn{src: s, db: db})
	}
	return out, nil
}

// take gives an idle session, or opens one. One whose file has been replaced
// since, as a nightly copy does, is closed: it would read the old file.
func (s *source) take(ctx context.Context) (*session, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	var db *session
	var stale []*session
	for len(s.idle) > 0 && db == nil {
		last := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		if os.SameFile(last.file, info) {
			db = last
		} else {
			stale = append(stale, last)
		}
	}
	closed := s.closed
	s.mu.Unlock()
	closing := closeAll(stale)
	switch {
	case closed:
		return nil, errClosed
	case db != nil:
		return db, nil
	case closing != nil:
		return nil, closing
	}
	return openSession(ctx, s.path, info)
}

// give takes a session and its place back.
func (s *source) give(db *session) {
	s.mu.Lock()
	keep := !s.closed && !db.broken
	if keep {
		s.idle = append(s.idle, db)
	}
	s.mu.Unlock()
	if !keep {
		_ = db.close() // read-only and given up: nothing can be lost
	}
	s.places.Release(1)
}

// Close ends every scan and closes what is idle; a session in use is closed when
// its connection is released.
func (s *source) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.closed, s.idle = true, nil
	s.mu.Unlock()
	s.end()
	if err := closeAll(idle); err != nil {
		return s.fail(context.Background(), nil, err, "")
	}
	return nil
}

func closeAll(sessions []*session) error {
	var all error
	for _, db := range sessions {
		all = errors.Join(all, db.close())
	}
	return all
}

// conn is a reserved session.
type conn struct {
	src      *source
	db       *session
	stream   *stream
	released bool
}

func (c *conn) Release() {
	if c.released {
		return
	}
	c.released = true
	if c.stream != nil {
		c.stream.Release()
	}
	c.src.give(c.db)
}
