package output

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

// A row group stays in memory until it is whole. It ends with the batch that
// reaches one of these.
const (
	groupRows  = 128 << 10
	groupBytes = 32 << 20 // of Arrow
)

// cutFoot is how a broken Parquet file ends. A whole one ends with PAR1; this one
// cannot, whatever value was written last.
var cutFoot = make([]byte, 8)

func writeParquet(ctx context.Context, out *sink, s Stream) (int64, error) {
	more, err := next(ctx, s)
	if err != nil {
		return 0, err
	}
	var rows int64
	p := &parquetFile{schema: parquetSchema(s.Schema()), out: parquetOut{sink: out}}
	// The library panics where it meets what it did not expect.
	err = safego.Call(func() error {
		err := p.open()
		for more && err == nil {
			b := s.RecordBatch()
			if err = p.write(b); err != nil {
				break
			}
			rows += b.NumRows()
			more, err = next(ctx, s)
		}
		if err == nil {
			err = p.close()
		}
		return err
	})
	var broken *WriteError
	switch {
	case err == nil:
		return rows, out.push()
	case errors.As(p.out.err, &broken):
		return rows, broken
	case out.written == 0:
		out.buf = out.buf[:0]
		return rows, err
	}
	out.buf = append(out.buf, cutFoot...)
	if werr := out.push(); werr != nil {
		return rows, werr
	}
	return rows, err
}

// parquetFile writes batches as one file.
type parquetFile struct {
	schema *arrow.Schema
	out    parquetOut
	w      *pqarrow.FileWriter
	begun  bool  // a row group was
	rows   int64 // of the row group
	bytes  int64
}

func (p *parquetFile) open() (err error) {
	properties := parquet.NewWriterProperties(
		parquet.WithCompression(compress.Codecs.Snappy),
		parquet.WithStoreDecimalAsInteger(true), // up to 18 digits: smaller and faster than bytes
		parquet.WithMaxRowGroupLength(1<<40),    // where a row group ends is decided here
	)
	return p.out.open(func() error {
		p.w, err = pqarrow.NewFileWriter(p.schema, &p.out, properties, pqarrow.DefaultWriterProps())
		return err
	})
}

// write adds a batch to the row group, and writes the row group once it is large
// enough.
func (p *parquetFile) write(b arrow.RecordBatch) error {
	if p.rows == 0 {
		if err := p.group(); err != nil {
			return err
		}
	}
	recoded, err := recodeBatch(b, p.schema)
	if err != nil {
		return err
	}
	defer recoded.Release()
	if err := p.w.WriteBuffered(recoded); err != nil {
		return err
	}
	p.rows += b.NumRows()
	for _, c := range b.Columns() {
		p.bytes += int64(c.Data().SizeInBytes())
	}
	if p.rows >= groupRows || p.bytes >= groupBytes {
		p.rows, p.bytes = 0, 0
	}
	return nil
}

// group writes the row group before, if there is one, and begins another.
func (p *parquetFile) group() error {
	if err := p.out.open(p.w.NewBufferedRowGroupChecked); err != nil || !p.begun {
		p.begun = true
		return err
	}
	p.out.err = p.out.sink.push()
	return p.out.err
}

// close writes what makes the file whole.
func (p *parquetFile) close() error { return p.out.open(p.w.Close) }

// parquetOut takes bytes only while it is open: the library also ends the file,
// as if it were whole, after a batch that it could not write.
type parquetOut struct {
	sink   *sink
	isOpen bool
	err    error // of the sink
}

var errShut = errors.New("the file is not to be ended")

func (o *parquetOut) open(write func() error) error {
	o.isOpen = true
	defer func() { o.isOpen = false }()
	return write()
}

func (o *parquetOut) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if !o.isOpen {
		return 0, errShut
	}
	n, err := o.sink.Write(b)
	o.err = err
	return n, err
}

func recodeBatch(b arrow.RecordBatch, schema *arrow.Schema) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, 0, b.NumCols())
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for i, c := range b.Columns() {
		recoded, err := recode(c, schema.Field(i).Type)
		if errors.Is(err, errInexact) {
			return nil, errs.New(errs.DataError, "result_value", msg.Args{"Column": schema.Field(i).Name})
		} else if err != nil {
			return nil, err
		}
		columns = append(columns, recoded)
	}
	return array.NewRecordBatch(schema, columns, b.NumRows()), nil
}
