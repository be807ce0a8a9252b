package oracle

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
)

type queryOptions struct {
	depth int  // how deep queries may still nest
	inner bool // a derived table or CTE: every column needs a name of its own
	// For an operand of a set operation: the types it must have, and none of its
	// columns may be approximate.
	types   []catalog.Type
	operand bool
}

// query is a select or a set operation, without ORDER BY and LIMIT at its end.
type query struct {
	sql     string
	columns []expr
	aliases []string // what each column was named with AS; empty where it was not
	key     []int    // columns that together tell every row from the others; nil when unknown
	keyLost bool
	hidden  []string // keys of the FROM clause, which ORDER BY can name; nil where it cannot
	rows    float64
}

// scopeAs is what the query offers as a derived table.
func (q query) scopeAs(alias string) scope {
	s := scope{columns: slices.Clone(q.columns), rows: q.rows}
	for i := range s.columns {
		s.columns[i].sql = alias + "." + s.columns[i].name
	}
	for _, k := range q.key {
		if q.columns[k].approx {
			return s
		}
		s.keys = append(s.keys, s.columns[k].sql)
	}
	return s
}

// query makes a query; an inner one may end with a total order and a limit.
func (b *builder) query(o queryOptions) (q query) {
	b.one(
		option{56, func() { q = b.plain(o) }},
		option{30, func() { q = b.grouped(o) }},
		option{14, func() { q = b.setOperation(o) }},
	)
	if o.inner && b.chance(0.12) {
		if order, how := b.orderBy(q, true); how.Total {
			n := 1 + b.r.IntN(40)
			b.note("limit_inner", catalog.Type{})
			q.sql += order + " LIMIT " + integerText(int64(n))
			q.rows = min(q.rows, float64(n))
		}
	}
	return q
}

// plain makes a select without aggregates.
func (b *builder) plain(o queryOptions) query {
	fromText, s := b.from(4, o.depth)
	q := query{rows: s.rows, hidden: s.keys}
	var items []string
	add := func(e expr) {
		items = append(items, e.sql)
		q.columns = append(q.columns, e)
	}
	star := !o.inner && !o.operand && o.types == nil && b.chance(0.08)
	switch {
	case o.types != nil:
		for _, t := range o.types {
			add(expr{sql: b.sameType(s, t), typ: t})
		}
	case star:
		q.columns = s.columns
		for _, c := range s.columns {
			b.note("select", c.typ)
		}
	default:
		for range 1 + b.r.IntN(5) {
			if e := b.value(s, o.depth); !o.operand || (!e.approx && !isNested(e.typ)) {
				add(e)
			}
		}
		if s.keys != nil && !o.operand && b.chance(0.2) {
			add(b.window(s))
		}
		if len(items) == 0 {
			add(made("1", catalog.Int32))
		}
	}
	q.key = keyColumns(s.keys, q.columns)
	distinct := ""
	if !star && !slices.ContainsFunc(q.columns, func(e expr) bool { return e.approx }) && b.chance(0.12) {
		distinct = "DISTINCT "
		for _, c := range q.columns {
			b.note("distinct", c.typ)
		}
		q.key, q.hidden = everyColumn(q.columns), nil
	}
	list := "*"
	if !star {
		list = b.outputs(&q, items, o)
	} else {
		q.aliases = make([]string, len(q.columns))
	}
	q.sql = "SELECT " + distinct + list + " FROM " + fromText + b.where(s, o.depth) + b.qualify(s)
	return q
}

// outputs writes the select list and names the columns.
func (b *builder) outputs(q *query, items []string, o queryOptions) string {
	q.aliases = make([]string, len(items))
	out := make([]string, len(items))
	for i, text := range items {
		out[i] = text
		if o.inner || b.chance(0.6) {
			q.aliases[i] = b.alias("c")
			q.columns[i].name = q.aliases[i]
			out[i] += choose(b.r, []string{" AS ", " "}) + q.aliases[i]
		}
	}
	return strings.Join(out, ", ")
}

// keyColumns finds the columns that hold the given keys; nil unless all are there.
func keyColumns(keys []string, columns []expr) []int {
	if keys == nil {
		return nil
	}
	out := []int{}
	for _, k := range keys {
		i := slices.IndexFunc(columns, func(e expr) bool { return e.sql == k })
		if i < 0 {
			return nil
		}
		out = append(out, i)
	}
	return out
}

func everyColumn(columns []expr) []int {
	out := make([]int, len(columns))
	for i := range out {
		out[i] = i
	}
	return out
}

func (b *builder) where(s scope, depth int) string {
	if !b.chance(0.7) {
		return ""
	}
	text := " WHERE " + b.predicate(s, depth)
	if b.chance(0.25) {
		text += " AND " + b.predicate(s, 0)
	}
	return text
}

var setOperations = []struct {
	sql, construct string
	all            bool
}{
	{" UNION ", "union", false}, {" UNION ALL ", "union_all", true}, {" EXCEPT ", "except", false},
	{" INTERSECT ", "intersect", false}, {" EXCEPT ALL ", "except_all", true}, {" INTERSECT ALL ", "intersect_all", true},
}

// setOperation makes two selects of the same types.
func (b *builder) setOperation(o queryOptions) query {
	depth := max(0, o.depth-1)
	op := choose(b.r, setOperations)
	left := b.plain(queryOptions{depth: depth, inner: o.inner, operand: true})
	types := make([]catalog.Type, len(left.columns))
	for i, c := range left.columns {
		types[i] = c.typ
		b.note(op.construct, c.typ)
	}
	right := b.plain(queryOptions{depth: depth, operand: true, types: types})
	q := query{sql: left.sql + op.sql + right.sql, columns: slices.Clone(left.columns), aliases: left.aliases, rows: left.rows + right.rows}
	for i := range q.columns {
		q.columns[i].samples, q.columns[i].small = nil, false
	}
	if !op.all {
		q.key = everyColumn(q.columns)
	}
	return q
}

// orderBy writes an ORDER BY and says what it makes certain. With total set it
// gives a total order or none at all.
func (b *builder) orderBy(q query, total bool) (string, Order) {
	sortable := func(i int) bool { return !q.columns[i].approx && !isNested(q.columns[i].typ) }
	var items []string
	var keys []int
	add := func(i int) {
		keys = append(keys, i)
		b.note("order", q.columns[i].typ)
		item := integerText(int64(i + 1))
		if q.aliases[i] != "" && b.chance(0.5) {
			item = q.aliases[i]
		}
		items = append(items, b.directed(item))
	}
	everything := b.r.Perm(len(q.columns))
	if !total && b.chance(0.3) { // a part of the columns
		for _, i := range everything[:1+len(everything)/2] {
			if sortable(i) {
				add(i)
			}
		}
		return orderText(items), Order{Keys: keys}
	}
	for _, i := range everything {
		if sortable(i) {
			add(i)
		}
	}
	complete := len(keys) == len(q.columns) // rows that are equal in all columns are the same row
	if q.key != nil && !slices.ContainsFunc(q.key, func(i int) bool { return !sortable(i) }) {
		complete = true
	}
	if q.hidden != nil && (!complete || b.chance(0.3)) {
		if n := b.r.IntN(len(items) + 1); n < len(items) {
			items = items[:n]
		}
		for _, h := range q.hidden {
			items = append(items, b.directed(h))
		}
		complete = true
	}
	if !complete {
		return orderText(items), Order{Keys: keys}
	}
	b.note("order_total", catalog.Type{})
	return orderText(items), Order{Total: true}
}

func orderText(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(items, ", ")
}
