package duck

import (
	"context"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// firstRows are the rows of the first batch; each later one may have twice as many.
const firstRows = 2048

// Reader streams a statement's rows as Arrow batches, a few chunks at a time in
// memory. It is read by one goroutine.
type Reader struct {
	ctx     context.Context
	conn    *Conn
	res     duckdb.Result
	stop    func()
	schema  *arrow.Schema
	decode  []*decoder
	builder *array.RecordBuilder
	rows    int
	bytes   int
	first   int              // rows of the next batch while they still grow: the first ones come soon
	chunk   duckdb.DataChunk // the last one fetched, and of it:
	vectors []vector
	// chunkRows are its rows, at the first that is not copied yet.
	chunkRows, at int
	batch         arrow.RecordBatch
	err           error
	done          bool
	once          sync.Once
}

// StreamOptions shape a Reader's batches.
type StreamOptions struct {
	Alloc memory.Allocator // required
	Rows  int              // at most in a batch; required
	Bytes int              // at most in a batch, about, unless one row is larger; required
	// Names, when there is one for each column, replace DuckDB's.
	Names []string
}

// Stream runs the statement with values and streams its rows. The reader ends
// with ctx. The caller releases it before it closes the statement.
func (s *Stmt) Stream(ctx context.Context, values []catalog.Value, o StreamOptions) (*Reader, error) {
	if err := s.bind(values); err != nil {
		return nil, err
	}
	r := &Reader{ctx: ctx, conn: s.conn, rows: o.Rows, bytes: o.Bytes}
	r.stop = s.conn.interruptWith(ctx)
	var pending duckdb.PendingResult
	if duckdb.PendingPreparedStreaming(s.stmt, &pending) == duckdb.StateError {
		err := parseError(duckdb.PendingError(pending))
		duckdb.DestroyPending(&pending)
		r.stop()
		return nil, orContext(ctx, err)
	}
	state := duckdb.ExecutePending(pending, &r.res)
	duckdb.DestroyPending(&pending)
	if state == duckdb.StateError {
		err := resultError(&r.res)
		duckdb.DestroyResult(&r.res)
		r.stop()
		return nil, orContext(ctx, err)
	}
	if err := r.describe(o.Names); err != nil {
		duckdb.DestroyResult(&r.res)
		r.stop()
		return nil, err
	}
	r.builder = array.NewRecordBuilder(o.Alloc, r.schema)
	return r, nil
}

func (r *Reader) describe(names []string) error {
	n := int(duckdb.ColumnCount(&r.res))
	fields := make([]arrow.Field, n)
	for i := range n {
		t := duckdb.ColumnLogicalType(&r.res, duckdb.IdxT(i))
		d, err := newDecoder(t)
		duckdb.DestroyLogicalType(&t)
		if err != nil {
			return err
		}
		name := duckdb.ColumnName(&r.res, duckdb.IdxT(i))
		if len(names) == n {
			name = names[i]
		}
		r.decode = append(r.decode, d)
		fields[i] = arrow.Field{Name: name, Type: d.typ.Arrow(), Nullable: true}
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

// Schema is known before the first batch.
func (r *Reader) Schema() *arrow.Schema { return r.schema }

// Next moves to the next batch; false at the end, on an error and after ctx ended.
func (r *Reader) Next() bool {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	if r.done || r.err != nil {
		return false
	}
	rows, size := 0, 0
	r.first = min(max(2*r.first, firstRows), r.rows)
	for rows < r.first && size < r.bytes {
		if r.err = r.ctx.Err(); r.err != nil {
			return false
		}
		if r.at == r.chunkRows && !r.fetch() {
			break
		}
		n := r.fitting(min(r.chunkRows-r.at, r.rows-rows), r.bytes-size)
		if n == 0 && rows > 0 {
			break
		}
		size += r.append(max(n, 1)) // a row that is larger than a batch comes alone
		rows += max(n, 1)
		if r.err != nil {
			return false
		}
	}
	if r.err != nil {
		return false
	}
	if rows == 0 {
		return false
	}
	r.batch = r.builder.NewRecordBatch()
	return true
}

// fetch gets the next chunk; false at the end and on an error.
func (r *Reader) fetch() bool {
	r.dropChunk()
	chunk := duckdb.FetchChunk(r.res)
	// The end, an error and an interrupt all look like this: the result's error tells.
	if chunk.Ptr == nil || duckdb.DataChunkGetSize(chunk) == 0 {
		duckdb.DestroyDataChunk(&chunk)
		if r.err = orContext(r.ctx, resultErrorOrNil(&r.res)); r.err == nil {
			r.err = r.ctx.Err()
		}
		r.done = r.err == nil
		return false
	}
	r.chunk, r.chunkRows = chunk, int(duckdb.DataChunkGetSize(chunk))
	for i := range r.decode {
		r.vectors = append(r.vectors, newVector(duckdb.DataChunkGetVector(chunk, duckdb.IdxT(i))))
	}
	return true
}

func (r *Reader) dropChunk() {
	if r.chunk.Ptr != nil {
		duckdb.DestroyDataChunk(&r.chunk)
	}
	r.chunk, r.vectors, r.at, r.chunkRows = duckdb.DataChunk{}, r.vectors[:0], 0, 0
}

// append copies the chunk's next n rows into the builders and gives their size in
// bytes, about.
func (r *Reader) append(n int) int {
	size := 0
	for i, d := range r.decode {
		bytes, err := d.append(r.builder.Field(i), r.vectors[i], r.at, n)
		if err != nil {
			if e, ok := err.(*ValueError); ok {
				e.Column = r.schema.Field(i).Name
			}
			r.err = err
			return 0
		}
		size += bytes
	}
	r.at += n
	return size
}

// RecordBatch is valid until the next call of Next or Release.
func (r *Reader) RecordBatch() arrow.RecordBatch { return r.batch }

// Err is nil while batches come and after a complete end.
func (r *Reader) Err() error { return r.err }

// Release stops the statement if it still runs and frees everything. It may be repeated.
func (r *Reader) Release() {
	r.once.Do(func() {
		r.stop()
		if !r.done {
			r.conn.Interrupt()
		}
		if r.batch != nil {
			r.batch.Release()
			r.batch = nil
		}
		r.builder.Release()
		r.dropChunk()
		duckdb.DestroyResult(&r.res)
		r.done = true
	})
}
