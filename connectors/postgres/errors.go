package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// The codes, and a class, of SQLSTATE that mean something of their own here.
const (
	stateDenied         = "42501"
	stateNoDatabase     = "3D000"
	stateTooMany        = "53300"
	stateCanceled       = "57014"
	stateNotSupported   = "0A000"
	stateNoStatement    = "26000"
	stateNoSetting      = "42704"
	stateNoCharacter    = "22021"
	stateUntranslatable = "22P05"
	stateBinary         = "22P03" // a value that was sent is none of its type
	classData           = "22"
	stateProtocol       = "08P01" // a pooler's word for a setting that it does not pass on
	classAuthorization  = "28"
)

// errSettings: the session is not set as it must be.
var errSettings = errors.New("a session setting was not taken over")

// connectError says why no session came about. Texts of the driver and the
// server are in the detail alone.
func connectError(ctx context.Context, source string, err error) error {
	if ctx.Err() != nil {
		return errs.From(ctx.Err())
	}
	code, id := errs.SourceUnreachable, "source_unreachable"
	var pg *pgconn.PgError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &pg):
		switch {
		case strings.HasPrefix(pg.Code, classAuthorization):
			code, id = errs.SourceRefused, "source_refused"
		case pg.Code == stateNoDatabase:
			code, id = errs.SourceRefused, "postgres_no_database"
		case pg.Code == stateDenied: // CONNECT is not granted
			code, id = errs.SourceRefused, "source_refused"
		case pg.Code == stateTooMany:
			code, id = errs.SourceBusy, "source_busy"
		case pg.Code == stateNoSetting, pg.Code == stateProtocol:
			id = "postgres_settings"
		}
	case errors.Is(err, errSettings):
		id = "postgres_settings"
	case errors.Is(err, errForeign):
		id = "postgres_other_server"
	case errors.As(err, &untrusted):
		id = "postgres_tls_untrusted"
	case strings.Contains(err.Error(), "server refused TLS connection"):
		id = "postgres_tls_missing"
	}
	return errs.Wrap(code, id, msg.Args{"Source": source}, err)
}

// scanError says why a statement failed.
func scanError(source string, table catalog.TableID, err error) error {
	code, id := errs.SourceFailed, "source_failed"
	var own *errs.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, errMalformed):
		id = "postgres_protocol"
	case errors.As(err, &pg):
		switch {
		case pg.Code == stateDenied:
			code, id = errs.SourceRefused, "source_denied"
		case changed(pg):
			id = "source_table_changed"
		case pg.Code == stateCanceled:
			id = "postgres_stopped"
		case pg.Code == stateNoCharacter, pg.Code == stateUntranslatable:
			return ofData(pg, source, table, errs.New(errs.ValueUnreadable, "postgres_encoding", msg.Args{"Source": source, "Table": table.String()}))
		// The statement's own: it asked for something that has no value. Who may not see that
		// the source has such rows is not told of which table.
		case strings.HasPrefix(pg.Code, classData) && pg.Code != stateBinary && !lost(err):
			return ofData(pg, source, table, errs.New(errs.DataError, "data_error", nil))
		case lost(err):
			id = "source_lost"
		}
	case lost(err):
		id = "source_lost"
	default:
		return errs.From(err) // a panic of ours
	}
	return errs.Wrap(code, id, msg.Args{"Source": source, "Table": table.String()}, err)
}

// ofData leaves of the server's words what an operator may read of an error about data,
// because they quote values.
func ofData(pg *pgconn.PgError, source string, table catalog.TableID, e *errs.Error) *errs.Error {
	e.Detail = source + ", " + table.String() + ": SQLSTATE " + pg.Code
	return e
}

// changed reports that the statement does not fit the table as it is now: the
// table, a column or its type is another one or gone.
func changed(pg *pgconn.PgError) bool {
	switch pg.Code {
	case "42P01", "42703", "3F000", "42704", "42883", "42804", "42846", "42809":
		return true
	}
	return staleStatement(pg)
}

// staleStatement reports that a cached statement is not valid any more, which
// says nothing yet about a new one.
func staleStatement(pg *pgconn.PgError) bool {
	return pg.Code == stateNoStatement || pg.Code == stateNotSupported && strings.Contains(pg.Message, "cached plan")
}

// lost reports that a session is gone, as far as err can tell: no statement may
// follow on it, and one that had no answer yet may be sent again elsewhere.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.SeverityUnlocalized == "FATAL" || pg.SeverityUnlocalized == "PANIC"
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// valueError names the column that a value could not be read into.
func valueError(source string, table catalog.TableID, c catalog.Column, err error) error {
	if errors.Is(err, errMalformed) {
		return err
	}
	id := "value_unreadable"
	switch {
	case errors.Is(err, errRange):
		id = "postgres_value_range"
	case errors.Is(err, errShape):
		id = "postgres_value_shape"
	case errors.Is(err, errEncoding):
		id = "postgres_value_encoding"
	}
	return errs.New(errs.ValueUnreadable, id, msg.Args{
		"Source": source, "Table": table.String(), "Column": connectors.ColumnName(c), "Type": c.Type.DuckDB(), "Found": err.Error(),
	})
}
