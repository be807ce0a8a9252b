package server

import (
	"context"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// Asker is what a request says of who sends it and what for.
type Asker struct {
	Token  string  // a bearer's; empty without one
	Signed *Signed // nil for a request that is not signed
	// Certificate is the SHA-256 of the public key of the certificate that the client showed
	// and that its authority signed, as listen.Shown gives it; empty without one.
	Certificate string
	Purpose     string // a purpose's code, or empty
	Mode        catalog.Mode
	Door        string // which door it came by: http, flight, postgres
	Client      string // the address that it came from, without a port
}

// Signed is what of a request its signature is over, where it is signed instead of sending
// a token.
type Signed struct {
	How       catalog.Signature
	Key       string // the ID of the key
	Time      int64  // seconds since 1970
	Nonce     string
	Method    string
	Target    string // path and query, as they were sent
	Host      string
	Body      []byte
	Signature []byte
}

// Sessions gives what whoever asks may see now, or the error that it gets instead, an
// *errs.Error. A door calls it for every statement, page and call, however long its
// connection lasts: a token may have been revoked since.
type Sessions func(ctx context.Context, by Asker) (Session, error)

// Refusal is a request that is refused before its statement is looked at.
type Refusal struct {
	Asker        // as far as it could be read; its token may be nobody's
	Query string // the id in the answer; empty when it has none
	Login string // whose password was tried, as it was sent; empty where none was
	Code  errs.Code
}

// Refused hears of refusals before their answer leaves. Its error is for the log alone.
type Refused func(context.Context, Refusal) error
