package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

const kindPassword = "password" // see the other kinds

const passwordColumns = "principal, hash, scram, version"

func scanPassword(row scanner) (*catalog.Password, error) {
	p := &catalog.Password{}
	return p, row.Scan(&p.Principal, &p.Hash, &p.SCRAM, &p.Version)
}

// Password sets what a principal's password is tried against, and so ends every session
// that began with the one before. Everybody may set their own, the security administrator
// anybody's. Whoever came with a token that is limited to some purposes or modes must not
// get here: a password is not.
func (t *Tx) Password(p *catalog.Password) error {
	if t.by == nil || p.Principal != t.by.ID {
		if err := t.may(catalog.ActToken, ""); err != nil {
			return err
		}
	}
	if t.isTied(p.Principal) { // a password holds from anywhere
		return errs.New(errs.Forbidden, "store_tied", nil)
	}
	if p.Hash == "" || p.SCRAM == "" {
		return invalid(kindPassword, "hash")
	}
	p.Version = t.version
	return t.put(kindPassword, p.Principal,
		"INSERT INTO password (principal, hash, scram, version) VALUES ($1, $2, $3, $4) ON CONFLICT (principal) DO UPDATE SET hash = excluded.hash, scram = excluded.scram, version = excluded.version",
		p.Principal, p.Hash, p.SCRAM, p.Version)
}

// nonceSweep is how often nonces are forgotten that no request can have any more.
const nonceSweep = time.Minute

// SpendNonce notes that a signer's nonce was used, until a time, and tells whether it was
// not before. Of two gateways that ask at once one is told so.
func (s *Store) SpendNonce(ctx context.Context, signer, nonce string, until time.Time) (fresh bool, err error) {
	now := time.Now()
	if last := s.swept.Load(); now.UnixMicro()-last >= nonceSweep.Microseconds() && s.swept.CompareAndSwap(last, now.UnixMicro()) {
		if _, err := s.db.ExecContext(ctx, "DELETE FROM nonce WHERE until < $1", asMicros(now)); err != nil {
			return false, failed(err)
		}
	}
	result, err := s.db.ExecContext(ctx, "INSERT INTO nonce (signer, nonce, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", signer, nonce, asMicros(until))
	if err != nil {
		return false, failed(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, failed(err)
	}
	return n == 1, nil
}

// secretBytes is the length of a Secret.
const secretBytes = 32

// Secret gives the random key of a name, which is made when it is first asked for. Every
// gateway of the store gets the same one.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, secretBytes)
	_, _ = rand.Read(fresh) // it never fails
	if _, err := s.db.ExecContext(ctx, "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, hex.EncodeToString(fresh)); err != nil {
		return nil, failed(err)
	}
	var text string
	if err := s.db.QueryRowContext(ctx, "SELECT value FROM secret WHERE name = $1", name).Scan(&text); err != nil {
		return nil, failed(err)
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != secretBytes {
		return nil, errs.Internalf("the store's secret %s is none", name)
	}
	return key, nil
}

// RemovePassword takes a principal's password away: then only tokens open anything to
// them. One that has none keeps none. Who may set it may take it away.
func (t *Tx) RemovePassword(principal string) error {
	if t.by == nil || principal != t.by.ID {
		if err := t.may(catalog.ActToken, ""); err != nil {
			return err
		}
	}
	there, err := one(t, scanPassword, "SELECT "+passwordColumns+" FROM password WHERE principal = $1", principal)
	if err != nil || there == nil {
		return err
	}
	return t.takeBack(kindPassword, principal, "DELETE FROM password WHERE principal = $1", principal)
}
