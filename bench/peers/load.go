package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/internal/oracle"
)

//go:embed schema.sql
var schema string

func schemaStatements() []string {
	var out []string
	for line := range strings.Lines(schema) {
		if !strings.HasPrefix(line, "--") {
			out = append(out, strings.TrimSuffix(strings.TrimSpace(line), ";"))
		}
	}
	return out
}

// loaded is the file that says that a database holds everything: the schema that it
// was loaded with. It is written last.
func (s *source) loaded() string { return filepath.Join(s.dir, "loaded.sql") }

func (s *source) isLoaded() bool {
	text, err := os.ReadFile(s.loaded())
	return err == nil && string(text) == schema
}

// load fills both databases through CSV files, which DuckDB writes from the
// generator's Parquet files.
func load(ctx context.Context, pg, my *source, parquet, temp string) error {
	if pg.isLoaded() && my.isLoaded() {
		return nil
	}
	say("loading TPC-H into PostgreSQL and MariaDB, once")
	ref, err := oracle.NewReference(ctx, memoryLimit)
	if err != nil {
		return err
	}
	defer ref.Close()
	into := map[*source]func(table, file string) error{}
	if !pg.isLoaded() {
		conn, err := pg.emptyPostgres(ctx)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		into[pg] = func(table, file string) error {
			in, err := os.Open(file)
			if err != nil {
				return err
			}
			defer in.Close()
			_, err = conn.PgConn().CopyFrom(ctx, in, "COPY "+table+" FROM STDIN (FORMAT csv)")
			return err
		}
	}
	if !my.isLoaded() {
		if err := my.emptyMaria(ctx); err != nil {
			return err
		}
		into[my] = func(table, file string) error {
			return my.maria(ctx, "SET unique_checks = 0", "SET foreign_key_checks = 0",
				"LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE "+table+" CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY ''")
		}
	}
	for _, table := range oracle.TPCHTables {
		file := filepath.Join(temp, table+".csv")
		if err := ref.Exec(ctx, "COPY (FROM '"+filepath.Join(parquet, table+".parquet")+"') TO '"+file+"' (FORMAT csv, HEADER false)"); err != nil {
			return err
		}
		for s, fill := range into {
			if err := fill(table, file); err != nil {
				return fmt.Errorf("loading %s into %s: %w", table, s.name, err)
			}
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return finish(ctx, pg, my)
}

// emptyPostgres makes the tables anew.
func (s *source) emptyPostgres(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, s.admin("postgres"))
	if err != nil {
		return nil, err
	}
	for _, text := range []string{"DROP DATABASE IF EXISTS " + database, "CREATE DATABASE " + database} {
		if _, err := conn.Exec(ctx, text); err != nil {
			return nil, err
		}
	}
	if err := conn.Close(ctx); err != nil {
		return nil, err
	}
	if conn, err = pgx.Connect(ctx, s.admin(database)); err != nil {
		return nil, err
	}
	for _, text := range schemaStatements() {
		if _, err := conn.Exec(ctx, text); err != nil {
			return nil, err
		}
	}
	return conn, nil
}

func (s *source) emptyMaria(ctx context.Context) error {
	root, err := s.openMaria("root", "", "")
	if err != nil {
		return err
	}
	defer root.Close()
	for _, text := range []string{"DROP DATABASE IF EXISTS " + database, "CREATE DATABASE " + database,
		"CREATE OR REPLACE USER '" + reader + "'@'%' IDENTIFIED BY '" + password + "'", "GRANT SELECT, SHOW VIEW ON " + database + ".* TO '" + reader + "'@'%'"} {
		if _, err := root.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return s.maria(ctx, schemaStatements()...)
}

// maria runs statements on one connection, as root.
func (s *source) maria(ctx context.Context, statements ...string) error {
	db, err := s.openMaria("root", "", database)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, text := range statements {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%.60s: %w", text, err)
		}
	}
	return nil
}

// finish gives both databases' planners their statistics, and says that they are whole.
func finish(ctx context.Context, pg, my *source) error {
	conn, err := pgx.Connect(ctx, pg.admin(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	// ANALYZE gives rows of its own: on a connection that reads nothing else.
	if err := my.maria(ctx, "ANALYZE TABLE "+strings.Join(oracle.TPCHTables, ", ")); err != nil {
		return err
	}
	for _, s := range []*source{pg, my} {
		if err := os.WriteFile(s.loaded(), []byte(schema), 0o644); err != nil {
			return err
		}
	}
	return nil
}
