// Package duckscan lends places on a DuckDB instance and streams statements from
// them: what the connectors for DuckDB's own files and for plain files share.
package duckscan

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Idle is how long an instance stays open after its last user: while it is, no
// other program can write a DuckDB file, and opening one takes some 15 ms.
const Idle = 2 * time.Second

// Options say what a Pool serves.
type Options struct {
	Source string // the source's name, for errors
	Places int    // scans at the same time
	// Open makes an instance; its errors are *errs.Error.
	Open func(ctx context.Context) (*duck.DB, error)
	// Stale, when set, is asked while nobody uses the instance: true has it opened anew.
	Stale func() bool
	// Before, when set, runs before the statement of each scan, for each table that it reads.
	Before func(ctx context.Context, in Instance, table catalog.TableID) error
	// Explain, when set, reads an error of DuckDB first; nil leaves it to this package.
	Explain func(ctx context.Context, in Instance, f connectors.Fragment, e *duck.Error) error
}

// Instance is an open instance as the pool's users see it.
type Instance struct {
	DB   *duck.DB
	Conn *duck.Conn // of the place; of use until the place is given back
}

// Pool lends places. Its methods may be called at the same time.
type Pool struct {
	o      Options
	places *semaphore.Weighted
	ctx    context.Context // ends with Close
	end    context.CancelFunc

	mu     sync.Mutex // held while an instance is opened or closed, too
	now    *instance  // nil when none is open
	timer  *time.Timer
	closed bool
}

// instance is an open DuckDB with its users: places and calls of With.
type instance struct {
	db    *duck.DB
	users int
}

// New makes a pool. Its owner closes it.
func New(o Options) *Pool {
	p := &Pool{o: o, places: semaphore.NewWeighted(int64(o.Places))}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

// Acquire reserves n places in the order of asking, all together. The error is
// an *errs.Error: SourceBusy when there are fewer than n in all.
func (p *Pool) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	if n < 1 || n > p.o.Places {
		return nil, errs.New(errs.SourceBusy, "source_busy", msg.Args{"Source": p.o.Source})
	}
	run, done := p.bound(ctx)
	defer done()
	if err := p.places.Acquire(run, int64(n)); err != nil {
		return nil, p.ended(ctx)
	}
	conns := make([]connectors.Conn, 0, n)
	for range n {
		c, err := p.newConn(run)
		if err != nil {
			for _, c := range conns {
				c.Release()
			}
			p.places.Release(int64(n - len(conns)))
			return nil, p.failure(ctx, err)
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// With runs fn on a connection that is no place, for what must not wait behind
// scans. Its error is an *errs.Error.
func (p *Pool) With(ctx context.Context, fn func(ctx context.Context, in Instance) error) error {
	run, done := p.bound(ctx)
	defer done()
	in, c, err := p.connect(run)
	if err != nil {
		return p.failure(ctx, err)
	}
	defer p.leave(in)
	defer c.Close()
	return p.failure(ctx, fn(run, Instance{in.db, c}))
}

// Close ends the scans that run and lets no other begin. An instance that is in
// use closes with its last user. It may be repeated.
func (p *Pool) Close() {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.stopTimer()
	if p.now != nil && p.now.users == 0 {
		p.now.db.Close()
		p.now = nil
	}
}

// bound gives a context that ends with ctx and with the pool.
func (p *Pool) bound(ctx context.Context) (context.Context, func()) {
	run, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.ctx, cancel)
	if p.ctx.Err() != nil { // AfterFunc would cancel a little later
		cancel()
	}
	return run, func() { stop(); cancel() }
}

// connect enters the instance, opening one when there is none. The caller closes
// the connection and leaves.
func (p *Pool) connect(ctx context.Context) (*instance, *duck.Conn, error) {
	in, err := p.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	c, err := in.db.Connect()
	if err != nil {
		p.leave(in)
		return nil, nil, err
	}
	return in, c, nil
}

func (p *Pool) enter(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.stopTimer()
	if p.now != nil && p.now.users == 0 && p.o.Stale != nil && p.o.Stale() {
		p.now.db.Close()
		p.now = nil
	}
	if p.now == nil {
		db, err := p.o.Open(ctx)
		if err != nil {
			return nil, err
		}
		p.now = &instance{db: db}
	}
	p.now.users++
	return p.now, nil
}

func (p *Pool) leave(in *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in.users--
	switch {
	case in.users > 0:
	case in != p.now:
		in.db.Close()
	case p.closed:
		in.db.Close()
		p.now = nil
	default:
		p.stopTimer()
		p.timer = time.AfterFunc(Idle, func() { p.rest(in) })
	}
}

// rest closes an instance that nobody has used for a while.
func (p *Pool) rest(in *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == in && in.users == 0 {
		in.db.Close()
		p.now = nil
	}
}

// retire makes the next user open another instance.
func (p *Pool) retire(in *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == in {
		p.now = nil
	}
}

func (p *Pool) stopTimer() {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}
