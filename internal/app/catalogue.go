package app

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server/catalogapi"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/listen"
)

// Catalogue is the catalogue's store alone, for those who keep it.
type Catalogue struct {
	*store.Store
	file string // of the configuration
	seal identity.Sealer
	// waived says that no second factor is asked for.
	waived   bool
	identity *identity.Authenticator // a gateway's; nil until it is needed
	// check looks at grants before they are saved; nil where no source is at hand.
	check func(ctx context.Context, s *catalog.State) document.Check
}

// OpenCatalogue opens the store of a configuration. No source is touched.
func OpenCatalogue(ctx context.Context, cfg *config.Config) (*Catalogue, error) {
	if cfg.Store.IsEmpty() {
		return nil, errs.New(errs.ConfigInvalid, "app_no_store", msg.Args{"File": cfg.File})
	}
	s, err := store.Open(ctx, cfg.Store.Reveal())
	if err != nil {
		return nil, err
	}
	s.SetOrigin(store.Origin{Door: "cli", Client: machineUser()})
	s.TokenKeys(TokenKeys(cfg).Newest)
	return &Catalogue{Store: s, file: cfg.File, seal: sealer(cfg), waived: cfg.FactorWaived}, nil
}

// Bearer finds whose token it is. One that is limited to some purposes or modes is for
// statements: nothing is changed with it. Whoever decides over others or keeps the gateway
// has shown a second factor beside it.
func (c *Catalogue) Bearer(ctx context.Context, token string) (*catalog.Principal, *catalog.State, error) {
	by, err := c.credential(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	return c.bearer(ctx, by, nil)
}

// byToken gives the credential of a token's text.
func byToken(text string) catalog.Credential { return catalog.ByToken(store.Hash(text)) }

// bearer is Bearer for any credential, and who knows what the store was like.
func (c *Catalogue) bearer(ctx context.Context, cred catalog.Credential, before *catalog.State) (*catalog.Principal, *catalog.State, error) {
	k, p, state, err := c.holder(ctx, cred, before)
	if err == nil {
		err = c.withFactor(k, p)
	}
	if err != nil {
		return nil, nil, err
	}
	return p, state, nil
}

// holder finds whose a credential is. Whoever asks it asks withFactor too, but for setting
// a first factor.
func (c *Catalogue) holder(ctx context.Context, cred catalog.Credential, before *catalog.State) (*catalog.Token, *catalog.Principal, *catalog.State, error) {
	state, err := c.Load(ctx, before)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(state.Agencies()) == 0 {
		return nil, nil, nil, errs.New(errs.ConfigInvalid, "app_store_empty", msg.Args{"File": c.file})
	}
	k, p, ok := cred.Bearer(state, time.Now())
	if !ok || k.Limited() {
		return nil, nil, nil, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return k, p, state, nil
}

// keepTries is how often a change is tried that others' changes came before.
const keepTries = 8

// keep does what is decided in the name of whoever has a credential, all of it or
// nothing, and gives the state after it. Before is an earlier state, or nil. What is
// to be done is decided over the state as it is when that is done: when somebody else's
// change comes before, it is decided again.
func (c *Catalogue) keep(ctx context.Context, cred catalog.Credential, before *catalog.State, what catalogapi.Decide) (*catalog.State, error) {
	return c.keepWith(ctx, cred, before, func(state *catalog.State, k *catalog.Token, by *catalog.Principal) (func(*store.Tx) error, error) {
		if err := c.withFactor(k, by); err != nil {
			return nil, err
		}
		return what(state, by)
	})
}

// keepWith is keep for what may be decided without a second factor.
func (c *Catalogue) keepWith(ctx context.Context, cred catalog.Credential, before *catalog.State, what func(*catalog.State, *catalog.Token, *catalog.Principal) (func(*store.Tx) error, error)) (*catalog.State, error) {
	for range keepTries {
		k, by, state, err := c.holder(ctx, cred, before)
		if err != nil {
			return nil, err
		}
		do, err := what(state, k, by)
		if err != nil || do == nil {
			return state, err
		}
		before = state
		err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
			if seen := state.Version; tx.Version() != seen+1 {
				return errOvertaken
			}
			tx.Tie(k.Addresses)
			return do(tx)
		})
		switch {
		case errors.Is(err, errOvertaken):
			continue
		case err != nil:
			return nil, err
		}
		return c.Load(ctx, state)
	}
	return nil, errOvertaken
}

// errTried ends a change that was only to be looked at.
var errTried = errs.New(errs.Conflict, "app_catalogue_changed", nil)

// errOvertaken says that somebody else changed the catalogue in between.
var errOvertaken = errs.New(errs.Conflict, "app_catalogue_changed", nil)

// Apply makes the catalogue what a document says, in the name of a token's bearer, all
// of it or nothing. It gives the changes that were made, or with dry are to be made.
func (c *Catalogue) Apply(ctx context.Context, token string, d *document.Document, dry bool) ([]document.Change, error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, err
	}
	// Before anything is compared: a difference tells what is there.
	if !document.May(by, state, d) {
		return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	var check []document.Check
	if c.check != nil {
		check = append(check, c.check(ctx, state))
	}
	changes, err := document.Diff(state, d, check...)
	if err != nil || len(changes) == 0 {
		return changes, inFile(d, err)
	}
	var of *document.MemberError
	err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
		// Somebody else's change since the state was read could turn this one into another.
		if tx.Version() != state.Version+1 {
			return errOvertaken
		}
		if dry {
			tx.Try()
		}
		err := document.Apply(tx, changes)
		errors.As(err, &of)
		if err == nil && dry {
			return errTried
		}
		return err
	})
	if errors.Is(err, errTried) {
		return changes, nil
	}
	if err != nil && of != nil { // the store gives the mistake without its member
		err = &document.MemberError{Path: of.Path, Err: err}
	}
	return changes, inFile(d, err)
}

// inFile names the place in a document's file where a mistake is.
func inFile(d *document.Document, err error) error {
	var m *document.MemberError
	if errors.As(d.Placed(err), &m) && m.Place != "" {
		return &Placed{m.Place, m.Err}
	}
	return err
}

// Export writes the catalogue as a document, as far as a token's bearer keeps it.
func (c *Catalogue) Export(ctx context.Context, token string) ([]byte, error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, err
	}
	return document.Export(state, by, time.Now())
}

// Tokens lists the tokens that a token's bearer sees, with the logins of whose they are.
func (c *Catalogue) Tokens(ctx context.Context, token string) (all []*catalog.Token, logins []string, err error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range state.Tokens() {
		p, ok := state.Principal(k.Principal)
		if ok && state.SeesToken(by, k) {
			all, logins = append(all, k), append(logins, p.Login)
		}
	}
	return all, logins, nil
}

// RevokeToken ends a token, by its ID, in the name of a token's bearer. One that is not
// there reads like one that is another's.
func (c *Catalogue) RevokeToken(ctx context.Context, token, id string) error {
	cred, err := c.credential(ctx, token)
	if err != nil {
		return err
	}
	_, err = c.keep(ctx, cred, nil, func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		k, ok := state.Token(id)
		if !ok || !state.SeesToken(by, k) {
			return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
		}
		if !k.Revoked.IsZero() {
			return nil, nil
		}
		return func(tx *store.Tx) error { return tx.RevokeToken(id) }, nil
	})
	return err
}

// NewToken makes a token of a principal, by login, in the name of a token's bearer.
func (c *Catalogue) NewToken(ctx context.Context, token, login string, k *catalog.Token) (string, error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return "", err
	}
	p, ok := state.Login(login)
	if !ok {
		p = &catalog.Principal{} // not there reads like not allowed
	}
	k.Principal = p.ID
	var text string
	err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
		text, err = tx.Token(k)
		return err
	})
	return text, err
}

// NewSigningKey makes a key with which a principal's program signs its requests, in the
// name of a token's bearer. Its ID is in k then.
func (c *Catalogue) NewSigningKey(ctx context.Context, token, login string, k *catalog.Token) (secret string, err error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return "", err
	}
	p, ok := state.Login(login)
	if !ok {
		p = &catalog.Principal{} // not there reads like not allowed
	}
	k.Principal = p.ID
	k.Signs = catalog.HMACSHA256
	if c.seal.GM {
		k.Signs = catalog.HMACSM3
	}
	err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
		secret, err = tx.SigningKey(k, c.seal.Seal)
		return err
	})
	return secret, err
}

// Certify lets whoever shows a certificate act as a service account, in the name of a
// token's bearer.
func (c *Catalogue) Certify(ctx context.Context, token, login string, cert *x509.Certificate, k *catalog.Token) error {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return err
	}
	p, ok := state.Login(login)
	if !ok {
		p = &catalog.Principal{} // not there reads like not allowed
	}
	k.Principal = p.ID
	return c.Change(ctx, by.ID, func(tx *store.Tx) error { return tx.Certificate(k, listen.KeyOf(cert)) })
}

// ResourceIDs gives the IDs of resources that a token's bearer sees, by their names.
func (c *Catalogue) ResourceIDs(ctx context.Context, token string, names []string) (ids []string, err error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		r, ok := document.ResourceNamed(state, name)
		if !ok || state.SeesResource(by, r, time.Now()) == catalog.Nothing {
			return nil, errs.New(errs.UnknownName, "store_unknown", msg.Args{"Kind": "resource"})
		}
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// AuditHeads reads the heads of audit logs that the configuration's store keeps; none
// without a store.
func AuditHeads(ctx context.Context, cfg *config.Config) (_ []audit.Head, err error) {
	if cfg.Store.IsEmpty() {
		return nil, nil
	}
	c, err := OpenCatalogue(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Heads(ctx)
}
