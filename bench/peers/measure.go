package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/oracle"
)

// line is a work's outcome.
type line struct {
	work  *work
	cells map[string]*entry // by contender
}

// entry is what a contender did.
type entry struct {
	times []time.Duration
	err   error
}

func (e *entry) median() time.Duration {
	sorted := slices.Sorted(slices.Values(e.times))
	return sorted[len(sorted)/2]
}

// seconds gives a contender's median, 0 when it has none.
func (l *line) seconds(name string) float64 {
	if e := l.cells[name]; e != nil && e.err == nil && len(e.times) > 0 {
		return e.median().Seconds()
	}
	return 0
}

// What is quick is run more often, for it costs nothing; what is slow, once.
const (
	quick = 500 * time.Millisecond
	slow  = 10 * time.Second
)

func rounds(first time.Duration, runs int) int {
	switch {
	case first < quick:
		return 2*runs + 1
	case first > slow:
		return 1
	}
	return runs
}

// measure has every contender run a work, first to check its answer, then for the
// time, one after another, each round beginning with another one.
func measure(ctx context.Context, w *work, ref *oracle.Reference, all []contender, runs int, limit time.Duration) (*line, error) {
	want, err := w.expected(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.name, err)
	}
	l := &line{work: w, cells: map[string]*entry{}}
	within := func(c contender, do func(context.Context) error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err := do(ctx)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("more than %s", limit)
		}
		l.cells[c.name()].err = err
	}
	var takers []contender
	turns := map[contender]int{}
	for _, c := range all {
		if !w.takes(c) {
			continue
		}
		l.cells[c.name()] = &entry{}
		begun := time.Now()
		within(c, func(ctx context.Context) error { return w.verify(ctx, c, want) })
		if l.cells[c.name()].err == nil {
			takers = append(takers, c)
		}
		turns[c] = rounds(time.Since(begun), runs)
	}
	for r := range 2*runs + 1 {
		for i := range takers {
			c := takers[(i+r)%len(takers)]
			e := l.cells[c.name()]
			if e.err != nil || r >= turns[c] {
				continue
			}
			within(c, func(ctx context.Context) error {
				took, err := w.time(ctx, c, want)
				e.times = append(e.times, took)
				return err
			})
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	say("  " + l.String())
	return l, nil
}

func (w *work) takes(c contender) bool { return c.takes(w) }

func (l *line) String() string {
	parts := []string{l.work.name}
	for _, name := range contenderNames {
		e := l.cells[name]
		switch {
		case e == nil:
		case e.err != nil:
			parts = append(parts, name+": "+strings.Join(strings.Fields(e.err.Error()), " "))
		default:
			parts = append(parts, name+" "+show(e.median()))
		}
	}
	return strings.Join(parts, "; ")
}

// coldStarts times programs from their start to their end.
func coldStarts(ctx context.Context, g *lianji, p *python, ref *oracle.Reference, runs int) ([]*line, error) {
	price, err := ref.Query(ctx, "SELECT o_totalprice FROM pg.orders WHERE o_orderkey = 7")
	if err != nil {
		return nil, err
	}
	first := fmt.Sprint(price.Rows[0][0])
	version := &line{work: &work{name: "`lianji version`"}, cells: map[string]*entry{ours: {}}}
	answer := &line{work: &work{name: "a program's start to its first row of PostgreSQL: `lianji query --direct`; Python with DuckDB", needs: bounds{attach: 1}}, cells: map[string]*entry{ours: {}, attach: {}}}
	once := func(e *entry, want, name string, args ...string) {
		took, err := command(ctx, want, name, args...)
		e.times, e.err = append(e.times, took), errors.Join(e.err, err)
	}
	for range 2*runs + 1 {
		once(version.cells[ours], "lianji", g.binary, "version")
		once(answer.cells[ours], first, g.binary, "query", "--config", g.config, "--direct", "--format", "csv", "SELECT o_totalprice FROM pgdb.public.orders WHERE o_orderkey = 7")
		once(answer.cells[attach], first, p.program, append(append([]string{p.script}, p.urls...), "SELECT o_totalprice FROM pg.orders WHERE o_orderkey = 7")...)
	}
	say("  " + version.String())
	say("  " + answer.String())
	return []*line{version, answer}, nil
}
