package exec

import (
	"context"
	"sync"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// instance is a locked DuckDB instance and the connection of the statement that it
// runs, one at a time. What a statement makes is temporary: it ends with the connection.
type instance struct {
	db   *duck.DB
	conn *duck.Conn
	used int // statements

	ends sync.Mutex // held while it closes, and while somebody asks it something meanwhile
	gone bool
}

// mostUses is after how many statements an instance is thrown away, with whatever
// DuckDB holds on to.
const mostUses = 256

// pool keeps instances ready, because opening and locking one takes longer than a
// small query.
type pool struct {
	options duck.Options
	most    int // that are kept
	mu      struct {
		sync.Mutex
		ready   []*instance
		all     map[*instance]bool // that are open; true for those that a statement has
		opening bool
		closed  bool
	}
	background sync.WaitGroup
	asking     chan struct{} // has room for one who asks the instances something
}

func newPool(o duck.Options, most int) *pool {
	p := &pool{options: o, most: most, asking: make(chan struct{}, 1)}
	p.mu.all = map[*instance]bool{}
	p.warmUp()
	return p
}

func (p *pool) open(ctx context.Context, lent bool) (*instance, error) {
	db, err := duck.Open(ctx, p.options)
	if err != nil {
		return nil, err
	}
	conn, err := db.Connect()
	if err != nil {
		db.Close()
		return nil, err
	}
	return p.opened(&instance{db: db, conn: conn}, lent), nil
}

// opened notes an instance, and whether a statement has it.
func (p *pool) opened(inst *instance, lent bool) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.all[inst] = lent
	return inst
}

// discard closes an instance for good.
func (p *pool) discard(inst *instance) {
	inst.ends.Lock()
	inst.gone = true
	inst.conn.Close()
	inst.db.Close()
	inst.ends.Unlock()
	p.mu.Lock()
	delete(p.mu.all, inst)
	p.mu.Unlock()
}

// warmUp opens an instance in the background when none is ready. A failure shows when
// the next query opens its own.
func (p *pool) warmUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.closed || p.mu.opening || len(p.mu.ready) > 0 {
		return
	}
	p.mu.opening = true
	p.background.Add(1)
	safego.Run(func() error {
		defer p.background.Done()
		inst, err := p.open(context.Background(), false)
		p.mu.Lock()
		p.mu.opening = false
		p.mu.Unlock()
		if err == nil {
			p.keep(inst)
		}
		return err
	})
}

// keep makes an instance ready for the next statement, or discards it.
func (p *pool) keep(inst *instance) {
	p.mu.Lock()
	keeps := !p.mu.closed && len(p.mu.ready) < p.most
	if keeps {
		p.mu.ready = append(p.mu.ready, inst)
		p.mu.all[inst] = false
	}
	p.mu.Unlock()
	if !keeps {
		p.discard(inst)
	}
}

// take gives an instance; the caller gives it back, or discards it.
func (p *pool) take(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	closed := p.mu.closed
	var inst *instance
	if n := len(p.mu.ready); n > 0 && !closed {
		inst = p.mu.ready[n-1]
		p.mu.ready[n-1] = nil
		p.mu.ready = p.mu.ready[:n-1]
		p.mu.all[inst] = true
	}
	p.mu.Unlock()
	if closed {
		return nil, errs.New(errs.Closing, "gateway_closing", nil)
	}
	defer p.warmUp()
	if inst != nil {
		return inst, nil
	}
	return p.open(ctx, true)
}

// give takes back an instance whose statement came to its end: a connection of its own
// is what the next one gets, so that it finds nothing of this one.
func (p *pool) give(inst *instance) {
	inst.used++
	if inst.used >= mostUses {
		p.discard(inst)
		return
	}
	inst.conn.Close()
	conn, err := inst.db.Connect()
	if err != nil {
		p.discard(inst)
		return
	}
	inst.conn = conn
	p.keep(inst)
}

// profiled gives an instance whose connection notes what its operators do. None is
// kept ready: noting must be set before an instance is locked. The caller discards it.
func (p *pool) profiled(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	closed := p.mu.closed
	p.mu.Unlock()
	if closed {
		return nil, errs.New(errs.Closing, "gateway_closing", nil)
	}
	o := p.options
	o.Profile = true
	db, err := duck.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return p.opened(&instance{db: db, conn: db.Profiled()}, true), nil
}

func (p *pool) close() {
	p.mu.Lock()
	p.mu.closed = true
	ready := p.mu.ready
	p.mu.ready = nil
	p.mu.Unlock()
	for _, inst := range ready {
		p.discard(inst)
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
