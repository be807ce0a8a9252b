package dialect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// mysqlEntries is what MySQL and MariaDB do as DuckDB.
var mysqlEntries = tableOf(sharedEntries(), mysqlParts(), mysqlValuesOf())

func (mysql) table() *entries { return mysqlEntries }

var (
	mysqlWholes = wholes
	mysqlKeys   = slices.Concat(Kinds{catalog.Bool}, wholes, naturals, Kinds{catalog.Decimal, catalog.Text, catalog.Blob, catalog.Date, catalog.Timestamp, catalog.TimestampTZ})
	mysqlValues = Kinds{catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp}
)

const (
	onlyShort  = "text and bytes of at most 1,024 bytes; a date that is none is NULL"
	onlyDigits = "as many digits as MySQL's decimals have"
)

func mysqlParts() []Entry {
	return []Entry{
		{Names: comparisons, Args: []Kinds{mysqlKeys}, Verdict: Exact, NeverFails: true, Only: "constants that the column can hold, at most 1,000"},
		{Names: comparisons, Args: []Kinds{floating}, Reason: "floating point is compared here"},
		{Names: comparisons, Args: []Kinds{{catalog.JSON}}, Reason: "MySQL compares values of this type in its own way"},
		{Names: comparisons, Args: []Kinds{everything}, Reason: "MySQL compares values of this type in its own way"},
		{Names: partGroup + ", " + partDistinct + ", " + partCombined, Args: []Kinds{truths}, Reason: mysqlNoBits},
		{Names: "min, max", Args: []Kinds{truths}, Reason: "the least of truth values is a number at the source"},
		{Names: partCombined, Args: []Kinds{{catalog.Blob}}, Reason: "bytes of two columns may be padded"},
		{Names: partPair + ", " + partGroup + ", " + partDistinct + ", " + partCombined + ", " + partOrder + ", " + partCounted + ", min, max",
			Args: []Kinds{mysqlKeys.and(catalog.HugeInt)}, Verdict: Exact, NeverFails: true, Only: onlyShort + "; HUGEINT where it is a sum"},
		{Names: "sum", Args: []Kinds{wholes.and(catalog.Decimal)}, Verdict: Exact, Only: "what does not fit DuckDB's type is an error when it is read"},
		{Names: "UNION, UNION ALL", Verdict: Exact, NeverFails: true, Only: "columns that group and sort"},
		{Names: "INTERSECT, INTERSECT ALL", Reason: "not every version of the source knows intersect"},
		{Names: "EXCEPT, EXCEPT ALL", Reason: "not every version of the source knows except"},
		{Names: partPrefix + ", " + partSuffix + ", " + partInfix + ", " + partPieces, Args: []Kinds{texts}, Verdict: Exact, NeverFails: true, Only: "a constant pattern; NOT LIKE, starts_with, ends_with and contains too"},
		{Names: partPattern, Args: []Kinds{texts}, Reason: "any letter is a byte at the source"},
	}
}

// What MySQL computes, it computes with 64 bits and with decimals of up to 65 digits:
// what does not fit DuckDB's type is looked for beside it. There is no cast to a whole
// number of fewer than 64 bits, so such a number does not come back.
func mysqlValuesOf() []Entry {
	two, twoDecimals := []Kinds{mysqlWholes, mysqlWholes}, []Kinds{decimals, decimals}
	dated := dates.and(catalog.Timestamp)
	list := []Entry{
		{Names: partCase, Args: []Kinds{mysqlValues}, Verdict: Exact, NeverFails: true, Only: "exact conditions that never fail"},
		{Names: partCoalesce, Any: true, Args: []Kinds{mysqlValues}, Verdict: Exact, NeverFails: true, Text: "COALESCE(#*)", most: mostAny},
		{Names: "greatest, least", Any: true, Args: []Kinds{everything}, Reason: "of values of which one is NULL MySQL gives NULL"},
		{Names: "+", Args: two, To: mysqlWholes, Verdict: Exact, Text: "(#1 + #2)", Overflows: true, open: true, most: mostSum},
		{Names: "-", Args: []Kinds{bigints, bigints}, Reason: "MariaDB says nothing of a difference that does not fit in 64 bits when the least BIGINT is taken away"},
		{Names: "-", Args: []Kinds{wholes[:3], wholes[:3]}, To: wholes[:3], Verdict: Exact, Text: "(#1 - #2)", Overflows: true, open: true, most: mostSum},
		{Names: "*", Args: two, To: mysqlWholes, Verdict: Exact, Text: "(#1 * #2)", Overflows: true, open: true, most: mostProduct},
		{Names: "//", Args: two, To: mysqlWholes, Verdict: Exact, Text: "(#1 DIV #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostFirst},
		{Names: "%", Args: two, To: mysqlWholes, Verdict: Exact, Text: "(#1 % #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostModulo},
		{Names: "+", Args: twoDecimals, To: decimals, Verdict: Exact, Text: "(#1 + #2)", Overflows: true, open: true, most: mostSum, Only: onlyDigits, only: mysqlDigits},
		{Names: "-", Args: twoDecimals, To: decimals, Verdict: Exact, Text: "(#1 - #2)", Overflows: true, open: true, most: mostSum, Only: onlyDigits, only: mysqlDigits},
		{Names: "*", Args: twoDecimals, To: decimals, Verdict: Exact, Text: "(#1 * #2)", Overflows: true, open: true, most: mostProduct, Only: onlyDigits, only: mysqlDigits},
		{Names: "-", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "(- #1)", NeverFails: true, most: mostFirst},
		{Names: "abs, @", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "ABS(#1)", NeverFails: true, most: mostFirst},
		{Names: partCast, Args: []Kinds{mysqlWholes}, To: mysqlWholes, Verdict: Exact, Text: "#1", Overflows: true, open: true, most: mostFirst},
		{Names: partCast, Args: []Kinds{mysqlWholes}, To: decimals, Verdict: Exact, Text: "CAST(#1 AS DECIMAL(60, the places of the result))", Overflows: true, open: true, most: mostFirst, Only: onlyDigits, only: mysqlDigits, call: mysqlWidened},
		{Names: partCast, Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "CAST(#1 AS DECIMAL(60, the places of the result))", Overflows: true, open: true, most: mostRounded, Only: onlyDigits, only: mysqlDigits, call: mysqlWidened},
		{Names: partCast, Args: []Kinds{mysqlWholes}, To: texts, Verdict: Exact, Text: "CAST(#1 AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin", NeverFails: true},
		{Names: partCast, Args: []Kinds{moments}, To: dates, Verdict: Exact, Text: "CAST(DATE_FORMAT(#1, '%Y-%m-%d') AS DATE)", NeverFails: true},
		{Names: partCast, Args: []Kinds{dates}, To: moments, Verdict: Exact, Text: "CAST(#1 AS DATETIME(6))", NeverFails: true},
		{Names: "length, len, char_length, character_length", Args: []Kinds{texts}, To: bigints, Verdict: Exact, Text: "CAST(CHAR_LENGTH(#1) AS SIGNED)", NeverFails: true, most: mostly(1 << 32)},
		{Names: "substring, substr", Args: []Kinds{texts, bigints, bigints}, To: texts, Verdict: Exact, Text: "SUBSTRING(#1, #2, #3)", NeverFails: true, Only: onlyPlaces, only: places},
		{Names: "substring, substr", Args: []Kinds{texts, bigints}, To: texts, Verdict: Exact, Text: "SUBSTRING(#1, #2)", NeverFails: true, Only: onlyPlaces, only: places},
		{Names: "left", Args: []Kinds{texts, bigints}, To: texts, Verdict: Exact, Text: "LEFT(#1, #2)", NeverFails: true, Only: onlyLengths, only: lengths},
		{Names: "right", Args: []Kinds{texts, bigints}, To: texts, Verdict: Exact, Text: "RIGHT(#1, #2)", NeverFails: true, Only: onlyLengths, only: lengths},
		{Names: "trim, ltrim, rtrim", Args: []Kinds{texts}, Reason: "MySQL trims blanks alone, and no other spaces of Unicode"},
		{Names: "||", Args: []Kinds{texts, texts}, Reason: "the source sorts by the first 1,024 bytes of a text, and this one may be longer"},
		{Names: "concat", Any: true, Args: []Kinds{texts}, Reason: "of values of which one is NULL MySQL gives NULL"},
		{Names: "lower, upper, lcase, ucase", Args: []Kinds{texts}, Reason: "a computed value, of letters whose other case the source finds by the rules of its own collations"},
		{Names: "date_diff day, datediff day", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: mysqlDays("#2", "#1"), NeverFails: true, most: mostly(1 << 32)},
		{Names: "-", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: mysqlDays("#1", "#2"), NeverFails: true, most: mostly(1 << 32)},
	}
	for _, p := range []struct {
		names, text string
		most        int64
		of          Kinds
	}{
		{"year, date_part year, datepart year", "CAST(YEAR(#1) AS SIGNED)", 9999, dated},
		{"quarter, date_part quarter, datepart quarter", "CAST(QUARTER(#1) AS SIGNED)", 4, dated},
		{"month, date_part month, datepart month", "CAST(MONTH(#1) AS SIGNED)", 12, dated},
		{"day, dayofmonth, date_part day, datepart day", "CAST(DAYOFMONTH(#1) AS SIGNED)", 31, dated},
		{"hour, date_part hour, datepart hour", "CAST(HOUR(#1) AS SIGNED)", 23, moments},
		{"minute, date_part minute, datepart minute", "CAST(MINUTE(#1) AS SIGNED)", 59, moments},
	} {
		list = append(list, Entry{Names: p.names, Args: []Kinds{p.of}, To: bigints, Verdict: Exact, Text: p.text, NeverFails: true, most: mostly(p.most)})
	}
	for _, p := range []struct {
		unit, format string
		of           Kinds
	}{
		{"year", "'%Y-01-01'", dated}, {"month", "'%Y-%m-01'", dated}, {"day", "'%Y-%m-%d'", dated},
		{"hour", "'%Y-%m-%d %H:00:00'", moments}, {"minute", "'%Y-%m-%d %H:%i:00'", moments}, {"second", "'%Y-%m-%d %H:%i:%s'", moments},
	} {
		list = append(list, Entry{Names: strings.ReplaceAll("date_trunc X, datetrunc X", "X", p.unit), Args: []Kinds{p.of}, To: moments,
			Verdict: Exact, Text: "CAST(DATE_FORMAT(#1, " + p.format + ") AS DATETIME(6))", NeverFails: true})
	}
	return list
}

// mysqlDays writes the days from one date to another. To MySQL the year 0 is no leap
// year, so that January and February of it are a day too late.
func mysqlDays(to, from string) string {
	late := func(date string) string { return "(YEAR(" + date + ") = 0 AND MONTH(" + date + ") < 3)" }
	return "CAST(DATEDIFF(" + to + ", " + from + ") - " + late(to) + " + " + late(from) + " AS SIGNED)"
}

// mysqlDigits asks that what is computed has a place in MySQL's decimals, of 65 digits
// and 30 places, before it is looked whether it fits the type here.
func mysqlDigits(args []ir.Expr) bool {
	digits, scale := int32(0), int32(0)
	for _, a := range args {
		d, s := digitsWithin(a)
		digits, scale = digits+d, scale+s
	}
	return digits <= 58 && scale <= 30
}

// digitsWithin adds up the digits, and the places, of all numbers in e.
func digitsWithin(e ir.Expr) (digits, scale int32) {
	switch x := e.(type) {
	case *ir.Ref, *ir.Const:
		if t := e.Type(); t.Kind == catalog.Decimal {
			return t.Precision, t.Scale
		}
		return 19, 0
	case *ir.Func, *ir.Cast, *ir.Case, *ir.Coalesce:
		for _, a := range x.Args() {
			d, s := digitsWithin(a)
			digits, scale = digits+d, scale+s
		}
		return max(digits, e.Type().Precision), max(scale, e.Type().Scale)
	}
	return 0, 0
}

// mysqlWidened writes a number as a decimal of enough digits, with the places of the result.
func mysqlWidened(args []ir.Expr, result catalog.Type) string {
	scale := strconv.Itoa(int(result.Scale))
	if args[0].Type().Scale > result.Scale {
		return "ROUND(#1, " + scale + ")"
	}
	return "CAST(#1 AS DECIMAL(60," + scale + "))"
}

// readable asks what keys ask; a year is a number of its own kind, and what is unsigned
// stays so.
func (d mysql) readable(p Place) string {
	if name, _ := mysqlType(*p.Base); name == "year" || strings.Contains(p.Base.SourceType, "unsigned") {
		return "a column of the type " + p.Base.SourceType + " is not computed with at the source"
	}
	return d.keyed(p.Base.Type, p, false)
}

func (d mysql) sendable(v catalog.Value, _ Columns) string {
	if s, ok := v.V.(string); ok && len(s) > maxMySQLSorted {
		return "a text that is longer than what the source sorts by"
	}
	c, _ := d.computed(v.Type)
	_, reason := d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{v}})
	return reason
}

func (mysql) raises(t catalog.Type) bool { return t.Kind == catalog.Decimal || signed(t.Kind) }

func (mysql) returned(t catalog.Type) string {
	switch t.Kind {
	case catalog.Int64, catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp:
		return ""
	}
	return "a " + t.DuckDB() + " that is computed is a BIGINT at the source"
}

func (d mysql) argument(o operand) string {
	if o.typ.Kind == catalog.Text {
		return "CONVERT(" + o.text + " USING utf8mb4) COLLATE utf8mb4_bin"
	}
	return d.seen(o)
}

func (mysql) constant(t catalog.Type, bound int) string {
	place := "?" + strconv.Itoa(bound+1)
	switch t.Kind {
	case catalog.Text:
		return "CONVERT(" + place + " USING utf8mb4) COLLATE utf8mb4_bin"
	case catalog.Date:
		return "CAST(" + place + " AS DATE)"
	case catalog.Timestamp:
		return "CAST(" + place + " AS DATETIME(6))"
	}
	return "CAST(" + place + " AS " + mysqlCast(t) + ")"
}

// null has a type: a column of nothing else comes back with it.
func (mysql) null(t catalog.Type) string {
	switch t.Kind {
	case catalog.Text:
		return "CAST(NULL AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"
	case catalog.Date:
		return "CAST(NULL AS DATE)"
	case catalog.Timestamp:
		return "CAST(NULL AS DATETIME(6))"
	}
	return "CAST(NULL AS " + mysqlCast(t) + ")"
}

func (mysql) typeName(t catalog.Type) string { return mysqlCast(t) }

// fitted: of what does not fit in 64 bits MySQL says so itself.
func (mysql) fitted(text string, t catalog.Type) (value, beyond string) {
	switch {
	case t.Kind == catalog.Decimal:
		return text, "ABS(" + text + ") >= 1" + strings.Repeat("0", int(t.Precision-t.Scale))
	case t.Kind == catalog.Int64:
		return text, ""
	}
	limit := limitOf(t.Kind)
	return text, text + " NOT BETWEEN " + strconv.FormatInt(-limit-1, 10) + " AND " + strconv.FormatInt(limit, 10)
}

// guarded adds 1, which a true condition is, to the greatest BIGINT.
func (mysql) guarded(text string, beyond []string) string {
	one := "(" + strings.Join(beyond, " OR ") + ")"
	return "(CASE WHEN " + one + " THEN 9223372036854775807 + " + one + " ELSE " + text + " END)"
}

func (mysql) made(text string, t catalog.Type) string {
	if t.Kind == catalog.Text {
		return "CAST(" + text + " AS BINARY)"
	}
	return text
}
