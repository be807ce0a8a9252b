package logical_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/plantest"
)

// Whatever the text, Decode gives a whole tree or says no.
func FuzzDecode(f *testing.F) {
	_, tables, err := plantest.Fixed(f).Raw(f, "SELECT 1 FROM s.t, s.u, s.v, s.w, tpch.orders, tpch.lineitem")
	if err != nil {
		f.Fatal(err)
	}
	for _, sql := range goldenStatements(f) {
		if raw, _, _ := plantest.Fixed(f).Raw(f, sql); len(raw) < 20_000 {
			f.Add(string(raw))
		}
	}
	f.Add(strings.Repeat("[", 3000))
	f.Fuzz(func(t *testing.T, raw string) {
		plan, err := logical.Decode([]byte(raw), tables)
		var unsupported *logical.Unsupported
		switch {
		case err == nil:
			if err := ir.Check(plan.Root); err != nil {
				t.Error(err)
			}
		case errors.As(err, &unsupported) && unsupported.What == "":
			t.Error("not supported, and nothing says what")
		}
	})
}
