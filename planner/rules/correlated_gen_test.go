package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// correlated makes statements with subqueries that read outer columns, over the small
// tables of the fixed schema: NULLs, doubles and, by filters, empty tables on both sides.
type correlated struct {
	r      *rand.Rand
	alias  int
	scopes [][]string // aliases in scope, innermost last
}

func (g *correlated) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *correlated) chance(percent int) bool { return g.r.IntN(100) < percent }

func (g *correlated) statement() string {
	from, names := g.from()
	g.scopes = [][]string{names}
	items := []string{g.column("a", false), g.column("b", false)}
	for range g.r.IntN(3) {
		items = append(items, g.item(2))
	}
	where := ""
	if n := g.r.IntN(3); n > 0 || len(items) == 2 {
		where = " WHERE " + g.conjunction(n+1, 3)
	}
	return "SELECT " + g.pick("", "", "", "DISTINCT ") + strings.Join(items, ", ") + " FROM " + from + where
}

func (g *correlated) from() (text string, names []string) {
	for i := range 1 + g.r.IntN(10)/7 {
		g.alias++
		name := fmt.Sprintf("x%d", g.alias)
		if i > 0 {
			text += ", "
		}
		text += g.table() + " AS " + name
		names = append(names, name)
	}
	return text, names
}

func (g *correlated) table() string {
	table := "s." + g.pick("t", "u", "v", "w")
	switch g.r.IntN(12) {
	case 0:
		return "(SELECT * FROM " + table + " WHERE a > 90)"
	case 1:
		return "(SELECT * FROM " + table + " WHERE b IS NOT NULL AND a IS NOT NULL)"
	case 2:
		return "(SELECT DISTINCT * FROM " + table + ")"
	}
	return table
}

// column gives a column of that name: of an outer scope, where there is one and outer
// is wanted, else of the innermost.
func (g *correlated) column(name string, outer bool) string {
	i := len(g.scopes) - 1
	if outer && i > 0 {
		i = g.r.IntN(i)
		if g.chance(60) {
			i = len(g.scopes) - 2
		}
	}
	return g.pick(g.scopes[i]...) + "." + name
}

func (g *correlated) any(name string) string { return g.column(name, g.chance(40)) }

func (g *correlated) conjunction(n, depth int) string {
	var list []string
	for range n {
		list = append(list, g.condition(depth))
	}
	return strings.Join(list, " AND ")
}

// condition takes subqueries as long as depth allows.
func (g *correlated) condition(depth int) string {
	if depth > 0 && g.chance(65) {
		return g.withSubquery(depth - 1)
	}
	switch g.r.IntN(10) {
	case 0:
		return g.any("a") + " IS NOT NULL"
	case 1:
		return g.any("b") + " IS NULL"
	case 2:
		return "(" + g.condition(depth-1) + " OR " + g.condition(depth-1) + ")"
	case 3:
		return "NOT (" + g.condition(depth-1) + ")"
	case 4:
		return g.any("c") + g.pick(" = 'x'", " LIKE 'x%'", " <> 'y'", " = "+g.any("c"))
	}
	return g.comparison()
}

// comparison leans to what correlates.
func (g *correlated) comparison() string {
	inner := len(g.scopes) > 1
	name := g.pick("a", "a", "b", "c", "d", "e", "f")
	op := g.pick("=", "=", "=", "IS NOT DISTINCT FROM", "<>", "<", ">=")
	left, right := g.column(name, false), g.column(name, inner)
	if name == "a" && g.chance(20) {
		right += g.pick(" + 1", " - 1", " * 2")
	}
	if name == "a" && g.chance(15) {
		right = g.column("b", inner) + " // 10"
	}
	if g.chance(30) {
		left, right = right, left
	}
	return left + " " + op + " " + right
}

func (g *correlated) withSubquery(depth int) string {
	switch g.r.IntN(9) {
	case 0, 1:
		return "EXISTS (" + g.rows(depth, "1") + ")"
	case 2, 3:
		return "NOT EXISTS (" + g.rows(depth, "1") + ")"
	case 4:
		return g.any("a") + g.pick(" IN (", " NOT IN (", " NOT IN (") + g.rows(depth, "a") + ")"
	case 5:
		return g.any("b") + g.pick(" IN (", " NOT IN (", " = ANY (", " > ALL (", " < ANY (") + g.rows(depth, "b") + ")"
	case 6:
		return "(" + g.any("a") + ", " + g.any("b") + ")" + g.pick(" IN (", " NOT IN (") + g.rows(depth, "a, b") + ")"
	}
	scalar, kind := g.scalar(depth)
	if kind == "text" {
		return g.any("c") + g.pick(" = ", " <> ", " >= ") + scalar
	}
	return g.any(g.pick("a", "b")) + g.pick(" = ", " > ", " <= ", " IS DISTINCT FROM ") + scalar
}

// item is a subquery in the select list.
func (g *correlated) item(depth int) string {
	if g.chance(30) {
		return "(" + g.condition(depth) + ")"
	}
	scalar, _ := g.scalar(depth)
	return scalar
}

// scope runs f in a new scope.
func (g *correlated) scope(f func(from string) string) string {
	from, names := g.from()
	g.scopes = append(g.scopes, names)
	text := f(from)
	g.scopes = g.scopes[:len(g.scopes)-1]
	return text
}

func (g *correlated) where(depth int) string {
	switch g.r.IntN(12) {
	case 0:
		return ""
	case 1, 2, 3:
		return " WHERE " + g.condition(depth)
	}
	return " WHERE " + g.column("a", false) + g.pick(" = ", " = ", " = ", " IS NOT DISTINCT FROM ") + g.column("a", true) +
		g.pick("", "", " + 1") + strings.Repeat(" AND "+g.condition(depth), g.r.IntN(2))
}

// rows is a subquery of as many columns as the list of names has.
func (g *correlated) rows(depth int, names string) string {
	return g.scope(func(from string) string {
		var items []string
		for _, name := range strings.Split(names, ", ") {
			switch {
			case name == "1":
				items = append(items, g.pick("1", g.any("b")))
			case g.chance(15):
				items = append(items, g.column(name, false)+" + "+g.any(name))
			default:
				items = append(items, g.column(name, g.chance(10)))
			}
		}
		where := g.where(depth)
		switch g.r.IntN(14) {
		case 0:
			return "SELECT DISTINCT " + strings.Join(items, ", ") + " FROM " + from + where
		case 1:
			if len(items) == 1 {
				return "SELECT max(" + items[0] + ") FROM " + from + where
			}
		case 2:
			key := g.column("c", false)
			for i := range items {
				items[i] = g.pick("min(", "max(") + items[i] + ")"
			}
			return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + " GROUP BY " + key + g.pick("", " HAVING count(*) > 1", " HAVING max("+g.column("b", false)+") > "+g.column("b", true))
		case 3:
			return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + " ORDER BY ALL LIMIT 2"
		case 4:
			inner := g.scopes[len(g.scopes)-1] // not in scope on the other side
			g.scopes = g.scopes[:len(g.scopes)-1]
			other := g.scope(func(from string) string {
				return " SELECT " + strings.TrimSuffix(strings.Repeat(g.column("a", false)+", ", len(items)), ", ") + " FROM " + from + g.where(depth-1)
			})
			g.scopes = append(g.scopes, inner)
			return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + g.pick(" UNION ALL", " UNION", " EXCEPT", " INTERSECT") + other
		}
		return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where
	})
}

// scalar is a subquery of one value, and what kind of value it is.
func (g *correlated) scalar(depth int) (text, kind string) {
	kind = "number"
	text = g.scope(func(from string) string {
		b := g.column("b", g.chance(10))
		where := g.where(depth)
		switch g.r.IntN(16) {
		case 0:
			kind = "text"
			return "SELECT " + g.pick("min(", "max(") + g.column("c", false) + ") FROM " + from + where
		case 1:
			return "SELECT " + b + " FROM " + from + where + " ORDER BY ALL LIMIT 1"
		case 2:
			return "SELECT DISTINCT " + b + " FROM " + from + where
		case 3:
			return "SELECT " + g.pick("max(", "count(") + b + ") FROM " + from + where + " GROUP BY " + g.pick(g.column("a", false), g.column("a", true))
		case 4:
			return "SELECT " + b + " FROM " + from + where
		case 5:
			return "SELECT " + g.any("b") + " + " + g.any("a")
		case 6:
			return "SELECT sum(" + b + ") FROM " + from + where + " HAVING " + g.pick("count(*) > 1", "sum("+b+") > "+g.column("b", true), "min("+b+") IS NULL")
		case 7:
			return "SELECT count(" + g.pick("*", "DISTINCT "+b, b) + ") FROM " + from + where
		case 8:
			return "SELECT count(*) FILTER (" + g.condition(0) + ") FROM " + from + where
		case 9:
			return "SELECT " + g.pick("coalesce(sum("+b+"), 0)", "sum("+b+") IS NULL", "sum("+b+") + "+g.column("b", true), "CASE WHEN max("+b+") > 10 THEN 1 ELSE 0 END", "sum("+b+") + count(*)", "0.5 * sum("+g.column("e", false)+")", "1000 // count("+b+")") + " FROM " + from + where
		case 10:
			return "SELECT max(" + b + " + " + g.column("a", g.chance(40)) + ") FROM " + from + where
		case 11:
			return "SELECT (" + g.scope(func(inner string) string {
				return "SELECT max(" + g.column("b", false) + ") FROM " + inner + g.where(depth-1) + ") FROM " + from + where + " ORDER BY ALL LIMIT 1"
			})
		case 12:
			return "SELECT " + g.pick("max", "min", "sum") + "(n) FROM (SELECT " + g.column("a", false) + ", count(*) AS n FROM " + from + where + " GROUP BY 1)"
		}
		return "SELECT " + g.pick("sum(", "min(", "max(", "avg(") + b + ") FROM " + from + where
	})
	return "(" + text + ")", kind
}
