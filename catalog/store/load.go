package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lianji/lianji/catalog"
)

// Load gives the state as it is now. Of what before holds, which may be nil, only
// the objects are read that changed since.
func (s *Store) Load(ctx context.Context, before *catalog.State) (*catalog.State, error) {
	state, err := s.load(ctx, before)
	if err != nil {
		return nil, failed(err)
	}
	return state, nil
}

func (s *Store) load(ctx context.Context, before *catalog.State) (_ *catalog.State, err error) {
	// One transaction: what is read belongs to one version.
	o := &sql.TxOptions{ReadOnly: true}
	if !s.sqlite {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.db.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := tx.Rollback(); err == nil && e != nil && !errors.Is(e, sql.ErrTxDone) {
			err = e
		}
	}()
	var version int64
	if err := tx.QueryRowContext(ctx, "SELECT version FROM state").Scan(&version); err != nil {
		return nil, err
	}
	if before != nil && before.Version == version {
		return before, nil
	}
	r := &reader{ctx: ctx, tx: tx, since: -1}
	if before != nil {
		r.since = before.Version
		if r.gone, err = r.changes(); err != nil {
			return nil, err
		}
	}
	c := catalog.Changed{Hashes: map[string]string{}, Tokens: map[string]*catalog.Token{}}
	if c.Agencies, err = read(r, kindAgency, agencyColumns, "agency", "id", scanAgency, func(a *catalog.Agency) string { return a.ID }); err != nil {
		return nil, err
	}
	if c.Principals, err = read(r, kindPrincipal, principalColumns, "principal", "id", scanPrincipal, func(p *catalog.Principal) string { return p.ID }); err != nil {
		return nil, err
	}
	if c.Purposes, err = read(r, kindPurpose, purposeColumns, "purpose", "code", scanPurpose, func(p *catalog.Purpose) string { return p.Code }); err != nil {
		return nil, err
	}
	if c.Sources, err = read(r, kindSource, sourceColumns, "source", "folded", scanSource, func(s *catalog.Source) string { return catalog.Fold(s.Name) }); err != nil {
		return nil, err
	}
	if c.Resources, err = read(r, kindResource, resourceColumns, "resource", "id", resourceScanner(), func(x *catalog.Resource) string { return x.ID }); err != nil {
		return nil, err
	}
	if c.Grants, err = read(r, kindGrant, grantColumns, "grants", "id", grantScanner(), func(g *catalog.Grant) string { return g.ID }); err != nil {
		return nil, err
	}
	if c.Passwords, err = read(r, kindPassword, passwordColumns, "password", "principal", scanPassword, func(p *catalog.Password) string { return p.Principal }); err != nil {
		return nil, err
	}
	if c.Factors, err = read(r, kindFactor, factorColumns, "factor", "principal", scanFactor, func(f *catalog.Factor) string { return f.Principal }); err != nil {
		return nil, err
	}
	tokens, err := read(r, kindToken, tokenColumns, "token", "id", scanToken, func(k *stored) string { return k.ID })
	if err != nil {
		return nil, err
	}
	for id, k := range tokens {
		if k == nil {
			c.Tokens[id] = nil
			continue
		}
		c.Tokens[id], c.Hashes[id] = &k.Token, k.hash
	}
	return before.With(version, c), nil
}

// reader reads what changed after a version, or everything.
type reader struct {
	ctx   context.Context
	tx    *sql.Tx
	since int64
	gone  map[string]map[string]bool // what changed, by kind; what is not read again is gone
}

func (r *reader) changes() (_ map[string]map[string]bool, err error) {
	rows, err := r.tx.QueryContext(r.ctx, "SELECT DISTINCT kind, object FROM change WHERE version > $1", r.since)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := map[string]map[string]bool{}
	for rows.Next() {
		var kind, object string
		if err := rows.Scan(&kind, &object); err != nil {
			return nil, err
		}
		if out[kind] == nil {
			out[kind] = map[string]bool{}
		}
		out[kind][object] = true
	}
	return out, rows.Err()
}

func read[T any](r *reader, kind, columns, table, key string, scan func(scanner) (*T, error), id func(*T) string) (_ map[string]*T, err error) {
	out := map[string]*T{}
	text, args := "SELECT "+columns+" FROM "+table, []any(nil)
	where := " WHERE "
	if r.since >= 0 {
		if len(r.gone[kind]) == 0 {
			return nil, nil
		}
		for object := range r.gone[kind] {
			out[object] = nil
		}
		text, args = text+where+key+" IN (SELECT object FROM change WHERE kind = $1 AND version > $2)", []any{kind, r.since}
		where = " AND "
	}
	if table == "grants" {
		text += where + "revoked = 0"
	}
	rows, err := r.tx.QueryContext(r.ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out[id(v)] = v
	}
	return out, rows.Err()
}
