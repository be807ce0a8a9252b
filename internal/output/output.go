// Package output writes a result, a stream of Arrow record batches, in the forms
// that people and programs read. It writes while rows arrive, keeps one batch and
// one buffer in memory, and makes a broken answer recognisable in every form.
//
// # Documents
//
// JSON is one object; rows are arrays, because two columns of a result may have
// the same name:
//
//	{"columns":[{"name":"id","type":"BIGINT"},{"name":"姓名","type":"VARCHAR"}],
//	"rows":[
//	["1","张三"],
//	["2",null]
//	],"row_count":2}
//
// A complete answer ends with row_count. One that broke off has, in its place, a
// last member "error" (see Problem). NDJSON has the same parts, one a line: an
// object with columns, an array per row, and a last object with row_count or error.
// A text that ends with neither was cut off on the way. Beside row_count stands what
// else is to be known (see Footer): warnings, an array of objects with code and title,
// truncated, why and the name of the next page, and sources, when which was read.
//
// CSV follows RFC 4180 with a header line. NULL is an empty field without quotes
// and the empty string is "", so a NULL in a result of one column is an empty
// line, which some readers leave out. CSV has no place for an error: Write returns
// it and the caller must abort the transfer.
//
// Arrow is an IPC stream. A broken one has no end marker; it ends within the head
// of a message, so that every reader reports an error even where the abort of the
// transfer is lost. In that head's place stands the problem as JSON, which ReasonIn
// finds. The caller aborts the transfer all the same.
//
// Parquet is a file in row groups of 128 Ki rows, or of 32 MiB of Arrow where that
// is less; the row group at hand is kept in memory. A broken one has no footer, without
// which no reader takes it. Columns have the types that they have in Arrow, but an
// INTERVAL is text, TIMESTAMP_S is in milliseconds, the fields of a STRUCT without
// names are called f1, f2, …, and a second column of a name gets _1 behind it.
//
// XLSX is a workbook of one sheet, the first line being the names. Whole numbers of up to
// 32 bits, FLOAT, DOUBLE and BOOLEAN are numbers and truth values there; all else is text
// as in CSV, stored in the cell itself, so that nothing is read as a formula and no digit
// is lost. NULL is an empty cell. A sheet has 1,048,575 rows below the names, 16,384
// columns and 32,767 characters a cell; an answer with more breaks off. A broken one has no
// table of contents, without which no program opens it.
//
// Table is for people. Its rows stream, however many there are: columns get the
// width of the first batch's values. On a terminal (Options.Width) texts are shortened
// to fit, with … at the end, or rows are written as records, a line a column; nothing
// else is ever cut off. NULL is NULL, the text of that name is "NULL" in quotes, and the
// empty text is empty. What steers a terminal is shown as escapes. Only a complete
// table is followed by the line with the number of rows.
//
// # Values
//
//	BOOLEAN                       true, false
//	TINYINT..INTEGER, U…          a JSON number
//	BIGINT, UBIGINT, HUGEINT      a JSON string of digits
//	DECIMAL(p,s)                  a JSON string with exactly s places: "-12.50"
//	FLOAT, DOUBLE                 a JSON number, always with a point or an exponent; "NaN", "Infinity", "-Infinity"
//	VARCHAR, UUID, JSON           a JSON string; JSON is not unpacked
//	BLOB                          base64 (RFC 4648, padded), in every form
//	DATE                          2024-02-29
//	TIME                          13:04:05.123456
//	TIMESTAMP…                    2024-02-29T13:04:05.123456 in JSON, with a space for T elsewhere
//	TIMESTAMP WITH TIME ZONE      the instant in UTC: …T05:04:05.123456Z in JSON, … 05:04:05.123456+00 elsewhere
//	INTERVAL                      ISO 8601: P1Y2M3DT4H5M6.000007S; each part has its own sign; nothing is PT0S
//	LIST                          an array
//	STRUCT                        an object; an array where a field has no name
//	MAP                           an array of [key, value], in the order stored
//
// A fraction of a second has no zeros at its end. Infinite dates and timestamps
// are infinity and -infinity; years outside of 0000 to 9999 are written as ISO
// 8601 does, with a sign and at least six digits, year 0 being 1 BC. CSV and Table write nested
// values as JSON. Bytes that are not UTF-8 become U+FFFD in JSON and in tables.
package output

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

// Form is a way to write a result. The zero Form is none.
type Form uint8

// The forms.
const (
	Table Form = iota + 1
	JSON
	NDJSON
	CSV
	Arrow
	Parquet
	XLSX
)

var forms = [...]struct{ name, contentType string }{
	Table:   {"table", "text/plain; charset=utf-8"},
	JSON:    {"json", "application/json"},
	NDJSON:  {"ndjson", "application/x-ndjson"},
	CSV:     {"csv", "text/csv; charset=utf-8; header=present"},
	Arrow:   {"arrow", "application/vnd.apache.arrow.stream"},
	Parquet: {"parquet", "application/vnd.apache.parquet"},
	XLSX:    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
}

func (f Form) String() string {
	if int(f) < len(forms) {
		return forms[f].name
	}
	return ""
}

// ContentType gives the value of the Content-Type header of a form; empty for none.
func ContentType(f Form) string {
	if int(f) < len(forms) {
		return forms[f].contentType
	}
	return ""
}

// IsBinary reports forms that are no text: a terminal must not get them.
func (f Form) IsBinary() bool { return f == Arrow || f == Parquet || f == XLSX }

// IsPacked reports forms that are compressed in themselves.
func (f Form) IsPacked() bool { return f == Parquet || f == XLSX }

// TellsItself reports forms with a place for an error: a broken answer says so in
// its text. The transfer of every other broken answer must be aborted.
func (f Form) TellsItself() bool { return f == JSON || f == NDJSON }

// ParseForm finds a form by its name, such as "ndjson".
func ParseForm(name string) (Form, bool) {
	for f := Table; f <= XLSX; f++ {
		if forms[f].name == name {
			return f, true
		}
	}
	return 0, false
}

// Stream is what is written; connectors.Stream has these methods. A batch is
// read only until the next call of Next.
type Stream interface {
	Schema() *arrow.Schema
	Next() bool
	RecordBatch() arrow.RecordBatch
	Err() error
}

// Options of one Write. Types is required.
type Options struct {
	Types []catalog.Type // of the columns: named in the header part and checked against the stream's schema
	// Flush is called while more rows are waited for, on a goroutine of its own, and after
	// the mark of a broken answer. The end of a whole one leaves with what the caller has
	// to write behind it. Nil where nothing buffers.
	Flush   func() error
	QueryID string   // put into the last error member
	Langs   []string // languages wanted for that member and for Notes
	// Notes is where, of a form whose text does not tell them, the lines below it go, with
	// rows, seconds and the times of sources; nil drops them.
	Notes io.Writer
	Width int // Table: the columns of the terminal that it is written to; 0 where it is none
	// Footer is asked once, after the last row of a whole answer, with the number of rows;
	// nil means that nothing else is to be known. JSON and NDJSON have a place for it, and
	// Table in Notes for the times of sources.
	Footer func(rows int64) server.Footer
	// Receipt is asked once, when all but it was handed to the writer, for the value of
	// the member receipt; nil means none. JSON and NDJSON have a place for it.
	Receipt func() ([]byte, error)
	Started time.Time // when the query was asked; zero means when Write was called
}

// Summary says what was written, also when Write failed.
type Summary struct {
	Rows  int64
	Bytes int64 // handed to the writer; 0 means that the caller can still answer in another way
}

// WriteError is a failure of the writer given to Write, not of the query: mostly
// a client that went away.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return "the answer could not be written" }
func (e *WriteError) Unwrap() error { return e.Err }

// bufferSize is how much is collected before it goes to the writer.
const bufferSize = 64 << 10

// firstBuffer holds the answer to a look-up by key; it grows for others.
const firstBuffer = 4 << 10

// Write writes the rows of s to w. It waits for the first batch before the first
// byte, so a query that fails early can still get an ordinary error answer: then
// the Summary has no bytes. An error of the stream is returned as it is, after
// the form's own mark of a broken answer was written; a failure of w or Flush is
// a *WriteError. Write does not release s.
func Write(ctx context.Context, w io.Writer, f Form, s Stream, o Options) (Summary, error) {
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	if err := checkSchema(s.Schema(), o.Types); err != nil {
		return Summary{}, err
	}
	out := &sink{w: w, flush: o.Flush, buf: make([]byte, 0, firstBuffer)}
	var (
		rows int64
		cut  int64
		err  error
	)
	switch f {
	case JSON:
		rows, err = writeRows(ctx, out, &jsonDocument{schema: s.Schema(), types: o.Types}, s, o)
	case NDJSON:
		rows, err = writeRows(ctx, out, &jsonLines{schema: s.Schema(), types: o.Types}, s, o)
	case CSV:
		rows, err = writeRows(ctx, out, &csvText{schema: s.Schema()}, s, o)
	case Table:
		t := newTable(s.Schema(), o.Width)
		rows, err = writeRows(ctx, out, t, s, o)
		cut = t.cut
	case Arrow:
		rows, err = writeArrow(ctx, out, s, o)
	case Parquet:
		rows, err = writeParquet(ctx, out, s)
	case XLSX:
		rows, err = writeXLSX(ctx, out, s)
	default:
		err = errs.Internalf("output form %d", f)
	}
	if err == nil && o.Notes != nil && !f.TellsItself() {
		err = note(o, o.footer(rows), cut)
	}
	return Summary{Rows: rows, Bytes: out.written}, err
}

// note writes the lines below a table.
func note(o Options, f server.Footer, cut int64) error {
	seconds := string(appendSeconds(nil, time.Since(o.Started)))
	line := msg.Text("output_rows", msg.Args{"Rows": f.Rows, "Seconds": seconds}, o.Langs...)
	if len(f.Sources) > 0 {
		line += "\n" + SourcesText(f.Sources, o.Langs...)
	}
	if cut > 0 {
		line += "\n" + msg.Text("output_cut", msg.Args{"Count": cut, "Mark": cutMark}, o.Langs...)
	}
	if _, err := io.WriteString(o.Notes, line+"\n"); err != nil {
		return &WriteError{err}
	}
	return nil
}

// rowForm writes the parts of a form that has rows. Each method appends to dst.
type rowForm interface {
	// bind prepares for the rows of a batch; it is called before head, unless there is no row at all.
	bind(b arrow.RecordBatch) error
	head(dst []byte) []byte
	row(dst []byte, i int) []byte
	tail(dst []byte, f Footer) []byte
	// broken writes the mark of an answer that is not complete.
	broken(dst []byte, p Problem) []byte
}

func writeRows(ctx context.Context, out *sink, form rowForm, s Stream, o Options) (int64, error) {
	var rows int64
	more, err := next(ctx, s)
	if err == nil && more {
		err = form.bind(s.RecordBatch())
	}
	if err != nil {
		return 0, err
	}
	out.buf = form.head(out.buf)
	for more && err == nil {
		b := s.RecordBatch()
		for i := range int(b.NumRows()) {
			out.buf = form.row(out.buf, i)
			if err := out.spill(); err != nil {
				return rows + int64(i), err
			}
		}
		rows += b.NumRows()
		if more, err = out.next(ctx, s); err == nil && more {
			err = form.bind(s.RecordBatch())
		}
	}
	var gone *WriteError
	if errors.As(err, &gone) {
		return rows, gone
	}
	if err != nil {
		return rows, out.breakOff(form, err, o)
	}
	_, members := form.(withMembers)
	foot := Footer{RowCount: rows}
	if members {
		foot = FooterOf(o.footer(rows), o.Langs...)
	}
	out.buf = form.tail(out.buf, foot)
	if members && o.Receipt != nil {
		if err := out.receipt(o.Receipt); err != nil {
			return rows, err
		}
	}
	return rows, out.empty()
}

// withMembers are forms that end with an object.
type withMembers interface{ endsWithObject() }

// ReceiptMember stands before the receipt of an answer in JSON or NDJSON. The receipt is
// over what stands before it.
const ReceiptMember = `,"receipt":`

const objectEnd = "}\n"

func (o Options) footer(rows int64) server.Footer {
	if o.Footer == nil {
		return server.Footer{Rows: rows}
	}
	return o.Footer(rows)
}

// breakOff writes the mark of an answer that is not complete, and gives the reason.
func (s *sink) breakOff(form rowForm, why error, o Options) error {
	s.buf = form.broken(s.buf, problemInside(why, o))
	if err := s.push(); err != nil {
		return err
	}
	return why
}

// receipt puts the member receipt into the object with which the answer ends.
func (s *sink) receipt(made func() ([]byte, error)) error {
	s.buf = s.buf[:len(s.buf)-len(objectEnd)]
	if err := s.empty(); err != nil {
		return err
	}
	text, err := made()
	if err != nil {
		return err
	}
	s.buf = append(append(append(s.buf, ReceiptMember...), text...), objectEnd...)
	return nil
}

// next moves to the next batch that has rows.
func next(ctx context.Context, s Stream) (bool, error) {
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !s.Next() {
			return false, s.Err()
		}
		if s.RecordBatch().NumRows() > 0 {
			return true, nil
		}
	}
}

// sink collects bytes and hands them to the writer.
type sink struct {
	w       io.Writer
	flush   func() error
	buf     []byte
	written int64
}

// spill hands over what was collected once that is worth a call.
func (s *sink) spill() error {
	if len(s.buf) < bufferSize {
		return nil
	}
	return s.empty()
}

// flushAfter is how long rows are kept for the next ones, or the end, to go with them.
const flushAfter = 2 * time.Millisecond

// next waits for the next batch. When that takes long, what was written leaves.
func (s *sink) next(ctx context.Context, stream Stream) (bool, error) {
	if server.AtEnd(stream) {
		return next(ctx, stream)
	}
	var (
		mu      sync.Mutex
		waiting = true
		failed  error
	)
	timer := time.AfterFunc(flushAfter, func() {
		mu.Lock()
		defer mu.Unlock()
		if waiting {
			failed = safego.Call(s.push)
		}
	})
	more, err := next(ctx, stream)
	timer.Stop()
	mu.Lock()
	defer mu.Unlock()
	if waiting = false; failed != nil {
		return false, failed
	}
	return more, err
}

// push hands over all and flushes.
func (s *sink) push() error {
	if err := s.empty(); err != nil {
		return err
	}
	if s.flush == nil {
		return nil
	}
	if err := s.flush(); err != nil {
		return &WriteError{err}
	}
	return nil
}

func (s *sink) empty() error {
	if len(s.buf) == 0 {
		return nil
	}
	n, err := s.w.Write(s.buf)
	s.written += int64(n)
	s.buf = s.buf[:0]
	if cap(s.buf) > 16*bufferSize {
		s.buf = make([]byte, 0, firstBuffer) // one huge cell must not stay in memory
	}
	if err != nil {
		return &WriteError{err}
	}
	return nil
}

// Write lets an encoder with a writer of its own, Arrow's, use the sink.
func (s *sink) Write(p []byte) (int, error) {
	if len(s.buf)+len(p) > bufferSize {
		if err := s.empty(); err != nil {
			return 0, err
		}
	}
	if len(p) < bufferSize {
		s.buf = append(s.buf, p...)
		return len(p), nil
	}
	n, err := s.w.Write(p)
	s.written += int64(n)
	if err != nil {
		return n, &WriteError{err}
	}
	return n, nil
}
