package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/lianji/lianji/catalog/audit"
)

// Origin says how a change came: by which door, and from where.
type Origin struct {
	Door   string // cli, http and so on
	Client string // an address, or a user of the machine
}

type originKey struct{}

// WithOrigin gives a context whose changes are recorded as having come that way.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// SetOrigin says how changes come whose context says nothing. It is called before the
// store is used.
func (s *Store) SetOrigin(o Origin) { s.origin = o }

// What is done to an object, as the audit names it behind the object's kind.
const (
	added     = "_add"
	changed   = "_change"
	takenBack = "_revoke"
)

// firstLogin stands for whoever made the first administrators.
const firstLogin = "init"

// record notes a change of an object for the audit. It stands or falls with the
// change, by whatever way that came: every one of them is made by write.
func (t *Tx) record(kind, id, done string) error {
	var before int64
	if err := t.tx.QueryRowContext(t.ctx, "SELECT coalesce(max(version), 0) FROM change WHERE kind = $1 AND object = $2", kind, id).Scan(&before); err != nil {
		return err
	}
	if done == "" {
		if done = changed; before == 0 {
			done = added
		}
	}
	login, agency := cmp.Or(t.as, firstLogin), ""
	if t.by != nil {
		login = t.by.Login
		if err := t.tx.QueryRowContext(t.ctx, "SELECT code FROM agency WHERE id = $1", t.by.Agency).Scan(&agency); err != nil {
			return err
		}
	}
	from, ok := t.ctx.Value(originKey{}).(Origin)
	if !ok {
		from = t.origin
	}
	t.places++
	_, err := t.tx.ExecContext(t.ctx, "INSERT INTO unrecorded (version, place, made, principal, agency, door, client, action, object, before, taken, taker) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '')",
		t.version, t.places, asMicros(t.now), login, agency, from.Door, from.Client, kind+done, id, before)
	return err
}

// Bounds of Unrecorded.
const (
	mostTaken = 256
	// takenFor is how long changes are one gateway's to record; then another one may.
	takenFor = time.Minute
)

// Unrecorded hands changes that are in no audit log yet to record, in their order, and
// forgets them when it gives no error. It reports how many there were; call it again
// until there are none. A gateway that stops in between leaves them to be recorded once
// more: the numbers of their versions tell which are the same.
func (s *Store) Unrecorded(ctx context.Context, record func([]audit.Act) error) (int, error) {
	now, taker := time.Now(), newID()
	acts, err := s.take(ctx, now, taker)
	if err != nil {
		return 0, failed(err)
	}
	if len(acts) == 0 {
		return 0, nil
	}
	if err := record(acts); err != nil {
		// They stay, and the next one may try at once.
		if _, e := s.db.ExecContext(ctx, "UPDATE unrecorded SET taken = 0 WHERE taker = $1", taker); e != nil {
			return 0, errors.Join(err, failed(e))
		}
		return 0, err
	}
	if _, err := s.db.ExecContext(ctx, "DELETE FROM unrecorded WHERE taker = $1", taker); err != nil {
		return 0, failed(err)
	}
	return len(acts), nil
}

type waiting struct {
	version, place int64
	audit.Act
}

// take marks changes as taken, so that no two gateways record the same ones.
func (s *Store) take(ctx context.Context, now time.Time, taker string) (_ []audit.Act, err error) {
	rows, err := s.db.QueryContext(ctx, `UPDATE unrecorded SET taken = $1, taker = $2
		WHERE taken < $3 AND (version, place) IN (SELECT version, place FROM unrecorded WHERE taken < $3 ORDER BY version, place LIMIT $4)
		RETURNING version, place, made, principal, agency, door, client, action, object, before`,
		asMicros(now), taker, asMicros(now.Add(-takenFor)), mostTaken)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var list []waiting
	for rows.Next() {
		w := waiting{Act: audit.Act{Outcome: audit.Done}}
		var before int64
		if err := rows.Scan(&w.version, &w.place, instant{&w.Time}, &w.Principal, &w.Agency, &w.Door, &w.Client, &w.Action, &w.Object, &before); err != nil {
			return nil, err
		}
		w.Details = map[string]string{"before": strconv.FormatInt(before, 10), "after": strconv.FormatInt(w.version, 10)}
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.place, b.place))
	})
	acts := make([]audit.Act, len(list))
	for i, w := range list {
		acts[i] = w.Act
	}
	return acts, rows.Err()
}
