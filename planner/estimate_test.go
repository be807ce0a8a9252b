package planner

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// guessed makes scans of tables whose statistics a test chooses.
type guessed struct {
	plan ir.Plan
	t    *testing.T
}

// known is what is known of a column: values, share of NULL, first and last.
type known struct {
	name        string
	values      float64
	nulls       float64
	first, last int64
}

var (
	typeInt = catalog.Type{Kind: catalog.Int64}
)

func whole(n int64) *ir.Const { return &ir.Const{Value: catalog.Value{Type: typeInt, V: n}} }

func (z *guessed) scan(name string, rows int64, key []string, columns ...known) *ir.Scan {
	t := &catalog.Table{ID: catalog.TableID{Name: name}, Rows: -1, PrimaryKey: key, Known: &catalog.Known{}}
	s := &ir.Scan{Source: "s", Resource: name, Table: t}
	stats := &catalog.Statistics{Rows: rows, Columns: map[string]catalog.ColumnStatistics{}}
	for i, k := range columns {
		c := catalog.Column{Name: k.name, Type: typeInt}
		t.Columns = append(t.Columns, c)
		s.Columns = append(s.Columns, ir.ScanColumn{Column: z.plan.NewColumn(k.name, typeInt), Base: c, Position: i})
		x := catalog.ColumnStatistics{Distinct: k.values, NullShare: k.nulls}
		if k.first != k.last {
			x.SetBounds(catalog.Value{Type: typeInt, V: k.first}, catalog.Value{Type: typeInt, V: k.last})
		}
		stats.Columns[k.name] = x
	}
	t.Known.Set(stats)
	return s
}

func colOf(n ir.Node, name string) *ir.Ref {
	for _, c := range n.Output() {
		if c.Name == name {
			return c.Ref()
		}
	}
	return nil
}

func compared(l ir.Expr, op ir.CompareOp, r ir.Expr) ir.Expr {
	return &ir.Compare{Op: op, Left: l, Right: r}
}

func (z *guessed) want(what string, n ir.Node, rows int64) {
	z.t.Helper()
	got := estimate(n)
	if rows < 0 != (got < 0) || max(got, rows) > 2+min(got, rows)*11/10 {
		z.t.Errorf("%s: %d rows, want about %d", what, got, rows)
	}
}

func where(n ir.Node, preds ...ir.Expr) *ir.Filter { return &ir.Filter{Input: n, Preds: preds} }

func TestEstimateFilters(t *testing.T) {
	z := &guessed{t: t}
	s := z.scan("t", 10_000, []string{"id"}, known{"id", 10_000, 0, 1, 10_000}, known{"class", 4, 0.2, 0, 0}, known{"n", 100, 0, 0, 100}, known{"dark", 0, -1, 0, 0})
	c := s.Table.Statistics().Columns["class"]
	c.SetTop([]catalog.Value{{Type: typeInt, V: int64(1)}, {Type: typeInt, V: int64(2)}}, []float64{0.5, 0.2})
	s.Table.Statistics().Columns["class"] = c
	id, class, n, dark := colOf(s, "id"), colOf(s, "class"), colOf(s, "n"), colOf(s, "dark")
	for what, x := range map[string]struct {
		pred ir.Expr
		rows int64
	}{
		"a key":                      {compared(id, ir.Eq, whole(7)), 1},
		"a frequent value":           {compared(class, ir.Eq, whole(1)), 5000},
		"a rare value":               {compared(class, ir.Eq, whole(9)), 500}, // two values share what is left of 0.8
		"not a frequent value":       {compared(class, ir.Ne, whole(1)), 5000},
		"some values":                {&ir.In{Arg: class, List: []ir.Expr{whole(1), whole(2)}}, 7000},
		"no value of some":           {&ir.In{Arg: class, List: []ir.Expr{whole(1), whole(2)}, Negated: true}, 3000},
		"NULL":                       {&ir.IsNull{Arg: class}, 2000},
		"not NULL":                   {&ir.IsNull{Arg: class, Negated: true}, 8000},
		"NULL where there is none":   {&ir.IsNull{Arg: n}, 1},
		"a range":                    {compared(n, ir.Lt, whole(25)), 2500},
		"a range from behind":        {compared(whole(25), ir.Gt, n), 2500},
		"beyond the last":            {compared(n, ir.Gt, whole(1000)), 1},
		"two ends":                   {&ir.And{List: []ir.Expr{compared(n, ir.Ge, whole(20)), compared(n, ir.Lt, whole(30))}}, 1000},
		"an empty range":             {&ir.And{List: []ir.Expr{compared(n, ir.Ge, whole(30)), compared(n, ir.Lt, whole(20))}}, 1},
		"either":                     {&ir.Or{List: []ir.Expr{compared(n, ir.Lt, whole(50)), compared(class, ir.Eq, whole(1))}}, 7500},
		"not":                        {&ir.Not{Arg: compared(n, ir.Lt, whole(25))}, 7500},
		"through a cast":             {compared(&ir.Cast{Arg: n, Typ: catalog.DecimalOf(20, 2)}, ir.Lt, &ir.Const{Value: catalog.Value{Type: catalog.DecimalOf(20, 2), V: "25.00"}}), 2500},
		"two columns":                {compared(n, ir.Eq, class), 100},
		"an unknown column":          {compared(dark, ir.Eq, whole(1)), 1000},
		"a range of an unknown one":  {compared(dark, ir.Lt, whole(1)), 3300},
		"a pattern":                  {&ir.Func{Name: "~~", List: []ir.Expr{dark, whole(1)}}, 1000},
		"a value that is no pattern": {&ir.Func{Name: "!~~", List: []ir.Expr{dark, whole(1)}}, 9000},
	} {
		z.want(what, where(s, x.pred), x.rows)
	}
	z.want("two conditions of one filter", where(s, compared(n, ir.Lt, whole(25)), compared(class, ir.Eq, whole(1))), 1250)
	z.want("a filter over a filter", where(where(s, compared(n, ir.Lt, whole(25))), compared(class, ir.Eq, whole(1))), 1250)
	s.Table.Known.Set(nil)
	z.want("no statistics", where(s, compared(n, ir.Lt, whole(25))), -1)
	s.Table.Rows = 1000
	z.want("rows alone", where(s, compared(n, ir.Lt, whole(25))), 330)
}

func TestEstimateJoins(t *testing.T) {
	z := &guessed{t: t}
	orders := z.scan("orders", 10_000, []string{"id"}, known{"id", 10_000, 0, 1, 40_000}, known{"customer", 1000, 0, 0, 0}, known{"day", 100, 0, 0, 100})
	lines := z.scan("lines", 40_000, []string{"order", "no"}, known{"order", 10_000, 0, 1, 40_000}, known{"no", 7, 0, 1, 7}, known{"part", 2000, 0, 0, 0}, known{"supplier", 100, 0, 0, 0})
	offers := z.scan("offers", 8000, []string{"part", "supplier"}, known{"part", 2000, 0, 0, 0}, known{"supplier", 100, 0, 0, 0})
	join := func(kind ir.JoinKind, l, r ir.Node, on ...ir.Expr) *ir.Join {
		return &ir.Join{Kind: kind, Left: l, Right: r, On: on}
	}
	on := compared(colOf(orders, "id"), ir.Eq, colOf(lines, "order"))
	early := where(orders, compared(colOf(orders, "day"), ir.Lt, whole(10)))
	z.want("a key and its rows", join(ir.Inner, orders, lines, on), 40_000)
	z.want("the condition written the other way", join(ir.Inner, orders, lines, compared(colOf(lines, "order"), ir.Eq, colOf(orders, "id"))), 40_000)
	z.want("some keys and their rows", join(ir.Inner, early, lines, on), 4000)
	one := join(ir.Inner, where(orders, compared(colOf(orders, "id"), ir.Eq, whole(7))), where(lines, compared(colOf(lines, "order"), ir.Eq, whole(7))), on)
	z.want("one key and its rows", one, 4)
	z.want("a key of two columns", join(ir.Inner, lines, offers, compared(colOf(lines, "part"), ir.Eq, colOf(offers, "part")), compared(colOf(lines, "supplier"), ir.Eq, colOf(offers, "supplier"))), 40_000)
	z.want("every pair", join(ir.Inner, orders, offers), 80_000_000)
	z.want("left", join(ir.Left, lines, where(orders, compared(colOf(orders, "id"), ir.Eq, whole(7))), on), 40_000)
	z.want("semi", join(ir.Semi, orders, where(lines, compared(colOf(lines, "part"), ir.Eq, whole(7))), on), 20)
	z.want("anti", join(ir.Anti, orders, where(lines, compared(colOf(lines, "no"), ir.Lt, whole(2))), on), 4822) // every sixth line is left, of four: (5/6)^4 of the orders have none
	z.want("mark", join(ir.Mark, orders, lines, on), 10_000)
	dark := z.scan("dark", -1, nil, known{"id", 0, -1, 0, 0})
	z.want("an unknown side", join(ir.Inner, orders, dark, compared(colOf(orders, "id"), ir.Eq, colOf(dark, "id"))), -1)
	z.want("an unknown right side of a semi join", join(ir.Semi, orders, dark, compared(colOf(orders, "id"), ir.Eq, colOf(dark, "id"))), 10_000)
	blank := z.scan("blank", 500, nil, known{"x", 0, -1, 0, 0})
	z.want("unknown keys", join(ir.Inner, blank, blank, compared(colOf(blank, "x"), ir.Eq, &ir.Func{Name: "f", Typ: typeInt})), 500)
}

func TestEstimateGroups(t *testing.T) {
	z := &guessed{t: t}
	orders := z.scan("orders", 10_000, []string{"id"}, known{"id", 10_000, 0, 1, 40_000}, known{"customer", 1000, 0, 0, 0}, known{"state", 3, 0, 0, 0}, known{"day", 100, 0, 0, 100})
	lines := z.scan("lines", 40_000, nil, known{"order", 10_000, 0, 1, 40_000}, known{"flag", 2, 0, 0, 0}, known{"dark", 0, -1, 0, 0})
	by := func(n ir.Node, names ...string) *ir.Aggregate {
		a := &ir.Aggregate{Input: n}
		for _, name := range names {
			a.Groups = append(a.Groups, ir.Assign{Column: z.plan.NewColumn(name, typeInt), Expr: colOf(n, name)})
		}
		return a
	}
	z.want("one row", by(orders), 1)
	z.want("few values", by(orders, "state"), 3)
	z.want("two columns", by(orders, "state", "day"), 300)
	z.want("a key", by(orders, "id"), 10_000)
	z.want("a key and what it decides", by(orders, "id", "customer", "day"), 10_000)
	z.want("few rows of many values", by(where(orders, compared(colOf(orders, "day"), ir.Lt, whole(1))), "customer"), 100)
	z.want("a narrowed column", by(where(orders, compared(colOf(orders, "day"), ir.Lt, whole(10))), "day"), 10)
	z.want("a column of which nothing is known", by(lines, "dark"), 4000)
	joined := &ir.Join{Kind: ir.Inner, Left: orders, Right: lines, On: []ir.Expr{compared(colOf(orders, "id"), ir.Eq, colOf(lines, "order"))}}
	z.want("a foreign key and what it decides", by(joined, "order", "customer", "day"), 10_000)
	z.want("columns of two tables", by(joined, "state", "flag"), 6)
	sets := by(orders, "state", "day")
	sets.Sets = [][]int{{0}, {1}, {}}
	z.want("grouping sets", sets, 104)
	z.want("distinct rows", &ir.Distinct{Input: &ir.Project{Input: orders, Cols: []ir.Assign{{Column: z.plan.NewColumn("s", typeInt), Expr: colOf(orders, "state")}}}}, 3)
	year := &ir.Func{Name: "month", List: []ir.Expr{colOf(orders, "day")}, Typ: typeInt}
	z.want("a part of a date", &ir.Aggregate{Input: orders, Groups: []ir.Assign{{Column: z.plan.NewColumn("m", typeInt), Expr: year}}}, 12)
	over := by(orders, "customer")
	z.want("groups of groups", by(over, "customer"), 1000)
	ref := &ir.CTERef{ID: 1, Columns: []ir.Column{z.plan.NewColumn("customer", typeInt)}, From: []ir.ColID{over.Groups[0].ID}}
	z.want("a CTE", &ir.CTE{ID: 1, Def: over, Body: by(ref, "customer")}, 1000)
	unknown := z.scan("u", -1, nil, known{"x", 0, -1, 0, 0})
	z.want("unknown stays unknown", by(unknown, "x"), -1)
	z.want("a limit over it", &ir.Limit{Input: unknown, Count: whole(10)}, 10)
	z.want("a smaller set", &ir.SetOp{Kind: ir.Intersect, Left: orders, Right: lines}, 10_000)
}
