package app

import (
	"context"
	"errors"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
)

// SourceReport is what Check found out about one source.
type SourceReport struct {
	Name, Kind string
	Version    string // product and version, when it was reached
	Tables     int
	Unreadable []Unreadable
	Err        error // why it is of no use; nil when all is well
}

// Unreadable is a column that no statement can name, for its type.
type Unreadable struct {
	Column string // schema.table.column
	Type   string // in the source's words
}

// Check opens each source, reaches it and reads what it has, and then looks
// whether what is published is there and whether the engine starts. each gets the
// sources' reports in the file's order; one source's trouble does not keep the
// others from being looked at. The errors are those that belong to no source.
func Check(ctx context.Context, cfg *config.Config, o Options, each func(SourceReport)) (problems []error, err error) {
	temp, err := newRunDir(cfg.Engine.Temp)
	if err != nil {
		return nil, errs.Wrap(errs.ConfigInvalid, "app_temp", msg.Args{"Path": cfg.Engine.Temp}, err)
	}
	defer func() { err = errors.Join(err, temp.remove()) }()
	state := make([]policy.Described, len(cfg.Sources))
	reports := make([]<-chan error, len(cfg.Sources))
	found := make([]SourceReport, len(cfg.Sources))
	for i, entry := range cfg.Sources {
		reports[i] = safego.Run(func() (err error) {
			s := &source{cfg: entry}
			found[i], state[i], err = s.check(ctx, o, temp.path)
			return err
		})
	}
	for i, entry := range cfg.Sources {
		if err := <-reports[i]; err != nil {
			found[i] = SourceReport{Name: entry.Name, Kind: entry.Kind, Err: err}
			state[i] = policy.Described{Source: entry.Name, Err: errs.From(err)}
		}
		each(found[i])
	}
	if ctx.Err() != nil {
		return nil, errs.From(ctx.Err())
	}
	_, wrong, err := publish(cfg, state)
	if err != nil {
		return nil, err
	}
	g := cfg.Engine
	engine, err := o.NewEngine(EngineOptions{
		MemoryBytes: g.MemoryBytes, TempDir: temp.path, TempBytes: g.TempBytes, TimeZone: g.TimeZone,
		MaxRunning: g.MaxRunning, MaxQueued: g.MaxQueued, QueueTimeout: g.QueueTimeout,
	})
	if err != nil {
		return append(wrong, errs.From(err)), nil
	}
	return wrong, engine.Close()
}

// check opens, reaches and describes a source, and closes it again.
func (s *source) check(ctx context.Context, o Options, temp string) (r SourceReport, d policy.Described, err error) {
	r = SourceReport{Name: s.cfg.Name, Kind: s.cfg.Kind}
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
	r.Tables = len(d.Tables)
	for _, t := range d.Tables {
		for _, c := range t.Columns {
			if !c.Type.Readable() {
				r.Unreadable = append(r.Unreadable, Unreadable{t.ID.String() + "." + c.Name, c.SourceType})
			}
		}
	}
	return r, d, nil
}
