package logical_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/residual"
)

// fromTable reads a scan's table itself.
func fromTable(n ir.Node) (string, bool) {
	s, ok := n.(*ir.Scan)
	if !ok {
		return "", false
	}
	items := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		items[i] = c.Base.Name + " AS " + residual.Name(c.ID)
	}
	return "(SELECT " + strings.Join(items, ", ") + " FROM " + s.Resource + ")", true
}

// A tree means what its statement means: written as text, without a rule, it gives
// the same rows of the same types.
func TestSameRows(t *testing.T) {
	more, err := os.ReadFile("testdata/same.sql")
	if err != nil {
		t.Fatal(err)
	}
	r, err := oracle.NewReference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := r.Exec(t.Context(), plantest.DDL()...); err != nil {
		t.Fatal(err)
	}
	compared, silent := 0, 0
	for _, sql := range append(goldenStatements(t), strings.Split(strings.TrimSpace(string(more)), ";\n")...) {
		if strings.Contains(sql, "$1") || strings.Contains(sql, "random()") || strings.Contains(sql, "now()") {
			continue
		}
		raw, tables, err := plantest.Fixed(t).Raw(t, sql)
		if raw == nil {
			t.Fatalf("%s: %v", sql, err)
		}
		plan, err := logical.Decode(raw, tables)
		if err != nil {
			continue // the goldens say why
		}
		want, err := r.Query(t.Context(), sql)
		if err != nil { // three statements that fail on these rows
			silent++
			continue
		}
		names := make([]string, len(want.Schema.Fields()))
		for i, f := range want.Schema.Fields() {
			names[i] = f.Name
		}
		text, err := residual.Write(plan.Root, names, fromTable)
		var unsupported *residual.Unsupported
		if errors.As(err, &unsupported) {
			silent++
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		got, err := r.Query(t.Context(), text)
		if err != nil {
			t.Errorf("%s: %v\n%s", sql, err, text)
			continue
		}
		compared++
		if err := oracle.Compare(want, got, oracle.Order{}); err != nil {
			t.Errorf("%s: %v\n%s\n%s", sql, err, text, ir.Text(plan.Root, ir.Exactly))
		}
	}
	t.Logf("%d statements compared, %d not", compared, silent)
	if compared < 140 || silent > 12 {
		t.Errorf("%d statements compared, %d not", compared, silent)
	}
}
