package pgwire

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server/pgwire/command"
)

// copyOut answers COPY .. TO STDOUT.
func (c *conn) copyOut(ctx context.Context, p *portal) error {
	o := p.command.CopyOptions
	query := &portal{sql: p.command.SQL, offset: -1, query: p.query, params: p.params}
	if p.offset >= 0 && p.command.Offset >= 0 {
		query.offset = p.offset + p.command.Offset
	}
	if inner, err := command.Parse(query.sql); err != nil || inner.Kind != command.None {
		return c.located(errs.New(errs.ReadOnly, "pgwire_cursor_query", nil), p.offset)
	}
	if c.asker.Mode == catalog.Online {
		return c.located(errs.New(errs.NotAllowed, "pgwire_copy_online", nil), p.offset)
	}
	if err := c.open(ctx, query); err != nil {
		c.release(query, err)
		return &asked{err, query.query, query.offset}
	}
	w := &copyWriter{CopyOptions: o, c: c}
	if err := w.force(query.columns); err != nil {
		c.release(query, err)
		return &asked{err, query.query, -1}
	}
	var formats []int16
	if o.Format == command.BinaryFormat {
		formats = []int16{1}
	}
	codes := make([]uint16, len(query.columns))
	for i := range codes {
		codes[i] = uint16(formatOf(formats, i))
	}
	c.send(&pgproto3.CopyOutResponse{OverallFormat: byte(formatOf(formats, 0)), ColumnFormatCodes: codes})
	names := make([][]byte, len(query.columns))
	for i, column := range query.columns {
		names[i] = []byte(column.Name)
	}
	if err := w.head(names); err != nil {
		return &brokenError{err}
	}
	n, err := c.fetch(ctx, query, 0, formats, w.row)
	if err != nil {
		return err // without CopyDone the client knows that it is not whole
	}
	if o.Format == command.BinaryFormat {
		c.send(&pgproto3.CopyData{Data: append(w.first, 0xff, 0xff)})
	}
	c.send(&pgproto3.CopyDone{})
	c.send(&pgproto3.CommandComplete{CommandTag: []byte("COPY " + strconv.Itoa(n))})
	return nil
}

// copyWriter writes rows in a form of COPY, a message for each.
type copyWriter struct {
	command.CopyOptions
	c     *conn
	buf   []byte
	first []byte // what goes before the next row
	// quoted says of each column whether its values are in quotes whatever they are.
	quoted []bool
}

// force finds the columns that FORCE_QUOTE names.
func (w *copyWriter) force(columns []catalog.Column) error {
	w.quoted = slices.Repeat([]bool{w.ForceQuote}, len(columns))
	for _, name := range w.Forced {
		at := slices.IndexFunc(columns, func(c catalog.Column) bool { return strings.EqualFold(c.Name, name) })
		switch {
		case at < 0:
			return state("42703", errs.UnknownName, "pgwire_copy_column", msg.Args{"Name": shortName(name)})
		case w.quoted[at]:
			return state("42701", errs.RequestInvalid, "pgwire_copy_twice", msg.Args{"Name": shortName(name)})
		}
		w.quoted[at] = true
	}
	return nil
}

// binaryHead begins a COPY in binary: signature, no flags, no extension.
var binaryHead = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)

func (w *copyWriter) head(names [][]byte) error {
	switch {
	case w.Format == command.BinaryFormat:
		w.first = binaryHead // it leaves with what follows, as readers expect it
	case w.Header:
		quoted := w.quoted
		w.quoted = make([]bool, len(names)) // names are quoted where they have to be alone
		err := w.row(names)
		w.quoted = quoted
		return err
	}
	return nil
}

func (w *copyWriter) row(values [][]byte) error {
	w.buf = append(w.buf[:0], w.first...)
	w.first = nil
	if w.Format == command.BinaryFormat {
		w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(len(values)))
	}
	for i, v := range values {
		switch w.Format {
		case command.BinaryFormat:
			if v == nil {
				w.buf = binary.BigEndian.AppendUint32(w.buf, 0xffffffff)
				continue
			}
			w.buf = append(binary.BigEndian.AppendUint32(w.buf, uint32(len(v))), v...)
			continue
		case command.CSVFormat:
			w.separate(i)
			w.csv(v, w.quoted[i], len(values) == 1)
		default:
			w.separate(i)
			w.text(v)
		}
	}
	if w.Format != command.BinaryFormat {
		w.buf = append(w.buf, '\n')
	}
	w.c.send(&pgproto3.CopyData{Data: w.buf})
	return w.c.in.Flush()
}

func (w *copyWriter) separate(i int) {
	if i > 0 {
		w.buf = append(w.buf, w.Delimiter)
	}
}

// text writes a value of the form text, in which a backslash hides what would end it.
func (w *copyWriter) text(v []byte) {
	if v == nil {
		w.buf = append(w.buf, w.Null...)
		return
	}
	const from, to = "\b\f\n\r\t\v", "bfnrtv"
	for _, b := range v {
		if i := bytes.IndexByte([]byte(from), b); i >= 0 {
			w.buf = append(w.buf, '\\', to[i])
			continue
		}
		if b == '\\' || b == w.Delimiter {
			w.buf = append(w.buf, '\\')
		}
		w.buf = append(w.buf, b)
	}
}

// csv writes a field. One that looks like NULL is in quotes; so is \. alone in a line,
// which ends the data for older readers.
func (w *copyWriter) csv(v []byte, quote, alone bool) {
	if v == nil {
		w.buf = append(w.buf, w.Null...)
		return
	}
	quote = quote || string(v) == w.Null || alone && string(v) == `\.`
	for _, b := range v {
		quote = quote || b == w.Delimiter || b == w.Quote || b == '\n' || b == '\r'
	}
	if !quote {
		w.buf = append(w.buf, v...)
		return
	}
	w.buf = append(w.buf, w.Quote)
	for _, b := range v {
		if b == w.Quote || b == w.Escape {
			w.buf = append(w.buf, w.Escape)
		}
		w.buf = append(w.buf, b)
	}
	w.buf = append(w.buf, w.Quote)
}
