package planner

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// A cast of a parameter is shielded from what stands over it, and the source is asked as
// without.
func TestCastsAreShielded(t *testing.T) {
	p := newPlanner(t)
	for _, c := range []struct {
		sql      string
		declared catalog.Kind
		value    string
		shielded bool
		asked    string // of the source
	}{
		{"SELECT a FROM g.t WHERE a = $1::INTEGER", catalog.Invalid, "7", true, "WHERE a = ?"},
		{"SELECT a FROM g.t WHERE b = $1::INTEGER", catalog.Invalid, "7", true, "WHERE b = ?"},
		{"SELECT a FROM g.t WHERE a = $1::INTEGER", catalog.Int64, "7", true, "WHERE a = ?"},
		{"SELECT a FROM g.t WHERE a = CAST(($1) AS INTEGER)", catalog.Int16, "7", true, "WHERE a = ?"},
		{"SELECT a FROM g.t WHERE v = $1::INTEGER::VARCHAR", catalog.Invalid, "007", true, ""},
		{"SELECT a FROM g.t WHERE ts >= $1::DATE", catalog.Invalid, "2024-02-29", true, ""},
		{"SELECT a FROM g.t WHERE a = TRY_CAST($1 AS INTEGER)", catalog.Invalid, "7", true, ""},
		{"SELECT a FROM g.t WHERE abs($1)::INTEGER = a", catalog.Invalid, "7", false, ""},
		{"SELECT $1::TIMESTAMP WITH TIME ZONE::VARCHAR, $2::DOUBLE PRECISION[]::VARCHAR, $3::DECIMAL(5, 1)[2]::VARCHAR FROM g.t", catalog.Text, "x", true, ""},
	} {
		s, err := p.Prepare(t.Context(), c.sql, testTables(), Options{Declared: func(string) catalog.Type { return catalog.Type{Kind: c.declared} }})
		if err != nil {
			t.Errorf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			continue
		}
		if got := strings.Contains(s.text, shieldFrom); got != c.shielded {
			t.Errorf("%s, declared %d: %s", c.sql, c.declared, s.text)
		}
		if c.asked == "" {
			continue
		}
		v, err := s.Params[0].Value(c.value)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		plan, err := s.Plan(t.Context(), []catalog.Value{v})
		if err != nil || len(plan.Streams) != 1 || !strings.HasSuffix(plan.Streams[0].SQL, c.asked) {
			t.Errorf("%s, declared %d: %v, asked %+v, want %s", c.sql, c.declared, err, plan, c.asked)
		}
	}
}
