package testmaria

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/lianji/lianji/internal/testserver"
)

// Database is one test's database; it is dropped at the test's end.
type Database struct {
	Name           string
	Admin          string // URL of an account that may do everything
	Reader         string // URL of an account that may read this database and no other
	ReaderName     string
	ReaderPassword string // what must never be seen in an error or a log

	server *Server
	db     *sql.DB
}

var databases atomic.Int64

// Database makes an empty database for this test, in utf8mb4, and an account that
// may read what is in it.
func (s *Server) Database(tb testing.TB) *Database {
	tb.Helper()
	return s.Named(tb, fmt.Sprintf("test_%d", databases.Add(1)))
}

// Named makes an empty database of that name, instead of the one that is there.
func (s *Server) Named(tb testing.TB, name string) *Database {
	tb.Helper()
	reader, password := fmt.Sprintf("reader_%d", databases.Add(1)), testserver.NewPassword()
	d := &Database{
		Name: name, Admin: s.dsn(s.admin, s.adminPassword, name), Reader: s.dsn(reader, password, name),
		ReaderName: reader, ReaderPassword: password, server: s,
	}
	connector, err := mysql.NewConnector(s.config(""))
	if err != nil {
		tb.Fatal(err)
	}
	d.db = sql.OpenDB(connector)
	d.db.SetMaxIdleConns(1)
	tb.Cleanup(func() {
		if s.external || s.process.PID() != 0 { // else stopped by the test: its folder goes as a whole
			if err := run(d.db, "DROP DATABASE IF EXISTS "+quote(name)+"; DROP USER "+d.readerAccount()); err != nil {
				tb.Error(err)
			}
		}
		if err := d.db.Close(); err != nil {
			tb.Error(err)
		}
	})
	d.Create(tb, name)
	return d
}

// Create makes one more empty database, which this one's reader may read too. It is
// for the caller to drop.
func (d *Database) Create(tb testing.TB, name string) {
	tb.Helper()
	statements := "DROP DATABASE IF EXISTS " + quote(name) + "; CREATE DATABASE " + quote(name) + " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;" +
		"CREATE USER IF NOT EXISTS " + d.readerAccount() + " IDENTIFIED BY " + literal(d.ReaderPassword) + ";" +
		"GRANT SELECT, SHOW VIEW ON " + quote(pattern(name)) + ".* TO " + d.readerAccount()
	if err := run(d.db, statements); err != nil {
		tb.Fatal(err)
	}
}

func (d *Database) readerAccount() string { return "'" + d.ReaderName + "'@'%'" }

// config is the driver's way to the server as its administrator, for statements that
// may be several at once.
func (s *Server) config(database string) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = s.admin, s.adminPassword, database
	c.Net, c.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	c.MultiStatements, c.MaxAllowedPacket = true, 64<<20
	c.Params = map[string]string{"sql_mode": "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'", "time_zone": "'+00:00'"}
	c.Collation, c.Logger = "utf8mb4_bin", &mysql.NopLogger{}
	return c
}

// DB gives connections as the administrator, in this database. They are closed at
// the test's end.
func (d *Database) DB(tb testing.TB) *sql.DB {
	tb.Helper()
	connector, err := mysql.NewConnector(d.server.config(d.Name))
	if err != nil {
		tb.Fatal(err)
	}
	db := sql.OpenDB(connector)
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// Exec runs statements, separated by semicolons, as the administrator, in this
// database, in UTC, with ” as the only escape inside of quotes.
func (d *Database) Exec(tb testing.TB, statements string) {
	tb.Helper()
	if err := run(d.db, "USE "+quote(d.Name)+"; "+statements); err != nil {
		tb.Fatal(err)
	}
}

// Count runs a statement that gives one number, as the administrator.
func (d *Database) Count(tb testing.TB, statement string) int {
	tb.Helper()
	n := 0
	if err := d.db.QueryRowContext(tb.Context(), statement).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// run runs statements on one connection and reads their answers.
func run(db *sql.DB, statements string) error {
	rows, err := db.QueryContext(context.Background(), statements)
	if err != nil {
		return err
	}
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// pattern writes a name where GRANT would take a pattern.
func pattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, `_`, `\_`, `%`, `\%`).Replace(name)
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
