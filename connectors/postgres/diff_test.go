package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner/dialect"
)

// source is an open source on one database, for a test.
type source struct {
	testing.TB
	connectors.Source
	alloc  *memory.CheckedAllocator
	alone  bool // of its fragments
	tables []*catalog.Table
}

func open(tb testing.TB, dsn string, connections int) *source {
	tb.Helper()
	src, err := postgres.Open(tb.Context(), connectors.Config{Name: "mz", Kind: "postgres", DSN: dsn, Connections: connections})
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
	s.tables = tables
	for _, t := range tables {
		if t.ID.Name == name {
			return t
		}
	}
	s.Fatalf("no table %s", name)
	return nil
}

func (s *source) acquire() connectors.Conn {
	s.Helper()
	conns, err := s.Acquire(s.Context(), 1)
	if err != nil {
		s.Fatal(detail(err))
	}
	s.Cleanup(conns[0].Release)
	return conns[0]
}

func (s *source) fragment(t *catalog.Table, columns []catalog.Column, preds ...dialect.Predicate) connectors.Fragment {
	sql, values := dialect.For("postgres").Scan(t, columns, preds)
	return connectors.Fragment{SQL: sql, Values: values, Table: t.ID, Columns: columns, Alloc: s.alloc, Alone: s.alone}
}

// statement is a fragment of one bigint column.
func (s *source) statement(sql string) connectors.Fragment {
	return connectors.Fragment{SQL: sql, Table: catalog.TableID{Schema: "public", Name: "t"}, Alloc: s.alloc, Alone: s.alone,
		Columns: []catalog.Column{{Name: "n", SourceName: "n", Type: catalog.Type{Kind: catalog.Int64}}}}
}

// rows reads all of a fragment.
func (s *source) rows(conn connectors.Conn, f connectors.Fragment) ([][]any, error) {
	s.Helper()
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
			for c := range row {
				if row[c], err = connectortest.Cell(b.Column(c), i); err != nil {
					return nil, err
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, stream.Err()
}

var everyOp = []dialect.Op{dialect.Eq, dialect.Ne, dialect.Lt, dialect.Le, dialect.Gt, dialect.Ge, dialect.In}

// wanted is what DuckDB keeps of texts: it compares by bytes.
func wanted(op dialect.Op, v, with string) bool {
	c := strings.Compare(v, with)
	return map[dialect.Op]bool{
		dialect.Eq: c == 0, dialect.Ne: c != 0, dialect.Lt: c < 0, dialect.Le: c <= 0, dialect.Gt: c > 0, dialect.Ge: c >= 0, dialect.In: c == 0,
	}[op]
}

// Text in every collation and under every type that is read as text: a predicate
// that is called exact keeps the rows whose text, as it is read without it,
// compares so by bytes.
func TestTextPredicatesAreExact(t *testing.T) {
	const collations = `
		CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
		CREATE COLLATION german (provider = icu, locale = 'de-u-kn', deterministic = true);
		CREATE EXTENSION citext;
		CREATE TYPE mood AS ENUM ('b', 'a', 'A', 'a ', '中', 'ä');
		CREATE DOMAIN code AS char(4);`
	texts := []string{"", " ", "a", "a ", "A", "b", "B", "ab", "a-b", "ä", "a\u0308", "中", "阿", "\uffff", "\U0001f600", "é", "10", "9"}
	for _, c := range []struct {
		name, options, ddl string
		values             []string
		asciiOnly          bool // beyond ASCII the verdict must be none
	}{
		{"C", "", "text", texts, false},
		{"varchar", "", "varchar(20)", texts, false},
		{"name", "", "name", texts, false},
		{"char", "", "char(4)", texts, false},
		{"domain over char", "", "code", texts, false},
		{"pinyin", testpg.ChineseICU, "text", texts, false},
		{"char in pinyin", testpg.ChineseICU, "char(4)", texts, false},
		{"german", "", "text COLLATE german", texts, false},
		{"nothing but the base letter", "", "text COLLATE folded", texts, false},
		{"char of base letters", "", "char(4) COLLATE folded", texts, false},
		{"citext", "", "citext", texts, false},
		{"enum", "", "mood", []string{"b", "a", "A", "a ", "中", "ä"}, false},
		{"latin1", "ENCODING 'LATIN1' LOCALE 'C'", "text", []string{"", "a", "A", "ä", "é", "z", "a "}, true},
		{"C.UTF-8 of the C library", "ENCODING 'UTF8' LOCALE 'C.UTF-8'", "text", texts, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := testpg.Start(t).Database(t, slices.DeleteFunc([]string{c.options}, func(s string) bool { return s == "" })...)
			setup := collations
			if c.asciiOnly {
				setup = ""
			}
			sql := setup + "CREATE TABLE t (v " + c.ddl + "); CREATE INDEX ON t (v); INSERT INTO t VALUES (NULL)"
			for _, v := range c.values {
				sql += ", (" + literal(v) + ")"
			}
			db.Exec(t, sql)
			s := open(t, db.Reader, 1)
			table := s.table("t")
			conn := s.acquire()
			all, err := s.rows(conn, s.fragment(table, table.Columns))
			if err != nil {
				t.Fatal(detail(err))
			}
			exact := 0
			for _, op := range everyOp {
				for _, v := range append(slices.Clone(texts), "absent", "a  ", "\u00ff") {
					value := catalog.Value{Type: table.Columns[0].Type, V: v}
					p := dialect.Predicate{Column: table.Columns[0], Op: op, Values: []catalog.Value{value}}
					if op == dialect.In {
						p.Values = append(p.Values, catalog.Value{Type: value.Type, V: "zzz"})
					}
					verdict, reason := dialect.For("postgres").Verdict(p)
					ascii := strings.IndexFunc(v, func(r rune) bool { return r > 127 }) < 0
					if want := ascii || !c.asciiOnly; (verdict == dialect.Exact) != want {
						t.Errorf("%s %+q: verdict %s (%s)", op, v, verdict, reason)
					}
					if verdict == dialect.None {
						continue
					}
					exact++
					got, err := s.rows(conn, s.fragment(table, table.Columns, p))
					if err != nil {
						t.Fatalf("%s %+q: %s", op, v, detail(err))
					}
					if want := filtered(all, op, v); !slices.Equal(sorted(got), sorted(want)) {
						t.Errorf("%s %+q keeps %q, want %q", op, v, sorted(got), sorted(want))
					}
				}
			}
			t.Logf("%s: collation %+v, %d predicates sent", table.Columns[0].SourceType, table.Columns[0].Collation, exact)
		})
	}
}

func filtered(rows [][]any, op dialect.Op, with string) (kept [][]any) {
	for _, r := range rows {
		if r[0] != nil && wanted(op, r[0].(string), with) {
			kept = append(kept, r)
		}
	}
	return kept
}

func sorted(rows [][]any) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("%+q", r[0])
	}
	slices.Sort(out)
	return out
}
