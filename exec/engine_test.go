package exec

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/policy"
)

// memSource is a source for tests of the engine alone: one DuckDB instance in memory.
type memSource struct {
	name   string
	db     *duck.DB
	setup  *duck.Conn
	places chan struct{}
	mu     sync.Mutex
	sent   []string
}

func (m *memSource) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{Dialect: "test"}
}
func (m *memSource) Ping(context.Context) (string, error)               { return "test", nil }
func (m *memSource) Describe(context.Context) ([]*catalog.Table, error) { return nil, nil }
func (m *memSource) Close() error                                       { return nil }

func (m *memSource) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	if n > cap(m.places) {
		return nil, errs.New(errs.SourceBusy, "source_busy", nil)
	}
	var out []connectors.Conn
	for range n {
		select {
		case m.places <- struct{}{}:
			out = append(out, &memConn{source: m})
		case <-ctx.Done():
			for _, c := range out {
				c.Release()
			}
			return nil, ctx.Err()
		}
	}
	return out, nil
}

type memConn struct {
	source *memSource
	once   sync.Once
	open   *memStream
}

func (c *memConn) Release() {
	c.once.Do(func() {
		if c.open != nil {
			c.open.Release()
		}
		<-c.source.places
	})
}

func (c *memConn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	if c.open != nil && !c.open.released.Load() {
		return nil, errs.Internalf("a second stream of one connection")
	}
	c.source.mu.Lock()
	c.source.sent = append(c.source.sent, f.SQL)
	c.source.mu.Unlock()
	conn, err := c.source.db.Connect()
	if err != nil {
		return nil, err
	}
	stmt, err := conn.Prepare(ctx, f.SQL)
	if err != nil {
		return nil, err
	}
	r, err := stmt.Stream(ctx, f.Values, duck.StreamOptions{Alloc: f.Alloc, Rows: 1000, Bytes: 1 << 20})
	if err != nil {
		return nil, err
	}
	c.open = &memStream{Reader: r, stmt: stmt, conn: conn}
	return c.open, nil
}

type memStream struct {
	*duck.Reader
	stmt     *duck.Stmt
	conn     *duck.Conn
	released atomic.Bool
}

func (s *memStream) Release() {
	s.released.Store(true)
	s.Reader.Release()
	s.stmt.Close()
	s.conn.Close()
}

type testDialect struct{ dialect.ScansOnly }

func (testDialect) Name() string { return "test" }
func (testDialect) Verdict(p dialect.Predicate) (dialect.Verdict, string) {
	if p.Column.Type.Kind == catalog.Float64 {
		return dialect.None, "floats stay here"
	}
	return dialect.Exact, ""
}
func (testDialect) Scan(t *catalog.Table, columns []catalog.Column, preds []dialect.Predicate) (string, []catalog.Value) {
	var cols, where []string
	var values []catalog.Value
	for _, c := range columns {
		cols = append(cols, catalog.QuoteIdent(c.SourceName))
	}
	for _, p := range preds {
		var marks []string
		for _, v := range p.Values {
			values = append(values, v)
			marks = append(marks, fmt.Sprintf("CAST($%d AS %s)", len(values), v.Type.DuckDB()))
		}
		switch p.Op {
		case dialect.In:
			where = append(where, catalog.QuoteIdent(p.Column.SourceName)+" IN ("+strings.Join(marks, ",")+")")
		case dialect.IsNull, dialect.NotNull:
			where = append(where, catalog.QuoteIdent(p.Column.SourceName)+" "+p.Op.String())
		default:
			where = append(where, catalog.QuoteIdent(p.Column.SourceName)+" "+p.Op.String()+" "+marks[0])
		}
	}
	sql := "SELECT " + strings.Join(cols, ", ") + " FROM " + catalog.QuoteIdent(t.ID.Name)
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return sql, values
}

type testSnapshot []*policy.Resource

func (s testSnapshot) Identity() string              { return "test" }
func (s testSnapshot) Resources() []*policy.Resource { return s }
func (s testSnapshot) Resolve(path []string) (*policy.Resource, bool) {
	for _, r := range s {
		if strings.EqualFold(strings.Join(r.Path, "."), strings.Join(path, ".")) {
			return r, true
		}
	}
	return nil, false
}

type world struct {
	t        *testing.T
	engine   *Engine
	planner  *planner.Planner
	snapshot testSnapshot
	sources  map[string]*memSource
	ref      *duck.Conn
}

func newWorld(t *testing.T, places int, o Options) *world {
	w := &world{t: t, sources: map[string]*memSource{}}
	refDB, err := duck.Open(t.Context(), duck.Options{TimeZone: "Asia/Shanghai"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(refDB.Close)
	w.ref, _ = refDB.Connect()
	t.Cleanup(w.ref.Close)
	o.Sources = map[string]connectors.Source{}
	add := func(source, schema, table, ddl string) {
		s := w.sources[source]
		if s == nil {
			db, err := duck.Open(t.Context(), duck.Options{TimeZone: "UTC"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			s = &memSource{name: source, db: db, places: make(chan struct{}, places)}
			s.setup, _ = db.Connect()
			t.Cleanup(s.setup.Close)
			w.sources[source] = s
			o.Sources[source] = s
		}
		for _, c := range []*duck.Conn{s.setup, w.ref} {
			name := table
			if c == w.ref {
				if err := c.Exec(t.Context(), "CREATE SCHEMA IF NOT EXISTS "+schema); err != nil {
					t.Fatal(err)
				}
				name = schema + "." + table
			}
			if err := c.Exec(t.Context(), "CREATE TABLE "+name+" AS "+ddl); err != nil {
				t.Fatal(err)
			}
		}
		stmt, err := s.setup.Prepare(t.Context(), "FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		tab := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: table}, Rows: -1}
		for _, c := range stmt.Columns() {
			tab.Columns = append(tab.Columns, catalog.Column{Name: c.Name, SourceName: c.Name, SourceType: c.Type.DuckDB(), Type: c.Type, Collation: catalog.Collation{Binary: true}})
		}
		w.snapshot = append(w.snapshot, &policy.Resource{Path: []string{schema, table}, Source: source, Table: tab, Columns: tab.Columns})
	}
	add("s1", "公安", "人口", "SELECT i AS id, 'n' || (i % 50) AS 姓名, DATE '1950-01-01' + (i * 13 % 20000)::INTEGER AS 出生, (i * 7 % 1000)::DECIMAL(12,2) / 4 AS 分, i::DOUBLE / 7 AS f, CASE WHEN i % 11 = 0 THEN NULL ELSE i % 100 END AS 区, ('00000000-0000-0000-0000-' || lpad(i::VARCHAR, 12, '0'))::UUID AS u FROM range(10000) r(i)")
	add("s1", "公安", "户", "SELECT i AS id, i % 300 AS 主, {'a': i, 'b': 'x'} AS st, [i, NULL] AS l FROM range(500) r(i)")
	add("s2", "民政", "低保", "SELECT i * 3 AS id, (i * 31 % 900)::DECIMAL(10,2) AS 金额, TIMESTAMP '2020-01-01' + to_hours(i) AS 时, TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_hours(i) AS tz FROM range(3000) r(i)")
	o.TimeZone = "Asia/Shanghai"
	if w.engine, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10e9)
		defer cancel()
		if err := w.engine.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	b := planner.NewInProcess("Asia/Shanghai")
	t.Cleanup(b.Close)
	w.planner = planner.New(b, func(string) dialect.Dialect { return testDialect{} })
	return w
}

func (w *world) plan(sql string, values ...string) (*planner.Plan, error) {
	s, err := w.planner.Prepare(w.t.Context(), sql, w.snapshot, planner.Options{Samples: values})
	if err != nil {
		return nil, err
	}
	var vs []catalog.Value
	for i, p := range s.Params {
		v, err := p.Value(values[i])
		if err != nil {
			return nil, err
		}
		vs = append(vs, v)
	}
	return s.Plan(w.t.Context(), vs)
}

func rowsText(t *testing.T, s interface {
	Next() bool
	RecordBatch() arrow.RecordBatch
	Err() error
}) ([]string, error) {
	var out []string
	for s.Next() {
		b := s.RecordBatch()
		for i := range int(b.NumRows()) {
			var cells []string
			for _, c := range b.Columns() {
				cells = append(cells, c.ValueStr(i))
			}
			out = append(out, strings.Join(cells, "|"))
		}
	}
	return out, s.Err()
}

func (w *world) same(sql string, values ...string) *planner.Plan {
	w.t.Helper()
	p, err := w.plan(sql, values...)
	if err != nil {
		w.t.Errorf("%s: plan: %v (%s)", sql, err, errs.From(err).Detail)
		return nil
	}
	rows, err := w.engine.Run(w.t.Context(), p)
	if err != nil {
		w.t.Errorf("%s: run: %v (%s)", sql, err, errs.From(err).Detail)
		return nil
	}
	defer rows.Release()
	got, err := rowsText(w.t, rows)
	if err != nil {
		w.t.Errorf("%s: %v (%s)", sql, err, errs.From(err).Detail)
		return nil
	}
	stmt, err := w.ref.Prepare(w.t.Context(), sql)
	if err != nil {
		w.t.Fatal(err)
	}
	defer stmt.Close()
	r, err := stmt.Stream(w.t.Context(), p.Values, duck.StreamOptions{Alloc: memory.DefaultAllocator, Rows: 10000, Bytes: 1 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Release()
	want, err := rowsText(w.t, r)
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("%s: %d rows, want %d\n got %.300q\nwant %.300q", sql, len(got), len(want), got, want)
	}
	if !rows.Schema().Equal(r.Schema()) {
		w.t.Errorf("%s: schema %s, want %s", sql, rows.Schema(), r.Schema())
	}
	return p
}
