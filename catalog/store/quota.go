package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
)

// noLimit stands for a quota's missing limit: what no uses add up to, and what can be
// added to itself.
const noLimit = 1 << 61

// keepUses is from how many days before a charge uses are kept at least.
const keepUses = 31

// charge adds to what was used of one quota, and gives how many rows it got: as many as
// were wanted, or as there are left. It gives no row where no query or nothing at all is
// left.
const charge = `INSERT INTO quota_use (grant_id, day, queries, row_count, taken) VALUES ($1, $2, $3, $4, $4)
	ON CONFLICT (grant_id, day) DO UPDATE SET
		queries = quota_use.queries + excluded.queries,
		row_count = CASE WHEN quota_use.row_count + excluded.row_count <= $5 THEN quota_use.row_count + excluded.row_count ELSE $5 END,
		taken = CASE WHEN quota_use.row_count + excluded.row_count <= $5 THEN excluded.row_count ELSE $5 - quota_use.row_count END
	WHERE quota_use.queries + excluded.queries <= $6 AND quota_use.row_count < $5
	RETURNING taken`

// asker runs statements, in a transaction or alone.
type asker interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Charge charges a number of statements and of rows to each of some quotas on a day,
// written 2006-01-02. All of them are charged alike, or none: it gives how many of the
// rows they got, which is less than was asked for where less was left. The error is a
// *catalog.Spent where a quota has no statement, or no row at all, left; whatever else it
// is, nothing may be used.
func (s *Store) Charge(ctx context.Context, day string, of []catalog.Quota, queries, rows int64) (got int64, err error) {
	if err := s.forget(ctx, day); err != nil {
		return 0, failed(err)
	}
	err = s.using(ctx, of, func(q asker, of []catalog.Quota) error {
		taken := make([]int64, len(of))
		got = rows
		for i, quota := range of {
			most, mostQueries := limit(quota.Rows), limit(quota.Queries)
			err := q.QueryRowContext(ctx, charge, quota.Grant, day, queries, min(rows, most), most, mostQueries).Scan(&taken[i])
			if errors.Is(err, sql.ErrNoRows) {
				return &catalog.Spent{Grant: quota.Grant}
			}
			if err != nil {
				return err
			}
			got = min(got, taken[i])
		}
		for i, quota := range of {
			if err := giveBack(ctx, q, day, quota.Grant, 0, taken[i]-got); err != nil {
				return err
			}
		}
		return nil
	})
	var spent *catalog.Spent
	switch {
	case errors.As(err, &spent):
		return 0, spent
	case err != nil:
		return 0, failed(err)
	}
	return got, nil
}

// GiveBack takes back what Charge charged on a day and nobody used.
func (s *Store) GiveBack(ctx context.Context, day string, of []catalog.Quota, queries, rows int64) error {
	err := s.using(ctx, of, func(q asker, of []catalog.Quota) error {
		for _, quota := range of {
			if err := giveBack(ctx, q, day, quota.Grant, queries, rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return failed(err)
	}
	return nil
}

func giveBack(ctx context.Context, q asker, day, grant string, queries, rows int64) error {
	if queries == 0 && rows == 0 {
		return nil
	}
	_, err := q.ExecContext(ctx, "UPDATE quota_use SET queries = queries - $1, row_count = row_count - $2 WHERE grant_id = $3 AND day = $4", queries, rows, grant, day)
	return err
}

func limit(n int64) int64 {
	if n <= 0 || n > noLimit {
		return noLimit
	}
	return n
}

// using runs what charges quotas: of several all or none. They come in order, so that no
// two charges wait for each other.
func (s *Store) using(ctx context.Context, of []catalog.Quota, do func(asker, []catalog.Quota) error) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	of = slices.Clone(of)
	slices.SortFunc(of, func(a, b catalog.Quota) int { return strings.Compare(a.Grant, b.Grant) })
	if s.sqlite {
		// SQLite's own way of waiting is no queue: of many who try, some give up.
		select {
		case s.charging <- struct{}{}:
			defer func() { <-s.charging }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if len(of) == 1 {
		return do(s.db, of)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx, of); err != nil {
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			return errors.Join(err, e)
		}
		return err
	}
	return tx.Commit()
}

// forget takes out uses of long ago, once for each day that something is charged to.
func (s *Store) forget(ctx context.Context, day string) error {
	if last := s.charged.Load(); last != nil && *last == day {
		return nil
	}
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return err
	}
	before := at.AddDate(0, 0, -keepUses).Format(time.DateOnly)
	if _, err := s.db.ExecContext(ctx, "DELETE FROM quota_use WHERE day < $1", before); err != nil {
		return err
	}
	s.charged.Store(&day)
	return nil
}
