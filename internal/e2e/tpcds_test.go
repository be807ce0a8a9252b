package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/internal/testpg"
)

// dsScale is TPC-DS's scale factor: 0.01 has 29,000 rows of store_sales.
const dsScale = 0.01

// mostFallbacks is the share of TPC-DS's statements that may run by the fallback.
const mostFallbacks = 0.10

// The 99 statements of TPC-DS give DuckDB's own answer over three sources, and
// hardly any needs the fallback.
func TestTPCDS(t *testing.T) {
	dir := oracle.TPCDS(t, dsScale)
	l := newLab(t)
	flavours := map[string]oracle.Flavour{pgSource: oracle.PostgreSQL, liteSource: oracle.SQLite, duckSource: oracle.DuckDB}
	split := map[string][]string{}
	for i, table := range oracle.TPCDSTables {
		source := []string{pgSource, duckSource, liteSource, pgSource, duckSource}[i%5]
		split[source] = append(split[source], table)
	}
	for source, tables := range split {
		c := connectors.Config{Name: source, Connections: 8, TempDir: t.TempDir()}
		opener, target := duckdb.Open, filepath.Join(t.TempDir(), "tpcds.db")
		c.Kind, c.Path = "duckdb", target
		switch source {
		case pgSource:
			target = testpg.Start(t).Database(t).Admin
			c.Kind, c.DSN, c.Path, opener = "postgres", target, "", postgres.Open
		case liteSource:
			c.Kind, opener = "sqlite", sqliteconn.Open
		}
		if err := oracle.FillTPCDS(t.Context(), flavours[source], target, dir, tables...); err != nil {
			t.Fatal(err)
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
		for _, table := range tables {
			l.publish(source, "tpcds", table)
			if err := l.reference.LoadTPCDS(t.Context(), dir, table, flavours[source], "tpcds", table); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.start(t)
	fallbacks := map[string]int{}
	n := 0
	var planned []time.Duration
	for number := 1; number <= oracle.TPCDSStatements; number++ {
		text, err := oracle.TPCDSText(dir, number, "tpcds")
		if err != nil {
			t.Fatal(err)
		}
		s := oracle.TPCDSStatement(number, text)
		begun := time.Now()
		plan, err := l.plan(t.Context(), s.SQL)
		planned = append(planned, time.Since(begun))
		if err != nil {
			t.Errorf("Q%d: %v (%s)", number, err, errs.From(err).Detail)
			continue
		}
		if plan.Fallback != "" {
			fallbacks[plan.Fallback]++
			n++
		}
		begun = time.Now()
		got, err := l.run(t.Context(), plan)
		if err != nil {
			t.Errorf("Q%d: %v (%s)", number, err, errs.From(err).Detail)
			continue
		}
		if d := time.Since(begun); d > 2*time.Second {
			t.Logf("Q%d took %s", number, d)
		}
		want, err := l.reference.Query(t.Context(), s.Unlimited)
		if err != nil {
			t.Fatal(err)
		}
		if err := oracle.Compare(want, got, s.Order); err != nil {
			t.Errorf("Q%d: %v\n%s", number, err, plan.Explain().Text())
		}
	}
	slices.Sort(planned)
	t.Logf("planned in %s at the median, %s at most", planned[len(planned)/2], planned[len(planned)-1])
	t.Logf("%d of %d by the fallback: %s", n, oracle.TPCDSStatements, strings.Join(sorted(fallbacks), ", "))
	if float64(n) >= mostFallbacks*float64(oracle.TPCDSStatements) {
		t.Errorf("%d statements by the fallback", n)
	}
}
