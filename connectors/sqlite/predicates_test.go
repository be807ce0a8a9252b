package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
)

// variants of a file that the predicates must be exact in as well: the text's
// collation and encoding, and columns whose cells SQLite itself keeps to a class.
var variants = []struct {
	name, encoding, text, options string
}{
	{"NOCASE", "UTF-8", "TEXT COLLATE NOCASE", ""},
	{"RTRIM", "UTF-8", "TEXT COLLATE RTRIM", ""},
	{"text of NUMERIC affinity", "UTF-8", "JSON", ""},
	{"text without a type", "UTF-8", "", ""},
	{"STRICT", "UTF-8", "TEXT", "STRICT"},
	{"STRICT NOCASE", "UTF-8", "TEXT COLLATE NOCASE", "STRICT"},
	{"UTF-16le", "UTF-16le", "TEXT", ""},
	{"UTF-16be", "UTF-16be", "TEXT", ""},
}

func TestPredicatesInVariants(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			h := harness()
			h.Types = []catalog.Type{{Kind: catalog.Int64}, {Kind: catalog.Text}, {Kind: catalog.Blob}}
			if v.options == "" {
				h.Types = append(h.Types, catalog.Type{Kind: catalog.Date}, catalog.Type{Kind: catalog.Bool})
			}
			if v.text == "JSON" { // SQLite makes numbers of such texts
				h.Storable = func(_ catalog.Type, v any) bool { return v != "0" && v != "1e5" }
			}
			h.Load = func(tb testing.TB, tables []connectortest.Table) connectors.Config {
				return connectors.Config{Path: makeVariant(tb, tables[0], v.encoding, v.text, v.options)}
			}
			if v.encoding != "UTF-8" { // SQLite's conversion replaces this code point
				h.Storable = func(_ catalog.Type, v any) bool { return v != "\uffff" }
			}
			connectortest.RunOnly(t, h, "columns", "predicates", "predicate pairs")
		})
	}
}

func makeVariant(tb testing.TB, t connectortest.Table, encoding, text, options string) string {
	path := scratch(tb, "")
	db := writer(tb, path)
	alone(tb, db, "PRAGMA encoding = '"+encoding+"'")
	var parts []string
	for _, c := range t.Columns {
		declared := ddl(c.Type)
		switch {
		case c.Type.Kind == catalog.Text:
			declared = text
		case c.Type.Kind == catalog.Int64:
			declared = "INTEGER"
		}
		parts = append(parts, catalog.QuoteIdent(c.Name)+" "+declared)
	}
	exec(tb, db, "CREATE TABLE "+t.Name+" ("+strings.Join(parts, ", ")+") "+options)
	insert(tb, db, t)
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// TestWrongClassIsNeverCompared: a predicate that meets a cell of another class
// ends the query, also when the cell's column is not read.
func TestWrongClassIsNeverCompared(t *testing.T) {
	src, tables := described(t, scratch(t, `
		CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, b BOOLEAN, s TEXT, u, k TEXT UNIQUE, d DATE, x BLOB, "fake" "TEXT (STRICT)", r "INTEGER PRIMARY KEY");
		INSERT INTO t VALUES (1, 1, 1, 'a', 'a', 'a', '2024-02-29', x'00', 'a', 1);
		CREATE TABLE i AS SELECT * FROM t;`))
	good := map[string]any{"i": int64(1), "b": true, "s": "a", "u": "a", "k": "a", "d": int64(19782), "x": []byte{0}, "fake": "a", "r": int64(1)}
	for _, c := range []struct{ column, cell, found string }{
		{"i", "'abc'", "TEXT"}, {"i", "1.5", "REAL"}, {"i", "x'01'", "BLOB"},
		{"b", "2", "INTEGER"}, {"b", "'true'", "TEXT"},
		{"s", "x'61'", "BLOB"}, {"u", "5", "INTEGER"}, {"u", "5.5", "REAL"}, {"u", "x'61'", "BLOB"},
		{"k", "x'61'", "BLOB"},
		{"d", "'2024-02-30'", "TEXT"}, {"d", "'2024-2-9'", "TEXT"}, {"d", "20240229", "INTEGER"}, {"d", "'now'", "TEXT"}, {"d", "'2024-02-29 '", "TEXT"},
		{"x", "'text'", "TEXT"}, {"x", "1", "INTEGER"},
		{"fake", "x'61'", "BLOB"}, {"r", "'abc'", "TEXT"},
	} {
		t.Run(c.column+" holds "+c.cell, func(t *testing.T) {
			path := scratch(t, fmt.Sprintf(`
				CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, b BOOLEAN, s TEXT, u, k TEXT UNIQUE, d DATE, x BLOB, "fake" "TEXT (STRICT)", r "INTEGER PRIMARY KEY");
				INSERT INTO t VALUES (1, 1, 1, 'a', 'a', 'a', '2024-02-29', x'00', 'a', 1);
				INSERT INTO t (id, %s) VALUES (2, %s);`, c.column, c.cell))
			src, tables := described(t, path)
			table := tables["t"]
			v := good[c.column]
			for _, op := range []dialect.Op{dialect.Eq, dialect.Ne, dialect.Lt, dialect.Le, dialect.Gt, dialect.Ge, dialect.In} {
				_, err := read(t.Context(), t, src, where(t, table, []string{"id"}, pred(t, table, c.column, op, v)))
				e := wantCode(t, err, errs.ValueUnreadable)
				for _, part := range []string{"本地", "t", c.column, c.found} {
					if !strings.Contains(e.Error(), part) {
						t.Errorf("%s: %q does not name %q", op, e, part)
					}
				}
			}
			// Being NULL asks nothing of the cell.
			rows, err := read(t.Context(), t, src, where(t, table, []string{"id"}, pred(t, table, c.column, dialect.NotNull)))
			if err != nil || len(rows) != 2 {
				t.Errorf("IS NOT NULL gives %v, %v", rows, err)
			}
			// And reading it is an error as well.
			if _, err := read(t.Context(), t, src, where(t, table, []string{c.column})); err == nil {
				t.Errorf("the cell %s is read without an error", c.cell)
			}
		})
	}
	// Without such cells the same predicates are answered.
	table := tables["t"]
	for name, v := range good {
		rows, err := read(t.Context(), t, src, where(t, table, []string{"id"}, pred(t, table, name, dialect.Eq, v)))
		if err != nil || len(rows) != 1 {
			t.Errorf("%s = %v gives %v, %v", name, v, rows, err)
		}
	}
}

// TestPredicatesUseIndexes: where a cell of another class cannot exist or a key's
// index shows that none does, a look-up is a search.
func TestPredicatesUseIndexes(t *testing.T) {
	path := scratch(t, `
		CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT UNIQUE, s TEXT, i INTEGER);
		CREATE TABLE p (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
		CREATE TABLE st (i INTEGER, s TEXT) STRICT;
		CREATE INDEX st_i ON st (i); CREATE INDEX st_s ON st (s);`)
	_, tables := described(t, path)
	db := writer(t, path)
	defer db.Close()
	if err := db.CreateFunction(unreadableName, &sqlite.FunctionImpl{NArgs: 3, Scalar: func(sqlite.Context, []sqlite.Value) (sqlite.Value, error) { return sqlite.Value{}, nil }}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		table, column string
		op            dialect.Op
		values        []any
		search        bool
	}{
		{"t", "id", dialect.Eq, []any{int64(1)}, true},
		{"t", "id", dialect.Ge, []any{int64(1)}, true},
		{"t", "k", dialect.Eq, []any{"a"}, true},
		{"t", "k", dialect.In, []any{"a", "b"}, true},
		{"t", "s", dialect.Eq, []any{"a"}, false},
		{"t", "i", dialect.Eq, []any{int64(1)}, false},
		{"p", "a", dialect.Eq, []any{"a"}, true},
		{"st", "i", dialect.Lt, []any{int64(1)}, true},
		{"st", "s", dialect.In, []any{"a", "b"}, true},
		{"st", "s", dialect.Gt, []any{"a"}, true},
	} {
		table := tables[c.table]
		f := where(t, table, []string{c.column}, pred(t, table, c.column, c.op, c.values...))
		var plan []string
		stmt, _, err := db.PrepareTransient("EXPLAIN QUERY PLAN " + f.SQL)
		if err != nil {
			t.Fatal(err)
		}
		for {
			row, err := stmt.Step()
			if err != nil {
				t.Fatal(err)
			}
			if !row {
				break
			}
			plan = append(plan, stmt.GetText("detail"))
		}
		if err := stmt.Finalize(); err != nil {
			t.Fatal(err)
		}
		scan := slices.ContainsFunc(plan, func(s string) bool { return strings.HasPrefix(s, "SCAN") && !strings.Contains(s, "SCAN m") })
		if scan == c.search {
			t.Errorf("%s.%s %s: a search is %t, the plan is %q", c.table, c.column, c.op, c.search, plan)
		}
	}
}
