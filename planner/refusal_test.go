package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// An error points at the person's own text, whatever stands in its place when
// DuckDB reads it, and names what is near.
func TestErrorsPointIntoTheText(t *testing.T) {
	p := newPlanner(t)
	for _, c := range []struct {
		sql  string // the error stands at the mark ^
		want string // code, message, near names
	}{
		{"SELECT $1, b, ^nope FROM g.t WHERE a = $1", "unknown_name unknown_column "},
		{"SELECT a FROM g.t WHERE v = '张' OR ^vv = $name", "unknown_name unknown_column v"},
		{"SELECT 姓名 FROM 公安.人口 WHERE 姓名 = $1 AND ^性名 = $2", "unknown_name unknown_column 姓名"},
		{"SELECT ^r.姓 FROM 公安.人口 r", "unknown_name unknown_column 姓名"},
		{"SELECT r.姓名 FROM 公安.人口 r JOIN g.t ON t.v = ^r.姓民", "unknown_name unknown_column 姓名"},
		{"SELECT $1 FROM g.t, ^g.tt", "unknown_name unknown_table g.t"},
		{"SELECT $1 FROM g.t x, g.t y WHERE $2 < ^a", "ambiguous_name ambiguous_name "},
		{"SELECT $1 FROM g.t WHERE $2 = ^getenv('x')", "unknown_name gate_unknown_function "},
		{"SELECT $1; ^SELECT $2", "one_statement gate_one_statement "},
	} {
		sql := strings.Replace(c.sql, "^", "", 1)
		_, err := p.Prepare(t.Context(), sql, testTables(), Options{})
		e := errs.From(err)
		if e == nil {
			t.Errorf("%s: no error", sql)
			continue
		}
		got := fmt.Sprintf("%s %s %s", e.Code, e.ID, strings.Join(e.Nearest, ", "))
		at := -1
		if e.Pos != nil {
			at = e.Pos.Offset
		}
		if want := strings.Index(c.sql, "^"); got != c.want || at != want {
			t.Errorf("%s: %q at %d, want %q at %d", sql, got, at, c.want, want)
		}
	}
}
