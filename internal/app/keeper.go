package app

import (
	"context"
	"net/http"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/server/catalogapi"
)

// keeper keeps the catalogue for those who come over HTTP.
type keeper struct{ *App }

// See implements catalogapi.Keeper.
func (k keeper) See(ctx context.Context, token string) (*catalog.State, *catalog.Principal, error) {
	if err := k.authority.Refresh(ctx); err != nil {
		return nil, nil, err
	}
	before, err := k.authority.State()
	if err != nil {
		return nil, nil, err
	}
	p, state, err := k.catalogue().bearer(ctx, store.Hash(token), before)
	return state, p, err
}

// Keep implements catalogapi.Keeper.
func (k keeper) Keep(ctx context.Context, token string, from store.Origin, what catalogapi.Decide) (*catalog.State, error) {
	before, err := k.authority.State()
	if err != nil {
		return nil, err
	}
	after, err := k.catalogue().keep(store.WithOrigin(ctx, from), store.Hash(token), before, what)
	if err == nil {
		// It is in force for the next statement; where the store cannot be asked now, soon.
		_ = k.authority.Refresh(ctx)
	}
	return after, err
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
