package app

import (
	"context"
	"net/http"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/catalogapi"
	"github.com/lianji/lianji/server/identity"
)

// keeper keeps the catalogue for those who come over HTTP.
type keeper struct{ *App }

// See implements catalogapi.Keeper.
func (k keeper) See(ctx context.Context, by server.Asker) (*catalog.State, *catalog.Principal, error) {
	cred, err := k.credential(by)
	if err != nil {
		return nil, nil, err
	}
	if err := k.authority.Refresh(ctx); err != nil {
		return nil, nil, err
	}
	before, err := k.authority.State()
	if err != nil {
		return nil, nil, err
	}
	p, state, err := k.catalogue().bearer(ctx, cred, before)
	return state, p, err
}

// Keep implements catalogapi.Keeper.
func (k keeper) Keep(ctx context.Context, by server.Asker, what catalogapi.Decide) (*catalog.State, error) {
	cred, before, err := k.now(by)
	if err != nil {
		return nil, err
	}
	after, err := k.catalogue().keep(origin(ctx, by), cred, before, what)
	return after, k.after(ctx, err)
}

// Enrol implements catalogapi.Keeper.
func (k keeper) Enrol(ctx context.Context, by server.Asker) (identity.Enrolment, error) {
	cred, before, err := k.now(by)
	if err != nil {
		return identity.Enrolment{}, err
	}
	return k.catalogue().enrol(ctx, cred, before)
}

// Enrolled implements catalogapi.Keeper.
func (k keeper) Enrolled(ctx context.Context, by server.Asker, ticket, code string) error {
	cred, before, err := k.now(by)
	if err != nil {
		return err
	}
	return k.after(ctx, k.catalogue().enrolled(origin(ctx, by), cred, before, ticket, code))
}

// ResetFactor implements catalogapi.Keeper.
func (k keeper) ResetFactor(ctx context.Context, by server.Asker, login string) error {
	cred, before, err := k.now(by)
	if err != nil {
		return err
	}
	return k.after(ctx, k.catalogue().resetFactor(origin(ctx, by), cred, before, login))
}

// SetPassword implements catalogapi.Keeper.
func (k keeper) SetPassword(ctx context.Context, by server.Asker, login, password string) error {
	cred, before, err := k.now(by)
	if err != nil {
		return err
	}
	return k.after(ctx, k.catalogue().setPassword(origin(ctx, by), cred, before, login, password))
}

// RemovePassword implements catalogapi.Keeper.
func (k keeper) RemovePassword(ctx context.Context, by server.Asker, login string) error {
	cred, before, err := k.now(by)
	if err != nil {
		return err
	}
	return k.after(ctx, k.catalogue().removePassword(origin(ctx, by), cred, before, login))
}

// now gives the credential of who asks, and the catalogue as it is in force.
func (k keeper) now(by server.Asker) (catalog.Credential, *catalog.State, error) {
	cred, err := k.credential(by)
	if err != nil {
		return nil, nil, err
	}
	state, err := k.authority.State()
	return cred, state, err
}

// after puts a change in force for the next statement; where the store cannot be asked
// now, soon.
func (k keeper) after(ctx context.Context, err error) error {
	if err == nil {
		_ = k.authority.Refresh(ctx)
	}
	return err
}

func origin(ctx context.Context, by server.Asker) context.Context {
	return store.WithOrigin(ctx, store.Origin{Door: by.Door, Client: by.Client})
}

// Check implements catalogapi.Keeper.
func (k keeper) Check(ctx context.Context, s *catalog.State) document.Check {
	return k.grantCheck(ctx, s)
}

// Remembered implements catalogapi.Keeper.
func (k keeper) Remembered(ctx context.Context, principal, key string) (digest, answer string, err error) {
	return k.store.Remembered(ctx, principal, key)
}

// catalogueDoor answers for the catalogue over HTTP; nil without a store.
func (a *App) catalogueDoor() http.Handler {
	if a.store == nil {
		return nil
	}
	return catalogapi.New(catalogapi.Options{Keeper: keeper{a}, Refused: a.refused})
}
