package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server/listen"
)

// SourceReport is what Check found out about one source. What was not reached has a
// Version that is empty.
type SourceReport struct {
	Name, Kind string
	Version    string        // product and version
	Took       time.Duration // of all that was asked
	Tables     int           // without views
	Views      int
	Text       TextColumns
	Unreadable []Unreadable
	Numbers    []string // columns of numbers that are text here: schema.table.column
	Statistics StatisticsReport
	Examined   *connectors.Examination // nil when it could not be asked
	Findings   []Finding
}

// Usable reports whether nothing keeps the source from being used.
func (r *SourceReport) Usable() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == LevelError })
}

// TextColumns counts columns of text by how their source compares them.
type TextColumns struct {
	Binary, Other int      // Other: not by code point, so that the gateway compares
	Collations    []string // of Other, by name
}

// Unreadable is a column that no statement can name, for its type.
type Unreadable struct {
	Column string // schema.table.column
	Type   string // in the source's words
}

// StatisticsReport says of how many tables a source knows what is in them.
type StatisticsReport struct {
	Read           bool     // false: the source did not tell
	Tables         int      // whose rows or columns are known
	Never          int      // of which the source never gathered any
	NeverNames     []string // of the first of those
	Oldest, Newest time.Time
}

// mostNames is how many tables or columns a finding names.
const mostNames = 5

// Report is what Check found out about what belongs to no source.
type Report struct {
	Sources  []SourceReport
	Findings []Finding
	// Catalogued is how many resources the store's catalogue has; nil without one that
	// could be read.
	Catalogued *int
}

// Count gives how many findings of a level there are in all.
func (r *Report) Count(level Level) int {
	n := 0
	for _, list := range r.all() {
		for _, f := range list {
			if f.Level == level {
				n++
			}
		}
	}
	return n
}

// Wrong lists the errors of all errors that were found.
func (r *Report) Wrong() []error {
	var out []error
	for _, list := range r.all() {
		for _, f := range list {
			if f.Level == LevelError {
				out = append(out, f.Err)
			}
		}
	}
	return out
}

func (r *Report) all() [][]Finding {
	lists := [][]Finding{}
	for i := range r.Sources {
		lists = append(lists, r.Sources[i].Findings)
	}
	return append(lists, r.Findings)
}

// Check opens each source, reaches it and reads what it has, and then looks
// whether what is published is there, whether the door could be opened and whether
// the engine starts. each gets the sources' reports in the file's order; one source's
// trouble does not keep the others from being looked at.
func Check(ctx context.Context, cfg *config.Config, o Options, each func(SourceReport)) (report *Report, err error) {
	temp, err := newRunDir(cfg.Engine.Temp)
	if err != nil {
		return nil, errs.Wrap(errs.ConfigInvalid, "app_temp", msg.Args{"Path": cfg.Engine.Temp}, err)
	}
	defer func() { err = errors.Join(err, temp.remove()) }()
	state := make([]policy.Described, len(cfg.Sources))
	ended := make([]<-chan error, len(cfg.Sources))
	report = &Report{Sources: make([]SourceReport, len(cfg.Sources))}
	for i, entry := range cfg.Sources {
		ended[i] = safego.Run(func() (err error) {
			s := &source{cfg: entry}
			report.Sources[i], state[i], err = s.check(ctx, o, temp.path)
			return err
		})
	}
	for i, entry := range cfg.Sources {
		if err := <-ended[i]; err != nil {
			r := &report.Sources[i]
			*r = SourceReport{Name: entry.Name, Kind: entry.Kind, Took: r.Took, Findings: []Finding{failure(err)}}
			state[i] = policy.Described{Source: entry.Name, Err: errs.From(err)}
		}
		each(report.Sources[i])
	}
	if ctx.Err() != nil {
		return nil, errs.From(ctx.Err())
	}
	if report.Findings, report.Catalogued, err = checkRest(ctx, cfg, o, state, temp.path); err != nil {
		return nil, err
	}
	return report, nil
}

// checkRest looks at what belongs to no source.
func checkRest(ctx context.Context, cfg *config.Config, o Options, state []policy.Described, temp string) (out []Finding, catalogued *int, err error) {
	_, wrong, err := publish(cfg, state)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range wrong {
		out = append(out, failure(w))
	}
	resources, catalogued, err := checkCatalogue(ctx, cfg, state)
	if err != nil {
		return nil, nil, err
	}
	out = append(out, resources...)
	if cfg.Store.IsEmpty() && len(cfg.Published) == 0 {
		out = append(out, Finding{Level: LevelWarning, Code: "nothing_published", ID: "check_nothing_published"})
	}
	if err := checkListen(ctx, cfg); err != nil {
		out = append(out, failure(err))
	}
	g := cfg.Engine
	engine, err := o.NewEngine(EngineOptions{
		MemoryBytes: g.MemoryBytes, TempDir: temp, TempBytes: g.TempBytes, TimeZone: g.TimeZone,
		MaxRunning: g.MaxRunning, MaxQueued: g.MaxQueued, QueueTimeout: g.QueueTimeout,
	})
	if err != nil {
		return append(out, failure(errs.From(err))), catalogued, nil
	}
	return out, catalogued, engine.Close()
}

// checkListen tells whether the doors could listen as the configuration says. A gateway
// that serves other machines without TLS is told so when it starts.
func checkListen(ctx context.Context, cfg *config.Config) error {
	if t := cfg.TLS; t != nil {
		if _, err := listen.Load(listen.Files{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}, nil); err != nil {
			return err
		}
	}
	for _, address := range []string{cfg.HTTP, cfg.Flight, cfg.Postgres} {
		if address == "" {
			continue
		}
		if err := listen.Check(ctx, address, reach(cfg, false)); err != nil {
			return err
		}
	}
	return nil
}

// check opens, reaches, describes and examines a source, and closes it again.
func (s *source) check(ctx context.Context, o Options, temp string) (r SourceReport, d policy.Described, err error) {
	r = SourceReport{Name: s.cfg.Name, Kind: s.cfg.Kind}
	began := time.Now()
	defer func() { r.Took = time.Since(began) }()
	if err := s.openWith(ctx, o.Openers[s.cfg.Kind], temp); err != nil {
		if errs.CodeOf(err) == errs.ConfigInvalid {
			err = &Placed{s.cfg.Place, err}
		}
		return r, d, err
	}
	defer func() { err = errors.Join(err, s.open.Close()) }()
	limited, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	if r.Version, err = s.open.Ping(limited); err != nil {
		return r, d, s.ownError(ctx, err)
	}
	d = s.describe(ctx)
	if d.Err != nil {
		return r, d, d.Err
	}
	r.describe(d.Tables)
	r.Findings = s.examine(ctx, &r, d.Tables)
	return r, d, nil
}

// examine asks for what a source can do without: that it does not tell is a warning.
func (s *source) examine(ctx context.Context, r *SourceReport, tables []*catalog.Table) []Finding {
	limited, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	var out []Finding
	examined, err := s.open.Examine(limited)
	if err == nil {
		r.Examined = examined
	} else {
		out = append(out, Finding{Level: LevelWarning, Code: "not_examined", ID: "check_not_examined"})
	}
	known, err := s.open.Statistics(limited, tables)
	if err == nil {
		r.count(tables, known)
	} else {
		out = append(out, Finding{Level: LevelWarning, Code: "no_statistics", ID: "check_no_statistics"})
	}
	return append(r.findings(), out...)
}

// describe counts what a source has.
func (r *SourceReport) describe(tables []*catalog.Table) {
	for _, t := range tables {
		if t.View {
			r.Views++
		} else {
			r.Tables++
		}
		for _, c := range t.Columns {
			switch {
			case !c.Type.Readable():
				r.Unreadable = append(r.Unreadable, Unreadable{t.ID.String() + "." + c.Name, c.SourceType})
			case c.NumberAsText:
				r.Numbers = append(r.Numbers, t.ID.String()+"."+c.Name)
			case c.Type.Kind == catalog.Text && c.Collation.Binary:
				r.Text.Binary++
			case c.Type.Kind == catalog.Text:
				r.Text.Other++
				if name := c.Collation.Name; name != "" && !slices.Contains(r.Text.Collations, name) {
					r.Text.Collations = append(r.Text.Collations, name)
				}
			}
		}
	}
	slices.Sort(r.Text.Collations)
}

// count looks at how much is known of the tables, and how old that is.
func (r *SourceReport) count(tables []*catalog.Table, known map[catalog.TableID]*catalog.Statistics) {
	r.Statistics.Read = true
	for _, t := range tables {
		s := known[t.ID]
		if s == nil {
			continue
		}
		if s.Never {
			r.Statistics.Never++
			if len(r.Statistics.NeverNames) < mostNames {
				r.Statistics.NeverNames = append(r.Statistics.NeverNames, t.ID.String())
			}
		}
		if s.Rows >= 0 || len(s.Columns) > 0 {
			r.Statistics.Tables++
		}
		if at := s.Analyzed; !at.IsZero() {
			if r.Statistics.Oldest.IsZero() || at.Before(r.Statistics.Oldest) {
				r.Statistics.Oldest = at
			}
			if at.After(r.Statistics.Newest) {
				r.Statistics.Newest = at
			}
		}
	}
}
