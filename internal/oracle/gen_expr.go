package oracle

import (
	"github.com/lianji/lianji/catalog"
)

// value makes an expression over a scope to be selected, grouped or sorted by;
// depth allows subqueries.
func (b *builder) value(s scope, depth int) (e expr) {
	columns := s.columns
	if len(columns) == 0 {
		return expr{sql: "1", typ: catalog.Type{Kind: catalog.Int32}, small: true}
	}
	c := choose(b.r, columns)
	if isNested(c.typ) || c.approx {
		return c
	}
	e = c
	b.one(
		option{62, func() { b.note("select", c.typ) }},
		option{14, func() { e = b.function(c) }},
		option{6, func() { e = b.caseWhen(s, c) }},
		option{5, func() { e = b.coalesce(s, c) }},
		option{5, func() { e = b.castOf(c) }},
		option{4, func() { e = b.conditionValue(s) }},
		option{8, func() {
			if depth > 0 {
				e = b.scalarSubquery(s)
			}
		}},
	)
	return e
}

func made(sql string, k catalog.Kind) expr { return expr{sql: sql, typ: catalog.Type{Kind: k}} }

// function applies a function or an operator that c's type has.
func (b *builder) function(c expr) expr {
	b.note("function", c.typ)
	x := c.sql
	switch c.typ.Kind {
	case catalog.Text:
		return choose(b.r, []expr{
			made("lower("+x+")", catalog.Text), made("upper("+x+")", catalog.Text), made("trim("+x+")", catalog.Text),
			made("length("+x+")", catalog.Int64), made("substr("+x+", 1, 2)", catalog.Text), made(x+" || '/' || "+x, catalog.Text),
			made("replace("+x+", 'a', '市')", catalog.Text), made("reverse("+x+")", catalog.Text), made("left("+x+", 1)", catalog.Text),
			made("substring("+x+", 2, 3)", catalog.Text), made("right("+x+", 2)", catalog.Text), made("ltrim("+x+")", catalog.Text), made("rtrim("+x+")", catalog.Text),
			made("concat("+x+", '!')", catalog.Text), made("strpos("+x+", 'b')", catalog.Int64), made("nullif("+x+", '')", catalog.Text),
		})
	case catalog.Date:
		return choose(b.r, []expr{
			made("year("+x+")", catalog.Int64), made("extract(day FROM "+x+")", catalog.Int64), made(x+" + 1", catalog.Date),
			made("CAST("+x+" + INTERVAL 1 MONTH AS DATE)", catalog.Date), made("last_day("+x+")", catalog.Date),
			made("month("+x+")", catalog.Int64), made("quarter("+x+")", catalog.Int64), made("dayofweek("+x+")", catalog.Int64), made("dayofyear("+x+")", catalog.Int64),
			made("week("+x+")", catalog.Int64), made("date_trunc('month', "+x+")", catalog.Timestamp), made("date_trunc('quarter', "+x+")", catalog.Timestamp),
			made("strftime("+x+", '%Y年%m月')", catalog.Text), made("date_diff('day', DATE '2000-01-01', "+x+")", catalog.Int64),
		})
	case catalog.Timestamp:
		return choose(b.r, []expr{
			made("date_trunc('month', "+x+")", catalog.Timestamp), made("CAST("+x+" AS DATE)", catalog.Date), made("minute("+x+")", catalog.Int64), made("year("+x+")", catalog.Int64),
			made("date_trunc('hour', "+x+")", catalog.Timestamp), made("hour("+x+")", catalog.Int64), made(x+" - INTERVAL 90 MINUTE", catalog.Timestamp),
			made("epoch_us("+x+")", catalog.Int64), made("strftime("+x+", '%Y-%m-%d %H:%M')", catalog.Text), made("quarter("+x+")", catalog.Int64),
		})
	case catalog.TimestampTZ: // what these give hangs on the session's zone
		return choose(b.r, []expr{
			made("date_trunc('day', "+x+")", catalog.TimestampTZ), made("hour("+x+")", catalog.Int64), made("CAST("+x+" AS DATE)", catalog.Date),
			made("CAST("+x+" AS TIMESTAMP)", catalog.Timestamp), made(x+" + INTERVAL 1 DAY", catalog.TimestampTZ), made("year("+x+")", catalog.Int64),
			made(x+" AT TIME ZONE 'UTC'", catalog.Timestamp), made("strftime("+x+", '%Y-%m-%d')", catalog.Text),
		})
	case catalog.Time:
		return choose(b.r, []expr{made("hour("+x+")", catalog.Int64), made("CAST("+x+" AS VARCHAR)", catalog.Text)})
	case catalog.Bool:
		return choose(b.r, []expr{made("NOT "+x, catalog.Bool), made("CAST("+x+" AS INTEGER)", catalog.Int32), made(x+" IS NOT TRUE", catalog.Bool)})
	case catalog.Decimal:
		wider := c.typ
		if c.typ.Precision < 20 {
			wider = catalog.DecimalOf(20, 2)
			return choose(b.r, []expr{
				{sql: "CAST(" + x + " * 3 AS " + wider.DuckDB() + ")", typ: wider}, {sql: "CAST(" + x + " + 0.5 AS " + wider.DuckDB() + ")", typ: wider},
				{sql: "CAST(" + x + " AS " + wider.DuckDB() + ")", typ: wider}, {sql: "CAST(round(" + x + ", 1) AS " + wider.DuckDB() + ")", typ: wider}, {sql: "CAST(floor(" + x + ") AS " + wider.DuckDB() + ")", typ: wider},
				{sql: "greatest(" + x + ", CAST(NULL AS " + c.typ.DuckDB() + "))", typ: c.typ},
				{sql: "-" + x, typ: c.typ}, {sql: "abs(" + x + ")", typ: c.typ}, made("CAST("+x+" AS DOUBLE)", catalog.Float64),
			})
		}
		return choose(b.r, []expr{{sql: "-" + x, typ: wider}, {sql: "abs(" + x + ")", typ: wider}, made("CAST("+x+" AS DOUBLE)", catalog.Float64)})
	case catalog.Float64:
		return choose(b.r, []expr{made(x+" * 2", catalog.Float64), made(x+" + 0.5", catalog.Float64), made("abs("+x+")", catalog.Float64), made("isnan("+x+")", catalog.Bool), made("floor("+x+")", catalog.Float64)})
	case catalog.Blob:
		return choose(b.r, []expr{made("octet_length("+x+")", catalog.Int64), made("base64("+x+")", catalog.Text), made("md5("+x+")", catalog.Text)})
	case catalog.UUID:
		return made("CAST("+x+" AS VARCHAR)", catalog.Text)
	}
	if isInteger(c.typ) {
		options := []expr{made("CAST("+x+" AS HUGEINT) * 2", catalog.HugeInt), made("CAST("+x+" AS DOUBLE) / 4", catalog.Float64), made("CAST("+x+" AS HUGEINT) % 7", catalog.HugeInt)}
		if c.small {
			options = append(options, expr{sql: "CAST(" + x + " + 1 AS BIGINT)", typ: catalog.Type{Kind: catalog.Int64}, small: true},
				expr{sql: "CAST(abs(" + x + ") AS BIGINT)", typ: catalog.Type{Kind: catalog.Int64}, small: true}, expr{sql: "CAST(" + x + " * 3 - 1 AS BIGINT)", typ: catalog.Type{Kind: catalog.Int64}},
				made("CAST("+x+" AS BIGINT) % 5", catalog.Int64), made(x+" / 4", catalog.Float64), made("CAST("+x+" // 10 AS BIGINT)", catalog.Int64))
		}
		return choose(b.r, options)
	}
	return c
}

func (b *builder) caseWhen(s scope, c expr) expr {
	b.note("case", c.typ)
	other := b.sameType(s, c.typ)
	if b.chance(0.3) {
		return expr{sql: "CASE WHEN " + b.simplePredicate(s) + " THEN " + c.sql + " END", typ: c.typ}
	}
	if b.chance(0.2) {
		return made("CASE "+c.sql+" WHEN "+b.literal(c.typ, b.constant(c))+" THEN 'one' WHEN "+b.literal(c.typ, b.constant(c))+" THEN 'two' ELSE 'other' END", catalog.Text)
	}
	return expr{sql: "CASE WHEN " + b.simplePredicate(s) + " THEN " + c.sql + " ELSE " + other + " END", typ: c.typ}
}

func (b *builder) coalesce(s scope, c expr) expr {
	b.note("coalesce", c.typ)
	return expr{sql: "coalesce(" + c.sql + ", " + b.sameType(s, c.typ) + ")", typ: c.typ}
}

// sameType gives text of exactly type t: another column or a constant.
func (b *builder) sameType(s scope, t catalog.Type) string {
	same := filter(s.columns, func(e expr) bool { return !e.approx && e.typ.Equal(t) })
	if len(same) > 0 && b.chance(0.7) {
		return choose(b.r, same).sql
	}
	v := sampleValue(b.r, DuckDB, t)
	if v == nil || b.chance(0.1) {
		return "CAST(NULL AS " + t.DuckDB() + ")"
	}
	return "CAST(" + DuckDB.Literal(t, v) + " AS " + t.DuckDB() + ")"
}

// castOf casts where every value can be cast.
func (b *builder) castOf(c expr) expr {
	b.note("cast", c.typ)
	switch c.typ.Kind {
	case catalog.Text:
		return made("TRY_CAST("+c.sql+" AS INTEGER)", catalog.Int32)
	case catalog.Float64, catalog.Float32, catalog.Blob:
		return c // -0.0 and 0.0 are one value but two texts
	}
	return made("CAST("+c.sql+" AS VARCHAR)", catalog.Text)
}

func (b *builder) conditionValue(s scope) expr {
	b.note("condition", catalog.Type{Kind: catalog.Bool})
	return made("("+b.simplePredicate(s)+")", catalog.Bool)
}

// scalarSubquery makes a subquery of one value, mostly correlated.
func (b *builder) scalarSubquery(s scope) expr {
	inner := b.table(choose(b.r, b.tables))
	l, r, _, ok := b.joinColumns(scope{columns: s.columns, rows: 1}, inner.scope)
	if !ok {
		return b.value(s, 0)
	}
	where := " WHERE " + r.sql + " = " + l.sql
	construct := "correlated"
	switch {
	case b.chance(0.25):
		where, construct = "", "scalar_subquery"
	case b.chance(0.3):
		where += " AND " + b.simplePredicate(inner.scope)
	}
	c := choose(b.r, inner.columns)
	b.note(construct, c.typ)
	if b.chance(0.4) {
		return made("(SELECT count(*) FROM "+inner.sql+where+")", catalog.Int64)
	}
	return expr{sql: "(SELECT " + choose(b.r, []string{"min", "max"}) + "(" + c.sql + ") FROM " + inner.sql + where + ")", typ: c.typ}
}
