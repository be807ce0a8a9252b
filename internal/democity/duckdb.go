package democity

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// duckSink writes tables of a DuckDB file, or, with a folder, one Parquet file
// a table or part through a table that lives in memory only for so long.
type duckSink struct {
	connector *duckdb.Connector
	conn      driver.Conn
	catalog   string
	folder    string // "": the tables stay in the database
}

// openDuckDB attaches the file: its path is then a literal and no part of a
// connection string.
func openDuckDB(ctx context.Context, path string) (sink, error) {
	s, err := openDuck(ctx, "city")
	if err != nil {
		return nil, err
	}
	if err := s.execute(ctx, "ATTACH "+literal(path)+" AS city"); err != nil {
		_ = s.close()
		return nil, err
	}
	return s, nil
}

func openParquet(ctx context.Context, folder string) (sink, error) {
	s, err := openDuck(ctx, "memory")
	if err != nil {
		return nil, err
	}
	s.folder = folder
	return s, nil
}

// openDuck opens an instance in memory with everything turned off that could
// reach for the network.
func openDuck(ctx context.Context, catalog string) (*duckSink, error) {
	connector, err := duckdb.NewConnector("?autoinstall_known_extensions=false&autoload_known_extensions=false", nil)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		_ = connector.Close()
		return nil, err
	}
	return &duckSink{connector: connector, conn: conn, catalog: catalog}, nil
}

func (s *duckSink) close() error {
	err := s.conn.Close()
	if e := s.connector.Close(); err == nil {
		err = e
	}
	return err
}

func (s *duckSink) execute(ctx context.Context, sql string) error {
	_, err := s.conn.(driver.ExecerContext).ExecContext(ctx, sql, nil)
	return err
}

func (s *duckSink) name(t *table) string { return s.catalog + ".main." + quoted(t.name) }

func (s *duckSink) table(ctx context.Context, t *table, part string) (tableWriter, error) {
	columns := make([]string, len(t.columns))
	for i, c := range t.columns {
		columns[i] = quoted(c.name) + " " + c.sqlType()
	}
	if err := s.execute(ctx, fmt.Sprintf("CREATE TABLE %s (%s)", s.name(t), strings.Join(columns, ", "))); err != nil {
		return nil, err
	}
	appender, err := duckdb.NewAppender(s.conn, s.catalog, "main", t.name)
	if err != nil {
		return nil, err
	}
	w := &duckWriter{sink: s, appender: appender, table: t, row: make([]driver.Value, len(columns))}
	if s.folder == "" {
		return w, nil
	}
	w.file = filepath.Join(s.folder, t.name+".parquet")
	if part != "" {
		w.file = filepath.Join(s.folder, t.name, part+".parquet")
	}
	return w, os.MkdirAll(filepath.Dir(w.file), 0o755)
}

type duckWriter struct {
	sink     *duckSink
	appender *duckdb.Appender
	table    *table
	file     string // "": the table stays
	row      []driver.Value
}

func (w *duckWriter) put(values ...any) error {
	for i, v := range values {
		switch v := v.(type) {
		case nil, string, int64:
			w.row[i] = v
		case hundredths:
			w.row[i] = duckdb.Decimal{Width: uint8(w.table.columns[i].precision), Scale: 2, Value: big.NewInt(int64(v))}
		case day:
			w.row[i] = v.time()
		case moment:
			w.row[i] = v.time()
		default:
			return unknownValue(v)
		}
	}
	return w.appender.AppendRow(w.row...)
}

func (w *duckWriter) finish(ctx context.Context) error {
	if err := w.appender.Close(); err != nil {
		return err
	}
	if w.file == "" {
		return nil
	}
	name := w.sink.name(w.table)
	if err := w.sink.execute(ctx, fmt.Sprintf("COPY %s TO %s (FORMAT parquet, COMPRESSION zstd)", name, literal(w.file))); err != nil {
		return err
	}
	return w.sink.execute(ctx, "DROP TABLE "+name)
}

func (w *duckWriter) abandon() { _ = w.appender.Close() }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
