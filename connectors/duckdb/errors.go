package duckdb

import (
	"context"
	"errors"
	"strings"

	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// openings are what DuckDB says of a file that it cannot open. It has no codes
// for these; a test opens such files and sees each row hit.
var openings = []struct{ says, id string }{
	{"Could not set lock on file", "duckdb_locked"},
	{"Trying to read a database file with version number", "duckdb_newer"},
	{"is not a valid DuckDB database file", "duckdb_no_database"},
	{"Corrupt database file", "duckdb_damaged"},
	{"Could not read enough bytes", "duckdb_damaged"},
}

func (s *source) openError(err error) error {
	var e *duck.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &e):
		return s.unreachable("duckdb_unopened", err)
	}
	out := s.unreachable("duckdb_unopened", nil)
	for _, o := range openings {
		if strings.Contains(e.Message, o.says) {
			out = s.unreachable(o.id, nil)
			break
		}
	}
	out.Detail = duckscan.Detail(e)
	return out
}

func (s *source) unreachable(id string, cause error) *errs.Error {
	return errs.Wrap(errs.SourceUnreachable, id, msg.Args{"Source": s.name}, cause)
}
