package connectortest

import (
	"fmt"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner/dialect"
)

// checkStreams: the life of a stream and of its batches.
func checkStreams(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("many", 5000, 50))
	t := f.table("", "many")
	frag := f.fragment(t, t.Columns)
	frag.Rows = 100
	conn := f.acquire()

	s := f.scan(f.ctx, conn, frag)
	f.checkSchema(s.Schema(), frag) // before the first batch
	if !s.Next() {
		tb.Fatalf("no first batch: %v", s.Err())
	}
	if second, err := conn.Scan(f.ctx, frag); err == nil {
		second.Release()
		tb.Errorf("a Scan while another stream of the connection is open is no error")
	} else {
		wantError(tb, "Scan while a stream is open", err)
	}
	first := s.RecordBatch()
	first.Retain()
	before := f.cells(first)
	if !s.Next() {
		tb.Fatalf("the stream ends after a second Scan was refused: %v", s.Err())
	}
	within(tb, "Release before the end", s.Release)
	within(tb, "a second Release", s.Release)
	if s.Next() {
		tb.Errorf("Next is true after Release")
	}
	for i, row := range f.cells(first) {
		if row[0] != before[i][0] || row[1] != before[i][1] {
			tb.Fatalf("a retained batch changed after Next and Release, in row %d", i)
		}
	}
	first.Release()

	// The connection is free again, also for a stream that is never read.
	within(tb, "Release without Next", f.scan(f.ctx, conn, frag).Release)
	if got := f.rows(conn, frag); len(got) != 5000 {
		tb.Errorf("%d rows after streams were ended early, want 5000", len(got))
	}

	open := f.scan(f.ctx, conn, frag)
	open.Next()
	within(tb, "Conn.Release with an open stream", conn.Release)
	within(tb, "a second Conn.Release", conn.Release)
	within(tb, "Release of a stream whose connection is gone", open.Release)
	if s, err := conn.Scan(f.ctx, frag); err == nil {
		s.Release()
		tb.Errorf("a released connection still scans")
	}
	next := f.acquire() // the only place was given back, and only once
	defer next.Release()
	if got := f.rows(next, frag); len(got) != 5000 {
		tb.Errorf("%d rows from the place that was given back, want 5000", len(got))
	}
}

// checkStatementErrors: what the source refuses comes as an error of ours.
func checkStatementErrors(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("many", 10, 10))
	t := *f.table("", "many")
	conn := f.acquire()
	defer conn.Release()
	gone := t
	gone.ID.Name = "dropped_since"
	missing := t.Columns[0]
	missing.SourceName, missing.Name = "no_such_column", "no_such_column"
	fewer := f.fragment(&t, t.Columns[:1])
	fewer.Columns = t.Columns
	for what, frag := range map[string]connectors.Fragment{
		"a table that is not there":            f.fragment(&gone, t.Columns),
		"a column that is not there":           f.fragment(&t, []catalog.Column{missing}),
		"text that is no statement":            {SQL: "no statement \x01 at all", Table: t.ID, Columns: t.Columns, Alloc: f.alloc},
		"fewer columns than the fragment says": fewer,
		"more values than the text has places": f.surplus(&t),
		"a predicate on a column not there":    f.fragment(&t, t.Columns, dialect.Predicate{Column: missing, Op: dialect.NotNull}),
		"no text":                              {Table: t.ID, Columns: t.Columns, Alloc: f.alloc},
	} {
		stream, err := conn.Scan(f.ctx, frag)
		if err == nil {
			for stream.Next() {
			}
			err = stream.Err()
			stream.Release()
		}
		wantError(tb, what, err, errs.SourceFailed, errs.Internal)
	}
	if got := f.rows(conn, f.fragment(&t, t.Columns)); len(got) != 10 {
		tb.Errorf("%d rows after refused statements, want 10", len(got))
	}
}

func (f *fixture) surplus(t *catalog.Table) connectors.Fragment {
	frag := f.fragment(t, t.Columns)
	frag.Values = append(frag.Values, catalog.Value{Type: int64Type, V: int64(1)})
	return frag
}

// checkConcurrent reads two connections at the same time.
func checkConcurrent(tb testing.TB, h Harness) {
	counts := map[string]int64{"a": 20_000, "b": 15_000}
	f := load(tb, h, 2, numbered("a", int(counts["a"]), 30), numbered("b", int(counts["b"]), 30))
	conns, err := f.src.Acquire(f.ctx, 2)
	if err != nil || len(conns) != 2 {
		tb.Fatalf("Acquire(2): %d connections, %v", len(conns), err)
	}
	var group safego.Group
	for i, name := range []string{"a", "b"} { // both are open before either is read
		t := f.table("", name)
		frag := f.fragment(t, t.Columns)
		frag.Rows = 500
		s := f.scan(f.ctx, conns[i], frag)
		defer conns[i].Release()
		group.Go(func() error {
			defer s.Release()
			rows := int64(0)
			for s.Next() {
				rows += s.RecordBatch().NumRows()
			}
			if s.Err() == nil && rows != counts[name] {
				return fmt.Errorf("%d rows of %s, want %d", rows, name, counts[name])
			}
			return s.Err()
		})
	}
	if err := group.Wait(); err != nil {
		tb.Errorf("two scans at once: %s", explain(err))
	}
}
