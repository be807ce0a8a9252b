package app

import (
	"context"
	"errors"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/document"
)

// grantCheck looks at grants that are to be saved over the sources as they are now.
func (a *App) grantCheck(ctx context.Context, s *catalog.State) document.Check {
	checker, _ := a.engine.(policy.GuardChecker)
	return func(g *catalog.Grant) error { return policy.ValidateGrant(ctx, s, a.state(), g, checker) }
}

// Checking lets the catalogue look at the grants of a document over the sources of the
// configuration, before they are saved. It opens the sources that the document's grants
// need; one that cannot be reached keeps nothing from being saved. The caller ends it.
func (c *Catalogue) Checking(ctx context.Context, cfg *config.Config, o Options, d *document.Document) (end func() error, err error) {
	none := func() error { return nil }
	state, err := c.Load(ctx, nil)
	if err != nil {
		return none, err
	}
	needed := map[string]bool{}
	for name, grants := range d.Grants {
		r, ok := document.ResourceNamed(state, name)
		if !ok || len(grants) == 0 {
			continue
		}
		needed[catalog.Fold(r.Source)] = true
		for _, g := range grants {
			lookups, err := policy.LookupsIn(g.Where)
			if err != nil {
				continue // it is refused for that
			}
			for _, l := range lookups {
				if r, ok := state.ResourceNamed(l.Agency, l.Resource); ok {
					needed[catalog.Fold(r.Source)] = true
				}
			}
		}
	}
	if len(needed) == 0 {
		return none, nil
	}
	described, err := describeNow(ctx, cfg, o, func(source string) bool { return needed[catalog.Fold(source)] })
	if err != nil {
		return none, err
	}
	temp, err := newRunDir(cfg.Engine.Temp)
	if err != nil {
		return none, err
	}
	engine, err := o.NewEngine(EngineOptions{TempDir: temp.path, TimeZone: cfg.Engine.TimeZone, Own: true})
	if err != nil {
		return none, errors.Join(errs.From(err), temp.remove())
	}
	checker, _ := engine.(policy.GuardChecker)
	c.check = func(ctx context.Context, s *catalog.State) document.Check {
		return func(g *catalog.Grant) error { return policy.ValidateGrant(ctx, s, described, g, checker) }
	}
	return func() error { return errors.Join(engine.Close(), temp.remove()) }, nil
}

// mostLooked is of how many grants SHOW GRANTS tells whether they can be applied.
const mostLooked = 1000

// closed tells of grants, as far as it is known, why they open nothing over the sources as
// they are now.
func (a *App) closed(ctx context.Context, s *catalog.State) func(*catalog.Grant) string {
	check, looked := a.grantCheck(ctx, s), 0
	return func(g *catalog.Grant) string {
		if looked++; looked > mostLooked {
			return ""
		}
		err := policy.AtSource(s, a.state(), g)
		if err == nil {
			err = check(g)
		}
		if err != nil {
			return errs.From(err).Text()
		}
		return ""
	}
}

// Own gives the part of a document that the bearer of a token may change, and names what is
// others'.
func (c *Catalogue) Own(ctx context.Context, token string, d *document.Document) (*document.Document, []string, error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	own, others := document.Own(by, state, d)
	return own, others, nil
}
