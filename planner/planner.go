// Package planner turns a statement into a plan: it passes the gate, is bound
// over empty stubs of what the session may see, and is split into one fragment
// for each table reference and the rest for DuckDB.
package planner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/tokenize"
)

// catalogPrefix begins the name of the in-memory catalogue that each table
// reference has to itself, in the binder and in the executor: reference 3 of
// 公安.人口 is _lianji_ref_3.公安.人口 there.
const catalogPrefix = "_lianji_ref_"

// MaxReferences is how many table references one statement may hold.
const MaxReferences = 256

// Planner plans statements. It may be used by many goroutines.
type Planner struct {
	binder  Binder
	dialect func(source string) dialect.Dialect
	limits  gate.Limits
	off     map[string]bool // rules that are left out
	byText  bool            // every statement runs by the fallback
	keys    keyLimits       // when keys are sent to sources
	cache   cache
}

// Without gives a planner that leaves rules out, by their names, or KeysRule: an
// answer must not depend on any of them.
func (p *Planner) Without(names ...string) *Planner {
	q := New(p.binder, p.dialect)
	q.keys = p.keys
	q.off = map[string]bool{}
	for _, n := range names {
		q.off[n] = true
	}
	return q
}

// ByText gives a planner that uses the fallback for every statement, a second
// opinion on what the tree answers.
func (p *Planner) ByText() *Planner {
	q := New(p.binder, p.dialect)
	q.byText = true
	return q
}

// New makes a planner. dialectOf gives a source's dialect, nil for one to which
// nothing can be sent.
func New(b Binder, dialectOf func(source string) dialect.Dialect) *Planner {
	return &Planner{binder: b, dialect: dialectOf, keys: usualKeys}
}

// CacheUse tells how many statements were found in the plan cache, and how many were not.
func (p *Planner) CacheUse() (hits, misses int64) {
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	return p.cache.hits, p.cache.misses
}

// Param is a statement's parameter.
type Param struct {
	Name string       // of $name, or its number in digits
	Type catalog.Type // in which its value is wanted
	// Cast is set where DuckDB converts the value itself, from text: the type's spelling.
	Cast string
	// List is the type of a list, whose values go to DuckDB as text: ListValue makes them.
	// Invalid for all others.
	List catalog.Type
	zone *time.Location // of the session; nil where an instant needs an offset
}

// Statement is a statement that passed the gate and was bound: everything that
// does not depend on its parameters' values.
type Statement struct {
	Columns  []catalog.Column // of the result
	Params   []Param
	refs     []*reference
	lookups  []*reference   // tables in which guards look values up: policy's, and nobody is told of them
	text     string         // names each reference in a catalogue of its own
	longest  map[string]int // of parameters' texts in bytes, by their numbers in digits; none for any length
	raw      object         // the plan as DuckDB wrote it, checked
	planner  *Planner
	bound    *ir.Plan               // before any rule; nil when the tree cannot hold it
	logical  *ir.Plan               // after the rules that need no values; nil for the fallback
	fallback string                 // why logical is nil, in words
	fired    []string               // early rules that changed the tree
	guards   map[int]*ir.Plan       // by reference; nil where nothing is between table and session
	tokens   map[string]tokenize.Of // that the guards make, by their handles
	// planBytes is the length of the plan as DuckDB wrote it, a measure of what the
	// statement holds.
	planBytes int

	textOnce sync.Once // over what the fallback needs, when it does
	textRead *textReading
	textErr  error

	readsOnce sync.Once // over what the statement does with its resources
	reads     []Read
}

// Logical gives the statement's tree as it was bound, before any rule, or nil and
// the reason why it runs by the fallback.
func (s *Statement) Logical() (*ir.Plan, string) { return s.bound, s.fallback }

// reference is one place of a statement that names a table.
type reference struct {
	number   int // from 1
	resource *policy.Resource
	schema   string // in its catalogue, as written
	name     string
	prefix   string // what stood before schema and name, with its dot: the source in direct mode
	spool    bool   // the text says that DuckDB may read it more than once
}

func (r *reference) catalog() string { return fmt.Sprintf("%s%d", catalogPrefix, r.number) }

// Options of one Prepare.
type Options struct {
	// Declared gives the type that the client declared for the parameter of that name
	// (the digits of a numbered one); Invalid where it declared none. It may be nil.
	Declared func(name string) catalog.Type
	// Exact tells which of these types are the values' own: no other one is tried. It may be nil.
	Exact func(name string) bool
	// Samples are the parameters' values as text, when known: a parameter whose
	// type cannot be told otherwise gets one that fits.
	Samples []string
}

// Prepare passes a SELECT through the gate and binds it against a snapshot. A
// statement that was prepared before, with the same text, types and snapshot, is
// given again: it is shared, and immutable.
// Every error is an *errs.Error; one that has a place points into sql.
func (p *Planner) Prepare(ctx context.Context, sql string, snapshot policy.Snapshot, o Options) (*Statement, error) {
	snapshot = policy.OrDenied(snapshot)
	key := cacheKey{text: sql, identity: snapshot.Identity(), settings: p.binder.Settings()}
	if s := p.cache.get(key, o); s != nil {
		return s, nil
	}
	params, err := sqltext.Params(sql)
	if err != nil {
		return nil, errs.From(err)
	}
	b := &binding{planner: p, snapshot: snapshot, user: sql, tokens: params, options: o}
	s, err := b.run(ctx)
	if err != nil {
		return nil, err
	}
	s.planner = p
	p.cache.put(key, b, s)
	return s, nil
}

// widths answers the gate's question how many columns a table has.
type widths struct{ snapshot policy.Snapshot }

// Columns implements gate.Widths.
func (w widths) Columns(path []string) (int, bool) {
	r, ok := w.snapshot.Resolve(path)
	if !ok {
		return 0, false
	}
	return len(r.Columns), true
}

// Spliced gives the text that the binder saw: each table reference in a catalogue of
// its own, parameters in their casts.
func (s *Statement) Spliced() string { return s.text }
