// Package connectortest is the one conformance suite: every connector passes
// Run against its real engine. A connector writes a Harness (how to make a
// table, what its types become) in a test of its own package and calls Run.
//
// The suite has its own small model: tables whose columns have the gateway's
// types and whose values are Go values as catalog.Value describes them. What is
// skipped follows from what the harness declares, and is printed.
package connectortest

import (
	"iter"
	"slices"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
)

// Harness is what a connector tells the suite about its engine. Functions get
// the tb of the check that calls them: what they start ends with tb.Cleanup.
type Harness struct {
	// Open is the connector's opener.
	Open connectors.Opener
	// Load makes a new, empty database (file, folder) that holds exactly these
	// tables, with names and DDL quoted by the harness's own means, and gives the
	// configuration that reads it. The suite sets Connections.
	Load func(tb testing.TB, tables []Table) connectors.Config
	// Schema is where Load puts a table that names no schema.
	Schema string
	// Types are the types for which Load can make a column that the connector then
	// describes as exactly this type. Int64 and Text must be among them.
	Types []catalog.Type
	// Storable says whether a value survives in the engine itself, when not all
	// values of Types do; nil means that all do. A value that does not is left out
	// of the tables, and counted in the log, but still compared with.
	Storable func(t catalog.Type, v any) bool
	// NameStorable is the like for names of tables and columns; nil means all are.
	NameStorable func(name string) bool

	// Rows are the connector's full list of source types. LoadTypes makes one table
	// for each of tables in one new database: column n holds the literal's number
	// from 0 (described as Int64), column v has the type of the row.
	Rows      []TypeRow
	LoadTypes func(tb testing.TB, tables []TypeTable) connectors.Config

	// Broken are configurations that cannot be reached, at least one.
	Broken func(tb testing.TB) []Broken
	// Slow is a statement in the source's language of one Int64 column that runs
	// for a minute or more before its first row; empty where none can be written.
	Slow string
	// Running counts the statements that run at the source of c, as its own list of
	// processes says. Required with Capabilities.CancelAtServer.
	Running func(tb testing.TB, c connectors.Config) int
	// Dialect replaces dialect.For(Capabilities().Dialect); only for the suite's own tests.
	Dialect dialect.Dialect

	Features Features
	Knows    Knowledge
}

// Features says what Load makes of a Table. What is false is skipped, in print.
type Features struct {
	Views        bool // Table.ViewOf
	Keys         bool // Table.Key
	Unique       bool // Table.Unique
	NotNull      bool // Column.NotNull
	Comments     bool // Table.Comment, Column.Comment
	CaseNames    bool // two columns of one table may differ only in case
	CaseTables   bool // two tables of one schema may differ only in case
	RowEstimates bool // after Load the source's catalogue knows about how many rows there are
}

// Table is a table of the suite's model.
type Table struct {
	Schema  string // only where Capabilities.Schemas; empty means Harness.Schema
	Name    string
	Comment string
	Columns []Column
	Key     []string   // names of the primary key's columns
	Unique  [][]string // further unique keys
	ViewOf  string     // a view of all columns of that table of the same list; no rows of its own
	Rows    iter.Seq[[]any]
}

// Column is a column of a Table.
type Column struct {
	Name    string
	Type    catalog.Type
	NotNull bool
	Comment string
}

// TypeRow is one line of a connector's type table, proved by samples.
type TypeRow struct {
	Source  string       // the type as the documentation writes it, e.g. numeric(p,s)
	DDL     string       // the type of the sample's column; empty means Source
	Type    catalog.Type // what such a column is; Invalid when it cannot be read
	Shown   string       // how the documentation writes Type; empty means Type.DuckDB()
	Arrow   string       // how the documentation writes the Arrow type; empty means Type.Arrow()
	Rule    string       // one sentence: what is kept, what is an error
	Samples []Sample     // at least one where Type is readable
}

// Sample is a value in the source's own language and what must arrive.
type Sample struct {
	SQL  string    // a literal or expression
	Want any       // as catalog.Value.V; see Cell for types that it does not list
	Err  errs.Code // instead of Want: reading the cell must fail so
}

// TypeTable is a table of LoadTypes.
type TypeTable struct {
	Name     string
	DDL      string   // the type of column v
	Literals []string // one row each
}

// Broken is a configuration that must fail.
type Broken struct {
	Name   string
	Config connectors.Config
	Code   errs.Code
	// Hidden must not stand in the error's text, Secret nowhere in it, the
	// operator's detail included.
	Hidden, Secret []string
}

type check struct {
	name string
	run  func(tb testing.TB, h Harness)
}

// checks is the whole suite, in the order of the contract's methods.
var checks = []check{
	{"types", checkTypes},
	{"unreachable", checkBroken},
	{"ping", checkPing},
	{"describe", checkDescribe},
	{"names", checkNames},
	{"statistics", checkStatistics},
	{"examine", checkExamine},
	{"columns", checkColumns},
	{"empty", checkEmpty},
	{"batches", checkBatches},
	{"memory", checkMemory},
	{"predicates", checkPredicates},
	{"predicate pairs", checkPredicatePairs},
	{"streams", checkStreams},
	{"statement errors", checkStatementErrors},
	{"comment", checkComment},
	{"concurrent scans", checkConcurrent},
	{"acquire", checkAcquire},
	{"cancel", checkCancel},
	{"cancel a slow statement", checkCancelSlow},
	{"close", checkClose},
}

// Run runs the suite. Each check opens the source anew and ends with no byte of
// its allocator in use and no goroutine left.
func Run(t *testing.T, h Harness) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

// RunOnly runs the checks of these names, for a second harness of a connector
// that differs in what they look at (another encoding, another collation).
func RunOnly(t *testing.T, h Harness, names ...string) {
	for _, name := range names {
		i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
		if i < 0 {
			t.Fatalf("no check is named %q", name)
		}
		t.Run(name, func(t *testing.T) { checks[i].run(t, h) })
	}
}

// sub runs fn as a subtest where tb can have one.
func sub(tb testing.TB, name string, fn func(tb testing.TB)) {
	if t, ok := tb.(*testing.T); ok {
		t.Run(name, func(t *testing.T) { fn(t) })
		return
	}
	fn(tb)
}

// without prints what is skipped because the harness declares that it cannot.
func without(tb testing.TB, what string) {
	tb.Helper()
	tb.Logf("SKIPPED by declaration: %s", what)
}
