// Package plantest gives the tests of the planner bound trees: it takes SQL over a
// small fixed schema, or one of the caller's, through gate and binder. It is for
// tests alone.
package plantest

import (
	"sync"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/policy"
)

// Zone is the session zone in which statements are bound.
const Zone = "Asia/Shanghai"

// World is a schema with a planner over it. Its binder stays open until the
// process ends. It may be used by many goroutines.
type World struct {
	snapshot policy.Snapshot
	planner  *planner.Planner
	binder   *recorder
}

// New makes a world of published tables.
func New(published []policy.Published, sources []policy.Described) (*World, error) {
	snapshot, _, err := policy.NewPublished(published, sources)
	if err != nil {
		return nil, err
	}
	b := &recorder{Binder: planner.NewInProcess(Zone)}
	return &World{snapshot: snapshot, planner: planner.New(b, Dialect), binder: b}, nil
}

// Dialect gives the dialect of a source of the fixed schema.
func Dialect(source string) dialect.Dialect {
	return dialect.For(map[string]string{PG: "postgres", Lite: "sqlite"}[source])
}

var fixed = sync.OnceValues(func() (*World, error) { return New(published()) })

// Fixed gives the world of the fixed schema (see Tables).
func Fixed(t testing.TB) *World {
	t.Helper()
	w, err := fixed()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Prepare binds sql over the fixed schema.
func Prepare(t testing.TB, sql string) *planner.Statement {
	t.Helper()
	s, err := Fixed(t).Prepare(t, sql)
	if err != nil {
		t.Fatalf("%s: %v (%+v)", sql, err, err)
	}
	return s
}

// Logical gives the tree of sql over the fixed schema, as it was bound. A tree that
// cannot be had fails the test with the reason.
func Logical(t testing.TB, sql string) *ir.Plan {
	t.Helper()
	plan, why := Prepare(t, sql).Logical()
	if plan == nil {
		t.Fatalf("%s: runs by the fallback: %s", sql, why)
	}
	return plan
}

// Prepare binds sql.
func (w *World) Prepare(t testing.TB, sql string) (*planner.Statement, error) {
	return w.planner.Prepare(t.Context(), sql, w.snapshot, planner.Options{})
}

// Raw gives the plan of sql as DuckDB writes it, with the tables that it names, for
// logical.Decode. The error is the one of gate or binder.
func (w *World) Raw(t testing.TB, sql string) ([]byte, []logical.Table, error) {
	p, err := w.binder.record(func() error {
		_, err := w.planner.Without().Prepare(t.Context(), sql, w.snapshot, planner.Options{}) // binds anew
		return err
	})
	if p.raw == nil {
		return nil, nil, err
	}
	var tables []logical.Table
	for i, stub := range p.stubs {
		r, ok := w.snapshot.Resolve([]string{stub.Schema, stub.Name})
		if !ok {
			t.Fatalf("%s: no table %s.%s", sql, stub.Schema, stub.Name)
		}
		tables = append(tables, logical.Table{
			Catalog: stub.Catalog, Ref: i + 1, Source: r.Source, Resource: r.Name(), Table: r.Table, Columns: r.Columns,
		})
	}
	return p.raw, tables, nil
}

// Column gives a column for a table of a world of one's own.
func Column(name string, t catalog.Type) catalog.Column {
	return catalog.Column{Name: name, SourceName: name, Type: t, SourceType: t.DuckDB(), Collation: catalog.Collation{Name: "C", Binary: true}}
}

// Planner gives the planner of the world.
func (w *World) Planner() *planner.Planner { return w.planner }

// Snapshot gives what the world has published.
func (w *World) Snapshot() policy.Snapshot { return w.snapshot }
