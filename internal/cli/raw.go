package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
)

// asItComes tells whether the gateway's own answer is written, byte for byte, and not one
// that is made here of its rows: a receipt is over these bytes, and on-line browsing has
// no other form.
func (f queryFlags) asItComes() bool { return f.receipt != "" || f.mode == string(catalog.Online) }

// queryRaw writes the gateway's own answer.
func (c *command) queryRaw(ctx context.Context, w io.Writer, f queryFlags, form output.Form, argument string) error {
	if err := f.check(); err != nil {
		return err
	}
	r := server.Request{Page: f.page, Nonce: f.nonce}
	if f.page == "" {
		var err error
		if r.SQL, err = c.statement(argument); err != nil {
			return err
		}
		if r.Params, err = parseParams(f.params); err != nil {
			return err
		}
	}
	cl, err := c.client(f)
	if err != nil {
		return err
	}
	defer cl.http.CloseIdleConnections()
	p := c.newProgress()
	if p != nil {
		cl.placed = p.placed
	}
	p.start(time.Now())
	defer p.stop()
	if err := c.copyAnswer(ctx, w, f, form, cl, r, p); err != nil {
		var unwritten *output.WriteError
		var wrong *errs.Error
		if errors.As(err, &unwritten) || errors.As(err, &wrong) && wrong.Code == errs.Usage {
			return err
		}
		return &failed{err: err, sql: r.SQL}
	}
	return nil
}

func (c *command) copyAnswer(ctx context.Context, w io.Writer, f queryFlags, form output.Form, cl *client, r server.Request, p *progress) error {
	started := time.Now()
	sent, a := form, &rawAnswer{w: p.beforeAnswer(w)}
	var shown bytes.Buffer // of a table, which is made here
	if form == output.Table {
		sent, a.w = output.JSON, &shown
	}
	res, err := cl.post(ctx, r, sent)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if _, err := io.Copy(a, res.Body); err != nil {
		var unwritten *output.WriteError
		if errors.As(err, &unwritten) {
			return err
		}
		s := &remoteStream{ctx: ctx, id: res.Header.Get(httpapi.QueryIDHeader), tail: a.tail[max(len(a.tail)-output.ReasonTail, 0):]}
		return s.broken(err)
	}
	p.stop()
	if p, ok := a.problem(sent); ok {
		return errs.New(p.Code, "cli_broken_for", msg.Args{"Text": p.Title, "Query": res.Header.Get(httpapi.QueryIDHeader)})
	}
	if form == output.Table {
		if err := c.showTable(ctx, w, shown.Bytes(), started); err != nil {
			return err
		}
	}
	if next := a.nextPage(); f.mode == string(catalog.Online) && next != "" {
		c.say(c.text("cli_next_page", msg.Args{"Page": next}))
	}
	if f.receipt == "" {
		return nil
	}
	text := res.Trailer.Get(httpapi.ReceiptTrailer)
	if sent.TellsItself() {
		text = a.receipt()
	}
	if text == "" {
		return errs.New(errs.SourceFailed, "cli_no_receipt", nil)
	}
	if err := os.WriteFile(f.receipt, []byte(text+"\n"), 0o600); err != nil {
		return cannotWrite(f.receipt, err)
	}
	c.say(c.text("cli_receipt", msg.Args{"File": f.receipt, "Nonce": f.nonce}))
	return nil
}

// post sends a request and gives the response, which is an answer in the form.
func (cl *client) post(ctx context.Context, r server.Request, form output.Form) (*http.Response, error) {
	body, err := json.Marshal(cl.body(r))
	if err != nil {
		return nil, errs.From(err)
	}
	res, kind, err := cl.send(ctx, body, form)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK || kind != mediaType(form) {
		return nil, closing(cl.problem(res, kind, r.SQL), res.Body.Close)
	}
	return res, nil
}

func mediaType(form output.Form) string {
	kind, _, _ := strings.Cut(output.ContentType(form), ";")
	return kind
}

// rawTail is more than an answer has from its last row on.
const rawTail = 64 << 10

// rawAnswer writes an answer's bytes, and keeps the last of them.
type rawAnswer struct {
	w    io.Writer
	tail []byte
}

func (a *rawAnswer) Write(b []byte) (int, error) {
	a.tail = append(a.tail, b...)
	if over := len(a.tail) - rawTail; over > rawTail {
		a.tail = append(a.tail[:0], a.tail[over:]...)
	}
	n, err := a.w.Write(b)
	if err != nil {
		return n, &output.WriteError{Err: err}
	}
	return n, nil
}

// problem gives the error with which an answer in JSON or NDJSON ends.
func (a *rawAnswer) problem(form output.Form) (p output.Problem, ok bool) {
	const member = `"error":`
	at := bytes.LastIndex(a.tail, []byte(member))
	if at < 0 || !form.TellsItself() {
		return p, false
	}
	d := json.NewDecoder(bytes.NewReader(a.tail[at+len(member):]))
	if d.Decode(&p) != nil || p.Code.HTTP() == 0 {
		return p, false
	}
	rest := a.tail[at+len(member)+int(d.InputOffset()):]
	return p, string(bytes.TrimSpace(rest)) == "}"
}

var nextPage = regexp.MustCompile(`,"next_page":"([A-Z2-7]+)"`)

func (a *rawAnswer) nextPage() string {
	found := nextPage.FindAllSubmatch(a.tail, -1)
	if len(found) == 0 {
		return ""
	}
	return string(found[len(found)-1][1])
}

// receipt gives what stands behind an answer in JSON or NDJSON.
func (a *rawAnswer) receipt() string {
	at := bytes.LastIndex(a.tail, []byte(output.ReceiptMember))
	if at < 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSpace(string(a.tail[at+len(output.ReceiptMember):])), "}")
}

// showTable shows an answer in JSON as a table, each value in its text.
func (c *command) showTable(ctx context.Context, w io.Writer, answer []byte, started time.Time) error {
	var a struct {
		Columns []struct{ Name string } `json:"columns"`
		Rows    [][]json.RawMessage     `json:"rows"`
		output.Footer
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return errs.Wrap(errs.SourceFailed, "cli_broken", msg.Args{"Query": ""}, err)
	}
	columns := make([]catalog.Column, len(a.Columns))
	for i, col := range a.Columns {
		columns[i] = catalog.Column{Name: col.Name, Type: catalog.Type{Kind: catalog.Text}}
	}
	schema := catalog.ArrowSchema(columns)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, row := range a.Rows {
		for i := range columns {
			text := b.Field(i).(*array.StringBuilder)
			var s string
			switch {
			case i >= len(row) || string(row[i]) == "null":
				text.AppendNull()
			case json.Unmarshal(row[i], &s) == nil:
				text.Append(s)
			default:
				text.Append(string(row[i]))
			}
		}
	}
	stream := &shownRows{schema: schema, batch: b.NewRecordBatch()}
	foot := func(rows int64) server.Footer { return server.Footer{Rows: rows, Sources: a.Times()} }
	if _, err := output.Write(ctx, w, output.Table, stream, output.Options{Types: types(columns), Langs: c.langs, Notes: c.Stderr, Started: started, Width: terminalWidth(w), Footer: foot}); err != nil {
		return err
	}
	for _, warned := range a.Warnings {
		c.say(c.text("cli_warning", msg.Args{"Code": string(warned.Code), "Text": warned.Title}))
	}
	return nil
}

// shownRows is a stream of one batch.
type shownRows struct {
	schema *arrow.Schema
	batch  arrow.RecordBatch
	given  bool
}

func (s *shownRows) Schema() *arrow.Schema          { return s.schema }
func (s *shownRows) RecordBatch() arrow.RecordBatch { return s.batch }
func (s *shownRows) Err() error                     { return nil }
func (s *shownRows) Next() bool {
	first := !s.given && s.batch.NumRows() > 0
	s.given = true
	return first
}
