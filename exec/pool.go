package exec

import (
	"context"
	"sync"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// instance is a locked DuckDB instance that runs one residual and is thrown away:
// nothing of a query is left for the next one.
type instance struct {
	db   *duck.DB
	conn *duck.Conn
}

func (i *instance) discard() {
	i.conn.Close()
	i.db.Close()
}

// pool keeps one instance ready, because opening and locking one takes longer
// than a small query.
type pool struct {
	options duck.Options
	mu      struct {
		sync.Mutex
		warm    *instance
		opening bool
		closed  bool
	}
	background sync.WaitGroup
}

func newPool(o duck.Options) *pool {
	p := &pool{options: o}
	p.warmUp()
	return p
}

func (p *pool) open(ctx context.Context) (*instance, error) {
	db, err := duck.Open(ctx, p.options)
	if err != nil {
		return nil, err
	}
	conn, err := db.Connect()
	if err != nil {
		db.Close()
		return nil, err
	}
	return &instance{db: db, conn: conn}, nil
}

// warmUp opens the next instance in the background. A failure shows when the
// next query opens its own.
func (p *pool) warmUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.closed || p.mu.opening || p.mu.warm != nil {
		return
	}
	p.mu.opening = true
	p.background.Add(1)
	safego.Run(func() error {
		defer p.background.Done()
		inst, err := p.open(context.Background())
		p.mu.Lock()
		defer p.mu.Unlock()
		p.mu.opening = false
		if err == nil && p.mu.closed {
			inst.discard()
			inst = nil
		}
		p.mu.warm = inst
		return err
	})
}

// take gives an instance; the caller discards it.
func (p *pool) take(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	inst, closed := p.mu.warm, p.mu.closed
	p.mu.warm = nil
	p.mu.Unlock()
	if closed {
		return nil, errs.New(errs.Canceled, "gateway_closing", nil)
	}
	defer p.warmUp()
	if inst != nil {
		return inst, nil
	}
	return p.open(ctx)
}

// profiled gives an instance whose connection notes what its operators do. None is
// kept ready: noting must be set before an instance is locked. The caller discards it.
func (p *pool) profiled(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	closed := p.mu.closed
	p.mu.Unlock()
	if closed {
		return nil, errs.New(errs.Canceled, "gateway_closing", nil)
	}
	o := p.options
	o.Profile = true
	db, err := duck.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &instance{db: db, conn: db.Profiled()}, nil
}

func (p *pool) close() {
	p.mu.Lock()
	p.mu.closed = true
	inst := p.mu.warm
	p.mu.warm = nil
	p.mu.Unlock()
	if inst != nil {
		inst.discard()
	}
	p.background.Wait()
}

// waiter closes done when nothing is left.
func waiter(wg *sync.WaitGroup, done chan<- struct{}) {
	safego.Run(func() error {
		wg.Wait()
		close(done)
		return nil
	})
}
