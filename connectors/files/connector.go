// Package files reads Parquet, CSV and JSON files in place: each file of a folder
// is a table, and so is each sub-folder, whose files share names and types. They
// are read by DuckDB, in an instance that can reach these files and nothing else.
package files

import (
	"context"
	"strings"
	"sync"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// schema is where all tables lie.
const schema = "main"

// Open is the connectors.Opener of kind "files". It does not touch the files.
func Open(_ context.Context, c connectors.Config) (connectors.Source, error) {
	switch {
	case c.Path == "":
		return nil, errs.New(errs.ConfigInvalid, "files_no_path", msg.Args{"Source": c.Name})
	case c.Connections < 1:
		return nil, errs.New(errs.ConfigInvalid, "files_no_connections", msg.Args{"Source": c.Name})
	}
	s := &source{name: c.Name, place: place{source: c.Name, path: c.Path}, declared: c.Columns}
	s.pool = duckscan.New(duckscan.Options{Source: c.Name, Places: c.Connections, Open: s.open, Before: s.prepare, Explain: s.explain})
	return s, nil
}

// source is a place with files.
type source struct {
	name     string
	place    place
	declared map[string]map[string]string // table -> column -> type
	pool     *duckscan.Pool

	mu     sync.Mutex
	tables map[string]*table // as described last; nil before
	views  map[string]string // of the instance viewsIn: name -> its SQL
	// viewsIn is the instance that has the views.
	viewsIn *duck.DB
}

var _ connectors.Source = (*source)(nil)

// Capabilities: the statements run in this process, so there is no server at
// which to cancel them; all tables lie in schema main.
func (s *source) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{Dialect: "duckdb"}
}

// Ping looks for the files and opens the instance that reads them.
func (s *source) Ping(ctx context.Context) (string, error) {
	version := ""
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) (err error) {
		if _, err := s.place.list(); err != nil {
			return err
		}
		version, err = in.Conn.QueryText(ctx, "SELECT version()")
		return err
	})
	if err != nil {
		return "", err
	}
	return "DuckDB " + strings.TrimPrefix(version, "v") + " (files)", nil
}

// Describe looks at all files anew. The types that it finds hold until the next call.
func (s *source) Describe(ctx context.Context) ([]*catalog.Table, error) {
	var described []*table
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) (err error) {
		described, err = s.describe(ctx, in.Conn)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]*catalog.Table, len(described))
	byName := map[string]*table{}
	for i, t := range described {
		out[i] = t.catalogue()
		byName[t.name] = t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables = byName
	return out, nil
}

func (s *source) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	return s.pool.Acquire(ctx, n)
}

func (s *source) Close() error {
	s.pool.Close()
	return nil
}
