package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"
)

// own is a source asked straight by its Go driver, which reads the bytes and makes
// nothing of them: what no gateway can go below. PostgreSQL answers by COPY BINARY, a
// look-up by pgx as a program would write it; MariaDB in its text protocol, a look-up
// by a prepared statement.
type own struct {
	pg    *pgx.Conn
	maria *sql.DB
	point *sql.Stmt
}

func openOwn(ctx context.Context, pg, my *source) (*own, error) {
	conn, err := pgx.Connect(ctx, pg.url()+"?sslmode=disable")
	if err != nil {
		return nil, err
	}
	db, err := my.openMaria(reader, password, database)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &own{pg: conn, maria: db}, nil
}

func (o *own) name() string       { return "the source itself" }
func (o *own) takes(w *work) bool { return w.kind != several }

func (o *own) run(ctx context.Context, s statement, use feed) (time.Duration, int64, error) {
	postgres := s.source() == "pg"
	s = s.rename("$2")
	switch {
	case !postgres:
		return o.runMaria(ctx, s, use)
	case s.key != nil && use == nil:
		return o.pointPostgres(ctx, s)
	}
	return o.runPostgres(ctx, s, use)
}

func (o *own) runPostgres(ctx context.Context, s statement, use feed) (time.Duration, int64, error) {
	begun := time.Now()
	if use == nil {
		tag, err := o.pg.PgConn().CopyTo(ctx, io.Discard, "COPY ("+s.literal()+") TO STDOUT (FORMAT binary)")
		return time.Since(begun), tag.RowsAffected(), err
	}
	lines := &lineFeed{schema: s.schema, use: use}
	tag, err := o.pg.PgConn().CopyTo(ctx, lines, "COPY ("+s.literal()+") TO STDOUT")
	return time.Since(begun), tag.RowsAffected(), err
}

func (o *own) pointPostgres(ctx context.Context, s statement) (time.Duration, int64, error) {
	begun := time.Now()
	rows, err := o.pg.Query(ctx, s.sql, *s.key)
	if err != nil {
		return 0, 0, err
	}
	var n int64
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			return 0, 0, err
		}
		n++
	}
	return time.Since(begun), n, rows.Err()
}

func (o *own) runMaria(ctx context.Context, s statement, use feed) (time.Duration, int64, error) {
	var rows *sql.Rows
	var err error
	begun := time.Now()
	if s.key == nil {
		rows, err = o.maria.QueryContext(ctx, s.sql)
	} else {
		if o.point == nil {
			if o.point, err = o.maria.PrepareContext(ctx, strings.ReplaceAll(s.sql, "$1", "?")); err != nil {
				return 0, 0, err
			}
		}
		rows, err = o.point.QueryContext(ctx, *s.key)
	}
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, 0, err
	}
	raw := make([]sql.RawBytes, len(columns))
	targets := make([]any, len(columns))
	for i := range raw {
		targets[i] = &raw[i]
	}
	var n int64
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return 0, 0, err
		}
		n++
		if use == nil {
			continue
		}
		row := make([]any, len(raw))
		for i, text := range raw {
			if row[i], err = cell(string(text), s.schema.Field(i).Type); err != nil {
				return 0, 0, err
			}
		}
		if err := use(s.schema, [][]any{row}); err != nil {
			return 0, 0, err
		}
	}
	return time.Since(begun), n, rows.Err()
}

// lineFeed reads COPY's text. TPC-H's texts have neither tabs nor backslashes, and no
// value is NULL.
type lineFeed struct {
	schema *arrow.Schema
	use    feed
	rest   []byte
}

func (l *lineFeed) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte{'\n'})
		if !found {
			return len(p), nil
		}
		var row []any
		for i, text := range bytes.Split(line, []byte{'\t'}) {
			value, err := cell(string(text), l.schema.Field(i).Type)
			if err != nil {
				return 0, err
			}
			row = append(row, value)
		}
		if err := l.use(l.schema, [][]any{row}); err != nil {
			return 0, err
		}
		l.rest = append(l.rest[:0], rest...)
	}
}
