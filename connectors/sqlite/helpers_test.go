package sqlite

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openFile opens a source on a file; it is closed at the test's end.
func openFile(tb testing.TB, path string) *source {
	tb.Helper()
	src, err := Open(tb.Context(), connectors.Config{Name: "本地", Path: path, Connections: 2})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := src.Close(); err != nil {
			tb.Error(err)
		}
	})
	return src.(*source)
}

// described opens a file and gives its tables by name.
func described(tb testing.TB, path string) (*source, map[string]*catalog.Table) {
	tb.Helper()
	src := openFile(tb, path)
	list, err := src.Describe(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tables := map[string]*catalog.Table{}
	for _, t := range list {
		tables[t.ID.Name] = t
	}
	return src, tables
}

// read gives all rows of a fragment, or the error of its Scan or Stream.
func read(ctx context.Context, tb testing.TB, src connectors.Source, f connectors.Fragment) ([][]any, error) {
	tb.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(tb, 0)
	f.Alloc = alloc
	conns, err := src.Acquire(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer conns[0].Release()
	s, err := conns[0].Scan(ctx, f)
	if err != nil {
		return nil, err
	}
	defer s.Release()
	var rows [][]any
	for s.Next() {
		b := s.RecordBatch()
		for i := range int(b.NumRows()) {
			row := make([]any, b.NumCols())
			for c := range row {
				if row[c], err = connectortest.Cell(b.Column(c), i); err != nil {
					tb.Fatal(err)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, s.Err()
}

// where builds the scan of columns with predicates, all of which must be exact.
func where(tb testing.TB, t *catalog.Table, columns []string, preds ...dialect.Predicate) connectors.Fragment {
	tb.Helper()
	d := dialect.For("sqlite")
	var out []catalog.Column
	for _, name := range columns {
		out = append(out, columnOf(tb, t, name))
	}
	for _, p := range preds {
		if v, reason := d.Verdict(p); v != dialect.Exact {
			tb.Fatalf("%s %s: %s, %s", p.Column.Name, p.Op, v, reason)
		}
	}
	sql, values := d.Scan(t, out, preds)
	return connectors.Fragment{SQL: sql, Values: values, Table: t.ID, Columns: out}
}

func columnOf(tb testing.TB, t *catalog.Table, name string) catalog.Column {
	tb.Helper()
	i, ok := t.Column(name)
	if !ok {
		tb.Fatalf("table %s has no column %q", t.ID, name)
	}
	return t.Columns[i]
}

func pred(tb testing.TB, t *catalog.Table, name string, op dialect.Op, values ...any) dialect.Predicate {
	tb.Helper()
	p := dialect.Predicate{Column: columnOf(tb, t, name), Op: op}
	for _, v := range values {
		p.Values = append(p.Values, catalog.Value{Type: p.Column.Type, V: v})
	}
	return p
}

func wantCode(tb testing.TB, err error, code errs.Code) *errs.Error {
	tb.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != code {
		tb.Fatalf("got %v, want code %s", err, code)
	}
	return e
}
