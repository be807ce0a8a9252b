package oracle

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// grouped makes a select with GROUP BY or with aggregates over everything.
func (b *builder) grouped(o queryOptions) query {
	fromText, s := b.from(3, o.depth)
	var groups []expr
	for range b.r.IntN(4) {
		if g := b.value(s, 0); !g.approx && !isNested(g.typ) {
			groups = append(groups, g)
		}
	}
	q := query{rows: 1}
	var items []string
	add := func(e expr) {
		items = append(items, e.sql)
		q.columns = append(q.columns, e)
	}
	q.key = []int{}
	for _, g := range groups {
		b.note("group_by", g.typ)
		q.rows = min(s.rows, q.rows*12)
		if b.chance(0.92) {
			q.key = append(q.key, len(items))
			add(g)
		} else {
			q.keyLost = true
		}
	}
	for range 1 + b.r.IntN(3) {
		add(b.aggregate(s, o.inner))
	}
	clause := ""
	if len(groups) > 0 {
		clause = b.groupClause(groups, &q, add)
	}
	if len(groups) > 0 && b.chance(0.2) {
		clause += " HAVING " + b.having(s, groups)
	}
	if q.keyLost {
		q.key = nil
	}
	q.sql = "SELECT " + b.outputs(&q, items, o) + " FROM " + fromText + b.where(s, o.depth) + clause
	return q
}

// groupClause writes GROUP BY; add appends a column to the select list.
func (b *builder) groupClause(groups []expr, q *query, add func(expr)) string {
	texts := make([]string, len(groups))
	for i, g := range groups {
		texts[i] = g.sql
	}
	list := strings.Join(texts, ", ")
	if b.chance(0.12) {
		q.keyLost = true // a NULL may be a value or a subtotal
		word := choose(b.r, []string{"ROLLUP", "CUBE", "GROUPING SETS"})
		b.note(strings.ToLower(strings.ReplaceAll(word, " ", "_")), groups[0].typ)
		if b.chance(0.5) {
			add(made("grouping("+texts[0]+")", catalog.Int64))
		}
		if word == "GROUPING SETS" {
			return " GROUP BY GROUPING SETS ((" + texts[0] + "), (" + list + "), ())"
		}
		return " GROUP BY " + word + " (" + list + ")"
	}
	if !q.keyLost && b.chance(0.15) {
		return " GROUP BY ALL"
	}
	for i := range texts {
		if !q.keyLost && b.chance(0.2) {
			texts[i] = integerText(int64(i + 1))
		}
	}
	return " GROUP BY " + strings.Join(texts, ", ")
}

func (b *builder) having(s scope, groups []expr) string {
	if g := choose(b.r, groups); b.chance(0.3) {
		b.note("having", g.typ)
		return g.sql + " IS NOT NULL"
	}
	columns := filter(s.columns, func(e expr) bool { return certain(e) && !isNested(e.typ) })
	if len(columns) == 0 || b.chance(0.5) {
		b.note("having", catalog.Type{})
		return "count(*) >= " + integerText(int64(1+b.r.IntN(3)))
	}
	c := choose(b.r, columns)
	b.note("having", c.typ)
	return choose(b.r, []string{"min(", "max("}) + c.sql + ") " + choose(b.r, []string{"<= ", ">= ", "<> "}) + b.literal(c.typ, b.constant(c))
}

// aggregate makes one aggregate over a scope. In an inner query it gives nothing
// nested, which few operations can use.
func (b *builder) aggregate(s scope, inner bool) (e expr) {
	columns := filter(s.columns, func(e expr) bool { return certain(e) && !isNested(e.typ) })
	if len(columns) == 0 || b.chance(0.2) {
		b.note("count", catalog.Type{})
		return made("count(*)"+b.aggregateFilter(s), catalog.Int64)
	}
	c := choose(b.r, columns)
	b.one(
		option{12, func() { b.note("count", c.typ); e = made("count("+c.sql+")", catalog.Int64) }},
		option{10, func() { b.note("count_distinct", c.typ); e = made("count(DISTINCT "+c.sql+")", catalog.Int64) }},
		option{16, func() { b.note("min", c.typ); e = expr{sql: "min(" + c.sql + ")", typ: c.typ} }},
		option{16, func() { b.note("max", c.typ); e = expr{sql: "max(" + c.sql + ")", typ: c.typ} }},
		option{34, func() { e = b.typedAggregate(s, c) }},
		option{6, func() { e = b.orderedAggregate(s, c, inner) }},
	)
	e.sql += b.aggregateFilter(s)
	return e
}

func (b *builder) aggregateFilter(s scope) string {
	if !b.chance(0.1) {
		return ""
	}
	b.note("aggregate_filter", catalog.Type{})
	return " FILTER (WHERE " + b.simplePredicate(s) + ")"
}

// typedAggregate makes a sum, a mean or what else c's type has, or counts.
func (b *builder) typedAggregate(s scope, c expr) expr {
	double := catalog.Type{Kind: catalog.Float64}
	distinct := choose(b.r, []string{"", "", "", "DISTINCT "})
	switch {
	case c.typ.Kind == catalog.Bool:
		b.note("bool_aggregate", c.typ)
		return made(choose(b.r, []string{"bool_and(", "bool_or("})+c.sql+")", catalog.Bool)
	case isInteger(c.typ), c.typ.Kind == catalog.Decimal, c.typ.Kind == catalog.Float64, c.typ.Kind == catalog.Float32:
		if b.chance(0.3) {
			b.note("avg", c.typ)
			return expr{sql: "avg(" + distinct + c.sql + ")", typ: double, approx: true}
		}
		b.note("sum", c.typ)
		e := expr{sql: "sum(" + distinct + b.summand(s, c) + ")", typ: double, approx: true}
		switch {
		case isInteger(c.typ):
			e.typ, e.approx = catalog.Type{Kind: catalog.HugeInt}, false
		case c.typ.Kind == catalog.Decimal:
			e.typ, e.approx = catalog.DecimalOf(38, c.typ.Scale), false
		}
		return e
	}
	b.note("count", c.typ)
	return made("count("+distinct+c.sql+")", catalog.Int64)
}

// summand gives what is summed in c's place: c, some of its values, or more than them,
// of which the sum has the same type.
func (b *builder) summand(s scope, c expr) string {
	switch {
	case b.chance(0.6):
		return c.sql
	case c.typ.Kind == catalog.Float64 || c.typ.Kind == catalog.Float32 || b.chance(0.5):
		return "CASE WHEN " + b.simplePredicate(s) + " THEN " + c.sql + " END"
	case c.small:
		return choose(b.r, []string{c.sql + " + 1", c.sql + " * 2", "- " + c.sql})
	case c.typ.Kind == catalog.Decimal && c.typ.Precision < 18:
		return choose(b.r, []string{c.sql + " + " + c.sql, "- " + c.sql, "abs(" + c.sql + ")"})
	}
	return c.sql
}

// orderedAggregate makes one whose answer hangs on the order of its input.
func (b *builder) orderedAggregate(s scope, c expr, inner bool) expr {
	if s.keys == nil {
		return b.typedAggregate(s, c)
	}
	order := strings.Join(s.keys, ", ")
	if b.chance(0.3) {
		order = c.sql + " DESC NULLS LAST, " + order
	}
	switch {
	case c.typ.Kind == catalog.Text && b.chance(0.6):
		b.note("string_agg", c.typ)
		return made(fmt.Sprintf("string_agg(%s, '|' ORDER BY %s)", c.sql, order), catalog.Text)
	case !inner && b.chance(0.6):
		b.note("list", c.typ)
		return expr{sql: fmt.Sprintf("list(%s ORDER BY %s)", c.sql, order), typ: catalog.ListOf(c.typ)}
	case len(s.keys) == 1:
		b.note("arg_min", c.typ)
		return expr{sql: fmt.Sprintf("%s(%s, %s)", choose(b.r, []string{"arg_min", "arg_max"}), c.sql, s.keys[0]), typ: c.typ}
	}
	return b.typedAggregate(s, c)
}
