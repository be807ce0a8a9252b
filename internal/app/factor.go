package app

import (
	"context"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server/identity"
)

// withFactor refuses somebody who may act only with a second factor and has shown none.
func (c *Catalogue) withFactor(k *catalog.Token, p *catalog.Principal) error {
	if p.NeedsFactor() && !k.Factor && !c.waived {
		return errs.New(errs.Forbidden, "factor_needed", nil)
	}
	return nil
}

// authenticator finds out who comes to the store without a gateway.
func (c *Catalogue) authenticator(ctx context.Context) (*identity.Authenticator, error) {
	if c.identity != nil {
		return c.identity, nil
	}
	secret, err := c.Secret(ctx, identity.SecretName)
	if err != nil {
		return nil, err
	}
	c.identity = identity.New(identity.Options{
		State: func() (*catalog.State, error) { return c.Load(context.WithoutCancel(ctx), nil) }, Secret: secret, HashToken: store.Hash, Sealer: c.seal, TryCode: c.TryCode,
	})
	return c.identity, nil
}

// credential gives the credential of a token, or of a session's, that comes from no address.
func (c *Catalogue) credential(ctx context.Context, token string) (catalog.Credential, error) {
	if !identity.IsSession(token) {
		return byToken(token), nil
	}
	a, err := c.authenticator(ctx)
	if err != nil {
		return nil, err
	}
	return a.Credential(token, "")
}

// enrolling finds who may set a second factor of their own, and the version of the one that
// it takes the place of, which they have shown; 0 for none.
func (c *Catalogue) enrolling(state *catalog.State, k *catalog.Token, p *catalog.Principal) (replaces int64, err error) {
	f, there := state.Factor(p.ID)
	switch {
	case !there:
		return 0, nil
	case !k.Factor:
		return 0, errs.New(errs.Forbidden, "factor_there", nil)
	}
	return f.Version, nil
}

// Enrol begins to give a token's bearer a second factor.
func (c *Catalogue) Enrol(ctx context.Context, token string) (identity.Enrolment, error) {
	by, err := c.credential(ctx, token)
	if err != nil {
		return identity.Enrolment{}, err
	}
	return c.enrol(ctx, by, nil)
}

func (c *Catalogue) enrol(ctx context.Context, by catalog.Credential, before *catalog.State) (none identity.Enrolment, err error) {
	k, p, state, err := c.holder(ctx, by, before)
	if err != nil {
		return none, err
	}
	if _, err := c.enrolling(state, k, p); err != nil {
		return none, err
	}
	a, err := c.authenticator(ctx)
	if err != nil {
		return none, err
	}
	return a.Enrol(p, state.Version)
}

// Enrolled gives a token's bearer the second factor of an enrolment that its first code
// confirms.
func (c *Catalogue) Enrolled(ctx context.Context, token, ticket, code string) error {
	by, err := c.credential(ctx, token)
	if err != nil {
		return err
	}
	return c.enrolled(ctx, by, nil, ticket, code)
}

func (c *Catalogue) enrolled(ctx context.Context, by catalog.Credential, before *catalog.State, ticket, code string) error {
	a, err := c.authenticator(ctx)
	if err != nil {
		return err
	}
	_, err = c.keepWith(ctx, by, before, func(state *catalog.State, k *catalog.Token, p *catalog.Principal) (func(*store.Tx) error, error) {
		replaces, err := c.enrolling(state, k, p)
		if err != nil {
			return nil, err
		}
		f, step, err := a.Enrolled(p, ticket, code)
		return func(tx *store.Tx) error { return tx.Factor(f, replaces, step) }, err
	})
	return err
}

// Confirm tries a code of the second factor of a token's bearer, and gives the token of a
// session with it.
func (c *Catalogue) Confirm(ctx context.Context, token, code string) (string, error) {
	a, err := c.authenticator(ctx)
	if err != nil {
		return "", err
	}
	return a.Confirm(ctx, token, code, "")
}

// ResetFactor takes the second factor of a login away, in the name of a token's bearer.
func (c *Catalogue) ResetFactor(ctx context.Context, token, login string) error {
	by, err := c.credential(ctx, token)
	if err != nil {
		return err
	}
	return c.resetFactor(ctx, by, nil, login)
}

func (c *Catalogue) resetFactor(ctx context.Context, by catalog.Credential, before *catalog.State, login string) error {
	_, err := c.keep(ctx, by, before, func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		p, ok := state.Login(login)
		if !ok || !catalog.May(by, catalog.ActToken, "") { // not there reads like not allowed
			return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
		}
		return func(tx *store.Tx) error { return tx.RemoveFactor(p.ID) }, nil
	})
	return err
}
