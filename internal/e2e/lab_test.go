// Package e2e holds the tests that need everything at once: real sources, the
// planner, the executor, and one DuckDB that holds the same data and is right.
package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/exec"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/policy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := testmaria.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
		testpg.Exit(code)
	}))
}

// lab is the gateway's inside over three real sources, beside a reference that
// holds the same tables.
type lab struct {
	reference *oracle.Reference
	sources   map[string]connectors.Source
	dialects  map[string]func(dialect.Dialect) dialect.Dialect // wraps a source's dialect; tests plant mistakes
	binder    planner.Binder
	planner   *planner.Planner
	engine    *exec.Engine
	snapshot  policy.Snapshot
	published []policy.Published
	// estimate gives a table's rows in place of the source's own estimate; nil keeps it.
	// Estimates order the work, they never change an answer.
	estimate func(table string) int64
	notTaken int // runs in which DuckDB did not take the text of a tree
}

// The sources of a lab and what they are.
const (
	pgSource, liteSource, duckSource = "pgx", "lite", "quack"
)

var flavours = map[string]oracle.Flavour{pgSource: oracle.PostgreSQL, liteSource: oracle.SQLite, duckSource: oracle.DuckDB, mariaSource: oracle.MySQL}

// load is data for one source.
type load struct {
	source string
	tables []oracle.Table
}

func newLab(t testing.TB) *lab {
	t.Helper()
	// One thread: windowRace would end the reference, and every answer after it.
	reference, err := oracle.NewReference(t.Context(), "SET threads = 1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reference.Close(); err != nil {
			t.Error(err)
		}
	})
	return &lab{reference: reference, sources: map[string]connectors.Source{}, dialects: map[string]func(dialect.Dialect) dialect.Dialect{}}
}

// fill loads tables into a source and into the reference.
func (l *lab) fill(t *testing.T, loads ...load) {
	t.Helper()
	for _, d := range loads {
		var statements []string
		flavour := flavours[d.source]
		for _, table := range d.tables {
			statements = append(statements, flavour.Statements(flavour.Ident(table.Name()), table)...)
			if err := l.reference.Load(t.Context(), table); err != nil {
				t.Fatal(err)
			}
			l.publish(d.source, table.Path[0], table.Name())
		}
		l.open(t, d.source, statements)
	}
}

func (l *lab) publish(source, agency, table string) {
	schema := "main"
	switch source {
	case pgSource:
		schema = "public"
	case mariaSource:
		schema = mariaSource
	}
	l.published = append(l.published, policy.Published{Agency: agency, Resource: table, Source: source, Table: catalog.TableID{Schema: schema, Name: table}})
}

// open runs statements at a fresh database and opens it as a source.
func (l *lab) open(t testing.TB, source string, statements []string) {
	t.Helper()
	c := connectors.Config{Name: source, Connections: 4, TempDir: t.TempDir()}
	var opener connectors.Opener
	switch source {
	case mariaSource:
		l.openMaria(t, statements...)
		return
	case pgSource:
		db := testpg.Start(t).Database(t)
		for _, s := range statements {
			db.Exec(t, s)
		}
		c.Kind, c.DSN, opener = "postgres", db.Admin, postgres.Open
	case liteSource:
		c.Kind, c.Path, opener = "sqlite", filepath.Join(t.TempDir(), "lite.db"), sqliteconn.Open
		conn, err := sqlite.OpenConn(c.Path, sqlite.OpenReadWrite|sqlite.OpenCreate)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if err := sqlitex.ExecuteTransient(conn, s, nil); err != nil {
				t.Fatalf("%.200s: %v", s, err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	case duckSource:
		c.Kind, c.Path, opener = "duckdb", filepath.Join(t.TempDir(), "quack.duckdb"), duckdb.Open
		db, err := sql.Open("duckdb", c.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%.200s: %v", s, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := opener(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	l.sources[source] = s
}

// start describes the sources and makes planner and executor.
func (l *lab) start(t testing.TB) {
	t.Helper()
	var described []policy.Described
	for name, s := range l.sources {
		tables, err := s.Describe(t.Context())
		if err != nil {
			t.Fatalf("describe %s: %v (%s)", name, err, errs.From(err).Detail)
		}
		for i, table := range tables {
			if l.estimate != nil {
				guessed := *table
				guessed.Rows = l.estimate(table.ID.Name)
				tables[i] = &guessed
			}
		}
		described = append(described, policy.Described{Source: name, Tables: tables})
	}
	snapshot, missing, err := policy.NewPublished(l.published, described)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range missing {
		if m != policy.NotMissing {
			t.Fatalf("%+v is missing: %v", l.published[i], m)
		}
	}
	l.snapshot = snapshot
	if l.engine, err = exec.New(exec.Options{Sources: l.sources, TempDir: t.TempDir(), TimeZone: oracle.Zone}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.engine.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	l.binder = planner.NewInProcess(oracle.Zone)
	t.Cleanup(l.binder.Close)
	l.planner = planner.New(l.binder, func(source string) dialect.Dialect {
		d := dialect.For(l.sources[source].Capabilities().Dialect)
		if wrap := l.dialects[source]; wrap != nil {
			return wrap(d)
		}
		return d
	})
}

func (l *lab) plan(ctx context.Context, text string) (*planner.Plan, error) {
	return l.planBy(ctx, l.planner, text)
}

func (l *lab) planBy(ctx context.Context, p *planner.Planner, text string) (*planner.Plan, error) {
	s, err := p.Prepare(ctx, text, l.snapshot, planner.Options{})
	if err != nil {
		return nil, err
	}
	return s.Plan(ctx, nil)
}

// run gives a plan's whole answer.
func (l *lab) run(ctx context.Context, p *planner.Plan) (oracle.Result, error) {
	rows, err := l.engine.Run(ctx, p)
	if err != nil {
		return oracle.Result{}, err
	}
	defer rows.Release()
	if rows.Plan() != p {
		l.notTaken++
	}
	return oracle.Collect(rows)
}

// Query implements oracle.Engine.
func (l *lab) Query(ctx context.Context, text string) (oracle.Result, error) {
	p, err := l.plan(ctx, text)
	if err != nil {
		return oracle.Result{}, err
	}
	return l.run(ctx, p)
}
