package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

const kindFactor = "factor" // see the other kinds

const factorColumns = "principal, sealed, version"

func scanFactor(row scanner) (*catalog.Factor, error) {
	f := &catalog.Factor{}
	return f, row.Scan(&f.Principal, &f.Sealed, &f.Version)
}

// Factor sets the second factor of whoever makes the change: nobody sets another's. One
// that is there is replaced where replaces is its version, which is for whoever has shown
// it; 0 stands for none. Step is that of the first code, which is spent by it. The version
// that comes is the store's when the secret was made: one from before the last secret was
// set or taken away is a conflict, so that none comes back. Whoever came with a token that
// is limited must not get here.
func (t *Tx) Factor(f *catalog.Factor, replaces, step int64) error {
	if t.by == nil || f.Principal != t.by.ID {
		return errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	if f.Sealed == "" {
		return invalid(kindFactor, "sealed")
	}
	made := f.Version
	f.Version = t.version
	if replaces == 0 {
		return t.put(kindFactor, f.Principal, `INSERT INTO factor (principal, sealed, version, step, failed, until) VALUES ($1, $2, $3, $4, 0, 0)
			ON CONFLICT (principal) DO UPDATE SET sealed = $2, version = $3, step = $4, failed = 0, until = 0 WHERE factor.sealed = '' AND factor.version <= $5`,
			f.Principal, f.Sealed, f.Version, step, made)
	}
	return t.put(kindFactor, f.Principal, "UPDATE factor SET sealed = $1, version = $2, step = $3, failed = 0, until = 0 WHERE principal = $4 AND version = $5 AND version <= $6",
		f.Sealed, f.Version, step, f.Principal, replaces, made)
}

// RemoveFactor takes a principal's second factor away, so that they set another one: the
// security administrator's. One that has none keeps none. What is left says since when.
func (t *Tx) RemoveFactor(principal string) error {
	if err := t.may(catalog.ActToken, ""); err != nil {
		return err
	}
	return t.removeFactor(principal)
}

func (t *Tx) removeFactor(principal string) error {
	there, err := one(t, scanFactor, "SELECT "+factorColumns+" FROM factor WHERE principal = $1", principal)
	if err != nil || there == nil || there.Sealed == "" {
		return err
	}
	return t.takeBack(kindFactor, principal, "UPDATE factor SET sealed = '', version = $1 WHERE principal = $2", t.version, principal)
}

// TryCode tries a code of a second factor, one try after another at all gateways of the
// store. Step finds the code's time step, after that of the last one that was taken, which
// it is given. A code that is not taken is counted, and for as long as wait says nothing is
// tried then, whatever it is; one that is taken ends the counting.
func (s *Store) TryCode(ctx context.Context, f *catalog.Factor, now time.Time, wait func(failed int64) time.Duration, step func(spent int64) (int64, bool)) (taken bool, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, failed(err)
	}
	defer func() {
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			taken, err = false, failed(errors.Join(err, e))
		}
	}()
	var spent, wrong int64
	// It locks the row: what is tried at the same time elsewhere comes after it.
	err = tx.QueryRowContext(ctx, "UPDATE factor SET failed = failed + 1 WHERE principal = $1 AND version = $2 AND until <= $3 RETURNING step, failed", f.Principal, f.Version, asMicros(now)).Scan(&spent, &wrong)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, failed(err)
	}
	at, right := step(spent)
	if taken = right && at > spent; taken {
		_, err = tx.ExecContext(ctx, "UPDATE factor SET step = $1, failed = 0, until = 0 WHERE principal = $2", at, f.Principal)
	} else {
		_, err = tx.ExecContext(ctx, "UPDATE factor SET until = $1 WHERE principal = $2", asMicros(now.Add(wait(wrong))), f.Principal)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return false, failed(err)
	}
	return taken, nil
}
