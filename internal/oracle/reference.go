package oracle

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/lianji/lianji/catalog"
)

// Zone is the session zone of the reference; the gateway under test must run in
// the same one (engine.timezone).
const Zone = "Asia/Shanghai"

// Reference is one DuckDB that holds all the data: what it answers is right.
// Use it from one goroutine.
type Reference struct {
	db   *sql.DB
	conn *sql.Conn
}

// wrongInDuckDB names optimizers that give wrong answers in DuckDB 1.5.5. The first
// pushes a hash join's range of keys through ORDER BY ... LIMIT into the scan
// below, so that the limit keeps other rows. Whether it does hangs on which of the
// two sides starts first. The second makes a grouping without keys of the first row by
// row_number() OVER (ORDER BY x): it gives a row of NULLs where there was none.
const wrongInDuckDB = "join_filter_pushdown,top_n_window_elimination"

// NewReference opens an empty one, in memory. Settings are further SET statements.
func NewReference(ctx context.Context, settings ...string) (*Reference, error) {
	r, err := openReference(ctx, "")
	if err != nil {
		return nil, err
	}
	defaults := []string{"SET TimeZone = '" + Zone + "'", "SET disabled_optimizers = '" + wrongInDuckDB + "'"}
	if err := r.Exec(ctx, append(defaults, settings...)...); err != nil {
		return nil, closing(r, err)
	}
	return r, nil
}

func openReference(ctx context.Context, dsn string) (*Reference, error) {
	db, err := sql.Open("duckdb", dsn)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, closing(db, err)
	}
	return &Reference{db: db, conn: conn}, nil
}

func closing(c interface{ Close() error }, err error) error {
	if cerr := c.Close(); cerr != nil {
		return fmt.Errorf("%w; then: %w", err, cerr)
	}
	return err
}

// Close frees the database.
func (r *Reference) Close() error {
	err := r.conn.Close()
	if derr := r.db.Close(); err == nil {
		err = derr
	}
	return err
}

// Exec runs statements that have no result.
func (r *Reference) Exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := r.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.200s: %w", s, err)
		}
	}
	return nil
}

// Bind prepares a statement and throws it away.
func (r *Reference) Bind(ctx context.Context, text string) error {
	s, err := r.conn.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	return s.Close()
}

// Place makes room for a table of that path: of two parts, a schema; of three, a
// database in memory and its schema, so that statements can name it as direct
// mode does.
func (r *Reference) Place(ctx context.Context, path ...string) error {
	q := catalog.QuoteIdent
	switch len(path) {
	case 2:
		return r.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+q(path[0]))
	case 3:
		return r.Exec(ctx, "ATTACH IF NOT EXISTS ':memory:' AS "+q(path[0]), "CREATE SCHEMA IF NOT EXISTS "+q(path[0])+"."+q(path[1]))
	}
	return fmt.Errorf("a path of %d parts", len(path))
}

// Load makes a table and fills it.
func (r *Reference) Load(ctx context.Context, t Table) error {
	if err := r.Place(ctx, t.Path...); err != nil {
		return err
	}
	return r.Exec(ctx, DuckDB.Statements(t.SQLPath(), t)...)
}

// Export writes a loaded table into a Parquet file.
func (r *Reference) Export(ctx context.Context, t Table, file string) error {
	return r.Exec(ctx, "COPY "+t.SQLPath()+" TO "+quote(file)+" (FORMAT parquet)")
}

// Query implements Engine. The schema is the one that the gateway must give
// (catalog.Type.Arrow): instants in UTC, enums as text.
func (r *Reference) Query(ctx context.Context, text string) (Result, error) {
	var out Result
	err := r.read(ctx, text, func(s Stream) (err error) {
		out, err = Collect(s)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	fields := out.Schema.Fields()
	for i := range fields {
		fields[i].Type = gatewayType(fields[i].Type)
	}
	out.Schema = arrow.NewSchema(fields, nil)
	return out, nil
}

func (r *Reference) read(ctx context.Context, text string, use func(Stream) error) error {
	return r.conn.Raw(func(dc any) error {
		a, err := duckdb.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		reader, err := a.QueryContext(ctx, text)
		if err != nil {
			return err
		}
		defer reader.Release()
		return use(reader)
	})
}

// eachRow calls use with the rows of an answer, one at a time.
func (r *Reference) eachRow(ctx context.Context, text string, use func([]any) error) error {
	return r.read(ctx, text, func(s Stream) error {
		for s.Next() {
			part, err := Collect(&oneBatch{batch: s.RecordBatch()})
			if err != nil {
				return err
			}
			for _, row := range part.Rows {
				if err := use(row); err != nil {
					return err
				}
			}
		}
		return s.Err()
	})
}

// oneBatch is a stream of a single batch that it does not own.
type oneBatch struct {
	batch arrow.RecordBatch
	read  bool
}

func (o *oneBatch) Schema() *arrow.Schema          { return o.batch.Schema() }
func (o *oneBatch) RecordBatch() arrow.RecordBatch { return o.batch }
func (o *oneBatch) Err() error                     { return nil }
func (o *oneBatch) Next() bool {
	first := !o.read
	o.read = true
	return first
}

// gatewayType turns DuckDB's choice of an Arrow type into the gateway's.
func gatewayType(t arrow.DataType) arrow.DataType {
	switch t := t.(type) {
	case *arrow.NullType:
		return catalog.Type{Kind: catalog.Null}.Arrow()
	case *arrow.DictionaryType:
		return gatewayType(t.ValueType)
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return &arrow.TimestampType{Unit: t.Unit, TimeZone: "UTC"}
		}
	case *arrow.MapType:
		return arrow.MapOf(gatewayType(t.KeyType()), gatewayType(t.ItemType()))
	case *arrow.ListType:
		return arrow.ListOf(gatewayType(t.Elem()))
	case *arrow.StructType:
		fields := t.Fields()
		for i := range fields {
			fields[i].Type = gatewayType(fields[i].Type)
		}
		return arrow.StructOf(fields...)
	}
	return t
}
