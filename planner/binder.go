package planner

import (
	"context"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/planner/planjson"
)

// Binder turns SQL text into DuckDB's parse tree and bound plan. It never runs a
// statement and sees empty tables only. Its methods may be called at the same time.
type Binder interface {
	// ParseTree gives the parse tree of sql as JSON, errors of the parser included
	// as data ({"error": true, ...}).
	ParseTree(ctx context.Context, sql string) (string, error)
	// Bind binds one SELECT over stubs. It ends with ctx, late at times: what can
	// be made expensive must not pass the gate.
	Bind(ctx context.Context, r BindRequest) (*Bound, error)
	// Settings differs between two binders that could bind a text differently.
	Settings() string
	// Close frees everything; binds that run fail.
	Close()
}

// BindRequest is a statement and the tables that it names.
type BindRequest struct {
	SQL   string
	Stubs []Stub
	// PlanToo asks for the plan; without it only result columns and parameters come.
	PlanToo bool
	// PlanFirst lets Bind come back with the plan while columns and parameters are still
	// asked for: Described waits for them.
	PlanFirst bool
}

// Stub is an empty table of the right names and types.
type Stub struct {
	Catalog, Schema, Name string
	Columns               []catalog.Column
}

// Bound is what the binder says of a statement.
type Bound struct {
	Plan     *planjson.Value // one LOGICAL_* node, when asked for
	PlanText string          // its JSON
	Columns  []catalog.Column
	// Params gives each parameter's type by its number from 1; Invalid where it could not be told.
	Params map[int]catalog.Type

	described <-chan error // gives the outcome once; nil when Columns and Params are there
	later     *Bound       // where they are until then; not to be read before that
}

// Described waits for Columns and Params where the request said PlanFirst, and gives
// the error that Bind would have given.
func (b *Bound) Described() error {
	if b.described == nil {
		return nil
	}
	err := <-b.described
	b.described = nil
	if err == nil {
		b.Columns, b.Params, b.later = b.later.Columns, b.later.Params, nil
	}
	return err
}

// BindError is the binder's refusal. Its message may name and quote things: it
// is for the operator.
type BindError struct {
	Type     string // DuckDB's error_type: binder, catalog, parser, permission, internal, ...
	Subtype  string // e.g. COLUMN_NOT_FOUND
	Name     string // the name that was not found
	Message  string
	Position int // byte offset in the text; -1 when it has none
}

func (e *BindError) Error() string { return "bind: " + e.Message }

// detail gives what an operator may read: words about names. Those about constants,
// which are computed while binding, quote them.
func (e *BindError) detail() string {
	for _, begin := range []string{"Conversion Error", "Out of Range Error", "Invalid Input Error", "Mismatch Type Error", "Divide by Zero"} {
		if strings.HasPrefix(e.Message, begin) {
			return duck.OfData
		}
	}
	if typesIn(e.Message) != nil { // the text says it, without a list of all that could stand there
		return ""
	}
	switch strings.ToLower(e.Type) {
	case "binder", "catalog", "permission", "internal", "not_implemented", "too_complex", "invalid":
		return e.Message
	}
	return duck.OfData
}
