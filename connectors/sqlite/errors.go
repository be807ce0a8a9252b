package sqlite

import (
	"context"
	"errors"
	"io/fs"

	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

var (
	errClosed      = errors.New("the source is closed")
	errNotDatabase = errors.New("not a regular file")
	errUnreadable  = errors.New("a cell has another class than its column")
	errRefused     = errors.New("the statement was not accepted")
	errStatement   = errors.New("not exactly one statement that gives rows")
)

// class names a storage class as SQLite's typeof does.
func class(t sqlite.ColumnType) string {
	switch t {
	case sqlite.TypeInteger:
		return "INTEGER"
	case sqlite.TypeFloat:
		return "REAL"
	case sqlite.TypeText:
		return "TEXT"
	case sqlite.TypeBlob:
		return "BLOB"
	}
	return "NULL"
}

// fail makes err one of the gateway's: ctx is the caller's, table what the
// statement read, if anything. db may be nil; it is given up where the file or
// the connection may be broken.
func (s *source) fail(ctx context.Context, db *session, err error, table string) error {
	var ours *errs.Error
	var panicked *safego.PanicError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	case ctx.Err() != nil:
		return errs.From(ctx.Err())
	case errors.As(err, &panicked):
		if db != nil {
			db.broken = true
		}
		made := errs.Wrap(errs.Internal, "internal", nil, err)
		made.Detail = panicked.Detail()
		return made
	case s.life.Err() != nil || errors.Is(err, errClosed):
		return s.wrap(errs.SourceFailed, "sqlite_closed", err, nil)
	case db != nil && db.column != "":
		return s.wrap(errs.ValueUnreadable, "value_unreadable", nil,
			msg.Args{"Table": table, "Column": db.column, "Type": db.declared, "Found": db.found})
	case errors.Is(err, fs.ErrNotExist):
		return s.wrap(errs.SourceUnreachable, "sqlite_not_there", fs.ErrNotExist, nil)
	case errors.Is(err, fs.ErrPermission):
		return s.wrap(errs.SourceRefused, "sqlite_denied", fs.ErrPermission, nil)
	case errors.Is(err, errNotDatabase):
		return s.wrap(errs.SourceUnreachable, "sqlite_not_a_database", err, nil)
	case errors.Is(err, errStatement):
		return errs.Internalf("source %s: %v", s.name, err)
	}
	return s.failCode(db, err, table)
}

// failCode classifies what SQLite itself says.
func (s *source) failCode(db *session, err error, table string) error {
	code := sqlite.ErrCode(err)
	switch code.ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultProtocol:
		return s.wrap(errs.SourceBusy, "sqlite_locked", err, nil)
	case sqlite.ResultNotADB:
		return s.wrap(errs.SourceUnreachable, "sqlite_not_a_database", err, nil)
	case sqlite.ResultPerm:
		return s.wrap(errs.SourceRefused, "sqlite_denied", err, nil)
	case sqlite.ResultCantOpen, sqlite.ResultReadOnly:
		return s.wrap(errs.SourceUnreachable, "sqlite_cannot_open", err, nil)
	case sqlite.ResultError, sqlite.ResultSchema:
		if code == sqlite.ResultErrorMissingCollSeq {
			return s.wrap(errs.NotSupported, "sqlite_collation", err, msg.Args{"Table": table})
		}
		if table != "" && errors.Is(err, errRefused) {
			return s.wrap(errs.SourceFailed, "source_table_changed", err, msg.Args{"Table": table})
		}
	case sqlite.ResultNoMem:
		return errs.Wrap(errs.OutOfMemory, "sqlite_memory", msg.Args{"Source": s.name}, err)
	case sqlite.ResultCorrupt:
		if db != nil {
			db.broken = true
		}
		return s.wrap(errs.SourceFailed, "sqlite_corrupt", err, nil)
	default:
		if db != nil {
			db.broken = true
		}
	}
	return s.wrap(errs.SourceFailed, "source_failed", err, nil)
}

func (s *source) wrap(code errs.Code, id string, cause error, args msg.Args) error {
	if args == nil {
		args = msg.Args{}
	}
	args["Source"] = s.name
	return errs.Wrap(code, id, args, cause)
}
