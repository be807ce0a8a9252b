package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/dialect"
)

// fake is a connector over tables in memory. Sound, it passes the suite; with one
// fault it must be found out. broken_test.go lists the faults.
type fake struct {
	fault    string
	name     string
	tables   []Table
	broken   bool
	mu       sync.Mutex
	wake     chan struct{} // closed and made anew when places come free
	free     int
	places   int
	closed   chan struct{}
	over     bool
	describe int
	single   chan struct{} // places taken, for a fault
	shared   func() ([]any, bool)
	sharing  sync.Mutex // over shared and its end
}

// running counts the statements of all fakes that run "at the server".
var running atomic.Int64

// server holds what Load made, by path.
var server sync.Map

const fakePath = "/secret/place/of/the/fake"

func (f *fake) is(fault string) bool { return f.fault == fault }

func (f *fake) fail(code errs.Code, id string, cause error, args msg.Args) error {
	if f.is("errors are not ours") {
		return errors.New("raw error")
	}
	if args == nil {
		args = msg.Args{}
	}
	args["Source"] = f.name
	if f.is("source is not named") {
		args["Source"] = ""
	}
	return errs.Wrap(code, id, args, cause)
}

func fakeOpener(fault string) connectors.Opener {
	return func(_ context.Context, c connectors.Config) (connectors.Source, error) {
		f := &fake{single: make(chan struct{}, c.Connections), fault: fault, name: c.Name, places: c.Connections, free: c.Connections, wake: make(chan struct{}), closed: make(chan struct{})}
		held, ok := server.Load(c.Path)
		if !ok {
			f.broken = true
			return f, nil
		}
		f.tables = held.([]Table)
		return f, nil
	}
}

func (f *fake) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{CancelAtServer: true, Schemas: true}
}

func (f *fake) usable(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.broken:
		cause := errors.New("cannot open")
		if f.is("path in the detail") {
			cause = errors.New("cannot open " + fakePath)
		}
		if f.is("path in the text") {
			f.name += fakePath
		}
		code := errs.SourceUnreachable
		if f.is("wrong code") {
			code = errs.SourceFailed
		}
		return f.fail(code, "source_unreachable", cause, nil)
	case f.over && !f.is("lives after Close"):
		return f.fail(errs.SourceFailed, "source_lost", nil, nil)
	case ctx.Err() != nil && !f.is("ignores the context"):
		return errs.From(ctx.Err())
	}
	return nil
}

func (f *fake) Ping(ctx context.Context) (string, error) {
	if f.is("no version") {
		return "", nil
	}
	return "Fake 1.0", f.usable(ctx)
}

func (f *fake) Describe(ctx context.Context) ([]*catalog.Table, error) {
	if err := f.usable(ctx); err != nil {
		return nil, err
	}
	f.describe++
	var out []*catalog.Table
	for _, m := range f.tables {
		if m.ViewOf != "" && f.is("views are left out") {
			continue
		}
		t := &catalog.Table{ID: catalog.TableID{Schema: m.Schema, Name: m.Name}, Comment: m.Comment, View: m.ViewOf != "", PrimaryKey: slices.Clone(m.Key), Unique: m.Unique, Rows: -1}
		if m.Schema == "" {
			t.ID.Schema = "main"
		}
		if m.Rows != nil {
			t.Rows = 0
			for range m.Rows {
				t.Rows++
			}
		}
		names := make([]string, len(m.Columns))
		for i, c := range m.Columns {
			names[i] = c.Name
		}
		if !f.is("names are not made unique") {
			names = catalog.PublishNames(names)
		}
		for i, c := range m.Columns {
			column := catalog.Column{Name: names[i], SourceName: c.Name, Type: c.Type, SourceType: "fake", NotNull: c.NotNull, Comment: c.Comment}
			if c.Type.Kind == catalog.Invalid && f.is("unreadable columns are hidden") {
				continue
			}
			f.misdescribe(&column)
			t.Columns = append(t.Columns, column)
		}
		f.misdescribeTable(t)
		out = append(out, t)
	}
	return out, nil
}

func (f *fake) misdescribe(c *catalog.Column) {
	switch f.fault {
	case "wrong type":
		if c.Type.Kind == catalog.Date {
			c.Type.Kind = catalog.Timestamp
		}
	case "no source type":
		c.SourceType = ""
	case "not null is lost":
		c.NotNull = false
	case "column comments are lost":
		c.Comment = ""
	case "names are folded":
		c.SourceName, c.Name = strings.ToLower(c.SourceName), strings.ToLower(c.Name)
	}
}

func (f *fake) misdescribeTable(t *catalog.Table) {
	switch f.fault {
	case "view is a table":
		t.View = false
	case "key in column order":
		slices.Sort(t.PrimaryKey)
		slices.Reverse(t.PrimaryKey)
	case "unique keys are lost":
		t.Unique = nil
	case "table comments are lost":
		t.Comment = ""
	case "wrong estimate":
		t.Rows *= 3
	case "schemas are merged":
		t.ID.Schema = "main"
	case "describe drifts":
		t.Comment += strings.Repeat("!", f.describe-1)
	}
}

func (f *fake) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	if err := f.usable(ctx); err != nil {
		return nil, err
	}
	if n > f.places && !f.is("waits for more than there are") {
		return nil, f.fail(errs.SourceBusy, "source_busy", nil, nil)
	}
	if f.is("takes places one by one") {
		return f.oneByOne(ctx, n)
	}
	for {
		f.mu.Lock()
		if f.over && !f.is("lives after Close") {
			f.mu.Unlock()
			return nil, f.fail(errs.SourceFailed, "source_lost", nil, nil)
		}
		if f.free >= n || f.is("does not count") {
			f.free -= n
			f.mu.Unlock()
			conns := make([]connectors.Conn, n)
			for i := range conns {
				conns[i] = &fakeConn{src: f}
			}
			return conns, nil
		}
		wake := f.wake
		f.mu.Unlock()
		done := ctx.Done()
		if f.is("Acquire ignores the context") {
			done = nil
		}
		select {
		case <-wake:
		case <-done:
			return nil, errs.From(ctx.Err())
		}
	}
}

// oneByOne is how not to do it: it waits for a place while it holds another.
func (f *fake) oneByOne(ctx context.Context, n int) ([]connectors.Conn, error) {
	var out []connectors.Conn
	for range n {
		select {
		case f.single <- struct{}{}:
			out = append(out, &fakeConn{src: f})
		case <-ctx.Done():
			return nil, errs.From(ctx.Err())
		}
	}
	return out, nil
}

func (f *fake) giveBack() {
	if f.is("takes places one by one") {
		<-f.single
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free++
	close(f.wake)
	f.wake = make(chan struct{})
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over && f.is("second Close fails") {
		return errors.New("closed twice")
	}
	if !f.over {
		f.over = true
		if !f.is("Close leaves scans alone") {
			close(f.closed)
		}
		close(f.wake)
		f.wake = make(chan struct{})
	}
	return nil
}

type fakeConn struct {
	src      *fake
	open     *fakeStream
	released bool
}

func (c *fakeConn) Release() {
	if c.released && !c.src.is("Release gives back twice") {
		return
	}
	c.released = true
	if c.open != nil {
		c.open.Release()
	}
	if !c.src.is("Release keeps the place") {
		c.src.giveBack()
	}
}

// fakeSQL is the fake's language.
type fakeSQL struct {
	Schema, Table string
	Columns       []string
	Preds         []fakePred
}

type fakePred struct {
	Column string
	Op     dialect.Op
	Values int
}

type fakeDialect struct {
	dialect.ScansOnly
	fault string
}

func (fakeDialect) Name() string { return "fake" }

func (d fakeDialect) Verdict(p dialect.Predicate) (dialect.Verdict, string) {
	switch {
	case p.Column.Type.Kind == catalog.Blob && p.Op == dialect.Lt:
		return dialect.None, map[bool]string{false: "the fake does not order blobs"}[d.fault == "no reason"]
	case p.Column.Type.Kind == catalog.UUID && p.Op == dialect.Gt:
		return dialect.Superset, "the fake rounds"
	}
	return dialect.Exact, ""
}

func (d fakeDialect) Scan(t *catalog.Table, columns []catalog.Column, preds []dialect.Predicate) (string, []catalog.Value) {
	q := fakeSQL{Schema: t.ID.Schema, Table: t.ID.Name}
	for _, c := range columns {
		q.Columns = append(q.Columns, c.SourceName)
	}
	var values []catalog.Value
	for _, p := range preds {
		q.Preds = append(q.Preds, fakePred{p.Column.SourceName, p.Op, len(p.Values)})
		values = append(values, p.Values...)
	}
	text, err := json.Marshal(q)
	if err != nil {
		return err.Error(), nil
	}
	return string(text), values
}

// query finds the table and columns that a fragment's text names.
func (f *fake) query(frag connectors.Fragment) (fakeSQL, Table, []int, error) {
	var q fakeSQL
	if err := json.Unmarshal([]byte(frag.SQL), &q); err != nil {
		return q, Table{}, nil, err
	}
	values := 0
	for _, p := range q.Preds {
		values += p.Values
	}
	if values != len(frag.Values) || len(q.Columns) != len(frag.Columns) {
		return q, Table{}, nil, errors.New("columns or values do not match")
	}
	for _, t := range f.tables {
		schema := t.Schema
		if schema == "" {
			schema = "main"
		}
		if schema != q.Schema || t.Name != q.Table {
			continue
		}
		names := slices.Clone(q.Columns)
		for _, p := range q.Preds {
			names = append(names, p.Column)
		}
		at := make([]int, len(names))
		for i, name := range names {
			at[i] = slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
			if at[i] < 0 || t.Columns[at[i]].Type.Kind == catalog.Invalid {
				return q, t, nil, fmt.Errorf("no column %q", name)
			}
		}
		for t.ViewOf != "" {
			base := slices.IndexFunc(f.tables, func(b Table) bool { return b.Name == t.ViewOf && b.Schema == t.Schema })
			t = f.tables[base]
		}
		return q, t, at, nil
	}
	return q, Table{}, nil, fmt.Errorf("no table %q", q.Table)
}

func fakeHarness(fault string) Harness {
	var paths atomic.Int64
	put := func(tables []Table) connectors.Config {
		path := fmt.Sprintf("%s-%s-%d", fakePath, fault, paths.Add(1))
		server.Store(path, tables)
		return connectors.Config{Kind: "fake", Path: path}
	}
	bad := []TypeRow{
		{Source: "date", Type: catalog.Type{Kind: catalog.Date}, Rule: "Days.", Samples: []Sample{
			{SQL: "1", Want: int64(1)}, {SQL: "NULL", Want: nil}, {SQL: "unfit", Err: errs.ValueUnreadable}}},
		{Source: "point", Rule: "Cannot be read."},
	}
	return Harness{
		Open: fakeOpener(fault),
		Load: func(_ testing.TB, tables []Table) connectors.Config { return put(tables) },
		LoadTypes: func(_ testing.TB, tables []TypeTable) connectors.Config {
			return put(fakeTypeTables(tables))
		},
		Schema: "main", Rows: bad, Dialect: fakeDialect{fault: fault}, Slow: "slow",
		Running: func(testing.TB, connectors.Config) int { return int(running.Load()) },
		Broken: func(testing.TB) []Broken {
			return []Broken{{Name: "missing", Config: connectors.Config{Path: fakePath}, Code: errs.SourceUnreachable, Hidden: []string{fakePath}, Secret: []string{fakePath}}}
		},
		Types:    fakeTypes,
		Features: Features{Views: true, Keys: true, Unique: true, NotNull: true, Comments: true, CaseNames: true, CaseTables: true, RowEstimates: true},
		Knows:    Knowledge{Distinct: true, Keys: true, Nulls: true, Extent: true, Top: true},
	}
}

func fakeTypeTables(tables []TypeTable) []Table {
	var out []Table
	for _, t := range tables {
		var rows [][]any
		for i, literal := range t.Literals {
			var v any
			switch literal {
			case "1":
				v = int64(1)
			case "unfit":
				v = "unfit"
			}
			rows = append(rows, []any{int64(i), v})
		}
		typ := catalog.Type{Kind: catalog.Date}
		if t.DDL == "point" {
			typ = catalog.Type{}
		}
		out = append(out, Table{Name: t.Name, Columns: []Column{{Name: "n", Type: int64Type}, {Name: "v", Type: typ}}, Rows: slices.Values(rows)})
	}
	return out
}

var fakeTypes = []catalog.Type{
	{Kind: catalog.Bool}, {Kind: catalog.Int8}, {Kind: catalog.Int16}, {Kind: catalog.Int32}, int64Type,
	{Kind: catalog.Uint8}, {Kind: catalog.Uint16}, {Kind: catalog.Uint32}, {Kind: catalog.Uint64},
	{Kind: catalog.Float32}, {Kind: catalog.Float64}, catalog.DecimalOf(18, 4), catalog.DecimalOf(38, 10), catalog.DecimalOf(38, 0), catalog.DecimalOf(5, 5),
	textType, {Kind: catalog.Blob}, {Kind: catalog.Date}, {Kind: catalog.Time}, {Kind: catalog.TimestampS}, {Kind: catalog.TimestampMS},
	{Kind: catalog.Timestamp}, {Kind: catalog.TimestampNS}, {Kind: catalog.TimestampTZ}, {Kind: catalog.Interval}, {Kind: catalog.UUID},
	{Kind: catalog.JSON}, {Kind: catalog.HugeInt}, catalog.ListOf(textType),
	{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "a", Type: int64Type}, {Name: "b", Type: textType}}},
}
