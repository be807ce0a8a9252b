package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

const (
	// busyWait is how long a statement waits for a writer that holds the whole file.
	busyWait = 5 * time.Second
	// busyStep is how long SQLite itself waits in one go, deaf to interrupts.
	busyStep = 50 * time.Millisecond
	// unreadableName is the function that the dialect calls for a cell whose class is
	// not its column's: it ends the statement.
	unreadableName = "lianji_unreadable"
)

// session is one connection of SQLite, used by one goroutine at a time.
type session struct {
	db       *sqlite.Conn
	file     fs.FileInfo  // as it was when opened
	anchor   *sqlite.Stmt // see begin
	encoding string       // of the database: UTF-8, UTF-16le or UTF-16be
	broken   bool         // not to be used again

	// The cell that lianji_unreadable was called for.
	column, declared, found string
}

// openSession opens the file read-only, with all that a file from elsewhere could
// make SQLite do switched off.
func openSession(ctx context.Context, path string, info fs.FileInfo) (*session, error) {
	if !info.Mode().IsRegular() {
		return nil, errNotDatabase
	}
	db, err := sqlite.OpenConn(path, sqlite.OpenReadOnly|sqlite.OpenPrivateCache)
	if err != nil {
		return nil, sqlite.ErrCode(err).ToError() // err's own text holds the path
	}
	s := &session{db: db, file: info}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *session) prepare(ctx context.Context) error {
	s.db.SetBusyTimeout(busyStep)
	s.db.Limit(sqlite.LimitAttached, 0)
	s.db.Limit(sqlite.LimitWorkerThreads, 0)
	if err := s.db.SetDefensive(true); err != nil {
		return err
	}
	for _, pragma := range []string{"query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"} {
		if err := s.control(ctx, "PRAGMA "+pragma); err != nil {
			return err
		}
	}
	err := s.db.CreateFunction(unreadableName, &sqlite.FunctionImpl{NArgs: 3, Scalar: s.unreadable})
	if err != nil {
		return err
	}
	if s.anchor, err = s.statement(ctx, "VALUES (1), (2)"); err != nil {
		return err
	}
	err = s.query(ctx, "PRAGMA encoding", nil, func(stmt *sqlite.Stmt) error {
		s.encoding = stmt.ColumnText(0)
		return nil
	})
	if err != nil {
		return err
	}
	return s.db.SetAuthorizer(sqlite.AuthorizeFunc(authorize))
}

// authorize lets statements read and do nothing else, as the open mode does too.
func authorize(a sqlite.Action) sqlite.AuthResult {
	switch a.Type() {
	case sqlite.OpSelect, sqlite.OpRead, sqlite.OpFunction, sqlite.OpRecursive, sqlite.OpTransaction:
		return sqlite.AuthResultOK
	case sqlite.OpPragma:
		switch strings.ToLower(a.Pragma()) {
		case "schema_version", "table_list", "table_xinfo", "index_list", "index_xinfo":
			return sqlite.AuthResultOK
		}
	}
	return sqlite.AuthResultDeny
}

// unreadable is the SQL function of that name: it keeps the column and the class
// of the cell, never its value. Its error should end the statement; because the
// driver can lose errors of functions, next looks at what is kept here.
func (s *session) unreadable(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
	s.found = class(args[0].Type())
	s.column, s.declared = args[1].Text(), args[2].Text()
	return sqlite.Value{}, errUnreadable
}

// begin makes statements of this session end with ctx, until end.
//
// SQLite forgets an interrupt that arrives just before the first step of a
// statement when no other one is active. The anchor is one that always is.
func (s *session) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.column = ""
	if _, err := s.anchor.Step(); err != nil {
		return err
	}
	s.db.SetInterrupt(ctx.Done())
	return nil
}

// end makes the session free for another ctx.
func (s *session) end() {
	s.db.SetInterrupt(nil)
	if s.anchor.Reset() != nil || !s.db.AutocommitEnabled() {
		s.broken = true
	}
}

// query runs a statement of the connector's own, with texts for its places.
func (s *session) query(ctx context.Context, sql string, args []string, each func(*sqlite.Stmt) error) error {
	stmt, err := s.statement(ctx, sql)
	if err != nil {
		return err
	}
	for i, a := range args {
		stmt.BindText(i+1, a)
	}
	row, err := s.first(ctx, stmt)
	for ; row && err == nil; row, err = s.next(stmt) {
		if err = each(stmt); err != nil {
			break
		}
	}
	return errors.Join(err, finalize(stmt, err))
}

// control runs a statement that gives no rows: BEGIN, ROLLBACK or a PRAGMA.
func (s *session) control(ctx context.Context, sql string) error {
	return patiently(ctx, func() error {
		stmt, _, err := s.db.PrepareTransient(sql)
		if err != nil {
			return err
		}
		_, err = stmt.Step()
		return errors.Join(err, finalize(stmt, err))
	})
}

// finalize ends a statement. A statement that failed gives its error once more;
// that is not news.
func finalize(stmt *sqlite.Stmt, failed error) error {
	if err := stmt.Finalize(); failed == nil {
		return err
	}
	return nil
}

// statement prepares one statement that must be all of sql.
func (s *session) statement(ctx context.Context, sql string) (*sqlite.Stmt, error) {
	var stmt *sqlite.Stmt
	err := patiently(ctx, func() error {
		made, trailing, err := s.db.PrepareTransient(sql)
		if err != nil {
			return err
		}
		if trailing != 0 || made.ColumnCount() == 0 {
			return errors.Join(errStatement, made.Finalize())
		}
		stmt = made
		return nil
	})
	return stmt, err
}

// first takes a statement's first row, which may have to wait for a writer.
func (s *session) first(ctx context.Context, stmt *sqlite.Stmt) (row bool, err error) {
	err = patiently(ctx, func() error {
		row, err = s.next(stmt)
		return err
	})
	return row, err
}

// next takes a statement's next row.
func (s *session) next(stmt *sqlite.Stmt) (bool, error) {
	row, err := stmt.Step()
	if err == nil && s.column != "" {
		return false, errUnreadable
	}
	return row, err
}

// patiently repeats fn while the file is locked. Only a statement's beginning can
// meet a lock: from its first row on it holds one of its own.
func patiently(ctx context.Context, fn func() error) error {
	start := time.Now()
	for {
		err := fn()
		if err == nil || sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || ctx.Err() != nil || time.Since(start) > busyWait {
			return err
		}
	}
}

func (s *session) close() error {
	s.db.SetInterrupt(nil)
	if s.anchor != nil {
		if err := s.anchor.Finalize(); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	return s.db.Close()
}
