package sqlite

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
)

func TestConformance(t *testing.T) { connectortest.Run(t, harness()) }

func TestTypesDoc(t *testing.T) {
	connectortest.TypesDoc(t, "sqlite", "SQLite", `
A column's type follows from its declared type; case, blanks and numbers in brackets do not matter where they are not named.
A cell of another class than the rule says is an error that names table, column and class, wherever it is read or compared.
STRICT tables, generated columns and tables without rowid are read like others. Virtual tables are not offered, nor are views
that SQLite itself cannot read. In a UTF-16 database text that is half a pair is an error, not a replacement character.`, typeRows())
}

func harness() connectortest.Harness {
	return connectortest.Harness{
		Open:   Open,
		Schema: "main",
		Load: func(tb testing.TB, tables []connectortest.Table) connectors.Config {
			return connectors.Config{Path: makeFile(tb, tables)}
		},
		LoadTypes: loadTypes,
		Rows:      append(typeRows(), alsoRows()...),
		Types: []catalog.Type{
			{Kind: catalog.Int64}, {Kind: catalog.Text}, {Kind: catalog.Bool}, {Kind: catalog.Float64}, {Kind: catalog.Blob},
			{Kind: catalog.Date}, {Kind: catalog.Time}, {Kind: catalog.Timestamp},
			catalog.DecimalOf(18, 4), catalog.DecimalOf(38, 10), catalog.DecimalOf(38, 0), catalog.DecimalOf(5, 5),
		},
		Storable: storable,
		Slow:     `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c`,
		Broken:   broken,
		Features: connectortest.Features{Views: true, Keys: true, Unique: true, NotNull: true, RowEstimates: true},
		Knows:    connectortest.Knowledge{Keys: true},
	}
}

// storable: SQLite turns NaN into NULL, -0 into 0 and decimals into doubles.
func storable(t catalog.Type, v any) bool {
	switch t.Kind {
	case catalog.Float64:
		f := v.(float64)
		return !math.IsNaN(f) && (f != 0 || !math.Signbit(f))
	case catalog.Decimal:
		text := v.(string)
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return true
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return false
		}
		stored, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
		want, _ := new(big.Rat).SetString(text)
		return stored.Cmp(want) == 0
	}
	return true
}

// ddl is the declared type of a column of each of the harness's types.
func ddl(t catalog.Type) string {
	switch t.Kind {
	case catalog.Int64:
		return "BIGINT"
	case catalog.Float64:
		return "DOUBLE"
	case catalog.Text:
		return "TEXT"
	}
	return t.DuckDB()
}

// writer opens a file for a test to write to.
func writer(tb testing.TB, path string) *sqlite.Conn {
	tb.Helper()
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

func exec(tb testing.TB, db *sqlite.Conn, sql string) {
	tb.Helper()
	if err := sqlitex.ExecuteScript(db, sql, nil); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// alone runs one statement outside of any transaction.
func alone(tb testing.TB, db *sqlite.Conn, sql string) {
	tb.Helper()
	if err := sqlitex.ExecuteTransient(db, sql, nil); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// scratch makes a file with what the script says.
func scratch(tb testing.TB, script string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "数据 1.db")
	db := writer(tb, path)
	exec(tb, db, script)
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

func makeFile(tb testing.TB, tables []connectortest.Table) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "数据 1.db")
	db := writer(tb, path)
	alone(tb, db, "PRAGMA synchronous = OFF")
	for _, t := range tables {
		if t.ViewOf != "" {
			exec(tb, db, "CREATE VIEW "+catalog.QuoteIdent(t.Name)+" AS SELECT * FROM "+catalog.QuoteIdent(t.ViewOf))
			continue
		}
		var parts []string
		for _, c := range t.Columns {
			part := catalog.QuoteIdent(c.Name) + " " + ddl(c.Type)
			if c.NotNull {
				part += " NOT NULL"
			}
			parts = append(parts, part)
		}
		if len(t.Key) > 0 {
			parts = append(parts, "PRIMARY KEY ("+quoted(t.Key)+")")
		}
		for _, u := range t.Unique {
			parts = append(parts, "UNIQUE ("+quoted(u)+")")
		}
		exec(tb, db, "CREATE TABLE "+catalog.QuoteIdent(t.Name)+" ("+strings.Join(parts, ", ")+")")
		insert(tb, db, t)
	}
	exec(tb, db, "ANALYZE")
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = catalog.QuoteIdent(n)
	}
	return strings.Join(out, ", ")
}

func insert(tb testing.TB, db *sqlite.Conn, t connectortest.Table) {
	tb.Helper()
	alone(tb, db, "BEGIN")
	places := strings.TrimSuffix(strings.Repeat("?, ", len(t.Columns)), ", ")
	stmt, _, err := db.PrepareTransient("INSERT INTO " + catalog.QuoteIdent(t.Name) + " VALUES (" + places + ")")
	if err != nil {
		tb.Fatal(err)
	}
	for row := range t.Rows {
		for i, v := range row {
			store(stmt, i+1, t.Columns[i].Type, v)
		}
		if _, err := stmt.Step(); err != nil {
			tb.Fatalf("%s: %v", t.Name, err)
		}
		if err := stmt.Reset(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := stmt.Finalize(); err != nil {
		tb.Fatal(err)
	}
	alone(tb, db, "COMMIT")
}

// store binds a neutral value as the documentation of the types says it is kept.
func store(stmt *sqlite.Stmt, at int, t catalog.Type, v any) {
	switch v := v.(type) {
	case nil:
		stmt.BindNull(at)
	case bool:
		stmt.BindBool(at, v)
	case float64:
		stmt.BindFloat(at, v)
	case []byte:
		stmt.BindBytes(at, v)
	case string: // a decimal becomes a number by the column's affinity
		stmt.BindText(at, v)
	case int64:
		const second, day = int64(1_000_000), int64(86_400_000_000)
		days, rest := v/day, v%day
		if rest < 0 {
			days, rest = days-1, rest+day
		}
		clock := fmt.Sprintf("%02d:%02d:%02d.%06d", rest/second/3600, rest/second/60%60, rest/second%60, rest%second)
		switch t.Kind {
		case catalog.Date:
			stmt.BindText(at, isoDate(v))
		case catalog.Time:
			stmt.BindText(at, clock)
		case catalog.Timestamp:
			stmt.BindText(at, isoDate(days)+" "+clock)
		default:
			stmt.BindInt64(at, v)
		}
	}
}

func loadTypes(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
	path := filepath.Join(tb.TempDir(), "types.db")
	db := writer(tb, path)
	for _, t := range tables {
		name := catalog.QuoteIdent(t.Name)
		declared, strict := strings.CutSuffix(t.DDL, strictMark)
		options := ""
		if strict {
			options = " STRICT"
		}
		exec(tb, db, "CREATE TABLE "+name+" (n INTEGER, v "+declared+")"+options)
		for i, literal := range t.Literals {
			exec(tb, db, fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", name, i, literal))
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return connectors.Config{Path: path}
}

func broken(tb testing.TB) []connectortest.Broken {
	dir := tb.TempDir()
	text := filepath.Join(dir, "机密-notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database at all\n", 100)), 0o600); err != nil {
		tb.Fatal(err)
	}
	missing := filepath.Join(dir, "机密-missing.db")
	return []connectortest.Broken{
		{Name: "missing", Config: connectors.Config{Path: missing}, Code: errs.SourceUnreachable, Hidden: []string{dir}, Secret: []string{missing}},
		{Name: "directory", Config: connectors.Config{Path: dir}, Code: errs.SourceUnreachable, Secret: []string{dir}},
		{Name: "text file", Config: connectors.Config{Path: text}, Code: errs.SourceUnreachable, Secret: []string{text, "no database at all"}},
		{Name: "relative path", Config: connectors.Config{Path: "机密.db"}, Code: errs.ConfigInvalid, Secret: []string{"机密"}},
	}
}
