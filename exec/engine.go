// Package exec runs plans: fragments at the sources, the residual in DuckDB, and
// Arrow batches out, with everything bounded, cancellable and freed.
package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy/tokenize"
)

// Options of an Engine. Zero values are the defaults named.
type Options struct {
	Sources      map[string]connectors.Source
	MemoryBytes  int64            // shared by the residuals that run at once; 1 GiB
	TempDir      string           // where residuals may spill; empty means they may not
	TempBytes    int64            // the most one residual may spill; 8 GiB
	TimeZone     string           // the session zone; UTC
	MaxRunning   int              // residuals at once; 4
	MaxQueued    int              // residuals that may wait; 64
	QueueTimeout time.Duration    // how long one may wait; 30 s
	Threads      int              // of one residual; the machine's cores
	Tokens       Tokenizers       // nil means that no tokens can be made
	Alloc        memory.Allocator // where batches live; memory.DefaultAllocator
}

// Tokenizers gives what makes the tokens of some agency, purpose and identifier.
type Tokenizers interface {
	Tokenizer(tokenize.Of) (*tokenize.Tokenizer, error)
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.MaxRunning, 4)
	def(&o.MaxQueued, 64)
	def(&o.Threads, runtime.NumCPU())
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 1 << 30
	}
	if o.TempBytes <= 0 {
		o.TempBytes = 8 << 30
	}
	if o.QueueTimeout <= 0 {
		o.QueueTimeout = 30 * time.Second
	}
	if o.Alloc == nil {
		o.Alloc = memory.DefaultAllocator
	}
	return o
}

// Batch sizes of an answer.
const (
	answerRows  = 64 << 10
	answerBytes = 3 << 19 // 1.5 MiB
)

// Engine runs plans. It may be used by many goroutines.
type Engine struct {
	o     Options
	pool  *pool
	turns *turns.Queue          // of residuals: each has its share of the memory
	temp  string                // this process's own folder in o.TempDir
	uses  map[string]*sourceUse // of o.Sources

	mu struct {
		sync.Mutex
		closed  bool
		running map[*Rows]bool
	}
	idle sync.WaitGroup // one for each of running
}

// Rows is an answer's stream. It is read by one goroutine, which releases it.
type Rows struct {
	source interface {
		Next() bool
		RecordBatch() arrow.RecordBatch
		Err() error
	}
	schema  *arrow.Schema
	project []int // columns of source's batches; nil means as they are
	batch   arrow.RecordBatch
	err     error
	failure func(error) error // finds the error behind DuckDB's
	scans   []*duck.Scan      // of the residual and of its stages, inner ones first
	ctx     context.Context
	cancel  context.CancelCauseFunc
	keys    map[*planner.Stream]*keySource // for whose keys others wait
	warners warners
	warned  []errs.Warning // of the warners, after a complete end
	measure *measure       // of Analyze; nil for an ordinary run
	counts  *measure       // of what the streams of an ordinary run give
	ended   bool           // the statement came to its end without an error
	free    []func()       // run in reverse order by Release
	once    sync.Once
	engine  *Engine
	plan    *planner.Plan

	released atomic.Bool
}

// shares leaves of the statements that use DuckDB at once, each of which may take as long as
// the gateway lets it, some to others than the principal who has many of them, and where
// there are enough to others than that principal's agency.
func shares(all int) turns.Most {
	m := turns.Most{All: all, Agency: all, Principal: (all + 1) / 2}
	if all > 3 {
		m.Agency = all - 1
	}
	return m
}

// New makes an engine and its folder for spilling, and removes what processes
// that are gone left there.
func New(o Options) (*Engine, error) {
	o = o.withDefaults()
	e := &Engine{o: o, turns: turns.New(turns.Options{Running: shares(o.MaxRunning), Waiting: turns.Most{All: o.MaxQueued}, Patience: o.QueueTimeout})}
	e.mu.running = map[*Rows]bool{}
	e.uses = map[string]*sourceUse{}
	for name := range o.Sources {
		e.uses[name] = &sourceUse{}
	}
	if o.TempDir != "" {
		if err := e.makeTemp(); err != nil {
			return nil, errs.Wrap(errs.ConfigInvalid, "temp_unusable", nil, err)
		}
	}
	d := duck.Options{
		Threads: o.Threads, MemoryBytes: max(o.MemoryBytes/int64(o.MaxRunning), 64<<20), TimeZone: o.TimeZone,
		TempDir: e.temp, Scans: true,
	}
	if e.temp != "" {
		d.TempBytes = o.TempBytes
	}
	e.pool = newPool(d, e.o.MaxRunning)
	return e, nil
}

const tempPrefix = "lianji-"

func (e *Engine) makeTemp() error {
	if err := os.MkdirAll(e.o.TempDir, 0o700); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(e.o.TempDir, tempPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		digits, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), tempPrefix), "-")
		pid, err := strconv.Atoi(digits)
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir) // left by a process that is gone; a failure costs disk only
		}
	}
	e.temp, err = os.MkdirTemp(e.o.TempDir, fmt.Sprintf("%s%d-", tempPrefix, os.Getpid()))
	return err
}

// Run starts a plan. The rows end with ctx; the caller releases them. Every
// error, here and in the rows, is an *errs.Error.
func (e *Engine) Run(ctx context.Context, p *planner.Plan) (*Rows, error) {
	return e.run(ctx, p, nil)
}

func (e *Engine) run(ctx context.Context, p *planner.Plan, m *measure) (*Rows, error) {
	r := &Rows{engine: e, measure: m, counts: &measure{streams: map[*planner.Stream]*measuredStream{}}}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	if !e.enter(r) {
		r.cancel(nil)
		return nil, errs.New(errs.Closing, "gateway_closing", nil)
	}
	var err error
	if p.Straight {
		err = r.straight(p)
	} else {
		err = r.residual(p)
	}
	if err != nil {
		text := r.refused(err, p)
		err = r.person(err)
		r.Release()
		if text != nil {
			return e.run(ctx, text, m)
		}
		return nil, err
	}
	r.plan = p
	return r, nil
}

// refused gives the plan to run instead of one whose text DuckDB did not take; nil
// for every other error. No row has been given by then.
func (r *Rows) refused(err error, p *planner.Plan) *planner.Plan {
	var not *notTaken
	if !errors.As(err, &not) || r.ctx.Err() != nil {
		return nil
	}
	text, err := p.ByText()
	if err != nil {
		return nil
	}
	return text
}

// notTaken is DuckDB's refusal to prepare a residual.
type notTaken struct{ err error }

func (e *notTaken) Error() string { return e.err.Error() }
func (e *notTaken) Unwrap() error { return e.err }

// Plan gives the plan that runs: the fallback of the one that was asked for, where
// DuckDB did not take its text.
func (r *Rows) Plan() *planner.Plan { return r.plan }

func (e *Engine) enter(r *Rows) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.closed {
		return false
	}
	e.mu.running[r] = true
	e.idle.Add(1)
	return true
}

func (e *Engine) leave(r *Rows) {
	e.mu.Lock()
	delete(e.mu.running, r)
	e.mu.Unlock()
	e.idle.Done()
}

var errClosing = errs.New(errs.Closing, "gateway_closing", nil)

// Close cancels what runs and waits until it was released, or until ctx ends:
// then it is an error that says how many queries were still open.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	e.mu.closed = true
	for r := range e.mu.running {
		r.cancel(errClosing)
	}
	e.mu.Unlock()
	done := make(chan struct{})
	waiter(&e.idle, done)
	select {
	case <-done:
	case <-ctx.Done():
		e.mu.Lock()
		n := len(e.mu.running)
		e.mu.Unlock()
		return errs.Internalf("%d queries were still open at the end", n)
	}
	e.pool.close()
	if e.temp != "" {
		_ = os.RemoveAll(e.temp) // emptied again at the next start
	}
	return nil
}

// Schema is known before the first batch.
func (r *Rows) Schema() *arrow.Schema { return r.schema }

// Err is nil while batches come and after a complete end.
func (r *Rows) Err() error { return r.err }

// RecordBatch is valid until the next call of Next or Release.
func (r *Rows) RecordBatch() arrow.RecordBatch { return r.batch }

// Release stops what still runs, waits for it and frees everything. It may be repeated.
func (r *Rows) Release() {
	r.once.Do(func() {
		r.cancel(nil)
		r.drop()
		for i := len(r.free) - 1; i >= 0; i-- {
			r.free[i]()
		}
		r.engine.leave(r)
		r.released.Store(true)
	})
}

func (r *Rows) drop() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}

// Place tells which place a statement has that waits for its share of the memory, from 1.
func (e *Engine) Place(who turns.Who, id string) (place int, waits bool) {
	return e.turns.Place(who, id)
}

// Waiting tells how many statements wait for their share of the memory.
func (e *Engine) Waiting() int { return e.turns.Waiting() }
