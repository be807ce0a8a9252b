package dialect_test

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// builder makes trees over tables.
type builder struct {
	plan   *ir.Plan
	tables map[string]*catalog.Table
	scans  int
}

func newBuilder(tables map[string]*catalog.Table) *builder {
	return &builder{plan: ir.NewPlan(), tables: tables}
}

// scan reads columns of a table, all when none is named.
func (b *builder) scan(table string, columns ...string) *ir.Scan {
	b.scans++
	t := b.tables[table]
	s := &ir.Scan{Ref: b.scans, Source: "src", Resource: table, Table: t}
	for i, c := range t.Columns {
		wanted := len(columns) == 0
		for _, name := range columns {
			wanted = wanted || name == c.Name
		}
		if wanted {
			s.Columns = append(s.Columns, ir.ScanColumn{Column: b.plan.NewColumn(c.Name, c.Type), Base: c, Position: i})
		}
	}
	return s
}

// project hands the columns of those places on, under new ids where fresh.
func (b *builder) project(n ir.Node, fresh bool, places ...int) *ir.Project {
	p := &ir.Project{Input: n}
	for _, i := range places {
		c := n.Output()[i]
		a := ir.Assign{Column: c, Expr: c.Ref()}
		if fresh {
			a.Column = b.plan.NewColumn(c.Name, c.Type)
		}
		p.Cols = append(p.Cols, a)
	}
	return p
}

// group aggregates; keys are handed on under their own ids.
func (b *builder) group(n ir.Node, keys []ir.Expr, aggs ...*ir.Agg) *ir.Aggregate {
	a := &ir.Aggregate{Input: n}
	for _, k := range keys {
		r := k.(*ir.Ref)
		a.Groups = append(a.Groups, ir.Assign{Column: ir.Column{ID: r.ID, Name: r.Name, Type: r.Typ}, Expr: r})
	}
	for _, g := range aggs {
		a.Aggs = append(a.Aggs, ir.Assign{Column: b.plan.NewColumn(g.Name, g.Typ), Expr: g})
	}
	return a
}

// combine combines columns of both tables.
func (b *builder) combine(k ir.SetKind, all bool) *ir.SetOp {
	p, v := b.scan("person", "id", "born", "kh", "zt"), b.scan("visit", "person", "day", "kh", "zt")
	u := &ir.SetOp{Kind: k, All: all, Left: p, Right: b.project(v, true, 0, 2, 1, 3)}
	for _, c := range p.Output() {
		u.Columns = append(u.Columns, b.plan.NewColumn(c.Name, c.Type))
	}
	return u
}

var (
	whole = catalog.Type{Kind: catalog.Int64}
	huge  = catalog.Type{Kind: catalog.HugeInt}
)

// agg calls an aggregate as DuckDB binds it.
func agg(name string, args ...ir.Expr) *ir.Agg {
	a := &ir.Agg{Name: name, List: args, Typ: whole}
	switch {
	case name == "min" || name == "max":
		a.Typ = args[0].Type()
	case name == "sum" && args[0].Type().Kind == catalog.Decimal:
		a.Typ = catalog.DecimalOf(38, args[0].Type().Scale)
	case name == "sum":
		a.Typ = huge
	}
	return a
}

func distinct(a *ir.Agg) *ir.Agg {
	a.Distinct = true
	return a
}

func where(a *ir.Agg, filter ir.Expr) *ir.Agg {
	a.Filter = filter
	return a
}

// col reads a column of a node by its name.
func col(n ir.Node, name string) *ir.Ref {
	for _, c := range n.Output() {
		if c.Name == name {
			return c.Ref()
		}
	}
	return &ir.Ref{Name: name}
}

// lit is a constant of another expression's type.
func lit(like ir.Expr, v any) *ir.Const {
	return &ir.Const{Value: catalog.Value{Type: like.Type(), V: v}}
}

func cmpr(op ir.CompareOp, a, b ir.Expr) ir.Expr { return &ir.Compare{Op: op, Left: a, Right: b} }
func eq(a, b ir.Expr) ir.Expr                    { return cmpr(ir.Eq, a, b) }
func and(list ...ir.Expr) ir.Expr                { return &ir.And{List: list} }
func or(list ...ir.Expr) ir.Expr                 { return &ir.Or{List: list} }
func not(e ir.Expr) ir.Expr                      { return &ir.Not{Arg: e} }
func null(e ir.Expr) ir.Expr                     { return &ir.IsNull{Arg: e} }
func notNull(e ir.Expr) ir.Expr                  { return &ir.IsNull{Arg: e, Negated: true} }

func in(e ir.Expr, values ...any) *ir.In {
	n := &ir.In{Arg: e}
	for _, v := range values {
		n.List = append(n.List, lit(e, v))
	}
	return n
}

func like(e ir.Expr, pattern string) ir.Expr {
	return &ir.Func{Name: "~~", List: []ir.Expr{e, lit(e, pattern)}, Typ: ir.Bool}
}

func cast(e ir.Expr, t catalog.Type) ir.Expr { return &ir.Cast{Arg: e, Typ: t} }

func number(v int64) ir.Expr { return lit(&ir.Ref{Typ: whole}, v) }

func by(e ir.Expr) ir.Key   { return ir.Key{Expr: e} }
func down(e ir.Expr) ir.Key { return ir.Key{Expr: e, Desc: true, NullsFirst: true} }

// naive writes a tree for DuckDB, a level a derived table, with its constants in the
// text: what the answer of a source is compared with. It shares nothing with the
// package's own writers.
func naive(n ir.Node) string {
	var in []string
	for _, i := range n.Inputs() {
		in = append(in, "("+naive(i)+")")
	}
	all := make([]string, 0, len(n.Output()))
	for _, c := range n.Output() {
		all = append(all, id(c.ID))
	}
	star := "SELECT " + strings.Join(all, ", ") + " FROM "
	switch n := n.(type) {
	case *ir.Scan:
		for i, c := range n.Columns {
			all[i] = catalog.QuoteIdent(c.Base.Name) + " AS " + id(c.ID)
		}
		return "SELECT " + strings.Join(all, ", ") + " FROM main." + catalog.QuoteIdent(n.Resource)
	case *ir.Barrier:
		return naive(n.Input)
	case *ir.Filter:
		return star + in[0] + " WHERE " + naives(n.Preds, " AND ")
	case *ir.Project:
		return "SELECT " + assigned(n.Cols) + " FROM " + in[0]
	case *ir.Join:
		return star + in[0] + " AS l " + strings.ToUpper(n.Kind.String()) + " JOIN " + in[1] + " AS r ON " + naives(n.On, " AND ")
	case *ir.Aggregate:
		text := "SELECT " + assigned(append(append([]ir.Assign{}, n.Groups...), n.Aggs...)) + " FROM " + in[0]
		if len(n.Groups) > 0 {
			keys := make([]string, len(n.Groups))
			for i, g := range n.Groups {
				keys[i] = naiveExpr(g.Expr)
			}
			text += " GROUP BY " + strings.Join(keys, ", ")
		}
		return text
	case *ir.Distinct:
		return "SELECT DISTINCT " + strings.Join(all, ", ") + " FROM " + in[0]
	case *ir.SetOp:
		var sides []string
		for i, side := range n.Inputs() {
			list := make([]string, len(n.Columns))
			for k, c := range n.Columns {
				list[k] = id(side.Output()[k].ID) + " AS " + id(c.ID)
			}
			sides = append(sides, "(SELECT "+strings.Join(list, ", ")+" FROM "+in[i]+")")
		}
		return star + "(" + strings.Join(sides, map[bool]string{true: " " + n.Kind.String() + " ALL ", false: " " + n.Kind.String() + " "}[n.All]) + ")"
	case *ir.Sort:
		return star + in[0] + " ORDER BY " + naiveKeys(n.Keys)
	case *ir.TopN:
		return star + in[0] + " ORDER BY " + naiveKeys(n.Keys) + naiveBounds(n.Count, n.Offset)
	case *ir.Limit:
		return star + in[0] + naiveBounds(n.Count, n.Offset)
	}
	return "no text for " + ir.Line(n, ir.Redacted)
}

func id(c ir.ColID) string { return "c" + strconv.Itoa(int(c)) }

func assigned(list []ir.Assign) string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = naiveExpr(a.Expr) + " AS " + id(a.ID)
	}
	return strings.Join(out, ", ")
}

func naiveKeys(keys []ir.Key) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = naiveExpr(k.Expr) + map[bool]string{true: " DESC", false: " ASC"}[k.Desc] + map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
	}
	return strings.Join(out, ", ")
}

func naiveBounds(count, offset ir.Expr) string {
	text := " LIMIT " + fmt.Sprint(count.(*ir.Const).Value.V)
	if offset != nil {
		text += " OFFSET " + fmt.Sprint(offset.(*ir.Const).Value.V)
	}
	return text
}

func naives(list []ir.Expr, by string) string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = naiveExpr(e)
	}
	return strings.Join(out, by)
}

func naiveExpr(e ir.Expr) string {
	switch e := e.(type) {
	case *ir.Ref:
		return id(e.ID)
	case *ir.Const:
		return sqlValue(e.Value.Type, e.Value.V)
	case *ir.Cast:
		return "CAST(" + naiveExpr(e.Arg) + " AS " + e.Typ.DuckDB() + ")"
	case *ir.And:
		return "(" + naives(e.List, " AND ") + ")"
	case *ir.Or:
		return "(" + naives(e.List, " OR ") + ")"
	case *ir.Not:
		return "(NOT " + naiveExpr(e.Arg) + ")"
	case *ir.IsNull:
		return "(" + naiveExpr(e.Arg) + map[bool]string{true: " IS NOT NULL", false: " IS NULL"}[e.Negated] + ")"
	case *ir.Compare:
		return "(" + naiveExpr(e.Left) + " " + e.Op.String() + " " + naiveExpr(e.Right) + ")"
	case *ir.In:
		return "(" + naiveExpr(e.Arg) + map[bool]string{true: " NOT", false: ""}[e.Negated] + " IN (" + naives(e.List, ", ") + "))"
	case *ir.Coalesce:
		return "coalesce(" + naives(e.List, ", ") + ")"
	case *ir.Case:
		text := "(CASE"
		for i := range e.When {
			text += " WHEN " + naiveExpr(e.When[i]) + " THEN " + naiveExpr(e.Then[i])
		}
		return text + " ELSE " + naiveExpr(e.Else) + " END)"
	case *ir.Func:
		return naiveCall(e)
	case *ir.Agg:
		if e.Name == "count_star" {
			return "count(*)" + naiveFilter(e)
		}
		return e.Name + "(" + map[bool]string{true: "DISTINCT ", false: ""}[e.Distinct] + naives(e.List, ", ") + ")" + naiveFilter(e)
	}
	return "no text"
}

func naiveCall(e *ir.Func) string {
	sign := strings.NewReplacer("!~~", "NOT LIKE", "~~", "LIKE").Replace(e.Name)
	switch {
	case len(e.List) == 2 && !strings.ContainsAny(e.Name, "abcdefghijklmnopqrstuvwxyz"):
		return "(" + naiveExpr(e.List[0]) + " " + sign + " " + naiveExpr(e.List[1]) + ")"
	case e.Name == "-":
		return "(- " + naiveExpr(e.List[0]) + ")"
	}
	return catalog.QuoteIdent(e.Name) + "(" + naives(e.List, ", ") + ")"
}

func naiveFilter(e *ir.Agg) string {
	if e.Filter == nil {
		return ""
	}
	return " FILTER (WHERE " + naiveExpr(e.Filter) + ")"
}

// sqlValue writes a value in DuckDB's SQL.
func sqlValue(t catalog.Type, v any) string {
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	switch x := v.(type) {
	case nil:
		return "CAST(NULL AS " + t.DuckDB() + ")"
	case int64:
		switch t.Kind {
		case catalog.Date:
			return "(DATE '1970-01-01' + CAST(" + strconv.FormatInt(x, 10) + " AS INTEGER))"
		case catalog.Timestamp:
			return "make_timestamp(" + strconv.FormatInt(x, 10) + ")"
		case catalog.TimestampTZ:
			return "make_timestamptz(" + strconv.FormatInt(x, 10) + ")"
		}
	case string:
		if before, after, ok := strings.Cut(x, "\x00"); ok { // of which SQL's text takes none
			return "(" + quoted(before) + " || chr(0) || " + quoted(after) + ")"
		}
		return "CAST(" + quoted(x) + " AS " + t.DuckDB() + ")"
	case []byte:
		return "from_hex('" + hex.EncodeToString(x) + "')"
	}
	return "CAST(" + quoted(fmt.Sprint(v)) + " AS " + t.DuckDB() + ")"
}
