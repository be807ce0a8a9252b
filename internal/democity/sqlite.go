package democity

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// sqliteSink writes one SQLite file.
type sqliteSink struct{ conn *sqlite.Conn }

// openSQLite makes a database that is not safe against a crash while it is
// written: the whole folder is thrown away then.
func openSQLite(ctx context.Context, path string) (sink, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	conn.SetInterrupt(ctx.Done())
	s := &sqliteSink{conn}
	for _, pragma := range []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -65536"} {
		if err := sqlitex.ExecuteTransient(conn, pragma, nil); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *sqliteSink) table(_ context.Context, t *table, _ string) (tableWriter, error) {
	columns := make([]string, len(t.columns))
	for i, c := range t.columns {
		columns[i] = quoted(c.name) + " " + sqliteType(c)
		if c.name == t.key {
			columns[i] += " NOT NULL PRIMARY KEY"
		}
	}
	create := fmt.Sprintf("CREATE TABLE %s (%s)", quoted(t.name), strings.Join(columns, ", "))
	for _, sql := range []string{create, "BEGIN"} {
		if err := sqlitex.ExecuteTransient(s.conn, sql, nil); err != nil {
			return nil, err
		}
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	insert, _, err := s.conn.PrepareTransient(fmt.Sprintf("INSERT INTO %s VALUES (%s)", quoted(t.name), marks))
	if err != nil {
		return nil, err
	}
	return &sqliteWriter{s.conn, insert, t}, nil
}

// sqliteType is the declared type: SQLite's own word for whole numbers.
func sqliteType(c column) string {
	if c.kind == integer {
		return "INTEGER"
	}
	return c.sqlType()
}

// close stores the number of rows of each table for whoever plans over them.
func (s *sqliteSink) close() error {
	err := sqlitex.ExecuteTransient(s.conn, "ANALYZE", nil)
	if e := s.conn.Close(); err == nil {
		err = e
	}
	return err
}

type sqliteWriter struct {
	conn   *sqlite.Conn
	insert *sqlite.Stmt
	table  *table
}

// put binds dates as ISO text. A decimal becomes the double next to it, whose
// shortest decimal form is the decimal again; a whole one is stored as an
// integer by the column's affinity.
func (w *sqliteWriter) put(values ...any) error {
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			w.insert.BindNull(i + 1)
		case string:
			w.insert.BindText(i+1, v)
		case int64:
			w.insert.BindInt64(i+1, v)
		case hundredths:
			w.insert.BindFloat(i+1, float64(v)/100)
		case fmt.Stringer: // day, moment
			w.insert.BindText(i+1, v.String())
		default:
			return unknownValue(v)
		}
	}
	if _, err := w.insert.Step(); err != nil {
		return err
	}
	return w.insert.Reset()
}

func (w *sqliteWriter) finish(context.Context) error {
	if err := w.insert.Finalize(); err != nil {
		return err
	}
	if err := sqlitex.ExecuteTransient(w.conn, "COMMIT", nil); err != nil {
		return err
	}
	if w.table.index == "" {
		return nil
	}
	index := fmt.Sprintf("CREATE INDEX %s ON %s (%s)", quoted(w.table.name+"_index"), quoted(w.table.name), quoted(w.table.index))
	return sqlitex.ExecuteTransient(w.conn, index, nil)
}

func (w *sqliteWriter) abandon() { _ = w.insert.Finalize() }

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
