package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/lianji/lianji/catalog/audit"
)

var _ audit.Heads = (*Store)(nil)

// PutHead implements audit.Heads. It is no change of the catalogue.
func (s *Store) PutHead(ctx context.Context, h audit.Head) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, "INSERT INTO audit_head (gateway, boot, number, head) VALUES ($1, $2, $3, $4)", h.Gateway, h.Boot, int64(h.Number), string(text))
	if err != nil {
		return failed(err)
	}
	return nil
}

// LastHead implements audit.Heads.
func (s *Store) LastHead(ctx context.Context, gateway string) (audit.Head, bool, error) {
	var h audit.Head
	err := s.db.QueryRowContext(ctx, "SELECT head FROM audit_head WHERE gateway = $1 ORDER BY boot DESC, number DESC LIMIT 1", gateway).Scan(list[audit.Head]{&h})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return h, false, nil
	case err != nil:
		return h, false, failed(err)
	}
	return h, true, nil
}

// Heads gives every head of every gateway.
func (s *Store) Heads(ctx context.Context) (_ []audit.Head, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT head FROM audit_head ORDER BY gateway, boot, number")
	if err != nil {
		return nil, failed(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []audit.Head
	for rows.Next() {
		var h audit.Head
		if err := rows.Scan(list[audit.Head]{&h}); err != nil {
			return nil, failed(err)
		}
		out = append(out, h)
	}
	return out, rows.Err()
}
