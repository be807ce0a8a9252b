package residual_test

import (
	"maps"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func allTrees() map[string]tree {
	all := trees()
	maps.Copy(all, reducedTrees())
	return all
}

// reducedTrees join groups to what few rows decide, or almost.
func reducedTrees() map[string]tree {
	few := func() ir.Node { return project(filter(scan("t", 1), eq(col(11), number(2))), pass(10)...) }
	u := func() ir.Node { return scan("u", 2) }
	max := func(e ir.Expr) ir.Assign {
		return assign(101, &ir.Agg{Name: "max", List: []ir.Expr{e}, Typ: e.Type()})
	}
	of := func(in ir.Node, group ir.Expr, aggs ...ir.Assign) ir.Node {
		return &ir.Aggregate{Input: in, Groups: []ir.Assign{assign(100, group)}, Aggs: aggs}
	}
	// maxima are the greatest b of each a of u.
	maxima := func() ir.Node { return of(u(), col(20), max(col(21))) }
	key := func() ir.Expr { return eq(col(10), col(100)) }
	const fewSQL, maximaSQL = "(SELECT a FROM t WHERE b = 2) f", "(SELECT a, max(b) AS m FROM u GROUP BY a) g"

	return map[string]tree{
		"groups for few": {project(joined(ir.Left, few(), maxima(), key()), pass(10, 101)...),
			"SELECT f.a, m FROM " + fewSQL + " LEFT JOIN " + maximaSQL + " ON g.a = f.a"},
		"groups for few by name": {project(joined(ir.Inner, few(), project(maxima(), assign(102, col(100)), assign(103, col(101))), eq(col(102), col(10))), pass(10, 103)...),
			"SELECT f.a, m FROM " + fewSQL + " JOIN " + maximaSQL + " ON g.a = f.a"},
		"groups for few that others join": {project(joined(ir.Left, joined(ir.Inner, scan("u", 3), few(), eq(col(30), col(10))), maxima(), key(), greater(col(101), col(31))), pass(31, 10, 101)...),
			"SELECT x.b, f.a, m FROM u x JOIN " + fewSQL + " ON x.a = f.a LEFT JOIN " + maximaSQL + " ON g.a = f.a AND m > x.b"},
		"groups for few that are completed": {project(joined(ir.Left, joined(ir.Left, scan("u", 3), few(), eq(col(30), col(10))), maxima(), key()), pass(30, 10, 101)...),
			"SELECT x.a, f.a, m FROM u x LEFT JOIN " + fewSQL + " ON x.a = f.a LEFT JOIN " + maximaSQL + " ON g.a = f.a"},
		"groups of joined rows for few": {project(joined(ir.Left, few(), of(joined(ir.Inner, filter(u(), greater(col(21), number(0))), scan("t", 3), eq(col(22), col(32))), col(20), max(col(31))), key()), pass(10, 101)...),
			"SELECT f.a, m FROM " + fewSQL + " LEFT JOIN (SELECT x.a, max(y.b) AS m FROM u x JOIN t y ON x.c = y.c WHERE x.b > 0 GROUP BY x.a) g ON g.a = f.a"},
		"groups for few, compared": {project(filter(joined(ir.Left, few(), maxima(), key()), greater(plus(col(10), number(2)), col(101)), greater(col(101), col(10))), pass(10)...),
			"SELECT f.a FROM " + fewSQL + " LEFT JOIN " + maximaSQL + " ON g.a = f.a WHERE f.a + 2 > m AND m > f.a"},
		"groups for few, twice": {project(joined(ir.Left, joined(ir.Left, few(), maxima(), key()), &ir.Aggregate{Input: scan("u", 3), Groups: []ir.Assign{assign(110, col(30))}, Aggs: []ir.Assign{assign(111, count())}}, eq(col(110), col(10))), assign(10, col(10)), assign(101, col(101)), assign(111, ref(111, bigint))),
			"SELECT f.a, m, n FROM " + fewSQL + " LEFT JOIN " + maximaSQL + " ON g.a = f.a LEFT JOIN (SELECT a, count(*) AS n FROM u GROUP BY a) h ON h.a = f.a"},
		"few without groups": {joined(ir.Anti, few(), maxima(), key(), greater(col(101), number(2))),
			"SELECT a FROM " + fewSQL + " WHERE NOT EXISTS (SELECT 1 FROM " + maximaSQL + " WHERE g.a = f.a AND m > 2)"},
		"few with bare groups": {joined(ir.Semi, few(), of(u(), col(20)), key()),
			"SELECT a FROM " + fewSQL + " WHERE EXISTS (SELECT 1 FROM u WHERE u.a = f.a)"},
		"few by a list and a pattern": {project(joined(ir.Left, project(filter(scan("t", 1), &ir.In{Arg: col(12), List: []ir.Expr{word("two"), word("three")}}, call("~~", boolean, col(12), word("t%"))), pass(10, 12)...), maxima(), key()), pass(10, 12, 101)...),
			"SELECT t.a, t.c, m FROM t LEFT JOIN " + maximaSQL + " ON g.a = t.a WHERE c IN ('two', 'three')"},

		// All groups are made for these.
		"groups for a mark": {&ir.Join{Kind: ir.Mark, Left: few(), Right: maxima(), On: []ir.Expr{key()}, Mark: column(102, "m", boolean)},
			"SELECT f.a, f.a IN (SELECT a FROM u) FROM " + fewSQL},
		"groups for a right join": {project(joined(ir.Right, few(), maxima(), key()), pass(10, 100, 101)...),
			"SELECT f.a, g.a, m FROM " + fewSQL + " RIGHT JOIN " + maximaSQL + " ON g.a = f.a"},
		"groups for NULL too": {project(joined(ir.Left, project(filter(scan("t", 1), eq(col(12), word("three"))), pass(10)...), maxima(), same(col(10), col(100))), pass(10, 101)...),
			"SELECT t.a, m FROM t LEFT JOIN " + maximaSQL + " ON g.a IS NOT DISTINCT FROM t.a WHERE c = 'three'"},
		"groups for many": {project(joined(ir.Left, project(filter(scan("t", 1), greater(col(11), number(0))), pass(10)...), maxima(), key()), pass(10, 101)...),
			"SELECT t.a, m FROM t LEFT JOIN " + maximaSQL + " ON g.a = t.a WHERE b > 0"},
		"groups for a computed key": {project(joined(ir.Left, project(few(), assign(102, plus(col(10), number(1)))), maxima(), eq(col(102), col(100))), pass(102, 101)...),
			"SELECT f.a + 1, m FROM " + fewSQL + " LEFT JOIN " + maximaSQL + " ON g.a = f.a + 1"},
		"computed groups for few": {project(joined(ir.Left, few(), of(u(), plus(col(20), number(1)), max(col(21))), key()), pass(10, 101)...),
			"SELECT f.a, m FROM " + fewSQL + " LEFT JOIN (SELECT a + 1 AS a, max(b) AS m FROM u GROUP BY a) g ON g.a = f.a"},
		"groups that can fail": {project(joined(ir.Left, few(), of(u(), col(20), max(plus(col(21), number(1)))), key()), pass(10, 101)...),
			"SELECT f.a, m + 1 FROM " + fewSQL + " LEFT JOIN " + maximaSQL + " ON g.a = f.a"},
		"groups of rows that can fail": {project(joined(ir.Left, few(), of(filter(u(), greater(plus(col(21), number(1)), number(2))), col(20), max(col(21))), key()), pass(10, 101)...),
			"SELECT f.a, m FROM " + fewSQL + " LEFT JOIN (SELECT a, max(b) AS m FROM u WHERE b + 1 > 2 GROUP BY a) g ON g.a = f.a"},
		"groups in an order": {project(joined(ir.Left, few(), of(&ir.Sort{Input: u(), Keys: []ir.Key{up(col(21))}}, col(20), assign(101, &ir.Agg{Name: "first", List: []ir.Expr{col(21)}, Typ: integer})), key()), pass(10, 101)...),
			"SELECT f.a, m FROM " + fewSQL + " LEFT JOIN (SELECT a, min(b) AS m FROM u GROUP BY a) g ON g.a = f.a"},
		"sets of groups": {project(joined(ir.Left, few(), &ir.Aggregate{Input: u(), Groups: []ir.Assign{assign(100, col(20))}, Sets: [][]int{{0}, {}}, Aggs: []ir.Assign{max(col(21))}}, key()), pass(10, 101)...),
			"SELECT f.a, m FROM " + fewSQL + " LEFT JOIN " + maximaSQL + " ON g.a = f.a"},
		"few at random": {project(joined(ir.Left, project(filter(scan("t", 1), eq(col(11), number(2)), compare(ir.Lt, call("random", double), &ir.Const{Value: catalog.Value{Type: double, V: 0.5}})), pass(10)...), maxima(), key()), pass(10, 101)...), ""},
	}
}
