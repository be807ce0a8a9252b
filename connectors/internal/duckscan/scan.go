package duckscan

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// conn is a place: a connection of the instance.
type conn struct {
	pool     *Pool
	in       *instance
	duck     *duck.Conn
	stream   *stream // the last one
	released bool
}

func (p *Pool) newConn(ctx context.Context) (*conn, error) {
	in, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{pool: p, in: in, duck: c}, nil
}

// Release gives the place back. It may be repeated.
func (c *conn) Release() {
	if c.released {
		return
	}
	c.released = true
	if c.stream != nil {
		c.stream.Release()
	}
	c.duck.Close()
	c.pool.leave(c.in)
	c.pool.places.Release(1)
}

// Scan starts f. DuckDB makes rows when the stream is read, on the reader's own
// goroutine: a slow reader holds it back without a queue in between.
func (c *conn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	switch {
	case c.released:
		return nil, errs.Internalf("a scan on a connection that was given back")
	case c.stream != nil && !c.stream.released.Load():
		return nil, errs.Internalf("a scan while another stream of the connection is open")
	}
	for _, col := range f.Columns {
		if !col.Type.Readable() {
			return nil, errs.New(errs.NotSupported, "duckdb_column_unreadable",
				msg.Args{"Source": c.pool.o.Source, "Table": f.Table.Name, "Column": col.Name, "Type": col.SourceType})
		}
	}
	s := &stream{conn: c, fragment: f, caller: ctx, schema: catalog.ArrowSchema(f.Columns)}
	s.ctx, s.end = c.pool.bound(ctx)
	if err := s.start(); err != nil {
		err = s.failure(err)
		s.Release()
		return nil, err
	}
	c.stream = s
	return s, nil
}

// stream reads one statement.
type stream struct {
	conn     *conn
	fragment connectors.Fragment
	schema   *arrow.Schema
	caller   context.Context // whose end is the caller's doing
	ctx      context.Context // ends with the source, too
	end      func()
	stmt     *duck.Stmt
	reader   *duck.Reader
	err      error
	released atomic.Bool
	once     sync.Once
}

func (s *stream) start() error {
	c, f := s.conn, s.fragment
	if f.SQL == "" {
		return errs.Internalf("a fragment without a statement")
	}
	if before := c.pool.o.Before; before != nil {
		for _, table := range append([]catalog.TableID{f.Table}, f.More...) {
			if err := before(s.ctx, Instance{c.in.db, c.duck}, table); err != nil {
				return err
			}
		}
	}
	var err error
	if s.stmt, err = c.duck.Prepare(s.ctx, f.SQL); err != nil {
		return err
	}
	if !s.stmt.Select() || len(s.stmt.Params()) != len(f.Values) {
		return errs.Internalf("a fragment that is no SELECT or has %d values for %d places", len(f.Values), len(s.stmt.Params()))
	}
	names := make([]string, len(f.Columns))
	for i, col := range f.Columns {
		names[i] = col.Name
	}
	rows := f.Rows
	if rows <= 0 {
		rows = connectors.DefaultBatchRows
	}
	if s.reader, err = s.stmt.Stream(s.ctx, f.Values, duck.StreamOptions{Alloc: f.Alloc, Rows: rows, Bytes: connectors.BatchBytes, Names: names}); err != nil {
		return err
	}
	if !s.reader.Schema().Equal(s.schema) {
		return c.pool.changed(f.Table)
	}
	return nil
}

func (s *stream) Schema() *arrow.Schema { return s.schema }

func (s *stream) Next() bool {
	if s.released.Load() || s.err != nil {
		return false
	}
	if s.reader.Next() {
		return true
	}
	if err := s.reader.Err(); err != nil {
		s.err = s.failure(err)
	}
	return false
}

func (s *stream) RecordBatch() arrow.RecordBatch { return s.reader.RecordBatch() }

func (s *stream) Err() error { return s.err }

func (s *stream) Release() {
	s.released.Store(true)
	s.once.Do(func() {
		if s.reader != nil {
			s.reader.Release()
		}
		if s.stmt != nil {
			s.stmt.Close()
		}
		s.end()
	})
}
