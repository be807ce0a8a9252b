package logical_test

import (
	"testing"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/plantest"
)

func decode(t *testing.T, sql string) (*ir.Plan, error) {
	t.Helper()
	raw, tables, err := plantest.Fixed(t).Raw(t, sql)
	if raw == nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return logical.Decode(raw, tables)
}

// All of TPC-H is held by the tree.
func TestTPCH(t *testing.T) {
	for i, sql := range plantest.TPCH(t) {
		plan, err := decode(t, sql)
		if err != nil {
			t.Errorf("Q%d: %v", i+1, err)
			continue
		}
		if err := ir.Check(plan.Root); err != nil {
			t.Errorf("Q%d: %v", i+1, err)
		}
	}
}
