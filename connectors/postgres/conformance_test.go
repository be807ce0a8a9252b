package postgres_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
)

func TestConformance(t *testing.T) { connectortest.Run(t, harness()) }

func TestTypesDoc(t *testing.T) {
	connectortest.TypesDoc(t, "postgres", "PostgreSQL", typesIntro, typeRows())
}

func harness() connectortest.Harness {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	return connectortest.Harness{
		Open:   postgres.Open,
		Schema: "public",
		Load: func(tb testing.TB, tables []connectortest.Table) connectors.Config {
			db := testpg.Start(tb).Database(tb)
			loadTables(tb, db, tables)
			return connectors.Config{Kind: "postgres", DSN: db.Reader}
		},
		Types: []catalog.Type{
			kind(catalog.Bool), kind(catalog.Int16), kind(catalog.Int32), kind(catalog.Int64), kind(catalog.Uint32), kind(catalog.Uint64),
			kind(catalog.Float32), kind(catalog.Float64), kind(catalog.Text), kind(catalog.Blob), kind(catalog.Date), kind(catalog.Time),
			kind(catalog.Timestamp), kind(catalog.TimestampTZ), kind(catalog.Interval), kind(catalog.UUID), kind(catalog.JSON),
			catalog.DecimalOf(1, 0), catalog.DecimalOf(9, 2), catalog.DecimalOf(15, 4), catalog.DecimalOf(18, 18), catalog.DecimalOf(19, 0),
			catalog.DecimalOf(38, 0), catalog.DecimalOf(38, 10), catalog.DecimalOf(38, 38),
			catalog.ListOf(kind(catalog.Int32)), catalog.ListOf(kind(catalog.Text)), catalog.ListOf(kind(catalog.Bool)), catalog.ListOf(kind(catalog.UUID)),
			catalog.ListOf(kind(catalog.TimestampTZ)), catalog.ListOf(catalog.DecimalOf(20, 5)),
		},
		Rows: typeRows(),
		LoadTypes: func(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
			db := testpg.Start(tb).Database(tb)
			sql := typesSetup
			for _, t := range tables {
				sql += fmt.Sprintf("; CREATE TABLE public.%s (n bigint, v %s);", t.Name, t.DDL)
				for i, literal := range t.Literals {
					sql += fmt.Sprintf("INSERT INTO public.%s VALUES (%d, %s);", t.Name, i, literal)
				}
			}
			db.Exec(tb, sql)
			return connectors.Config{Kind: "postgres", DSN: db.Reader}
		},
		Broken: broken,
		Slow:   "SELECT 1::bigint AS n FROM pg_sleep(120)",
		Running: func(tb testing.TB, c connectors.Config) int {
			return count(tb, c.DSN, "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(120)%'")
		},
		Features: connectortest.Features{
			Views: true, Keys: true, Unique: true, NotNull: true, Comments: true, CaseNames: true, CaseTables: true, RowEstimates: true,
		},
		Knows: connectortest.Knowledge{Distinct: true, Keys: true, Nulls: true, Extent: true, Top: true},
	}
}

func broken(tb testing.TB) []connectortest.Broken {
	server := testpg.Start(tb)
	db := server.Database(tb)
	with := func(change func(u *url.URL)) connectors.Config {
		u, err := url.Parse(db.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		change(u)
		return connectors.Config{Kind: "postgres", DSN: u.String()}
	}
	const wrong = "not-the-password"
	right := server.ReaderPassword()
	return []connectortest.Broken{
		{Name: "wrong password", Code: errs.SourceRefused, Hidden: []string{"127.0.0.1", "reader"}, Secret: []string{wrong},
			Config: with(func(u *url.URL) { u.User = url.UserPassword("reader", wrong) })},
		{Name: "unknown database", Code: errs.SourceRefused, Hidden: []string{"no_such_database"}, Secret: []string{right},
			Config: with(func(u *url.URL) { u.Path = "/no_such_database" })},
		{Name: "nobody listens", Code: errs.SourceUnreachable, Hidden: []string{"127.0.0.1"}, Secret: []string{right},
			Config: with(func(u *url.URL) { u.Host = "127.0.0.1:1" })},
		{Name: "unknown host", Code: errs.SourceUnreachable, Hidden: []string{"no-such-host"}, Secret: []string{right},
			Config: with(func(u *url.URL) {
				u.Host = "no-such-host.invalid:5432"
				u.RawQuery = "sslmode=disable&connect_timeout=5"
			})},
		{Name: "no encryption offered", Code: errs.SourceUnreachable, Secret: []string{right},
			Config: with(func(u *url.URL) { u.RawQuery = "sslmode=verify-full" })},
		{Name: "a forbidden option", Code: errs.ConfigInvalid, Hidden: []string{"/etc/passwd"}, Secret: []string{right, "/etc/passwd"},
			Config: with(func(u *url.URL) { u.RawQuery = "passfile=/etc/passwd" })},
	}
}

// count runs a statement that gives one number.
func count(tb testing.TB, dsn, sql string) int {
	tb.Helper()
	conn, err := pgconn.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.Background())
	r := conn.ExecParams(tb.Context(), sql, nil, nil, nil, nil).Read()
	if r.Err != nil {
		tb.Fatal(r.Err)
	}
	n, err := strconv.Atoi(string(r.Rows[0][0]))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func loadTables(tb testing.TB, db *testpg.Database, tables []connectortest.Table) {
	tb.Helper()
	conn, err := pgconn.Connect(tb.Context(), db.Admin)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.Background())
	exec := func(sql string) {
		tb.Helper()
		if _, err := conn.Exec(tb.Context(), sql).ReadAll(); err != nil {
			tb.Fatal(err)
		}
	}
	full := func(t connectortest.Table, name string) string {
		schema := t.Schema
		if schema == "" {
			schema = "public"
		}
		return quote(schema) + "." + quote(name)
	}
	for _, t := range tables {
		name := full(t, t.Name)
		if t.Schema != "" {
			exec("CREATE SCHEMA IF NOT EXISTS " + quote(t.Schema))
		}
		if t.ViewOf != "" {
			exec("CREATE VIEW " + name + " AS SELECT * FROM " + full(t, t.ViewOf))
			continue
		}
		var parts []string
		for _, c := range t.Columns {
			part := quote(c.Name) + " " + ddl(c.Type)
			if c.NotNull {
				part += " NOT NULL"
			}
			parts = append(parts, part)
		}
		keys := func(words string, names []string) {
			var quoted []string
			for _, n := range names {
				quoted = append(quoted, quote(n))
			}
			parts = append(parts, words+" ("+strings.Join(quoted, ", ")+")")
		}
		if t.Key != nil {
			keys("PRIMARY KEY", t.Key)
		}
		for _, u := range t.Unique {
			keys("UNIQUE", u)
		}
		exec("CREATE TABLE " + name + " (" + strings.Join(parts, ", ") + ")")
		if t.Comment != "" {
			exec("COMMENT ON TABLE " + name + " IS " + literal(t.Comment))
		}
		for _, c := range t.Columns {
			if c.Comment != "" {
				exec("COMMENT ON COLUMN " + name + "." + quote(c.Name) + " IS " + literal(c.Comment))
			}
		}
		copyRows(tb, conn, name, t)
		exec("ANALYZE " + name)
	}
}

var copyEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func copyRows(tb testing.TB, conn *pgconn.PgConn, name string, t connectortest.Table) {
	tb.Helper()
	in, out := io.Pipe()
	buffered := bufio.NewWriterSize(out, 1<<20)
	ended := safego.Run(func() error {
		line := make([]string, len(t.Columns))
		for row := range t.Rows {
			for i, c := range t.Columns {
				if line[i] = `\N`; row[i] != nil {
					line[i] = copyEscapes.Replace(written(c.Type, row[i]))
				}
			}
			if _, err := buffered.WriteString(strings.Join(line, "\t") + "\n"); err != nil {
				return err
			}
		}
		return errors.Join(buffered.Flush(), out.Close())
	})
	_, err := conn.CopyFrom(tb.Context(), in, "COPY "+name+" FROM STDIN")
	_ = in.CloseWithError(err)
	if werr := <-ended; err != nil || werr != nil {
		tb.Fatalf("loading %s: %v, %v", name, err, werr)
	}
}

// ddl is the source type that is described as t.
func ddl(t catalog.Type) string {
	switch t.Kind {
	case catalog.List:
		return ddl(*t.Elem) + "[]"
	case catalog.Decimal:
		return fmt.Sprintf("numeric(%d,%d)", t.Precision, t.Scale)
	}
	return map[catalog.Kind]string{
		catalog.Bool: "boolean", catalog.Int16: "smallint", catalog.Int32: "integer", catalog.Int64: "bigint",
		catalog.Uint32: "oid", catalog.Uint64: "xid8", catalog.Float32: "real", catalog.Float64: "double precision",
		catalog.Text: "text", catalog.Blob: "bytea", catalog.Date: "date", catalog.Time: "time", catalog.Timestamp: "timestamp",
		catalog.TimestampTZ: "timestamptz", catalog.Interval: "interval", catalog.UUID: "uuid", catalog.JSON: "json",
	}[t.Kind]
}

// written is a value as PostgreSQL reads it.
func written(t catalog.Type, v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		switch {
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		case t.Kind == catalog.Float32:
			return strconv.FormatFloat(v, 'g', -1, 32)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return v
	case []byte:
		return `\x` + hex.EncodeToString(v)
	case arrow.MonthDayNanoInterval:
		return fmt.Sprintf("%d months %d days %d microseconds", v.Months, v.Days, v.Nanoseconds/1000)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			if parts[i] = "NULL"; e != nil {
				parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(written(*t.Elem, e)) + `"`
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	case int64:
		const day = 86400
		switch t.Kind {
		case catalog.Date:
			return time.Unix(v*day, 0).UTC().Format("2006-01-02")
		case catalog.Time:
			return time.UnixMicro(v).UTC().Format("15:04:05.999999")
		case catalog.Timestamp:
			return time.UnixMicro(v).UTC().Format("2006-01-02 15:04:05.999999")
		case catalog.TimestampTZ:
			return time.UnixMicro(v).UTC().Format("2006-01-02 15:04:05.999999") + "+00"
		}
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprintf("%v", v)
}

// Every type that the suite's harness names has a way in.
func TestHarnessWritesEveryType(t *testing.T) {
	for _, typ := range harness().Types {
		if ddl(typ) == "" || slices.Contains([]string{"", "[]"}, ddl(typ)) {
			t.Errorf("%s: no source type", typ)
		}
	}
}
