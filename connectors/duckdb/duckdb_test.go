package duckdb

import (
	"bufio"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	engine "github.com/duckdb/duckdb-go/v2"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/connectors/internal/ducktest"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/planner/dialect"
)

// writerOf names the file that this program, started a second time, opens for
// writing until its input ends: locks are between programs.
const writerOf = "LIANJI_TEST_DUCKDB_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerOf); path != "" {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func write(path string) error {
	connector, err := engine.NewConnector(path, nil)
	if err != nil {
		return err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(context.Background(), "INSERT INTO t VALUES (2)", nil); err != nil {
		return err
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// startWriter opens the file for writing in another program; stop kills it, which
// leaves its last insert in the write-ahead log.
func startWriter(t *testing.T, path string) (stop func(), ok bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerOf+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	stop = func() {
		if !done {
			done = true
			_ = cmd.Process.Kill()
			_ = in.Close()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	line, _ := bufio.NewReader(out).ReadString('\n')
	return stop, line == "open\n"
}

// makeFile makes a DuckDB file with table t of one BIGINT column a, holding 1.
func makeFile(t *testing.T, name string, more ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	db := ducktest.Open(t, path)
	db.Exec("CREATE TABLE t AS SELECT CAST(1 AS BIGINT) AS a")
	db.Exec(more...)
	db.Close()
	return path
}

func openSource(t *testing.T, path string) connectors.Source {
	t.Helper()
	s, err := Open(t.Context(), connectors.Config{Name: "统计", Path: path, Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func wantError(t *testing.T, err error, code errs.Code, id string) *errs.Error {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != code || e.ID != id {
		t.Fatalf("error %v, want %s with code %s", err, id, code)
	}
	for _, lang := range []string{"en", "zh-CN"} {
		if text := e.Text(lang); !strings.Contains(text, "统计") || strings.Contains(text, "<no value>") {
			t.Errorf("the text in %s: %s", lang, text)
		}
	}
	return e
}

func describe(t *testing.T, s connectors.Source) map[string]*catalog.Table {
	t.Helper()
	tables, err := s.Describe(t.Context())
	if err != nil {
		t.Fatalf("Describe: %v (%s)", err, errs.From(err).Detail)
	}
	out := map[string]*catalog.Table{}
	for _, table := range tables {
		out[table.ID.Name] = table
	}
	return out
}

// read gives a table's first column, or the error that reading it gives.
func read(t *testing.T, s connectors.Source, table *catalog.Table) ([]int64, error) {
	t.Helper()
	sql, values := dialect.For("duckdb").Scan(table, table.Columns[:1], nil)
	return ask(t, s, table, table.Columns[0], sql, values)
}

// ask gives the one column that a statement gives, or its error.
func ask(t *testing.T, s connectors.Source, table *catalog.Table, column catalog.Column, sql string, values []catalog.Value) ([]int64, error) {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	conns, err := s.Acquire(t.Context(), 1)
	if err != nil {
		return nil, err
	}
	defer conns[0].Release()
	stream, err := conns[0].Scan(t.Context(), connectors.Fragment{SQL: sql, Values: values, Table: table.ID, Columns: []catalog.Column{column}, Alloc: alloc})
	if err != nil {
		return nil, err
	}
	defer stream.Release()
	var out []int64
	for stream.Next() {
		if a, ok := stream.RecordBatch().Column(0).(*array.Int64); ok {
			out = append(out, a.Int64Values()...)
		}
	}
	return out, stream.Err()
}

func TestLockedByAWriter(t *testing.T) {
	path := makeFile(t, "t.duckdb")
	s := openSource(t, path)
	stop, ok := startWriter(t, path)
	if !ok {
		t.Fatal("the writer did not start")
	}
	_, err := s.Ping(t.Context())
	e := wantError(t, err, errs.SourceUnreachable, "duckdb_locked")
	if !strings.Contains(e.Detail, "lock") {
		t.Errorf("the operator's detail: %s", e.Detail)
	}
	_, err = s.Acquire(t.Context(), 1)
	wantError(t, err, errs.SourceUnreachable, "duckdb_locked")
	stop()
	// The killed writer left its row in the write-ahead log: a reader sees it.
	got, err := read(t, s, describe(t, s)["t"])
	if err != nil || !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("after the writer had ended: %v %v", got, err)
	}
}

// The gateway keeps writers out only while it reads, and a little longer.
func TestFileIsGivenBack(t *testing.T) {
	path := makeFile(t, "t.duckdb")
	s := openSource(t, path)
	table := describe(t, s)["t"]
	conns, err := s.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := startWriter(t, path); ok {
		t.Error("a writer opened the file while a connection was out")
	}
	conns[0].Release()
	waitfor.True(t, duckscan.Idle+time.Second, "a writer to open the file", func() bool {
		stop, ok := startWriter(t, path)
		stop()
		return ok
	})
	if got, err := read(t, s, table); err != nil || !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("after a writer: %v %v", got, err)
	}
}

// A file that took the place of the one that is open is read at the next use.
func TestReplacedFile(t *testing.T) {
	path := makeFile(t, "t.duckdb")
	s := openSource(t, path)
	table := describe(t, s)["t"]
	if err := os.Rename(makeFile(t, "other.duckdb", "INSERT INTO t VALUES (7)"), path); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, s, table); err != nil || !slices.Equal(got, []int64{1, 7}) {
		t.Errorf("the new file: %v %v", got, err)
	}
	// A table that has other columns now is not what was described.
	if err := os.Rename(makeFile(t, "third.duckdb", "ALTER TABLE t ALTER a TYPE VARCHAR"), path); err != nil {
		t.Fatal(err)
	}
	_, err := read(t, s, table)
	wantError(t, err, errs.SourceFailed, "source_table_changed")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = read(t, s, table)
	wantError(t, err, errs.SourceUnreachable, "duckdb_missing")
}

// What DuckDB says of files that it cannot open is recognised.
func TestFilesThatCannotBeOpened(t *testing.T) {
	good, err := os.ReadFile(makeFile(t, "t.duckdb", "CREATE TABLE big AS SELECT i, hash(i) AS h FROM range(200000) r(i)"))
	if err != nil {
		t.Fatal(err)
	}
	const headerSize, versionAt = 4096, 12
	newer := slices.Clone(good)
	binary.LittleEndian.PutUint64(newer[versionAt:], 1000)
	binary.LittleEndian.PutUint64(newer, checksum(newer[8:headerSize]))
	damaged := slices.Clone(good)
	for i := headerSize; i < 3*headerSize; i++ {
		damaged[i] = 0xff
	}
	for _, c := range []struct {
		id      string
		content []byte
	}{
		{"duckdb_newer", newer},
		{"duckdb_damaged", damaged},
		{"duckdb_damaged", good[:len(good)/2]},
		{"duckdb_no_database", []byte("SQLite format 3\x00" + strings.Repeat("\x00", 5000))},
		{"duckdb_no_database", []byte("DUCK")},
		{"duckdb_damaged", []byte("\x00\x00\x00\x00\x00\x00\x00\x00DUCK and then nothing of the kind" + strings.Repeat("x", 1<<16))},
	} {
		path := filepath.Join(t.TempDir(), "x.duckdb")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openSource(t, path).Ping(t.Context())
		wantError(t, err, errs.SourceUnreachable, c.id)
	}
}

// checksum is that of DuckDB's blocks, for sizes that are whole words.
func checksum(b []byte) uint64 {
	sum := uint64(5381)
	for ; len(b) >= 8; b = b[8:] {
		sum ^= binary.LittleEndian.Uint64(b) * 0xbf58476d1ce4e5b9
	}
	return sum
}

func TestCollations(t *testing.T) {
	path := makeFile(t, "t.duckdb", "CREATE TABLE c (plain VARCHAR, folded VARCHAR COLLATE NOCASE, e ENUM('b', 'a'), j JSON, n INTEGER)",
		"INSERT INTO c VALUES ('A', 'A', 'a', '1', 1), ('a', 'a', 'b', '1', 2)",
		"CREATE VIEW v AS SELECT folded, plain, folded || 'x' AS grown, plain COLLATE NOCASE AS late, lower(plain) AS low, 'a' AS fixed FROM c")
	tables := describe(t, openSource(t, path))
	got := map[string]catalog.Collation{}
	for _, name := range []string{"c", "v"} {
		for _, c := range tables[name].Columns {
			got[name+"."+c.Name] = c.Collation
		}
	}
	binary, folded := catalog.Collation{Binary: true}, catalog.Collation{Name: "NOCASE"}
	for name, want := range map[string]catalog.Collation{
		"c.plain": binary, "c.folded": folded, "c.e": {}, "c.j": {}, "c.n": {},
		"v.folded": folded, "v.plain": binary, "v.grown": folded, "v.late": folded, "v.low": binary, "v.fixed": binary,
	} {
		if got[name] != want {
			t.Errorf("%s has the collation %+v, want %+v", name, got[name], want)
		}
	}
}

// Views that cannot be read are listed, and say so when they are read.
func TestBrokenViews(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(file, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := makeFile(t, "t.duckdb",
		"CREATE TABLE gone AS SELECT 1 AS x", "CREATE VIEW orphan AS SELECT x FROM gone", "DROP TABLE gone",
		"CREATE VIEW outside AS SELECT a FROM read_csv("+ducktest.Text(file)+")",
		"CREATE VIEW fails AS SELECT CAST(CASE WHEN a = 1 THEN '密码' END AS BIGINT) AS n FROM t",
		"CREATE VIEW nothing AS SELECT NULL AS n")
	s := openSource(t, path)
	tables := describe(t, s)
	for _, name := range []string{"orphan", "outside"} {
		table := tables[name]
		if table == nil || !table.View || len(table.Columns) != 1 || table.Columns[0].Type.Kind != catalog.Invalid {
			t.Fatalf("view %s is described as %+v", name, table)
		}
		_, err := read(t, s, table)
		wantError(t, err, errs.NotSupported, "duckdb_column_unreadable")
		table.Columns[0].Type = catalog.Type{Kind: catalog.Int64} // as if it had been well when it was described
		_, err = read(t, s, table)
		if name == "outside" {
			wantError(t, err, errs.SourceRefused, "duckdb_outside")
		} else {
			wantError(t, err, errs.SourceFailed, "source_table_changed")
		}
	}
	_, err := read(t, s, tables["fails"])
	if e := errs.From(err); e.Code != errs.DataError || strings.Contains(e.Detail, "密码") {
		t.Errorf("a view that fails: %s, and the operator reads %s", e.Code, e.Detail)
	}
	if _, err := read(t, s, tables["nothing"]); err != nil {
		t.Errorf("a view of a bare NULL: %v", err)
	}
}

// What a statement computes and has no value is the statement's error, not the source's,
// whatever DuckDB calls it, and none of its words go further.
func TestStatementsThatFail(t *testing.T) {
	s := openSource(t, makeFile(t, "t.duckdb", "CREATE TABLE words AS SELECT '密码-4711' AS a"))
	tables := describe(t, s)
	number, word := tables["t"], tables["words"]
	for says, c := range map[string]struct {
		table *catalog.Table
		sql   string
	}{
		"Out of Range Error":  {number, "SELECT a + 9223372036854774711 + 4711 AS a FROM main.t"},
		"Conversion Error":    {word, "SELECT CAST(a AS BIGINT) AS a FROM main.words"},
		"Invalid Input Error": {word, "SELECT error(a) AS a FROM main.words"},
	} {
		_, err := ask(t, s, c.table, catalog.Column{Name: "a", Type: catalog.Type{Kind: catalog.Int64}}, c.sql, nil)
		e := errs.From(err)
		if e.Code != errs.DataError || e.ID != "data_error" || e.Detail != says {
			t.Errorf("%s: %s, %s, and the operator reads %q", says, e.Code, e.ID, e.Detail)
		}
		for _, text := range []string{e.Text("en"), e.Text("zh-CN"), e.Detail, fmt.Sprintf("%v %+v", err, err)} {
			if strings.Contains(text, "4711") || strings.Contains(text, "密码") || strings.Contains(text, "统计") {
				t.Errorf("%s: a value is told: %s", says, text)
			}
		}
	}
}

// Names that differ only in the case of letters beyond ASCII are different for
// DuckDB, and for the gateway.
func TestNamesHere(t *testing.T) {
	path := makeFile(t, "t.duckdb", `CREATE TABLE n ("ä" BIGINT, "Ä" BIGINT, PRIMARY KEY ("Ä"))`, "INSERT INTO n VALUES (1, 2)")
	table := describe(t, openSource(t, path))["n"]
	if c := table.Columns[1]; c.Name != "Ä" || c.SourceName != "Ä" || !slices.Equal(table.PrimaryKey, []string{"Ä"}) {
		t.Errorf("column %+v, key %q", c, table.PrimaryKey)
	}
}

// A schema that has the database's name cannot be named in DuckDB's SQL.
func TestSchemaOfTheDatabasesName(t *testing.T) {
	path := makeFile(t, "公安.duckdb", `CREATE SCHEMA "公安"`, `CREATE TABLE "made"."公安"."x" (a INTEGER)`)
	_, err := openSource(t, path).Describe(t.Context())
	wantError(t, err, errs.NotSupported, "duckdb_schema_name")
}

// Every type that this DuckDB has is in the type table.
func TestEveryTypeHasARow(t *testing.T) {
	db := ducktest.Open(t, "")
	listed := db.Query("SELECT string_agg(DISTINCT logical_type, ',') FROM duckdb_types() WHERE internal")
	// What no column can have, or what is another spelling.
	none := []string{"NULL", "POINTER", "ANY", "TYPE", "LAMBDA", "INVALID", "UNKNOWN", "TABLE", "VALIDITY", "CHAR", "INTEGER_LITERAL", "STRING_LITERAL", "TEMPLATE", "AGGREGATE_STATE"}
	for _, name := range strings.Split(listed, ",") {
		known := slices.ContainsFunc(typeRows, func(r connectortestRow) bool {
			return r.Source == name || strings.HasPrefix(r.Source, name+"(")
		})
		if !known && !slices.Contains(none, name) && !slices.Contains([]string{"LIST", "ARRAY"}, name) {
			t.Errorf("DuckDB has the type %s, which has no row", name)
		}
	}
	if !strings.Contains(listed, "VARIANT") {
		t.Errorf("the list of types is not DuckDB's: %s", listed)
	}
}

func TestConfiguration(t *testing.T) {
	_, err := Open(t.Context(), connectors.Config{Name: "统计", Connections: 1})
	wantError(t, err, errs.ConfigInvalid, "duckdb_no_path")
	_, err = Open(t.Context(), connectors.Config{Name: "统计", Path: "/x"})
	wantError(t, err, errs.ConfigInvalid, "duckdb_no_connections")
}
