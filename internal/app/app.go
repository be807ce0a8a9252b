// Package app puts the program together: it opens the sources of a configuration,
// makes the snapshots of what is there, and runs the doors. It knows no engine of
// a source by itself; cmd gives it the map of them.
package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/internal/tracing/otlp"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/policy/tokenize"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/admin"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/limits"
)

// Options are what the program is made of.
type Options struct {
	Openers   map[string]connectors.Opener // by kind of source
	NewEngine func(EngineOptions) (Engine, error)
	Operator  bool         // for an operator's own statement: its audit log is apart from that of the doors
	Logger    *slog.Logger // must redact; nil means nowhere
	// Catalogue is the command that starts a process for the PostgreSQL door's own
	// catalogue; empty means that it lives in this one.
	Catalogue []string
	// Only tells of a source whether it is needed; nil means that all are. One that is
	// not is neither opened nor asked what it has.
	Only func(source string) bool
	// Slow hears, once, which sources have not answered after a second; nil means nobody.
	Slow func(sources []string)
	// Plaintext lets doors with a login serve other machines without TLS.
	Plaintext bool
}

// Kinds lists the kinds of sources that can be opened.
func (o Options) Kinds() []string {
	kinds := make([]string, 0, len(o.Openers))
	for k := range o.Openers {
		kinds = append(kinds, k)
	}
	return kinds
}

// EngineOptions are what an engine is made with. The sources stay the App's.
type EngineOptions struct {
	Sources      map[string]connectors.Source
	Audit        *audit.Log // nil means that nothing is recorded
	Tokens       *tokenize.Keys
	MemoryBytes  int64
	TempDir      string // of this run alone, mode 0700
	TempBytes    int64  // 0 means the engine's own limit
	TimeZone     string
	MaxRunning   int
	MaxQueued    int
	QueueTimeout time.Duration
	Limits       limits.Options
	Ended        func(server.Ended) // nil means that nobody counts
	Tracer       *tracing.Tracer    // nil means that no statement is followed
	// Own says that only whoever runs this process asks: his binds need no process of
	// their own.
	Own bool
}

// Engine runs statements. Close ends those that still run.
type Engine interface {
	server.Querier
	Close() error
}

// HeapFloor is how many bytes are reserved and never touched, so that they take none of
// the machine's memory. The collector runs when the heap has grown by as much as lives in
// it, and between large answers only 3 MB live: it would run for every fifty look-ups by key.
const HeapFloor = 32 << 20

// App is a running program. Close ends it.
type App struct {
	cfg    *config.Config
	log    *slog.Logger
	plain  bool     // serves other machines without TLS
	own    []string // Options.Catalogue
	engine Engine
	temp   *runDir

	sources []*source
	keeping keeping

	endStatistics context.CancelFunc // nil when none are read
	statistics    <-chan error       // closed when none are read any more

	store     *store.Store            // nil without one
	audit     *audit.Log              // nil without a store
	refusals  *audit.Refusals         // of requests whose statement is not looked at
	unknowns  unknowns                // statements that were refused for a name
	authority *policy.Authority       // nil without a store
	quotas    *quota.Meter            // nil without a store
	identity  *identity.Authenticator // nil without a store
	zone      *time.Location          // of the hours and dates of grants; nil without a store

	floor   []byte         // see HeapFloor
	metrics *admin.Metrics // nil where nobody can ask for them
	traces  *otlp.Export   // nil where no statement is followed

	mu        sync.Mutex // guards the sources' described
	published atomic.Pointer[policy.Granted]
}

// Open opens every source of cfg and starts the engine. A source that cannot be
// reached does not hide the others: statements that name its tables get its error.
// The caller closes the App.
func Open(ctx context.Context, cfg *config.Config, o Options) (_ *App, err error) {
	a := &App{cfg: cfg, log: o.Logger, plain: o.Plaintext, own: o.Catalogue, floor: make([]byte, HeapFloor)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.temp, err = newRunDir(cfg.Engine.Temp); err != nil {
		return nil, errs.Wrap(errs.ConfigInvalid, "app_temp", msg.Args{"Path": cfg.Engine.Temp}, err)
	}
	if a.sources, err = openNeeded(ctx, cfg, o, a.temp.path); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errs.From(ctx.Err())
	}
	open := map[string]connectors.Source{}
	for _, s := range a.sources {
		if s.described.Err != nil && !s.left {
			a.log.Warn("source unavailable", "source", s.cfg.Name, "error", s.described.Err)
		}
		if s.open != nil {
			open[s.cfg.Name] = s.open
		}
	}
	if !o.Operator {
		a.recall()
	}
	if err := a.openStore(ctx); err != nil {
		return nil, err
	}
	if err := a.openAudit(ctx, o.Operator); err != nil {
		return nil, err
	}
	if a.traces, err = traces(cfg.Tracing, a.log); err != nil {
		return nil, err
	}
	g := cfg.Engine
	a.engine, err = o.NewEngine(EngineOptions{
		Audit:   a.audit,
		Tokens:  TokenKeys(cfg),
		Sources: open, MemoryBytes: g.MemoryBytes, TempDir: a.temp.path, TempBytes: g.TempBytes, TimeZone: g.TimeZone,
		MaxRunning: g.MaxRunning, MaxQueued: g.MaxQueued, QueueTimeout: g.QueueTimeout, Own: o.Operator,
		Limits: Limits(cfg), Ended: a.counted(), Tracer: a.traces.Tracer(),
	})
	if err != nil {
		return nil, errs.From(err)
	}
	if err := a.follow(ctx); err != nil {
		return nil, err
	}
	a.startStatistics()
	a.keepDescribed()
	return a, nil
}

// Close ends queries that still run, then the engine, then the sources, and
// removes the run's temporary files. Further calls do nothing.
func (a *App) Close() error {
	var all []error
	a.stopStatistics()
	if a.engine != nil {
		all = append(all, a.engine.Close())
	}
	a.traces.Close() // after the last statement's end
	for _, s := range a.sources {
		if s.open != nil {
			all = append(all, s.open.Close())
		}
	}
	if a.audit != nil { // after the last statement's end, before the store that keeps its head
		all = append(all, a.audit.Close())
	}
	if a.store != nil {
		all = append(all, a.store.Close())
	}
	all = append(all, a.temp.remove())
	a.engine, a.sources, a.audit, a.store, a.temp, a.traces = nil, nil, nil, nil, nil, nil
	return errors.Join(all...)
}

// Direct gives the session of an operator who has the configuration file: every
// source's tables, without catalogue or grants. It is refused with direct: off.
func (a *App) Direct() (server.Session, error) {
	if !a.cfg.Direct {
		return server.Session{}, errs.New(errs.ConfigInvalid, "app_direct_off", msg.Args{"File": a.cfg.File})
	}
	snapshot, err := policy.NewDirect(a.state())
	if err != nil {
		return server.Session{}, errs.From(err)
	}
	return server.Session{Snapshot: snapshot, Operator: true, Door: "direct", Client: machineUser()}, nil
}

// Unavailable lists the sources that could not be described, with their errors.
func (a *App) Unavailable() []policy.Described {
	var out []policy.Described
	for _, d := range a.state() {
		if d.Err != nil {
			out = append(out, d)
		}
	}
	return out
}

// state is what is known of the sources now, in the file's order.
func (a *App) state() []policy.Described {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]policy.Described, len(a.sources))
	for i, s := range a.sources {
		out[i] = s.described
	}
	return out
}

// publish makes the snapshot of what cfg publishes, and the errors of those lines
// whose table is not there although its source is.
func publish(cfg *config.Config, state []policy.Described) (*policy.Granted, []error, error) {
	lines := make([]policy.Published, len(cfg.Published))
	for i, p := range cfg.Published {
		lines[i] = policy.Published{Agency: p.Agency, Resource: p.Resource, Source: p.Source, Table: catalog.TableID{Schema: p.Schema, Name: p.Table}}
	}
	snapshot, missing, err := policy.NewPublished(lines, state)
	if err != nil {
		return nil, nil, errs.From(err)
	}
	ids := map[policy.Missing]string{
		policy.NoSuchTable: "app_publish_no_table", policy.NothingToRead: "app_publish_unreadable", policy.ManySuchTables: "app_publish_many",
	}
	var wrong []error
	for i, m := range missing {
		if id, ok := ids[m]; ok {
			p := cfg.Published[i]
			wrong = append(wrong, &Placed{p.Place, errs.New(errs.ConfigInvalid, id, msg.Args{"Source": p.Source, "Table": p.Schema + "." + p.Table})})
		}
	}
	return snapshot, wrong, nil
}

// Placed is an error of a line of the configuration that showed only when the
// source was there.
type Placed struct {
	Place string // file:line:column
	Err   error
}

func (p *Placed) Error() string { return p.Place + ": " + p.Err.Error() }
func (p *Placed) Unwrap() error { return p.Err }
