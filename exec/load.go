package exec

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/safego"
)

// Load is what an engine does at a moment.
type Load struct {
	Running, Waiting int // residuals
	Memory           MemoryLoad
	Sources          []SourceLoad // in the order of their names
}

// MemoryLoad is the memory of DuckDB's instances, in bytes.
type MemoryLoad struct {
	Held     int64 // by all instances, those that wait for a statement too; below 0 where they did not say
	Reserved int64 // that the instances of running statements may take at most
	Limit    int64 // Reserved of as many residuals as may run, without stages
}

// SourceLoad is what statements have of a source's connections.
type SourceLoad struct {
	Source  string
	Taken   int // connections
	Waiting int // statements, for connections
}

// sourceUse counts what SourceLoad tells. What the source is asked for beside
// statements is no part of it.
type sourceUse struct{ taken, waiting atomic.Int64 }

// memoryPatience is how long Load waits for DuckDB to say what it holds.
const memoryPatience = 500 * time.Millisecond

// Load may take some milliseconds, memoryPatience at most: it is for whoever watches.
func (e *Engine) Load(ctx context.Context) Load {
	l := Load{Running: e.turns.Running(), Waiting: e.turns.Waiting()}
	for _, name := range slices.Sorted(maps.Keys(e.uses)) {
		of := e.uses[name]
		l.Sources = append(l.Sources, SourceLoad{Source: name, Taken: int(of.taken.Load()), Waiting: int(of.waiting.Load())})
	}
	l.Memory.Reserved = int64(e.pool.lent()) * e.pool.options.MemoryBytes
	l.Memory.Limit = int64(e.o.MaxRunning) * e.pool.options.MemoryBytes
	ctx, cancel := context.WithTimeout(ctx, memoryPatience)
	defer cancel()
	l.Memory.Held = e.pool.held(ctx)
	return l
}

// acquire takes n of a source's connections, which go back with the rows.
func (r *Rows) acquire(name string, n int) ([]connectors.Conn, error) {
	source, err := r.engine.source(name)
	if err != nil {
		return nil, err
	}
	use := r.engine.uses[name]
	use.waiting.Add(1)
	conns, err := source.Acquire(r.ctx, n)
	use.waiting.Add(-1)
	if err != nil {
		return nil, err
	}
	use.taken.Add(int64(n))
	for _, c := range conns {
		r.free = append(r.free, func() {
			c.Release()
			use.taken.Add(-1)
		})
	}
	return conns, nil
}

// lent tells how many instances statements have now, those of stages too.
func (p *pool) lent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, out := range p.mu.all {
		if out {
			n++
		}
	}
	return n
}

// held gives the bytes that DuckDB holds in all instances; below 0 where not every one
// has said so by the end of ctx.
func (p *pool) held(ctx context.Context) int64 {
	p.mu.Lock()
	if p.mu.closed {
		p.mu.Unlock()
		return -1
	}
	p.background.Add(1)
	p.mu.Unlock()
	bytes := make(chan int64, 1)
	safego.Run(func() error { // an instance may be deaf: whoever asks waits no longer than ctx
		defer p.background.Done()
		sum, err := p.sum(ctx)
		if err != nil {
			sum = -1
		}
		bytes <- sum
		return err
	})
	select {
	case n := <-bytes:
		return n
	case <-ctx.Done():
		return -1
	}
}

func (p *pool) sum(ctx context.Context) (int64, error) {
	select { // one at a time: what is slow to answer is not asked by ever more
	case p.asking <- struct{}{}:
		defer func() { <-p.asking }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	p.mu.Lock()
	all := slices.Collect(maps.Keys(p.mu.all))
	p.mu.Unlock()
	sum := int64(0)
	for _, inst := range all {
		bytes, err := inst.held(ctx)
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}

// held asks an instance, also one that runs a statement, for its memory. One that is gone
// holds nothing.
func (i *instance) held(ctx context.Context) (int64, error) {
	i.ends.Lock() // its statement's end waits meanwhile
	defer i.ends.Unlock()
	if i.gone {
		return 0, nil
	}
	conn, err := i.db.Connect()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	text, err := conn.QueryText(ctx, "SELECT CAST(sum(memory_usage_bytes) AS VARCHAR) FROM duckdb_memory()")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}
