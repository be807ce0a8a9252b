package postgres_test

import (
	"context"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server"
)

// What holds for every stream holds for one that is read without a goroutine: each scan
// is of a statement that the session has prepared, by another scan that nobody read.
func TestConformanceDirect(t *testing.T) {
	h := harness()
	open := h.Open
	h.Open = func(ctx context.Context, c connectors.Config) (connectors.Source, error) {
		s, err := open(ctx, c)
		if err != nil {
			return nil, err
		}
		return alone{s}, nil
	}
	connectortest.Run(t, h)
}

type alone struct{ connectors.Source }

func (s alone) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	conns, err := s.Source.Acquire(ctx, n)
	for i := range conns {
		conns[i] = aloneConn{conns[i]}
	}
	return conns, err
}

type aloneConn struct{ connectors.Conn }

func (c aloneConn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	before, err := c.Conn.Scan(ctx, f)
	if err != nil {
		return nil, err
	}
	before.Release()
	f.Alone = true
	return c.Conn.Scan(ctx, f)
}

// both runs a test with statements that are read ahead and with such that are not.
func both(t *testing.T, test func(t *testing.T, alone bool)) {
	t.Run("ahead", func(t *testing.T) { test(t, false) })
	t.Run("alone", func(t *testing.T) { test(t, true) })
}

// Whoever reads directly is free as soon as its context ends, however silent the server
// has become: only Release waits for what the server may still say.
func TestCancelOfADirectReadFromASilentServer(t *testing.T) {
	db := testpg.Start(t).Database(t)
	u, err := url.Parse(db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var silent atomic.Bool
	address, cut := relay(t, u.Host, &silent)
	u.Host = address
	s := open(t, u.String(), 1)
	s.alone = true
	conn := s.acquire()
	f := s.statement("SELECT 1::bigint AS n")
	if _, err := s.rows(conn, f); err != nil {
		t.Fatal(detail(err))
	}
	silent.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := conn.Scan(ctx, f)
	if err != nil {
		t.Fatal(detail(err))
	}
	defer func() {
		cut()
		stream.Release()
	}()
	timer := time.AfterFunc(20*time.Millisecond, cancel)
	defer timer.Stop()
	begun := time.Now()
	if stream.Next() || errs.CodeOf(stream.Err()) != errs.Canceled {
		t.Errorf("the stream's end: %v", stream.Err())
	}
	took := time.Since(begun)
	t.Logf("free after %s", took)
	if took > promptly {
		t.Errorf("free after %s only", took)
	}
}

// relay passes on what comes to its address until it is to be silent, or its connections
// are cut.
func relay(t *testing.T, to string, silent *atomic.Bool) (address string, cut func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var g safego.Group
	over, cut := context.WithCancel(t.Context())
	pass := func(from, to net.Conn) func() error {
		return func() error {
			defer to.Close()
			b := make([]byte, 4096)
			for {
				n, err := from.Read(b)
				if err != nil {
					return nil
				}
				if silent.Load() {
					continue
				}
				if _, err := to.Write(b[:n]); err != nil {
					return nil
				}
			}
		}
	}
	g.Go(func() error {
		for {
			in, err := ln.Accept()
			if err != nil {
				return nil
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				return err
			}
			context.AfterFunc(over, func() { in.Close() })
			g.Go(pass(in, out))
			g.Go(pass(out, in))
		}
	})
	t.Cleanup(func() {
		ln.Close()
		cut()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), cut
}

// A small answer that is read directly is known to be whole with its rows; of others that is
// not known before their end.
func TestAtEnd(t *testing.T) {
	both(t, func(t *testing.T, alone bool) {
		s := open(t, testpg.Start(t).Database(t).Reader, 1)
		s.alone = alone
		conn := s.acquire()
		for sql, small := range map[string]bool{"SELECT 1::bigint AS n": true, "SELECT i::bigint AS n FROM generate_series(1, 200000) i": false} {
			for i := range 2 { // the second time the statement is prepared
				stream, err := conn.Scan(t.Context(), s.statement(sql))
				if err != nil {
					t.Fatal(detail(err))
				}
				rows, known := int64(0), server.AtEnd(stream)
				for stream.Next() {
					if known {
						t.Errorf("%s: rows after the end, behind %d", sql, rows)
					}
					rows, known = rows+stream.RecordBatch().NumRows(), server.AtEnd(stream)
				}
				if err := stream.Err(); err != nil || rows == 0 || known && !small {
					t.Errorf("%s: %d rows, known to be all: %t, %v", sql, rows, known, err)
				}
				if !server.AtEnd(stream) {
					t.Errorf("%s: the end is not known at the end", sql)
				}
				stream.Release()
				if small && alone && i == 1 && !known {
					t.Errorf("%s: that these are all rows is not known", sql)
				}
			}
		}
	})
}
