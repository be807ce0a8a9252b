package residual_test

import (
	"fmt"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Trees by hand, over the tables t(a, b, c) and u(a, b, c). The columns of a scan
// have ids from its number times ten.

var (
	integer = catalog.Type{Kind: catalog.Int32}
	bigint  = catalog.Type{Kind: catalog.Int64}
	varchar = catalog.Type{Kind: catalog.Text}
	boolean = catalog.Type{Kind: catalog.Bool}
	double  = catalog.Type{Kind: catalog.Float64}
)

func column(id int, name string, t catalog.Type) ir.Column {
	return ir.Column{ID: ir.ColID(id), Name: name, Type: t}
}

func scan(table string, number int) *ir.Scan {
	s := &ir.Scan{Ref: number, Source: "s", Resource: table, Table: &catalog.Table{ID: catalog.TableID{Schema: "main", Name: table}}}
	for i, c := range []catalog.Column{{Name: "a", Type: integer}, {Name: "b", Type: integer}, {Name: "c", Type: varchar}} {
		s.Columns = append(s.Columns, ir.ScanColumn{Column: column(10*number+i, c.Name, c.Type), Base: c, Position: i})
	}
	return s
}

// col reads a column of a scan, or one made by assign, which is an INTEGER.
func col(id int) *ir.Ref {
	if id < 100 && id%10 == 2 {
		return &ir.Ref{ID: ir.ColID(id), Name: "c", Typ: varchar}
	}
	return &ir.Ref{ID: ir.ColID(id), Name: fmt.Sprint("x", id), Typ: integer}
}

func ref(id int, t catalog.Type) *ir.Ref { return &ir.Ref{ID: ir.ColID(id), Name: "x", Typ: t} }

func number(n int64) *ir.Const { return &ir.Const{Value: catalog.Value{Type: integer, V: n}} }
func rows(n int64) *ir.Const   { return &ir.Const{Value: catalog.Value{Type: bigint, V: n}} }
func word(s string) *ir.Const  { return &ir.Const{Value: catalog.Value{Type: varchar, V: s}} }

// decimal has two digits after its point.
func decimal(digits string, precision int32) *ir.Const {
	return &ir.Const{Value: catalog.Value{Type: catalog.DecimalOf(precision, 2), V: digits + ".00"}}
}

func call(name string, t catalog.Type, list ...ir.Expr) *ir.Func {
	return &ir.Func{Name: name, List: list, Typ: t}
}

func plus(l, r ir.Expr) ir.Expr { return call("+", integer, l, r) }

func compare(op ir.CompareOp, l, r ir.Expr) ir.Expr { return &ir.Compare{Op: op, Left: l, Right: r} }
func eq(l, r ir.Expr) ir.Expr                       { return compare(ir.Eq, l, r) }
func same(l, r ir.Expr) ir.Expr                     { return compare(ir.IsNotDistinct, l, r) }
func greater(l, r ir.Expr) ir.Expr                  { return compare(ir.Gt, l, r) }

func assign(id int, e ir.Expr) ir.Assign {
	return ir.Assign{Column: column(id, fmt.Sprint("x", id), e.Type()), Expr: e}
}

// element unnests a list of these.
func element(id int, list ...ir.Expr) ir.Assign {
	return ir.Assign{Column: column(id, fmt.Sprint("x", id), integer), Expr: call("list_value", catalog.ListOf(integer), list...)}
}

func project(in ir.Node, cols ...ir.Assign) ir.Node { return &ir.Project{Input: in, Cols: cols} }

// pass hands columns on.
func pass(ids ...int) []ir.Assign {
	var out []ir.Assign
	for _, id := range ids {
		out = append(out, assign(id, col(id)))
	}
	return out
}

func filter(in ir.Node, preds ...ir.Expr) ir.Node { return &ir.Filter{Input: in, Preds: preds} }

func joined(k ir.JoinKind, l, r ir.Node, on ...ir.Expr) *ir.Join {
	return &ir.Join{Kind: k, Left: l, Right: r, On: on}
}

func count() *ir.Agg { return &ir.Agg{Name: "count_star", Typ: bigint} }

func up(e ir.Expr) ir.Key   { return ir.Key{Expr: e} }
func down(e ir.Expr) ir.Key { return ir.Key{Expr: e, Desc: true, NullsFirst: true} }
