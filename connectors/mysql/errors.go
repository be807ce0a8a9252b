package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

var (
	// errSettings: the session is not set as it must be.
	errSettings  = errors.New("a session setting was not taken over")
	errMalformed = errors.New("the bytes are no answer of the protocol")
	// errChanged: the columns are not those that were described.
	errChanged = errors.New("the columns are not as described")
)

// The server's numbers of errors that mean something of their own here.
const (
	numberTooMany       = 1040
	numberDatabase      = 1044
	numberDenied        = 1045
	numberNoDatabase    = 1049
	numberShutdown      = 1053
	numberNoColumn      = 1054
	numberNoTable       = 1146
	numberBlocked       = 1129
	numberHost          = 1130
	numberTableDenied   = 1142
	numberColumnDenied  = 1143
	numberNoVariable    = 1193
	numberUserMany      = 1203
	numberSpecific      = 1227
	numberUserLimit     = 1226
	numberNoStatement   = 1243
	numberInterrupted   = 1317
	numberViewInvalid   = 1356
	numberRoutine       = 1370
	numberStatements    = 1461
	numberPrepareAgain  = 1615
	numberSocketAccount = 1698
	numberExpired       = 1820
	numberExpiredLogin  = 1862
	numberKilled        = 1927 // MariaDB
	numberTimeMaria     = 1969
	numberTimeMySQL     = 3024
	numberTLSRequired   = 3159
	numberLocked        = 3118
	numberIdle          = 4031 // MySQL
	numberLockedMaria   = 4151
)

// classData is the class of SQLSTATE of what a statement computes and has no value.
const classData = "22"

func numberOf(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// connectError says why no session came about. Texts of the driver and the server
// are in the detail alone.
func connectError(ctx context.Context, source string, err error) error {
	if ctx.Err() != nil {
		return errs.From(ctx.Err())
	}
	code, id := errs.SourceUnreachable, "source_unreachable"
	switch numberOf(err) {
	case numberDenied, numberDatabase, numberBlocked, numberHost, numberSocketAccount, numberExpired, numberExpiredLogin, numberLocked, numberLockedMaria:
		code, id = errs.SourceRefused, "source_refused"
	case numberNoDatabase:
		code, id = errs.SourceRefused, "mysql_no_database"
	case numberTooMany, numberUserMany, numberUserLimit:
		code, id = errs.SourceBusy, "source_busy"
	case numberNoVariable:
		id = "mysql_settings"
	case numberTLSRequired:
		code, id = errs.SourceRefused, "mysql_tls_demanded"
	}
	switch {
	case errors.Is(err, errSettings):
		id = "mysql_settings"
	case errors.Is(err, errNoTLS):
		id = "mysql_tls_missing"
	case errors.Is(err, errExposed):
		id = "mysql_password_exposed"
	case untrusted(err):
		id = "mysql_tls_untrusted"
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword):
		code, id = errs.SourceRefused, "mysql_authentication"
	}
	return errs.Wrap(code, id, msg.Args{"Source": source}, err)
}

// scanError says why a statement failed.
func scanError(source, tables string, err error) error {
	code, id := errs.SourceFailed, "source_failed"
	var own *errs.Error
	var server *mysql.MySQLError
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, errChanged):
		id = "source_table_changed"
	case errors.Is(err, errMalformed):
		id = "mysql_protocol"
	case lost(err):
		id = "source_lost"
	case errors.As(err, &server):
		switch server.Number {
		case numberTableDenied, numberColumnDenied, numberDatabase, numberSpecific, numberRoutine:
			code, id = errs.SourceRefused, "source_denied"
		case numberNoTable, numberNoColumn, numberNoDatabase, numberViewInvalid, numberPrepareAgain:
			id = "source_table_changed"
		case numberInterrupted, numberTimeMaria, numberTimeMySQL:
			id = "mysql_stopped"
		case numberStatements:
			code, id = errs.SourceBusy, "mysql_statements"
		default:
			// The statement's own: it asked for something that has no value. Who may not see that
			// the source has such rows is not told of which table, and the server's words quote
			// values.
			if state := string(server.SQLState[:]); strings.HasPrefix(state, classData) {
				e := errs.New(errs.DataError, "data_error", nil)
				e.Detail = fmt.Sprintf("%s, %s: error %d, SQLSTATE %s", source, tables, server.Number, state)
				return e
			}
		}
	default:
		return errs.From(err) // a panic of ours
	}
	return errs.Wrap(code, id, msg.Args{"Source": source, "Table": tables}, err)
}

// lost reports that a session is gone, as far as err can tell: no statement may
// follow on it, and one that had no answer yet may be sent again elsewhere.
func lost(err error) bool {
	switch numberOf(err) {
	case 0:
	case numberShutdown, numberKilled, numberIdle:
		return true
	default:
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
}

// valueError names the column that a value could not be read into.
func valueError(source string, table catalog.TableID, c catalog.Column, err error) error {
	id := ""
	switch {
	case errors.Is(err, errRange):
		id = "mysql_value_range"
	case errors.Is(err, errEncoding):
		id = "mysql_value_encoding"
	default:
		return err
	}
	return errs.New(errs.ValueUnreadable, id, msg.Args{
		"Source": source, "Table": table.String(), "Column": connectors.ColumnName(c), "Type": c.Type.DuckDB(),
	})
}
