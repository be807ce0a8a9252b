package oracle

import (
	"strings"

	"github.com/lianji/lianji/catalog"
)

// cte is a common table expression in scope.
type cte struct {
	name  string
	query query
	uses  int
}

func (b *builder) cteReference() relation { return b.cteAs(b.r.IntN(len(b.ctes))) }

func (b *builder) cteAs(i int) relation {
	c := &b.ctes[i]
	c.uses++
	alias := b.alias("w")
	return relation{sql: catalog.QuoteIdent(c.name) + " " + alias, scope: c.query.scopeAs(alias), origin: c.name}
}

// with makes the WITH clause, or nothing, and brings its names into scope.
func (b *builder) with() string {
	if !b.chance(0.2) {
		return ""
	}
	if b.chance(0.1) {
		return b.recursive()
	}
	var parts []string
	for range 1 + b.r.IntN(2) {
		name := b.alias("cte")
		if b.chance(0.3) { // a CTE hides no table that is named by its path
			name = choose(b.r, b.tables).Name()
		}
		if b.hasCTE(name) {
			continue
		}
		q := b.query(queryOptions{depth: 1, inner: true})
		hint := choose(b.r, []string{" AS ", " AS ", " AS MATERIALIZED ", " AS NOT MATERIALIZED "})
		parts = append(parts, catalog.QuoteIdent(name)+hint+"("+q.sql+")")
		b.ctes = append(b.ctes, cte{name: name, query: q})
	}
	return "WITH " + strings.Join(parts, ", ") + " "
}

func (b *builder) hasCTE(name string) bool {
	for _, c := range b.ctes {
		if strings.EqualFold(c.name, name) {
			return true
		}
	}
	return false
}

func (b *builder) recursive() string {
	b.note("cte_recursive", catalog.Type{})
	name := b.alias("r")
	n := expr{name: "n", typ: catalog.Type{Kind: catalog.Int32}, small: true}
	for i := range int64(10) {
		n.samples = append(n.samples, i+1)
	}
	b.ctes = append(b.ctes, cte{name: name, query: query{columns: []expr{n}, key: []int{0}, rows: 10}})
	return "WITH RECURSIVE " + name + "(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM " + name + " WHERE n < 10) "
}

// lookup makes the plain statement that a source can answer alone: columns of one
// table and comparisons with constants.
func (b *builder) lookup() query {
	r := b.table(choose(b.r, b.tables))
	q := query{rows: r.rows, hidden: r.keys}
	var items, where []string
	for range 1 + b.r.IntN(5) {
		c := choose(b.r, r.columns)
		b.note("select", c.typ)
		items, q.columns = append(items, c.sql), append(q.columns, c)
	}
	list := b.outputs(&q, items, queryOptions{})
	if b.chance(0.1) {
		list, q.columns, q.aliases = "*", r.columns, make([]string, len(r.columns))
	}
	q.key = keyColumns(r.keys, q.columns)
	for range b.r.IntN(3) {
		c := choose(b.r, r.columns)
		b.one(
			option{60, func() { where = append(where, b.comparison(c)) }},
			option{20, func() { where = append(where, b.nullTest(c)) }},
			option{20, func() { where = append(where, b.inList(c)) }},
			option{15, func() { where = append(where, b.between(c)) }},
		)
	}
	q.sql = "SELECT " + list + " FROM " + r.sql
	if len(where) > 0 {
		q.sql += " WHERE " + strings.Join(where, " AND ")
	}
	return q
}

// statement makes a whole statement.
func (b *builder) statement() Statement {
	if b.chance(0.12) {
		return b.finish(b.lookup(), 0.25)
	}
	with := b.with()
	q := b.query(queryOptions{depth: 2})
	for _, c := range b.ctes {
		switch {
		case c.uses == 1:
			b.note("cte_once", catalog.Type{})
		case c.uses > 1:
			b.note("cte_twice", catalog.Type{})
		}
	}
	q.sql = with + q.sql
	return b.finish(q, 0.6)
}

// finish ends a query with an order, as often as ordered says, and a limit.
func (b *builder) finish(q query, ordered float64) Statement {
	order, text := Order{}, ""
	if b.chance(ordered) {
		text, order = b.orderBy(q, false)
	}
	s := Statement{SQL: q.sql + text, columns: q.columns}
	s.Unlimited = s.SQL
	if b.chance(ordered * 0.4) {
		b.note("limit", catalog.Type{})
		order.Limit = int64(b.r.IntN(30))
		s.SQL += " LIMIT " + integerText(order.Limit)
		if b.chance(0.3) {
			b.note("offset", catalog.Type{})
			order.Offset = int64(b.r.IntN(10))
			s.SQL += " OFFSET " + integerText(order.Offset)
		}
		if order.Total {
			order.Limit, order.Offset = 0, 0
			s.Unlimited = s.SQL
		} else {
			order.Limited = true
		}
	}
	s.Order = order
	return s
}
