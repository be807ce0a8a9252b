package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/internal/testpg"
)

// DuckDB's scanner of PostgreSQL reads the door as it reads the source itself.
func TestDuckDBScanner(t *testing.T) {
	needLong(t, "DuckDB in Python")
	python := needPython(t, "duckdb, duckdb_extension_postgres_scanner")
	s, address := driversSite(t)
	mustSay(t, s, said(t, exec.CommandContext(t.Context(), python, "testdata/pgwire/scanner.py", address, s.db.Admin)), "scanner")
}

// PostgreSQL's own JDBC driver.
const (
	pgJar    = "postgresql-42.7.13.jar"
	pgJarOf  = "org.postgresql:postgresql:42.7.13"
	pgJarSum = "6e0e4cc2d8cae902084f8a2b18728b073a6fd9d1f87c9d8bff8f298c18185b93"
)

// jdbc makes the program of PostgreSQL's driver, and gives how it is run.
func jdbc(t *testing.T) func(args ...string) *exec.Cmd {
	t.Helper()
	path := jar(t, pgJar, pgJarOf, pgJarSum)
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "javac", "-encoding", "UTF-8", "-cp", path, "-d", dir, "testdata/flight/Walk.java", "testdata/pgwire/Jdbc.java").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return func(args ...string) *exec.Cmd {
		// A zone that is neither UTC nor the statement's: what depends on it shows.
		cmd := exec.CommandContext(t.Context(), "java", append([]string{"-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Duser.timezone=Asia/Shanghai", "-cp", path + string(os.PathListSeparator) + dir, "Jdbc"}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		return cmd
	}
}

// PostgreSQL's JDBC driver asks everything of DatabaseMetaData, and binds, pages, cancels.
func TestPostgresJDBC(t *testing.T) {
	needLong(t, "a Java program")
	run := jdbc(t)
	s, address := driversSite(t)
	got := said(t, run("jdbc:postgresql://"+address+"/lianji"))
	var walked, rest []string
	for _, line := range strings.Split(got, "\n") {
		if regexp.MustCompile(`^\w+/\d = `).MatchString(line) {
			walked = append(walked, line)
			continue
		}
		rest = append(rest, line)
	}
	if len(walked) < 170 {
		t.Errorf("%d answers of DatabaseMetaData", len(walked))
	}
	for _, line := range walked {
		// What the driver says of calls that it does not have.
		own := strings.Contains(line, "is not yet implemented.") || strings.HasPrefix(line, "unwrap/1")
		if !own && (strings.Contains(line, "Exception") || strings.Contains(line, "THROWS")) {
			t.Error(line)
		}
		if regexp.MustCompile(`^get(Table|Column)Privileges/.*\|(INSERT|UPDATE|DELETE|TRUNCATE|REFERENCES|TRIGGER)\|`).MatchString(line) {
			t.Errorf("something can be changed: %s", line)
		}
	}
	for _, line := range strings.Split(strings.TrimSuffix(pgWalk, "\n"), "\n") {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("not found: %q", line)
		}
	}
	mustSay(t, s, strings.Join(rest, "\n"), "jdbc")
	if t.Failed() {
		t.Logf("the walk:\n%s", strings.Join(walked, "\n"))
	}
}

// What the walk must find, among much else.
const pgWalk = `getCatalogs/0 = (lianji)
getColumnPrivileges/4 = (lianji|政务|型|b|analyst|analyst|SELECT|
getColumns/4 = (lianji|政务|型|id|4|int4|10|null|0|10|0|
getDatabaseProductName/0 = PostgreSQL
getDatabaseProductVersion/0 = 15.0
getDefaultTransactionIsolation/0 = 2
getFunctions/3 = (lianji|pg_catalog|any_in|
getImportedKeys/3 = 
getIndexInfo/5 = (lianji|政务|型|f|null|型_pkey|3|1|id|
getMaxColumnNameLength/0 = 63
getMaxColumnsInIndex/0 = 32
getPrimaryKeys/3 = (lianji|政务|型|id|1|型_pkey)
getProcedures/3 = 
getSQLKeywords/0 = abort,
getSchemas/0 = (information_schema|lianji)(pg_catalog|lianji)(public|lianji)(政务|lianji)(档案|lianji)
getTableTypes/0 = (FOREIGN TABLE)
getTables/4 = (lianji|政务|型_pkey|INDEX|null|
getTypeInfo/0 = (bool|-7|
getUDTs/4 = 
getUserName/0 = analyst
`

// All columns of 5,000 tables are told; how long that takes is printed.
func TestPostgresJDBCManyTables(t *testing.T) {
	needLong(t, "a Java program, and 5,000 tables")
	run := jdbc(t)
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	conn, err := sqlite.OpenConn(filepath.Join(s.dir, "wj.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	const many, columns = 5000, 10
	var script, publish strings.Builder
	for i := range many {
		fmt.Fprintf(&script, "CREATE TABLE t%d (id INTEGER, a TEXT, b TEXT, c TEXT, d REAL, e REAL, f INTEGER, g INTEGER, h BLOB, i TEXT);\n", i)
		fmt.Fprintf(&publish, "表%d: wj.main.t%d, ", i, i)
	}
	err = sqlitex.ExecuteScript(conn, script.String(), nil)
	if e := conn.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, strings.Replace(string(file), "档案: {", "档案: {"+publish.String(), 1))
	got := said(t, run("jdbc:postgresql://"+s.postgresDoor(t)+"/lianji", fmt.Sprint(many)))
	t.Log(got)
	// Those of the other resources of the site come on top.
	if n := strings.Count(got, fmt.Sprintf("columns of %d tables = %d in ", many, many*columns+16)); n != 2 {
		t.Errorf("not all columns:\n%s\n%s", got, s.log.String())
	}
}

// psqlODBC, as Debian has it.
const odbcDriver = "/usr/lib/*/odbc/psqlodbcw.so"

// ODBC's programs look around, bind, page and cancel.
func TestPostgresODBC(t *testing.T) {
	needLong(t, "psqlODBC in Python")
	python := needPython(t, "pyodbc")
	found, err := filepath.Glob(odbcDriver)
	if err != nil || len(found) != 1 {
		t.Skipf("needs psqlODBC (scripts/install-test-deps.sh): %v %v", found, err)
	}
	s, address := driversSite(t)
	cmd := exec.CommandContext(t.Context(), python, "testdata/pgwire/odbc.py", address, found[0])
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=Asia/Shanghai")
	mustSay(t, s, said(t, cmd), "odbc")
}
