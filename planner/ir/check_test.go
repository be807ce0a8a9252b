package ir_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func delim(id int, left ir.Node, right ir.Node, columns ...ir.ColID) *ir.Join {
	return &ir.Join{Kind: ir.Inner, Left: left, Right: right, Delim: &ir.Delim{ID: id, Columns: columns}}
}

func get(id int, made, from ir.ColID) *ir.DelimGet {
	return &ir.DelimGet{Delim: id, Columns: []ir.Column{col(made, i32)}, From: []ir.ColID{from}}
}

func cteRef(id int, made, from ir.ColID) *ir.CTERef {
	return &ir.CTERef{ID: id, Name: "x", Columns: []ir.Column{col(made, i32)}, From: []ir.ColID{from}}
}

func product(left, right ir.Node) *ir.Join {
	return &ir.Join{Kind: ir.Inner, Left: left, Right: right}
}

func TestCheckPassesSoundTrees(t *testing.T) {
	trees := append(nodes(),
		// A delim join within the right side of another reads either's left side.
		delim(1, scan(1, 1), delim(2, get(1, 2, 1), product(get(1, 3, 1), get(2, 4, 2)), 2), 1),
		// The definition of a CTE is read twice, and by the definition of another.
		&ir.CTE{
			ID: 1, Def: scan(1, 1),
			Body: &ir.CTE{ID: 2, Def: cteRef(1, 2, 1), Body: product(cteRef(1, 3, 1), cteRef(2, 4, 2))},
		},
		// Two nodes hand one column on.
		&ir.Project{Input: &ir.Project{Input: scan(1, 1), Cols: []ir.Assign{same(1, i32)}}, Cols: []ir.Assign{same(1, i32), assign(2, ref(1, i32))}},
		// The sides of a semi join are both read by its condition.
		&ir.Filter{
			Input: &ir.Join{Kind: ir.Semi, Left: scan(1, 1), Right: scan(2, 2), On: []ir.Expr{eq(ref(1, i32), ref(2, i32))}},
			Preds: []ir.Expr{eq(ref(1, i32), num(1))},
		},
		// What one function of an Unnest gives is given beside its input.
		&ir.Filter{
			Input: &ir.Unnest{Input: scan(1, 1), Calls: []ir.Assign{{Column: col(2, i32), Expr: &ir.Func{Name: "list_value", List: []ir.Expr{ref(1, i32)}, Typ: list}}}},
			Preds: []ir.Expr{eq(ref(1, i32), ref(2, i32))},
		},
	)
	for _, n := range trees {
		if err := ir.Check(n); err != nil {
			t.Errorf("%v in\n%s", err, ir.Text(n, ir.Exactly))
		}
	}
}

// over puts a projection of one column over a tree: what is wrong must be found at
// any depth.
func over(n ir.Node) ir.Node {
	return &ir.Sort{Input: &ir.Limit{Input: n, Count: num(1)}, Keys: nil}
}

func TestCheckFindsEveryFault(t *testing.T) {
	one := []ir.Expr{eq(ref(1, i32), num(1))}
	nine := []ir.Expr{eq(ref(1, i32), ref(9, i32))}
	sum := func(id ir.ColID, arg ir.ColID) ir.Assign {
		return assign(id, &ir.Agg{Name: "sum", List: []ir.Expr{ref(arg, i32)}, Typ: i64})
	}
	rank := func(id ir.ColID, by ir.ColID) ir.Assign {
		return assign(id, &ir.WindowCall{Name: "rank", Order: []ir.Key{{Expr: ref(by, i32)}}, Typ: i64})
	}
	for name, c := range map[string]struct {
		tree ir.Node
		want string
	}{
		// A column that no input gives.
		"filter reads another":            {&ir.Filter{Input: scan(1, 1), Preds: nine}, "#9 is not given"},
		"deep in an expression":           {&ir.Filter{Input: scan(1, 1), Preds: []ir.Expr{&ir.Not{Arg: &ir.And{List: append(one, nine...)}}}}, "#9 is not given"},
		"project reads another":           {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{assign(2, ref(9, i32))}}, "#9 is not given"},
		"project hands another on":        {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{same(9, i32)}}, "#9 is not given"},
		"project reads its own":           {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{assign(2, num(1)), assign(3, ref(2, i32))}}, "#2 is not given"},
		"join reads another":              {&ir.Join{Kind: ir.Left, Left: scan(1, 1), Right: scan(2, 2), On: nine}, "#9 is not given"},
		"join reads its mark":             {&ir.Join{Kind: ir.Mark, Left: scan(1, 1), Right: scan(2, 2), On: []ir.Expr{ref(3, ir.Bool)}, Mark: col(3, ir.Bool)}, "#3 is not given"},
		"group reads another":             {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{assign(2, ref(9, i32))}}, "#9 is not given"},
		"aggregate reads another":         {&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{sum(2, 9)}}, "#9 is not given"},
		"sort reads another":              {&ir.Sort{Input: scan(1, 1), Keys: []ir.Key{{Expr: ref(9, i32)}}}, "#9 is not given"},
		"limit reads another":             {&ir.Limit{Input: scan(1, 1), Count: ref(9, i32)}, "#9 is not given"},
		"offset reads another":            {&ir.Limit{Input: scan(1, 1), Offset: ref(9, i32)}, "#9 is not given"},
		"top reads another":               {&ir.TopN{Input: scan(1, 1), Keys: []ir.Key{{Expr: ref(9, i32)}}, Count: num(1)}, "#9 is not given"},
		"distinct on another":             {&ir.Distinct{Input: scan(1, 1), On: []ir.Expr{ref(9, i32)}}, "#9 is not given"},
		"distinct by another":             {&ir.Distinct{Input: scan(1, 1), On: []ir.Expr{ref(1, i32)}, Keys: []ir.Key{{Expr: ref(9, i32)}}}, "#9 is not given"},
		"window reads another":            {&ir.Window{Input: scan(1, 1), Calls: []ir.Assign{rank(2, 9)}}, "#9 is not given"},
		"unnest reads another":            {&ir.Unnest{Input: scan(1, 1), Calls: []ir.Assign{{Column: col(2, i32), Expr: ref(9, list)}}}, "#9 is not given"},
		"values read a column":            {&ir.Values{Columns: []ir.Column{col(1, i32)}, Rows: [][]ir.Expr{{num(1)}, {ref(9, i32)}}}, "#9 is not given"},
		"table function reads a column":   {&ir.TableFunction{Name: "range", Args: []ir.Expr{ref(9, i32)}, Columns: []ir.Column{col(1, i64)}}, "#9 is not given"},
		"a column that was projected off": {&ir.Filter{Input: &ir.Project{Input: scan(1, 1, 2), Cols: []ir.Assign{same(2, i32)}}, Preds: one}, "#1 is not given"},
		"a column of a semi join's right": {&ir.Filter{Input: &ir.Join{Kind: ir.Semi, Left: scan(1, 2), Right: scan(2, 1)}, Preds: one}, "#1 is not given"},
		"a column of an anti join's right": {
			&ir.Filter{Input: &ir.Join{Kind: ir.Anti, Left: scan(1, 2), Right: scan(2, 1)}, Preds: one}, "#1 is not given",
		},
		"a column of a mark join's right": {
			&ir.Filter{Input: &ir.Join{Kind: ir.Mark, Left: scan(1, 2), Right: scan(2, 1), Mark: col(3, ir.Bool)}, Preds: one}, "#1 is not given",
		},
		"a column of below a set operation": {
			&ir.Filter{Input: &ir.SetOp{Kind: ir.Union, Left: scan(1, 1), Right: scan(2, 2), Columns: []ir.Column{col(3, i32)}}, Preds: one}, "#1 is not given",
		},
		"a column of a CTE's definition": {
			&ir.Filter{Input: &ir.CTE{ID: 1, Def: scan(1, 1), Body: cteRef(1, 2, 1)}, Preds: one}, "#1 is not given",
		},
		"a column of below an aggregate": {
			&ir.Filter{Input: &ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{sum(2, 1)}}, Preds: one}, "#1 is not given",
		},

		// Types.
		"read as another type":                 {&ir.Filter{Input: scan(1, 1), Preds: []ir.Expr{eq(ref(1, i64), num(1))}}, "#1 is read as BIGINT and is a INTEGER"},
		"read as a decimal of another scale":   {&ir.Filter{Input: &ir.Values{Columns: []ir.Column{col(1, catalog.DecimalOf(4, 1))}}, Preds: []ir.Expr{eq(ref(1, catalog.DecimalOf(4, 2)), num(1))}}, "#1 is read as DECIMAL(4,2)"},
		"project of another type":              {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{{Column: col(2, i64), Expr: ref(1, i32)}}}, "#2 is a BIGINT and its expression a INTEGER"},
		"project hands on as another type":     {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{{Column: col(1, i64), Expr: ref(1, i32)}}}, "#1 is a BIGINT and its expression a INTEGER"},
		"group of another type":                {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{{Column: col(2, text), Expr: ref(1, i32)}}}, "#2 is a VARCHAR and its expression a INTEGER"},
		"union of another type, on the left":   {&ir.SetOp{Kind: ir.Union, Left: &ir.Values{Columns: []ir.Column{col(1, i64)}}, Right: scan(2, 2), Columns: []ir.Column{col(3, i32)}}, "column 1 is a BIGINT"},
		"union of another type, on the right":  {&ir.SetOp{Kind: ir.Union, Left: scan(1, 1), Right: &ir.Values{Columns: []ir.Column{col(2, i64)}}, Columns: []ir.Column{col(3, i32)}}, "column 1 is a BIGINT"},
		"union of other widths, on the left":   {&ir.SetOp{Kind: ir.Union, Left: scan(1, 1, 2), Right: scan(2, 3), Columns: []ir.Column{col(4, i32)}}, "an input of 2 columns"},
		"union of other widths, on the right":  {&ir.SetOp{Kind: ir.Except, Left: scan(1, 1), Right: scan(2, 2, 3), Columns: []ir.Column{col(4, i32)}}, "an input of 2 columns"},
		"union that is wider than both inputs": {&ir.SetOp{Kind: ir.Intersect, Left: scan(1, 1), Right: scan(2, 2), Columns: []ir.Column{col(3, i32), col(4, i32)}}, "an input of 1 columns"},

		// Ids.
		"two scans make an id":         {product(scan(1, 1), scan(2, 1)), "#1 is made twice"},
		"both sides of a union":        {&ir.SetOp{Kind: ir.Union, Left: scan(1, 1), Right: scan(2, 1), Columns: []ir.Column{col(3, i32)}}, "#1 is made twice"},
		"a union makes an input's":     {&ir.SetOp{Kind: ir.Union, Left: scan(1, 1), Right: scan(2, 2), Columns: []ir.Column{col(1, i32)}}, "#1 is made twice"},
		"a project computes under it":  {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{assign(1, num(1))}}, "#1 is made twice"},
		"a project swaps ids":          {&ir.Project{Input: scan(1, 1, 2), Cols: []ir.Assign{assign(1, ref(2, i32))}}, "#1 is made twice"},
		"a group computes under it":    {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{assign(1, num(1))}}, "#1 is made twice"},
		"an aggregate under it":        {&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{sum(1, 1)}}, "#1 is made twice"},
		"GROUPING under it":            {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{assign(2, num(1))}, Grouping: []ir.GroupingCall{{Column: col(1, i64), Groups: []int{0}}}}, "#1 is made twice"},
		"a window under it":            {&ir.Window{Input: scan(1, 1), Calls: []ir.Assign{rank(1, 1)}}, "#1 is made twice"},
		"an unnest under it":           {&ir.Unnest{Input: &ir.Values{Columns: []ir.Column{col(1, list)}}, Calls: []ir.Assign{{Column: col(1, i32), Expr: ref(1, list)}}}, "#1 is made twice"},
		"a mark under it":              {&ir.Join{Kind: ir.Mark, Left: scan(1, 1), Right: scan(2, 2), Mark: col(2, ir.Bool)}, "#2 is made twice"},
		"VALUES make one twice":        {&ir.Values{Columns: []ir.Column{col(1, i32), col(1, i32)}}, "#1 is made twice"},
		"a table function makes one":   {product(scan(1, 1), &ir.TableFunction{Name: "range", Columns: []ir.Column{col(1, i64)}}), "#1 is made twice"},
		"a delim get makes one":        {delim(1, scan(1, 1), get(1, 1, 1), 1), "#1 is made twice"},
		"a CTE reference makes one":    {&ir.CTE{ID: 1, Def: scan(1, 1), Body: cteRef(1, 1, 1)}, "#1 is made twice"},
		"no id at a scan":              {scan(1, 0), "a column without an id"},
		"no id at a project":           {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{assign(0, num(1))}}, "a column without an id"},
		"no id at a mark":              {&ir.Join{Kind: ir.Mark, Left: scan(1, 1), Right: scan(2, 2)}, "a column without an id"},
		"a reference to no id":         {&ir.Filter{Input: scan(1, 1), Preds: []ir.Expr{eq(ref(0, i32), num(1))}}, "#0 is not given"},
		"a project hands on no column": {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{same(0, i32)}}, "#0 is not given"},

		// The output.
		"a scan of nothing":            {scan(1), "no column"},
		"a project of nothing":         {&ir.Project{Input: scan(1, 1)}, "no column"},
		"an aggregate of nothing":      {&ir.Aggregate{Input: scan(1, 1)}, "no column"},
		"VALUES of nothing":            {&ir.Values{}, "no column"},
		"a filter over a project of 0": {over(&ir.Project{Input: scan(1, 1)}), "no column"},
		"a project gives one twice":    {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{same(1, i32), same(1, i32)}}, "#1 is there twice"},
		"groups give one twice":        {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{same(1, i32), same(1, i32)}}, "#1 is there twice"},

		// Delim joins.
		"a delim get without its join":      {get(1, 2, 1), "nothing gives its rows"},
		"a delim get of another join":       {delim(1, scan(1, 1), get(2, 2, 1), 1), "nothing gives its rows"},
		"a delim get on the left":           {delim(1, product(scan(1, 1), get(1, 2, 1)), scan(2, 3), 1), "nothing gives its rows"},
		"a delim get above its join":        {product(delim(1, scan(1, 1), get(1, 2, 1), 1), get(1, 3, 1)), "nothing gives its rows"},
		"a delim get of what is not there":  {delim(1, scan(1, 1), get(1, 2, 9), 1), "#9 is not there"},
		"a delim get of the right side":     {delim(1, scan(1, 1), product(scan(2, 2), get(1, 3, 2)), 1), "#2 is not there"},
		"a delim get with a column too few": {delim(1, scan(1, 1), &ir.DelimGet{Delim: 1, Columns: []ir.Column{col(2, i32)}}, 1), "nothing gives its rows"},
		"a delim column of the right side":  {delim(1, scan(1, 1), scan(2, 2), 2), "#2 is not a column of its left side"},
		"a delim column of nowhere":         {delim(1, scan(1, 1), scan(2, 2), 1, 9), "#9 is not a column of its left side"},

		// CTEs.
		"a reference without its CTE":         {cteRef(1, 2, 1), "nothing gives its rows"},
		"a reference to another CTE":          {&ir.CTE{ID: 1, Def: scan(1, 1), Body: cteRef(2, 2, 1)}, "nothing gives its rows"},
		"a CTE's definition reads it":         {&ir.CTE{ID: 1, Def: product(scan(1, 1), cteRef(1, 2, 1)), Body: scan(2, 3)}, "nothing gives its rows"},
		"a reference beside its CTE":          {product(&ir.CTE{ID: 1, Def: scan(1, 1), Body: cteRef(1, 2, 1)}, cteRef(1, 3, 1)), "nothing gives its rows"},
		"a reference to what is not there":    {&ir.CTE{ID: 1, Def: scan(1, 1), Body: cteRef(1, 2, 9)}, "#9 is not there"},
		"a reference with a column too many":  {&ir.CTE{ID: 1, Def: scan(1, 1), Body: &ir.CTERef{ID: 1, Columns: []ir.Column{col(2, i32)}, From: []ir.ColID{1, 1}}}, "nothing gives its rows"},
		"a reference to a column of the body": {&ir.CTE{ID: 1, Def: scan(1, 1), Body: product(scan(2, 2), cteRef(1, 3, 2))}, "#2 is not there"},
		"a delim get as another type":         {delim(1, scan(1, 1), &ir.DelimGet{Delim: 1, Columns: []ir.Column{col(2, i64)}, From: []ir.ColID{1}}, 1), "#1 is read as BIGINT and is a INTEGER"},
		"a reference as another type":         {&ir.CTE{ID: 1, Def: scan(1, 1), Body: &ir.CTERef{ID: 1, Columns: []ir.Column{col(2, i64)}, From: []ir.ColID{1}}}, "#1 is read as BIGINT and is a INTEGER"},

		// What does not fit its node.
		"an aggregate of another type":  {&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{{Column: col(2, i32), Expr: sum(2, 1).Expr}}}, "#2 is a INTEGER and its expression a BIGINT"},
		"a window call of another type": {&ir.Window{Input: scan(1, 1), Calls: []ir.Assign{{Column: col(2, i32), Expr: rank(2, 1).Expr}}}, "#2 is a INTEGER and its expression a BIGINT"},
		"a filter by a number":          {&ir.Filter{Input: scan(1, 1), Preds: []ir.Expr{ref(1, i32)}}, "a condition is a INTEGER"},
		"a join on a number":            {&ir.Join{Kind: ir.Inner, Left: scan(1, 1), Right: scan(2, 2), On: []ir.Expr{num(1)}}, "a condition is a INTEGER"},
		"a limit reads a column":        {&ir.Limit{Input: scan(1, 1), Count: ref(1, i32)}, "#1 is read where there is no row"},
		"an offset reads a column":      {&ir.Limit{Input: scan(1, 1), Offset: &ir.Cast{Arg: ref(1, i32), Typ: i64}}, "#1 is read where there is no row"},
		"a top reads a column":          {&ir.TopN{Input: scan(1, 1), Keys: []ir.Key{{Expr: ref(1, i32)}}, Count: ref(1, i32)}, "#1 is read where there is no row"},
		"a row that is too short":       {&ir.Values{Columns: []ir.Column{col(1, i32), col(2, i32)}, Rows: [][]ir.Expr{{num(1), num(2)}, {num(1)}}}, "a row of 1 values"},
		"a value of another type":       {&ir.Values{Columns: []ir.Column{col(1, i32), col(2, i64)}, Rows: [][]ir.Expr{{num(1), num(2)}}}, "a value of column 2 is a INTEGER"},
		"a grouping set of no group":    {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{same(1, i32)}, Sets: [][]int{{0}, {1}}}, "there is no group 1"},
		"GROUPING of no group":          {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{same(1, i32)}, Grouping: []ir.GroupingCall{{Column: col(2, i64), Groups: []int{-1}}}}, "there is no group -1"},
		"an aggregate that is no call":  {&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{assign(2, num(1))}}, "#2 is no call of its kind"},
		"a window call in an aggregate": {&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{rank(2, 1)}}, "#2 is no call of its kind"},
		"an aggregate in a window":      {&ir.Window{Input: scan(1, 1), Calls: []ir.Assign{sum(2, 1)}}, "#2 is no call of its kind"},
		"an aggregate in a project":     {&ir.Project{Input: scan(1, 1), Cols: []ir.Assign{sum(2, 1)}}, "within an expression"},
		"an aggregate in a group":       {&ir.Aggregate{Input: scan(1, 1), Groups: []ir.Assign{sum(2, 1)}}, "within an expression"},
		"an aggregate of an aggregate":  {&ir.Aggregate{Input: scan(1, 1), Aggs: []ir.Assign{assign(2, &ir.Agg{Name: "sum", List: []ir.Expr{sum(3, 1).Expr}, Typ: i64})}}, "within an expression"},
		"a window call in a sort":       {&ir.Sort{Input: scan(1, 1), Keys: []ir.Key{{Expr: &ir.Cast{Arg: rank(2, 1).Expr, Typ: i32}}}}, "within an expression"},
	} {
		for where, tree := range map[string]ir.Node{"": c.tree, " further down": over(c.tree)} {
			if err := ir.Check(tree); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s%s: want %q, got %v in\n%s", name, where, c.want, err, ir.Text(tree, ir.Exactly))
			}
		}
	}
}

// The report has no value of the statement, and an end.
func TestCheckReport(t *testing.T) {
	var preds []ir.Expr
	for id := range 100 {
		preds = append(preds, eq(ref(ir.ColID(1000+id), i32), num(74656)))
	}
	err := ir.Check(&ir.Filter{Input: scan(1, 1), Preds: preds})
	if err == nil || strings.Contains(err.Error(), "74656") || strings.Count(err.Error(), "is not given") != 5 {
		t.Errorf("%v", err)
	}
}
