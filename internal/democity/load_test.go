package democity

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/goccy/go-yaml"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
)

// smallScale is what most tests work on.
var smallScale = scale{persons: 4_000, companies: 400}

var scratch string // removed when the tests end

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "democity"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// smallCity is made once; tests only read it.
var smallCity = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "small")
	_, err := prepare(context.Background(), dir, smallScale, func(string) {})
	return dir, err
})

func smallDB(t *testing.T) (string, *sql.DB) {
	t.Helper()
	dir, err := smallCity()
	if err != nil {
		t.Fatal(err)
	}
	return dir, loadCity(t, dir)
}

// config is what the tests understand of lianji.yaml.
type cityConfig struct {
	Listen  struct{ HTTP string }
	Engine  struct{ Memory, Temp, Timezone string }
	Sources map[string]struct{ Kind, Path string }
	Catalog struct{ Store string }
}

func readConfig(t *testing.T, dir string) cityConfig {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		t.Fatal(err)
	}
	var c cityConfig
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return c
}

// loadCity opens one DuckDB that holds every published resource under its
// name, read from the files as lianji.yaml names them and by readers of its
// own. It is closed at the end of the test.
func loadCity(t *testing.T, dir string) *sql.DB {
	t.Helper()
	connector, err := duckdb.NewConnector("?autoinstall_known_extensions=false&autoload_known_extensions=false", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c := readConfig(t, dir)
	for name, s := range c.Sources {
		if s.Kind == "duckdb" {
			mustExec(t, db, fmt.Sprintf("ATTACH '%s' AS %s (READ_ONLY)", filepath.Join(dir, s.Path), name))
		}
	}
	state := readStore(t, dir)
	for _, r := range state.Resources() {
		agency, _ := state.Agency(r.Agency)
		s, ok := c.Sources[r.Source]
		if !ok || r.Table.Schema != "main" {
			t.Fatalf("%s.%s is of %s.%s", agency.Name, r.Name, r.Source, r.Table)
		}
		mustExec(t, db, "CREATE SCHEMA IF NOT EXISTS "+agency.Name)
		loadTable(t, db, agency.Name+"."+r.Name, s.Kind, filepath.Join(dir, s.Path), r.Source+".main."+r.Table.Name, r.Table.Name)
	}
	return db
}

// readStore reads the catalogue that the city's configuration names.
func readStore(t *testing.T, dir string) *catalog.State {
	t.Helper()
	name, ok := strings.CutPrefix(readConfig(t, dir).Catalog.Store, "sqlite://")
	if !ok {
		t.Fatal("the configuration names no store")
	}
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	state, err := s.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func loadTable(t *testing.T, db *sql.DB, resource, kind, path, target, table string) {
	t.Helper()
	if kind == "sqlite" {
		loadSQLite(t, db, resource, path, table)
		return
	}
	from := target
	if kind == "files" {
		switch base := filepath.Join(path, table); {
		case exists(base + ".csv"):
			from = fmt.Sprintf("read_csv('%s.csv', sample_size = 20480)", base)
		case exists(base + ".parquet"):
			from = fmt.Sprintf("read_parquet('%s.parquet')", base)
		default:
			from = fmt.Sprintf("read_parquet('%s/*.parquet')", base)
		}
	}
	mustExec(t, db, fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s", resource, from))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

var decimalType = regexp.MustCompile(`^DECIMAL\((\d+),(\d+)\)$`)

// loadSQLite copies a table, holding every cell to what its declared type
// promises: whole numbers as integers, decimals whose shortest form has no
// more places than declared, dates and timestamps as ISO text.
func loadSQLite(t *testing.T, db *sql.DB, resource, path, table string) {
	t.Helper()
	source, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var declared, columns []string
	err = sqlitex.ExecuteTransient(source, "SELECT name, type FROM pragma_table_info(?)", &sqlitex.ExecOptions{
		Args: []any{table},
		ResultFunc: func(s *sqlite.Stmt) error {
			declared = append(declared, s.ColumnText(1))
			columns = append(columns, s.ColumnText(0)+" "+s.ColumnText(1))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ReplaceAll(resource, ".", "_")
	mustExec(t, db, fmt.Sprintf("CREATE TABLE %s (%s)", name, strings.ReplaceAll(strings.Join(columns, ", "), "INTEGER", "BIGINT")))
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(raw any) error {
		appender, err := duckdb.NewAppenderFromConn(raw.(driver.Conn), "", name)
		if err != nil {
			return err
		}
		row := make([]driver.Value, len(declared))
		err = sqlitex.ExecuteTransient(source, "SELECT * FROM "+table, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
			for i := range row {
				v, err := cell(s, i, declared[i])
				if err != nil {
					return fmt.Errorf("%s.%s: %w", table, s.ColumnName(i), err)
				}
				row[i] = v
			}
			return appender.AppendRow(row...)
		}})
		if e := appender.Close(); err == nil {
			err = e
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	mustExec(t, db, fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s", resource, name))
}

func cell(s *sqlite.Stmt, i int, declared string) (driver.Value, error) {
	have := s.ColumnType(i)
	decimal := decimalType.FindStringSubmatch(declared)
	switch {
	case have == sqlite.TypeNull:
		return nil, nil
	case declared == "TEXT" && have == sqlite.TypeText:
		return s.ColumnText(i), nil
	case declared == "INTEGER" && have == sqlite.TypeInteger:
		return s.ColumnInt64(i), nil
	case declared == "DATE" && have == sqlite.TypeText:
		return time.Parse("2006-01-02", s.ColumnText(i))
	case declared == "TIMESTAMP" && have == sqlite.TypeText:
		return time.Parse("2006-01-02 15:04:05", s.ColumnText(i))
	case decimal != nil && (have == sqlite.TypeInteger || have == sqlite.TypeFloat):
		width, _ := strconv.Atoi(decimal[1])
		places, _ := strconv.Atoi(decimal[2])
		shortest := strconv.FormatFloat(s.ColumnFloat(i), 'f', -1, 64)
		whole, fraction, _ := strings.Cut(shortest, ".")
		if len(fraction) > places || len(whole)+places > width {
			return nil, fmt.Errorf("%s does not fit %s", shortest, declared)
		}
		value, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", places-len(fraction)), 10)
		if !ok {
			return nil, fmt.Errorf("%s is no number", shortest)
		}
		return duckdb.Decimal{Width: uint8(width), Scale: uint8(places), Value: value}, nil
	}
	return nil, fmt.Errorf("a %v in a column declared %s", have, declared)
}

// count runs a statement that returns one number.
func count(t *testing.T, db *sql.DB, statement string) int {
	t.Helper()
	var n int
	if err := db.QueryRow(statement).Scan(&n); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return n
}
