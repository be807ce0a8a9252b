package resources

import (
	"bytes"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server"
)

// Page is an answer's stream without the columns that are of the order alone. It notes
// where the page ends.
type Page struct {
	server.Stream
	of     *Statement
	schema *arrow.Schema
	batch  arrow.RecordBatch
	rows   int64
	last   []string // of the last row, in the items of the order; with a mark for NULL
	same   int64
	err    error
}

// Page makes the page of a statement's answer. Whoever releases it releases the answer.
func (s *Statement) Page(answer server.Stream) *Page {
	return &Page{Stream: answer, of: s, schema: catalog.ArrowSchema(s.Shown), same: s.from.Same, last: s.from.marked()}
}

// Marks of values in Page.last.
const isNull, isValue = "0", "1"

func (p Place) marked() []string {
	var out []string
	for _, v := range p.Values {
		if v == nil {
			out = append(out, isNull)
		} else {
			out = append(out, isValue+*v)
		}
	}
	return out
}

// Schema implements server.Stream.
func (p *Page) Schema() *arrow.Schema { return p.schema }

// Next implements server.Stream.
func (p *Page) Next() bool {
	p.drop()
	if p.err != nil || !p.Stream.Next() {
		return false
	}
	b := p.Stream.RecordBatch()
	if p.err = p.note(b); p.err != nil {
		return false
	}
	p.rows += b.NumRows()
	p.batch = array.NewRecordBatch(p.schema, b.Columns()[:len(p.of.Shown)], b.NumRows())
	return true
}

// note notes the place of a batch's last row.
func (p *Page) note(b arrow.RecordBatch) error {
	if b.NumRows() == 0 {
		return nil
	}
	values := make([]func([]byte, int) []byte, len(p.of.order))
	for k, o := range p.of.order {
		var err error
		if values[k], err = output.PlainText(b.Column(o.at)); err != nil {
			return err
		}
	}
	from := 0
	if p.of.unique { // then only the last one counts
		from = int(b.NumRows()) - 1
	}
	for i := from; i < int(b.NumRows()); i++ {
		equal := p.last != nil
		row := make([]string, len(p.of.order))
		for k, o := range p.of.order {
			if row[k] = isNull; !b.Column(o.at).IsNull(i) {
				row[k] = isValue + string(zeroed(values[k](nil, i), b.Column(o.at)))
			}
			equal = equal && row[k] == p.last[k]
		}
		if p.last = row; equal {
			p.same++
		} else {
			p.same = 1
		}
	}
	return nil
}

// zeroed writes the zero that has a sign without it: the order takes both for equal.
func zeroed(text []byte, of arrow.Array) []byte {
	if arrow.IsFloating(of.DataType().ID()) && bytes.HasPrefix(text, []byte("-0")) && len(bytes.Trim(text, "-0.")) == 0 {
		return text[1:]
	}
	return text
}

// RecordBatch implements server.Stream.
func (p *Page) RecordBatch() arrow.RecordBatch { return p.batch }

// Err implements server.Stream.
func (p *Page) Err() error {
	if p.err != nil {
		return p.err
	}
	return p.Stream.Err()
}

// Release implements server.Stream.
func (p *Page) Release() {
	p.drop()
	p.Stream.Release()
}

func (p *Page) drop() {
	if p.batch != nil {
		p.batch.Release()
		p.batch = nil
	}
}

// Full reports, once the stream has ended, whether there may be more rows.
func (p *Page) Full() bool { return p.rows == int64(p.of.request.Rows) }

// Place is where the page ended, once its stream has.
func (p *Page) Place() (Place, error) {
	if p.of.unpaged {
		return Place{}, errs.New(errs.NotSupported, "resources_no_order", nil)
	}
	at := Place{Same: p.same}
	for _, marked := range p.last {
		if marked == isNull {
			at.Values = append(at.Values, nil)
			continue
		}
		text := marked[len(isValue):]
		if !utf8.ValidString(text) {
			return Place{}, errs.New(errs.NotSupported, "resources_not_text", nil)
		}
		at.Values = append(at.Values, &text)
	}
	return at, nil
}
