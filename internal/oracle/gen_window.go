package oracle

import (
	"strings"

	"github.com/lianji/lianji/catalog"
)

// window makes a window function whose answer is certain: where ties would make
// a difference the keys of the scope end the order. s.keys is not nil.
func (b *builder) window(s scope) (e expr) {
	columns := filter(s.columns, func(e expr) bool { return certain(e) && !isNested(e.typ) })
	if len(columns) == 0 {
		return made("1", catalog.Int32)
	}
	c, by := choose(b.r, columns), choose(b.r, columns)
	partition := ""
	if b.chance(0.6) {
		p := choose(b.r, columns)
		b.note("window_partition", p.typ)
		partition = "PARTITION BY " + p.sql + " "
	}
	loose := "ORDER BY " + b.direction(by)
	total := "ORDER BY " + strings.Join(s.keys, ", ")
	if b.chance(0.6) {
		total = loose + ", " + strings.Join(s.keys, ", ")
	}
	over := func(order string) string { return " OVER (" + partition + order + ")" }
	b.one(
		option{16, func() { b.note("row_number", by.typ); e = made("row_number()"+over(total), catalog.Int64) }},
		option{14, func() {
			b.note("rank", by.typ)
			e = made(choose(b.r, []string{"rank()", "dense_rank()"})+over(loose), catalog.Int64)
		}},
		option{4, func() { b.note("ntile", by.typ); e = made("ntile(3)"+over(total), catalog.Int64) }},
		option{16, func() {
			b.note("lag", c.typ)
			call := choose(b.r, []string{"lag(" + c.sql + ")", "lead(" + c.sql + ", 2)", "lag(" + c.sql + " IGNORE NULLS)", "lead(" + c.sql + ", 1, " + b.sameType(s, c.typ) + ")"})
			e = expr{sql: call + over(total), typ: c.typ}
		}},
		option{12, func() {
			b.note("first_value", c.typ)
			call := choose(b.r, []string{"first_value(" + c.sql + ")", "last_value(" + c.sql + ")", "nth_value(" + c.sql + ", 2)", "last_value(" + c.sql + " IGNORE NULLS)"})
			e = expr{sql: call + over(total), typ: c.typ}
		}},
		option{14, func() {
			b.note("window_min", c.typ)
			frame := choose(b.r, []string{"", " ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING"})
			e = expr{sql: choose(b.r, []string{"min(", "max("}) + c.sql + ")" + over(total+frame), typ: c.typ}
		}},
		option{10, func() {
			b.note("window_count", c.typ)
			e = made("count("+c.sql+")"+over(choose(b.r, []string{"", loose})), catalog.Int64)
		}},
		option{14, func() {
			sum := b.typedAggregate(s, c)
			b.note("window_sum", c.typ)
			sum.sql = strings.Replace(sum.sql, "(DISTINCT ", "(", 1) + over(choose(b.r, []string{"", loose, total + " ROWS BETWEEN 3 PRECEDING AND CURRENT ROW"}))
			e = sum
		}},
	)
	return e
}

// qualify makes a QUALIFY clause, or nothing.
func (b *builder) qualify(s scope) string {
	columns := filter(s.columns, func(e expr) bool { return certain(e) && !isNested(e.typ) })
	if s.keys == nil || len(columns) == 0 || !b.chance(0.04) {
		return ""
	}
	c := choose(b.r, columns)
	b.note("qualify", c.typ)
	return " QUALIFY row_number() OVER (PARTITION BY " + c.sql + " ORDER BY " + strings.Join(s.keys, ", ") + ") <= 2"
}

// direction writes a sort item with a direction and a place for NULL.
func (b *builder) direction(e expr) string {
	b.note("order", e.typ)
	return b.directed(e.sql)
}

func (b *builder) directed(item string) string {
	return item + choose(b.r, []string{"", "", " ASC", " DESC", " DESC"}) + choose(b.r, []string{"", "", " NULLS FIRST", " NULLS LAST"})
}
