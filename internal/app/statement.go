package app

import (
	"context"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/policy/grantsql"
	"github.com/lianji/lianji/server"
)

// catalogue is the store for those who change it over this gateway.
func (a *App) catalogue() *Catalogue {
	return &Catalogue{Store: a.store, file: a.cfg.File, seal: sealer(a.cfg), waived: a.cfg.FactorWaived, identity: a.identity}
}

// statement answers a GRANT, REVOKE or SHOW GRANTS of the holder of a credential.
func (a *App) statement(ctx context.Context, s server.Session, cred catalog.Credential, text string) (server.Table, error) {
	stmt, err := grantsql.Parse(text, a.zone)
	if err != nil {
		return server.Table{}, err
	}
	if stmt.Kind == grantsql.Show {
		return a.showGrants(ctx, stmt, cred)
	}
	k, _, err := a.authority.Bearer(cred)
	if err != nil {
		return server.Table{}, err
	}
	if k.Limited() {
		return server.Table{}, errs.New(errs.Forbidden, "grants_limited_token", nil)
	}
	before, err := a.authority.State()
	if err != nil {
		return server.Table{}, err
	}
	ctx = store.WithOrigin(ctx, store.Origin{Door: s.Door, Client: s.Client})
	var changes []document.Change
	var there string
	after, err := a.catalogue().keep(ctx, cred, before, func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		if changes, there, err = stmt.Changes(state, by, a.grantCheck(ctx, state)); err != nil || len(changes) == 0 {
			return nil, err
		}
		return func(tx *store.Tx) error { return document.Apply(tx, changes) }, nil
	})
	if err != nil {
		return server.Table{}, stmt.Located(err)
	}
	// It is in force for the next statement; where the store cannot be asked now, soon.
	_ = a.authority.Refresh(ctx)
	answer := server.Table{Columns: grantsql.ChangeColumns(), Rows: grantsql.Changed(after, changes, there, a.zone)}
	if stmt.Kind == grantsql.Revoke && len(changes) == 0 {
		answer.Warnings = []errs.Warning{{Code: errs.NothingRevoked, ID: "grants_nothing_revoked"}}
	}
	return answer, nil
}

// shownAtOnce is how many grants are in memory as text at a time.
const shownAtOnce = 1024

// showGrants answers SHOW GRANTS from the store as it is now.
func (a *App) showGrants(ctx context.Context, stmt *grantsql.Statement, cred catalog.Credential) (server.Table, error) {
	if err := a.authority.Refresh(ctx); err != nil {
		return server.Table{}, err
	}
	k, p, err := a.authority.Bearer(cred)
	if err == nil {
		err = a.catalogue().withFactor(k, p)
	}
	if err != nil {
		return server.Table{}, err
	}
	state, err := a.authority.State()
	if err != nil {
		return server.Table{}, err
	}
	shown, err := stmt.Show(state, grantsql.Asker{Principal: p, Purposes: k.Purposes, Modes: k.Modes, Resources: k.Resources, Closed: a.closed(ctx, state)}, time.Now(), a.zone)
	if err != nil {
		return server.Table{}, err
	}
	return server.Table{Columns: grantsql.ShowColumns(), More: func() [][]string { return shown.Next(shownAtOnce) }}, nil
}
