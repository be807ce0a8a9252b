package dialect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// postgresTable is what PostgreSQL does as DuckDB.
var postgresTable = tableOf(sharedEntries(), postgresParts(), postgresComputed())

func (postgres) table() *entries { return postgresTable }

var (
	postgresWholes = Kinds{catalog.Int16, catalog.Int32, catalog.Int64}
	// postgresKeys are the types whose values PostgreSQL tells apart and orders as here.
	postgresKeys = Kinds{catalog.Bool, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp, catalog.TimestampTZ}
	// postgresValues are those of which values are chosen: all that has an order of its own.
	postgresValues = Kinds{catalog.Int16, catalog.Int32, catalog.Int64, catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp}
)

func postgresParts() []Entry {
	return []Entry{
		{Names: comparisons, Args: []Kinds{postgresKeys.and(catalog.Float32, catalog.Float64, catalog.Blob, catalog.Time, catalog.UUID)}, Verdict: Exact, NeverFails: true,
			Only: "constants that PostgreSQL's type holds, at most 1,000; of text that is not ASCII, where the database is known to be UTF-8"},
		{Names: comparisons, Args: []Kinds{everything}, Reason: "PostgreSQL compares values of this type in its own way"},
		{Names: partPair + ", " + partGroup + ", " + partDistinct + ", " + partCombined + ", " + partOrder + ", " + partCounted + ", min, max",
			Args: []Kinds{postgresKeys.and(catalog.HugeInt)}, Verdict: Exact, NeverFails: true,
			Only: "text where the database is known to be UTF-8; HUGEINT where it is a sum"},
		{Names: "sum", Args: []Kinds{postgresWholes.and(catalog.Decimal)}, Verdict: Exact, Only: "what does not fit DuckDB's type is an error when it is read"},
		{Names: "UNION, UNION ALL, INTERSECT, INTERSECT ALL, EXCEPT, EXCEPT ALL", Verdict: Exact, NeverFails: true, Only: "columns that group and sort"},
		{Names: partPrefix + ", " + partSuffix + ", " + partInfix + ", " + partPieces + ", " + partPattern, Args: []Kinds{texts}, Verdict: Exact, NeverFails: true, Only: "a constant pattern, without ESCAPE; NOT LIKE, starts_with, ends_with and contains too"},
	}
}

// What PostgreSQL does not raise of itself, a number that does not fit a decimal, is
// cast to that decimal, which raises. Infinite dates are NULL to DuckDB's functions.
func postgresComputed() []Entry {
	return slices.Concat(postgresNumbers(), postgresTexts(), postgresDates(), []Entry{
		{Names: partCase, Args: []Kinds{postgresValues}, Verdict: Exact, NeverFails: true, Only: "exact conditions that never fail"},
		{Names: partCoalesce, Any: true, Args: []Kinds{postgresValues}, Verdict: Exact, NeverFails: true, Text: "coalesce(#*)", most: mostAny},
		{Names: "greatest", Any: true, Args: []Kinds{postgresValues}, Verdict: Exact, NeverFails: true, Text: "greatest(#*)", most: mostAny},
		{Names: "least", Any: true, Args: []Kinds{postgresValues}, Verdict: Exact, NeverFails: true, Text: "least(#*)", most: mostAny},
	})
}

func postgresNumbers() []Entry {
	two := []Kinds{postgresWholes, postgresWholes}
	twoDecimals := []Kinds{decimals, decimals}
	return []Entry{
		{Names: "+", Args: two, To: postgresWholes, Verdict: Exact, Text: "(#1 + #2)", Overflows: true, most: mostSum},
		{Names: "-", Args: two, To: postgresWholes, Verdict: Exact, Text: "(#1 - #2)", Overflows: true, most: mostSum},
		{Names: "*", Args: two, To: postgresWholes, Verdict: Exact, Text: "(#1 * #2)", Overflows: true, most: mostProduct},
		{Names: "//", Args: two, To: postgresWholes, Verdict: Exact, Text: "(#1 / #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostFirst},
		{Names: "%", Args: two, To: postgresWholes, Verdict: Exact, Text: "(#1 % #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostModulo},
		{Names: "-", Args: []Kinds{postgresWholes}, To: postgresWholes, Verdict: Exact, Text: "(- #1)", Overflows: true, most: mostFirst},
		{Names: "abs, @", Args: []Kinds{postgresWholes}, To: postgresWholes, Verdict: Exact, Text: "abs(#1)", Overflows: true, most: mostFirst},
		{Names: "+", Args: twoDecimals, To: decimals, Verdict: Exact, Text: "(#1 + #2)", Overflows: true, open: true, most: mostSum},
		{Names: "-", Args: twoDecimals, To: decimals, Verdict: Exact, Text: "(#1 - #2)", Overflows: true, open: true, most: mostSum},
		{Names: "*", Args: twoDecimals, To: decimals, Verdict: Exact, Text: "(#1 * #2)", Overflows: true, open: true, most: mostProduct},
		{Names: "-", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "(- #1)", NeverFails: true, most: mostFirst},
		{Names: "abs, @", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "abs(#1)", NeverFails: true, most: mostFirst},
		{Names: "floor", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "floor(#1)", NeverFails: true},
		{Names: "ceil, ceiling", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "ceil(#1)", NeverFails: true},
		{Names: "round", Args: []Kinds{decimals, wholes}, To: decimals, Verdict: Exact, Text: "round(#1, #2::integer)", NeverFails: true, Only: "a constant number of places from 0 to 38", only: roundPlaces},
		{Names: "/", Args: []Kinds{floating, floating}, Reason: "a division is one of doubles here, which PostgreSQL ends with an error where there is an infinity or a zero"},
		{Names: partCast, Args: []Kinds{postgresWholes}, To: postgresWholes, Verdict: Exact, Text: "#1::#t", Overflows: true, most: mostFirst},
		{Names: partCast, Args: []Kinds{postgresWholes}, To: decimals, Verdict: Exact, Text: "#1::numeric", Overflows: true, open: true, most: mostFirst},
		{Names: partCast, Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "#1, rounded to the places of the result", Overflows: true, open: true, most: mostRounded, call: postgresRounded},
		{Names: partCast, Args: []Kinds{postgresWholes}, To: texts, Verdict: Exact, Text: "#1::text", NeverFails: true},
		{Names: partCast, Args: []Kinds{decimals}, To: wholes, Reason: "a decimal is rounded to a whole number here by a rule of its own"},
	}
}

func postgresTexts() []Entry {
	three := []Kinds{texts, bigints, bigints}
	return []Entry{
		{Names: "length, len, char_length, character_length", Args: []Kinds{texts}, To: bigints, Verdict: Exact, Text: "char_length(#1)::bigint", NeverFails: true, most: mostly(1 << 31)},
		{Names: "substring, substr", Args: three, To: texts, Verdict: Exact, Text: "substring(#1, #2::integer, #3::integer)", NeverFails: true, Only: onlyPlaces, only: places},
		{Names: "substring, substr", Args: three[:2], To: texts, Verdict: Exact, Text: "substring(#1, #2::integer)", NeverFails: true, Only: onlyPlaces, only: places},
		{Names: "left", Args: three[:2], To: texts, Verdict: Exact, Text: "left(#1, #2::integer)", NeverFails: true, Only: onlyLengths, only: lengths},
		{Names: "right", Args: three[:2], To: texts, Verdict: Exact, Text: "right(#1, #2::integer)", NeverFails: true, Only: onlyLengths, only: lengths},
		{Names: "trim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "btrim(#1, " + postgresBlanks + ")", NeverFails: true},
		{Names: "ltrim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "ltrim(#1, " + postgresBlanks + ")", NeverFails: true},
		{Names: "rtrim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "rtrim(#1, " + postgresBlanks + ")", NeverFails: true},
		{Names: "||", Args: []Kinds{texts, texts}, To: texts, Verdict: Exact, Text: "(#1 || #2)"},
		{Names: "concat", Any: true, Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "concat(#*)"},
		{Names: "replace", Args: []Kinds{texts, texts, texts}, To: texts, Verdict: Exact, Text: "replace(#1, #2, #3)"},
		{Names: "lower, upper, lcase, ucase", Args: []Kinds{texts}, Reason: "a computed value, of letters whose other case the source finds by the rules of its own collations"},
	}
}

func postgresDates() []Entry {
	list := []Entry{
		{Names: "year, date_part year, datepart year", Args: []Kinds{dates.and(catalog.Timestamp)}, To: bigints, Verdict: Exact, NeverFails: true, most: mostly(1 << 31),
			Text: "(CASE WHEN isfinite(#1) THEN extract(year FROM #1)::bigint + CASE WHEN #1 < '0001-01-01' THEN 1 ELSE 0 END END)"},
		{Names: partCast, Args: []Kinds{moments}, To: dates, Verdict: Exact, Text: "#1::date", NeverFails: true},
		{Names: partCast, Args: []Kinds{dates}, To: moments, Verdict: Exact, Text: postgresMoment},
		{Names: "date_diff day, datediff day", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, NeverFails: true, most: mostly(1 << 32),
			Text: "(CASE WHEN isfinite(#1) AND isfinite(#2) THEN (#2 - #1)::bigint END)"},
		{Names: "-", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: "(#1 - #2)::bigint", most: mostly(1 << 32)},
		{Names: "+, -", Args: []Kinds{dates, wholes}, Reason: "PostgreSQL's dates end in another year"},
		{Names: "+, -", Args: []Kinds{dates.and(catalog.Timestamp), {catalog.Interval}}, Reason: "PostgreSQL's moments end in another year"},
	}
	parts := []struct{ names, field string }{
		{"month", "month"}, {"day, dayofmonth", "day"}, {"quarter", "quarter"}, {"week, weekofyear", "week"},
		{"dayofweek, weekday, date_part dow, datepart dow", "dow"}, {"isodow", "isodow"}, {"dayofyear, date_part doy, datepart doy", "doy"},
	}
	for _, p := range parts {
		first, _, _ := strings.Cut(p.names, ", ")
		list = append(list, Entry{Names: p.names + ", date_part " + first + ", datepart " + first, Args: []Kinds{dates.and(catalog.Timestamp)}, To: bigints,
			Verdict: Exact, Text: "extract(" + p.field + " FROM #1)::bigint", NeverFails: true, most: mostly(366)})
	}
	for _, p := range []string{"hour", "minute"} {
		list = append(list, Entry{Names: p + ", date_part " + p + ", datepart " + p, Args: []Kinds{moments}, To: bigints,
			Verdict: Exact, Text: "extract(" + p + " FROM #1)::bigint", NeverFails: true, most: mostly(60)})
	}
	for _, unit := range []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second"} {
		steady := unit == "day" || unit == "hour" || unit == "minute" || unit == "second"
		only := ""
		if !steady {
			only = "a " + unit + " that begins before PostgreSQL's first day, in 4714 BC, is an error"
		}
		list = append(list, Entry{Names: "date_trunc " + unit + ", datetrunc " + unit, Args: []Kinds{moments}, To: moments,
			Verdict: Exact, Text: "date_trunc('" + unit + "', #1)", NeverFails: steady, Only: only})
		if !steady || unit == "day" {
			list = append(list, Entry{Names: "date_trunc " + unit + ", datetrunc " + unit, Args: []Kinds{dates}, To: moments,
				Verdict: Exact, Text: strings.ReplaceAll(postgresMoment, "#1", "date_trunc('"+unit+"', #1::timestamp)::date"), Only: only})
		}
	}
	return list
}

// postgresMoment is a date as a moment. PostgreSQL's moments end later than DuckDB's: of
// a day behind those it makes a date that it does not have.
const postgresMoment = "(#1 + CASE WHEN #1 > '294247-01-10' THEN 2147483647 ELSE 0 END)::timestamp"

// postgresBlanks are the characters that DuckDB trims: those of Unicode's class Zs.
const postgresBlanks = `E'\u0020\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000'`

// postgresRounded writes a decimal with other places.
func postgresRounded(args []ir.Expr, result catalog.Type) string {
	if args[0].Type().Scale <= result.Scale {
		return "#1"
	}
	return "round(#1, " + strconv.Itoa(int(result.Scale)) + ")"
}
