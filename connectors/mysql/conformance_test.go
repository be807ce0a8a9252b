package mysql_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testmaria"
)

func TestConformance(t *testing.T) { connectortest.Run(t, harness(mariaDB)) }

// The same on a MySQL, where one is at hand.
func TestConformanceOfMySQL(t *testing.T) {
	testmaria.External(t)
	connectortest.Run(t, harness(mySQL))
}

// engine is what the two servers differ in.
type engine struct {
	server   func(testing.TB) *testmaria.Server
	rows     []row
	types    []catalog.Type // beside those of both
	storable func(t catalog.Type, v any) bool
}

var (
	mariaDB = engine{
		server: testmaria.Start, rows: typeRows(), storable: storable,
		types: []catalog.Type{{Kind: catalog.UUID}, {Kind: catalog.JSON}, catalog.DecimalOf(38, 38)},
	}
	mySQL = engine{
		server: testmaria.External, rows: rowsOfMySQL(),
		types: []catalog.Type{catalog.DecimalOf(38, 30)}, // JSON is not loaded from bytes there
		storable: func(t catalog.Type, v any) bool {
			i, whole := v.(int64)
			const second, last = 1_000_000, 1<<31*1_000_000 - 1_000_000
			return storable(t, v) && !(whole && t.Kind == catalog.TimestampTZ && (i < second || i >= last))
		},
	}
)

func TestTypesDoc(t *testing.T) {
	connectortest.TypesDoc(t, "mysql", "MySQL and MariaDB", typesIntro, typeRows())
}

// schema is the database of every Load; a new one takes its place.
const schema = "sj"

func harness(on engine) connectortest.Harness {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	return connectortest.Harness{
		Open:   mysql.Open,
		Schema: schema,
		Load: func(tb testing.TB, tables []connectortest.Table) connectors.Config {
			db := on.server(tb).Named(tb, schema)
			loadTables(tb, db, tables)
			return connectors.Config{Kind: "mysql", DSN: everything(tb, db)}
		},
		Types: append([]catalog.Type{
			kind(catalog.Bool), kind(catalog.Int8), kind(catalog.Int16), kind(catalog.Int32), kind(catalog.Int64),
			kind(catalog.Uint8), kind(catalog.Uint16), kind(catalog.Uint32), kind(catalog.Uint64),
			kind(catalog.Float32), kind(catalog.Float64), kind(catalog.Text), kind(catalog.Blob), kind(catalog.Date),
			kind(catalog.Timestamp), kind(catalog.TimestampTZ), kind(catalog.Interval),
			catalog.DecimalOf(1, 0), catalog.DecimalOf(9, 2), catalog.DecimalOf(15, 4), catalog.DecimalOf(18, 18), catalog.DecimalOf(19, 0),
			catalog.DecimalOf(38, 0), catalog.DecimalOf(38, 10),
		}, on.types...),
		Storable:     on.storable,
		NameStorable: func(name string) bool { return name != "trailing " && name != "\U0001f600" },
		Rows:         on.rows,
		LoadTypes: func(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
			db := on.server(tb).Named(tb, schema)
			var sql strings.Builder
			sql.WriteString("SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES'")
			for _, t := range tables {
				fmt.Fprintf(&sql, "; CREATE TABLE `%s` (n bigint, v %s)", t.Name, t.DDL)
				for i, literal := range t.Literals {
					fmt.Fprintf(&sql, "; INSERT INTO `%s` VALUES (%d, %s)", t.Name, i, literal)
				}
			}
			sql.WriteString("; SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'")
			db.Exec(tb, sql.String())
			return connectors.Config{Kind: "mysql", DSN: everything(tb, db)}
		},
		Broken: func(tb testing.TB) []connectortest.Broken { return broken(tb, on) },
		Slow:   "SELECT CAST(SLEEP(120) AS SIGNED) AS n",
		Running: func(tb testing.TB, c connectors.Config) int {
			return on.server(tb).Database(tb).Count(tb, "SELECT count(*) FROM information_schema.processlist WHERE INFO LIKE '%SLEEP(120)%' AND ID <> CONNECTION_ID()")
		},
		Features: connectortest.Features{
			Views: true, Keys: true, Unique: true, NotNull: true, Comments: true, CaseTables: true, RowEstimates: true,
		},
		Knows: connectortest.Knowledge{Keys: true},
	}
}

// everything is the DSN of all databases that the reader may see.
func everything(tb testing.TB, db *testmaria.Database) string {
	u, err := url.Parse(db.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	u.Path = "/"
	return u.String()
}

func storable(t catalog.Type, v any) bool {
	switch v := v.(type) {
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0) && (v != 0 || !math.Signbit(v))
	case int64:
		if t.Kind == catalog.TimestampTZ {
			return v > 0 && v < 1<<31*1_000_000
		}
	case arrow.MonthDayNanoInterval:
		return v.Months == 0 && v.Days == 0
	}
	return true
}

func broken(tb testing.TB, on engine) []connectortest.Broken {
	db := on.server(tb).Database(tb)
	with := func(change func(u *url.URL)) connectors.Config {
		u, err := url.Parse(db.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		change(u)
		return connectors.Config{Kind: "mysql", DSN: u.String()}
	}
	const wrong = "not-the-password"
	right := db.ReaderPassword
	return []connectortest.Broken{
		{Name: "wrong password", Code: errs.SourceRefused, Hidden: []string{"127.0.0.1", db.ReaderName}, Secret: []string{wrong},
			Config: with(func(u *url.URL) { u.User = url.UserPassword(db.ReaderName, wrong) })},
		{Name: "unknown database", Code: errs.SourceRefused, Hidden: []string{"no_such_database"}, Secret: []string{right},
			Config: with(func(u *url.URL) { u.Path = "/no_such_database" })},
		{Name: "nobody listens", Code: errs.SourceUnreachable, Hidden: []string{"127.0.0.1"}, Secret: []string{right},
			Config: with(func(u *url.URL) { u.Host = "127.0.0.1:1" })},
		{Name: "unknown host", Code: errs.SourceUnreachable, Hidden: []string{"no-such-host"}, Secret: []string{right},
			Config: with(func(u *url.URL) {
				u.Host = "no-such-host.invalid:3306"
				u.RawQuery = "tls=false&timeout=5s"
			})},
		{Name: "no encryption offered, or none to be trusted", Code: errs.SourceUnreachable, Secret: []string{right},
			Config: with(func(u *url.URL) { u.RawQuery = "tls=true" })},
		{Name: "a forbidden option", Code: errs.ConfigInvalid, Hidden: []string{"/etc/passwd"}, Secret: []string{right, "/etc/passwd"},
			Config: with(func(u *url.URL) { u.RawQuery = "serverPubKey=/etc/passwd" })},
	}
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func loadTables(tb testing.TB, db *testmaria.Database, tables []connectortest.Table) {
	tb.Helper()
	full := func(t connectortest.Table, name string) string {
		if t.Schema == "" {
			return quote(schema) + "." + quote(name)
		}
		return quote(t.Schema) + "." + quote(name)
	}
	for _, t := range tables {
		name := full(t, t.Name)
		if t.Schema != "" {
			db.Create(tb, t.Schema)
			tb.Cleanup(func() { db.Exec(tb, "DROP DATABASE IF EXISTS "+quote(t.Schema)) })
		}
		if t.ViewOf != "" {
			db.Exec(tb, "CREATE VIEW "+name+" AS SELECT * FROM "+full(t, t.ViewOf))
			continue
		}
		var parts []string
		for _, c := range t.Columns {
			part := quote(c.Name) + " " + ddl(t, c)
			if c.NotNull {
				part += " NOT NULL"
			} else if c.Type.Kind == catalog.TimestampTZ {
				part += " NULL" // else it would never be NULL
			}
			if c.Comment != "" {
				part += " COMMENT " + literal(c.Comment)
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
		db.Exec(tb, "CREATE TABLE "+name+" ("+strings.Join(parts, ", ")+") COMMENT "+literal(t.Comment))
		db.Load(tb, name, func(yield func([]any) bool) {
			for row := range t.Rows {
				out := make([]any, len(row))
				for i, v := range row {
					if v != nil {
						out[i] = written(t.Columns[i].Type, v)
					}
				}
				if !yield(out) {
					return
				}
			}
		})
		db.Exec(tb, "ANALYZE TABLE "+name)
	}
}

// ddl is the source type that is described as the column's.
func ddl(t connectortest.Table, c connectortest.Column) string {
	switch c.Type.Kind {
	case catalog.Decimal:
		return fmt.Sprintf("decimal(%d,%d)", c.Type.Precision, c.Type.Scale)
	case catalog.Text:
		for _, key := range append(t.Unique, t.Key) {
			for _, name := range key {
				if name == c.Name {
					return "varchar(200)"
				}
			}
		}
	}
	return map[catalog.Kind]string{
		catalog.Bool: "bit(1)", catalog.Int8: "tinyint", catalog.Int16: "smallint", catalog.Int32: "int", catalog.Int64: "bigint",
		catalog.Uint8: "tinyint unsigned", catalog.Uint16: "smallint unsigned", catalog.Uint32: "int unsigned", catalog.Uint64: "bigint unsigned",
		catalog.Float32: "float", catalog.Float64: "double", catalog.Text: "longtext", catalog.Blob: "longblob", catalog.Date: "date",
		catalog.Timestamp: "datetime(6)", catalog.TimestampTZ: "timestamp(6)", catalog.Interval: "time(6)", catalog.UUID: "uuid", catalog.JSON: "json",
	}[c.Type.Kind]
}

// written is a value as testmaria loads it.
func written(t catalog.Type, v any) any {
	switch v := v.(type) {
	case arrow.MonthDayNanoInterval:
		at := time.UnixMicro(0).UTC().Add(time.Duration(v.Nanoseconds))
		return fmt.Sprintf("%02d:%s", v.Nanoseconds/3_600_000_000_000, at.Format("04:05.000000"))
	case string:
		if t.Kind == catalog.UUID {
			raw, err := hex.DecodeString(strings.ReplaceAll(v, "-", ""))
			if err == nil {
				return raw
			}
		}
	case int64:
		const day = 86400
		switch t.Kind {
		case catalog.Date:
			return time.Unix(v*day, 0).UTC().Format("2006-01-02")
		case catalog.Timestamp, catalog.TimestampTZ:
			return time.UnixMicro(v).UTC().Format("2006-01-02 15:04:05.000000")
		}
	}
	return v
}

// Every type that the suite's harness names has a way in.
func TestHarnessWritesEveryType(t *testing.T) {
	for _, typ := range append(harness(mariaDB).Types, mySQL.types...) {
		if ddl(connectortest.Table{}, connectortest.Column{Type: typ}) == "" {
			t.Errorf("%s: no source type", typ)
		}
	}
}
