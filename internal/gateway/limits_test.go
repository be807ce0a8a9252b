package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/limits"
)

// ended asks, reads the answer to its end, and gives the error, or how many rows there were.
func ended(ctx context.Context, g *Gateway, s server.Session, sql string) (rows int64, err error) {
	a, err := g.Query(ctx, s, server.Request{SQL: sql})
	if err != nil {
		return 0, err
	}
	defer a.Stream.Release()
	for a.Stream.Next() {
		rows += a.Stream.RecordBatch().NumRows()
	}
	return rows, a.Stream.Err()
}

var wang, li = server.Session{Principal: "wang", Agency: "MZ"}, server.Session{Principal: "li", Agency: "GA"}

// While a statement has the one turn, the next one waits where its place can be seen, the
// one after is refused with a hint when to come again, and what needs no turn is answered.
func TestTurns(t *testing.T) {
	one := turns.Most{All: 1}
	g := newGateway(t, Options{Limits: limits.Options{Running: one, Queued: one, QueueTimeout: time.Hour}})
	first, err := g.Query(t.Context(), wang, server.Request{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	second := safego.Run(func() error {
		a, err := g.Query(t.Context(), li, server.Request{ID: "q2", SQL: "SELECT 1"})
		if err == nil {
			a.Stream.Release()
		}
		return err
	})
	waitfor.True(t, time.Second, "the second to wait", func() bool {
		place, waits := g.Place(li, "q2")
		return waits && place == 1
	})
	if _, waits := g.Place(wang, "q2"); waits {
		t.Error("the place of another's statement is seen")
	}
	for _, sql := range []string{"SELECT 1", "EXPLAIN SELECT 1", "DESCRIBE SELECT 1"} {
		_, err := ended(t.Context(), g, wang, sql)
		if e := errs.From(err); e == nil || e.Code != errs.QueueFull || e.RetryAfter <= 0 {
			t.Errorf("%s beside one that waits: %v", sql, err)
		}
		if _, err := g.Describe(t.Context(), wang, server.Request{SQL: sql}); (errs.CodeOf(err) == errs.QueueFull) != (sql != "DESCRIBE SELECT 1") {
			t.Errorf("%s described: %v", sql, err)
		}
	}
	if _, err := ended(t.Context(), g, wang, "SHOW TABLES"); err != nil {
		t.Errorf("what needs no turn: %v", err)
	}
	if _, err := ended(t.Context(), g, server.Session{Operator: true}, "SELECT 1"); err != nil {
		t.Errorf("an operator's own statement: %v", err)
	}
	first.Stream.Release()
	first.Stream.Release() // gives no second turn
	if err := <-second; err != nil {
		t.Error(err)
	}
	for range 3 { // what fails gives its turn back
		if _, err := ended(t.Context(), g, wang, "SELECT nosuch FROM nowhere"); errs.CodeOf(err) != errs.UnknownName {
			t.Error(err)
		}
		if _, err := g.Describe(t.Context(), wang, server.Request{SQL: "SELECT 1"}); err != nil {
			t.Error(err)
		}
		if _, err := ended(t.Context(), g, wang, "DESCRIBE SELECT 1"); err != nil {
			t.Error(err)
		}
		if _, err := ended(t.Context(), g, wang, "EXPLAIN ANALYZE SELECT 1"); err != nil {
			t.Error(err)
		}
	}
	if rows, err := ended(t.Context(), g, wang, "SELECT * FROM range(10)"); err != nil || rows != 10 {
		t.Errorf("at the end: %d rows, %v", rows, err)
	}
}

// The places of the memory are given in turn as well: whoever has many statements waiting
// for them keeps nobody else from his.
func TestTurnsOfTheMemory(t *testing.T) {
	g := newGateway(t, Options{MaxRunning: 1, QueueTimeout: time.Hour})
	const sql = "SELECT * FROM range(3) a, range(3) b"
	running, err := g.Query(t.Context(), wang, server.Request{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 4)
	group, ctx := safego.WithContext(t.Context())
	for i, s := range []server.Session{wang, wang, wang, li} {
		group.Go(func() error {
			a, err := g.Query(ctx, s, server.Request{ID: fmt.Sprint("q", i), SQL: sql})
			if err != nil {
				return err
			}
			order <- s.Principal
			a.Stream.Release()
			return nil
		})
		waitfor.True(t, 5*time.Second, "it to wait", func() bool { return g.engine.Waiting() == i+1 })
	}
	if place, waits := g.Place(li, "q3"); !waits || place > 2 {
		t.Errorf("the place of the last one: %d %v", place, waits)
	}
	if _, waits := g.Place(wang, "q3"); waits {
		t.Error("the place of another's statement is seen")
	}
	running.Stream.Release()
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if first, next := <-order, <-order; first != "li" && next != "li" {
		t.Errorf("the first turns were those of %s and %s", first, next)
	}
}

// Nobody's statements have all places of the memory, however long they run.
func TestSharesOfTheMemory(t *testing.T) {
	g := newGateway(t, Options{MaxRunning: 4, QueueTimeout: time.Nanosecond})
	const sql = "SELECT * FROM range(3) a, range(3) b"
	ask := func(s server.Session) error {
		a, err := g.Query(t.Context(), s, server.Request{SQL: sql})
		if err == nil {
			t.Cleanup(a.Stream.Release)
		}
		return err
	}
	colleague := wang
	colleague.Principal = "zhao"
	stranger := server.Session{Principal: "qian", Agency: "another", Snapshot: wang.Snapshot}
	for i, c := range []struct {
		by   server.Session
		code errs.Code
	}{{wang, ""}, {wang, ""}, {wang, errs.QueueFull}, {colleague, ""}, {colleague, errs.QueueFull}, {stranger, ""}, {stranger, errs.QueueFull}} {
		if err := ask(c.by); errs.CodeOf(err) != c.code {
			t.Errorf("%d, %s: %v", i, c.by.Principal, err)
		}
	}
}

// Without names there are no shares.
func TestSharesOfNobody(t *testing.T) {
	g := newGateway(t, Options{MaxRunning: 4, QueueTimeout: time.Nanosecond})
	for i := range 5 {
		a, err := g.Query(t.Context(), server.Session{Snapshot: wang.Snapshot}, server.Request{SQL: "SELECT * FROM range(3) a, range(3) b"})
		if err == nil {
			t.Cleanup(a.Stream.Release)
		}
		if full := errs.CodeOf(err) == errs.QueueFull; full != (i == 4) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// An answer that is too large breaks off, and one that takes too long ends.
func TestLargeAndLong(t *testing.T) {
	g := newGateway(t, Options{Limits: limits.Options{Rows: 100}})
	brief := newGateway(t, Options{Limits: limits.Options{Timeout: 300 * time.Millisecond}})
	if rows, err := ended(t.Context(), g, wang, "SELECT * FROM range(100)"); err != nil || rows != 100 {
		t.Errorf("as many as there may be: %d rows, %v", rows, err)
	}
	if rows, err := ended(t.Context(), g, wang, "SELECT * FROM range(101)"); rows > 100 || errs.CodeOf(err) != errs.ResultTooLarge {
		t.Errorf("one too many: %d rows, %v", rows, err)
	}
	if _, err := ended(t.Context(), brief, wang, "SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11"); errs.CodeOf(err) != errs.Timeout {
		t.Errorf("too long: %v", err)
	}
	if rows, err := ended(t.Context(), g, server.Session{Operator: true}, "SELECT * FROM range(101)"); err != nil || rows != 101 {
		t.Errorf("an operator's: %d rows, %v", rows, err)
	}
}
