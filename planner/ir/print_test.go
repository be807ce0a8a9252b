package ir_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// values draws a value of a type; each has "7074" in its text. Nothing else that the
// expressions of these tests print has it.
var values = map[catalog.Kind]func(*rapid.T) any{
	catalog.Int32:   func(t *rapid.T) any { return 70740 + rapid.Int64Range(0, 9).Draw(t, "whole") },
	catalog.Uint64:  func(t *rapid.T) any { return 70740 + rapid.Uint64Range(0, 9).Draw(t, "unsigned") },
	catalog.Float64: func(t *rapid.T) any { return 7074.5 * float64(rapid.SampledFrom([]int{-1, 1}).Draw(t, "double")) },
	catalog.Text: func(t *rapid.T) any {
		return rapid.SampledFrom([]string{"7074", `"7074`, "a) 7074 (", "c#1 7074"}).Draw(t, "text")
	},
	catalog.Blob: func(t *rapid.T) any { return []byte(fmt.Sprint(70740 + rapid.IntRange(0, 9).Draw(t, "bytes"))) },
	catalog.Bool: func(t *rapid.T) any { return rapid.Bool().Draw(t, "bool") },
}

var kinds = []catalog.Kind{catalog.Int32, catalog.Uint64, catalog.Float64, catalog.Text, catalog.Blob, catalog.Bool}

func constant(t *rapid.T, k catalog.Kind) ir.Expr {
	v := catalog.Value{Type: catalog.Type{Kind: k}}
	if rapid.IntRange(0, 4).Draw(t, "null") > 0 {
		v.V = values[k](t)
	}
	return &ir.Const{Value: v}
}

// anyExpr draws an expression: each argument of a sample of every kind is another one.
func anyExpr(t *rapid.T, depth int) ir.Expr {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		if rapid.Bool().Draw(t, "constant") {
			return constant(t, rapid.SampledFrom(kinds).Draw(t, "kind"))
		}
		return rapid.SampledFrom([]ir.Expr{ref(1, i32), ref(2, text), &ir.Param{Number: 3, Typ: i64}}).Draw(t, "leaf")
	}
	e := rapid.SampledFrom(expressions()).Draw(t, "sample")
	if _, ok := e.(*ir.Const); ok {
		return constant(t, catalog.Int32)
	}
	args := make([]ir.Expr, len(e.Args()))
	for i := range args {
		args[i] = anyExpr(t, depth-1)
	}
	return e.WithArgs(args)
}

// otherValues puts other values of the same types in the place of all.
func otherValues(t *rapid.T, e ir.Expr) ir.Expr {
	return ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
		if c, ok := x.(*ir.Const); ok {
			return constant(t, c.Value.Type.Kind)
		}
		return x
	})
}

// A redacted text has no value, and tells two statements apart by nothing that is in
// their values, NULL or not.
func TestRedactedShowsNoValue(t *testing.T) {
	shown := 0
	rapid.Check(t, func(t *rapid.T) {
		e := anyExpr(t, 4)
		redacted := ir.ExprText(e, ir.Redacted)
		if strings.Contains(redacted, "7074") || strings.Contains(redacted, "NULL::") || strings.Contains(redacted, "55 48 55 52") {
			t.Fatalf("%s shows a value of %s", redacted, ir.ExprText(e, ir.Exactly))
		}
		if exact := ir.ExprText(e, ir.Exactly); strings.Contains(exact, "7074") {
			shown++
		}
		if again := ir.ExprText(otherValues(t, e), ir.Redacted); again != redacted {
			t.Fatalf("%s\n%s differ by values alone", redacted, again)
		}
		n := rapid.SampledFrom(everyNode()).Draw(t, "node").MapExprs(func(ir.Expr) ir.Expr { return anyExpr(t, 2) })
		line := ir.Line(n, ir.Redacted)
		if again := ir.Line(n.MapExprs(func(x ir.Expr) ir.Expr { return otherValues(t, x) }), ir.Redacted); strings.Contains(line, "7074") || again != line {
			t.Fatalf("%s\n%s: a value is shown, or tells them apart", line, again)
		}
	})
	if shown < 10 {
		t.Errorf("only %d expressions had a value to show", shown)
	}
}

// Exactly shows each value with its type, so that a change of either is seen.
func TestExactlyShowsValues(t *testing.T) {
	value := func(k catalog.Kind, v any) ir.Expr {
		return &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: k}, V: v}}
	}
	seen := map[string]int{}
	for i, e := range []ir.Expr{
		value(catalog.Int32, int64(1)), value(catalog.Int64, int64(1)), value(catalog.Text, "1"), value(catalog.Text, "01"), value(catalog.Text, nil),
		value(catalog.Text, "NULL"), value(catalog.Text, ""), value(catalog.Int32, nil), value(catalog.Float64, 1.0), value(catalog.Float64, 2.0), value(catalog.Bool, true),
		value(catalog.Text, `1"::VARCHAR`), value(catalog.Blob, []byte("1")),
	} {
		s := ir.ExprText(e, ir.Exactly)
		if at, ok := seen[s]; ok {
			t.Errorf("values %d and %d are both %s", at, i, s)
		}
		seen[s] = i
	}
}

// The printer knows every kind: it prints a line of its own for each.
func TestPrinterKnowsEveryKind(t *testing.T) {
	for _, n := range everyNode() {
		if line := ir.Line(n, ir.Exactly); strings.HasPrefix(line, "*ir.") {
			t.Errorf("%s has no line", line)
		}
	}
	for _, e := range expressions() {
		if s := ir.ExprText(e, ir.Exactly); strings.Contains(s, "*ir.") {
			t.Errorf("%s has no text", s)
		}
	}
	for _, c := range []struct{ want, got string }{
		{`sum(distinct c#1, "2"::INTEGER order by c#2 desc nulls first) filter c#2 = c#3 ignore nulls over (partition by c#2, c#3 order by c#1 desc nulls first, c#3 nulls last ` +
			`RANGE "8"::INTEGER PRECEDING to "9"::INTEGER FOLLOWING exclude TIES)`, ir.ExprText(expressions()[14], ir.Exactly)},
		{"c#1 NOT IN (3 values)", ir.ExprText(expressions()[10], ir.Redacted)},
		{`mark join delim 1 (#2, #1) on c#1 = c#3 AND c#2 = c#10 mark c#4`, ir.Line(nodes()[5], ir.Exactly)},
		{`aggregate by c#1, c#3 = "7"::INTEGER sets [[0 1] [0] []]: c#4 = sum(c#2), c#5 = grouping[0 1]`, ir.Line(nodes()[6], ir.Exactly)},
		{"except all: c#5, c#6", ir.Line(nodes()[11], ir.Exactly)},
		{"values c#1, c#2: 2 rows", ir.Line(nodes()[15], ir.Redacted)},
		{"cte 1 x materialized\n  scan 1 s.t at pg: c#1 INTEGER, c#2 INTEGER\n  cte ref 1 x: c#3 = #2\n", ir.Text(nodes()[14], ir.Exactly)},
	} {
		if c.got != c.want {
			t.Errorf("%s\nwant %s", c.got, c.want)
		}
	}
}
