// Package duckdb reads the tables and views of a DuckDB file in place. The file
// is opened read-only, in an instance of its own that can reach nothing else, and
// only while somebody reads it: as long as it is open nobody can write it.
package duckdb

import (
	"context"
	"io/fs"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Open is the connectors.Opener of kind "duckdb". It does not touch the file.
func Open(_ context.Context, c connectors.Config) (connectors.Source, error) {
	switch {
	case c.Path == "":
		return nil, errs.New(errs.ConfigInvalid, "duckdb_no_path", msg.Args{"Source": c.Name})
	case c.Connections < 1:
		return nil, errs.New(errs.ConfigInvalid, "duckdb_no_connections", msg.Args{"Source": c.Name})
	}
	s := &source{name: c.Name, path: c.Path}
	s.pool = duckscan.New(duckscan.Options{Source: c.Name, Places: c.Connections, Open: s.open, Stale: s.stale})
	return s, nil
}

// source is one DuckDB file.
type source struct {
	name, path string
	pool       *duckscan.Pool
	opened     fs.FileInfo // the file as it was when the pool opened it
}

var _ connectors.Source = (*source)(nil)

// Capabilities: the statements run in this process, so there is no server at
// which to cancel them.
func (s *source) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{Dialect: "duckdb", Schemas: true}
}

// Ping opens the file.
func (s *source) Ping(ctx context.Context) (string, error) {
	version := ""
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) (err error) {
		version, err = in.Conn.QueryText(ctx, "SELECT version()")
		return err
	})
	if err != nil {
		return "", err
	}
	return "DuckDB " + strings.TrimPrefix(version, "v"), nil
}

func (s *source) Describe(ctx context.Context) ([]*catalog.Table, error) {
	var tables []*catalog.Table
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) (err error) {
		tables, err = s.describe(ctx, in.Conn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return tables, nil
}

func (s *source) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	return s.pool.Acquire(ctx, n)
}

func (s *source) Close() error {
	s.pool.Close()
	return nil
}
