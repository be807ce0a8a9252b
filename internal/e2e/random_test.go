package e2e

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/rules"
)

// Environment variables: a seed repeats a run, a count makes it longer.
const (
	seedVariable  = "LIANJI_ORACLE_SEED"
	countVariable = "LIANJI_ORACLE_STATEMENTS"
	longVariable  = "LIANJI_LONG"
)

// leastPairs is how many pairs of construct and column type must have reached a
// source, and how many must have run here.
const leastPairs = 40

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

func randomLab(t *testing.T, seed uint64) (*lab, []oracle.Table) {
	t.Helper()
	l := newLab(t)
	loads := []load{
		{pgSource, oracle.TestTables(seed, oracle.PostgreSQL, pgSource)},
		{liteSource, oracle.TestTables(seed+1, oracle.SQLite, liteSource)},
		{duckSource, oracle.TestTables(seed+2, oracle.DuckDB, duckSource)},
		{mariaSource, oracle.TestTables(seed+3, oracle.MySQL, mariaSource)},
	}
	l.fill(t, loads...)
	l.estimate = func(table string) int64 {
		h := fnv.New64a()
		fmt.Fprint(h, seed, table)
		return []int64{-1, 1, 100, 10_000, 1_000_000}[h.Sum64()%5]
	}
	l.start(t)
	var tables []oracle.Table
	for _, d := range loads {
		tables = append(tables, d.tables...)
	}
	return l, tables
}

// Statements made at random mean here what one DuckDB with all the data says.
func TestRandomStatements(t *testing.T) {
	seed := number(t, seedVariable, 20261122)
	otherwise := uint64(2000)
	if os.Getenv(longVariable) != "" {
		otherwise = 5000
	}
	count := number(t, countVariable, otherwise)
	t.Logf("seed %d, %d statements; %s and %s repeat and widen", seed, count, seedVariable, countVariable)
	l, tables := randomLab(t, seed)
	g := oracle.NewGenerator(seed, tables)
	coin := rand.New(rand.NewPCG(seed, 1))
	reached, here := map[string]int{}, map[string]int{}
	fallbacks, fired := map[string]int{}, map[string]int{}
	failures, bothFailed, straight, keyed := 0, 0, 0, 0
	for n := range count {
		s := g.Statement(n)
		off := someRules(coin)
		// Of three rows: most streams have more, and none of their keys is sent.
		eager := l.planner.Eager([]int{3, 10_000}[coin.IntN(2)])
		want, wantErr := l.reference.Query(t.Context(), s.Unlimited)
		for _, way := range []struct {
			name    string
			planner *planner.Planner
		}{
			{"all rules", eager},
			{"without " + strings.Join(off, ", "), eager.Without(off...)},
			{"by text", l.planner.ByText()},
		} {
			plan, err := l.planBy(t.Context(), way.planner, s.SQL)
			var got oracle.Result
			if err == nil {
				got, err = l.run(t.Context(), plan)
				if err != nil && strings.Contains(errs.From(err).Detail, windowRace) {
					t.Logf("statement %d, %s: DuckDB's threads met in a window; once more", n, way.name)
					got, err = l.run(t.Context(), plan)
				}
			}
			if err == nil && way.name == "all rules" {
				countPairs(plan, s, reached, here)
				for _, rule := range plan.Explain().Rules {
					fired[rule]++
				}
				if plan.Straight {
					straight++
				}
				if slices.ContainsFunc(plan.Streams, func(s *planner.Stream) bool { return s.Keyed != nil }) {
					keyed++
				}
				if plan.Fallback != "" {
					fallbacks[plan.Fallback]++
				}
			}
			switch {
			case err != nil && wantErr != nil:
				bothFailed++
			case err != nil:
				t.Errorf("statement %d, %s: %v (%s)\n%s", n, way.name, err, errs.From(err).Detail, s.SQL)
			case wantErr != nil:
				t.Errorf("statement %d, %s: answered, the reference fails: %v\n%s", n, way.name, wantErr, s.SQL)
			default:
				if err := oracle.Compare(want, got, s.Order); err != nil {
					t.Errorf("statement %d, %s: %v\n%s\n%s", n, way.name, err, s.SQL, plan.Explain().Text())
				}
			}
		}
		if t.Failed() {
			if failures++; failures > 5 {
				t.FailNow()
			}
		}
	}
	t.Logf("by the fallback: %s; and %d of which DuckDB did not take the tree's text", strings.Join(sorted(fallbacks), ", "), l.notTaken)
	bothFailed /= 3
	t.Logf("%d statements: %d straight, %d send keys, %d failed alike; %d pairs reached a source, %d ran here", count, straight, keyed, bothFailed, len(reached), len(here))
	t.Logf("rules that changed a tree: %s", strings.Join(sorted(fired), ", "))
	t.Logf("reached: %s", strings.Join(sorted(reached), ", "))
	t.Logf("here: %s", strings.Join(sorted(here), ", "))
	if count >= 2000 && (len(reached) < leastPairs || len(here) < leastPairs) {
		t.Errorf("%d pairs reached a source and %d ran here, at least %d of each must", len(reached), len(here), leastPairs)
	}
	if keyed < int(count)/20 {
		t.Errorf("%d of %d statements send keys: the generator proves too little", keyed, count)
	}
	if bothFailed > int(count)/50 {
		t.Errorf("%d of %d statements failed on both sides: the generator proves too little", bothFailed, count)
	}
}

// windowRace is an error of DuckDB 1.5.5's own, in its WindowLocalSourceState: it
// comes and goes over one statement and one data, wherever several threads work.
const windowRace = "Attempted to access index 0 within vector of size 0"

// someRules picks rules to leave out: none, some or most of them.
func someRules(coin *rand.Rand) []string {
	var off []string
	share := coin.Float64()
	for _, r := range rules.List() {
		if coin.Float64() < share {
			off = append(off, r.Name)
		}
	}
	if coin.Float64() < share {
		off = append(off, planner.KeysRule)
	}
	return off
}

// countPairs counts what a plan sends to sources, and what it keeps.
func countPairs(p *planner.Plan, s oracle.Statement, reached, here map[string]int) {
	for _, stream := range p.Explain().Streams {
		for _, a := range stream.Asked {
			if a.Verdict != dialect.None.String() {
				reached[shape(a.What)]++
			}
		}
	}
	if p.Straight {
		return
	}
	for _, pair := range s.Pairs {
		here[pair.String()]++
	}
}

var names = regexp.MustCompile(`[^\s(),]*#\d+`)

// shape takes the names of columns out of what a source was asked.
func shape(what string) string {
	what = names.ReplaceAllString(what, "x")
	if len(what) > 60 {
		what = what[:60]
	}
	return what
}

func sorted(m map[string]int) []string {
	var out []string
	for k, n := range m {
		out = append(out, fmt.Sprintf("%s (%d)", k, n))
	}
	slices.Sort(out)
	return out
}
