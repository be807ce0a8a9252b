package app

import (
	"context"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/server"
)

// refused records a request that was refused before its statement was looked at.
func (a *App) refused(ctx context.Context, r server.Refusal) error {
	if a.store == nil {
		return nil
	}
	s := audit.Start{
		Query: r.Query, Client: r.Client, Door: r.Door, Mode: string(r.Mode), Code: string(r.Code),
	}
	// A purpose that is in no catalogue is a text of whoever sent it.
	if state, err := a.authority.State(); err == nil {
		if _, known := state.Purpose(r.Purpose); known {
			s.Purpose = r.Purpose
		}
		if p := a.asks(state, r); p != nil {
			s.Principal = p.Login
			if agency, ok := state.Agency(p.Agency); ok {
				s.Agency = agency.Code
			}
		}
	}
	return a.refusals.Refuse(context.WithoutCancel(ctx), s)
}

// asks tells who a refused request said that it was from; nil where there is nobody.
func (a *App) asks(state *catalog.State, r server.Refusal) *catalog.Principal {
	if r.Login != "" {
		// A login that nobody has is a text of whoever sent it: it may be a password.
		p, _ := state.Login(r.Login)
		return p
	}
	cred, err := a.credential(r.Asker)
	if err != nil {
		return nil
	}
	_, p, err := a.authority.Bearer(cred)
	if err != nil {
		return nil
	}
	return p
}

// recordEvery is how often it is looked whether the catalogue was changed.
const recordEvery = 250 * time.Millisecond

// recordChanges writes every change of the catalogue into the audit log, whoever made
// it and by whatever way: the store keeps them until then. It ends with ctx.
func (a *App) recordChanges(ctx context.Context) error {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	recorded, failing := int64(-1), false
	for {
		// The store is asked only when something has changed.
		if state, err := a.authority.State(); err == nil && state.Version != recorded {
			err := a.recordAll(ctx)
			switch {
			case err == nil:
				recorded = state.Version
			case ctx.Err() == nil && !failing:
				a.log.Error("changes of the catalogue cannot be recorded; they are kept in the store until they can be", "error", err)
			}
			failing = err != nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) recordAll(ctx context.Context) error {
	for {
		n, err := a.store.Unrecorded(ctx, func(acts []audit.Act) error { return a.audit.Acts(ctx, acts) })
		if err != nil || n == 0 {
			return err
		}
	}
}
