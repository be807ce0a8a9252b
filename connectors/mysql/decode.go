package mysql

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/connectors"
)

// decoder turns rows of the binary protocol into record batches. What stands in the
// rows is not trusted: any bytes give rows or an error, and memory in proportion to
// the bytes.
type decoder struct {
	schema  *arrow.Schema
	vectors []vector
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

const firstRows = 256

func newDecoder(schema *arrow.Schema, vectors []vector, mem memory.Allocator, maxRows int) *decoder {
	d := &decoder{schema: schema, vectors: vectors, mem: mem, maxRows: maxRows}
	for i := range vectors {
		d.perRow += vectors[i].rowBytes()
	}
	return d
}

// full reports that a row of n bytes belongs into the next batch.
func (d *decoder) full(n int) bool {
	return d.rows >= d.maxRows || d.rows > 0 && d.bytes+d.perRow+n > connectors.BatchBytes
}

// row adds a row: a zero byte, a bit for each NULL, the values. After an error, which
// is one of the err variables, failed names the column and the decoder can only be
// released.
func (d *decoder) row(b []byte) error {
	if d.rows == d.capacity {
		d.grow()
	}
	nulls := (len(d.vectors) + 2 + 7) / 8 // the first two bits are not used
	if len(b) < 1+nulls || b[0] != packetOK {
		return errMalformed
	}
	isNull, b := b[1:1+nulls], b[1+nulls:]
	row, text := d.rows, 0
	for i := range d.vectors {
		v := &d.vectors[i]
		if isNull[(i+2)>>3]>>((i+2)&7)&1 != 0 {
			v.null(row)
			continue
		}
		n, err := v.put(b, row)
		if err != nil {
			d.failed = i
			return err
		}
		if v.width == 0 {
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
		for i := range d.vectors {
			d.vectors[i].start(d.mem)
		}
		d.started = true
	}
	d.capacity = min(d.maxRows, max(firstRows, 4*d.capacity, d.last))
	for i := range d.vectors {
		d.vectors[i].reserve(d.capacity)
	}
}

// batch hands over the rows so far; nil when there are none. The next row begins a
// new batch.
func (d *decoder) batch() (arrow.RecordBatch, error) {
	if d.rows == 0 {
		return nil, nil
	}
	arrays := make([]arrow.Array, 0, len(d.vectors))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for i := range d.vectors {
		a, err := d.vectors[i].finish(d.rows)
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
	for i := range d.vectors {
		d.vectors[i].release()
	}
	d.clear()
}
