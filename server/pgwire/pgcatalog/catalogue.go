// Package pgcatalog answers questions about pg_catalog and information_schema, as drivers
// and BI tools ask them: PostgreSQL's own relations, filled from a session's snapshot, in a
// DuckDB of their own that nothing else lives in. No source is touched, and what the
// session may not see is not there.
package pgcatalog

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// Bounds of what the catalogues take of the gateway.
const (
	mostKept    = 4         // catalogues at the same time, the one that was not asked for longest goes
	mostRunning = 2         // statements at the same time, one of each principal's
	mostWaiting = 64        // such that wait, and of each principal a quarter
	memoryBytes = 128 << 20 // of each catalogue
	mostBytes   = 16 << 20  // of an answer
	mostHeld    = 256 << 20 // of answers that were not all read yet, and of each principal an eighth
	mostTime    = 10 * time.Second
	batchRows   = 2048
	batchBytes  = 1 << 20
)

// Catalogues keeps the catalogues of snapshots. It may be used by many goroutines.
type Catalogues struct {
	zone    string // the session zone of statements, as of all others
	most    time.Duration
	command []string
	turns   *turns.Queue

	mu    sync.Mutex
	held  map[turns.Who]int64 // bytes of answers
	all   int64               // of these
	byKey map[string]*list.Element
	order *list.List // the one that was asked last in front
}

// entry is the catalogue of one snapshot for one user.
type entry struct {
	key  string
	uses int // guarded by Catalogues.mu
	gone bool
	free chan struct{} // holds something while nobody asks
	in   instance      // of whoever asks; nil until the first one does, and after it broke
}

// New makes an empty set of catalogues whose statements have a session zone. Each lives in
// a process of its own that a command starts, which is to call Serve; without a command in
// this one, where nothing stops a statement from taking memory. The caller closes it.
func New(zone string, command ...string) *Catalogues {
	return &Catalogues{zone: zone, most: mostTime, command: command, turns: turns.New(turns.Options{
		Running: turns.Most{All: mostRunning, Principal: 1}, Waiting: turns.Most{All: mostWaiting, Principal: mostWaiting / 4}, Patience: mostTime,
	}), held: map[turns.Who]int64{}, byKey: map[string]*list.Element{}, order: list.New()}
}

// Close frees the catalogues. Nothing may be asked any more.
func (c *Catalogues) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.order.Front(); e != nil; e = e.Next() {
		if kept, ok := e.Value.(*entry); ok && kept.in != nil {
			kept.in.close()
		}
	}
	c.order.Init()
	clear(c.byKey)
}

// Query answers a statement about the catalogue; false says that it is not one.
func (c *Catalogues) Query(ctx context.Context, s server.Session, f Facts, r server.Request) (*server.Answer, bool, error) {
	var answer *server.Answer
	mine, err := c.with(ctx, s, f, r.SQL, r.Params, func(ctx context.Context, st *statement) error {
		columns, err := columnsOf(st.stmt)
		if err != nil {
			return err
		}
		batches, bytes, err := st.in.rows(ctx)
		if err != nil {
			return err
		}
		rows := &stream{schema: catalog.ArrowSchema(columns), batches: batches, at: -1, free: func() { c.hold(who(s), -bytes) }}
		if !c.hold(who(s), bytes) {
			rows.Release()
			return errs.New(errs.ResultTooLarge, "pgwire_catalogue_large", nil)
		}
		for _, a := range st.sets {
			if err := f.Set(ctx, a.name, a.value, a.local); err != nil {
				rows.Release()
				return err
			}
		}
		answer = &server.Answer{ID: r.ID, Columns: columns, Stream: rows}
		return nil
	})
	return answer, mine, err
}

func who(s server.Session) turns.Who { return turns.Who{Agency: s.Agency, Principal: s.Principal} }

// hold counts the bytes of an answer that somebody holds, or gives back; false where it
// would be too many, but then they are counted all the same.
func (c *Catalogues) hold(by turns.Who, bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all += bytes
	if c.held[by] += bytes; c.held[by] == 0 {
		delete(c.held, by)
	}
	return c.all <= mostHeld && c.held[by] <= mostHeld/8
}

// Describe tells of a statement about the catalogue what its columns and parameters are;
// false says that it is not one.
func (c *Catalogues) Describe(ctx context.Context, s server.Session, f Facts, r server.Request) (*server.Described, bool, error) {
	d := &server.Described{}
	mine, err := c.with(ctx, s, f, r.SQL, nil, func(ctx context.Context, st *statement) (err error) {
		found := params(st.sql, st.stmt.Params)
		for _, p := range found {
			d.Params = append(d.Params, catalog.Column{Name: p.Name, Type: p.Type})
		}
		if len(found) > 0 {
			// DuckDB tells the columns only when it knows every parameter's type.
			if err := st.again(ctx, unsaid(len(found))); err != nil {
				return err
			}
		}
		d.Columns, err = columnsOf(st.stmt)
		return err
	})
	return d, mine, err
}

// with reads a statement and does something with it, if it is the catalogue's.
func (c *Catalogues) with(ctx context.Context, s server.Session, f Facts, sql string, values []server.Param, do func(context.Context, *statement) error) (bool, error) {
	if r := rewrite(sql, f, false); !r.ours && !r.asks {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.most)
	defer cancel()
	if err := c.turns.Enter(ctx, who(s), ""); err != nil {
		return true, err
	}
	defer c.turns.Leave(who(s))
	e := c.take(s, f)
	defer c.give(e)
	select {
	case <-e.free:
		defer func() { e.free <- struct{}{} }()
	case <-ctx.Done():
		return true, ctx.Err()
	}
	mine, err := e.ask(ctx, c, s, f, sql, values, do)
	if errors.Is(err, errGone) { // by nothing that this statement did
		mine, err = e.ask(ctx, c, s, f, sql, values, do)
	}
	if err != nil {
		err = failed(err)
	}
	return mine, err
}

// ask reads a statement and does something with it. Nobody else asks meanwhile.
func (e *entry) ask(ctx context.Context, c *Catalogues, s server.Session, f Facts, sql string, values []server.Param, do func(context.Context, *statement) error) (mine bool, err error) {
	if e.in == nil {
		if e.in, err = c.open(ctx, s, f); err != nil {
			return true, err
		}
	}
	defer func() {
		if e.in.gone() {
			e.in.close()
			e.in = nil
		}
	}()
	st := &statement{in: e.in, facts: f}
	if mine, err := st.read(ctx, sql); !mine || err != nil {
		return mine, err
	}
	if len(values) > 0 {
		if err := st.again(ctx, values); err != nil {
			return true, err
		}
	}
	return true, do(ctx, st)
}

// failed gives what a client hears of an error of DuckDB's. Its words may quote the
// statement alone: there is nothing else in there; but they are not PostgreSQL's.
func failed(err error) error {
	var of *duck.Error
	switch e := errs.From(err); {
	case e.Code != errs.Internal:
		return e
	case errors.As(err, &of) && of.Kind == duck.KindMemory:
		return errs.Wrap(errs.OutOfMemory, "out_of_memory", nil, err)
	case of != nil && missing(of.Message) != nil:
		return missing(of.Message)
	}
	return errs.Wrap(errs.NotSupported, "pgwire_catalogue", nil, err)
}

// take gives the catalogue of a session, to be given back.
func (c *Catalogues) take(s server.Session, f Facts) *entry {
	key := policy.OrDenied(s.Snapshot).Identity() + "\x00" + f.User + "\x00" + f.Database
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byKey[key]; known != nil {
		c.order.MoveToFront(known)
		if e, ok := known.Value.(*entry); ok {
			e.uses++
			return e
		}
	}
	e := &entry{key: key, uses: 1, free: make(chan struct{}, 1)}
	e.free <- struct{}{}
	c.byKey[key] = c.order.PushFront(e)
	for c.order.Len() > mostKept {
		c.drop(c.order.Back())
	}
	return e
}

// drop forgets a catalogue, which is closed once nobody uses it. The caller holds mu.
func (c *Catalogues) drop(element *list.Element) {
	e, ok := c.order.Remove(element).(*entry)
	if !ok {
		return
	}
	delete(c.byKey, e.key)
	e.gone = true
	if e.uses == 0 && e.in != nil {
		e.in.close()
	}
}

func (c *Catalogues) give(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.uses--; e.uses == 0 && e.gone && e.in != nil {
		e.in.close()
	}
}

// started is when this process was, near enough.
var started = time.Now().UTC().Format(time.RFC3339)

// open makes a catalogue.
func (c *Catalogues) open(ctx context.Context, s server.Session, f Facts) (instance, error) {
	o := opening{Zone: c.zone, User: f.User, Database: f.Database, Version: f.Version, Started: started, Tables: fill(policy.OrDenied(s.Snapshot), f)}
	defer o.release()
	if len(c.command) > 0 {
		return openWalled(ctx, o, c.command)
	}
	l, err := openLocal(ctx, o)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// stream gives rows that were read. It implements server.Stream.
type stream struct {
	schema  *arrow.Schema
	batches []arrow.RecordBatch
	at      int
	free    func() // once
}

func (s *stream) Schema() *arrow.Schema          { return s.schema }
func (s *stream) RecordBatch() arrow.RecordBatch { return s.batches[s.at] }
func (s *stream) Err() error                     { return nil }
func (s *stream) Warnings() []errs.Warning       { return nil }

func (s *stream) Next() bool {
	if s.at+1 >= len(s.batches) {
		return false
	}
	s.at++
	return true
}

func (s *stream) Release() {
	for _, b := range s.batches {
		b.Release()
	}
	s.batches = nil
	if s.free != nil {
		s.free()
		s.free = nil
	}
}
