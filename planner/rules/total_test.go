package rules

import (
	"context"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
)

var (
	i32  = catalog.Type{Kind: catalog.Int32}
	i64  = catalog.Type{Kind: catalog.Int64}
	text = catalog.Type{Kind: catalog.Text}
	date = catalog.Type{Kind: catalog.Date}
)

func ref(id ir.ColID, t catalog.Type) *ir.Ref { return &ir.Ref{ID: id, Name: "c", Typ: t} }

func constant(t catalog.Type, v any) *ir.Const { return &ir.Const{Value: catalog.Value{Type: t, V: v}} }

func call(name string, t catalog.Type, list ...ir.Expr) *ir.Func {
	return &ir.Func{Name: name, List: list, Typ: t}
}

func eq(l, r ir.Expr) *ir.Compare { return &ir.Compare{Op: ir.Eq, Left: l, Right: r} }

func TestTotal(t *testing.T) {
	a, s := ref(1, i32), ref(2, text)
	for name, c := range map[string]struct {
		e    ir.Expr
		want bool
	}{
		"comparison":            {eq(a, constant(i32, int64(1))), true},
		"of two types":          {eq(a, constant(i64, int64(1))), false},
		"and":                   {&ir.And{List: []ir.Expr{eq(a, a), &ir.Not{Arg: &ir.IsNull{Arg: a}}}}, true},
		"or with a failing one": {&ir.Or{List: []ir.Expr{eq(a, a), eq(a, call("//", i32, a, a))}}, false},
		"in":                    {&ir.In{Arg: a, List: []ir.Expr{constant(i32, int64(1))}}, true},
		"in of two types":       {&ir.In{Arg: a, List: []ir.Expr{constant(i64, int64(1))}}, false},
		"parameter":             {eq(a, &ir.Param{Number: 1, Typ: i32}), true},
		"cast parameter":        {eq(a, &ir.Cast{Arg: &ir.Param{Number: 1, Typ: text}, Typ: i32}), false},
		"widening":              {eq(&ir.Cast{Arg: a, Typ: i64}, ref(3, i64)), true},
		"narrowing":             {eq(&ir.Cast{Arg: ref(3, i64), Typ: i32}, a), false},
		"try narrowing":         {eq(&ir.Cast{Arg: ref(3, i64), Typ: i32, Try: true}, a), false},
		"like":                  {call("~~", ir.Bool, s, constant(text, "a%")), true},
		"not like":              {call("!~~", ir.Bool, s, constant(text, "a%")), true},
		"like a column":         {call("~~", ir.Bool, s, s), false},
		"like with escape":      {call("like_escape", ir.Bool, s, constant(text, "a%"), constant(text, "!")), false},
		"volatile":              {eq(call("random", catalog.Type{Kind: catalog.Float64}), constant(catalog.Type{Kind: catalog.Float64}, 0.5)), false},
		"coalesce":              {&ir.Coalesce{List: []ir.Expr{a, constant(i32, int64(0))}}, true},
		"case that fails": {&ir.Case{When: []ir.Expr{eq(a, a)}, Then: []ir.Expr{call("+", i32, a, a)}, Else: a,
			Typ: i32}, false},
	} {
		if got := total(c.e); got != c.want {
			t.Errorf("%s: total is %v", name, got)
		}
	}
}

// TestWidens asks DuckDB: a cast that widens takes the least and the greatest value
// of its type, which must come back unchanged where the type is no floating one.
func TestWidens(t *testing.T) {
	r := reference(t)
	dec := catalog.DecimalOf
	ends := map[string][]string{
		"TINYINT": {"-128", "127"}, "SMALLINT": {"-32768", "32767"}, "INTEGER": {"-2147483648", "2147483647"},
		"BIGINT": {"-9223372036854775808", "9223372036854775807"}, "UTINYINT": {"255"}, "USMALLINT": {"65535"},
		"UINTEGER": {"4294967295"}, "UBIGINT": {"18446744073709551615"}, "HUGEINT": {"99999999999999999999999999999999999999"},
		"DECIMAL(4,2)": {"99.99"}, "DECIMAL(5,2)": {"-999.99"}, "DECIMAL(12,2)": {"9999999999.99"}, "DECIMAL(10,0)": {"9999999999"},
		"DECIMAL(22,2)": {"99999999999999999999.99"}, "FLOAT": {"1.5"}, "DOUBLE": {"1e300"}, "VARCHAR": {"'x'"}, "DATE": {"'5881580-07-10'"},
		"TIMESTAMP": {"'294247-01-10 04:00:54'"},
	}
	var types []catalog.Type
	for k := catalog.Bool; k <= catalog.HugeInt; k++ {
		if _, ok := ends[(catalog.Type{Kind: k}).DuckDB()]; ok {
			types = append(types, catalog.Type{Kind: k})
		}
	}
	types = append(types, dec(4, 2), dec(5, 2), dec(12, 2), dec(10, 0), dec(22, 2))
	widening := 0
	for _, from := range types {
		for _, to := range types {
			if !widens(from, to) {
				continue
			}
			widening++
			for _, v := range ends[from.DuckDB()] {
				sql := "SELECT CAST(CAST(CAST(" + v + " AS " + from.DuckDB() + ") AS " + to.DuckDB() + ") AS " + from.DuckDB() + ") = CAST(" + v + " AS " + from.DuckDB() + ")"
				if to.Kind == catalog.Float64 {
					sql = "SELECT isfinite(CAST(CAST(" + v + " AS " + from.DuckDB() + ") AS DOUBLE))"
				}
				if res, err := r.Query(context.Background(), sql); err != nil || len(res.Rows) != 1 || res.Rows[0][0] != true {
					t.Errorf("%s to %s: %v %v", from, to, res.Rows, err)
				}
			}
		}
	}
	if widening < 60 {
		t.Errorf("%d pairs widen", widening)
	}
}

func reference(t *testing.T) *oracle.Reference {
	t.Helper()
	r, err := oracle.NewReference(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}
