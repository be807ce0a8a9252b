package oracle

import (
	"strings"

	"github.com/lianji/lianji/catalog"
)

// predicate makes a condition over a scope; depth allows subqueries.
func (b *builder) predicate(s scope, depth int) (text string) {
	b.one(
		option{60, func() { text = b.simplePredicate(s) }},
		option{12, func() { text = b.simplePredicate(s) + " AND " + b.simplePredicate(s) }},
		option{12, func() { text = "(" + b.simplePredicate(s) + " OR " + b.simplePredicate(s) + ")" }},
		option{6, func() { b.note("not", catalog.Type{}); text = "NOT (" + b.simplePredicate(s) + ")" }},
		option{18, func() {
			if depth > 0 {
				text = b.subqueryPredicate(s, depth-1)
			} else {
				text = b.simplePredicate(s)
			}
		}},
	)
	return text
}

// simplePredicate makes a condition without a subquery.
func (b *builder) simplePredicate(s scope) (text string) {
	columns := filter(s.columns, certain)
	if len(columns) == 0 {
		return choose(b.r, []string{"TRUE", "1 = 1"})
	}
	c := choose(b.r, columns)
	if isNested(c.typ) {
		return b.nullTest(c)
	}
	b.one(
		option{45, func() { text = b.comparison(c) }},
		option{10, func() { text = b.nullTest(c) }},
		option{10, func() { text = b.inList(c) }},
		option{8, func() { text = b.between(c) }},
		option{14, func() { text = b.byType(c) }},
		option{5, func() { text = b.distinctFrom(c) }},
		option{8, func() { text = b.columnComparison(c, columns) }},
		option{5, func() { text = b.computed(s) }},
	)
	return text
}

var comparisons = []struct{ sign, construct string }{
	{"=", "filter_eq"}, {"<>", "filter_ne"}, {"<", "filter_lt"}, {"<=", "filter_le"}, {">", "filter_gt"}, {">=", "filter_ge"},
}

func (b *builder) comparison(c expr) string {
	if c.typ.Kind == catalog.Bool && b.chance(0.4) {
		b.note("filter_bool", c.typ)
		return choose(b.r, []string{c.sql, "NOT " + c.sql, c.sql + " IS TRUE", c.sql + " IS NOT FALSE"})
	}
	op := choose(b.r, comparisons)
	b.note(op.construct, c.typ)
	value := b.literal(c.typ, b.constant(c))
	if b.chance(0.1) { // written the other way round
		mirrored := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}
		sign := op.sign
		if m, ok := mirrored[sign]; ok {
			sign = m
		}
		return value + " " + sign + " " + c.sql
	}
	return c.sql + " " + op.sign + " " + value
}

func (b *builder) nullTest(c expr) string {
	if b.chance(0.4) {
		b.note("is_null", c.typ)
		return c.sql + " IS NULL"
	}
	b.note("not_null", c.typ)
	return c.sql + " IS NOT NULL"
}

func (b *builder) inList(c expr) string {
	values := make([]string, 1+b.r.IntN(6))
	for i := range values {
		values[i] = b.literal(c.typ, b.constant(c))
	}
	op := " IN ("
	if b.chance(0.25) {
		op = " NOT IN ("
		b.note("not_in_list", c.typ)
		if b.chance(0.1) { // then nothing is ever true
			values = append(values, "NULL")
		}
	} else {
		b.note("in_list", c.typ)
		if b.chance(0.1) {
			values = append(values, "NULL")
		}
	}
	return c.sql + op + strings.Join(values, ", ") + ")"
}

func (b *builder) between(c expr) string {
	b.note("between", c.typ)
	lo, hi := b.constant(c), b.constant(c)
	if less(hi, lo) && b.chance(0.9) {
		lo, hi = hi, lo
	}
	not := ""
	if b.chance(0.15) {
		not = "NOT "
	}
	return c.sql + " " + not + "BETWEEN " + b.literal(c.typ, lo) + " AND " + b.literal(c.typ, hi)
}

// less orders constants well enough to write most ranges the right way round.
func less(a, c any) bool {
	switch a := a.(type) {
	case int64:
		return a < c.(int64)
	case uint64:
		return a < c.(uint64)
	case float64:
		return a < c.(float64)
	case string:
		return a < c.(string)
	}
	return false
}

func (b *builder) distinctFrom(c expr) string {
	b.note("distinct_from", c.typ)
	value := "NULL"
	if b.chance(0.7) {
		value = b.literal(c.typ, b.constant(c))
	}
	return c.sql + choose(b.r, []string{" IS DISTINCT FROM ", " IS NOT DISTINCT FROM "}) + value
}

func (b *builder) columnComparison(c expr, columns []expr) string {
	others := filter(columns, func(e expr) bool { return e.sql != c.sql && comparableWith(c.typ)(e) })
	if len(others) == 0 {
		return b.comparison(c)
	}
	b.note("filter_columns", c.typ)
	return c.sql + " " + choose(b.r, comparisons).sign + " " + choose(b.r, others).sql
}

// byType makes a condition that only c's type has.
func (b *builder) byType(c expr) string {
	switch c.typ.Kind {
	case catalog.Text:
		return b.textPredicate(c)
	case catalog.Date, catalog.Timestamp, catalog.TimestampTZ:
		b.note("filter_extract", c.typ)
		if c.typ.Kind == catalog.Date && b.chance(0.3) {
			return choose(b.r, []string{
				"date_diff('day', " + c.sql + ", DATE '2000-01-01') > 0", "quarter(" + c.sql + ") = 1", "month(" + c.sql + ") + year(" + c.sql + ") > 2005",
				"coalesce(" + c.sql + ", DATE '2024-02-29') >= DATE '2000-03-01'",
			})
		}
		return choose(b.r, []string{
			"year(" + c.sql + ") >= 2000",
			"extract(month FROM " + c.sql + ") <= 6",
			"date_trunc('year', " + c.sql + ") < '2001-01-01'",
			"CAST(" + c.sql + " AS DATE) >= '1996-07-01'",
			"dayofweek(" + c.sql + ") IN (0, 6)",
		})
	case catalog.Blob:
		b.note("filter_length", c.typ)
		return "octet_length(" + c.sql + ") <= 1"
	case catalog.Float64, catalog.Float32:
		b.note("filter_special", c.typ)
		return choose(b.r, []string{"isfinite(" + c.sql + ")", "NOT isnan(" + c.sql + ")", c.sql + " < 'Infinity'"})
	case catalog.Decimal:
		b.note("filter_arithmetic", c.typ)
		if c.typ.Precision < 18 {
			return choose(b.r, []string{c.sql + " + 1 > 2.5", c.sql + " - " + c.sql + " = 0", "abs(" + c.sql + ") <= 10", "round(" + c.sql + ", 1) <> 0", "CAST(" + c.sql + " AS DOUBLE) * 2 > 1.5"})
		}
		return "CAST(" + c.sql + " AS DOUBLE) * 2 > 1.5"
	case catalog.UUID:
		b.note("filter_cast", c.typ)
		return "CAST(" + c.sql + " AS VARCHAR) LIKE '%f%'"
	}
	if isInteger(c.typ) {
		b.note("filter_arithmetic", c.typ)
		if c.small && b.chance(0.5) {
			return choose(b.r, []string{c.sql + " % 3 = 1", c.sql + " // 2 > 1", "coalesce(" + c.sql + ", 0) <> 1", "CASE WHEN " + c.sql + " > 1 THEN " + c.sql + " ELSE 0 END < 3"})
		}
		return "CAST(" + c.sql + " AS HUGEINT) % 3 = " + choose(b.r, []string{"0", "1"})
	}
	return b.comparison(c)
}

func (b *builder) textPredicate(c expr) (text string) {
	word, _ := b.constant(c).(string)
	letters := []rune(word)
	piece := string(letters[:len(letters)/2+len(letters)%2])
	escape := strings.NewReplacer("%", "", "_", "", `\`, "").Replace(piece)
	pattern := choose(b.r, []string{escape + "%", "%" + escape, "%" + escape + "%", "_%", "_", "%" + escape + "_", "a_c", "%%", ""})
	b.one(
		option{35, func() { b.note("like", c.typ); text = c.sql + " LIKE " + quote(pattern) }},
		option{10, func() { b.note("not_like", c.typ); text = c.sql + " NOT LIKE " + quote(pattern) }},
		option{8, func() { b.note("ilike", c.typ); text = c.sql + " ILIKE " + quote(pattern) }},
		option{6, func() {
			b.note("like_escape", c.typ)
			text = c.sql + ` LIKE '%!%%' ESCAPE '!' OR ` + c.sql + ` LIKE 'a!_%' ESCAPE '!'`
			text = "(" + text + ")"
		}},
		option{8, func() { b.note("starts_with", c.typ); text = "starts_with(" + c.sql + ", " + quote(piece) + ")" }},
		option{8, func() { b.note("filter_lower", c.typ); text = "lower(" + c.sql + ") = lower(" + quote(word) + ")" }},
		option{8, func() {
			b.note("filter_length", c.typ)
			text = "length(" + c.sql + ") " + choose(b.r, comparisons).sign + " " + integerText(int64(b.r.IntN(4)))
		}},
		option{6, func() {
			b.note("filter_substring", c.typ)
			text = "substring(" + c.sql + ", 1, " + integerText(int64(len(letters)/2+1)) + ") = " + quote(string(letters[:min(len(letters), len(letters)/2+1)]))
		}},
		option{4, func() {
			b.note("contains", c.typ)
			text = choose(b.r, []string{"contains(", "ends_with("}) + c.sql + ", " + quote(piece) + ")"
		}},
		option{5, func() { b.note("filter_trim", c.typ); text = "trim(" + c.sql + ") = trim(" + quote(word) + ")" }},
		option{5, func() { b.note("filter_regexp", c.typ); text = "regexp_matches(" + c.sql + ", '^[a-z]')" }},
	)
	return text
}

// computed compares an expression, not a column.
func (b *builder) computed(s scope) string {
	e := b.value(s, 0)
	if e.approx || isNested(e.typ) {
		return e.sql + " IS NOT NULL"
	}
	b.note("filter_expression", e.typ)
	if v := sampleValue(b.r, DuckDB, e.typ); v != nil {
		return e.sql + " " + choose(b.r, comparisons).sign + " " + b.literal(e.typ, v)
	}
	return e.sql + " IS NOT NULL"
}

// subqueryPredicate makes a condition that reads a table of its own.
func (b *builder) subqueryPredicate(s scope, depth int) (text string) {
	columns := filter(s.columns, func(e expr) bool { return certain(e) && !isNested(e.typ) })
	inner := b.table(choose(b.r, b.tables))
	l, r, _, ok := b.joinColumns(scope{columns: columns, rows: 1}, inner.scope)
	if !ok {
		return b.simplePredicate(s)
	}
	where := ""
	if b.chance(0.6) {
		where = b.predicate(inner.scope, depth)
	}
	and := func(a, c string) string {
		if c == "" {
			return a
		}
		return a + " AND " + c
	}
	tail := ""
	if where != "" {
		tail = " WHERE " + where
	}
	b.one(
		option{30, func() {
			b.note("in_subquery", l.typ)
			text = l.sql + " IN (SELECT " + r.sql + " FROM " + inner.sql + tail + ")"
		}},
		option{12, func() {
			b.note("not_in_subquery", l.typ)
			where := and(r.sql+" IS NOT NULL", where)
			if b.chance(0.3) { // a NULL among them: never true
				where = strings.TrimPrefix(tail, " WHERE ")
			}
			text = l.sql + " NOT IN (SELECT " + r.sql + " FROM " + inner.sql
			if where != "" {
				text += " WHERE " + where
			}
			text += ")"
		}},
		option{22, func() {
			b.note("exists", l.typ)
			text = "EXISTS (SELECT 1 FROM " + inner.sql + " WHERE " + and(r.sql+" = "+l.sql, where) + ")"
		}},
		option{12, func() {
			b.note("not_exists", l.typ)
			text = "NOT EXISTS (SELECT * FROM " + inner.sql + " WHERE " + and(r.sql+" = "+l.sql, where) + ")"
		}},
		option{12, func() {
			b.note("filter_scalar_subquery", l.typ)
			text = l.sql + choose(b.r, []string{" >= ", " <= ", " <> "}) + "(SELECT " + choose(b.r, []string{"min", "max"}) + "(" + r.sql + ") FROM " + inner.sql + tail + ")"
		}},
		option{6, func() {
			b.note("quantified", l.typ)
			text = l.sql + choose(b.r, []string{" >= ANY (", " < ALL (", " = ANY ("}) + "SELECT " + r.sql + " FROM " + inner.sql + tail + ")"
		}},
	)
	return text
}
