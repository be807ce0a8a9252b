package ir_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

var (
	i32  = catalog.Type{Kind: catalog.Int32}
	i64  = catalog.Type{Kind: catalog.Int64}
	text = catalog.Type{Kind: catalog.Text}
	list = catalog.ListOf(i32)
)

func col(id ir.ColID, t catalog.Type) ir.Column { return ir.Column{ID: id, Name: "c", Type: t} }

func ref(id ir.ColID, t catalog.Type) ir.Expr { return col(id, t).Ref() }

func num(n int64) ir.Expr { return &ir.Const{Value: catalog.Value{Type: i32, V: n}} }

func assign(id ir.ColID, e ir.Expr) ir.Assign { return ir.Assign{Column: col(id, e.Type()), Expr: e} }

// same hands a column on.
func same(id ir.ColID, t catalog.Type) ir.Assign { return assign(id, ref(id, t)) }

func eq(a, b ir.Expr) ir.Expr { return &ir.Compare{Op: ir.Eq, Left: a, Right: b} }

func key(e ir.Expr) ir.Key { return ir.Key{Expr: e, Desc: true, NullsFirst: true} }

// scan gives whole numbers under the ids.
func scan(n int, ids ...ir.ColID) *ir.Scan {
	s := &ir.Scan{Ref: n, Source: "pg", Resource: "s.t", Table: &catalog.Table{Rows: 7}}
	for i, id := range ids {
		s.Columns = append(s.Columns, ir.ScanColumn{Column: col(id, i32), Base: catalog.Column{Name: "c", Type: i32}, Position: i + 1})
	}
	return s
}

// expressions has every kind of expression over columns #1 to #3, whole numbers: first
// with every part, then without those that may be absent.
func expressions() []ir.Expr {
	a, b, c := ref(1, i32), ref(2, i32), ref(3, i32)
	p, q := eq(a, b), eq(b, c)
	return []ir.Expr{
		a,
		num(5),
		&ir.Param{Number: 1, Typ: i32},
		&ir.Cast{Arg: a, Typ: i64, Try: true},
		&ir.Func{Name: "+", List: []ir.Expr{a, b}, Typ: i32},
		&ir.Compare{Op: ir.IsNotDistinct, Left: a, Right: b},
		&ir.And{List: []ir.Expr{p, q, eq(a, c)}},
		&ir.Or{List: []ir.Expr{p, q}},
		&ir.Not{Arg: p},
		&ir.IsNull{Arg: a, Negated: true},
		&ir.In{Arg: a, List: []ir.Expr{num(1), b, num(3)}, Negated: true},
		&ir.Coalesce{List: []ir.Expr{a, b, num(0)}},
		&ir.Case{When: []ir.Expr{p, q}, Then: []ir.Expr{a, b}, Else: c, Typ: i32},
		&ir.Agg{Name: "string_agg", List: []ir.Expr{a, b}, Distinct: true, Filter: p, Order: []ir.Key{key(c), {Expr: b}}, Typ: text},
		&ir.WindowCall{
			Name: "sum", Aggregate: true, List: []ir.Expr{a, num(2)}, Partition: []ir.Expr{b, c}, Order: []ir.Key{key(a), {Expr: c}}, ArgOrder: []ir.Key{key(b)},
			Filter: q, Distinct: true, IgnoreNulls: true, Typ: i64,
			Frame: ir.Frame{Unit: "RANGE", Start: "PRECEDING", From: num(8), End: "FOLLOWING", To: num(9), Exclude: "TIES", Explicit: true},
		},
		&ir.Func{Name: "now", Typ: i64},
		&ir.Agg{Name: "count_star", Typ: i64},
		&ir.WindowCall{Name: "row_number", Typ: i64},
		&ir.WindowCall{Name: "sum", List: []ir.Expr{a}, Typ: i64, Frame: ir.Frame{Unit: "ROWS", Start: "UNBOUNDED PRECEDING", End: "FOLLOWING", To: num(9), Explicit: true}},
	}
}

// nodes has every kind of node as a sound tree: first with every part, then without
// those that may be absent, and the kinds of join.
func nodes() []ir.Node {
	out := []ir.Node{
		scan(1, 1, 2),
		&ir.Barrier{Input: scan(1, 1)},
		&ir.Remote{Source: "pg", Input: scan(1, 1)},
		&ir.Filter{Input: scan(1, 1, 2), Preds: []ir.Expr{eq(ref(1, i32), num(1)), eq(ref(2, i32), num(2))}},
		&ir.Project{Input: scan(1, 1, 2), Cols: []ir.Assign{same(2, i32), assign(3, num(1)), assign(4, ref(1, i32))}},
		untangled(&ir.Join{
			Kind: ir.Mark, Left: scan(1, 1, 2), Right: scan(2, 3), On: []ir.Expr{eq(ref(1, i32), ref(3, i32)), eq(ref(2, i32), ref(10, i32))},
			Mark: col(4, ir.Bool), Delim: &ir.Delim{ID: 1, Columns: []ir.ColID{2, 1}},
		}, 10),
		&ir.Aggregate{
			Input: scan(1, 1, 2), Groups: []ir.Assign{same(1, i32), assign(3, num(7))}, Sets: [][]int{{0, 1}, {0}, nil},
			Aggs: []ir.Assign{assign(4, &ir.Agg{Name: "sum", List: []ir.Expr{ref(2, i32)}, Typ: i64})}, Grouping: []ir.GroupingCall{{Column: col(5, i64), Groups: []int{0, 1}}},
		},
		&ir.Sort{Input: scan(1, 1, 2), Keys: []ir.Key{key(ref(2, i32)), {Expr: ref(1, i32)}}},
		&ir.Limit{Input: scan(1, 1), Count: num(3), Offset: num(4)},
		&ir.TopN{Input: scan(1, 1, 2), Keys: []ir.Key{key(ref(2, i32)), {Expr: ref(1, i32)}}, Count: num(3), Offset: num(4)},
		&ir.Distinct{Input: scan(1, 1, 2), On: []ir.Expr{ref(1, i32)}, Keys: []ir.Key{key(ref(2, i32))}},
		&ir.SetOp{Kind: ir.Except, All: true, Left: scan(1, 1, 2), Right: scan(2, 3, 4), Columns: []ir.Column{col(5, i32), col(6, i32)}},
		&ir.Window{Input: scan(1, 1, 2), Calls: []ir.Assign{
			assign(3, &ir.WindowCall{Name: "sum", Aggregate: true, List: []ir.Expr{ref(1, i32)}, Partition: []ir.Expr{ref(2, i32)}, Typ: i64}), assign(4, &ir.WindowCall{Name: "row_number", Typ: i64}),
		}},
		&ir.Unnest{Input: scan(1, 1), Calls: []ir.Assign{{Column: col(2, i32), Expr: &ir.Func{Name: "list_value", List: []ir.Expr{ref(1, i32)}, Typ: list}}}},
		&ir.CTE{
			ID: 1, Name: "x", Materialized: true, Def: scan(1, 1, 2),
			Body: &ir.CTERef{ID: 1, Name: "x", Columns: []ir.Column{col(3, i32)}, From: []ir.ColID{2}},
		},
		&ir.Values{Columns: []ir.Column{col(1, i32), col(2, i32)}, Rows: [][]ir.Expr{{num(1), num(2)}, {num(3), num(4)}}},
		&ir.TableFunction{Name: "range", Args: []ir.Expr{num(1), num(9)}, Columns: []ir.Column{col(1, i64)}},
		&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{assign(2, &ir.Agg{Name: "count_star", Typ: i64})}},
		&ir.Limit{Input: scan(1, 1), Offset: num(4)},
		&ir.TopN{Input: scan(1, 1), Keys: []ir.Key{{Expr: ref(1, i32)}}, Count: num(3)},
		&ir.Distinct{Input: scan(1, 1)},
	}
	for _, k := range []ir.JoinKind{ir.Inner, ir.Left, ir.Right, ir.Full, ir.Semi, ir.Anti, ir.Single} {
		out = append(out, &ir.Join{Kind: k, Left: scan(1, 1), Right: scan(2, 2), On: []ir.Expr{eq(ref(1, i32), ref(2, i32))}})
	}
	return append(out, &ir.Join{Kind: ir.Inner, Left: scan(1, 1), Right: scan(2, 2)})
}

// untangled puts a DelimGet, which gives the id, beside the right side of a join.
func untangled(j *ir.Join, id ir.ColID) *ir.Join {
	get := &ir.DelimGet{Delim: j.Delim.ID, Columns: []ir.Column{col(id, i32)}, From: j.Delim.Columns[:1]}
	j.Right = &ir.Join{Kind: ir.Inner, Left: j.Right, Right: get}
	return j
}

// leaves are nodes that are no tree of their own.
func leaves() []ir.Node {
	return []ir.Node{
		&ir.DelimGet{Delim: 1, Columns: []ir.Column{col(3, i32)}, From: []ir.ColID{1}},
		&ir.CTERef{ID: 1, Name: "x", Columns: []ir.Column{col(3, i32)}, From: []ir.ColID{2}},
	}
}

func kindOf(v any) string { return reflect.TypeOf(v).Elem().Name() }

// kindsIn lists the types of this package that have the method.
func kindsIn(t *testing.T, method string) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == method {
				kinds = append(kinds, fn.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(kinds)
	return kinds
}

// The samples have every kind, and of each kind one in which every field is set: what
// the other tests find of them, they find of all.
func TestSamplesHaveEveryKind(t *testing.T) {
	var some []any
	for _, n := range append(nodes(), leaves()...) {
		some = append(some, n)
	}
	compareKinds(t, "MapExprs", some)
	some = nil
	for _, e := range expressions() {
		some = append(some, e)
	}
	compareKinds(t, "WithArgs", some)
}

func compareKinds(t *testing.T, method string, samples []any) {
	t.Helper()
	open := map[string][]string{} // by kind, the fields that no sample sets
	var have []string
	for _, s := range samples {
		kind, v := kindOf(s), reflect.ValueOf(s).Elem()
		if _, ok := open[kind]; !ok {
			have = append(have, kind)
			for i := range v.NumField() {
				open[kind] = append(open[kind], v.Type().Field(i).Name)
			}
		}
		open[kind] = slices.DeleteFunc(open[kind], func(f string) bool { return !v.FieldByName(f).IsZero() })
	}
	slices.Sort(have)
	if want := kindsIn(t, method); !slices.Equal(have, want) || len(want) < 10 {
		t.Errorf("samples of %v\nthe package has %v", have, want)
	}
	for kind, fields := range open {
		if len(fields) > 0 {
			t.Errorf("no sample of %s sets %v", kind, fields)
		}
	}
}
