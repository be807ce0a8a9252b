package mysql_test

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
)

// source is an open source on one database, for a test.
type source struct {
	testing.TB
	connectors.Source
	alloc *memory.CheckedAllocator
}

func open(tb testing.TB, dsn string, connections int) *source {
	tb.Helper()
	src, err := mysql.Open(tb.Context(), connectors.Config{Name: "sj", Kind: "mysql", DSN: dsn, Connections: connections})
	if err != nil {
		tb.Fatal(err)
	}
	s := &source{TB: tb, Source: src, alloc: memory.NewCheckedAllocator(memory.NewGoAllocator())}
	tb.Cleanup(func() {
		if err := src.Close(); err != nil {
			tb.Error(err)
		}
		s.alloc.AssertSize(tb, 0)
	})
	return s
}

// table describes the source anew and finds a table by name.
func (s *source) table(name string) *catalog.Table {
	s.Helper()
	tables, err := s.Describe(s.Context())
	if err != nil {
		s.Fatal(detail(err))
	}
	for _, t := range tables {
		if t.ID.Name == name {
			return t
		}
	}
	s.Fatalf("no table %s", name)
	return nil
}

// acquire takes one place; it is released at the test's end at the latest.
func (s *source) acquire() connectors.Conn {
	s.Helper()
	conns, err := s.Acquire(s.Context(), 1)
	if err != nil {
		s.Fatal(detail(err))
	}
	s.Cleanup(conns[0].Release)
	return conns[0]
}

// statement is a fragment of one BIGINT column.
func (s *source) statement(sql string) connectors.Fragment {
	return connectors.Fragment{SQL: sql, Alloc: s.alloc, Columns: []catalog.Column{{Name: "n", SourceName: "n", Type: catalog.Type{Kind: catalog.Int64}}}}
}

// fragment is the scan of columns of t.
func (s *source) fragment(t *catalog.Table, columns []catalog.Column) connectors.Fragment {
	sql, values := dialect.For("mysql").Scan(t, columns, nil)
	return connectors.Fragment{SQL: sql, Values: values, Table: t.ID, Columns: columns, Alloc: s.alloc}
}

func (s *source) rows(conn connectors.Conn, f connectors.Fragment) ([][]any, error) {
	return readAll(s.Context(), conn, f)
}

func readAll(ctx context.Context, conn connectors.Conn, f connectors.Fragment) ([][]any, error) {
	stream, err := conn.Scan(ctx, f)
	if err != nil {
		return nil, err
	}
	defer stream.Release()
	var rows [][]any
	for stream.Next() {
		b := stream.RecordBatch()
		for i := range int(b.NumRows()) {
			row := make([]any, b.NumCols())
			for c, a := range b.Columns() {
				if row[c], err = connectortest.Cell(a, i); err != nil {
					return nil, err
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, stream.Err()
}

// detail gives an error with what the operator would see of it.
func detail(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return string(e.Code) + "/" + e.ID + ": " + e.Error() + " [" + e.Detail + "]"
	}
	if err == nil {
		return "no error"
	}
	return err.Error()
}
