package oracle

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
)

// Fill makes tables in a source under the last part of their paths: target is a
// URL for PostgreSQL (its schema public), a file for SQLite and DuckDB (schema
// main), made when it is not there.
func Fill(ctx context.Context, f Flavour, target string, tables []Table) error {
	var statements []string
	for _, t := range tables {
		statements = append(statements, f.Statements(catalog.QuoteIdent(t.Name()), t)...)
	}
	switch f {
	case MySQL:
		return errors.New("MySQL is filled by its own Statements")
	case PostgreSQL:
		return execPostgres(ctx, target, append(statements, "ANALYZE"))
	case SQLite:
		return execSQLite(target, statements)
	}
	r, err := openReference(ctx, target)
	if err != nil {
		return err
	}
	err = r.Exec(ctx, statements...)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return err
}

func execPostgres(ctx context.Context, url string, statements []string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%.200s: %w", s, err)
		}
	}
	return nil
}

func execSQLite(file string, statements []string) (err error) {
	conn, err := sqlite.OpenConn(file)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := conn.Close(); err == nil {
			err = cerr
		}
	}()
	defer sqlitex.Save(conn)(&err)
	for _, s := range statements {
		if err := sqlitex.ExecuteTransient(conn, s, nil); err != nil {
			return fmt.Errorf("%.200s: %w", s, err)
		}
	}
	return nil
}

func (d dataset) fillSQLite(ctx context.Context, r *Reference, file, dir string, tables []string) (err error) {
	conn, err := sqlite.OpenConn(file)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := conn.Close(); err == nil {
			err = cerr
		}
	}()
	for _, t := range tables {
		if err := d.copyToSQLite(ctx, r, conn, dir, t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return nil
}

func (d dataset) copyToSQLite(ctx context.Context, r *Reference, conn *sqlite.Conn, dir, table string) (err error) {
	defer sqlitex.Save(conn)(&err)
	if err := sqlitex.ExecuteTransient(conn, d.createTable(table, SQLite), nil); err != nil {
		return err
	}
	columns := d.columnsOf(table, SQLite)
	insert := "INSERT INTO " + table + " VALUES (?"
	for range columns[1:] {
		insert += ", ?"
	}
	stmt, err := conn.Prepare(insert + ")")
	if err != nil {
		return err
	}
	return r.eachRow(ctx, d.selectTable(dir, table, SQLite), func(row []any) error {
		for i, cell := range row {
			if err := bindSQLite(stmt, i+1, columns[i].Type, cell); err != nil {
				return err
			}
		}
		if _, err := stmt.Step(); err != nil {
			return err
		}
		return stmt.Reset()
	})
}

// bindSQLite binds a cell of a Result as SQLite's connector reads it back.
func bindSQLite(stmt *sqlite.Stmt, i int, t catalog.Type, cell any) error {
	switch v := cell.(type) {
	case nil:
		stmt.BindNull(i)
	case int64:
		if t.Kind == catalog.Date {
			stmt.BindText(i, dateText(v))
		} else {
			stmt.BindInt64(i, v)
		}
	case string:
		if t.Kind != catalog.Decimal {
			stmt.BindText(i, v)
			return nil
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return err
		}
		if f == math.Trunc(f) {
			stmt.BindInt64(i, int64(f))
		} else {
			stmt.BindFloat(i, f)
		}
	default:
		return fmt.Errorf("a cell of type %T", cell)
	}
	return nil
}
