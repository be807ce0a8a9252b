package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner"
)

// splits are the ways in which TPC-H's tables lie at the sources: together, torn apart,
// and with MariaDB among them.
var splits = []map[string][]string{
	{pgSource: {"lineitem", "orders", "customer"}, liteSource: {"nation", "region", "supplier"}, duckSource: {"part", "partsupp"}},
	{pgSource: {"part", "supplier", "nation"}, liteSource: {"orders", "partsupp"}, duckSource: {"lineitem", "customer", "region"}},
	{mariaSource: {"lineitem", "orders", "customer", "nation"}, pgSource: {"part", "partsupp"}, liteSource: {"supplier"}, duckSource: {"region"}},
}

// scaleFactor is TPC-H's: 0.01 has 60,000 rows of lineitem.
const scaleFactor, longScaleFactor = 0.01, 0.05

// The 22 statements of TPC-H give DuckDB's own answer, wherever the tables lie.
func TestTPCH(t *testing.T) {
	sf := scaleFactor
	if os.Getenv(longVariable) != "" {
		sf = longScaleFactor
	}
	dir := oracle.TPCH(t, sf)
	for i, split := range splits {
		t.Run(fmt.Sprintf("split%d", i+1), func(t *testing.T) {
			l := newLab(t)
			agencies := map[string]string{}
			for source, tables := range split {
				l.openTPCH(t, source, dir, tables)
				for _, table := range tables {
					agencies[table] = source
				}
			}
			l.start(t)
			checkTPCH(t, l)
			if i == 0 && sf == scaleFactor {
				t.Run("document", func(t *testing.T) { checkPlannerDoc(t, l) })
			}
		})
	}
}

// openTPCH loads tables into a fresh database, publishes them as agency tpch and
// gives them to the reference.
func (l *lab) openTPCH(t *testing.T, source, dir string, tables []string) {
	t.Helper()
	flavour := flavours[source]
	for _, table := range tables {
		l.publish(source, "tpch", table)
		if err := l.reference.LoadTPCH(t.Context(), dir, table, flavour, "tpch", table); err != nil {
			t.Fatal(err)
		}
	}
	if source == mariaSource {
		l.mariaTPCH(t, dir, tables)
		return
	}
	c := connectors.Config{Name: source, Connections: 6, TempDir: t.TempDir()}
	var opener connectors.Opener
	var target string
	switch source {
	case pgSource:
		c.Kind, c.DSN, opener = "postgres", testpg.Start(t).Database(t).Admin, postgres.Open
		target = c.DSN
	case liteSource:
		c.Kind, c.Path, opener = "sqlite", filepath.Join(t.TempDir(), "tpch.db"), sqliteconn.Open
		target = c.Path
	case duckSource:
		c.Kind, c.Path, opener = "duckdb", filepath.Join(t.TempDir(), "tpch.duckdb"), duckdb.Open
		target = c.Path
	}
	if err := oracle.FillTPCH(t.Context(), flavour, target, dir, tables...); err != nil {
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
}

// mariaTPCH loads tables into a fresh database of MariaDB, with indexes over the
// columns that others refer to them by, and opens it.
func (l *lab) mariaTPCH(t *testing.T, dir string, tables []string) {
	t.Helper()
	l.openMariaWith(t, func(db *testmaria.Database) {
		for _, table := range tables {
			db.Exec(t, oracle.CreateTPCH(table, oracle.MySQL))
			var failed error
			db.Load(t, table, func(yield func([]any) bool) {
				stop := errors.New("enough")
				failed = oracle.EachTPCH(t.Context(), dir, table, func(row []any) error {
					if !yield(row) {
						return stop
					}
					return nil
				})
			})
			if failed != nil {
				t.Fatal(failed)
			}
		}
		db.Exec(t, "CREATE INDEX by_order ON lineitem (l_orderkey); CREATE INDEX by_customer ON orders (o_custkey); ANALYZE TABLE "+strings.Join(tables, ", "))
	})
}

var inFrom = regexp.MustCompile(`(\bfrom|,|\bjoin)(\s+)(lineitem|orders|customer|partsupp|part|supplier|nation|region)\b`)

// inAgency puts the agency before the names of the tables.
func inAgency(sql string) string { return inFrom.ReplaceAllString(sql, "${1}${2}tpch.${3}") }

// checkTPCH asks all 22 statements in each way; by the tree none may fall back.
func checkTPCH(t *testing.T, l *lab) {
	files, err := filepath.Glob("../../planner/testdata/tpch/q*.sql")
	if err != nil || len(files) != 22 {
		t.Fatalf("%d statements, %v", len(files), err)
	}
	slices.Sort(files)
	for i, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := oracle.TPCHStatement(i+1, inAgency(string(raw)))
		want, err := l.reference.Query(t.Context(), s.Unlimited)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*planner.Planner{l.planner, l.planner.ByText()} {
			plan, err := l.planBy(t.Context(), p, s.SQL)
			if err != nil {
				t.Errorf("Q%d: %v (%s)", i+1, err, errs.From(err).Detail)
				continue
			}
			if p == l.planner && plan.Fallback != "" {
				t.Errorf("Q%d runs by the fallback: %s", i+1, plan.Fallback)
			}
			got, err := l.run(t.Context(), plan)
			if err != nil {
				t.Errorf("Q%d: %v (%s)", i+1, err, errs.From(err).Detail)
				continue
			}
			if err := oracle.Compare(want, got, s.Order); err != nil {
				t.Errorf("Q%d: %v\n%s", i+1, err, plan.Explain().Text())
			}
		}
		if len(want.Rows) == 0 {
			t.Logf("Q%d has no rows at this scale", i+1)
		}
	}
}
