//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/connectors"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/duck"
)

// liteSetup makes person, whose columns SQLite keeps to no class, and visit, whose
// columns it does.
var liteSetup = []string{
	`CREATE TABLE person (id INTEGER PRIMARY KEY, n INTEGER, ok BOOLEAN, born DATE, xm TEXT, nc TEXT COLLATE NOCASE, rt VARCHAR(9) COLLATE RTRIM,
		js JSON, un, kk TEXT UNIQUE, bl BLOB, price DECIMAL(10,2), rate REAL, seen TIMESTAMP)`,
	`CREATE TABLE visit (vid INTEGER, person INTEGER, xm TEXT, nc TEXT COLLATE NOCASE, bl BLOB, "true" INTEGER) STRICT`,
	`CREATE TABLE code (k TEXT PRIMARY KEY, z INTEGER) STRICT`,
	codes,
	`CREATE VIEW seen AS SELECT id, xm, nc FROM person`,
}

const codes = `INSERT INTO code VALUES ('a', 1), ('A', 2), ('b', 3), ('中', 4), ('a ', NULL), ('', 9223372036854775807)`

// litePools hold what the columns' cells are drawn from, in SQLite's SQL.
var (
	liteWords = []string{"NULL", "''", "' '", "'a'", "'a '", "'a  '", "'A'", "'b'", "'B'", "'ab'", "'a-b'", "'ä'", "'中'", "'阿'", "'张三'", "'张'",
		"char(128512)", "char(65533)", "char(55295)", "char(57344)", "'a%b'", "'a\\b'", "'10'", "'9'", "'1e5'"}
	litePools = map[string][]string{
		"n":    {"NULL", "0", "1", "-1", "9223372036854775807", "9223372036854775806", "-9223372036854775808"},
		"ok":   {"NULL", "0", "1"},
		"born": {"NULL", "'2024-02-29'", "'0000-01-01'", "'9999-12-31'", "'1970-01-01'", "'1969-12-31'"},
		"js":   {"NULL", "'{}'", "'a'", "'A'", "'中'", "'1x'"},
		"kk":   {"NULL"},
		"bl":   {"NULL", "x''", "x'00'", "x'61'", "x'6100'", "x'ff'"}, "price": {"NULL", "0.06", "1.5", "-0.01"},
		"rate": {"NULL", "0.0", "1.5"}, "seen": {"NULL", "'2024-02-29 12:00'"},
		"vid": {"NULL", "1", "2", "3", "9223372036854775807"}, "person": {"NULL", "1", "2", "3", "5", "8", "13", "99"}, "true": {"NULL", "0", "1"},
	}
)

func liteRows(table string, columns []string, n int) string {
	r := rand.New(rand.NewPCG(9, uint64(n)))
	var rows []string
	for i := range n {
		var cells []string
		for _, c := range columns {
			pool := litePools[c]
			switch {
			case c == "id":
				cells = append(cells, fmt.Sprint(i+1))
			case c == "kk" && i < len(liteWords):
				cells = append(cells, liteWords[i])
			case pool == nil:
				cells = append(cells, liteWords[r.IntN(len(liteWords))])
			default:
				cells = append(cells, pool[r.IntN(len(pool))])
			}
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return "INSERT INTO " + table + " VALUES " + strings.Join(rows, ", ")
}

// liteFile makes a database of that encoding.
func liteFile(t *testing.T, encoding string, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source.sqlite")
	db, err := sqlite.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append([]string{"PRAGMA encoding = '" + encoding + "'"}, statements...) {
		if err := sqlitex.ExecuteTransient(db, s, nil); err != nil {
			t.Fatalf("%v: %s", err, s)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openLite(t *testing.T, path string) *world {
	t.Helper()
	return open(t, "sqlite", sqliteconn.Open, connectors.Config{Name: "lite", Kind: "sqlite", Path: path, Connections: 1})
}

var personColumns, visitColumns = []string{"id", "n", "ok", "born", "xm", "nc", "rt", "js", "un", "kk", "bl", "price", "rate", "seen"},
	[]string{"vid", "person", "xm", "nc", "bl", "true"}

// liteWorld makes the source and, in a DuckDB, the rows as the source is read.
func liteWorld(t *testing.T, encoding string) *world {
	t.Helper()
	w := openLite(t, liteFile(t, encoding, append(liteSetup, liteRows("person", personColumns, 60), liteRows("visit", visitColumns, 80))...))
	local := filepath.Join(t.TempDir(), "local.duckdb")
	write(t, local, append(copyOf(t, w, "person", "visit"), "CREATE VIEW seen AS SELECT id, xm, nc FROM person", "CREATE TABLE code (k VARCHAR, z BIGINT)", codes))
	in, err := duck.Open(t.Context(), duck.Options{Path: local})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	if w.local, err = in.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.local.Close)
	return w
}
