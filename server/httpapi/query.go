package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/listen"
)

// ask is one request for rows while it is being answered.
type ask struct {
	door  *door
	w     http.ResponseWriter
	r     *http.Request
	id    string
	form  output.Form
	start time.Time
	sum   output.Summary
	trace string // the id of the trace by which the statement is followed; empty when it is not
}

func (d *door) query(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	q.log(q.answer())
}

// answer runs the statement and writes its rows, or the error in the way that is
// left. The error that it returns is for the log.
func (q *ask) answer() error {
	form, err := formOf(q.r)
	if err != nil {
		return q.problem(err)
	}
	q.form = form
	a, err := read(q.w, q.r)
	if err != nil {
		return q.refused(q.asker("", ""), err)
	}
	if a.mode == catalog.Online && !form.TellsItself() {
		return q.refused(q.asker(a.purpose, a.mode), errs.New(errs.NotAcceptable, "http_online_form", nil))
	}
	a.ID, a.Pages, a.TraceID = q.id, a.mode == catalog.Online, &q.trace
	ctx := q.r.Context()
	var session server.Session
	asker := q.asker(a.purpose, a.mode)
	// A panic in there must look like a failed query, not like a dropped connection.
	err = safego.Call(func() error {
		session, err = q.session(a, &asker)
		return err
	})
	if err != nil {
		return q.refused(asker, err)
	}
	var answer *server.Answer
	err = safego.Call(func() error {
		stop := q.tellPlace(session)
		defer stop()
		answer, err = q.door.Querier.Query(ctx, session, a.Request)
		return err
	})
	if err != nil {
		return q.problem(err)
	}
	defer answer.Stream.Release()
	q.id = answer.ID
	err = safego.Call(func() error { return q.write(ctx, answer) })
	var gone *output.WriteError
	switch {
	case err == nil, errors.As(err, &gone):
		return err
	case q.sum.Bytes == 0:
		return q.problem(err)
	}
	if !form.TellsItself() {
		// Nothing may be left of the query when the client learns of its end.
		answer.Stream.Release()
		return errors.Join(err, abort(q.w))
	}
	return err
}

// formOf chooses the answer's form: by format in the address, for programs that
// cannot set headers, else by Accept.
func formOf(r *http.Request) (output.Form, error) {
	asked, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, invalid("http_format", nil)
	}
	names, given := asked["format"]
	if !given {
		if form, ok := output.ParseAccept(strings.Join(r.Header.Values("Accept"), ",")); ok {
			return form, nil
		}
		return 0, errs.New(errs.NotAcceptable, "http_not_acceptable", nil)
	}
	form, ok := output.ParseForm(names[0])
	if len(names) > 1 || !ok || !output.IsOffered(form) {
		return 0, invalid("http_format", nil)
	}
	return form, nil
}

// refused answers a request whose statement was not looked at, and says so to who
// keeps account of that.
func (q *ask) refused(by server.Asker, err error) error {
	if q.door.Refused != nil {
		if by.Token == "" {
			by.Token, _ = bearer(q.r) // it may tell who it was
		}
		told := safego.Call(func() error {
			return q.door.Refused(q.r.Context(), server.Refusal{Asker: by, Query: q.id, Code: errs.CodeOf(err)})
		})
		err = errors.Join(err, told)
	}
	return q.problem(err)
}

func (q *ask) asker(purpose string, mode catalog.Mode) server.Asker {
	host, _, _ := net.SplitHostPort(q.r.RemoteAddr)
	return server.Asker{Purpose: purpose, Mode: mode, Door: "http", Client: host, Certificate: listen.Shown(q.r.TLS)}
}

// session finds whose statement it is, and fills in who asks.
func (q *ask) session(a asked, by *server.Asker) (_ server.Session, err error) {
	if q.door.Session == nil {
		return server.Session{Snapshot: policy.Denied{}, Purpose: a.purpose}, nil
	}
	if err = who(q.r, a.body, by); err != nil {
		return server.Session{}, err
	}
	s, err := q.door.Session(q.r.Context(), *by)
	if err != nil {
		return s, err
	}
	if err = seated(q.r.Context(), s.Principal); err != nil {
		return server.Session{}, err
	}
	s.Door, s.Mode, s.Client = by.Door, by.Mode, by.Client
	return s, nil
}

func (q *ask) write(ctx context.Context, answer *server.Answer) (err error) {
	types := make([]catalog.Type, len(answer.Columns))
	for i, c := range answer.Columns {
		types[i] = c.Type
	}
	h := q.w.Header()
	h.Set("Content-Type", output.ContentType(q.form))
	h.Set(QueryIDHeader, q.id)
	h.Add("Vary", "Accept, Accept-Language")
	if !q.form.TellsItself() {
		h.Add("Trailer", FooterTrailer)
		if answer.Receipt != nil {
			h.Add("Trailer", ReceiptTrailer)
		}
	}
	out := q.codedFor(q.form)
	defer out.free()
	o := output.Options{Types: types, Flush: out.Flush, QueryID: q.id, Langs: languages(q.r), Started: q.start, Footer: answer.Footer}
	var w io.Writer = out
	if answer.Receipt != nil {
		w = &summed{out, answer.Receipt}
		o.Receipt = answer.Receipt.Make
	}
	q.sum, err = output.Write(ctx, w, q.form, answer.Stream, o)
	if err == nil || q.form.TellsItself() {
		err = out.end(err)
	}
	if err == nil && !q.form.TellsItself() && answer.Receipt != nil {
		err = q.receipt(answer.Receipt)
	}
	if err == nil && !q.form.TellsItself() && h.Get(ReceiptTrailer) == "" {
		h.Set(FooterTrailer, output.FooterLine(answer.Footer(q.sum.Rows), "", languages(q.r)...))
	}
	return err
}

// summed writes an answer's bytes, and hands those that were taken to its receipt.
type summed struct {
	w   io.Writer
	sum io.Writer
}

func (s *summed) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	_, _ = s.sum.Write(p[:n]) // it never fails
	return n, err
}

// maxReceipt is the longest receipt that a trailer takes: readers keep all trailers in
// a buffer of 4 KiB.
const maxReceipt = 3 << 10

// receipt puts the receipt behind an answer that has no place for it.
func (q *ask) receipt(r server.Receipt) error {
	text, err := r.Make()
	if err != nil {
		return err
	}
	if len(text) > maxReceipt {
		return errs.New(errs.NotSupported, "http_receipt_long", nil)
	}
	q.w.Header().Set(ReceiptTrailer, string(text))
	return nil
}

// problem answers with an error instead of rows, and returns it.
func (q *ask) problem(err error) error {
	var own *errs.Error
	if errs.CodeOf(err) == errs.Canceled && errors.As(context.Cause(q.r.Context()), &own) {
		err = own // what ended the statement: the gateway that closes
	}
	p := output.ProblemOf(err, q.id, languages(q.r)...)
	if errs.CodeOf(err) == errs.Unauthenticated {
		q.w.Header().Set("WWW-Authenticate", "Bearer")
	}
	var r *refused
	if errors.As(err, &r) {
		p.Status = r.status
	}
	h := q.w.Header()
	h.Del("Vary")
	h.Del("Trailer")
	h.Set(QueryIDHeader, q.id)
	rc := http.NewResponseController(q.w)
	if e := rc.SetWriteDeadline(time.Now().Add(q.door.ClientWait)); e != nil {
		return errors.Join(err, e)
	}
	writeProblem(q.w, p)
	return err
}

func (q *ask) log(err error) {
	code, level := "ok", slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("id", q.id), slog.String("form", q.form.String()),
		slog.Int64("rows", q.sum.Rows), slog.Int64("bytes", q.sum.Bytes), slog.Duration("took", time.Since(q.start).Round(time.Microsecond)),
	}
	var gone *output.WriteError
	switch {
	case errors.As(err, &gone):
		if code = "client_gone"; errs.CodeOf(gone.Err) == errs.ClientSlow {
			code, level = string(errs.ClientSlow), slog.LevelWarn
		}
	case err != nil:
		e := errs.From(err)
		code, level = string(e.Code), slog.LevelWarn
		attrs = append(attrs, slog.Any("error", err))
	}
	attrs = tracing.Attr(append(attrs, slog.String("code", code)), q.trace)
	q.door.Logger.LogAttrs(context.WithoutCancel(q.r.Context()), level, "query", attrs...)
}

// abort closes the connection without the mark that ends an answer in chunks: the
// client sees that it is not whole. What was written before has been flushed.
func abort(w http.ResponseWriter) error {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	return conn.Close()
}
