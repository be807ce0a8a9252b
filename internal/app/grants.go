package app

import (
	"context"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/grantsql"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/policy/tokenize"
	"github.com/lianji/lianji/server"
)

// TokenKeys gives the keys for tokens of a configuration; new ones are of its profile.
func TokenKeys(cfg *config.Config) *tokenize.Keys {
	if cfg.Audit.GM {
		return tokenize.NewKeys(cfg.TokenKey, tokenize.SM3)
	}
	return tokenize.NewKeys(cfg.TokenKey, tokenize.SHA256)
}

// openStore opens the catalogue's store, where the configuration names one.
func (a *App) openStore(ctx context.Context) (err error) {
	if a.cfg.Store.IsEmpty() {
		return nil
	}
	if a.store, err = store.Open(ctx, a.cfg.Store.Reveal()); err != nil {
		return err
	}
	a.store.TokenKeys(TokenKeys(a.cfg).Newest)
	return nil
}

// follow begins to follow the store's grants.
func (a *App) follow(ctx context.Context) error {
	if a.store == nil {
		return nil
	}
	var err error
	if a.zone, err = time.LoadLocation(a.cfg.Engine.TimeZone); err != nil {
		return errs.Wrap(errs.ConfigInvalid, "config_no_zone", msg.Args{"File": a.cfg.File}, err)
	}
	if a.cfg.FactorWaived {
		a.log.Warn("second factors are waived: a token or password alone is enough to grant and to keep the catalogue", "file", a.cfg.File)
	}
	a.quotas = quota.NewMeter(a.store, a.zone)
	checker, _ := a.engine.(policy.GuardChecker) // without one what has a guard is closed
	a.authority, err = policy.NewAuthority(ctx, policy.AuthorityOptions{
		Store: a.store, Sources: a.state, Zone: a.zone, Checker: checker,
		Broken: func(b policy.Broken) {
			a.log.Warn("grant closed: its policy cannot be applied", "grant", b.Grant, "resource", b.Resource, "error", b.Err)
		},
	})
	if err != nil {
		return err
	}
	state, err := a.authority.State()
	if err != nil {
		return err
	}
	if err := a.identify(ctx); err != nil {
		return err
	}
	return usable(a.cfg, state)
}

// usable tells what is wrong with a store or the keys of its tokens, so that nothing that
// is granted in it could be answered as it was before.
func usable(cfg *config.Config, state *catalog.State) error {
	if len(state.Agencies()) == 0 {
		return errs.New(errs.ConfigInvalid, "app_store_empty", msg.Args{"File": cfg.File})
	}
	keys, checked := TokenKeys(cfg), map[uint8]bool{}
	for _, g := range state.Grants() {
		for _, i := range g.Items {
			if i.Use != catalog.Tokenized || checked[i.KeyVersion] {
				continue
			}
			if err := keys.Check(i.KeyVersion); err != nil {
				return err
			}
			checked[i.KeyVersion] = true
		}
	}
	return nil
}

// Session gives the session of a token's bearer.
func (a *App) Session(ctx context.Context, asker server.Asker) (server.Session, error) {
	by, k, err := a.proved(ctx, asker)
	if err != nil {
		return server.Session{}, err
	}
	granted, err := a.authority.Snapshot(by, asker.Purpose, asker.Mode)
	if err != nil {
		return server.Session{}, err
	}
	under := ""
	if k.Limited() {
		under = k.ID
	}
	// What its leader decided is shown as the catalogue shows it.
	decides := a.catalogue().withFactor(k, granted.Subject.Principal) == nil
	return server.Session{
		Snapshot: granted, Purpose: asker.Purpose, Principal: granted.Subject.Principal.Login, Agency: granted.Subject.Agency.Code, Under: under,
		Holds:    func(reads []*policy.Resource) error { return a.authority.Holds(by, granted, reads) },
		Explains: func(r *policy.Resource) bool { return decides && provides(granted.Subject, r) },
		Quota:    a.quotas,
		Grants: func(ctx context.Context, s server.Session, text string) (server.Table, error) {
			return a.statement(ctx, s, by, text)
		},
		GrantsColumns: func(text string) ([]string, error) { return grantsql.Columns(text, a.zone) },
	}, nil
}

// provides tells whether somebody decides what others see of a resource: its rules and
// estimates are no secret to them.
func provides(s policy.Subject, r *policy.Resource) bool {
	decides := s.Principal.Has(catalog.Leader) || s.Principal.Has(catalog.Cataloguer)
	return decides && s.Agency != nil && len(r.Path) == 2 && r.Path[0] == s.Agency.Name
}

// openSession gives everybody what the configuration publishes.
func (a *App) openSession(_ context.Context, asker server.Asker) (server.Session, error) {
	return server.Session{
		Snapshot: a.published.Load(), Purpose: asker.Purpose,
		Explains: func(*policy.Resource) bool { return true }, // nothing is hidden from anybody
	}, nil
}

// Catalogue gives the store's picture, for those who change it. It fails without a store.
func (a *App) Catalogue() (*catalog.State, error) {
	if a.authority == nil {
		return nil, errs.New(errs.ConfigInvalid, "app_no_store", msg.Args{"File": a.cfg.File})
	}
	return a.authority.State()
}
