package oracle

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/internal/testpg"
)

// What the generator of DuckDB 1.5.5 makes at scale factor 0.01.
var tpcdsRows = map[string]int{
	"call_center": 1, "catalog_page": 11718, "catalog_returns": 1358, "catalog_sales": 14313, "customer": 1000,
	"customer_address": 500, "customer_demographics": 19208, "date_dim": 73049, "household_demographics": 7200,
	"income_band": 20, "inventory": 23490, "item": 180, "promotion": 3, "reason": 1, "ship_mode": 20, "store": 1,
	"store_returns": 2810, "store_sales": 28810, "time_dim": 86400, "warehouse": 1, "web_page": 1,
	"web_returns": 679, "web_sales": 7212, "web_site": 1,
}

// Each table has its rows, and the columns that are said of it: those of the file,
// with the types of the flavour.
func TestTPCDS(t *testing.T) {
	dir := TPCDS(t, 0.01)
	r := loadedReference(t, nil)
	if len(TPCDSTables) != len(tpcdsRows) {
		t.Fatalf("%d tables, want %d", len(TPCDSTables), len(tpcdsRows))
	}
	for _, table := range TPCDSTables {
		for schema, f := range map[string]Flavour{"duck": DuckDB, "lite": SQLite} {
			path := []string{schema, table}
			if err := r.LoadTPCDS(t.Context(), dir, table, f, path...); err != nil {
				t.Fatal(err)
			}
			got, err := r.Query(t.Context(), "SELECT * FROM "+Table{Path: path}.SQLPath())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Rows) != tpcdsRows[table] {
				t.Errorf("%s: %d rows, want %d", table, len(got.Rows), tpcdsRows[table])
			}
			for i, c := range TPCDSColumns(table, f) {
				if field := got.Schema.Field(i); field.Name != c.Name || !sameType(field.Type, c.Type.Arrow()) {
					t.Errorf("%s: column %s %s, want %s %s", table, field.Name, field.Type, c.Name, c.Type)
				}
			}
		}
		file, err := r.Query(t.Context(), "SELECT * FROM "+quote(filepath.Join(dir, table+".parquet"))+" LIMIT 1")
		if err != nil {
			t.Fatal(err)
		}
		columns := TPCDSColumns(table, DuckDB)
		if file.Schema.NumFields() != len(columns) {
			t.Errorf("%s: %d columns, the file has %d", table, len(columns), file.Schema.NumFields())
			continue
		}
		for i, field := range file.Schema.Fields() {
			if field.Name != columns[i].Name || !sameType(field.Type, columns[i].Type.Arrow()) {
				t.Errorf("%s: column %s %s, the file says %s %s", table, columns[i].Name, columns[i].Type, field.Name, field.Type)
			}
		}
	}
}

// A statement that is missing or changed has the folder made anew.
func TestTPCDSTextsAreChecked(t *testing.T) {
	TPCDS(t, 0.01) // skips where the generator is missing
	ownCache(t)
	dir := TPCDS(t, 0.01)
	want, err := TPCDSText(dir, 7, "")
	if err != nil || !strings.Contains(want, "promotion") {
		t.Fatalf("%q, %v", want, err)
	}
	for _, spoil := range []func() error{
		func() error { return os.Remove(filepath.Join(dir, "q07.sql")) },
		func() error { return os.WriteFile(filepath.Join(dir, "q07.sql"), []byte("SELECT 1"), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if got, err := TPCDSText(TPCDS(t, 0.01), 7, ""); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// A table with NULLs in every kind of column, the same wherever it lies.
func TestFillTPCDS(t *testing.T) {
	dir := TPCDS(t, 0.01)
	r := loadedReference(t, nil)
	if err := r.LoadTPCDS(t.Context(), dir, "item", DuckDB, "memory", "main", "item"); err != nil {
		t.Fatal(err)
	}
	const question = "SELECT count(i_rec_end_date), max(i_rec_end_date), count(i_current_price), count(i_category), min(i_category), count(i_class_id), sum(i_class_id) FROM item"
	answer, err := r.Query(t.Context(), strings.NewReplacer("max(i_rec_end_date)", "max(i_rec_end_date)::VARCHAR", "sum(i_class_id)", "sum(i_class_id)::BIGINT").Replace(question))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(answer.Rows[0])
	if answer.Rows[0][0] == answer.Rows[0][2] { // some dates are NULL, and more than prices
		t.Fatalf("no NULLs: %s", want)
	}

	lite := filepath.Join(t.TempDir(), "t.sqlite")
	if err := FillTPCDS(t.Context(), SQLite, lite, dir, "item"); err != nil {
		t.Fatal(err)
	}
	conn, err := sqlite.OpenConn(lite, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, question, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		got := []any{s.ColumnInt64(0), s.ColumnText(1), s.ColumnInt64(2), s.ColumnInt64(3), s.ColumnText(4), s.ColumnInt64(5), s.ColumnInt64(6)}
		if fmt.Sprint(got) != want {
			t.Errorf("SQLite: %v, want %s", got, want)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}

	db := testpg.Start(t).Database(t)
	if err := FillTPCDS(t.Context(), PostgreSQL, db.Admin, dir, "item"); err != nil {
		t.Fatal(err)
	}
	pg, err := pgx.Connect(t.Context(), db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(t.Context())
	got := make([]any, 7)
	asText := strings.NewReplacer("max(i_rec_end_date)", "max(i_rec_end_date)::text", "sum(i_class_id)", "sum(i_class_id)::bigint").Replace(question)
	if err := pg.QueryRow(t.Context(), asText).Scan(&got[0], &got[1], &got[2], &got[3], &got[4], &got[5], &got[6]); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != want {
		t.Errorf("PostgreSQL: %v, want %s", got, want)
	}
}

// The 99 statements have the order that is said of them: another database, with
// its rows turned round and its tables in a schema, gives equal answers.
func TestTPCDSStatements(t *testing.T) {
	dir := TPCDS(t, 0.01)
	reference, other := loadedReference(t, nil), loadedReference(t, nil, "SET threads = 4", "CREATE SCHEMA agency")
	for _, table := range TPCDSTables {
		if err := reference.LoadTPCDS(t.Context(), dir, table, DuckDB, "memory", "main", table); err != nil {
			t.Fatal(err)
		}
		turned := "CREATE TABLE agency." + table + " AS " + tpcds.selectTable(dir, table, DuckDB) + " ORDER BY ALL DESC"
		if err := other.Exec(t.Context(), turned); err != nil {
			t.Fatal(err)
		}
	}
	limited, empty, cut, sorted := 0, 0, 0, 0
	for n := 1; n <= TPCDSStatements; n++ {
		plain, err := TPCDSText(dir, n, "")
		if err != nil {
			t.Fatal(err)
		}
		named, err := TPCDSText(dir, n, "agency")
		if err != nil {
			t.Fatal(err)
		}
		s := TPCDSStatement(n, plain)
		want, err := reference.Query(t.Context(), s.Unlimited)
		if err != nil {
			t.Fatalf("statement %d: %v", n, err)
		}
		got, err := other.Query(t.Context(), TPCDSStatement(n, named).SQL)
		if err != nil {
			t.Fatalf("statement %d: %v", n, err)
		}
		if err := Compare(want, got, s.Order); err != nil {
			t.Errorf("statement %d: %v", n, err)
		}
		if len(want.Rows) == 0 {
			empty++
		}
		if s.Order.Limited {
			limited++
			if len(got.Rows) < len(want.Rows) {
				cut++
			}
		}
		if len(s.Order.Keys) > 0 {
			sorted++
		}
	}
	if limited != 84 || sorted != 90 || empty != 27 || cut != 12 {
		t.Errorf("%d limited, %d sorted, %d empty, %d cut", limited, sorted, empty, cut)
	}
}
