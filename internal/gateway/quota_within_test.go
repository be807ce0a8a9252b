package gateway

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/server"
)

// meteredTable has one table, 公安.人口, by a grant with a quota.
type meteredTable struct {
	policy.Denied
	r policy.Resource
}

func (m *meteredTable) Resolve(path []string) (*policy.Resource, bool) { return &m.r, len(path) == 2 }

func metered(of policy.Resource) *meteredTable {
	of.Quotas = []catalog.Quota{{Grant: "g", Rows: 1000}}
	return &meteredTable{r: of}
}

// counter is a store of quotas that counts what is charged and not given back.
type counter struct{ queries, rows int64 }

func (c *counter) Charge(_ context.Context, _ string, _ []catalog.Quota, queries, rows int64) (int64, error) {
	c.queries, c.rows = c.queries+queries, c.rows+rows
	return rows, nil
}

func (c *counter) GiveBack(_ context.Context, _ string, _ []catalog.Quota, queries, rows int64) error {
	c.queries, c.rows = c.queries-queries, c.rows-rows
	return nil
}

// Where nobody charges quotas, what has one is refused.
func TestQuotaWithoutMeter(t *testing.T) {
	g, snapshot := newGateway(t, Options{}), metered(*table1)
	for _, columns := range []string{"姓名", "count(*)"} {
		stmt, err := g.planner.Prepare(t.Context(), "SELECT "+columns+" FROM 公安.人口", snapshot, planner.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := charge(t.Context(), server.Session{}, stmt, stmt.Resources()); b != nil || errs.CodeOf(err) != errs.StoreFailed {
			t.Errorf("%s: %v, %v", columns, b, err)
		}
	}
}

// What was delivered stays charged, whatever the end; what found no turn was no statement.
func TestChargedIsWhatWasDelivered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ga.db")
	conn, err := sqlite.OpenConn(file, sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, "CREATE TABLE renkou (id INTEGER PRIMARY KEY, xm TEXT); INSERT INTO renkou VALUES (1, 'a'), (2, 'b'), (3, 'c')", nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	source, err := sqliteconn.Open(t.Context(), connectors.Config{Name: "ga", Kind: "sqlite", Path: file, TempDir: t.TempDir(), Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	tables, err := source.Describe(t.Context())
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	g := newGateway(t, Options{Sources: map[string]connectors.Source{"ga": source}, MaxRunning: 1, QueueTimeout: time.Nanosecond})
	c := &counter{}
	s := server.Session{
		Principal: "wang", Quota: quota.NewMeter(c, time.UTC),
		Snapshot: metered(policy.Resource{Path: []string{"公安", "人口"}, Source: "ga", Table: tables[0], Columns: tables[0].Columns}),
	}
	charged := func(after string, queries, rows int64) {
		t.Helper()
		if c.queries != queries || c.rows != rows {
			t.Errorf("after %s: %d statements and %d rows are charged, want %d and %d", after, c.queries, c.rows, queries, rows)
		}
	}
	if n, err := ended(t.Context(), g, s, "SELECT * FROM 公安.人口"); err != nil || n != 3 {
		t.Fatalf("%d rows, %v", n, err)
	}
	charged("a whole answer", 1, 3)
	const here = "SELECT a.id FROM 公安.人口 a, range(100000) r(i)"
	a, err := g.Query(t.Context(), s, server.Request{SQL: here})
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for range 2 {
		if !a.Stream.Next() {
			t.Fatal(a.Stream.Err())
		}
		n += a.Stream.RecordBatch().NumRows()
	}
	if _, err := ended(t.Context(), g, s, here); errs.CodeOf(err) != errs.QueueFull {
		t.Errorf("without room in the memory: %v", err)
	}
	if _, err := ended(t.Context(), g, s, "EXPLAIN ANALYZE "+here); errs.CodeOf(err) != errs.QueueFull {
		t.Errorf("EXPLAIN ANALYZE: %v", err)
	}
	a.Stream.Release()
	charged("one that was left", 2, 3+n)
}
