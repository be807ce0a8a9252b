// Package store keeps the catalogue in one SQLite file or in a PostgreSQL database:
// who there is, what is shared, and who was granted what. Every statement of SQL in
// it is one that both understand.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	_ "modernc.org/sqlite" // the driver sqlite

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open catalogue. It may be used by many goroutines at once, and, over
// PostgreSQL, by many gateways.
type Store struct {
	db     *sql.DB
	sqlite bool
	file   string      // of SQLite
	opened os.FileInfo // what was opened under that name
	origin Origin      // of changes whose context says nothing

	charging chan struct{}          // holds one: charges of quotas to SQLite, one after another
	charged  atomic.Pointer[string] // the last day that was charged to

	newestKey func(first bool) (uint8, error) // of the key for tokens; nil without one
	swept     atomic.Int64                    // when nonces were last forgotten, in microseconds since 1970
}

// busyTimeout is how long a change of a SQLite store waits for another one.
const busyTimeout = 5 * time.Second

// Open opens the store at a URL, sqlite:FILE or postgres://…, and brings its tables
// up to date. A SQLite file that is not there is made, for its owner alone. The
// error is an *errs.Error that names neither a password nor a host.
func Open(ctx context.Context, address string) (*Store, error) {
	s, dialect, err := connect(address)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, dialect); err != nil {
		return nil, errors.Join(failed(err), s.db.Close())
	}
	return s, nil
}

func connect(address string) (*Store, database.Dialect, error) {
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		if err := ownFile(file); err != nil {
			return nil, "", failed(err)
		}
		settings := url.Values{"_txlock": {"immediate"}, "_pragma": {
			"busy_timeout(" + milliseconds(busyTimeout) + ")", "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "trusted_schema(0)",
		}}
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: settings.Encode()}
		db, err := sql.Open("sqlite", u.String())
		if err != nil {
			return nil, "", failed(err)
		}
		opened, err := os.Stat(file)
		if err != nil {
			return nil, "", failed(errors.Join(err, db.Close()))
		}
		return &Store{db: db, sqlite: true, file: file, opened: opened, charging: make(chan struct{}, 1)}, database.DialectSQLite3, nil
	}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		db, err := sql.Open("pgx", address)
		if err != nil {
			return nil, "", failed(err)
		}
		db.SetMaxOpenConns(8)
		return &Store{db: db}, database.DialectPostgres, nil
	}
	return nil, "", errs.New(errs.ConfigInvalid, "store_address", nil)
}

// ownFile makes the file, so that it never exists with rights for others.
func ownFile(path string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) migrate(ctx context.Context, dialect database.Dialect) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, s.db, folder)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

// Version gives the number of changes so far. It is the cheapest question that the
// store answers.
func (s *Store) Version(ctx context.Context) (int64, error) {
	if err := s.inPlace(); err != nil {
		return 0, failed(err)
	}
	var v int64
	if err := s.db.QueryRowContext(ctx, "SELECT version FROM state").Scan(&v); err != nil {
		return 0, failed(err)
	}
	return v, nil
}

// inPlace tells whether the file that was opened is still the one of its name. One that
// was moved away or replaced goes on answering, with grants that are no longer so.
func (s *Store) inPlace() error {
	if !s.sqlite {
		return nil
	}
	now, err := os.Stat(s.file)
	if err != nil {
		return err
	}
	if !os.SameFile(s.opened, now) {
		return errors.New("the store's file is another one")
	}
	return nil
}

// failed hides what a driver says of a store: it may name hosts and values.
func failed(err error) error {
	var own *errs.Error
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errs.From(err)
	}
	if full(err) {
		return errs.Wrap(errs.DiskFull, "store_full", nil, err)
	}
	return errs.Wrap(errs.StoreFailed, "store_failed", msg.Args{}, err)
}
