package bench

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

// planning is a planner over a schema of PostgreSQL tables.
type planning struct {
	snapshot policy.Snapshot
	planner  *planner.Planner
	binder   planner.Binder
}

func newPlanning(b *testing.B, agency string, tables []string, columns func(string, oracle.Flavour) []catalog.Column) *planning {
	b.Helper()
	var published []policy.Published
	described := policy.Described{Source: "pg"}
	for _, name := range tables {
		id := catalog.TableID{Schema: "public", Name: name}
		cols := columns(name, oracle.PostgreSQL)
		for i, c := range cols {
			cols[i] = plantest.Column(c.Name, c.Type)
		}
		described.Tables = append(described.Tables, &catalog.Table{ID: id, Columns: cols, Rows: 10_000})
		published = append(published, policy.Published{Agency: agency, Resource: name, Source: "pg", Table: id})
	}
	snapshot, _, err := policy.NewPublished(published, []policy.Described{described})
	if err != nil {
		b.Fatal(err)
	}
	p := &planning{snapshot: snapshot, binder: planner.NewInProcess(oracle.Zone)}
	b.Cleanup(p.binder.Close)
	floor := make([]byte, app.HeapFloor) // as in the program
	b.Cleanup(func() { runtime.KeepAlive(floor) })
	p.planner = planner.New(p.binder, func(string) dialect.Dialect { return dialect.For("postgres") })
	return p
}

// cold plans a statement that is in no cache, over stubs that are there.
func (p *planning) cold(b *testing.B, sql string, values ...catalog.Value) time.Duration {
	b.Helper()
	begun := time.Now()
	s, err := p.planner.Without().Prepare(b.Context(), sql, p.snapshot, planner.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Plan(b.Context(), values); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

const point = "SELECT o_totalprice, o_orderdate FROM tpch.orders WHERE o_orderkey = $1"

var key = catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: int64(7)}

// BenchmarkPlanPoint plans a point look-up that no cache knows.
func BenchmarkPlanPoint(b *testing.B) {
	p := newPlanning(b, "tpch", oracle.TPCHTables, oracle.TPCHColumns)
	p.cold(b, point, key)
	for b.Loop() {
		p.cold(b, point, key)
	}
}

// BenchmarkPlanTPCH plans each of the 22 statements.
func BenchmarkPlanTPCH(b *testing.B) {
	p := newPlanning(b, "tpch", oracle.TPCHTables, oracle.TPCHColumns)
	for i, sql := range plantest.TPCH(b) {
		b.Run(fmt.Sprintf("Q%d", i+1), func(b *testing.B) {
			p.cold(b, sql)
			for b.Loop() {
				p.cold(b, sql)
			}
		})
	}
}

// BenchmarkPlanTPCDS plans all 99 statements and prints the time of the slowest.
func BenchmarkPlanTPCDS(b *testing.B) {
	dir := oracle.TPCDS(b, 0.01)
	p := newPlanning(b, "tpcds", oracle.TPCDSTables, oracle.TPCDSColumns)
	var texts []string
	for n := 1; n <= oracle.TPCDSStatements; n++ {
		text, err := oracle.TPCDSText(dir, n, "tpcds")
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, text)
		p.cold(b, text)
	}
	least := make([]time.Duration, len(texts))
	for b.Loop() {
		for i, text := range texts {
			if d := p.cold(b, text); least[i] == 0 || d < least[i] {
				least[i] = d
			}
		}
	}
	slowest := 0
	for i, d := range least {
		if d > least[slowest] {
			slowest = i
		}
	}
	b.ReportMetric(float64(least[slowest].Microseconds())/1000, "ms/slowest")
	b.Logf("the slowest is Q%d", slowest+1)
}

// BenchmarkPlanPointAgain plans a point look-up that the cache knows, with another
// value each time.
func BenchmarkPlanPointAgain(b *testing.B) {
	p := newPlanning(b, "tpch", oracle.TPCHTables, oracle.TPCHColumns)
	n := int64(0)
	for b.Loop() {
		s, err := p.planner.Prepare(b.Context(), point, p.snapshot, planner.Options{})
		if err != nil {
			b.Fatal(err)
		}
		n++
		plan, err := s.Plan(b.Context(), []catalog.Value{{Type: catalog.Type{Kind: catalog.Int64}, V: n}})
		if err != nil || !plan.Straight || plan.Fallback != "" {
			b.Fatalf("%v, %+v", err, plan)
		}
	}
}
