package duckdb

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/lianji/lianji/internal/duck"
)

// open opens the file for whoever reads first. Scans themselves are those of
// duckscan: a fragment is a statement of this very engine.
func (s *source) open(ctx context.Context) (*duck.DB, error) {
	info, err := s.look()
	if err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Options{Path: s.path})
	if err != nil {
		return nil, s.openError(err)
	}
	s.opened = info
	return db, nil
}

// stale reports whether another file lies where the open one was. No other
// program can write the open one, but it can be replaced.
func (s *source) stale() bool {
	now, err := os.Stat(s.path)
	return err != nil || !os.SameFile(s.opened, now) || now.Size() != s.opened.Size() || !now.ModTime().Equal(s.opened.ModTime())
}

// magic stands in every DuckDB file after the first block's checksum.
const (
	magic       = "DUCK"
	magicOffset = 8
)

// look says in our words what DuckDB would say in its own, and keeps files of
// other engines away from it: it would look for an extension that reads them.
func (s *source) look() (fs.FileInfo, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, s.fileError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, s.unreachable("duckdb_no_database", nil)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, s.fileError(err)
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if _, err := f.ReadAt(head, magicOffset); err != nil || string(head) != magic {
		return nil, s.unreachable("duckdb_no_database", err)
	}
	return info, nil
}

func (s *source) fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.unreachable("duckdb_missing", err)
	case errors.Is(err, fs.ErrPermission):
		return s.unreachable("duckdb_permission", err)
	}
	return s.unreachable("duckdb_unopened", err)
}
