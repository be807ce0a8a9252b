// Package ducktest makes DuckDB databases for tests, with values written as SQL.
package ducktest

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/lianji/lianji/catalog"
)

// DB is a DuckDB in memory with, perhaps, a file attached as its default database.
type DB struct {
	tb   testing.TB
	conn driver.Conn
	stop func()
}

// Open opens a database in memory; with a path, its tables lie in that file,
// which is written in the newest storage version. It is closed by Close, or at
// the test's end.
func Open(tb testing.TB, path string) *DB {
	tb.Helper()
	connector, err := duckdb.NewConnector("?autoinstall_known_extensions=false&autoload_known_extensions=false", nil)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	d := &DB{tb: tb, conn: conn}
	closed := false
	d.stop = func() {
		if !closed {
			closed = true
			_ = conn.Close()
			_ = connector.Close()
		}
	}
	tb.Cleanup(d.stop)
	d.Exec("SET TimeZone = 'UTC'")
	if path != "" {
		d.Exec("ATTACH " + Text(path) + " AS made (STORAGE_VERSION 'latest')")
		d.Exec("USE made")
	}
	return d
}

// Close closes the database, so that another can open its file.
func (d *DB) Close() { d.stop() }

// Exec runs statements that must succeed.
func (d *DB) Exec(statements ...string) {
	d.tb.Helper()
	for _, s := range statements {
		if _, err := d.conn.(driver.ExecerContext).ExecContext(context.Background(), s, nil); err != nil {
			d.tb.Fatalf("%.300s: %v", s, err)
		}
	}
}

// Append writes rows of whole numbers and texts, fast.
func (d *DB) Append(catalogName, schema, table string, rows func(yield func([]any) bool)) {
	d.tb.Helper()
	a, err := duckdb.NewAppender(d.conn, catalogName, schema, table)
	if err != nil {
		d.tb.Fatal(err)
	}
	for row := range rows {
		values := make([]driver.Value, len(row))
		for i, v := range row {
			values[i] = v
		}
		if err := a.AppendRow(values...); err != nil {
			d.tb.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		d.tb.Fatal(err)
	}
}

// Query gives the one text of a statement's one row.
func (d *DB) Query(statement string) string {
	d.tb.Helper()
	rows, err := d.conn.(driver.QueryerContext).QueryContext(context.Background(), statement, nil)
	if err != nil {
		d.tb.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	cell := make([]driver.Value, 1)
	if err := rows.Next(cell); err != nil {
		d.tb.Fatalf("%s: %v", statement, err)
	}
	return fmt.Sprint(cell[0])
}

// Text writes a text as a literal.
func Text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Literal writes a value of the conformance suite's model as SQL.
func Literal(t catalog.Type, v any) string {
	as := " AS " + t.DuckDB() + ")"
	if v == nil {
		return "CAST(NULL" + as
	}
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return "CAST(" + Text(Float(t, x)) + as
	case string:
		return "CAST(" + Text(x) + as
	case uint64:
		return "CAST(" + strconv.FormatUint(x, 10) + as
	case []byte:
		return "unhex('" + hex.EncodeToString(x) + "')"
	case int64:
		return number(t, x)
	case arrow.MonthDayNanoInterval:
		return fmt.Sprintf("to_months(%d) + to_days(%d) + to_microseconds(%d)", x.Months, x.Days, x.Nanoseconds/1000)
	case []any:
		return nested(t, x)
	}
	return fmt.Sprintf("no literal of a %T", v)
}

func number(t catalog.Type, x int64) string {
	n := strconv.FormatInt(x, 10)
	switch t.Kind {
	case catalog.Date:
		return "DATE '1970-01-01' + CAST(" + n + " AS INTEGER)"
	case catalog.Time:
		return "TIME '00:00:00' + to_microseconds(" + n + ")"
	case catalog.Timestamp:
		return "make_timestamp(" + n + ")"
	case catalog.TimestampTZ:
		return "CAST(CAST(make_timestamp(" + n + ") AS VARCHAR) || '+00' AS TIMESTAMPTZ)"
	case catalog.TimestampS:
		return "CAST(make_timestamp(" + n + "000000) AS TIMESTAMP_S)"
	case catalog.TimestampMS:
		return "CAST(make_timestamp(" + n + "000) AS TIMESTAMP_MS)"
	case catalog.TimestampNS:
		return "make_timestamp_ns(" + n + ")"
	}
	return "CAST('" + n + "' AS " + t.DuckDB() + ")"
}

func nested(t catalog.Type, x []any) string {
	parts := make([]string, len(x))
	switch t.Kind {
	case catalog.List:
		for i, v := range x {
			parts[i] = Literal(*t.Elem, v)
		}
		return "CAST([" + strings.Join(parts, ", ") + "] AS " + t.DuckDB() + ")"
	case catalog.Struct:
		for i, v := range x {
			parts[i] = Text(t.Fields[i].Name) + ": " + Literal(t.Fields[i].Type, v)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "no literal of " + t.DuckDB()
}

// Float writes a floating point number so that it is read back as the same bits.
func Float(t catalog.Type, x float64) string {
	bits := 64
	if t.Kind == catalog.Float32 {
		bits = 32
	}
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return strconv.FormatFloat(x, 'g', -1, bits)
}
