package pgwire

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

func closingError() error   { return errs.New(errs.Closing, "gateway_closing", nil) }
func cancelledError() error { return errs.New(errs.Canceled, "pgwire_cancelled", nil) }
func goneError() error      { return errs.New(errs.Canceled, "pgwire_gone", nil) }

// stated is an error with a SQLSTATE that says more than its code's.
type stated struct {
	err      *errs.Error
	sqlstate string
}

func (s *stated) Error() string { return s.err.Error() }
func (s *stated) Unwrap() error { return s.err }

func state(sqlstate string, code errs.Code, id string, args msg.Args) error {
	return &stated{errs.New(code, id, args), sqlstate}
}

// asked is an error of a statement: with the id of its query, and the place where the
// statement stands in what the client sent, in bytes; -1 when it does not stand there.
type asked struct {
	err    error
	query  string
	offset int
}

func (a *asked) Error() string { return a.err.Error() }
func (a *asked) Unwrap() error { return a.err }

// why gives the reason for which a statement was ended, in the place of the statement's own
// error.
func why(ctx context.Context, err error) error {
	var own *errs.Error
	if errs.CodeOf(err) == errs.Canceled && errors.As(context.Cause(ctx), &own) {
		return own
	}
	return err
}

// fail tells the client of an error, which ends its transaction too. Text is what the client
// sent.
func (c *conn) fail(err error, text string) error {
	if errors.Is(err, errEnded) {
		return err
	}
	var broken *brokenError
	if errors.As(err, &broken) {
		return broken.err // nothing more reaches the client
	}
	if c.entered && errs.CodeOf(err) == errs.Unauthenticated {
		return err // the login has ended, and with it the connection: pools then make another
	}
	m := c.response("ERROR", err)
	m.Position = position(err, text)
	c.send(m)
	c.abort()
	return nil
}

// position gives an error's place in what the client sent, in characters from 1; 0 where
// it has none.
func position(err error, text string) int32 {
	e, offset := errs.From(err), 0
	var a *asked
	if errors.As(err, &a) {
		offset = a.offset
	}
	if e.Pos == nil || offset < 0 || offset+e.Pos.Offset > len(text) {
		return 0
	}
	return int32(utf8.RuneCountInString(text[:offset+e.Pos.Offset])) + 1
}

// brokenError is an error of the connection itself.
type brokenError struct{ err error }

func (b *brokenError) Error() string { return b.err.Error() }

// fatal tells the client why its connection ends, if it can still be told.
func (c *conn) fatal(err error) {
	m := c.response("FATAL", err)
	switch e := errs.From(err); {
	case e.Code == errs.Unauthenticated && !c.entered:
		m.Code = "28P01"
		if c.unproved {
			m.Hint = msg.Text("pgwire_token_user", msg.Args{"User": shortName(c.user) + clearSuffix}, c.settings.langs()...)
		}
	case e.ID == "pgwire_open_time":
		m.Code = "25P03"
	}
	c.send(m)
	_ = c.flush() // the client may be gone
}

// states are SQLSTATEs that say more than those of their codes, by the message.
var states = map[string]string{
	"unknown_column": "42703", "unknown_function": "42883", "gate_unknown_function": "42883", "pgwire_setting_unknown": "42704",
}

// response writes an error as PostgreSQL does. What it says is for the client: errs keeps
// from it what is not.
func (c *conn) response(severity string, err error) *pgproto3.ErrorResponse {
	e := errs.From(err)
	langs := c.settings.langs()
	m := &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: e.Code.SQLState(), Message: e.Text(langs...)}
	if more, ok := states[e.ID]; ok {
		m.Code = more
	}
	var s *stated
	if errors.As(err, &s) {
		m.Code = s.sqlstate
	}
	var a *asked
	if errors.As(err, &a) && a.query != "" {
		m.Detail = msg.Text("pgwire_query", msg.Args{"ID": a.query}, langs...)
	}
	if len(e.Nearest) > 0 {
		m.Hint = msg.Text("pgwire_nearest", msg.Args{"Names": strings.Join(e.Nearest, ", ")}, langs...)
	}
	if e.RetryAfter > 0 {
		m.Hint = msg.Text("pgwire_retry", msg.Args{"Seconds": int(e.RetryAfter.Seconds() + 0.999)}, langs...)
	}
	return m
}

// notice tells the client something about an answer that is whole.
func (c *conn) notice(code, text string) {
	c.send(&pgproto3.NoticeResponse{Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: code, Message: text})
}
