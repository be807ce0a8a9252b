package planner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

// apart is a snapshot in which every table has a source of its own.
type apart struct{ policy.Snapshot }

func (a apart) Resolve(path []string) (*policy.Resource, bool) {
	r, ok := a.Snapshot.Resolve(path)
	if !ok {
		return nil, false
	}
	own := *r
	own.Source = r.Table.ID.Name
	return &own, true
}

// A stream's number means the same in the tree, in what is said of the stream, and
// in what a run of it counts.
func TestStreamsAreNumberedAlike(t *testing.T) {
	b := planner.NewInProcess(plantest.Zone)
	defer b.Close()
	p := planner.New(b, func(string) dialect.Dialect { return dialect.For("duckdb") })
	statements := append(plantest.TPCH(t),
		"WITH x AS (SELECT n_name, n_regionkey FROM tpch.nation) SELECT * FROM tpch.region, x a, x b WHERE a.n_regionkey = r_regionkey AND b.n_regionkey < (SELECT count(*) FROM tpch.part)",
		"SELECT n_name FROM tpch.nation UNION ALL SELECT r_name FROM tpch.region WHERE r_regionkey IN (SELECT o_custkey FROM tpch.orders) EXCEPT SELECT s_name FROM tpch.supplier",
		"WITH RECURSIVE r(n) AS (SELECT min(r_regionkey) FROM tpch.region UNION ALL SELECT n + 1 FROM r JOIN tpch.nation ON n_nationkey = n) SELECT * FROM r, tpch.part",
		"SELECT * FROM tpch.nation RIGHT JOIN tpch.region ON n_regionkey = r_regionkey FULL JOIN tpch.supplier ON s_nationkey = n_nationkey",
	)
	trees := 0
	for _, sql := range statements {
		s, err := p.Prepare(t.Context(), sql, apart{plantest.Fixed(t).Snapshot()}, planner.Options{})
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		plan, err := s.Plan(t.Context(), nil)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		e := plan.Explain()
		if e.Plan == "tree" {
			trees++
		}
		if len(e.Streams) != len(plan.Streams) {
			t.Errorf("%s: %d streams explained of %d", sql, len(e.Streams), len(plan.Streams))
			continue
		}
		for i, stream := range e.Streams {
			table := stream.Source
			other := func(read string) bool { return !strings.HasSuffix(read, "."+table) }
			if stream.SQL != plan.Streams[i].SQL || !strings.Contains(stream.SQL, `"`+table+`"`) || len(stream.Reads) == 0 || slices.ContainsFunc(stream.Reads, other) {
				t.Errorf("%s: stream %d: %+v", sql, i+1, stream)
			}
			in := false
			for _, n := range e.Nodes {
				in = in || n.Stream == stream.Stream && strings.Contains(n.Node, "."+table+" at "+table)
			}
			if !in && !e.Straight {
				t.Errorf("%s: stream %d is not in the tree:\n%s", sql, i+1, e.Text())
			}
		}
	}
	t.Logf("%d of %d by their trees", trees, len(statements))
}
