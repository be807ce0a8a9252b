package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// tokenPrefix marks a token in whatever text it turns up in.
const tokenPrefix = "lianji_"

// MaxTokenLife is the longest that a token can hold.
const MaxTokenLife = 366 * 24 * time.Hour

// Hash gives what a token is found by. The token is 130 random bits, so no salt and
// no slow function is needed to keep it from being guessed back.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Token makes a token of a principal, and gives its text: the only time that it is
// seen. Everybody may make tokens of their own, the security administrator anybody's.
// Whoever came with a token that is limited to some purposes or modes must not get
// here: the new token could open more.
func (t *Tx) Token(k *catalog.Token) (string, error) {
	if t.by == nil || k.Principal != t.by.ID {
		if err := t.may(catalog.ActToken, ""); err != nil {
			return "", err
		}
	}
	return t.token(k)
}

func (t *Tx) token(k *catalog.Token) (string, error) {
	if k.Expires.IsZero() || !k.Expires.After(t.now) || k.Expires.Sub(t.now) > MaxTokenLife {
		return "", invalid(kindToken, "expires")
	}
	for _, m := range k.Modes {
		if !slices.Contains(catalog.Modes(), m) {
			return "", invalid(kindToken, "mode")
		}
	}
	for _, code := range k.Purposes {
		if p, err := one(t, scanPurpose, "SELECT "+purposeColumns+" FROM purpose WHERE code = $1", code); err != nil || p == nil {
			return "", orUnknown(err, kindPurpose)
		}
	}
	text := tokenPrefix + rand.Text()
	k.ID, k.Created, k.Revoked = newID(), t.now, time.Time{}
	if k.Purposes == nil {
		k.Purposes = []string{}
	}
	if k.Modes == nil {
		k.Modes = []catalog.Mode{}
	}
	err := t.put(kindToken, k.ID, "INSERT INTO token (id, principal, hash, label, purposes, modes, created, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
		k.ID, k.Principal, Hash(text), k.Label, asJSON(k.Purposes), asJSON(k.Modes), asMicros(k.Created), asMicros(k.Expires))
	return text, err
}

// RevokeToken ends a token.
func (t *Tx) RevokeToken(id string) error {
	k, err := one(t, scanToken, "SELECT "+tokenColumns+" FROM token WHERE id = $1", id)
	if err != nil {
		return err
	}
	if k == nil || t.by == nil || k.Principal != t.by.ID {
		if err := t.may(catalog.ActToken, ""); err != nil {
			return err
		}
	}
	return t.takeBack(kindToken, id, "UPDATE token SET revoked = $1 WHERE id = $2", asMicros(t.now), id)
}

// FirstToken is a token that Init made, and whose it is.
type FirstToken struct {
	Login string
	Role  catalog.Role
	Text  string
}

// Init makes the bureau's agency, with its name in SQL and its code, and the first
// three administrators, each with a token. It is refused where there is anybody.
func (s *Store) Init(ctx context.Context, code, name string, life time.Duration) ([]FirstToken, error) {
	var out []FirstToken
	err := s.change(ctx, func(t *Tx) error {
		var there int64
		if err := t.tx.QueryRowContext(ctx, "SELECT count(*) FROM principal").Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return errs.New(errs.Conflict, "store_not_empty", nil)
		}
		bureau := &catalog.Agency{Code: code, Name: name, Level: catalog.LevelCity}
		if err := t.agency(bureau); err != nil {
			return err
		}
		for _, role := range []catalog.Role{catalog.SystemAdmin, catalog.SecurityAdmin, catalog.Auditor} {
			p := &catalog.Principal{Login: string(role), Name: string(role), Agency: bureau.ID, Roles: []catalog.Role{role}}
			if err := t.principal(p); err != nil {
				return err
			}
			text, err := t.token(&catalog.Token{Principal: p.ID, Label: "init", Expires: t.now.Add(life)})
			if err != nil {
				return err
			}
			out = append(out, FirstToken{p.Login, role, text})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
