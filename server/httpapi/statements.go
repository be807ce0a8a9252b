package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/statements"
)

// StatementColumn is a column of a statement's result.
type StatementColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Statement is a statement whose client does not wait, as the door shows it.
type Statement struct {
	ID      string            `json:"id"`
	QueryID string            `json:"query_id"`
	State   string            `json:"state"`
	Place   int               `json:"place,omitempty"` // in the queue, from 1, while it waits for its turn
	Purpose string            `json:"purpose,omitempty"`
	Mode    string            `json:"mode"`
	Asked   string            `json:"asked"`
	Ended   string            `json:"ended,omitempty"`
	Until   string            `json:"until"`
	Columns []StatementColumn `json:"columns,omitempty"`
	Rows    int64             `json:"rows"`
	Bytes   int64             `json:"bytes"`
	Error   *output.Problem   `json:"error,omitempty"`
}

// shown writes a statement for its own principal.
func (d *door) shown(st *statements.Statement, r *http.Request, s server.Session) Statement {
	is := st.Status()
	out := Statement{
		ID: st.ID, QueryID: st.Query, State: string(is.State), Purpose: st.Purpose, Mode: string(st.Mode),
		Asked: stamp(st.Asked), Ended: stamp(is.Ended), Until: stamp(st.Until), Rows: is.Rows, Bytes: is.Bytes,
	}
	for _, c := range is.Columns {
		out.Columns = append(out.Columns, StatementColumn{c.Name, c.Type.DuckDB()})
	}
	if q, ok := d.Querier.(server.Queue); ok && is.State == statements.Running {
		out.Place, _ = q.Place(s, st.Query)
	}
	if is.Err != nil {
		p := output.ProblemOf(is.Err, st.Query, languages(r)...)
		out.Error = &p
	}
	return out
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// statements answers what is asked of all statements of a principal: to begin one, and to
// list them.
func (d *door) statements(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	if d.Statements == nil {
		refuse(w, r, http.StatusNotFound, errs.New(errs.RequestInvalid, "http_not_found", nil))
		return
	}
	if r.Method == http.MethodPost {
		q.log(q.submit())
		return
	}
	q.log(q.listed())
}

func (q *ask) submit() error {
	a, err := read(q.w, q.r)
	if err == nil && a.mode == catalog.Online {
		err = invalid("statements_online", nil)
	}
	if err == nil && a.Nonce != "" {
		err = invalid("statements_nonce", nil)
	}
	if err != nil {
		return q.refused(q.asker("", ""), err)
	}
	a.ID = q.id
	asker := q.asker(a.purpose, a.mode)
	var session server.Session
	err = safego.Call(func() (err error) {
		session, err = q.session(a, &asker)
		return err
	})
	if err != nil {
		return q.refused(asker, err)
	}
	st, err := q.door.Statements.Submit(session, a.Request)
	if err != nil {
		return q.problem(err)
	}
	q.w.Header().Set("Location", "/v1/statements/"+st.ID)
	return q.object(http.StatusAccepted, q.door.shown(st, q.r, session))
}

func (q *ask) object(status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return q.problem(errs.From(err))
	}
	h := q.w.Header()
	h.Set("Content-Type", "application/json")
	h.Add("Vary", "Accept-Language")
	q.w.WriteHeader(status)
	// A client that has gone away needs no answer.
	_, _ = q.w.Write(append(text, '\n'))
	return nil
}

// listed answers with the statements of whoever asks, whatever they are for, without what
// their results have.
func (q *ask) listed() error {
	asker := q.asker("", catalog.Interface)
	out := []Statement{}
	err := safego.Call(func() error {
		s, err := q.session(asked{mode: catalog.Interface}, &asker)
		if err != nil {
			return err
		}
		for _, st := range q.door.Statements.Of(s) {
			one := q.door.shown(st, q.r, s)
			one.Columns = nil
			out = append(out, one)
		}
		return nil
	})
	if err != nil {
		return q.refused(asker, err)
	}
	return q.object(http.StatusOK, map[string]any{"statements": out})
}

// own gives the statement that the address names, and the session that may have it.
func (q *ask) own() (st *statements.Statement, s server.Session, err error) {
	if q.door.Statements == nil {
		return nil, s, statements.NotThere()
	}
	asker := q.asker("", catalog.Interface)
	st, there := q.door.Statements.Find(q.r.PathValue("id"))
	if there {
		asker.Purpose, asker.Mode = st.Purpose, st.Mode
	}
	err = safego.Call(func() error {
		if s, err = q.session(asked{purpose: asker.Purpose, mode: asker.Mode}, &asker); err != nil {
			return err
		}
		if !there {
			return statements.NotThere()
		}
		return q.door.Statements.May(s, st)
	})
	return st, s, err
}

// lost answers for a statement that cannot be had.
func (q *ask) lost(err error) error {
	switch errs.CodeOf(err) {
	case errs.Revoked:
		err = &refused{http.StatusGone, errs.From(err)}
	case errs.Unauthenticated, errs.StoreFailed, errs.Internal, errs.QueueFull:
	default: // as for a purpose that the token is not for
		err = notThere(statements.NotThere())
	}
	return q.refused(q.asker("", catalog.Interface), err)
}

// statement answers how far one is, or ends it.
func (d *door) statement(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	st, s, err := q.own()
	switch {
	case err != nil:
		q.log(q.lost(err))
	case r.Method == http.MethodDelete:
		d.Statements.Remove(st, nil)
		w.WriteHeader(http.StatusNoContent)
	default:
		_ = q.object(http.StatusOK, d.shown(st, r, s))
	}
}

// result answers with the rows of a statement that is done.
func (d *door) result(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	q.log(q.result())
}

func (q *ask) result() error {
	form, err := formOf(q.r)
	if err != nil {
		return q.problem(err)
	}
	q.form = form
	from, rows, err := rangeOf(q.r)
	if err != nil {
		return q.problem(err)
	}
	st, s, err := q.own()
	if err != nil {
		return q.lost(err)
	}
	answer, err := st.Result(s, from, rows)
	if err != nil {
		if errs.CodeOf(err) == errs.Conflict {
			q.w.Header().Set("Retry-After", "1")
		}
		return q.problem(notThere(err))
	}
	defer answer.Stream.Release()
	q.id = st.Query
	err = safego.Call(func() error { return q.write(q.r.Context(), answer) })
	var gone *output.WriteError
	switch {
	case err == nil, errors.As(err, &gone):
		return err
	case q.sum.Bytes == 0:
		return q.problem(err)
	case form.TellsItself():
		return err
	}
	return errors.Join(err, abort(q.w))
}

// rangeOf reads which rows of a result are asked for: from one on, counted from 0, and at
// most so many, 0 being all.
func rangeOf(r *http.Request) (from, rows int64, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, 0, invalid("resources_query", nil)
	}
	for name, sent := range values {
		n, err := strconv.ParseInt(sent[0], 10, 64)
		switch {
		case len(sent) > 1:
			return 0, 0, invalid("resources_twice", msg.Args{"Name": name})
		case name == "format":
		case name == "from" && err == nil && n >= 0:
			from = n
		case name == "rows" && err == nil && n > 0:
			rows = n
		default:
			return 0, 0, invalid("statements_range", msg.Args{"Name": name})
		}
	}
	return from, rows, nil
}

// Times of events: how often it is looked for progress, and how long there is silence.
const (
	progressEvery = 250 * time.Millisecond
	silence       = 15 * time.Second
)

// mostFollow is how many follow a statement in events at the same time.
const mostFollow = 8

// followers counts them.
type followers struct {
	mu sync.Mutex
	of map[*statements.Statement]int
}

// come notes one more, and gives what it does when it leaves; false beyond the bound.
func (f *followers) come(st *statements.Statement) (leave func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[st] >= mostFollow {
		return nil, false
	}
	if f.of == nil {
		f.of = map[*statements.Statement]int{}
	}
	f.of[st]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.of[st]--; f.of[st] == 0 {
			delete(f.of, st)
		}
	}, true
}

// events tells, in server-sent events, how far a statement is until it has ended.
func (d *door) events(w http.ResponseWriter, r *http.Request) {
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	st, s, err := q.own()
	if err != nil {
		q.log(q.lost(err))
		return
	}
	leave, ok := d.followers.come(st)
	if !ok {
		e := errs.New(errs.QueueFull, "statements_followed", msg.Args{"Most": mostFollow})
		e.RetryAfter = turns.RetryAfter
		q.log(q.problem(e))
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	out := newPatient(w, d.ClientWait)
	// A client that has gone away needs no answer.
	_ = q.tell(st, s, out)
}

func (q *ask) tell(st *statements.Statement, s server.Session, out *patient) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	last, told := "", time.Now()
	for {
		ended := false
		select {
		case <-st.Ended():
			ended = true
		default:
		}
		text, err := json.Marshal(q.door.shown(st, q.r, s))
		if err != nil {
			return err
		}
		line := ""
		switch {
		case ended:
			line = "event: end\ndata: " + string(text) + "\n\n"
		case string(text) != last:
			line = "event: progress\ndata: " + string(text) + "\n\n"
		case time.Since(told) > silence:
			line = ":\n\n"
		}
		if last = string(text); line != "" {
			told = time.Now()
			if _, err := out.Write([]byte(line)); err != nil {
				return err
			}
			if err := out.Flush(); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		select {
		case <-q.r.Context().Done():
			return nil
		case <-st.Ended():
		case <-tick.C:
		}
		if q.door.Statements.Holds(s, st) != nil { // it is revoked or removed
			_, _ = out.Write([]byte("event: end\ndata: {}\n\n"))
			return nil
		}
	}
}
