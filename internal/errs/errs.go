// Package errs is the gateway's one list of errors: a code, a text for people
// from the message catalogue, and a detail that only operators may read.
package errs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lianji/lianji/internal/msg"
)

// Code is what a program can rely on; it never changes its meaning.
type Code string

// The codes. Every one has a row in table.
const (
	Internal            Code = "internal"
	Usage               Code = "usage"
	ConfigInvalid       Code = "config_invalid"
	SyntaxError         Code = "syntax_error"
	UnknownName         Code = "unknown_name" // not there or not granted: one text for both
	AmbiguousName       Code = "ambiguous_name"
	TypeMismatch        Code = "type_mismatch"
	BindError           Code = "bind_error"
	ReadOnly            Code = "read_only"
	OneStatement        Code = "one_statement"
	NotAllowed          Code = "not_allowed"
	NotSupported        Code = "not_supported"
	StatementTooComplex Code = "statement_too_complex"
	ParameterInvalid    Code = "parameter_invalid"
	DataError           Code = "data_error" // a conversion, overflow or division failed while the statement ran
	ValueUnreadable     Code = "value_unreadable"
	SourceUnreachable   Code = "source_unreachable"
	SourceRefused       Code = "source_refused" // wrong password or missing privilege
	SourceFailed        Code = "source_failed"
	SourceBusy          Code = "source_busy"
	Canceled            Code = "canceled"
	Closing             Code = "gateway_closing" // the gateway is shut down
	Timeout             Code = "timeout"
	QueueFull           Code = "queue_full"
	OutOfMemory         Code = "out_of_memory"
	DiskFull            Code = "disk_full"
	ClientSlow          Code = "client_slow" // who asked took the answer too slowly
	NotAcceptable       Code = "not_acceptable"
	RequestInvalid      Code = "request_invalid"
	Forbidden           Code = "forbidden"
	Unauthenticated     Code = "unauthenticated" // no token, or none that holds
	Conflict            Code = "conflict"        // of that name, or changed meanwhile
	Revoked             Code = "revoked"         // a grant ended while the statement ran
	StoreFailed         Code = "store_failed"    // the catalogue's store cannot be asked
	QuotaSpent          Code = "quota_spent"     // of a grant, for this day
	ResultTooLarge      Code = "result_too_large"
)

type row struct {
	sqlstate string
	http     int
	grpc     uint32 // google.golang.org/grpc/codes by number
}

const (
	grpcCanceled, grpcInvalid, grpcDeadline, grpcNotFound, grpcDenied, grpcExhausted, grpcPrecondition, grpcAborted, grpcUnimplemented, grpcInternal, grpcUnavailable, grpcUnauthenticated = 1, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 16
)

// table maps each code to SQLSTATE (PostgreSQL appendix A), HTTP and gRPC status.
var table = map[Code]row{
	Internal:            {"XX000", http.StatusInternalServerError, grpcInternal},
	Usage:               {"42601", http.StatusBadRequest, grpcInvalid},
	ConfigInvalid:       {"F0000", http.StatusInternalServerError, grpcPrecondition},
	SyntaxError:         {"42601", http.StatusBadRequest, grpcInvalid},
	UnknownName:         {"42P01", http.StatusBadRequest, grpcInvalid},
	AmbiguousName:       {"42702", http.StatusBadRequest, grpcInvalid},
	TypeMismatch:        {"42804", http.StatusBadRequest, grpcInvalid},
	BindError:           {"42000", http.StatusBadRequest, grpcInvalid},
	ReadOnly:            {"25006", http.StatusBadRequest, grpcInvalid},
	OneStatement:        {"42601", http.StatusBadRequest, grpcInvalid},
	NotAllowed:          {"42501", http.StatusForbidden, grpcDenied},
	NotSupported:        {"0A000", http.StatusBadRequest, grpcUnimplemented},
	StatementTooComplex: {"54001", http.StatusBadRequest, grpcInvalid},
	ParameterInvalid:    {"22023", http.StatusBadRequest, grpcInvalid},
	DataError:           {"22000", http.StatusUnprocessableEntity, grpcInvalid},
	ValueUnreadable:     {"22018", http.StatusUnprocessableEntity, grpcPrecondition},
	SourceUnreachable:   {"08001", http.StatusBadGateway, grpcUnavailable},
	SourceRefused:       {"28000", http.StatusBadGateway, grpcPrecondition},
	SourceFailed:        {"58000", http.StatusBadGateway, grpcUnavailable},
	SourceBusy:          {"53300", http.StatusServiceUnavailable, grpcUnavailable},
	Canceled:            {"57014", 499, grpcCanceled},
	Closing:             {"57P01", http.StatusServiceUnavailable, grpcUnavailable},
	Timeout:             {"57014", http.StatusGatewayTimeout, grpcDeadline},
	QueueFull:           {"53300", http.StatusServiceUnavailable, grpcExhausted},
	OutOfMemory:         {"53200", http.StatusServiceUnavailable, grpcExhausted},
	DiskFull:            {"53100", http.StatusServiceUnavailable, grpcExhausted},
	ClientSlow:          {"57014", http.StatusRequestTimeout, grpcDeadline},
	NotAcceptable:       {"0A000", http.StatusNotAcceptable, grpcInvalid},
	RequestInvalid:      {"08P01", http.StatusBadRequest, grpcInvalid},
	Forbidden:           {"42501", http.StatusForbidden, grpcDenied},
	Unauthenticated:     {"28000", http.StatusUnauthorized, grpcUnauthenticated},
	Conflict:            {"40001", http.StatusConflict, grpcAborted},
	Revoked:             {"57014", http.StatusForbidden, grpcAborted},
	StoreFailed:         {"58030", http.StatusServiceUnavailable, grpcUnavailable},
	QuotaSpent:          {"53400", http.StatusTooManyRequests, grpcExhausted},
	ResultTooLarge:      {"54000", http.StatusUnprocessableEntity, grpcPrecondition},
}

// SQLState gives the five characters of the code's SQLSTATE.
func (c Code) SQLState() string { return table[c].sqlstate }

// HTTP gives the code's HTTP status.
func (c Code) HTTP() int { return table[c].http }

// GRPC gives the code's gRPC status by number.
func (c Code) GRPC() uint32 { return table[c].grpc }

// Position points into the statement's text as the person sent it.
type Position struct {
	Offset int // bytes from the start of the text, from 0
	Line   int // from 1
	Column int // in characters, from 1
}

// Error is an error that may reach a person. Its zero value is an internal error.
type Error struct {
	Code    Code
	ID      string    // of the message, in internal/msg
	Args    msg.Args  // names and numbers only: never a value out of a row, a literal, a password or a DSN
	Pos     *Position // where in the statement; nil when it has no place
	Nearest []string  // names that may have been meant, out of what the person may see
	Detail  string    // for the operator's log alone: what the source or DuckDB said
	// RetryAfter is after how long it makes sense to ask again; 0 where nobody knows.
	RetryAfter time.Duration
	Err        error // what it wraps; reached by errors.Is, never printed
}

// New makes an error whose message id is id.
func New(code Code, id string, args msg.Args) *Error {
	return &Error{Code: code, ID: id, Args: args}
}

// Wrap makes an error whose cause is kept for errors.Is and for the operator.
func Wrap(code Code, id string, args msg.Args, cause error) *Error {
	e := New(code, id, args)
	if cause != nil {
		e.Err, e.Detail = cause, cause.Error()
	}
	return e
}

// Error gives the English text without the detail.
func (e *Error) Error() string { return e.Text() }

// Text gives the text in the first of langs that the catalogue has.
func (e *Error) Text(langs ...string) string {
	id := e.ID
	if id == "" {
		id = "internal"
	}
	return msg.Text(id, e.Args, langs...)
}

func (e *Error) Unwrap() error { return e.Err }

// At gives a copy that points at a byte offset of text.
func (e *Error) At(text string, offset int) *Error {
	c := *e
	c.Pos = PositionIn(text, offset)
	return &c
}

// PositionIn turns a byte offset into a line and column; nil when it lies outside.
func PositionIn(text string, offset int) *Position {
	if offset < 0 || offset > len(text) {
		return nil
	}
	p := &Position{Offset: offset, Line: 1, Column: 1}
	for i, r := range text {
		if i >= offset {
			break
		}
		if r == '\n' {
			p.Line, p.Column = p.Line+1, 1
		} else {
			p.Column++
		}
	}
	return p
}

// From gives the *Error in err's chain, or makes one: a context's end becomes
// Canceled or Timeout, anything else Internal with err as the operator's detail.
func From(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(Timeout, "timeout", nil, err)
	case errors.Is(err, context.Canceled):
		return Wrap(Canceled, "canceled", nil, err)
	}
	return Wrap(Internal, "internal", nil, err)
}

// CodeOf gives err's code; empty for nil.
func CodeOf(err error) Code {
	if e := From(err); e != nil {
		return e.Code
	}
	return ""
}

// Internalf makes an internal error with a detail for the operator.
func Internalf(format string, args ...any) *Error {
	e := New(Internal, "internal", nil)
	e.Detail = fmt.Sprintf(format, args...)
	return e
}
