package oracle

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// mostRows bounds what a FROM clause may give by estimate.
const mostRows = 12_000

// mostProduct bounds a product of two.
const mostProduct = 6_000

// relation is one entry of a FROM clause.
type relation struct {
	sql string
	scope
	origin string // what it reads, for telling self joins
}

// from makes a FROM clause of up to most relations and its scope.
func (b *builder) from(most, depth int) (string, scope) {
	first := b.relation(depth)
	text, s := first.sql, first.scope
	seen := map[string]bool{first.origin: true}
	for n := 1; n < most && b.chance(0.55); n++ {
		next := b.relation(depth)
		if n == 1 && b.chance(0.12) && !strings.HasPrefix(first.origin, "(") {
			next = b.again(first)
		}
		if seen[next.origin] {
			b.note("join_self", catalog.Type{})
		}
		seen[next.origin] = true
		if s.rows*next.rows <= mostProduct && b.chance(0.15) {
			text, s = b.product(text, s, next)
			if strings.HasSuffix(text, ", "+next.sql) {
				break // JOIN binds closer than the comma: a later ON could not name what stands before it
			}
			continue
		}
		text, s = b.join(text, s, next)
	}
	return text, s
}

// relation makes a table, a derived table, a reference to a CTE or a VALUES list.
func (b *builder) relation(depth int) (r relation) {
	options := []option{{75, func() { r = b.table(choose(b.r, b.tables)) }}}
	if depth > 0 {
		options = append(options, option{12, func() { r = b.derived(depth - 1) }}, option{4, func() { r = b.values() }})
	}
	if len(b.ctes) > 0 {
		options = append(options, option{60, func() { r = b.cteReference() }})
	}
	b.one(options...)
	return r
}

func (b *builder) table(t Table) relation {
	return b.tableAs(t, b.alias("t"))
}

func (b *builder) tableAs(t Table, alias string) relation {
	r := relation{sql: b.path(t) + choose(b.r, []string{" ", " AS "}) + alias, origin: strings.Join(t.Path, ".")}
	for i, c := range t.Columns {
		e := expr{sql: alias + "." + b.word(c.Name), name: c.Name, typ: c.Type, small: i < 2 && !t.Keyless}
		for _, row := range t.Rows {
			e.samples = append(e.samples, row[i])
		}
		r.columns = append(r.columns, e)
	}
	if !t.Keyless {
		r.keys = []string{r.columns[0].sql}
	}
	r.rows = float64(len(t.Rows))
	return r
}

// again gives the same table or CTE once more under another alias.
func (b *builder) again(r relation) relation {
	for _, t := range b.tables {
		if strings.Join(t.Path, ".") == r.origin {
			return b.table(t)
		}
	}
	for i := range b.ctes {
		if b.ctes[i].name == r.origin {
			return b.cteAs(i)
		}
	}
	return b.table(choose(b.r, b.tables))
}

func (b *builder) derived(depth int) relation {
	b.note("derived", catalog.Type{})
	q := b.query(queryOptions{depth: depth, inner: true})
	alias := b.alias("d")
	return relation{sql: "(" + q.sql + ") " + alias, scope: q.scopeAs(alias), origin: "(" + alias}
}

// values makes a table out of constants.
func (b *builder) values() relation {
	b.note("values", catalog.Type{})
	alias := b.alias("v")
	rows := make([]string, 2+b.r.IntN(4))
	k := expr{sql: alias + ".k", name: "k", typ: catalog.Type{Kind: catalog.Int32}, small: true}
	s := expr{sql: alias + ".s", name: "s", typ: catalog.Type{Kind: catalog.Text}}
	for i := range rows {
		n, text := int64(b.r.IntN(60)), choose(b.r, sampleTexts)
		rows[i] = fmt.Sprintf("(%d, %s)", n, quote(text))
		k.samples, s.samples = append(k.samples, n), append(s.samples, text)
	}
	return relation{
		sql:    "(VALUES " + strings.Join(rows, ", ") + ") " + alias + "(k, s)",
		scope:  scope{columns: []expr{k, s}, rows: float64(len(rows))},
		origin: "(" + alias,
	}
}

func sideBySide(left, right scope) scope {
	both := scope{columns: append(append([]expr(nil), left.columns...), right.columns...)}
	if left.keys != nil && right.keys != nil {
		both.keys = append(append([]string(nil), left.keys...), right.keys...)
	}
	return both
}

func (b *builder) product(text string, left scope, next relation) (string, scope) {
	b.note("join_cross", catalog.Type{})
	both := sideBySide(left, next.scope)
	both.rows = left.rows * next.rows
	return text + choose(b.r, []string{" CROSS JOIN ", ", "}) + next.sql, both
}

// join joins the text and scope so far with next.
func (b *builder) join(text string, left scope, next relation) (string, scope) {
	both := sideBySide(left, next.scope)
	l, r, rows, ok := b.joinColumns(left, next.scope)
	if !ok {
		b.note("join_semi", catalog.Type{})
		return text + " SEMI JOIN " + next.sql + " ON TRUE", left
	}
	on := l.sql + " = " + r.sql
	if b.chance(0.06) {
		on = l.sql + " IS NOT DISTINCT FROM " + r.sql
		b.note("join_not_distinct", l.typ)
	}
	if b.chance(0.2) {
		on += " AND " + b.simplePredicate(both)
	}
	if b.chance(0.1) {
		if l2, r2, _, ok := b.joinColumns(left, next.scope); ok {
			on += " AND " + l2.sql + choose(b.r, []string{" <= ", " > ", " <> "}) + r2.sql
			b.note("join_theta", l2.typ)
		}
	}
	both.rows = rows
	kind, keep := "", both
	b.one(
		option{40, func() { kind = "INNER JOIN" }},
		option{25, func() { kind = "LEFT JOIN"; keep.rows = max(rows, left.rows) }},
		option{10, func() { kind = "RIGHT JOIN"; keep.rows = max(rows, next.rows) }},
		option{12, func() { kind = "FULL JOIN"; keep.rows = max(rows, left.rows+next.rows) }},
		option{6, func() { kind = "SEMI JOIN"; keep = left }},
		option{6, func() { kind = "ANTI JOIN"; keep = left }},
	)
	b.note("join_"+strings.ToLower(strings.TrimSuffix(kind, " JOIN")), l.typ)
	if kind == "LEFT JOIN" || kind == "FULL JOIN" || kind == "RIGHT JOIN" {
		keep.columns = withNull(keep.columns)
	}
	if kind == "INNER JOIN" && b.chance(0.3) {
		kind = "JOIN"
	}
	return text + " " + kind + " " + next.sql + " ON " + on, keep
}

func withNull(columns []expr) []expr {
	out := append([]expr(nil), columns...)
	for i := range out {
		out[i].samples = append(append([]any(nil), out[i].samples...), nil)
	}
	return out
}

// joinColumns finds a column of each side to compare for equality such that the
// join stays small, and the estimated number of rows.
func (b *builder) joinColumns(left, right scope) (l, r expr, rows float64, ok bool) {
	for range 12 {
		lefts := filter(left.columns, func(e expr) bool { return certain(e) && !isNested(e.typ) })
		if len(lefts) == 0 {
			return l, r, 0, false
		}
		l = choose(b.r, lefts)
		rights := filter(right.columns, comparableWith(l.typ))
		if len(rights) == 0 {
			continue
		}
		r = choose(b.r, rights)
		if rows = left.rows * right.rows / max(1, commonness(l, r)); rows <= mostRows {
			return l, r, rows, true
		}
	}
	return l, r, 0, false
}

// commonness estimates by how much an equality thins a product.
func commonness(l, r expr) float64 {
	if len(l.samples) == 0 || len(r.samples) == 0 {
		return 2
	}
	count := func(e expr) (map[string]float64, float64) {
		n := map[string]float64{}
		for _, v := range e.samples {
			if v != nil {
				n[fmt.Sprint(v)]++
			}
		}
		return n, float64(len(e.samples))
	}
	ls, ln := count(l)
	rs, rn := count(r)
	pairs := 0.0
	for v, n := range ls {
		pairs += n * rs[v]
	}
	if pairs == 0 {
		return ln * rn
	}
	return ln * rn / pairs
}
