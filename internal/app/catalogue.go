package app

import (
	"context"
	"errors"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server/catalogapi"
)

// Catalogue is the catalogue's store alone, for those who keep it.
type Catalogue struct {
	*store.Store
	file string // of the configuration
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
	return &Catalogue{s, cfg.File}, nil
}

// Bearer finds whose token it is. One that is limited to some purposes or modes is for
// statements: nothing is changed with it.
func (c *Catalogue) Bearer(ctx context.Context, token string) (*catalog.Principal, *catalog.State, error) {
	return c.bearer(ctx, store.Hash(token), nil)
}

// bearer is Bearer for who knows the token's hash alone, and what the store was like.
func (c *Catalogue) bearer(ctx context.Context, hash string, before *catalog.State) (*catalog.Principal, *catalog.State, error) {
	state, err := c.Load(ctx, before)
	if err != nil {
		return nil, nil, err
	}
	if len(state.Agencies()) == 0 {
		return nil, nil, errs.New(errs.ConfigInvalid, "app_store_empty", msg.Args{"File": c.file})
	}
	k, p, ok := state.Bearer(hash, time.Now())
	if !ok || len(k.Purposes) > 0 || len(k.Modes) > 0 {
		return nil, nil, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return p, state, nil
}

// keepTries is how often a change is tried that others' changes came before.
const keepTries = 8

// keep does what is decided in the name of the bearer of a token with a hash, all of it
// or nothing, and gives the state after it. Before is an earlier state, or nil. What is
// to be done is decided over the state as it is when that is done: when somebody else's
// change comes before, it is decided again.
func (c *Catalogue) keep(ctx context.Context, hash string, before *catalog.State, what catalogapi.Decide) (*catalog.State, error) {
	for range keepTries {
		by, state, err := c.bearer(ctx, hash, before)
		if err != nil {
			return nil, err
		}
		do, err := what(state, by)
		if err != nil || do == nil {
			return state, err
		}
		before = state
		err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
			if seen := state.Version; tx.Version() != seen+1 {
				return errOvertaken
			}
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
	changes, err := document.Diff(state, d)
	if err != nil || dry || len(changes) == 0 {
		return changes, inFile(d, err)
	}
	var of *document.MemberError
	err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
		// Somebody else's change since the state was read could turn this one into another.
		if tx.Version() != state.Version+1 {
			return errOvertaken
		}
		err := document.Apply(tx, changes)
		errors.As(err, &of)
		return err
	})
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
	_, err := c.keep(ctx, store.Hash(token), nil, func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
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
