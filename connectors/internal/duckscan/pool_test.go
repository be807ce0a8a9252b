//go:build duckdb_arrow

package duckscan

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type opened struct {
	count int
	fail  error
	stale bool
}

func newPool(t *testing.T, places int) (*Pool, *opened) {
	o := &opened{}
	p := New(Options{Source: "源", Places: places, Stale: func() bool { return o.stale }, Open: func(ctx context.Context) (*duck.DB, error) {
		if o.fail != nil {
			return nil, o.fail
		}
		o.count++
		return duck.Open(ctx, duck.Options{})
	}})
	t.Cleanup(p.Close)
	return p, o
}

func acquire(t *testing.T, p *Pool, n int) []connectors.Conn {
	t.Helper()
	conns, err := p.Acquire(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return conns
}

func release(conns []connectors.Conn) {
	for _, c := range conns {
		c.Release()
	}
}

func one(alloc memory.Allocator) connectors.Fragment {
	return connectors.Fragment{SQL: "SELECT CAST(7 AS BIGINT) AS n", Columns: []catalog.Column{{Name: "n", Type: catalog.Type{Kind: catalog.Int64}}}, Alloc: alloc}
}

func count(t *testing.T, c connectors.Conn) (int64, error) {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	s, err := c.Scan(t.Context(), one(alloc))
	if err != nil {
		return 0, err
	}
	defer s.Release()
	rows := int64(0)
	for s.Next() {
		rows += s.RecordBatch().NumRows()
	}
	return rows, s.Err()
}

// An instance that broke serves those who have it, and nobody new.
func TestRetire(t *testing.T) {
	p, o := newPool(t, 3)
	old := acquire(t, p, 1)
	p.retire(old[0].(*conn).in)
	fresh := acquire(t, p, 2)
	if o.count != 2 {
		t.Errorf("%d instances were opened, want 2", o.count)
	}
	for _, c := range append(old, fresh...) {
		if n, err := count(t, c); n != 1 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	}
	in := old[0].(*conn).in
	release(old)
	if in.users != 0 || p.now == in {
		t.Errorf("the retired instance has %d users", in.users)
	}
	release(fresh)
	release(acquire(t, p, 1))
	if o.count != 2 {
		t.Errorf("%d instances were opened, want 2: an idle one is used again", o.count)
	}
}

// Nobody asks about staleness while the instance is in use.
func TestStale(t *testing.T) {
	p, o := newPool(t, 2)
	first := acquire(t, p, 1)
	o.stale = true
	release(acquire(t, p, 1))
	if o.count != 1 {
		t.Errorf("an instance in use was replaced")
	}
	release(first)
	release(acquire(t, p, 1))
	if o.count != 2 {
		t.Errorf("a stale instance was used again")
	}
}

// A failure to open gives the places back.
func TestOpenFails(t *testing.T) {
	p, o := newPool(t, 2)
	o.fail = errs.New(errs.SourceUnreachable, "duckdb_missing", nil)
	for range 3 {
		if _, err := p.Acquire(t.Context(), 2); errs.CodeOf(err) != errs.SourceUnreachable {
			t.Fatalf("Acquire: %v", err)
		}
	}
	o.fail = nil
	conns := acquire(t, p, 2)
	defer release(conns)
	if n, err := count(t, conns[1]); n != 1 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Who asks for many is not passed over by those who ask for one.
func TestPlacesInTheOrderOfAsking(t *testing.T) {
	p, _ := newPool(t, 2)
	held := acquire(t, p, 1)
	got := make(chan int, 2)
	var group safego.Group
	take := func(n int) {
		waiting, cancel := context.WithCancel(t.Context())
		group.Go(func() error {
			defer cancel()
			conns, err := p.Acquire(waiting, n)
			got <- n
			release(conns)
			return err
		})
	}
	take(2)
	// The two wait in the queue when a third of one finds no place although one is free.
	waitfor.True(t, time.Second, "the first to wait", func() bool {
		free := p.places.TryAcquire(1)
		if free {
			p.places.Release(1)
		}
		return !free
	})
	take(1)
	release(held)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if first := <-got; first != 2 {
		t.Errorf("the one was served before the two")
	}
}

func TestClosed(t *testing.T) {
	p, _ := newPool(t, 1)
	conns := acquire(t, p, 1)
	p.Close()
	if _, err := count(t, conns[0]); errs.CodeOf(err) != errs.SourceFailed {
		t.Errorf("a scan after Close: %v", err)
	}
	release(conns)
	if p.now != nil {
		t.Error("the instance is still open")
	}
	if _, err := p.Acquire(t.Context(), 1); errs.CodeOf(err) != errs.SourceUnreachable {
		t.Errorf("Acquire after Close: %v", err)
	}
	err := p.With(t.Context(), func(context.Context, Instance) error { return errors.New("ran") })
	if errs.CodeOf(err) != errs.SourceUnreachable {
		t.Errorf("With after Close: %v", err)
	}
}

// What an operator reads never quotes data.
func TestDetail(t *testing.T) {
	for _, c := range []struct {
		e    duck.Error
		want string
	}{
		{duck.Error{Kind: duck.KindData, Message: "Conversion Error: Could not convert string '秘密' to INT32\nLINE 1: x"}, "Conversion Error"},
		{duck.Error{Kind: duck.KindInternal, Message: "INTERNAL Error: '秘密'"}, "INTERNAL Error"},
		{duck.Error{Kind: duck.KindCatalog, Message: "Catalog Error: Table with name x does not exist!\nDid you mean y"}, "Catalog Error: Table with name x does not exist!"},
	} {
		if got := Detail(&c.e); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
