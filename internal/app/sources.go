package app

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
)

// Times of sources.
const (
	describeTime = 20 * time.Second // for a source to open and to say what it has
	retryEvery   = 15 * time.Second // for one that could not
)

// source is one entry of sources: once it is opened.
type source struct {
	cfg       config.Source
	open      connectors.Source // nil when it could not even be opened
	described policy.Described
	left      bool // nobody needs it
}

// connector gives a source's entry in the form that openers take.
func connector(s config.Source, temp string) connectors.Config {
	return connectors.Config{
		Name: s.Name, Kind: s.Kind, DSN: s.DSN.Reveal(), Path: s.Path, TempDir: filepath.Join(temp, "source-"+s.Name),
		Connections: s.Connections, Columns: s.Columns,
	}
}

// slowAfter is how long sources may take without a word to whoever waits.
const slowAfter = time.Second

// openNeeded opens the sources that are needed and asks them what they have.
func openNeeded(ctx context.Context, cfg *config.Config, o Options, temp string) ([]*source, error) {
	w := &waiting{names: map[string]bool{}}
	for _, s := range cfg.Sources {
		w.names[s.Name] = o.Only == nil || o.Only(s.Name)
	}
	stop := w.tell(o.Slow)
	defer stop()
	sources, err := openAll(ctx, cfg, o, temp)
	if err == nil {
		describeAll(ctx, sources, w.answered)
	}
	return sources, err
}

// waiting are the sources that have not answered yet.
type waiting struct {
	mu    sync.Mutex
	names map[string]bool
}

func (w *waiting) answered(source string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names[source] = false
}

// tell calls slow with the sources that have not answered when slowAfter is over, unless
// stop is called before.
func (w *waiting) tell(slow func([]string)) (stop func()) {
	if slow == nil {
		return func() {}
	}
	over := make(chan struct{})
	done := safego.Run(func() error {
		select {
		case <-over:
			return nil
		case <-time.After(slowAfter):
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		var names []string
		for _, name := range slices.Sorted(maps.Keys(w.names)) {
			if w.names[name] {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			slow(names)
		}
		return nil
	})
	return func() {
		close(over)
		<-done
	}
}

// openAll opens the sources, all at the same time. An entry that is wrong is an
// error; what else keeps a source from being opened is the source's own trouble.
// The sources that were opened are returned with an error too.
func openAll(ctx context.Context, cfg *config.Config, o Options, temp string) ([]*source, error) {
	all := make([]*source, len(cfg.Sources))
	var g safego.Group
	for i, entry := range cfg.Sources {
		s := &source{cfg: entry, described: policy.Described{Source: entry.Name}}
		all[i] = s
		if o.Only != nil && !o.Only(entry.Name) {
			s.left, s.described.Err = true, errs.New(errs.SourceUnreachable, "app_source_left", msg.Args{"Source": entry.Name})
			continue
		}
		g.Go(func() error {
			err := s.openWith(ctx, o.Openers[entry.Kind], temp)
			if errs.CodeOf(err) == errs.ConfigInvalid {
				return &Placed{entry.Place, err}
			}
			s.described.Err = err
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return all, err
	}
	return all, nil
}

func (s *source) openWith(ctx context.Context, open connectors.Opener, temp string) error {
	if open == nil {
		return errs.Internalf("no opener for the kind %s", s.cfg.Kind)
	}
	limited, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	opened, err := open(limited, connector(s.cfg, temp))
	if err != nil {
		return s.ownError(ctx, err)
	}
	s.open = opened
	return nil
}

// describeAll asks every opened source what it has, all at the same time.
func describeAll(ctx context.Context, sources []*source, answered func(source string)) {
	var g safego.Group
	for _, s := range sources {
		if s.open == nil {
			answered(s.cfg.Name)
			continue
		}
		g.Go(func() error {
			s.described = s.describe(ctx)
			answered(s.cfg.Name)
			return nil
		})
	}
	if err := g.Wait(); err != nil { // a connector panicked
		for _, s := range sources {
			if s.described.Tables == nil && s.described.Err == nil {
				s.described.Err = errs.From(err)
			}
		}
	}
}

func (s *source) describe(ctx context.Context) policy.Described {
	d := policy.Described{Source: s.cfg.Name}
	limited, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	tables, err := s.open.Describe(limited)
	if err != nil {
		d.Err = s.ownError(ctx, err)
		return d
	}
	d.Tables = tables
	if d.Tables == nil {
		d.Tables = []*catalog.Table{}
	}
	return d
}

// ownError turns the end of the time that a source was given into an error of the
// source: no query ran too long.
func (s *source) ownError(ctx context.Context, err error) error {
	e := errs.From(err)
	if ctx.Err() == nil && (e.Code == errs.Timeout || e.Code == errs.Canceled) {
		return errs.Wrap(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": s.cfg.Name}, err)
	}
	return e
}

// retry describes, until ctx ends, what could not be described before, and
// publishes it once it can. It keeps for the next run what is described.
func (a *App) retry(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			a.keepDescribed()
			return nil
		case <-tick.C:
		}
		for _, s := range a.sources {
			if s.open == nil || !a.isDown(s) {
				continue
			}
			d := s.describe(ctx)
			if d.Err != nil {
				continue
			}
			prepare(d)
			if err := a.back(s, d); err != nil {
				return err
			}
			a.readStatistics(ctx, s, d)
		}
		a.keepDescribed()
	}
}

func (a *App) isDown(s *source) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.described.Err != nil
}

// back puts the tables of a source that was away into the snapshot.
func (a *App) back(s *source, d policy.Described) error {
	a.mu.Lock()
	s.described = d
	a.mu.Unlock()
	if a.authority != nil {
		a.authority.SourcesChanged()
	}
	snapshot, wrong, err := publish(a.cfg, a.state())
	if err != nil {
		return err
	}
	a.published.Store(snapshot)
	a.log.Info("source available", "source", s.cfg.Name, "tables", len(d.Tables))
	for _, w := range wrong {
		a.log.Warn("not published", "error", w)
	}
	return nil
}
