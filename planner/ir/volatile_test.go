package ir

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
)

// The list is DuckDB's own.
func TestVolatileFunctions(t *testing.T) {
	r, err := oracle.NewReference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	res, err := r.Query(t.Context(), "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE' ORDER BY ALL")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range res.Rows {
		want = append(want, row[0].(string))
	}
	if got := slices.Sorted(maps.Keys(volatileFunctions)); !slices.Equal(got, want) {
		t.Errorf("volatile here: %s\nin DuckDB:     %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// A volatile call is found at every depth and in every letter case, and now() is none.
func TestVolatile(t *testing.T) {
	i32 := catalog.Type{Kind: catalog.Int32}
	call := func(name string) Expr { return &Func{Name: name, Typ: i32} }
	col := &Ref{ID: 1, Name: "a", Typ: i32}
	deep := &Compare{Op: Eq, Left: col, Right: &Cast{Arg: call("Random"), Typ: i32}}
	if !Volatile(col, deep) {
		t.Errorf("%s is not found", ExprText(deep, Exactly))
	}
	for _, e := range []Expr{col, call("now"), &Agg{Name: "random", Typ: i32}} {
		if Volatile(e) {
			t.Errorf("%s is found", ExprText(e, Exactly))
		}
	}
}
