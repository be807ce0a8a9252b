// Package statements runs statements whose clients do not wait: each is begun, looked after
// and fetched by calls of their own. A result is kept for who asked and as long as what was
// open to them then still is.
package statements

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// Options of Statements. Querier and Dir are required.
type Options struct {
	Querier server.Querier
	Dir     string // of this run alone, mode 0700: where results are kept, encrypted
	// For is how long a statement is kept from when it was asked; 0 means DefaultFor.
	For time.Duration
	// Most is how many statements of a principal are kept, Each how many bytes of results
	// of a principal, All of all. 0 means the default.
	Most      int
	Each, All int64
}

// Defaults of Options.
const (
	DefaultFor  = 24 * time.Hour
	DefaultMost = 32
	DefaultEach = 1 << 30
	DefaultAll  = 4 << 30
)

// sweepEvery is how often it is looked whether results are still open to whose they are.
const sweepEvery = 5 * time.Second

// Statements keeps statements and their results. Close ends it.
type Statements struct {
	o     Options
	files files
	now   func() time.Time

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	swept  <-chan error
	runs   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	all    []*Statement // oldest first
}

// New begins with nothing. The caller closes it.
func New(o Options) *Statements {
	if o.For <= 0 {
		o.For = DefaultFor
	}
	if o.Most <= 0 {
		o.Most = DefaultMost
	}
	if o.Each <= 0 {
		o.Each = DefaultEach
	}
	if o.All <= 0 {
		o.All = DefaultAll
	}
	m := &Statements{o: o, now: time.Now}
	m.files = files{dir: o.Dir, each: o.Each, all: o.All, by: map[owner]int64{}}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.swept = safego.Run(func() error { return m.sweep(m.ctx) })
	return m
}

// owner is whose a statement is.
type owner struct{ principal, agency string }

func ownerOf(s server.Session) owner { return owner{s.Principal, s.Agency} }

// owns tells whether a statement is whose a session is. What a token that is limited did not
// ask itself is another's.
func owns(s server.Session, st *Statement) bool {
	return ownerOf(s) == ownerOf(st.session) && (s.Under == "" || s.Under == st.session.Under)
}

// Statement is one that was asked.
type Statement struct {
	ID      string
	Query   string // the query's id
	Purpose string
	Mode    catalog.Mode
	Asked   time.Time
	Until   time.Time // it is kept

	session server.Session // of when it was asked
	cancel  context.CancelCauseFunc
	ended   chan struct{} // closed when nothing of it runs any more

	mu     sync.Mutex
	status Status
	result *result // nil until it is whole
	gone   bool
}

// State is what has become of a statement.
type State string

// The states.
const (
	Running  State = "running" // or waiting for its turn
	Done     State = "done"
	Failed   State = "failed"
	Canceled State = "canceled"
)

// Status is how far a statement is.
type Status struct {
	State   State
	Columns []catalog.Column // nil as long as they are not known
	Rows    int64            // that came so far
	Bytes   int64            // that are kept of them
	Ended   time.Time
	Err     *errs.Error // of one that failed
}

// Submit begins a statement for a session. The error is an *errs.Error.
func (m *Statements) Submit(s server.Session, r server.Request) (*Statement, error) {
	now := m.now()
	st := &Statement{
		ID: rand.Text(), Query: r.ID, Purpose: s.Purpose, Mode: s.Mode, Asked: now, Until: now.Add(m.o.For),
		session: s, ended: make(chan struct{}), status: Status{State: Running},
	}
	var ctx context.Context
	ctx, st.cancel = context.WithCancelCause(m.ctx)
	if err := m.add(st); err != nil {
		st.cancel(nil)
		return nil, err
	}
	done := safego.Run(func() error {
		defer m.runs.Done()
		defer close(st.ended)
		defer st.cancel(nil)
		// A panic in there must look like a failed statement.
		err := safego.Call(func() error { return m.run(ctx, st, r) })
		st.end(ctx, err, m.now())
		return nil
	})
	_ = done // it never fails, and Close waits for runs
	return st, nil
}

func (m *Statements) add(st *Statement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errs.New(errs.Closing, "statements_closing", nil)
	}
	own := 0
	for _, of := range m.all {
		if ownerOf(of.session) == ownerOf(st.session) {
			own++
		}
	}
	if own >= m.o.Most {
		return errs.New(errs.QueueFull, "statements_many", msg.Args{"Most": m.o.Most})
	}
	m.all = append(m.all, st)
	m.runs.Add(1)
	return nil
}

// Find gives a statement by its ID, to ask under which session it can be had.
func (m *Statements) Find(id string) (*Statement, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.all, func(st *Statement) bool { return st.ID == id })
	if i < 0 {
		return nil, false
	}
	return m.all[i], true
}

// NotThere is the error of a statement that is another's, or of nobody.
func NotThere() *errs.Error { return errs.New(errs.UnknownName, "statements_not_there", nil) }

// May tells whether a session may have a statement: it is whose it is, and what was open to
// the one that asked is open to it; more may be. A statement of which that is not open to anybody any more
// is forgotten.
func (m *Statements) May(s server.Session, st *Statement) error {
	if !owns(s, st) || s.Purpose != st.Purpose || s.Mode != st.Mode {
		return NotThere()
	}
	if !policy.Opens(policy.OrDenied(s.Snapshot), policy.OrDenied(st.session.Snapshot)) {
		if st.session.Holds != nil && holds(st.session) == nil {
			return NotThere() // to another token of the principal less is open
		}
		m.Remove(st, errs.New(errs.Revoked, "policy_revoked", nil))
		return errs.New(errs.Revoked, "policy_revoked", nil)
	}
	if !m.now().Before(st.Until) {
		m.Remove(st, nil)
		return NotThere()
	}
	return nil
}

// Of lists the statements of a session's principal, for whatever purpose, oldest first; to a
// token that is limited those that it asked itself.
// Where nobody has to say who he is, nobody has any.
func (m *Statements) Of(s server.Session) []*Statement {
	m.mu.Lock()
	all := slices.Clone(m.all)
	m.mu.Unlock()
	return slices.DeleteFunc(all, func(st *Statement) bool {
		return s.Principal == "" || !owns(s, st) || holds(st.session) != nil || !m.now().Before(st.Until)
	})
}

// Remove ends a statement for a reason, nil being that whose it is wants it, waits until
// nothing of it runs any more, and forgets it with its result.
func (m *Statements) Remove(st *Statement, why *errs.Error) {
	if why == nil {
		why = errs.New(errs.Canceled, "canceled", nil)
	}
	st.cancel(why)
	<-st.ended
	st.drop(&m.files)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = slices.DeleteFunc(m.all, func(of *Statement) bool { return of == st })
}

// Close ends all that runs, and forgets everything.
func (m *Statements) Close() {
	m.mu.Lock()
	m.closed = true
	all := slices.Clone(m.all)
	m.mu.Unlock()
	m.cancel(errs.New(errs.Closing, "statements_closing", nil))
	m.runs.Wait()
	<-m.swept // it never fails
	for _, st := range all {
		m.Remove(st, nil)
	}
}

// sweep forgets, until ctx ends, what is too old or not open any more.
func (m *Statements) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			m.sweepOnce()
		}
	}
}

func (m *Statements) sweepOnce() {
	m.mu.Lock()
	all := slices.Clone(m.all)
	m.mu.Unlock()
	for _, st := range all {
		if err := holds(st.session); errs.CodeOf(err) == errs.Revoked || !m.now().Before(st.Until) {
			m.Remove(st, errs.From(err))
		}
	}
}

// holds tells whether everything that is open to a session is so still.
func holds(s server.Session) error {
	if s.Holds == nil {
		return nil
	}
	return s.Holds(policy.OrDenied(s.Snapshot).Resources())
}

// Holds tells whether a session that may have a statement may have it still.
func (m *Statements) Holds(s server.Session, st *Statement) error {
	if err := holds(s); err != nil {
		return err
	}
	if _, there := m.Find(st.ID); !there {
		return NotThere()
	}
	return nil
}

// Status tells how far the statement is.
func (st *Statement) Status() Status {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.status
}

// Ended is closed when nothing of the statement runs any more.
func (st *Statement) Ended() <-chan struct{} { return st.ended }

func (st *Statement) end(ctx context.Context, err error, at time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.status.Ended = at
	switch e := because(ctx, err); {
	case e == nil:
		st.status.State = Done
	case e.Code == errs.Canceled, e.Code == errs.Closing:
		st.status.State, st.status.Err = Canceled, e
	default:
		st.status.State, st.status.Err = Failed, e
	}
}

// because gives the reason for which a statement was ended, in the place of its own error.
func because(ctx context.Context, err error) *errs.Error {
	e := errs.From(err)
	if own, ok := context.Cause(ctx).(*errs.Error); ok && e != nil && e.Code == errs.Canceled {
		return own
	}
	return e
}

func (st *Statement) drop(f *files) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.result != nil {
		st.result.drop(f)
	}
	st.result, st.gone = nil, true
}
