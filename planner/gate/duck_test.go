package gate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/lianji/lianji/internal/errs"
)

// openDuck opens an in-memory DuckDB that loads nothing from outside.
func openDuck(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "?autoinstall_known_extensions=false&autoload_known_extensions=false&memory_limit=500MB&threads=1")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// duckParser is the gate's Parser over database/sql.
type duckParser struct{ db *sql.DB }

func newParser(t testing.TB) duckParser { return duckParser{openDuck(t)} }

func (p duckParser) ParseTree(ctx context.Context, text string) (string, error) {
	var s string
	err := p.db.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR), skip_null := true, skip_empty := false) AS VARCHAR)", text).Scan(&s)
	return s, err
}

// bindError binds text, which must have passed the gate, and gives DuckDB's refusal.
func (p duckParser) bindError(t testing.TB, text string) string {
	t.Helper()
	var s string
	if err := p.db.QueryRow("SELECT CAST(json_serialize_plan(CAST($1 AS VARCHAR), skip_null := true, skip_empty := false, optimize := false) AS VARCHAR)", text).Scan(&s); err != nil {
		return err.Error()
	}
	if strings.HasPrefix(s, `{"error":true`) {
		return s
	}
	return ""
}

// tenWide is a Widths that knows every table, with ten columns.
type tenWide struct{}

func (tenWide) Columns([]string) (int, bool) { return 10, true }

func check(p Parser, text string) (*Tree, error) {
	return Check(context.Background(), p, text, Limits{}, tenWide{})
}

// verdict gives an error as code, message id and place; "ok" for none.
func verdict(err error) string {
	if err == nil {
		return "ok"
	}
	e := errs.From(err)
	if e.Pos == nil {
		return fmt.Sprintf("%s %s", e.Code, e.ID)
	}
	return fmt.Sprintf("%s %s at %d", e.Code, e.ID, e.Pos.Offset)
}
