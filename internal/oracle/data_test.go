package oracle

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := testmaria.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	testpg.Exit(code)
}

// counts says of a column how many values it has and how many different ones.
type counts struct{ all, values, different int64 }

func expected(t Table, column int) counts {
	c := counts{all: int64(len(t.Rows))}
	seen := map[string]bool{}
	for _, r := range t.Rows {
		if v := r[column]; v != nil {
			c.values++
			if f, ok := v.(float64); ok && f == 0 {
				v = 0.0 // the same as -0.0
			}
			seen[fmt.Sprint(v)] = true
		}
	}
	c.different = int64(len(seen))
	return c
}

func countSQL(t Table, column int) string {
	c := catalog.QuoteIdent(t.Columns[column].Name)
	return "SELECT count(*), count(" + c + "), count(DISTINCT " + c + ") FROM " + catalog.QuoteIdent(t.Name())
}

// What is filled into a source is there, read by that source's own means.
func TestFill(t *testing.T) {
	check := func(f Flavour, query func(sql string) counts) {
		t.Helper()
		for _, table := range TestTables(5, f, "x") {
			for i, c := range table.Columns {
				want, got := expected(table, i), query(countSQL(table, i))
				if f == SQLite && c.Type.Kind == catalog.Timestamp {
					if got.different <= want.different {
						t.Errorf("SQLite, %s.%s: timestamps are written in one way only", table.Name(), c.Name)
					}
					got.different = want.different
				}
				if got != want {
					t.Errorf("flavour %d, %s.%s: %+v, want %+v", f, table.Name(), c.Name, got, want)
				}
			}
		}
	}

	duck := filepath.Join(t.TempDir(), "x.duckdb")
	if err := Fill(t.Context(), DuckDB, duck, TestTables(5, DuckDB, "x")); err != nil {
		t.Fatal(err)
	}
	r, err := openReference(t.Context(), duck)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	check(DuckDB, func(sql string) counts {
		got, err := r.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		return counts{got.Rows[0][0].(int64), got.Rows[0][1].(int64), got.Rows[0][2].(int64)}
	})

	lite := filepath.Join(t.TempDir(), "x.sqlite")
	if err := Fill(t.Context(), SQLite, lite, TestTables(5, SQLite, "x")); err != nil {
		t.Fatal(err)
	}
	conn, err := sqlite.OpenConn(lite, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	check(SQLite, func(sql string) (c counts) {
		err := sqlitex.ExecuteTransient(conn, sql, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
			c = counts{s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnInt64(2)}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	})

	db := testpg.Start(t).Database(t)
	if err := Fill(t.Context(), PostgreSQL, db.Admin, TestTables(5, PostgreSQL, "x")); err != nil {
		t.Fatal(err)
	}
	pg, err := pgx.Connect(t.Context(), db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(t.Context())
	check(PostgreSQL, func(sql string) (c counts) {
		if err := pg.QueryRow(t.Context(), sql).Scan(&c.all, &c.values, &c.different); err != nil {
			t.Fatal(err)
		}
		return c
	})
}

// What MariaDB is given is there, and dates that are none are among it.
func TestMariaDBStatements(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	conn := db.DB(t)
	none := 0
	for _, table := range TestTables(5, MySQL, "x") {
		for _, s := range MySQL.Statements(MySQL.Ident(table.Name()), table) {
			db.Exec(t, s)
		}
		for i, c := range table.Columns {
			name := MySQL.Ident(c.Name)
			key, value := name, name
			switch c.Type.Kind {
			case catalog.Text:
				key = "CAST(" + name + " AS BINARY)"
			case catalog.Date, catalog.Timestamp, catalog.TimestampTZ:
				value = "IF(DAYOFMONTH(" + name + ") > 0 AND MONTH(" + name + ") > 0, " + name + ", NULL)"
				key = value
			}
			var got counts
			zero := int64(0)
			sql := "SELECT count(*), count(" + value + "), count(DISTINCT " + key + "), count(" + name + ") FROM " + MySQL.Ident(table.Name())
			if err := conn.QueryRowContext(t.Context(), sql).Scan(&got.all, &got.values, &got.different, &zero); err != nil {
				t.Fatalf("%v: %s", err, sql)
			}
			if want := expected(table, i); got != want {
				t.Errorf("%s.%s: %+v, want %+v", table.Name(), c.Name, got, want)
			}
			if zero > got.values {
				none++
			}
		}
	}
	if none < 3 {
		t.Errorf("dates that are none in %d columns", none)
	}
	if err := Fill(t.Context(), MySQL, "", nil); err == nil {
		t.Error("MySQL was filled as another engine")
	}
}

// The data has what its types make difficult, and each flavour the types it should.
func TestTestTables(t *testing.T) {
	kinds := map[Flavour][]catalog.Kind{
		SQLite:     {catalog.Bool, catalog.Int64, catalog.Decimal, catalog.Text, catalog.Date, catalog.Time, catalog.Timestamp, catalog.Float64, catalog.Blob},
		PostgreSQL: {catalog.Int16, catalog.Int32, catalog.Float32, catalog.TimestampTZ, catalog.UUID},
		MySQL:      {catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Uint64, catalog.Float32, catalog.Decimal, catalog.Text, catalog.TimestampTZ, catalog.UUID, catalog.Blob},
		DuckDB:     {catalog.Int8, catalog.Uint32, catalog.Uint64, catalog.TimestampTZ, catalog.UUID},
	}
	for f, want := range kinds {
		wide := TestTables(1, f, "a", "b")[0]
		if got := strings.Join(wide.Path, "."); got != "a.b.wide" {
			t.Errorf("path %s", got)
		}
		nulls, duplicates := 0, 0
		for i, c := range wide.Columns {
			want = slices.DeleteFunc(want, func(k catalog.Kind) bool { return k == c.Type.Kind })
			n := expected(wide, i)
			if n.values < n.all {
				nulls++
			}
			if n.different < n.values {
				duplicates++
			}
			if i == 0 && n != (counts{300, 300, 300}) {
				t.Errorf("the key has %+v", n)
			}
		}
		if len(want) > 0 || nulls < len(wide.Columns)/3 || duplicates != len(wide.Columns)-1 {
			t.Errorf("flavour %d: kinds %v are missing, %d columns with NULL, %d with duplicates of %d", f, want, nulls, duplicates, len(wide.Columns))
		}
	}
	if a, b := TestTables(1, DuckDB, "x"), TestTables(2, DuckDB, "x"); fmt.Sprint(a[0].Rows) == fmt.Sprint(b[0].Rows) {
		t.Error("the seed makes no difference")
	}
	texts := map[any]bool{}
	special := map[string]bool{}
	for seed := range uint64(5) {
		for _, table := range TestTables(seed, DuckDB, "x") {
			for i, c := range table.Columns {
				for _, r := range table.Rows {
					if s, ok := r[i].(string); ok && c.Type.Kind == catalog.Text {
						texts[s] = true
					}
					if f, ok := r[i].(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
						special[fmt.Sprint(f)] = true
					}
				}
			}
		}
	}
	if len(texts) != len(sampleTexts) || len(special) != 3 {
		t.Errorf("%d of %d texts occur, special doubles %v", len(texts), len(sampleTexts), special)
	}
}
