package store

import (
	"context"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// RecoverLabel is what tokens are labelled with that Recover makes. RecoverLogin stands in
// the audit for whoever made them, with no agency.
const (
	RecoverLabel = "catalog recover"
	RecoverLogin = "recover"
)

// Recover makes a token of a security administrator, and gives its text, without one of
// an administrator's: for whoever has the store itself, when theirs are lost. It opens
// nothing else: of anybody else none is made. An account that was disabled is enabled, and
// its second factor is taken away.
// An empty login is the only security administrator that there is.
func (s *Store) Recover(ctx context.Context, login string, life time.Duration) (of, text string, err error) {
	err = s.change(ctx, func(t *Tx) error {
		t.as = RecoverLogin
		p, err := t.lost(login)
		if err != nil {
			return err
		}
		of = p.Login
		if p.Disabled {
			p.Disabled = false
			if err := t.principal(p); err != nil {
				return err
			}
		}
		// Whoever has lost their tokens may have lost that too; its secret could be read here
		// with the sealing key, which lies beside the configuration.
		if err := t.removeFactor(p.ID); err != nil {
			return err
		}
		text, err = t.token(&catalog.Token{Principal: p.ID, Label: RecoverLabel, Expires: t.now.Add(life)})
		return err
	})
	return of, text, err
}

// lost finds the security administrator whose tokens are lost.
func (t *Tx) lost(login string) (_ *catalog.Principal, err error) {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT "+principalColumns+" FROM principal")
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	var found []*catalog.Principal
	for rows.Next() {
		p, err := scanPrincipal(rows)
		if err != nil {
			return nil, err
		}
		if slices.Contains(p.Roles, catalog.SecurityAdmin) && (login == "" || p.Login == login) {
			found = append(found, p)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, errs.New(errs.RequestInvalid, "store_recover", msg.Args{"Count": len(found)})
	}
	return found[0], nil
}
