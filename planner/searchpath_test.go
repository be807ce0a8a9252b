package planner

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
)

// onPath is a snapshot that finds names without a schema in g.
type onPath struct{ policy.Snapshot }

func (s onPath) Identity() string { return "g first" }
func (s onPath) Resolve(path []string) (*policy.Resource, bool) {
	if len(path) == 1 {
		path = []string{"g", path[0]}
	}
	return s.Snapshot.Resolve(path)
}

// A name without its schema is what the snapshot says, and only a table's.
func TestNamesWithoutSchema(t *testing.T) {
	p := newPlanner(t)
	for _, c := range []struct {
		sql, reads, want string
	}{
		{"SELECT a FROM t", "g.t", `"_lianji_ref_1"."g".t`},
		{"SELECT T.a, g.t.b FROM T", "g.t", `"_lianji_ref_1"."g".T`},
		{`SELECT x.a FROM "t" AS x JOIN g.s ON x.a = s.id`, "g.t g.s", `"_lianji_ref_1"."g"."t" AS x`},
		{"WITH t AS (SELECT 1 AS a) SELECT a FROM t", "", "FROM t"},
		{"SELECT a FROM t WHERE EXISTS (WITH t AS (SELECT 1) FROM t)", "g.t", `"_lianji_ref_1"."g".t`},
	} {
		s, err := p.Prepare(t.Context(), c.sql, onPath{testTables()}, Options{})
		if err != nil {
			t.Errorf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			continue
		}
		var names []string
		for _, r := range s.Resources() {
			names = append(names, r.Name())
		}
		if got := strings.Join(names, " "); got != c.reads || !strings.Contains(s.Spliced(), c.want) {
			t.Errorf("%s reads %s as %s", c.sql, got, s.Spliced())
		}
	}
	for _, sql := range []string{"SELECT a FROM nix", "SELECT * FROM duckdb_settings", "SELECT * FROM sqlite_master"} {
		if _, err := p.Prepare(t.Context(), sql, onPath{testTables()}, Options{}); errs.CodeOf(err) != errs.UnknownName {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := p.Prepare(t.Context(), "SELECT a FROM t", testTables(), Options{}); errs.CodeOf(err) != errs.UnknownName {
		t.Errorf("without a path: %v", err)
	}
}
