package rules_test

import (
	"context"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/residual"
	"github.com/lianji/lianji/planner/rules"
)

var (
	correlatedSeed  = flag.Uint64("correlated.seed", 20240229, "seed of statements with subqueries")
	correlatedCount = flag.Uint64("correlated.statements", 500, "statements with subqueries")
)

// rewritten answers a statement with the text of the tree that rules made.
type rewritten struct {
	*oracle.Reference
	text string
}

func (r rewritten) Query(ctx context.Context, _ string) (oracle.Result, error) {
	return r.Reference.Query(ctx, r.text)
}

// Statements with subqueries give the same rows as they are written and as the rules
// leave them: with all rules, and with some at random off.
func TestCorrelated(t *testing.T) {
	t.Logf("seed %d (-correlated.seed)", *correlatedSeed)
	r := data(t)
	seen := map[string]int{}
	for n := range *correlatedCount {
		rnd := rand.New(rand.NewPCG(*correlatedSeed, n))
		sql := (&correlated{r: rnd}).statement()
		s, err := plantest.Fixed(t).Prepare(t, sql)
		if err != nil {
			seen["refused: "+err.Error()]++
			continue
		}
		plan, why := s.Logical()
		if plan == nil {
			seen["no tree: "+why]++
			continue
		}
		off := map[string]bool{}
		if n%2 == 1 {
			for _, rule := range rules.List() {
				off[rule.Name] = rnd.IntN(4) == 0
			}
		}
		c := &rules.Context{Plan: plan.Clone(), Dialect: plantest.Dialect}
		fired, err := rules.RunEarly(c, rules.List(), off)
		if err != nil {
			t.Errorf("statement %d: %v\n%s\n%s", n, err, sql, ir.Text(plan.Root, ir.Exactly))
			continue
		}
		here := maps.Clone(off)
		here["remote_scan"] = true // all of it stays here
		late, err := rules.RunLate(c, rules.List(), here)
		if err != nil {
			t.Errorf("statement %d: %v\n%s\n%s", n, err, sql, ir.Text(plan.Root, ir.Exactly))
			continue
		}
		for _, name := range append(fired, late...) {
			seen["fired "+name]++
		}
		tree := ir.Text(c.Plan.Root, ir.Exactly)
		if len(off) == 0 {
			for _, what := range []string{"join delim", "mark join", "single join"} {
				if strings.Contains(ir.Text(plan.Root, ir.Exactly), what) {
					seen["had "+what]++
				}
				if strings.Contains(tree, what) {
					seen["left "+what]++
				}
			}
		}
		names := make([]string, len(s.Columns))
		for i := range names {
			names[i] = s.Columns[i].Name
		}
		text, err := residual.Write(c.Plan.Root, names, tables)
		var u *residual.Unsupported
		if errors.As(err, &u) {
			seen["no text: "+u.What]++
			continue
		}
		if err != nil {
			t.Fatalf("statement %d: %v\n%s", n, err, sql)
		}
		failed, err := oracle.Check(t.Context(), r, rewritten{r, text}, oracle.Statement{SQL: sql, Unlimited: sql})
		switch {
		case failed:
			seen["fails on both sides"]++
		case err == nil:
			seen["same rows"]++
		case strings.Contains(err.Error(), "INTERNAL Error"), strings.Contains(err.Error(), "unordered_map::at"):
			seen["DuckDB breaks on the statement as it is written"]++
		case strings.Contains(err.Error(), "Unsupported join type for flattening"):
			seen["no text: DuckDB cannot plan it"]++
		case strings.Contains(err.Error(), "More than one row returned by a subquery"):
			seen["fails on one side, for a second row"]++ // which rows a single join sees is DuckDB's choice
		default:
			t.Errorf("statement %d, %v: %v\n%s\n--- bound\n%s--- after %v\n%s--- text\n%s", n, off, err, sql, ir.Text(plan.Root, ir.Exactly), fired, tree, text)
		}
	}
	for what, count := range seen {
		t.Logf("%5d %s", count, what)
	}
}
