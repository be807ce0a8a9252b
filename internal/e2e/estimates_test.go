package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner"
)

// readStatistics does what the program does in the background.
func (l *lab) readStatistics(t *testing.T) {
	t.Helper()
	bySource := map[string][]*catalog.Table{}
	for _, r := range l.snapshot.Resources() {
		bySource[r.Source] = append(bySource[r.Source], r.Table)
	}
	for name, tables := range bySource {
		known, err := l.sources[name].Statistics(t.Context(), tables)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			table.Known = &catalog.Known{}
			if s := known[table.ID]; s != nil {
				table.Known.Set(s)
			}
		}
	}
}

// qError is how many times an estimate is off, up or down. What is unknown counts
// as what the executor takes it for.
func qError(estimate, truth int64) float64 {
	if estimate < 0 {
		estimate = 10_000
	}
	a, b := float64(max(estimate, 1)), float64(max(truth, 1))
	return max(a/b, b/a)
}

// The estimates of TPC-H's 22 statements beside what came, with and without the
// statistics of the sources: a table to read, not a promise. That statistics change
// no answer is TestTPCH's to show, of which this is the same data.
func TestEstimatesOfTPCH(t *testing.T) {
	sf := scaleFactor
	if os.Getenv(longVariable) != "" {
		sf = longScaleFactor
	}
	dir := oracle.TPCH(t, sf)
	for i, split := range splits {
		t.Run(fmt.Sprintf("split%d", i+1), func(t *testing.T) {
			l := newLab(t)
			for source, tables := range split {
				l.openTPCH(t, source, dir, tables)
			}
			l.start(t)
			without := l.estimated(t, "without statistics")
			l.readStatistics(t)
			with := l.estimated(t, "with statistics")
			for k := range without {
				if without[k] != with[k] {
					t.Errorf("Q%d gives %d rows, with statistics %d", k+1, without[k], with[k])
				}
			}
		})
	}
}

// estimated runs all statements and prints how far off the estimates are; it gives
// how many rows each has.
func (l *lab) estimated(t *testing.T, what string) []int64 {
	t.Helper()
	files, err := filepath.Glob("../../planner/testdata/tpch/q*.sql")
	if err != nil || len(files) != 22 {
		t.Fatalf("%d statements, %v", len(files), err)
	}
	slices.Sort(files)
	alone := l.planner.Without("keys") // keys change what a stream gives
	var ofStreams, ofAnswers, all []float64
	var rows []int64
	cpu, began := processTime(t), time.Now()
	for i, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := oracle.TPCHStatement(i+1, inAgency(string(raw)))
		plan, err := l.planBy(t.Context(), alone, s.SQL)
		if err != nil {
			t.Fatal(err)
		}
		ran, err := l.engine.Analyze(t.Context(), plan)
		if err != nil {
			t.Fatalf("Q%d: %v", i+1, err)
		}
		e := plan.Explain()
		line := streamErrors(e, ran, &ofStreams)
		q := qError(e.Nodes[0].Rows, ran.Answer.Rows)
		ofAnswers = append(ofAnswers, q)
		rows = append(rows, ran.Answer.Rows)
		t.Logf("Q%-2d %s; answer %d of %d (%.1f)", i+1, line, e.Nodes[0].Rows, ran.Answer.Rows, q)
	}
	all = append(slices.Clone(ofStreams), ofAnswers...)
	t.Logf("%s: q-error, geometric mean / median / worst: streams %s, answers %s, all %s; %.1f s of processor time (servers' own left out), %.1f s by the clock",
		what, spreadOf(ofStreams), spreadOf(ofAnswers), spreadOf(all), (processTime(t) - cpu).Seconds(), time.Since(began).Seconds())
	return rows
}

func streamErrors(e *planner.Explanation, ran *planner.Measured, to *[]float64) string {
	var parts []string
	for i, s := range e.Streams {
		truth := ran.Streams[i].Rows
		if len(ran.Streams) == 1 && e.Straight {
			truth = ran.Answer.Rows
		}
		q := qError(s.Rows, truth)
		*to = append(*to, q)
		parts = append(parts, fmt.Sprintf("%s %d of %d (%.1f)", strings.TrimPrefix(strings.Join(s.Reads, "+"), "tpch."), s.Rows, truth, q))
	}
	return strings.Join(parts, ", ")
}

func spreadOf(list []float64) string {
	sorted := slices.Sorted(slices.Values(list))
	sum := 0.0
	for _, q := range sorted {
		sum += math.Log(q)
	}
	return fmt.Sprintf("%.2f / %.2f / %.0f", math.Exp(sum/float64(len(sorted))), sorted[len(sorted)/2], sorted[len(sorted)-1])
}

// processTime is what this process has used, DuckDB and SQLite included.
func processTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
