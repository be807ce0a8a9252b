package sqlite

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

const (
	// queued batches wait for a reader that is slower than the file.
	queued = 2
	// firstRows bounds the first batch, so that an answer begins early.
	firstRows = 2048
)

func (c *conn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	s := c.src
	switch {
	case c.released:
		return nil, errs.Internalf("source %s: Scan on a released connection", s.name)
	case c.stream != nil:
		return nil, errs.Internalf("source %s: Scan while a stream is open", s.name)
	case len(f.Columns) == 0 || f.Alloc == nil:
		return nil, errs.Internalf("source %s: a fragment without columns or allocator", s.name)
	}
	for _, column := range f.Columns {
		if !column.Type.Readable() {
			return nil, s.wrap(errs.NotSupported, "column_unreadable", nil,
				msg.Args{"Column": column.Name, "Table": f.TableNames(), "Type": column.SourceType})
		}
	}
	run, cancel := s.running(ctx)
	r, err := c.reader(run, f)
	if err != nil {
		cancel()
		return nil, s.fail(ctx, c.db, err, f.TableNames())
	}
	c.stream = &stream{
		conn: c, ctx: ctx, table: f.TableNames(), schema: catalog.ArrowSchema(f.Columns),
		batches: r.out, done: safego.Run(func() error { return r.run(run) }), cancel: cancel,
	}
	return c.stream, nil
}

// reader turns a statement's rows into batches, on a goroutine of its own.
type reader struct {
	db      *session
	stmt    *sqlite.Stmt
	builder *array.RecordBuilder
	columns []column
	limit   int // rows in a batch
	out     chan arrow.RecordBatch
}

// reader prepares the statement; where it fails the session is free again.
func (c *conn) reader(ctx context.Context, f connectors.Fragment) (*reader, error) {
	if err := c.db.begin(ctx); err != nil {
		return nil, err
	}
	stmt, err := c.db.statement(ctx, f.SQL)
	if err != nil {
		c.db.end()
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	r := &reader{db: c.db, stmt: stmt, limit: f.Rows, out: make(chan arrow.RecordBatch, queued)}
	if r.limit <= 0 {
		r.limit = connectors.DefaultBatchRows
	}
	if stmt.ColumnCount() != len(f.Columns) || stmt.BindParamCount() != len(f.Values) {
		err = errs.Internalf("source %s: the statement has %d columns and %d places, the fragment %d and %d",
			c.src.name, stmt.ColumnCount(), stmt.BindParamCount(), len(f.Columns), len(f.Values))
	}
	for i := 0; i < len(f.Values) && err == nil; i++ {
		err = bind(stmt, i+1, f.Values[i])
	}
	if err != nil {
		_ = finalize(stmt, err)
		c.db.end()
		return nil, err
	}
	r.builder = array.NewRecordBuilder(f.Alloc, catalog.ArrowSchema(f.Columns))
	at := cellPlace{source: c.src, table: f.TableNames(), utf16: c.db.encoding != "UTF-8", bigEndian: c.db.encoding == "UTF-16be", buffer: new([]byte)}
	for i, column := range f.Columns {
		made, err := newColumn(at, column, r.builder.Field(i))
		if err != nil {
			r.release(err)
			return nil, err
		}
		r.columns = append(r.columns, made)
	}
	return r, nil
}

// release frees the builder and the statement, and the session for another.
func (r *reader) release(failed error) {
	r.builder.Release()
	if err := finalize(r.stmt, failed); err != nil {
		r.db.broken = true
	}
	r.db.end()
}

func (r *reader) run(ctx context.Context) (err error) {
	defer close(r.out)
	defer func() { r.release(err) }()
	limit, rows, bytes, widest := min(r.limit, firstRows), 0, 0, 0
	row, err := r.db.first(ctx, r.stmt)
	for ; row; row, err = r.db.next(r.stmt) {
		if rows == 0 {
			r.builder.Reserve(limit)
		}
		width, err := r.row()
		if err != nil {
			return err
		}
		rows, bytes, widest = rows+1, bytes+width, max(widest, width)
		if rows < limit && bytes+widest <= connectors.BatchBytes {
			continue
		}
		if err := r.send(ctx); err != nil {
			return err
		}
		limit, rows, bytes, widest = r.limit, 0, 0, 0
	}
	if err != nil || rows == 0 {
		return err
	}
	return r.send(ctx)
}

// row appends the statement's row and gives its size in bytes.
func (r *reader) row() (int, error) {
	width := 0
	for i := range r.columns {
		n, err := r.columns[i].append(r.stmt, i)
		if err != nil {
			return 0, err
		}
		width += n
	}
	return width, nil
}

func (r *reader) send(ctx context.Context) error {
	batch := r.builder.NewRecordBatch()
	select {
	case r.out <- batch:
		return nil
	case <-ctx.Done():
		batch.Release()
		return ctx.Err()
	}
}

// bind binds a value in the form in which the dialect compares it.
func bind(stmt *sqlite.Stmt, place int, v catalog.Value) error {
	switch x := v.V.(type) {
	case nil:
		stmt.BindNull(place)
		return nil
	case bool:
		stmt.BindBool(place, x)
		return nil
	case int64:
		switch v.Type.Kind {
		case catalog.Int64:
			stmt.BindInt64(place, x)
			return nil
		case catalog.Date:
			stmt.BindText(place, isoDate(x))
			return nil
		}
	case string:
		if v.Type.Kind == catalog.Text {
			stmt.BindText(place, x)
			return nil
		}
	case []byte:
		stmt.BindBytes(place, x)
		return nil
	}
	return errs.Internalf("a value of type %s cannot be bound in SQLite", v.Type)
}

// stream hands the reader's batches on.
type stream struct {
	conn    *conn
	ctx     context.Context // the caller's
	table   string
	schema  *arrow.Schema
	batches <-chan arrow.RecordBatch
	done    <-chan error
	cancel  func()

	batch    arrow.RecordBatch
	err      error
	over     bool
	released bool
}

func (s *stream) Schema() *arrow.Schema { return s.schema }

func (s *stream) RecordBatch() arrow.RecordBatch { return s.batch }

func (s *stream) Err() error { return s.err }

func (s *stream) Next() bool {
	s.drop()
	if s.over {
		return false
	}
	if s.ctx.Err() == nil {
		if b, ok := <-s.batches; ok {
			s.batch = b
			return true
		}
	}
	s.stop()
	return false
}

// stop ends the reader and keeps what it says.
func (s *stream) stop() {
	if s.over {
		return
	}
	s.over = true
	err := s.wait()
	if err == nil {
		// A reader that had all rows ready when the context ended has been cut short too.
		err = s.ctx.Err()
	}
	s.err = s.conn.src.fail(s.ctx, s.conn.db, err, s.table)
}

// wait ends the reader, frees what it had ready and gives its error.
func (s *stream) wait() error {
	s.cancel()
	for b := range s.batches {
		b.Release()
	}
	return <-s.done
}

func (s *stream) drop() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}

func (s *stream) Release() {
	if s.released {
		return
	}
	s.released = true
	s.drop()
	if !s.over {
		s.over = true
		_ = s.wait() // nobody asks any more
	}
	s.conn.stream = nil
}
