package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Tx is one change of the store, made by one principal. Each of its methods checks
// first that the principal may do so.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	version int64
	by      *catalog.Principal // nil for what nobody with a token does
	as      string             // what the audit names in the place of by; empty: firstLogin
	now     time.Time
	places  int64          // changes of objects so far
	tied    []netip.Prefix // see Tie
	origin  Origin

	newestKey func(first bool) (uint8, error)
	tables    map[string]map[table][]string // by agency: which resources show a table; see ofTable
	inForce   map[string][]*catalog.Grant   // by resource: the grants that were not taken back; see grantsOn
	tokened   bool                          // there is a grant of a token, or there was one
}

// Change lets do make changes in the name of a principal, given by its ID. They are
// kept together or, when do fails, not at all.
func (s *Store) Change(ctx context.Context, by string, do func(*Tx) error) error {
	return s.change(ctx, func(t *Tx) (err error) {
		t.by, err = one(t, scanPrincipal, "SELECT "+principalColumns+" FROM principal WHERE id = $1", by)
		if err != nil {
			return err
		}
		if t.by == nil || t.by.Disabled {
			return errs.New(errs.Forbidden, "store_not_allowed", nil)
		}
		return do(t)
	})
}

func (s *Store) change(ctx context.Context, do func(*Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return failed(err)
	}
	t := &Tx{ctx: ctx, tx: tx, now: time.Now(), origin: s.origin, newestKey: s.newestKey}
	if err := t.run(do); err != nil {
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			return failed(errors.Join(err, e))
		}
		return failed(err)
	}
	return nil
}

func (t *Tx) run(do func(*Tx) error) error {
	// The first thing that every change does: from here on it is alone.
	if err := t.tx.QueryRowContext(t.ctx, "UPDATE state SET version = version + 1 RETURNING version").Scan(&t.version); err != nil {
		return err
	}
	if err := do(t); err != nil {
		return err
	}
	return t.tx.Commit()
}

// Try says that the change is only tried, and will not be kept: nothing outside of the
// store is made for it.
func (t *Tx) Try() {
	if t.newestKey != nil {
		t.newestKey = func(bool) (uint8, error) { return maxVersion, nil }
	}
}

// Tie says that whoever makes the change came with a token that is tied to addresses. What
// they make for themselves is tied to them too: it opens nothing from where the token does
// not.
func (t *Tx) Tie(to []netip.Prefix) { t.tied = to }

// isTied reports whether what a principal gets by the change is tied.
func (t *Tx) isTied(principal string) bool {
	return len(t.tied) > 0 && t.by != nil && t.by.ID == principal
}

// maxVersion is the greatest version that a key can have.
const maxVersion = 255

// Version is the state's once the change is made.
func (t *Tx) Version() int64 { return t.version }

// may refuses what the principal may not do to something of an agency. What is
// refused reads the same whether or not the thing is there.
func (t *Tx) may(act catalog.Act, agency string) error {
	if !catalog.May(t.by, act, agency) {
		return errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	return nil
}

// put runs a statement that adds or changes an object, and notes the object.
func (t *Tx) put(kind, id, statement string, args ...any) error {
	return t.write(kind, id, "", statement, args...)
}

// takeBack is put for what ends an object.
func (t *Tx) takeBack(kind, id, statement string, args ...any) error {
	return t.write(kind, id, takenBack, statement, args...)
}

// write makes a change: each one passes here, and leaves a record for the audit.
func (t *Tx) write(kind, id, done, statement string, args ...any) error {
	result, err := t.tx.ExecContext(t.ctx, statement, args...)
	switch {
	case duplicate(err):
		return errs.Wrap(errs.Conflict, "store_duplicate", msg.Args{"Kind": kind}, err)
	case dangling(err):
		return errs.Wrap(errs.UnknownName, "store_unknown", msg.Args{"Kind": kind}, err)
	case err != nil:
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, errs.New(errs.Conflict, "store_changed", msg.Args{"Kind": kind}))
	}
	if err := t.record(kind, id, done); err != nil {
		return err
	}
	_, err = t.tx.ExecContext(t.ctx, "INSERT INTO change (version, kind, object) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", t.version, kind, id)
	return err
}

// one reads an object; it is nil when there is none.
func one[T any](t *Tx, scan func(scanner) (*T, error), query string, args ...any) (*T, error) {
	v, err := scan(t.tx.QueryRowContext(t.ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return v, err
}

// newID makes an object's identifier.
func newID() string { return strings.ToLower(rand.Text()[:16]) }
