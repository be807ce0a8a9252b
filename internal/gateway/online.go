package gateway

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// What on-line browsing shows of an answer at a time is no more than a person's eyes take
// in, whatever was packed into its rows: rows, and bytes of their values as text.
const (
	onlineRows  = 50
	onlineBytes = 256 << 10
)

// What is read ahead of a first page, so that further ones can be shown: nothing of the
// statement runs any more then.
const (
	aheadRows  = 19 * onlineRows
	aheadBytes = 4 << 20
)

// browsed limits the answer of a session in the mode online to one page. What comes after
// it is given to keep, which gives the name by which it can be asked for; nil keeps none.
func browsed(s server.Session, a *server.Answer, keep func(*rest) string) *server.Answer {
	if s.Mode != catalog.Online {
		return a
	}
	p := &page{Stream: a.Stream, left: onlineRows, keep: keep}
	a.Stream, a.Truncated = p, func() bool { return p.more }
	a.NextPage = func() string { return p.next }
	return a
}

// rest is what was read of an answer after the page that is shown.
type rest struct {
	batches []arrow.RecordBatch // in memory of their own
	rows    int64
	bytes   int64
	cut     bool // the answer has still more rows
}

// add copies rows of a batch, from one on, as far as there is room.
func (r *rest) add(batch arrow.RecordBatch, from int64) error {
	to := min(batch.NumRows(), from+aheadRows-r.rows)
	if to < batch.NumRows() {
		r.cut = true
	}
	columns := make([]arrow.Array, batch.NumCols())
	for i, c := range batch.Columns() {
		part := array.NewSlice(c, from, to)
		own, err := array.Concatenate([]arrow.Array{part}, memory.DefaultAllocator)
		part.Release()
		if err != nil {
			return err
		}
		columns[i] = own
		r.bytes += int64(own.Data().SizeInBytes())
	}
	r.batches = append(r.batches, array.NewRecordBatch(batch.Schema(), columns, to-from))
	r.rows += to - from
	return nil
}

func (r *rest) full() bool { return r.cut || r.rows >= aheadRows || r.bytes >= aheadBytes }

// page gives the first rows of a stream, and looks whether there are more.
type page struct {
	server.Stream
	left  int64
	keep  func(*rest) string // nil where nobody can ask for more
	more  bool
	next  string
	ended bool // at the page's end, not the stream's
	slice arrow.RecordBatch
	bytes int64
	large error // more than onlineBytes
}

// Next implements server.Stream.
func (p *page) Next() bool {
	if p.large != nil || !p.step() {
		return false
	}
	if p.bytes += textBytes(p.RecordBatch()); p.bytes > onlineBytes {
		p.large = errs.New(errs.NotAllowed, "output_online_large", msg.Args{"KiB": onlineBytes >> 10})
		p.Release()
		return false
	}
	return true
}

// textBytes adds up the texts of a page's values.
func textBytes(b arrow.RecordBatch) (n int64) {
	for _, c := range b.Columns() {
		for i := range c.Len() {
			n += int64(len(c.ValueStr(i)))
		}
	}
	return n
}

func (p *page) step() bool {
	if p.slice != nil {
		p.ahead(p.left) // of the batch at hand so many rows were shown
		p.drop()
		return false
	}
	for !p.ended {
		if p.left == 0 {
			p.ahead(0)
			return false
		}
		if !p.Stream.Next() {
			return false
		}
		batch := p.Stream.RecordBatch()
		rows := batch.NumRows()
		switch {
		case rows == 0:
			continue
		case rows > p.left:
			p.slice = batch.NewSlice(0, p.left)
			p.more = true
			return true
		}
		p.left -= rows
		return true
	}
	return false
}

// ahead reads on behind the page, from a row of the batch at hand on when that is not 0,
// and ends what still runs at the sources. Where that fails there is no further page.
func (p *page) ahead(from int64) {
	r, ok := &rest{}, true
	if from > 0 && p.keep != nil {
		ok = r.add(p.Stream.RecordBatch(), from) == nil
	}
	for ok && (p.keep == nil || !r.full()) {
		if p.keep == nil && p.more || !p.Stream.Next() {
			break
		}
		if p.Stream.RecordBatch().NumRows() == 0 {
			continue
		}
		if p.more = true; p.keep != nil {
			ok = r.add(p.Stream.RecordBatch(), 0) == nil
		}
	}
	if r.full() && !r.cut {
		r.cut = p.Stream.Next() && p.Stream.RecordBatch().NumRows() > 0
	}
	if p.keep != nil && ok && r.rows > 0 && p.Stream.Err() == nil {
		p.next = p.keep(r)
	}
	p.ended = true
	p.Stream.Release()
}

// RecordBatch implements server.Stream.
func (p *page) RecordBatch() arrow.RecordBatch {
	if p.slice != nil {
		return p.slice
	}
	return p.Stream.RecordBatch()
}

// Err implements server.Stream.
func (p *page) Err() error {
	if p.large != nil {
		return p.large
	}
	if p.ended {
		return nil
	}
	return p.Stream.Err()
}

// Release implements server.Stream.
func (p *page) Release() {
	p.drop()
	p.Stream.Release()
}

func (p *page) drop() {
	if p.slice != nil {
		p.slice.Release()
		p.slice = nil
	}
}
