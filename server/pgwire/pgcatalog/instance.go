package pgcatalog

import (
	"context"
	"errors"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
)

// instance is a DuckDB with the catalogue of one session. One goroutine uses it at a time.
type instance interface {
	// tree gives the parse tree of a text, as json_serialize_sql does.
	tree(ctx context.Context, text string) (string, error)
	prepare(ctx context.Context, text string) (*prepared, error)
	// rows runs what was prepared last, and gives its rows and their bytes.
	rows(ctx context.Context) ([]arrow.RecordBatch, int64, error)
	// gone reports whether it is of no more use.
	gone() bool
	close()
}

// prepared is what is known of a statement before it runs.
type prepared struct {
	Select  bool
	Columns []duck.ResultColumn
	Params  map[string]catalog.Type // by their numbers; Invalid where DuckDB cannot tell
}

// opening is what an instance is made with.
type opening struct {
	Zone, User, Database, Version string
	Started                       string // when the gateway's process was
	Tables                        []filling
}

// filling is a relation that has rows from the start.
type filling struct {
	Name    string
	Columns []catalog.Column
	batch   arrow.RecordBatch
}

func (o opening) release() {
	for _, t := range o.Tables {
		t.batch.Release()
	}
}

// local is an instance in this process.
type local struct {
	db     *duck.DB
	conn   *duck.Conn
	stmt   *duck.Stmt // the last one that was prepared
	broken bool
}

func openLocal(ctx context.Context, o opening) (*local, error) {
	// The names and the types are put in before anybody's text is read.
	db, err := duck.Open(ctx, duck.Options{MemoryBytes: memoryBytes, TimeZone: o.Zone, Scans: true})
	if err != nil {
		return nil, err
	}
	l := &local{db: db}
	if l.conn, err = db.Connect(); err == nil {
		err = l.build(ctx, o)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *local) build(ctx context.Context, o opening) error {
	said := strings.NewReplacer("lianji_session('version')", literal(o.Version), "lianji_session('database')", literal(o.Database), "lianji_session('started')", literal(o.Started))
	for _, sql := range []string{"CREATE SCHEMA pgc; CREATE SCHEMA isc;", relationsSQL, typesSQL, namesSQL, registeredSQL} {
		if err := l.conn.Exec(ctx, said.Replace(sql)); err != nil {
			return err
		}
	}
	for _, t := range o.Tables {
		if err := t.put(ctx, l.conn); err != nil {
			return err
		}
	}
	return l.conn.Exec(ctx, said.Replace(filledSQL)+"; SET schema = 'pgc'")
}

// one is a stream of one batch.
type one struct {
	batch arrow.RecordBatch
	given bool
}

func (o *one) Next() bool {
	first := !o.given
	o.given = true
	return first
}
func (o *one) RecordBatch() arrow.RecordBatch { return o.batch }
func (o *one) Err() error                     { return nil }

// put inserts the rows.
func (f filling) put(ctx context.Context, c *duck.Conn) error {
	scan := duck.NewScan(ctx, duck.ScanOptions{
		Columns: f.Columns, Rows: f.batch.NumRows(),
		Open: func(context.Context, bool) (duck.ArrowStream, error) { return &one{batch: f.batch}, nil },
	})
	defer scan.Close()
	return c.Exec(ctx, "INSERT INTO pgc."+f.Name+" BY NAME "+scan.SQL())
}

func (l *local) tree(ctx context.Context, text string) (string, error) {
	tree, err := l.conn.QueryText(ctx, "SELECT json_serialize_sql(CAST($1 AS VARCHAR), skip_null := true)::VARCHAR", catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: text})
	return tree, l.noted(err)
}

func (l *local) prepare(ctx context.Context, text string) (*prepared, error) {
	l.forget()
	var err error
	if l.stmt, err = l.conn.Prepare(ctx, text); err != nil {
		return nil, l.noted(err)
	}
	return &prepared{Select: l.stmt.Select(), Columns: l.stmt.Columns(), Params: l.stmt.Params()}, nil
}

// rows keeps all rows: a client that takes them slowly keeps nothing of the catalogue's.
func (l *local) rows(ctx context.Context) (_ []arrow.RecordBatch, size int64, _ error) {
	reader, err := l.stmt.Stream(ctx, nil, duck.StreamOptions{Alloc: memory.DefaultAllocator, Rows: batchRows, Bytes: batchBytes})
	if err != nil {
		return nil, 0, l.noted(err)
	}
	defer reader.Release()
	var out []arrow.RecordBatch
	for reader.Next() && size <= mostBytes {
		batch := reader.RecordBatch()
		batch.Retain()
		out = append(out, batch)
		size += bytesOf(batch)
	}
	err = reader.Err()
	if err == nil && size > mostBytes {
		err = errs.New(errs.ResultTooLarge, "pgwire_catalogue_large", nil)
	}
	if err != nil {
		for _, b := range out {
			b.Release()
		}
		return nil, 0, l.noted(err)
	}
	return out, size, nil
}

func bytesOf(batch arrow.RecordBatch) (n int64) {
	for _, column := range batch.Columns() {
		n += int64(column.Data().SizeInBytes())
	}
	return n
}

// noted notes that an error leaves the instance of no use.
func (l *local) noted(err error) error {
	var of *duck.Error
	l.broken = l.broken || errors.As(err, &of) && of.Fatal()
	return err
}

func (l *local) gone() bool { return l.broken }

func (l *local) forget() {
	if l.stmt != nil {
		l.stmt.Close()
		l.stmt = nil
	}
}

func (l *local) close() {
	l.forget()
	if l.conn != nil {
		l.conn.Close()
	}
	l.db.Close()
}
