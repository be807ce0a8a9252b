// Package pgcatalog answers questions about pg_catalog and information_schema, as drivers
// and BI tools ask them: PostgreSQL's own relations, filled from a session's snapshot, in a
// DuckDB of their own that nothing else lives in. No source is touched, and what the
// session may not see is not there.
package pgcatalog

import (
	"container/list"
	"context"
	"strings"
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
	zone  string // the session zone of statements, as of all others
	turns *turns.Queue

	mu    sync.Mutex
	held  map[turns.Who]int64 // bytes of answers
	all   int64               // of these
	byKey map[string]*list.Element
	order *list.List // the one that was asked last in front
}

// entry is the catalogue of one snapshot for one user.
type entry struct {
	key   string
	uses  int // guarded by Catalogues.mu
	gone  bool
	ready sync.Mutex
	db    *duck.DB // guarded by ready until it is set
}

// New makes an empty set of catalogues whose statements have a session zone. The caller closes it.
func New(zone string) *Catalogues {
	return &Catalogues{zone: zone, turns: turns.New(turns.Options{
		Running: turns.Most{All: mostRunning, Principal: 1}, Waiting: turns.Most{All: mostWaiting, Principal: mostWaiting / 4}, Patience: mostTime,
	}), held: map[turns.Who]int64{}, byKey: map[string]*list.Element{}, order: list.New()}
}

// Close frees the catalogues. Nothing may be asked any more.
func (c *Catalogues) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.order.Front(); e != nil; e = e.Next() {
		if kept, ok := e.Value.(*entry); ok && kept.db != nil {
			kept.db.Close()
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
		batches, bytes, err := read(ctx, st.stmt)
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
		found := params(st.sql, st.stmt)
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
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	if err := c.turns.Enter(ctx, who(s), ""); err != nil {
		return true, err
	}
	defer c.turns.Leave(who(s))
	e := c.take(s, f)
	defer c.give(e)
	db, err := e.open(ctx, s, f, c.zone)
	if err != nil {
		return true, failed(err)
	}
	conn, err := db.Connect()
	if err != nil {
		return true, failed(err)
	}
	st := &statement{conn: conn, facts: f}
	defer st.close()
	if err := conn.Exec(ctx, "SET schema = 'pgc'"); err != nil {
		return true, failed(err)
	}
	if mine, err := st.read(ctx, sql); !mine || err != nil {
		return mine, err
	}
	if len(values) > 0 {
		if err := st.again(ctx, values); err != nil {
			return true, err
		}
	}
	if err := do(ctx, st); err != nil {
		return true, failed(err)
	}
	return true, nil
}

// failed gives what a client hears of an error of DuckDB's. Its words may quote the
// statement alone: there is nothing else in there; but they are not PostgreSQL's.
func failed(err error) error {
	e := errs.From(err)
	if e.Code != errs.Internal {
		return e
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
	e := &entry{key: key, uses: 1}
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
	if e.uses == 0 && e.db != nil {
		e.db.Close()
	}
}

func (c *Catalogues) give(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.uses--; e.uses == 0 && e.gone && e.db != nil {
		e.db.Close()
	}
}

// open makes the catalogue, the first time.
func (e *entry) open(ctx context.Context, s server.Session, f Facts, zone string) (*duck.DB, error) {
	e.ready.Lock()
	defer e.ready.Unlock()
	if e.db != nil {
		return e.db, nil
	}
	// The names and the types are put in before anybody's text is read.
	db, err := duck.Open(ctx, duck.Options{MemoryBytes: memoryBytes, TimeZone: zone, Scans: true})
	if err != nil {
		return nil, err
	}
	if err := build(ctx, db, policy.OrDenied(s.Snapshot), f); err != nil {
		db.Close()
		return nil, err
	}
	e.db = db
	return db, nil
}

func build(ctx context.Context, db *duck.DB, s policy.Snapshot, f Facts) error {
	conn, err := db.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	said := strings.NewReplacer("lianji_session('version')", literal(f.Version), "lianji_session('database')", literal(f.Database))
	for _, sql := range []string{"CREATE SCHEMA pgc; CREATE SCHEMA isc;", relationsSQL, typesSQL, namesSQL, registeredSQL} {
		if err := conn.Exec(ctx, said.Replace(sql)); err != nil {
			return err
		}
	}
	if err := fill(ctx, conn, s, f); err != nil {
		return err
	}
	return conn.Exec(ctx, said.Replace(filledSQL))
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
