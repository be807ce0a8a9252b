package connectortest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

// checkColumns reads every column alone, all in both orders, and pairs: values
// come in the order of Fragment.Columns, not in the table's.
func checkColumns(tb testing.TB, h Harness) {
	model := everything(tb, h)
	f := load(tb, h, 1, model)
	t := f.table("", model.Name)
	conn := f.acquire()
	defer conn.Release()
	n := f.column(t, "n")
	sets := [][]catalog.Column{t.Columns}
	reversed := slices.Clone(t.Columns)
	slices.Reverse(reversed)
	sets = append(sets, reversed)
	for i, c := range t.Columns {
		sets = append(sets, []catalog.Column{c, n}, []catalog.Column{t.Columns[len(t.Columns)-1-i], c, n})
	}
	for _, set := range sets {
		f.compareRows(model, set, f.rows(conn, f.fragment(t, set)))
	}
	for i, c := range t.Columns {
		f.compareColumn(model, i, f.rows(conn, f.fragment(t, []catalog.Column{c})))
	}
}

// compareRows compares rows that include column n with the model's.
func (f *fixture) compareRows(model Table, columns []catalog.Column, got [][]any) {
	f.Helper()
	want := slices.Collect(model.Rows)
	if len(got) != len(want) {
		f.Fatalf("%d rows, want %d", len(got), len(want))
	}
	at := map[string]int{}
	for i, c := range model.Columns {
		at[c.Name] = i
	}
	n := slices.IndexFunc(columns, func(c catalog.Column) bool { return c.SourceName == "n" })
	seen := map[int64]bool{}
	for _, row := range got {
		number, ok := row[n].(int64)
		if !ok || number < 0 || number >= int64(len(want)) || seen[number] {
			f.Fatalf("row number %v came twice or was never there", row[n])
		}
		seen[number] = true
		for i, c := range columns {
			if w := want[number][at[c.SourceName]]; !same(c.Type, row[i], w) {
				f.Errorf("row %d, column %q (%s): %s, want %s", number, c.SourceName, c.Type, show(row[i]), show(w))
			}
		}
	}
}

// compareColumn compares one column read alone, without the row's number.
func (f *fixture) compareColumn(model Table, at int, got [][]any) {
	f.Helper()
	count := map[string]int{}
	for row := range model.Rows {
		count[key(model.Columns[at].Type, row[at])]++
	}
	for _, row := range got {
		count[key(model.Columns[at].Type, row[0])]--
	}
	for value, n := range count {
		if n != 0 {
			f.Errorf("column %q read alone: %s comes %d times too rarely", model.Columns[at].Name, value, n)
		}
	}
}

// key writes a value so that the same values are written alike.
func key(t catalog.Type, v any) string {
	if t.Kind == catalog.Decimal || t.Kind == catalog.HugeInt {
		if r, ok := number(v); ok {
			return r.RatString()
		}
	}
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%+q", s)
	}
	return show(v)
}

func checkEmpty(tb testing.TB, h Harness) {
	model := everything(tb, h)
	model.Rows = slices.Values([][]any(nil))
	f := load(tb, h, 1, model)
	t := f.table("", model.Name)
	conn := f.acquire()
	defer conn.Release()
	if got := f.rows(conn, f.fragment(t, t.Columns)); len(got) != 0 {
		tb.Errorf("an empty table gives %d rows", len(got))
	}
}

const (
	smallBatch = 7
	wideCell   = 3 << 20  // a batch holds two
	hugeCell   = 12 << 20 // more than a batch holds: alone
	// slack is what a batch may hold beyond BatchBytes: validity, offsets and the row
	// that is written when the limit is seen.
	slack = connectors.BatchBytes / 4
)

// checkBatches reads with limits of rows and bytes.
func checkBatches(tb testing.TB, h Harness) {
	wide := numbered("wide", 6, wideCell)
	huge := numbered("huge", 2, hugeCell)
	many := numbered("many", connectors.DefaultBatchRows+10, 200) // more bytes than one batch holds, too
	f := load(tb, h, 1, numbered("few", 100, 20), wide, huge, many)
	conn := f.acquire()
	defer conn.Release()
	for _, c := range []struct {
		table              string
		limit, rows, bytes int
	}{
		{"few", smallBatch, 100, 20},
		{"few", 1, 100, 20},
		{"few", 100, 100, 20},
		{"wide", 0, 6, wideCell},
		{"huge", 0, 2, hugeCell},
		{"many", 0, connectors.DefaultBatchRows + 10, 200},
	} {
		t := f.table("", c.table)
		frag := f.fragment(t, t.Columns)
		frag.Rows = c.limit
		limit := int64(c.limit)
		if limit == 0 {
			limit = connectors.DefaultBatchRows
		}
		s := f.scan(f.ctx, conn, frag)
		seen := make([]bool, c.rows)
		batches := 0
		for s.Next() {
			b := s.RecordBatch()
			batches++
			if b.NumRows() > limit {
				tb.Errorf("%s: a batch of %d rows, limit %d", c.table, b.NumRows(), limit)
			}
			if size := payload(b); size > connectors.BatchBytes+slack && b.NumRows() > 1 {
				tb.Errorf("%s: a batch of %d bytes in %d rows, limit %d", c.table, size, b.NumRows(), connectors.BatchBytes)
			}
			for _, row := range f.cells(b) {
				n := row[0].(int64)
				if n < 0 || n >= int64(c.rows) || seen[n] || row[1] != filling(int(n), c.bytes) {
					tb.Fatalf("%s: row %d came twice, was never there or has another's text", c.table, n)
				}
				seen[n] = true
			}
		}
		if err := s.Err(); err != nil {
			tb.Fatalf("%s: %s", c.table, explain(err))
		}
		s.Release()
		if i := slices.Index(seen, false); i >= 0 {
			tb.Errorf("%s: row %d is missing", c.table, i)
		}
		if want := c.rows / int(limit); batches < want {
			tb.Errorf("%s: %d batches, want at least %d", c.table, batches, want)
		}
	}
}

// payload is the number of bytes that a batch's values take, or more.
func payload(b arrow.RecordBatch) int {
	var size func(d arrow.ArrayData) int
	size = func(d arrow.ArrayData) int {
		sum := 0
		for _, buffer := range d.Buffers() {
			if buffer != nil {
				sum += buffer.Len()
			}
		}
		for _, child := range d.Children() {
			sum += size(child)
		}
		return sum
	}
	sum := 0
	for _, a := range b.Columns() {
		sum += size(a.Data())
	}
	return sum
}

const (
	streamRows  = 200_000
	streamCell  = 200
	streamBatch = 1000
)

// checkMemory streams a table of 40 MB: what is in use at once must not grow with
// the table, however slow its reader is.
func checkMemory(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("stream", streamRows, streamCell))
	t := f.table("", "stream")
	conn := f.acquire()
	defer conn.Release()
	frag := f.fragment(t, t.Columns)
	frag.Rows = streamBatch
	s := f.scan(f.ctx, conn, frag)
	defer s.Release()
	rows := int64(0)
	for s.Next() {
		rows += s.RecordBatch().NumRows()
	}
	if err := s.Err(); err != nil {
		tb.Fatalf("reading: %s", explain(err))
	}
	if rows != streamRows {
		tb.Errorf("%d rows, want %d", rows, streamRows)
	}
	const total, bound = streamRows * streamCell, 32 * streamBatch * streamCell
	tb.Logf("peak %d bytes while %d went through, bound %d", f.alloc.peak.Load(), total, bound)
	if peak := f.alloc.peak.Load(); peak > bound {
		tb.Errorf("%d bytes were in use at once, the bound is %d: batches are not handed on as they fill", peak, bound)
	}
}
