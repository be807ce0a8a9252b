package app

import (
	"context"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server/identity"
)

// MaySetPassword tells whether a token's bearer may set the password of a login. A login
// that nobody has reads like one that is another's.
func (c *Catalogue) MaySetPassword(ctx context.Context, token, login string) error {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return err
	}
	_, err = passwordOwner(state, by, login)
	return err
}

func passwordOwner(state *catalog.State, by *catalog.Principal, login string) (*catalog.Principal, error) {
	p, ok := state.Login(login)
	if !ok || p.ID != by.ID && !catalog.May(by, catalog.ActToken, "") {
		return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	return p, nil
}

// SetPassword sets the password of a login in the name of a token's bearer.
func (c *Catalogue) SetPassword(ctx context.Context, token, login, password string) error {
	secret, err := c.Secret(ctx, identity.SecretName)
	if err != nil {
		return err
	}
	return c.password(ctx, token, login, func(p *catalog.Principal) (func(*store.Tx) error, error) {
		set, err := identity.NewPassword(p, password, secret)
		return func(tx *store.Tx) error { return tx.Password(set) }, err
	})
}

// RemovePassword takes the password of a login away in the name of a token's bearer.
func (c *Catalogue) RemovePassword(ctx context.Context, token, login string) error {
	return c.password(ctx, token, login, func(p *catalog.Principal) (func(*store.Tx) error, error) {
		return func(tx *store.Tx) error { return tx.RemovePassword(p.ID) }, nil
	})
}

func (c *Catalogue) password(ctx context.Context, token, login string, what func(*catalog.Principal) (func(*store.Tx) error, error)) error {
	cred, err := c.credential(ctx, token)
	if err != nil {
		return err
	}
	_, err = c.keep(ctx, cred, nil, func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		p, err := passwordOwner(state, by, login)
		if err != nil {
			return nil, err
		}
		return what(p)
	})
	return err
}
