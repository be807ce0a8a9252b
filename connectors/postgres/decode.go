package postgres

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/connectors"
)

// decoder turns DataRow messages with binary fields into record batches. What
// stands in the messages is not trusted: any bytes give rows or an error, and
// memory in proportion to the bytes.
type decoder struct {
	schema  *arrow.Schema
	columns []column
	mem     memory.Allocator
	maxRows int

	started  bool
	rows     int
	capacity int
	last     int // rows of the batch before, to begin with
	bytes    int // of the batch so far, near enough
	perRow   int // bytes of a row without its text
	failed   int // number of the column that the last error is about
}

// firstRows are what is made room for at first: of most look-ups, all of their rows.
const firstRows = 16

func newDecoder(schema *arrow.Schema, columns []column, mem memory.Allocator, maxRows int) *decoder {
	if maxRows <= 0 {
		maxRows = connectors.DefaultBatchRows
	}
	d := &decoder{schema: schema, columns: columns, mem: mem, maxRows: maxRows}
	for i := range columns {
		d.perRow += columns[i].rowBytes()
	}
	return d
}

// full reports that a message of n bytes belongs into the next batch.
func (d *decoder) full(n int) bool {
	return d.rows >= d.maxRows || d.rows > 0 && d.bytes+d.perRow+n > connectors.BatchBytes
}

// row adds the row of one DataRow message. After an error, which is one of the
// err variables, failed names the column and the decoder can only be released.
func (d *decoder) row(b []byte) error {
	if d.rows == d.capacity {
		d.grow()
	}
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) != len(d.columns) {
		return errMalformed
	}
	b = b[2:]
	row, text := d.rows, 0
	for i := range d.columns {
		if len(b) < 4 {
			return errMalformed
		}
		n := int(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		c := &d.columns[i]
		if n < 0 {
			if n != -1 {
				return errMalformed
			}
			c.null(row)
			continue
		}
		if n > len(b) {
			return errMalformed
		}
		if err := c.put(b[:n], row); err != nil {
			d.failed = i
			return err
		}
		if c.width == 0 {
			text += n
		}
		b = b[n:]
	}
	if len(b) != 0 {
		return errMalformed
	}
	d.rows++
	d.bytes += d.perRow + text
	return nil
}

func (d *decoder) grow() {
	if !d.started {
		for i := range d.columns {
			d.columns[i].start(d.mem)
		}
		d.started = true
	}
	d.capacity = min(d.maxRows, max(firstRows, 4*d.capacity, d.last))
	for i := range d.columns {
		d.columns[i].reserve(d.capacity)
	}
}

// batch hands over the rows so far; nil when there are none. The next row begins
// a new batch.
func (d *decoder) batch() (arrow.RecordBatch, error) {
	if d.rows == 0 {
		return nil, nil
	}
	arrays := make([]arrow.Array, 0, len(d.columns))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for i := range d.columns {
		a, err := d.columns[i].finish(d.rows)
		if err != nil {
			d.failed = i
			return nil, err
		}
		arrays = append(arrays, a)
	}
	batch := array.NewRecordBatch(d.schema, arrays, int64(d.rows))
	d.last = d.rows
	d.clear()
	return batch, nil
}

func (d *decoder) clear() {
	d.started, d.rows, d.capacity, d.bytes = false, 0, 0, 0
}

// release frees what no batch took over. It may be repeated.
func (d *decoder) release() {
	for i := range d.columns {
		d.columns[i].release()
	}
	d.clear()
}
