package postgres

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// slowConn is a connection of which one write, of a statement, lasts on a busy machine
// until its whole answer has been read and somebody reads again.
type slowConn struct {
	net.Conn
	t               *testing.T
	next            *atomic.Bool // the next write is the slow one
	answered, again atomic.Bool
}

func (c *slowConn) Read(b []byte) (int, error) {
	c.again.Store(c.answered.Load())
	n, err := c.Conn.Read(b)
	c.answered.Store(bytes.HasSuffix(b[:n], []byte{'Z', 0, 0, 0, 5, 'I'}))
	return n, err
}

func (c *slowConn) Write(b []byte) (int, error) {
	const parse = 'P'
	slow := b[0] == parse && c.next.Swap(false)
	if slow {
		c.answered.Store(false)
		c.again.Store(false)
	}
	n, err := c.Conn.Write(b)
	if slow {
		waitfor.True(c.t, time.Second, "a read behind the answer", c.again.Load)
	}
	return n, err
}

// Beside a write that takes long the driver reads on a goroutine of its own, which may go on
// once the statement is over: it must not take the answer of the next one.
func TestSlowWrites(t *testing.T) {
	db := testpg.Start(t).Database(t)
	for _, what := range []string{"the settings", "the driver's statement"} {
		t.Run(what, func(t *testing.T) {
			opened, err := Open(t.Context(), connectors.Config{Name: "mz", DSN: db.Reader, Connections: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = opened.Close() }()
			var slow atomic.Bool
			config := opened.(*source).config
			dial := config.DialFunc
			config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return &slowConn{Conn: conn, t: t, next: &slow}, err
			}
			if what == "the driver's statement" {
				if _, err := opened.Ping(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			slow.Store(true)
			if what == "the driver's statement" {
				if _, err := opened.Ping(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			conns, err := opened.Acquire(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer conns[0].Release()
			stream, err := conns[0].Scan(ctx, connectors.Fragment{
				SQL: "SELECT 1::bigint AS n", Columns: []catalog.Column{{Name: "n", Type: catalog.Type{Kind: catalog.Int64}}}, Alloc: memory.DefaultAllocator,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Release()
			if slow.Load() || !stream.Next() || stream.RecordBatch().NumRows() != 1 {
				t.Errorf("no write was slow (%v), or there is no row: %v", slow.Load(), stream.Err())
			}
		})
	}
}
