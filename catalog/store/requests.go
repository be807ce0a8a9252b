package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// requestLife is how long a request is remembered at least.
const requestLife = 7 * 24 * time.Hour

// Remember keeps what a request of the principal was answered, under the key that it
// named, and forgets old ones. The digest is of the request, so that another one with
// the same key is known.
func (t *Tx) Remember(key, digest, answer string) error {
	if t.by == nil {
		return errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	if _, err := t.tx.ExecContext(t.ctx, "DELETE FROM request WHERE made < $1", asMicros(t.now.Add(-requestLife))); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(t.ctx, "INSERT INTO request (principal, key, digest, answer, made) VALUES ($1, $2, $3, $4, $5)", t.by.ID, key, digest, answer, asMicros(t.now))
	if duplicate(err) {
		return errs.Wrap(errs.Conflict, "store_changed", msg.Args{"Kind": "request"}, err)
	}
	return err
}

// Remembered gives the digest and the answer of a principal's request under a key; empty
// texts where there is none.
func (s *Store) Remembered(ctx context.Context, principal, key string) (digest, answer string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT digest, answer FROM request WHERE principal = $1 AND key = $2", principal, key).Scan(&digest, &answer)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	if err != nil {
		return "", "", failed(err)
	}
	return digest, answer, nil
}
