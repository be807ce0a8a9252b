package pgwire

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// rows are an answer's while they are handed out.
type rows struct {
	columns []catalog.Column
	stream  server.Stream
	batch   arrow.RecordBatch
	at      int // the next row of batch
	ended   bool
	style   pgvalue.Style
}

// fields announces columns in formats: none, one for all, or one for each.
func fields(columns []catalog.Column, formats []int16, style pgvalue.Style) []pgproto3.FieldDescription {
	out := make([]pgproto3.FieldDescription, len(columns))
	for i, column := range columns {
		t := style.Of(column.Type)
		out[i] = pgproto3.FieldDescription{
			Name: []byte(column.Name), DataTypeOID: t.OID, DataTypeSize: t.Size, TypeModifier: t.Modifier, Format: formatOf(formats, i),
		}
	}
	return out
}

func formatOf(formats []int16, i int) int16 {
	switch len(formats) {
	case 0:
		return 0
	case 1:
		return formats[0]
	}
	if i >= len(formats) { // the columns were not known when they were sent
		return 0
	}
	return formats[i]
}

// unread is how many rows of the batch at hand were given to nobody.
func (r *rows) unread() int64 {
	if r.batch == nil {
		return 0
	}
	return r.batch.NumRows() - int64(r.at)
}

// sink takes rows one by one: each value's bytes, nil for NULL. It keeps nothing of them.
type sink func(values [][]byte) error

// encoder writes the rows of batches for a sink.
type encoder struct {
	c       *conn
	formats []int16
	cells   []pgvalue.Cell
	values  [][]byte
	buf     []byte
	offsets []int
}

// mostRow is the most bytes that a row may have: a message's length is 32 bits with a sign.
const mostRow = 1<<30 - 1<<20

// bind makes ready for a batch.
func (e *encoder) bind(r *rows) error {
	zone := e.c.settings.timeZone()
	e.cells = e.cells[:0]
	for i, column := range r.columns {
		cell, err := r.style.Cells(column.Type, r.batch.Column(i), formatOf(e.formats, i) == 1, zone)
		if err != nil {
			return err
		}
		e.cells = append(e.cells, cell)
	}
	if e.values == nil {
		e.values, e.offsets = make([][]byte, len(r.columns)), make([]int, len(r.columns)+1)
	}
	return nil
}

// row writes one row.
func (e *encoder) row(r *rows, i int) error {
	if e.buf == nil {
		e.buf = []byte{} // an empty value is a part of it that must not be nil: that is NULL
	}
	e.buf = e.buf[:0]
	for k, cell := range e.cells {
		e.offsets[k] = len(e.buf)
		if r.batch.Column(k).IsNull(i) {
			continue
		}
		var err error
		if e.buf, err = cell(e.buf, i); err != nil {
			if errors.Is(err, pgvalue.ErrDoesNotFit) {
				return errs.New(errs.ValueUnreadable, "pgwire_does_not_fit", msg.Args{"Column": r.columns[k].Name, "Type": r.columns[k].Type.DuckDB()})
			}
			return err
		}
		if len(e.buf) > mostRow {
			return errs.New(errs.ResultTooLarge, "pgwire_row_large", msg.Args{"Column": r.columns[k].Name})
		}
	}
	e.offsets[len(e.cells)] = len(e.buf)
	for k := range e.cells {
		if r.batch.Column(k).IsNull(i) {
			e.values[k] = nil
			continue
		}
		e.values[k] = e.buf[e.offsets[k]:e.offsets[k+1]:e.offsets[k+1]]
	}
	return nil
}

// hand gives up to most rows to a sink, all of them when most is 0, and tells how many.
// Ended is set once there are no more.
func (r *rows) hand(ctx context.Context, e *encoder, most int, to sink) (n int, err error) {
	bound := false
	for most == 0 || n < most {
		if r.batch == nil || r.at >= int(r.batch.NumRows()) {
			// What there is leaves before the next batch is waited for.
			if n > 0 {
				if err := e.c.flush(); err != nil {
					return n, &brokenError{err}
				}
			}
			if !r.stream.Next() {
				r.ended, r.batch = true, nil
				return n, why(ctx, r.stream.Err())
			}
			r.batch, r.at, bound = r.stream.RecordBatch(), 0, false
			continue
		}
		if !bound {
			if err := e.bind(r); err != nil {
				return n, err
			}
			bound = true
		}
		if err := e.row(r, r.at); err != nil {
			return n, err
		}
		r.at++ // part of it may reach a client to which the rest cannot be sent
		if err := to(e.values); err != nil {
			return n, &brokenError{err}
		}
		n++
	}
	return n, nil
}

// sendRow is the sink of an answer's rows.
func (c *conn) sendRow(values [][]byte) error {
	c.send(&pgproto3.DataRow{Values: values})
	return c.in.Flush() // into the room of out
}
