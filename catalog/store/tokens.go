package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

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
// here: the new token could open more. Of one that is tied to addresses Tie has to be told.
func (t *Tx) Token(k *catalog.Token) (string, error) {
	if err := t.mayToken(k); err != nil {
		return "", err
	}
	k.Signs, k.Sealed = "", ""
	return t.token(k)
}

// SigningKey makes a key with which a principal's program signs its requests, as k.Signs
// says, and gives its secret: the only time that it is seen. It is kept as seal gives it
// back, for the key's ID. Who may make a token may make one.
func (t *Tx) SigningKey(k *catalog.Token, seal func(id, secret string) (string, error)) (string, error) {
	if err := t.mayToken(k); err != nil {
		return "", err
	}
	if k.Signs != catalog.HMACSHA256 && k.Signs != catalog.HMACSM3 {
		return "", invalid(kindToken, "signs")
	}
	secret := rand.Text() + rand.Text()
	k.ID = newID()
	var err error
	if k.Sealed, err = seal(k.ID, secret); err != nil {
		return "", err
	}
	if err := t.addToken(k, "a key that signs\n"+k.ID); err != nil {
		return "", err
	}
	return secret, nil
}

// Certificate lets whoever shows a certificate with a public key, given by its SHA-256 in
// hexadecimal digits, act as a service account; of a person it is a second factor. The
// security administrator alone says so. It takes the place of what was said of the key
// before.
func (t *Tx) Certificate(k *catalog.Token, key string) error {
	if !t.by.Has(catalog.SecurityAdmin) {
		return errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	if sum, err := hex.DecodeString(key); err != nil || len(sum) != sha256.Size || hex.EncodeToString(sum) != key {
		return invalid(kindToken, "key")
	}
	if err := t.hasLogin(k.Principal); err != nil {
		return err
	}
	found := catalog.CertificatePrefix + key
	before, err := one(t, scanToken, "SELECT "+tokenColumns+" FROM token WHERE hash = $1", found)
	if err != nil {
		return err
	}
	if before != nil {
		err := t.takeBack(kindToken, before.ID, "UPDATE token SET hash = $1, revoked = CASE WHEN revoked = 0 THEN $2 ELSE revoked END WHERE id = $3", found+":"+before.ID, asMicros(t.now), before.ID)
		if err != nil {
			return err
		}
	}
	k.ID, k.Signs, k.Sealed = newID(), catalog.Certified, ""
	return t.keepToken(k, found)
}

func (t *Tx) mayToken(k *catalog.Token) error {
	if t.by != nil && k.Principal == t.by.ID {
		return nil
	}
	if err := t.may(catalog.ActToken, ""); err != nil {
		return err
	}
	return t.hasLogin(k.Principal)
}

// hasLogin refuses a principal that is not there, whom somebody named by a login.
func (t *Tx) hasLogin(principal string) error {
	p, err := one(t, scanPrincipal, "SELECT "+principalColumns+" FROM principal WHERE id = $1", principal)
	if err == nil && p == nil {
		return errs.New(errs.UnknownName, "store_no_login", nil)
	}
	return err
}

func (t *Tx) token(k *catalog.Token) (string, error) {
	text := catalog.TokenPrefix + rand.Text()
	k.ID = newID()
	if err := t.addToken(k, text); err != nil {
		return "", err
	}
	return text, nil
}

// addToken keeps a token that is found by the hash of a text.
func (t *Tx) addToken(k *catalog.Token, text string) error { return t.keepToken(k, Hash(text)) }

func (t *Tx) keepToken(k *catalog.Token, hash string) error {
	if k.Expires.IsZero() || !k.Expires.After(t.now) || k.Expires.Sub(t.now) > MaxTokenLife {
		return invalid(kindToken, "expires")
	}
	for _, m := range k.Modes {
		if !slices.Contains(catalog.Modes(), m) {
			return invalid(kindToken, "mode", texts(catalog.Modes())...)
		}
	}
	for _, code := range k.Purposes {
		if p, err := one(t, scanPurpose, "SELECT "+purposeColumns+" FROM purpose WHERE code = $1", code); err != nil || p == nil {
			return orUnknown(err, kindPurpose)
		}
	}
	for i, p := range k.Addresses {
		again, ok := catalog.ParseAddresses(p.String())
		if !ok {
			return invalid(kindToken, "addresses")
		}
		k.Addresses[i] = again
		if t.isTied(k.Principal) && !catalog.Covers(t.tied, again) {
			return errs.New(errs.Forbidden, "store_tied", nil)
		}
	}
	if t.isTied(k.Principal) && len(k.Addresses) == 0 {
		k.Addresses = slices.Clone(t.tied)
	}
	for _, id := range k.Resources {
		if r, err := one(t, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE id = $1", id); err != nil || r == nil {
			return orUnknown(err, kindResource)
		}
	}
	if k.PerMinute < 0 {
		return invalid(kindToken, "per_minute")
	}
	k.Created, k.Revoked = t.now, time.Time{}
	if k.Purposes == nil {
		k.Purposes = []string{}
	}
	if k.Modes == nil {
		k.Modes = []catalog.Mode{}
	}
	if k.Addresses == nil {
		k.Addresses = []netip.Prefix{}
	}
	if k.Resources == nil {
		k.Resources = []string{}
	}
	return t.put(kindToken, k.ID, "INSERT INTO token (id, principal, hash, label, purposes, modes, created, expires, revoked, addresses, resources, per_minute, signs, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $13)",
		k.ID, k.Principal, hash, k.Label, asJSON(k.Purposes), asJSON(k.Modes), asMicros(k.Created), asMicros(k.Expires), asJSON(k.Addresses),
		asJSON(k.Resources), k.PerMinute, string(k.Signs), k.Sealed)
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
