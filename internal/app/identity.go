package app

import (
	"context"
	"path/filepath"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/identity"
)

// identify begins to find out who asks.
func (a *App) identify(ctx context.Context) error {
	secret, err := a.store.Secret(ctx, identity.SecretName)
	if err != nil {
		return err
	}
	var issuers []identity.Issuer
	for _, i := range a.cfg.Issuers {
		issuers = append(issuers, identity.Issuer(i))
	}
	a.identity = identity.New(identity.Options{
		Issuers: issuers,
		State:   a.authority.State, Secret: secret, HashToken: store.Hash, Sealer: sealer(a.cfg), SpendNonce: a.store.SpendNonce, TryCode: a.store.TryCode,
	})
	return nil
}

// sealKeyName is the file of the key that seals secrets, beside the configuration.
const sealKeyName = "lianji-seal.key"

func sealer(cfg *config.Config) identity.Sealer {
	return identity.Sealer{Path: filepath.Join(cfg.Dir, sealKeyName), GM: cfg.Audit.GM}
}

// proved gives what a statement's request shows of who sends it, which can be shown once
// where it is signed, and counts it; and what it is limited to.
func (a *App) proved(ctx context.Context, by server.Asker) (catalog.Credential, *catalog.Token, error) {
	cred, err := a.credential(by)
	if by.Signed != nil {
		cred, err = a.identity.Signed(ctx, by.Signed, by.Client)
	}
	if err != nil {
		return nil, nil, err
	}
	k, _, err := a.authority.Bearer(cred)
	if err != nil {
		return nil, nil, err
	}
	return cred, k, a.identity.Count(k)
}

// holds tells whether somebody's token or certificate holds. It counts no request.
func (a *App) holds(by server.Asker) error {
	cred, err := a.credential(by)
	if err != nil {
		return err
	}
	_, _, err = a.authority.Bearer(cred)
	return err
}

// credential gives the credential of a token. What is signed shows nothing here.
func (a *App) credential(by server.Asker) (catalog.Credential, error) {
	if by.Token == "" && by.Certificate != "" {
		return a.identity.Certificate(by.Certificate, by.Client), nil
	}
	cred, err := a.identity.Credential(by.Token, by.Client)
	if err == nil && by.Certificate != "" {
		cred = a.identity.Beside(cred, by.Certificate, by.Client)
	}
	return cred, err
}
