package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// plantedTree is SQLite's dialect with one mistake in the statements that it writes
// for trees.
type plantedTree struct {
	dialect.Dialect
	condition func(e ir.Expr) bool // what it wrongly calls exact; the condition is then left out
	spoil     func(sql string) string
}

func (d plantedTree) Condition(e ir.Expr, at dialect.Columns) (dialect.Verdict, string) {
	if d.condition != nil && d.condition(e) {
		return dialect.Exact, ""
	}
	return d.Dialect.Condition(e, at)
}

func (d plantedTree) Statement(n ir.Node) (dialect.Statement, error) {
	if d.condition != nil {
		n = ir.Transform(n, func(n ir.Node) ir.Node {
			f, ok := n.(*ir.Filter)
			if !ok {
				return n
			}
			var kept []ir.Expr
			for _, p := range f.Preds {
				if !d.condition(p) {
					kept = append(kept, p)
				}
			}
			return ir.Where(f.Input, kept...)
		})
	}
	s, err := d.Dialect.Statement(n)
	if d.spoil != nil {
		s.SQL = d.spoil(s.SQL)
	}
	return s, err
}

var nullPlace = regexp.MustCompile(`NULLS (FIRST|LAST)`)

// The oracle finds a mistake in what a tree asks of a source: a filter that was
// dropped, a folding collation, the place of NULLs, a row too few of a limit, another
// aggregate.
func TestPlantedTreesAreFound(t *testing.T) {
	const enough = 1500
	swap := map[string]string{"NULLS FIRST": "NULLS LAST", "NULLS LAST": "NULLS FIRST"}
	for name, mistake := range map[string]plantedTree{
		"a filter dropped": {condition: func(e ir.Expr) bool { n, ok := e.(*ir.IsNull); return ok && n.Negated }},
		"collation":        {spoil: func(sql string) string { return strings.ReplaceAll(sql, "COLLATE BINARY", "COLLATE NOCASE") }},
		"the place of NULLs": {spoil: func(sql string) string {
			return nullPlace.ReplaceAllStringFunc(sql, func(s string) string { return swap[s] })
		}},
		"min for max": {spoil: func(sql string) string { return strings.ReplaceAll(sql, "max(", "min(") }},
		"count of all": {spoil: func(sql string) string {
			return regexp.MustCompile(`count\("[^)]*\)`).ReplaceAllString(sql, "count(*)")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			tables := oracle.TestTables(7, oracle.SQLite, liteSource)
			l.fill(t, load{liteSource, tables})
			l.dialects[liteSource] = func(d dialect.Dialect) dialect.Dialect {
				mistake.Dialect = d
				return mistake
			}
			l.start(t)
			g := oracle.NewGenerator(7, tables)
			for n := range uint64(enough) {
				s := g.Statement(n)
				plan, err := l.plan(t.Context(), s.SQL)
				if err != nil || len(plan.Streams) == 0 {
					continue
				}
				want, err := l.reference.Query(t.Context(), s.Unlimited)
				if err != nil {
					continue
				}
				got, err := l.run(t.Context(), plan)
				if err == nil {
					err = oracle.Compare(want, got, s.Order)
				}
				if err != nil {
					t.Logf("found by statement %d: %v", n, err)
					return
				}
			}
			t.Errorf("%d statements did not find it", enough)
		})
	}
}
