// Package server holds what every door shares: who asks, what they ask, and the
// answer as a stream. The doors themselves are its sub-packages.
package server

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/quota"
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
	// Under is the ID of the token that asks, where that is limited: its bearer is shown nothing
	// that was asked otherwise. Empty for the principal as such.
	Under        string
	Door, Client string // how it came, and from where: an address, or a user of this machine
	// Holds tells, while a statement runs that reads some resources, whether it may go
	// on: an error ends it at the next batch. It is nil where nothing can be revoked.
	Holds func(reads []*policy.Resource) error
	// Quota charges what the session reads by grants with quotas; where it is nil, that is
	// refused.
	Quota *quota.Meter
	// Grants answers a GRANT, REVOKE or SHOW GRANTS of whoever has the session; nil where
	// there is no catalogue. The session that it gets says how the statement came.
	Grants func(ctx context.Context, s Session, statement string) (Table, error)
	// GrantsColumns names the columns of what Grants would answer, and changes nothing.
	GrantsColumns func(statement string) ([]string, error)
}

// Table is an answer of texts alone.
type Table struct {
	Columns []string
	Rows    [][]string
	// More gives the rows that follow, some at a time, until it gives none; nil where Rows
	// are all.
	More func() [][]string
	// Warnings are told with an answer that is whole.
	Warnings []errs.Warning
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
	// Type is the one that the client declares; the zero value declares none.
	Type catalog.Type
	// Exact says that Type is the value's own: where DuckDB takes none of it, no type of the
	// place is tried.
	Exact bool
	// List says that the client sent a list: Items are the texts of its elements, nil for
	// NULL, and Text is empty.
	List  bool
	Items []*string
}

// Request is one statement.
type Request struct {
	ID     string // the query's, as its door has told it already; empty: it gets one
	SQL    string
	Params []Param
	// Nonce asks for a receipt: 16 to 64 bytes in hexadecimal digits that nobody else
	// knows; empty asks for none.
	Nonce string
	// Pages says that the door can ask for the pages that follow the first one of on-line
	// browsing; Page, in the place of SQL and Params, is the name of one of them.
	Pages bool
	Page  string
	// Traceparent is the W3C header that came with the statement, as it was sent; empty
	// without one. It names the trace that a followed statement belongs to, and nothing else.
	Traceparent string
	// TraceID, where it is not nil, is set before the answer comes, or its error: to the id of
	// the trace by which the statement is followed, or to nothing.
	TraceID *string
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
	// Warnings tells what is to be known of an answer that is whole, such as what did not
	// come as it stands at the sources, once Next has been false and Err nil; before that,
	// nothing.
	Warnings() []errs.Warning
	Release() // stops what still runs; may be repeated
}

// AtEnd tells of a stream whose rows so far were all: Next is false without waiting. Those
// that cannot know have no method AtEnd. Whoever has rows to send spares itself the timer
// that sends them while more are waited for.
func AtEnd(stream any) bool {
	s, ok := stream.(interface{ AtEnd() bool })
	return ok && s.AtEnd()
}

// Answer is a statement's answer. Whoever gets it releases Stream.
type Answer struct {
	ID      string           // the query's id, [A-Za-z0-9._-]
	Columns []catalog.Column // Name and Type of each result column; Stream's schema is catalog.ArrowSchema(Columns)
	Stream  Stream
	// Holds gives nil while what the answer reads is open to its session; nil where nothing
	// can be taken back. A door that keeps rows for later asks it before it gives some.
	Holds   func() error
	Receipt Receipt // nil unless the request has a nonce
	// Truncated tells, once the stream has ended, whether there are more rows than on-line
	// browsing shows; nil in other modes.
	Truncated func() bool
	// NextPage gives, once the stream has ended, the name by which the page that follows
	// can be asked for; empty where there is none. Nil in other modes.
	NextPage func() string
	// Times gives, once the stream has ended, when the sources were read, which ends what
	// still runs there; nil where none is read.
	Times func() []SourceTimes
	// Unread tells that so many of the last rows of the batch at hand are given to nobody,
	// before the stream is released: no quota is charged for them. Nil where that changes
	// nothing.
	Unread func(rows int64)
}

// Described tells of a statement what its answer and its parameters are.
type Described struct {
	Columns []catalog.Column // as those of the Answer
	Params  []catalog.Column // in order, by the name that a Param has; a positional one's is its number
}

// Queue tells which place a session's statement has that waits for its turn, from 1, by
// the id of its request.
type Queue interface {
	Place(s Session, id string) (place int, waits bool)
}

// Querier runs statements. Every error is an *errs.Error.
type Querier interface {
	Query(ctx context.Context, s Session, r Request) (*Answer, error)
	// Describe looks at a statement without running it: no source is touched. Of the
	// request's parameters it uses the names and types, and no values. What it tells holds
	// for the session alone: Query looks at the statement again.
	Describe(ctx context.Context, s Session, r Request) (*Described, error)
}
