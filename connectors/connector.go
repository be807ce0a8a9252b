// Package connectors holds the contract between the gateway and the databases
// it reads. One package per engine below this one implements it; each passes
// connectors/connectortest.
package connectors

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
)

// Config is one entry of `sources:` after variables and paths are resolved.
type Config struct {
	Name        string                       // the source's name, for errors
	Kind        string                       // postgres, sqlite, duckdb, files
	DSN         string                       // network engines; variables already put in by value, never re-parsed
	Path        string                       // embedded engines: absolute, already checked against the allowed roots
	TempDir     string                       // a folder of the connector's own, mode 0700; may not exist yet
	Connections int                          // the most connections to hold at once; at least 1
	Columns     map[string]map[string]string // files: table -> column -> declared DuckDB type, instead of sniffing
}

// Opener makes a Source from its configuration. It checks the configuration
// (errs.ConfigInvalid) and may connect, but a source that cannot be reached now
// is not an error here: Ping says so.
type Opener func(ctx context.Context, c Config) (Source, error)

// Source is one open database. Its methods may be called at the same time.
// Every error is an *errs.Error whose text is ours and names the source; the
// database's own words are only in its Detail, for the operator.
type Source interface {
	// Capabilities never changes during the life of a Source.
	Capabilities() Capabilities
	// Ping reaches the source and reports its product and version, e.g. "PostgreSQL 15.18".
	Ping(ctx context.Context) (string, error)
	// Describe reads schemas, tables, views, columns, keys, collations and row
	// estimates. A column whose type cannot be read has Type Invalid; it is never left out.
	Describe(ctx context.Context) ([]*catalog.Table, error)
	// Statistics reads what the source's own catalogue tells of the rows of these
	// tables, which Describe gave. It reads no table for it, except for what an index
	// has at its ends. A table of which nothing is known is left out.
	Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error)
	// Examine tells what a person who sets the source up should know of it.
	Examine(ctx context.Context) (*Examination, error)
	// Acquire reserves n connections, waiting for all of them together, so that
	// a query never waits for a second one while it holds a first. More than the
	// source has at all is errs.SourceBusy at once.
	Acquire(ctx context.Context, n int) ([]Conn, error)
	// Close ends every connection; scans that still run fail. Further calls do nothing.
	Close() error
}

// Conn is a reserved place to run one scan at a time. Not for concurrent use.
type Conn interface {
	// Scan runs f and streams its rows. It returns after the source has accepted the
	// statement or at the first error. The scan ends with ctx: cancelling it stops
	// the statement at the source too, and the stream's Err then wraps ctx's error.
	// A Scan while an earlier Stream is still open is an error.
	Scan(ctx context.Context, f Fragment) (Stream, error)
	// Release gives the place back. An open Stream is released first. May be repeated.
	Release()
}

// Fragment is the work for one source: text in its dialect, written by
// planner/dialect, and what comes back. A connector never builds
// a statement. Columns is never empty.
type Fragment struct {
	SQL     string
	Values  []catalog.Value   // for the text's placeholders, in order
	Table   catalog.TableID   // for errors that name a table and column: the first that SQL reads
	More    []catalog.TableID // further tables that SQL reads
	Columns []catalog.Column  // the rows' columns: the stream's schema is catalog.ArrowSchema(Columns)
	Alloc   memory.Allocator  // where batches live; required
	Rows    int               // rows in a batch, at most; 0 means DefaultBatchRows
	// Alone says that nothing else is read beside it and that Next follows at once: rows
	// need not be read ahead of it. Scan may then leave an error of the statement to Next.
	Alone bool
	// Comment goes before SQL where the source shows to its people what it is asked, as Text
	// does it. It changes nothing of the answer.
	Comment Comment
}

// TableNames writes the names of the tables that SQL reads, for an error that cannot
// tell which of them it is about.
func (f Fragment) TableNames() string {
	names := f.Table.Name
	for _, t := range f.More {
		names += ", " + t.Name
	}
	return names
}

// Limits of a batch: a stream gives at most these, one huge cell excepted.
const (
	DefaultBatchRows = 64 << 10
	BatchBytes       = 8 << 20
)

// Stream is a source's answer. It is read by one goroutine; Release may come
// from another once Next is not running.
type Stream interface {
	// Schema is known before the first batch and never changes.
	Schema() *arrow.Schema
	// Next moves to the next batch. False at the end, on an error and after the
	// context ended: read Err then.
	Next() bool
	// RecordBatch is valid until the next call of Next or Release; Retain keeps it longer.
	RecordBatch() arrow.RecordBatch
	// Err is nil while batches come and after a complete end.
	Err() error
	// Release stops the scan if it still runs, waits until nothing of it is left
	// and frees the last batch. It may be repeated.
	Release()
}

// Capabilities says what a source can do beyond the contract. Zero means cannot.
type Capabilities struct {
	// Dialect names the SQL that its fragments are written in (planner/dialect);
	// empty means that no statement can be sent.
	Dialect string
	// CancelAtServer: a cancelled scan's statement ends at a server of its own.
	CancelAtServer bool
	// Schemas: tables lie in schemas other than one fixed "main".
	Schemas bool
}

// ColumnName gives a fragment's column for people. One that was computed is called by
// its expression, in which values may stand, and has no type of the source's.
func ColumnName(c catalog.Column) string {
	if c.SourceType == c.Type.DuckDB() {
		return "…"
	}
	return c.SourceName
}
