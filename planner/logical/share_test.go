package logical_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

// worldOf publishes tables, all of one source.
func worldOf(t *testing.T, agency string, columns map[string][]catalog.Column) *plantest.World {
	t.Helper()
	source := policy.Described{Source: agency}
	var published []policy.Published
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		table := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: name}, Columns: columns[name], Rows: -1}
		source.Tables = append(source.Tables, table)
		published = append(published, policy.Published{Agency: agency, Resource: name, Source: agency, Table: table.ID})
	}
	w, err := plantest.New(published, []policy.Described{source})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// share decodes statements and tells how many the tree holds. That a plan is not
// understood is an error; that one is not supported is counted by its reason.
func share(t *testing.T, w *plantest.World, texts map[string]string) int {
	t.Helper()
	why, held, refused := map[string]int{}, 0, 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		raw, tables, err := w.Raw(t, texts[name])
		if raw == nil {
			refused++
			t.Logf("%s: %v\n%s", name, err, texts[name])
			continue
		}
		var unsupported *logical.Unsupported
		switch _, err := logical.Decode(raw, tables); {
		case err == nil:
			held++
		case errors.As(err, &unsupported):
			why[unsupported.What]++
		default:
			t.Errorf("%s: %v\n%s", name, err, texts[name])
		}
	}
	var reasons []string
	for what, n := range why {
		reasons = append(reasons, fmt.Sprintf("%d %s", n, what))
	}
	slices.Sort(reasons)
	if refused*500 > len(texts) { // the binder knows grouped expressions less well than DuckDB itself
		t.Errorf("%d were refused", refused)
	}
	t.Logf("%d of %d are held by the tree\n%s", held, len(texts), strings.Join(reasons, "\n"))
	return held
}

// All of TPC-DS is held by the tree.
func TestTPCDS(t *testing.T) {
	dir := oracle.TPCDS(t, 0.01)
	columns, texts := map[string][]catalog.Column{}, map[string]string{}
	for _, name := range oracle.TPCDSTables {
		columns[name] = oracle.TPCDSColumns(name, oracle.PostgreSQL)
	}
	for n := 1; n <= oracle.TPCDSStatements; n++ {
		text, err := oracle.TPCDSText(dir, n, "ds")
		if err != nil {
			t.Fatal(err)
		}
		texts[fmt.Sprintf("Q%02d", n)] = text
	}
	if held := share(t, worldOf(t, "ds", columns), texts); held != len(texts) {
		t.Errorf("%d of %d", held, len(texts))
	}
}

// Of the statements that the oracle makes, the tree holds all but a few kinds.
func TestGenerated(t *testing.T) {
	tables := oracle.TestTables(20240229, oracle.PostgreSQL, "r")
	columns, texts := map[string][]catalog.Column{}, map[string]string{}
	for _, table := range tables {
		columns[table.Name()] = table.Columns
	}
	g := oracle.NewGenerator(20240229, tables)
	for n := range uint64(600) {
		texts[fmt.Sprintf("%04d", n)] = g.Statement(n).SQL
	}
	if held := share(t, worldOf(t, "r", columns), texts); held*100 < len(texts)*95 {
		t.Errorf("%d of %d", held, len(texts))
	}
}
