package dialect_test

import (
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
)

func sqliteTextColumn(name, collation string) catalog.Column {
	return catalog.Column{Name: name, SourceName: name, Type: catalog.Type{Kind: catalog.Text}, SourceType: "TEXT",
		Collation: catalog.Collation{Name: collation, Binary: collation == "BINARY"}}
}

func sqliteColumnOf(name string, kind catalog.Kind, declared string) catalog.Column {
	return catalog.Column{Name: name, SourceName: name, Type: catalog.Type{Kind: kind}, SourceType: declared}
}

func predicate(c catalog.Column, op dialect.Op, values ...any) dialect.Predicate {
	p := dialect.Predicate{Column: c, Op: op}
	for _, v := range values {
		p.Values = append(p.Values, catalog.Value{Type: c.Type, V: v})
	}
	return p
}

func TestSQLiteVerdicts(t *testing.T) {
	text, folded := sqliteTextColumn("c", "BINARY"), sqliteTextColumn("c", "NOCASE")
	wide, unknown := sqliteTextColumn("c", "BINARY UTF-16"), sqliteTextColumn("c", "")
	number := sqliteColumnOf("c", catalog.Int64, "INTEGER")
	day := sqliteColumnOf("c", catalog.Date, "DATE")
	money := catalog.Column{Name: "c", SourceName: "c", Type: catalog.DecimalOf(10, 2), SourceType: "DECIMAL(10,2)"}
	long := make([]any, 1001)
	for i := range long {
		long[i] = int64(i)
	}
	mixed := predicate(number, dialect.Eq)
	mixed.Values = []catalog.Value{{Type: text.Type, V: "1"}}
	for _, c := range []struct {
		what string
		p    dialect.Predicate
		want dialect.Verdict
	}{
		{"a whole number", predicate(number, dialect.Lt, int64(5)), dialect.Exact},
		{"a list", predicate(number, dialect.In, long[:1000]...), dialect.Exact},
		{"a list that is too long", predicate(number, dialect.In, long...), dialect.None},
		{"an empty list", predicate(number, dialect.In), dialect.None},
		{"two values for one", predicate(number, dialect.Eq, int64(1), int64(2)), dialect.None},
		{"no operator", predicate(number, 0, int64(1)), dialect.None},
		{"an operator to come", predicate(number, dialect.NotNull+1, int64(1)), dialect.None},
		{"NULL", predicate(number, dialect.Ne, nil), dialect.None},
		{"NULL in a list", predicate(number, dialect.In, int64(1), nil), dialect.None},
		{"a value of another type", mixed, dialect.None},
		{"a value that is not its type's", predicate(number, dialect.Eq, "5"), dialect.None},
		{"text", predicate(text, dialect.Ge, "中"), dialect.Exact},
		{"text under another collation, compared by bytes", predicate(folded, dialect.Ge, "中"), dialect.Exact},
		{"text that is not UTF-8", predicate(text, dialect.Eq, "\xff"), dialect.None},
		{"equal text in UTF-16", predicate(wide, dialect.Ne, "中"), dialect.Exact},
		{"ordered text in UTF-16", predicate(wide, dialect.Lt, "中"), dialect.None},
		{"what the conversion changes", predicate(wide, dialect.In, "a", "\uffff"), dialect.None},
		{"the same in UTF-8", predicate(text, dialect.In, "a", "\uffff"), dialect.Exact},
		{"ordered text of unknown encoding", predicate(unknown, dialect.Gt, "a"), dialect.None},
		{"a day", predicate(day, dialect.Eq, int64(2932896)), dialect.Exact},
		{"a day after 9999", predicate(day, dialect.Eq, int64(2932897)), dialect.None},
		{"a day before 0000", predicate(day, dialect.Eq, int64(-719529)), dialect.None},
		{"a decimal", predicate(money, dialect.Eq, "0.05"), dialect.None},
		{"a decimal's being NULL", predicate(money, dialect.IsNull), dialect.Exact},
		{"a double", predicate(sqliteColumnOf("c", catalog.Float64, "REAL"), dialect.Eq, 1.5), dialect.None},
		{"a moment", predicate(sqliteColumnOf("c", catalog.Timestamp, "TIMESTAMP"), dialect.Eq, int64(0)), dialect.None},
		{"a column that cannot be read", predicate(sqliteColumnOf("c", catalog.Invalid, "X"), dialect.IsNull), dialect.None},
	} {
		got, reason := dialect.For("sqlite").Verdict(c.p)
		if got != c.want || (got == dialect.Exact) != (reason == "") {
			t.Errorf("%s: %s (%q), want %s", c.what, got, reason, c.want)
		}
	}
}

func TestSQLiteScan(t *testing.T) {
	id := sqliteColumnOf("编号", catalog.Int64, "INTEGER PRIMARY KEY")
	name := sqliteTextColumn(`a"b'c`, "BINARY")
	key := sqliteTextColumn("key", "BINARY")
	table := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: `t"`}, Columns: []catalog.Column{id, name, key}, PrimaryKey: []string{"key"}}
	for _, c := range []struct {
		columns []catalog.Column
		preds   []dialect.Predicate
		want    string
	}{
		{[]catalog.Column{name, id}, nil, `SELECT t."a""b'c", t."编号" FROM "main"."t""" AS t`},
		{[]catalog.Column{id}, []dialect.Predicate{predicate(id, dialect.In, int64(1), int64(2)), predicate(name, dialect.IsNull)},
			`SELECT t."编号" FROM "main"."t""" AS t WHERE t."编号" IN (?1, ?2) AND t."a""b'c" IS NULL`},
		{[]catalog.Column{id}, []dialect.Predicate{predicate(id, dialect.Gt, int64(1)), predicate(name, dialect.Ne, "x")},
			`SELECT t."编号" FROM "main"."t""" AS t WHERE t."编号" > ?1 AND CASE WHEN typeof(t."a""b'c") = 'text'` +
				` THEN (+t."a""b'c") COLLATE BINARY <> ?2 WHEN t."a""b'c" IS NOT NULL THEN lianji_unreadable(t."a""b'c", 'a"b''c', 'TEXT') END`},
		{[]catalog.Column{id}, []dialect.Predicate{predicate(key, dialect.Eq, "x")},
			`SELECT t."编号" FROM "main"."t""" AS t WHERE (t."key" COLLATE BINARY = ?1 AND (SELECT CASE typeof(m.v) WHEN 'blob' THEN` +
				` lianji_unreadable(m.v, 'key', 'TEXT') END FROM (SELECT max(g."key" COLLATE BINARY) AS v FROM "main"."t""" AS g) AS m) IS NULL)`},
	} {
		got, values := dialect.For("sqlite").Scan(table, c.columns, c.preds)
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		var want []any
		for _, p := range c.preds {
			for _, v := range p.Values {
				want = append(want, v.V)
			}
		}
		if !slices.EqualFunc(values, want, func(v catalog.Value, w any) bool { return v.V == w }) {
			t.Errorf("values %v, want %v", values, want)
		}
	}
}

// FuzzSQLiteText gives the real engine a table and a column of any names and a
// text of any content: the statement must read exactly that column of that table
// and find exactly that text.
func FuzzSQLiteText(f *testing.F) {
	for _, s := range []string{"a", `"`, `""`, `'`, "`", "[x]", `a"b`, `"; DROP TABLE other; --`, "' OR 1=1 --", "?1", ":a", "中文", "😀", "\n", "\\", "/*", "a\x00b", "rowid", "t", "NULL", ""} {
		f.Add(s, "c", "value")
		f.Add("t", s, "value")
		f.Add("t", "c", s)
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, table, column, value string) {
		// A name with NUL ends there for SQLite, and sqlite_ is its own.
		if strings.ContainsRune(table+column, 0) || strings.HasPrefix(strings.ToLower(table), "sqlite_") || strings.EqualFold(table, "other") {
			t.Skip("no such name can exist in SQLite")
		}
		db := sqliteDatabase(t, table, column, value)
		c := sqliteTextColumn(column, "BINARY")
		described := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: table}, Columns: []catalog.Column{c}}
		for _, key := range [][]string{nil, {column}} {
			described.PrimaryKey = key
			for _, p := range [][]dialect.Predicate{nil, {predicate(c, dialect.Eq, value)}, {predicate(c, dialect.In, value, "x")}, {predicate(c, dialect.Ge, value), predicate(c, dialect.Le, value)}} {
				for _, one := range p {
					if v, _ := dialect.For("sqlite").Verdict(one); v != dialect.Exact {
						return // text that is not UTF-8 is not sent
					}
				}
				sql, values := dialect.For("sqlite").Scan(described, []catalog.Column{c}, p)
				if got := sqliteRead(t, db, sql, values, table, column); len(got) != 1 || got[0] != value {
					t.Errorf("%s gives %q, want %q", sql, got, value)
				}
			}
		}
	})
}

// sqliteDatabase makes the table with its one row, beside a table that nobody may read.
// The names get into the schema as values, so that quoting is not proved by itself.
func sqliteDatabase(t *testing.T, table, column, value string) *sqlite.Conn {
	t.Helper()
	db, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite|sqlite.OpenMemory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	sqliteRun(t, db, `CREATE TABLE other (secret TEXT)`)
	sqliteRun(t, db, `INSERT INTO other VALUES ('secret')`)
	var create string
	for row := range sqliteRun(t, db, `SELECT printf('CREATE TABLE "%w" ("%w" TEXT)', ?1, ?2)`, table, column) {
		create = row
	}
	sqliteRun(t, db, create)
	var insert string
	for row := range sqliteRun(t, db, `SELECT printf('INSERT INTO "%w" VALUES (?1)', ?1)`, table) {
		insert = row
	}
	sqliteRun(t, db, insert, value)
	found := sqliteRun(t, db, `SELECT c.name FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS c WHERE l.name = ?1`, table)
	if !found[column] {
		t.Fatalf("table %q with column %q was not made: %v", table, column, found)
	}
	if err := db.CreateFunction("lianji_unreadable", &sqlite.FunctionImpl{NArgs: 3, Scalar: func(sqlite.Context, []sqlite.Value) (sqlite.Value, error) {
		t.Error("lianji_unreadable is called")
		return sqlite.Value{}, nil
	}}); err != nil {
		t.Fatal(err)
	}
	return db
}

func sqliteRun(t *testing.T, db *sqlite.Conn, sql string, args ...string) map[string]bool {
	t.Helper()
	stmt, trailing, err := db.PrepareTransient(sql)
	if err != nil || trailing != 0 {
		t.Fatalf("%s: %v, %d bytes behind it", sql, err, trailing)
	}
	for i, a := range args {
		stmt.BindText(i+1, a)
	}
	out := map[string]bool{}
	for {
		row, err := stmt.Step()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if !row {
			break
		}
		out[stmt.ColumnText(0)] = true
	}
	if err := stmt.Finalize(); err != nil {
		t.Fatal(err)
	}
	return out
}

// sqliteRead runs a statement that may read that column and nothing else.
func sqliteRead(t *testing.T, db *sqlite.Conn, sql string, values []catalog.Value, table, column string) []string {
	t.Helper()
	err := db.SetAuthorizer(sqlite.AuthorizeFunc(func(a sqlite.Action) sqlite.AuthResult {
		switch a.Type() {
		case sqlite.OpSelect, sqlite.OpFunction:
			return sqlite.AuthResultOK
		case sqlite.OpRead:
			// SQLite names derived tables and whole rows too, by names of its own.
			if (a.Table() == table && (a.Column() == column || a.Column() == "")) || a.Table() == "m" {
				return sqlite.AuthResultOK
			}
		}
		t.Errorf("the statement does more than it should: %s", a)
		return sqlite.AuthResultDeny
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.SetAuthorizer(nil); err != nil {
			t.Error(err)
		}
	}()
	stmt, trailing, err := db.PrepareTransient(sql)
	if err != nil || trailing != 0 {
		t.Fatalf("%s: %v, %d bytes behind it", sql, err, trailing)
	}
	if stmt.BindParamCount() != len(values) {
		t.Fatalf("%s has %d places for %d values", sql, stmt.BindParamCount(), len(values))
	}
	for i, v := range values {
		stmt.BindText(i+1, v.V.(string))
	}
	var out []string
	for {
		row, err := stmt.Step()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if !row {
			break
		}
		out = append(out, stmt.ColumnText(0))
	}
	if err := stmt.Finalize(); err != nil {
		t.Fatal(err)
	}
	return out
}
