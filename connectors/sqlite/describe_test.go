package sqlite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
)

func TestDescribe(t *testing.T) {
	_, tables := described(t, scratch(t, `
		CREATE TABLE 人口 (编号 INTEGER PRIMARY KEY, 姓名 TEXT NOT NULL, "ä" TEXT, "Ä" VARCHAR(5), n2 INT GENERATED ALWAYS AS (编号 * 2) VIRTUAL, n3 INT AS (编号 * 3) STORED);
		CREATE TABLE keyed (a TEXT, b TEXT, c TEXT, d INT, "" INT, PRIMARY KEY (b, a));
		CREATE UNIQUE INDEX keyed_cd ON keyed (c, d);
		CREATE UNIQUE INDEX keyed_part ON keyed (c) WHERE d > 0;
		CREATE UNIQUE INDEX keyed_expression ON keyed (lower(c));
		CREATE INDEX keyed_d ON keyed (d);
		CREATE TABLE descending (id INTEGER PRIMARY KEY DESC);
		CREATE TABLE textkey (id TEXT PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE worowid (id INTEGER PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE strict (i INTEGER, r REAL, t TEXT, b BLOB, a ANY) STRICT;
		CREATE TABLE named ("rowid" TEXT);
		CREATE VIEW v AS SELECT 姓名, 编号 + 1 AS computed, CAST(编号 AS INTEGER) AS cast_, "Ä" FROM 人口;
		CREATE TABLE gone (x); CREATE VIEW broken AS SELECT x FROM gone; DROP TABLE gone;
		CREATE VIRTUAL TABLE words USING fts5(body);
		CREATE TRIGGER trig AFTER INSERT ON named BEGIN SELECT 1; END;`))
	text, whole := catalog.Type{Kind: catalog.Text}, catalog.Type{Kind: catalog.Int64}
	binary := catalog.Collation{Name: "BINARY", Binary: true}
	id := func(name string) catalog.TableID { return catalog.TableID{Schema: "main", Name: name} }
	want := map[string]*catalog.Table{
		"人口": {ID: id("人口"), Rows: -1, PrimaryKey: []string{"编号"}, Columns: []catalog.Column{
			{Name: "编号", SourceName: "编号", Type: whole, SourceType: "INTEGER PRIMARY KEY"},
			{Name: "姓名", SourceName: "姓名", Type: text, SourceType: "TEXT", NotNull: true, Collation: binary},
			{Name: "ä", SourceName: "ä", Type: text, SourceType: "TEXT", Collation: binary},
			{Name: "Ä", SourceName: "Ä", Type: text, SourceType: "VARCHAR(5)", Collation: binary},
			{Name: "n2", SourceName: "n2", Type: whole, SourceType: "INT"},
			{Name: "n3", SourceName: "n3", Type: whole, SourceType: "INT"},
		}},
		"keyed": {ID: id("keyed"), Rows: -1, PrimaryKey: []string{"b", "a"}, Unique: [][]string{{"c", "d"}}, Columns: []catalog.Column{
			{Name: "a", SourceName: "a", Type: text, SourceType: "TEXT", Collation: binary},
			{Name: "b", SourceName: "b", Type: text, SourceType: "TEXT", Collation: binary},
			{Name: "c", SourceName: "c", Type: text, SourceType: "TEXT", Collation: binary},
			{Name: "d", SourceName: "d", Type: whole, SourceType: "INT"},
			{Type: whole, SourceType: "INT"},
		}},
		// By an old mistake of SQLite's, kept for old files, this is no rowid and may hold text.
		"descending": {ID: id("descending"), Rows: -1, PrimaryKey: []string{"id"}, Columns: []catalog.Column{
			{Name: "id", SourceName: "id", Type: whole, SourceType: "INTEGER"}}},
		"textkey": {ID: id("textkey"), Rows: -1, PrimaryKey: []string{"id"}, Columns: []catalog.Column{
			{Name: "id", SourceName: "id", Type: text, SourceType: "TEXT", NotNull: true, Collation: binary}}},
		"worowid": {ID: id("worowid"), Rows: -1, PrimaryKey: []string{"id"}, Columns: []catalog.Column{
			{Name: "id", SourceName: "id", Type: whole, SourceType: "INTEGER", NotNull: true}}},
		"strict": {ID: id("strict"), Rows: -1, Columns: []catalog.Column{
			{Name: "i", SourceName: "i", Type: whole, SourceType: "INTEGER (STRICT)"},
			{Name: "r", SourceName: "r", Type: catalog.Type{Kind: catalog.Float64}, SourceType: "REAL (STRICT)"},
			{Name: "t", SourceName: "t", Type: text, SourceType: "TEXT (STRICT)", Collation: binary},
			{Name: "b", SourceName: "b", Type: catalog.Type{Kind: catalog.Blob}, SourceType: "BLOB (STRICT)"},
			{Name: "a", SourceName: "a", Type: text, SourceType: "ANY", Collation: binary},
		}},
		"named": {ID: id("named"), Rows: -1, Columns: []catalog.Column{
			{Name: "rowid", SourceName: "rowid", Type: text, SourceType: "TEXT", Collation: binary}}},
		"v": {ID: id("v"), View: true, Rows: -1, Columns: []catalog.Column{
			{Name: "姓名", SourceName: "姓名", Type: text, SourceType: "TEXT", Collation: binary},
			{Name: "computed", SourceName: "computed", Type: text, SourceType: "(none)", Collation: binary},
			{Name: "cast_", SourceName: "cast_", Type: whole, SourceType: "INT"},
			{Name: "Ä", SourceName: "Ä", Type: text, SourceType: "VARCHAR(5)", Collation: binary},
		}},
	}
	if diff := cmp.Diff(want, tables); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestDescribeCollations(t *testing.T) {
	for _, c := range []struct{ encoding, suffix string }{{"UTF-8", ""}, {"UTF-16le", " UTF-16"}, {"UTF-16be", " UTF-16"}} {
		path := scratch(t, "")
		db := writer(t, path)
		alone(t, db, "PRAGMA encoding = '"+c.encoding+"'")
		if err := db.SetCollation("pinyin", func(a, b string) int { return len(a) - len(b) }); err != nil {
			t.Fatal(err)
		}
		exec(t, db, `CREATE TABLE t (b TEXT, n TEXT COLLATE NOCASE, r TEXT COLLATE RTRIM, o TEXT UNIQUE COLLATE pinyin, u TEXT UNIQUE COLLATE NOCASE);
			CREATE INDEX t_b ON t (b COLLATE NOCASE);
			CREATE VIEW v AS SELECT b, n, r, o, u FROM t;
			INSERT INTO t VALUES ('a', 'a', 'a', 'a', 'a')`)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		src, tables := described(t, path)
		for _, table := range []string{"t", "v"} {
			for name, want := range map[string]string{"b": "BINARY", "n": "NOCASE", "r": "RTRIM", "o": "other", "u": "NOCASE"} {
				got := columnOf(t, tables[table], name).Collation
				if got.Name != want+c.suffix || got.Binary != (want+c.suffix == "BINARY") {
					t.Errorf("%s, %s.%s: %+v, want %s", c.encoding, table, name, got, want+c.suffix)
				}
				// A collation that only the writing program has stops views, which may sort by it,
				// and neither tables nor predicates.
				rows, err := read(t.Context(), t, src, where(t, tables[table], []string{name}, pred(t, tables[table], name, 1, "a")))
				if table == "v" && name == "o" {
					if e := wantCode(t, err, errs.NotSupported); !strings.Contains(e.Error(), "collation") {
						t.Errorf("%s: %v", c.encoding, e)
					}
				} else if err != nil || len(rows) != 1 {
					t.Errorf("%s, %s.%s = 'a': %v, %v", c.encoding, table, name, rows, err)
				}
			}
		}
	}
}

func TestRowEstimates(t *testing.T) {
	_, tables := described(t, scratch(t, `
		CREATE TABLE a (x INT); CREATE INDEX a_part ON a (x) WHERE x > 90; CREATE INDEX a_x ON a (x);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100) INSERT INTO a SELECT n FROM c;
		CREATE TABLE later (x); ANALYZE a; CREATE VIEW v AS SELECT x FROM a;`))
	for name, want := range map[string]int64{"a": 100, "later": -1, "v": -1} {
		if got := tables[name].Rows; got != want {
			t.Errorf("%s: %d rows, want %d", name, got, want)
		}
	}
}

// TestHostileFile: what a file from elsewhere declares cannot make the gateway do
// anything but read.
func TestHostileFile(t *testing.T) {
	path := scratch(t, `CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('a')`)
	db := writer(t, path)
	if err := db.CreateFunction(unreadableName, &sqlite.FunctionImpl{NArgs: 3, AllowIndirect: true,
		Scalar: func(sqlite.Context, []sqlite.Value) (sqlite.Value, error) { return sqlite.Value{}, nil }}); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `
		CREATE VIEW spoil AS SELECT lianji_unreadable(x, '机密', 'x') AS y FROM t;
		CREATE VIEW load AS SELECT load_extension('/tmp/x') AS y;
		CREATE VIEW pages AS SELECT * FROM sqlite_dbpage`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	src, tables := described(t, path)
	frag := connectors.Fragment{Table: tables["t"].ID, Columns: tables["t"].Columns}
	for _, sql := range []string{
		"SELECT y FROM spoil", "SELECT y FROM load", "SELECT data FROM pages", "SELECT load_extension('/tmp/x')",
		"INSERT INTO t VALUES ('b') RETURNING x", "DELETE FROM t RETURNING x", "UPDATE t SET x = 'b' RETURNING x",
		"CREATE TEMP TABLE z (x)", "DROP TABLE t", "ATTACH '/tmp/other.db' AS o", "VACUUM INTO '/tmp/lianji-copy.db'",
		"PRAGMA journal_mode = WAL", "PRAGMA writable_schema = ON", "PRAGMA query_only = OFF", "PRAGMA database_list",
		"PRAGMA encoding", "SELECT x FROM t; SELECT x FROM t", "",
	} {
		frag.SQL = sql
		if rows, err := read(t.Context(), t, src, frag); err == nil {
			t.Errorf("%s gives %v", sql, rows)
		}
	}
	rows, err := read(t.Context(), t, src, where(t, tables["t"], []string{"x"}))
	if err != nil || len(rows) != 1 || rows[0][0] != "a" {
		t.Errorf("after all that the table holds %v, %v", rows, err)
	}
}

// TestSessionIsLocked looks behind the authorizer, which alone refuses all that
// these refuse too.
func TestSessionIsLocked(t *testing.T) {
	src := openFile(t, scratch(t, `CREATE TABLE t (x TEXT)`))
	err := src.with(t.Context(), func(ctx context.Context, s *session) error {
		if n := s.db.Limit(sqlite.LimitAttached, -1); n != 0 {
			t.Errorf("%d databases may be attached", n)
		}
		if err := s.db.SetAuthorizer(nil); err != nil {
			return err
		}
		for pragma, want := range map[string]string{"query_only": "1", "trusted_schema": "0", "cell_size_check": "1", "mmap_size": "0"} {
			if err := s.query(ctx, "PRAGMA "+pragma, nil, func(stmt *sqlite.Stmt) error {
				if got := stmt.ColumnText(0); got != want {
					t.Errorf("%s is %s, want %s", pragma, got, want)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUnboundTypes(t *testing.T) {
	src, tables := described(t, scratch(t, `CREATE TABLE t (x TEXT)`))
	f := where(t, tables["t"], []string{"x"})
	f.SQL += " WHERE x = ?1"
	for _, v := range []catalog.Value{
		{Type: catalog.DecimalOf(5, 2), V: "1.00"}, {Type: catalog.Type{Kind: catalog.Timestamp}, V: int64(1)}, {Type: catalog.Type{Kind: catalog.Float64}, V: 1.5},
		{Type: catalog.Type{Kind: catalog.Time}, V: int64(1)}, {Type: catalog.Type{Kind: catalog.Uint64}, V: uint64(1)},
	} {
		f.Values = []catalog.Value{v}
		_, err := read(t.Context(), t, src, f)
		wantCode(t, err, errs.Internal)
	}
	f.Values = []catalog.Value{{Type: catalog.Type{Kind: catalog.Text}}}
	if rows, err := read(t.Context(), t, src, f); err != nil || len(rows) != 0 {
		t.Errorf("= NULL gives %v, %v", rows, err)
	}
	if _, err := src.Acquire(context.Background(), 0); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("Acquire(0): %v", err)
	}
}
