// Package server holds what every door shares: who asks, what they ask, and the
// answer as a stream. The doors themselves are its sub-packages.
package server

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
)

// Session is who asks. The zero value may see nothing.
type Session struct {
	Snapshot policy.Snapshot
	Purpose  string // a purpose's code, [A-Z0-9-]{1,32}; empty when none was stated
	Operator bool   // sees the operator's view in EXPLAIN; only the CLI with the configuration file
	// Explains tells of a resource whether EXPLAIN shows the session all of how it is
	// read: row filters, masks, estimates and the texts for its source. Nil means none.
	Explains func(*policy.Resource) bool
	Mode     catalog.Mode
	// Principal is the login of who asks, Agency the code of its agency; empty without login.
	Principal, Agency string
	Door, Client      string // how it came, and from where: an address, or a user of this machine
	// Holds tells, while a statement runs that reads some resources, whether it may go
	// on: an error ends it at the next batch. It is nil where nothing can be revoked.
	Holds func(reads []*policy.Resource) error
	// Grants answers a GRANT, REVOKE or SHOW GRANTS of whoever has the session; nil where
	// there is no catalogue. The session that it gets says how the statement came.
	Grants func(ctx context.Context, s Session, statement string) (Table, error)
}

// Table is an answer of texts alone.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Param is a parameter's value as it came, in text: it is converted to the type
// that the statement's parameter turns out to have.
type Param struct {
	Name string // of $name; empty for positional ones
	Null bool
	Text string
	// Number and Bool say that the client sent such a value, not text: then that is
	// the parameter's type, as if the value stood in the statement.
	Number, Bool bool
}

// Request is one statement.
type Request struct {
	ID     string // the query's, as its door has told it already; empty: it gets one
	SQL    string
	Params []Param
	// Nonce asks for a receipt: 16 to 64 bytes in hexadecimal digits that nobody else
	// knows; empty asks for none.
	Nonce string
}

// Receipt is made out for an answer while it is delivered.
type Receipt interface {
	// Write takes every byte of the answer, in the order in which they leave. It never
	// fails.
	Write(p []byte) (int, error)
	// Make makes out the receipt, a JSON object on one line, over what was written, once
	// the stream has come to its end. The error is an *errs.Error.
	Make() ([]byte, error)
}

// Stream is an answer's rows. It ends with the context that it was started with.
type Stream interface {
	Schema() *arrow.Schema
	Next() bool
	RecordBatch() arrow.RecordBatch // valid until the next call of Next or Release
	Err() error
	// Warnings tells what of the rows did not come as it stands at the sources, once
	// Next has been false and Err nil; before that, nothing.
	Warnings() []errs.Warning
	Release() // stops what still runs; may be repeated
}

// Answer is a statement's answer. Whoever gets it releases Stream.
type Answer struct {
	ID      string           // the query's id, [A-Za-z0-9._-]
	Columns []catalog.Column // Name and Type of each result column; Stream's schema is catalog.ArrowSchema(Columns)
	Stream  Stream
	Receipt Receipt // nil unless the request has a nonce
	// Truncated tells, once the stream has ended, whether there are more rows than on-line
	// browsing shows; nil in other modes.
	Truncated func() bool
}

// Querier runs statements. Every error is an *errs.Error.
type Querier interface {
	Query(ctx context.Context, s Session, r Request) (*Answer, error)
}
