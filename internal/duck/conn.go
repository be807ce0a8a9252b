package duck

import (
	"context"
	"sync"
	"time"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// Conn is one connection of an instance.
type Conn struct {
	conn duckdb.Connection
	mu   struct {
		sync.Mutex
		closed bool
	}
}

// Connect opens a connection.
func (d *DB) Connect() (*Conn, error) {
	c := &Conn{}
	if duckdb.Connect(d.db, &c.conn) == duckdb.StateError {
		return nil, &Error{Kind: KindInternal, Message: "no connection"}
	}
	return c, nil
}

// Close ends the connection. It may be repeated.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mu.closed {
		c.mu.closed = true
		duckdb.Disconnect(&c.conn)
	}
}

// Interrupt asks the statement that runs to stop. It may come from any goroutine,
// also after Close.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mu.closed {
		duckdb.Interrupt(c.conn)
	}
}

// reminder is how often a statement that should stop is told so again: DuckDB
// forgets an interrupt that comes before the statement has begun.
const reminder = 10 * time.Millisecond

// interruptWith interrupts what runs on c from the end of ctx on until the
// function that it gives is called. That waits for an interrupt under way: none
// can hit a later statement. It may be repeated.
func (c *Conn) interruptWith(ctx context.Context) (stop func()) {
	over, left := make(chan struct{}), make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(left)
		tick := time.NewTicker(reminder)
		defer tick.Stop()
		for {
			c.Interrupt()
			select {
			case <-over:
				return
			case <-tick.C:
			}
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		if !unwatch() {
			<-left
		}
	})
}

// Exec runs statements whose result does not matter.
func (c *Conn) Exec(ctx context.Context, sql string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stop := c.interruptWith(ctx)
	defer stop()
	var res duckdb.Result
	state := duckdb.Query(c.conn, sql, &res)
	defer duckdb.DestroyResult(&res)
	if state == duckdb.StateError {
		return orContext(ctx, resultError(&res))
	}
	return nil
}

// QueryText runs a statement and gives its one VARCHAR cell; NULL and no row
// give an empty text.
func (c *Conn) QueryText(ctx context.Context, sql string, values ...catalog.Value) (string, error) {
	stmt, err := c.Prepare(ctx, sql)
	if err != nil {
		return "", err
	}
	defer stmt.Close()
	return stmt.Text(ctx, values...)
}

// Text runs the statement with these values and gives its one VARCHAR cell; NULL and
// no row give an empty text. It may be repeated, with other values.
func (s *Stmt) Text(ctx context.Context, values ...catalog.Value) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := s.bind(values); err != nil {
		return "", err
	}
	stop := s.conn.interruptWith(ctx)
	defer stop()
	var res duckdb.Result
	state := duckdb.ExecutePrepared(s.stmt, &res)
	defer duckdb.DestroyResult(&res)
	if state == duckdb.StateError {
		return "", orContext(ctx, resultError(&res))
	}
	chunk := duckdb.FetchChunk(res)
	if chunk.Ptr == nil {
		return "", orContext(ctx, resultErrorOrNil(&res))
	}
	defer duckdb.DestroyDataChunk(&chunk)
	if duckdb.DataChunkGetSize(chunk) == 0 || duckdb.ColumnType(&res, 0) != duckdb.TypeVarchar {
		return "", nil
	}
	v := newVector(duckdb.DataChunkGetVector(chunk, 0))
	if !v.valid(0) {
		return "", nil
	}
	return string(v.bytes(0)), nil
}

// orContext prefers the context's end over the error that it caused.
func orContext(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
