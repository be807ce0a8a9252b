package connectortest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner/dialect"
)

// prompt is how long an end (cancel, close, release) may take. A check fails at
// ten times that, because machines differ. Only the suite's own tests change it.
var prompt = 2 * time.Second

const (
	// enough ends any one check that hangs.
	enough = 2 * time.Minute

	sourceName = "conformance"
)

// fixture is one open source with its tables.
type fixture struct {
	testing.TB
	h      Harness
	ctx    context.Context
	config connectors.Config
	src    connectors.Source
	tables []*catalog.Table
	sql    dialect.Dialect
	alloc  *ledger
}

// load makes the tables and opens a source on them. At the test's end the source
// is closed, and nothing of it may be left.
func load(tb testing.TB, h Harness, connections int, tables ...Table) *fixture {
	tb.Helper()
	return open(tb, h, h.Load(tb, tables), connections)
}

func open(tb testing.TB, h Harness, config connectors.Config, connections int) *fixture {
	tb.Helper()
	config.Name, config.Connections = sourceName, connections
	if config.TempDir == "" {
		config.TempDir = tb.TempDir()
	}
	present := goleak.IgnoreCurrent()
	ctx, cancel := context.WithTimeout(context.Background(), enough)
	f := &fixture{TB: tb, h: h, ctx: ctx, config: config, alloc: newLedger()}
	tb.Cleanup(func() {
		cancel()
		if f.src != nil {
			within(tb, "Close", func() {
				if err := f.src.Close(); err != nil {
					tb.Errorf("Close: %v", err)
				}
			})
		}
		f.alloc.empty(tb)
		if err := goleak.Find(present); err != nil {
			tb.Errorf("goroutines are left after Close: %v", err)
		}
	})
	src, err := h.Open(ctx, config)
	if err != nil {
		tb.Fatalf("open: %s", explain(err))
	}
	f.src = src
	if f.tables, err = src.Describe(ctx); err != nil {
		tb.Fatalf("Describe: %s", explain(err))
	}
	if f.sql = h.Dialect; f.sql == nil {
		f.sql = dialect.For(src.Capabilities().Dialect)
	}
	if f.sql == nil {
		tb.Fatalf("no dialect is named %q, so nothing can be read", src.Capabilities().Dialect)
	}
	return f
}

// table finds a described table; it fails the test when there is none.
func (f *fixture) table(schema, name string) *catalog.Table {
	f.Helper()
	if schema == "" {
		schema = f.h.Schema
	}
	for _, t := range f.tables {
		if t.ID.Schema == schema && t.ID.Name == name {
			return t
		}
	}
	f.Fatalf("Describe does not list table %q of schema %q", name, schema)
	return nil
}

// column finds a described column by its spelling at the source.
func (f *fixture) column(t *catalog.Table, name string) catalog.Column {
	f.Helper()
	for _, c := range t.Columns {
		if c.SourceName == name {
			return c
		}
	}
	f.Fatalf("Describe does not list column %q of table %q", name, t.ID.Name)
	return catalog.Column{}
}

// fragment is the scan of columns of t.
func (f *fixture) fragment(t *catalog.Table, columns []catalog.Column, preds ...dialect.Predicate) connectors.Fragment {
	sql, values := f.sql.Scan(t, columns, preds)
	return connectors.Fragment{SQL: sql, Values: values, Table: t.ID, Columns: columns, Alloc: f.alloc}
}

// acquire takes one connection that must be free; it is released at the test's
// end at the latest.
func (f *fixture) acquire() connectors.Conn {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.ctx, 10*prompt)
	defer cancel()
	conns, err := f.src.Acquire(ctx, 1)
	if err != nil {
		f.Fatalf("Acquire: %s", explain(err))
	}
	if len(conns) != 1 {
		f.Fatalf("Acquire(1) gave %d connections", len(conns))
	}
	f.Cleanup(conns[0].Release)
	return conns[0]
}

// scan starts a fragment that must start.
func (f *fixture) scan(ctx context.Context, conn connectors.Conn, frag connectors.Fragment) connectors.Stream {
	f.Helper()
	s, err := conn.Scan(ctx, frag)
	if err != nil {
		f.Fatalf("Scan of %s: %s", frag.SQL, explain(err))
	}
	return s
}

// rows reads a whole fragment that must succeed.
func (f *fixture) rows(conn connectors.Conn, frag connectors.Fragment) [][]any {
	f.Helper()
	s := f.scan(f.ctx, conn, frag)
	defer s.Release()
	rows, err := f.drain(s, frag)
	if err != nil {
		f.Fatalf("reading %s: %s", frag.SQL, explain(err))
	}
	return rows
}

// drain reads a stream to its end and checks what the contract says of each batch.
func (f *fixture) drain(s connectors.Stream, frag connectors.Fragment) ([][]any, error) {
	f.Helper()
	f.checkSchema(s.Schema(), frag)
	var rows [][]any
	for s.Next() {
		if err := s.Err(); err != nil {
			f.Errorf("Err is not nil while batches come: %s", explain(err))
		}
		b := s.RecordBatch()
		f.checkSchema(b.Schema(), frag)
		rows = append(rows, f.cells(b)...)
	}
	if s.Next() {
		f.Errorf("Next is true again after it was false")
	}
	return rows, s.Err()
}

func (f *fixture) checkSchema(got *arrow.Schema, frag connectors.Fragment) {
	f.Helper()
	if want := catalog.ArrowSchema(frag.Columns); !got.Equal(want) || !got.Metadata().Equal(want.Metadata()) {
		f.Fatalf("the stream's schema is not catalog.ArrowSchema(Columns)\n got %s\nwant %s", got, want)
	}
}

// cells gives a batch's rows as Go values and checks that its arrays are sound.
func (f *fixture) cells(b arrow.RecordBatch) [][]any {
	f.Helper()
	rows := make([][]any, b.NumRows())
	for i := range rows {
		rows[i] = make([]any, b.NumCols())
	}
	for c, a := range b.Columns() {
		if int64(a.Len()) != b.NumRows() {
			f.Fatalf("column %q has %d values in a batch of %d rows", b.ColumnName(c), a.Len(), b.NumRows())
		}
		if v, ok := a.(interface{ ValidateFull() error }); ok {
			if err := v.ValidateFull(); err != nil {
				f.Fatalf("column %q is not a sound Arrow array: %v", b.ColumnName(c), err)
			}
		}
		nulls := 0
		for i := range rows {
			v, err := Cell(a, i)
			if err != nil {
				f.Fatalf("column %q: %v", b.ColumnName(c), err)
			}
			if v == nil {
				nulls++
			}
			if _, text := a.(*array.String); text && v != nil && !utf8.ValidString(v.(string)) {
				f.Errorf("column %q holds text that is not UTF-8", b.ColumnName(c))
			}
			rows[i][c] = v
		}
		if a.NullN() != nulls {
			f.Errorf("column %q says that it has %d NULLs and has %d", b.ColumnName(c), a.NullN(), nulls)
		}
	}
	return rows
}

// within runs fn, which must end promptly whatever it waits for.
func within(tb testing.TB, what string, fn func()) {
	tb.Helper()
	start := time.Now()
	timer := time.NewTimer(10 * prompt)
	defer timer.Stop()
	select {
	case err := <-safego.Run(func() error { fn(); return nil }):
		var panicked *safego.PanicError
		switch {
		case errors.As(err, &panicked):
			tb.Fatalf("%s: %s", what, panicked.Detail())
		case err != nil:
			tb.FailNow() // fn failed the test and said why
		}
		if took := time.Since(start); took > prompt {
			tb.Logf("%s took %s, stated are %s", what, took.Round(time.Millisecond), prompt)
		}
	case <-timer.C:
		tb.Fatalf("%s has not come back after %s", what, 10*prompt)
	}
}

// wantError checks that err is of the gateway's own kind, has one of the codes,
// and names the source in each language.
func wantError(tb testing.TB, what string, err error, codes ...errs.Code) {
	tb.Helper()
	var e *errs.Error
	switch {
	case err == nil:
		tb.Errorf("%s: no error", what)
		return
	case !errors.As(err, &e):
		tb.Errorf("%s: not an *errs.Error: %v", what, err)
		return
	}
	if !containsCode(codes, e.Code) {
		tb.Errorf("%s: code %q, want one of %q: %s", what, e.Code, codes, explain(err))
	}
	switch e.Code {
	case errs.Canceled, errs.Timeout, errs.Internal:
		return // the caller's doing or ours: no source is to blame
	}
	for _, lang := range []string{"en", "zh-CN"} {
		if text := e.Text(lang); !strings.Contains(text, sourceName) {
			tb.Errorf("%s: the text in %s does not name the source: %s", what, lang, text)
		}
	}
}

func containsCode(codes []errs.Code, c errs.Code) bool {
	for _, code := range codes {
		if c == code {
			return true
		}
	}
	return len(codes) == 0
}

// explain gives an error with the operator's detail, for a test's log.
func explain(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Error() + " [" + string(e.Code) + ": " + e.Detail + "]"
	}
	return err.Error()
}
