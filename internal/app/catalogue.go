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
)

// Catalogue is the catalogue's store alone, for those who keep it.
type Catalogue struct{ *store.Store }

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
	return &Catalogue{s}, nil
}

// Bearer finds whose token it is. One that is limited to some purposes or modes is for
// statements: nothing is changed with it.
func (c *Catalogue) Bearer(ctx context.Context, token string) (*catalog.Principal, *catalog.State, error) {
	state, err := c.Load(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	k, p, ok := state.Bearer(store.Hash(token), time.Now())
	if !ok || len(k.Purposes) > 0 || len(k.Modes) > 0 {
		return nil, nil, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return p, state, nil
}

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
		return changes, err
	}
	err = c.Change(ctx, by.ID, func(tx *store.Tx) error {
		// Somebody else's change since the state was read could turn this one into another.
		if tx.Version() != state.Version+1 {
			return errs.New(errs.Conflict, "app_catalogue_changed", nil)
		}
		return document.Apply(tx, changes)
	})
	return changes, err
}

// Export writes the catalogue as a document, for a token's bearer.
func (c *Catalogue) Export(ctx context.Context, token string) ([]byte, error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, err
	}
	// The whole catalogue holds every agency's grants.
	if !by.Has(catalog.Bureau) && !by.Has(catalog.SecurityAdmin) && !by.Has(catalog.Auditor) {
		return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	return document.Export(state)
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
