package app

import (
	"context"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
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
	by, err := c.credential(ctx, token)
	if err != nil {
		return err
	}
	return c.setPassword(ctx, by, nil, login, password)
}

func (c *Catalogue) setPassword(ctx context.Context, by catalog.Credential, before *catalog.State, login, password string) error {
	a, err := c.authenticator(ctx)
	if err != nil {
		return err
	}
	var set *catalog.Password
	return c.password(ctx, by, before, login, func(p *catalog.Principal) (func(*store.Tx) error, error) {
		// Asked again, because of somebody else's change, it is not hashed again.
		if set == nil || set.Principal != p.ID {
			if set, err = a.NewPassword(ctx, p, password); err != nil {
				return nil, err
			}
		}
		return func(tx *store.Tx) error { return tx.Password(set) }, nil
	})
}

// RemovePassword takes the password of a login away in the name of a token's bearer.
func (c *Catalogue) RemovePassword(ctx context.Context, token, login string) error {
	by, err := c.credential(ctx, token)
	if err != nil {
		return err
	}
	return c.removePassword(ctx, by, nil, login)
}

func (c *Catalogue) removePassword(ctx context.Context, by catalog.Credential, before *catalog.State, login string) error {
	return c.password(ctx, by, before, login, func(p *catalog.Principal) (func(*store.Tx) error, error) {
		return func(tx *store.Tx) error { return tx.RemovePassword(p.ID) }, nil
	})
}

func (c *Catalogue) password(ctx context.Context, by catalog.Credential, before *catalog.State, login string, what func(*catalog.Principal) (func(*store.Tx) error, error)) error {
	_, err := c.keep(ctx, by, before, func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		p, err := passwordOwner(state, by, login)
		if err != nil {
			return nil, err
		}
		return what(p)
	})
	return err
}
