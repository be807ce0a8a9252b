package testpg

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// ChineseICU makes a database whose default collation orders Chinese by pinyin:
// text compares otherwise than by code point there. It needs PostgreSQL 15.
const ChineseICU = "ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'zh-u-co-pinyin'"

// Database is one test's database; it is dropped at the test's end.
type Database struct {
	Name   string
	Admin  string // URL of its owner, a superuser
	Reader string // URL of the user "reader", who may read what the owner makes
}

var databases atomic.Int64

// Database makes an empty database for this test. Options are the words of
// CREATE DATABASE after the template, such as ChineseICU; without any it is UTF8
// in locale C. Tables and schemas that the owner makes are readable for the
// reader; a test that needs otherwise revokes that.
func (s *Server) Database(tb testing.TB, options ...string) *Database {
	tb.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	db := &Database{
		Name:   name,
		Admin:  s.dsn(admin, s.adminPassword, name),
		Reader: s.dsn(reader, s.readerPassword, name),
	}
	if len(options) == 0 {
		options = []string{"ENCODING 'UTF8' LOCALE 'C'"}
	}
	create := "CREATE DATABASE " + name + " TEMPLATE template0"
	for _, o := range options {
		create += " " + o
	}
	if err := s.exec("postgres", create); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if s.process.PID() == 0 {
			return // stopped by the test: its folder goes as a whole
		}
		if err := s.exec("postgres", "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	if err := s.exec(name, grants); err != nil {
		tb.Fatal(err)
	}
	return db
}

// grants hold for one database, so every new one gets them. Before version 15
// everybody could create in public.
const grants = `
	REVOKE CREATE ON SCHEMA public FROM PUBLIC;
	ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO ` + reader + `;
	ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ` + reader

// Exec runs statements, separated by semicolons, as the owner.
func (d *Database) Exec(tb testing.TB, sql string) {
	tb.Helper()
	if err := runSQL(d.Admin, sql); err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) exec(database, sql string) error {
	return runSQL(s.dsn(admin, s.adminPassword, database), sql)
}

func runSQL(dsn, sql string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

func (s *Server) createReader() error {
	conn, err := pgx.Connect(context.Background(), s.dsn(admin, s.adminPassword, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	literal, err := conn.PgConn().EscapeString(s.readerPassword)
	if err != nil {
		return err
	}
	_, err = conn.Exec(context.Background(), "CREATE ROLE "+reader+" LOGIN PASSWORD '"+literal+"'")
	return err
}
