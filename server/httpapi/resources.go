package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/resources"
)

// mostPage is the most bytes of a page of a resource in its form: it is put together
// before it leaves, so that an answer is whole or an error.
const mostPage = 16 << 20

// resource answers a page of one resource.
func (d *door) resource(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	q.log(q.resource())
}

func (q *ask) resource() error {
	form, err := formOf(q.r)
	if err != nil {
		return q.problem(err)
	}
	q.form = form
	wanted, err := resources.Parse(q.r.PathValue("code"), q.r.URL.RawQuery)
	if err != nil {
		return q.refused(q.asker("", catalog.Interface), notThere(err))
	}
	nonce, err := nonceOf(q.r)
	if err != nil {
		return q.refused(q.asker(wanted.Purpose, catalog.Interface), err)
	}
	a := asked{purpose: wanted.Purpose, mode: catalog.Interface, Request: server.Request{ID: q.id, Nonce: nonce, Traceparent: traceparent(q.r), TraceID: &q.trace}}
	asker := q.asker(a.purpose, a.mode)
	var session server.Session
	var statement *resources.Statement
	// A panic in there must look like a failed query, not like a dropped connection.
	err = safego.Call(func() (err error) {
		if session, err = q.session(a, &asker); err != nil {
			return err
		}
		var from resources.Place
		if wanted.Page != "" {
			name := wanted.Code
			if wanted, from, err = q.door.pages.Open(session, wanted); err != nil {
				return stated(session, name, err)
			}
		}
		statement, err = statementOf(session, wanted, from)
		return err
	})
	if err != nil {
		return q.refused(asker, notThere(err))
	}
	a.SQL, a.Params = statement.SQL, statement.Params
	var answer *server.Answer
	err = safego.Call(func() error {
		stop := q.tellPlace(session)
		defer stop()
		answer, err = q.door.Querier.Query(q.r.Context(), session, a.Request)
		return err
	})
	if err != nil {
		return q.problem(unplaced(statement.Refused(err)))
	}
	defer answer.Stream.Release()
	q.id = answer.ID
	var body bytes.Buffer
	err = safego.Call(func() error { return q.page(&body, answer, statement, wanted, session) })
	if err != nil {
		var full *output.WriteError
		if errors.As(err, &full) {
			err = errs.New(errs.ResultTooLarge, "resources_large", msg.Args{"MiB": mostPage >> 20})
		}
		return q.problem(unplaced(err))
	}
	// The sources have no part in how fast the client reads.
	answer.Stream.Release()
	q.w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	out := q.codedFor(q.form)
	defer out.free()
	if _, err := body.WriteTo(out); err != nil {
		return &output.WriteError{Err: err}
	}
	return out.end(nil)
}

// nonceOf gives the nonce in a request's header, empty where it has none.
func nonceOf(r *http.Request) (string, error) {
	sent := r.Header.Values(NonceHeader)
	if len(sent) > 1 {
		return "", invalid("http_nonce_twice", nil)
	}
	return r.Header.Get(NonceHeader), nil
}

// statementOf makes the statement of a page.
func statementOf(s server.Session, wanted resources.Request, from resources.Place) (*resources.Statement, error) {
	of, err := granted(s, wanted)
	if err != nil {
		return nil, err
	}
	if of.Away != nil {
		return nil, server.Discreet(s, errs.From(of.Away))
	}
	return wanted.Statement(of, from)
}

// granted gives the resource that is asked for. What is not there reads like what is not open.
func granted(s server.Session, wanted resources.Request) (*policy.Resource, error) {
	if of, ok := resources.Find(s.Snapshot, wanted.Code); ok {
		return of, nil
	}
	if err := policy.Unavailable(policy.OrDenied(s.Snapshot), wanted.Path()); err != nil {
		return nil, server.Discreet(s, errs.From(err))
	}
	return nil, stated(s, wanted.Code, errs.New(errs.UnknownName, "resources_unknown", msg.Args{"Name": wanted.Code}))
}

// stated says that a purpose was forgotten where somebody gets something unknown without
// one, whether it would be there for a purpose or not.
func stated(s server.Session, code string, err error) error {
	if errs.CodeOf(err) == errs.UnknownName && s.Principal != "" && s.Purpose == "" {
		return errs.New(errs.UnknownName, "resources_no_purpose", msg.Args{"Name": code})
	}
	return err
}

// page writes a page of a resource and its headers.
func (q *ask) page(body *bytes.Buffer, answer *server.Answer, statement *resources.Statement, wanted resources.Request, session server.Session) (err error) {
	page := statement.Page(answer.Stream)
	var next string
	var failed error
	types := make([]catalog.Type, len(statement.Shown))
	for i, c := range statement.Shown {
		types[i] = c.Type
	}
	h := q.w.Header()
	langs := languages(q.r)
	more := func() bool {
		if !page.Full() || failed != nil {
			return false
		}
		var at resources.Place
		if at, failed = page.Place(); failed == nil {
			next, failed = q.door.pages.Name(session, wanted, at)
		}
		return failed == nil
	}
	foot := func(rows int64) server.Footer {
		isCut := more()
		f := answer.Footer(rows)
		if isCut {
			f.Cut, f.NextPage = server.ResourcePage, next
		}
		return f
	}
	o := output.Options{Types: types, QueryID: q.id, Langs: langs, Started: q.start, Footer: foot}
	w := &bounded{Buffer: body}
	var out io.Writer = w
	if answer.Receipt != nil {
		out = &summed{w, answer.Receipt}
		o.Receipt = answer.Receipt.Make
	}
	if q.sum, err = output.Write(q.r.Context(), out, q.form, page, o); err != nil {
		return err
	}
	if !q.form.TellsItself() {
		f := foot(q.sum.Rows)
		f.NextPage = "" // it has a header of its own
		h.Set(FooterTrailer, output.FooterLine(f, "", langs...))
		if answer.Receipt != nil {
			if err := q.receipt(answer.Receipt); err != nil {
				return err
			}
		}
	}
	if failed != nil {
		return failed
	}
	if next != "" {
		h.Set(resources.NextPageHeader, next)
	}
	h.Set("Content-Type", output.ContentType(q.form))
	h.Set(QueryIDHeader, q.id)
	h.Add("Vary", "Accept, Accept-Language")
	return nil
}

// bounded takes no more than a page may have.
type bounded struct{ *bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > mostPage {
		return 0, errs.New(errs.ResultTooLarge, "resources_large", msg.Args{"MiB": mostPage >> 20})
	}
	return b.Buffer.Write(p)
}

// notThere gives the status for what an address names and nobody has.
func notThere(err error) error {
	if errs.CodeOf(err) == errs.UnknownName {
		return &refused{http.StatusNotFound, errs.From(err)}
	}
	return err
}

// unplaced takes the place out of an error: it is one in a statement that nobody wrote.
func unplaced(err error) error {
	e := *errs.From(err)
	e.Pos = nil
	return &e
}

// safeHost is a Host that can stand in an address in any language.
var safeHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// describeResources answers with the description of what a principal may read, or of one
// resource of that.
func (d *door) describeResources(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	by := q.asker("", catalog.Interface)
	var text []byte
	err := safego.Call(func() error {
		wanted, err := resources.ParseDescribed(r.PathValue("code"), r.URL.RawQuery)
		if err != nil {
			return err
		}
		by.Purpose = wanted.Purpose
		s, err := q.session(asked{purpose: wanted.Purpose, mode: catalog.Interface}, &by)
		if err != nil {
			return err
		}
		list := policy.OrDenied(s.Snapshot).Resources()
		if wanted.Code != "" {
			of, err := granted(s, wanted)
			if err != nil {
				return err
			}
			list = []*policy.Resource{of}
		}
		base := ""
		if safeHost.MatchString(r.Host) {
			if base = "http://" + r.Host; r.TLS != nil {
				base = "https://" + r.Host
			}
		}
		text, err = resources.Describe(list, base, wanted.Purpose)
		return err
	})
	if err != nil {
		q.log(q.refused(by, notThere(err)))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away needs no answer.
	_, _ = w.Write(text)
}
