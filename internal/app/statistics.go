package app

import (
	"context"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
)

// Times of statistics. They are read in the background, never for a query.
const (
	statisticsEvery = 15 * time.Minute       // their greatest age, while the source answers
	statisticsTime  = 60 * time.Second       // for one source to tell them
	statisticsWait  = 150 * time.Millisecond // how long the start waits for the first ones
)

// startStatistics begins to keep the statistics of all tables; stopStatistics ends
// that. A program that runs one statement gets those that come soon.
func (a *App) startStatistics() {
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan struct{})
	for _, d := range a.state() {
		prepare(d)
	}
	a.endStatistics, a.statistics = cancel, safego.Run(func() error {
		a.readAll(ctx)
		close(first)
		tick := time.NewTicker(statisticsEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				a.readAll(ctx)
			}
		}
	})
	wait := time.NewTimer(statisticsWait)
	defer wait.Stop()
	select {
	case <-first:
	case <-a.statistics:
	case <-wait.C:
	}
}

func (a *App) stopStatistics() {
	if a.endStatistics == nil {
		return
	}
	a.endStatistics()
	<-a.statistics
	a.endStatistics = nil
}

// prepare gives described tables the place in which their statistics are found.
func prepare(d policy.Described) {
	for _, t := range d.Tables {
		if t.Known == nil {
			t.Known = &catalog.Known{}
		}
	}
}

// readAll reads the statistics of all sources, side by side. What cannot be read
// leaves the old ones.
func (a *App) readAll(ctx context.Context) {
	state := a.state()
	var g safego.Group
	for i, s := range a.sources {
		if d := state[i]; s.open != nil && d.Err == nil {
			g.Go(func() error { a.readStatistics(ctx, s, d); return nil })
		}
	}
	if err := g.Wait(); err != nil {
		a.log.Warn("statistics not read", "error", err)
	}
}

func (a *App) readStatistics(ctx context.Context, s *source, d policy.Described) {
	limited, cancel := context.WithTimeout(ctx, statisticsTime)
	defer cancel()
	known, err := s.open.Statistics(limited, d.Tables)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Warn("statistics not read", "source", d.Source, "error", err)
		}
		return
	}
	for _, t := range d.Tables {
		if now := known[t.ID]; now != nil && t.Known != nil {
			t.Known.Set(now)
		}
	}
}
