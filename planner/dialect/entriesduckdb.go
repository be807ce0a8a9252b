package dialect

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// duckDBTable is what DuckDB's own files are asked for: the same engine computes.
var duckDBTable = tableOf(sharedEntries(), duckDBParts(), duckDBComputed())

func (duckDB) table() *entries { return duckDBTable }

var (
	duckDBKeys = slices.Concat(Kinds{catalog.Bool}, wholes, naturals, Kinds{catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp, catalog.TimestampTZ})
	// duckDBValues are those that functions are given.
	duckDBValues = slices.Concat(wholes, Kinds{catalog.Decimal, catalog.Text, catalog.Date, catalog.Timestamp})
)

const onlyStored = "columns that are stored as what they are read as"

func duckDBParts() []Entry {
	return []Entry{
		{Names: comparisons, Args: []Kinds{duckDBKeys.and(catalog.Float32, catalog.Float64, catalog.Blob, catalog.Time, catalog.UUID)}, Verdict: Exact, NeverFails: true, Only: onlyStored},
		{Names: partPair + ", " + partGroup + ", " + partDistinct + ", " + partCombined + ", " + partOrder + ", " + partCounted + ", min, max",
			Args: []Kinds{duckDBKeys.and(catalog.HugeInt)}, Verdict: Exact, NeverFails: true, Only: onlyStored + "; HUGEINT where it is a sum"},
		{Names: "sum", Args: []Kinds{wholes.and(catalog.Decimal)}, Verdict: Exact, Only: onlyStored},
		{Names: "UNION, UNION ALL, INTERSECT, INTERSECT ALL, EXCEPT, EXCEPT ALL", Verdict: Exact, NeverFails: true, Only: "columns that group and sort"},
		{Names: partPrefix + ", " + partSuffix + ", " + partInfix + ", " + partPieces + ", " + partPattern, Args: []Kinds{texts}, Verdict: Exact, NeverFails: true, Only: "a constant pattern, without ESCAPE; NOT LIKE, starts_with, ends_with and contains too"},
	}
}

func duckDBComputed() []Entry {
	both := []Kinds{wholes.and(catalog.Decimal), wholes.and(catalog.Decimal)}
	one := both[:1]
	list := []Entry{
		{Names: partCase, Args: []Kinds{duckDBValues}, Verdict: Exact, NeverFails: true, Only: "exact conditions that never fail"},
		{Names: partCoalesce, Any: true, Args: []Kinds{duckDBValues}, Verdict: Exact, NeverFails: true, Text: "coalesce(#*)", most: mostAny},
		{Names: "greatest", Any: true, Args: []Kinds{duckDBValues}, Verdict: Exact, NeverFails: true, Text: "greatest(#*)", most: mostAny},
		{Names: "least", Any: true, Args: []Kinds{duckDBValues}, Verdict: Exact, NeverFails: true, Text: "least(#*)", most: mostAny},
		{Names: "+", Args: []Kinds{wholes, wholes}, To: wholes, Verdict: Exact, Text: "(#1 + #2)", Overflows: true, most: mostSum},
		{Names: "-", Args: []Kinds{wholes, wholes}, To: wholes, Verdict: Exact, Text: "(#1 - #2)", Overflows: true, most: mostSum},
		{Names: "*", Args: []Kinds{wholes, wholes}, To: wholes, Verdict: Exact, Text: "(#1 * #2)", Overflows: true, most: mostProduct},
		// The arguments have been widened for the result already: widened again, it would have another type.
		{Names: "+", Args: both, To: decimals, Verdict: Exact, Text: "CAST((#1 + #2) AS #t)", Overflows: true, most: mostSum},
		{Names: "-", Args: both, To: decimals, Verdict: Exact, Text: "CAST((#1 - #2) AS #t)", Overflows: true, most: mostSum},
		{Names: "*", Args: both, To: decimals, Verdict: Exact, Text: "CAST((#1 * #2) AS #t)", Overflows: true, most: mostProduct},
		{Names: "//", Args: []Kinds{wholes, wholes}, To: wholes, Verdict: Exact, Text: "(#1 // #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostFirst},
		{Names: "%", Args: []Kinds{wholes, wholes}, To: wholes, Verdict: Exact, Text: "(#1 % #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostModulo},
		{Names: "-", Args: one, To: both[0], Verdict: Exact, Text: "(- #1)", Overflows: true, most: mostFirst},
		{Names: "abs, @", Args: one, To: both[0], Verdict: Exact, Text: "abs(#1)", Overflows: true, most: mostFirst},
		{Names: "floor", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "floor(#1)", NeverFails: true},
		{Names: "ceil, ceiling", Args: []Kinds{decimals}, To: decimals, Verdict: Exact, Text: "ceil(#1)", NeverFails: true},
		{Names: partCast, Args: one, To: both[0], Verdict: Exact, Text: "CAST(#1 AS #t)", Overflows: true, most: mostRounded},
		{Names: partCast, Args: []Kinds{wholes}, To: texts, Verdict: Exact, Text: "CAST(#1 AS VARCHAR)", NeverFails: true},
		{Names: partCast, Args: []Kinds{dates}, To: texts, Verdict: Exact, Text: "CAST(#1 AS VARCHAR)", NeverFails: true},
		{Names: partCast, Args: []Kinds{moments}, To: dates, Verdict: Exact, Text: "CAST(#1 AS DATE)", NeverFails: true},
		{Names: partCast, Args: []Kinds{dates}, To: moments, Verdict: Exact, Text: "CAST(#1 AS TIMESTAMP)"},
		{Names: "length, len, char_length, character_length", Args: []Kinds{texts}, To: bigints, Verdict: Exact, Text: "length(#1)", NeverFails: true, most: mostly(1 << 32)},
		{Names: "substring, substr", Args: []Kinds{texts, bigints, bigints}, To: texts, Verdict: Exact, Text: "substring(#1, #2, #3)", NeverFails: true, Only: onlyPlaces, only: places},
		{Names: "substring, substr", Args: []Kinds{texts, bigints}, To: texts, Verdict: Exact, Text: "substring(#1, #2)", NeverFails: true, Only: onlyPlaces, only: places},
		{Names: "left", Args: []Kinds{texts, bigints}, To: texts, Verdict: Exact, Text: `"left"(#1, #2)`, NeverFails: true, Only: onlyLengths, only: lengths},
		{Names: "right", Args: []Kinds{texts, bigints}, To: texts, Verdict: Exact, Text: `"right"(#1, #2)`, NeverFails: true, Only: onlyLengths, only: lengths},
		{Names: "trim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: `"trim"(#1)`, NeverFails: true},
		{Names: "ltrim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "ltrim(#1)", NeverFails: true},
		{Names: "rtrim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "rtrim(#1)", NeverFails: true},
		// With a NULL for a parameter's value DuckDB types it as NULL: max over it came as INTEGER.
		{Names: "||", Args: []Kinds{texts, texts}, To: texts, Verdict: Exact, Text: "CAST((#1 || #2) AS VARCHAR)"},
		{Names: "concat", Any: true, Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "concat(#*)"},
		{Names: "replace", Args: []Kinds{texts, texts, texts}, To: texts, Verdict: Exact, Text: `"replace"(#1, #2, #3)`},
		{Names: "date_diff day, datediff day", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: "date_diff('day', #1, #2)"},
		{Names: "-", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: "(#1 - #2)"},
	}
	for _, p := range []string{"year", "quarter", "month", "week", "day", "hour", "minute"} {
		of := dates.and(catalog.Timestamp)
		if p == "hour" || p == "minute" {
			of = moments
		}
		most := int64(366)
		if p == "year" {
			most = 1 << 31
		}
		list = append(list, Entry{Names: strings.ReplaceAll("X, date_part X, datepart X", "X", p), Args: []Kinds{of}, To: bigints, Verdict: Exact, Text: `"` + p + `"(#1)`, NeverFails: true, most: mostly(most)})
	}
	for _, unit := range []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second"} {
		list = append(list, Entry{Names: "date_trunc " + unit + ", datetrunc " + unit, Args: []Kinds{moments}, To: moments, Verdict: Exact, Text: "date_trunc('" + unit + "', #1)"})
		if unit != "hour" && unit != "minute" && unit != "second" {
			list = append(list, Entry{Names: "date_trunc " + unit + ", datetrunc " + unit, Args: []Kinds{dates}, To: moments, Verdict: Exact, Text: "date_trunc('" + unit + "', #1)"})
		}
	}
	return list
}

func (duckDB) readable(p Place) string { return duckDBStored(*p.Base) }

func (d duckDB) sendable(v catalog.Value, _ Columns) string {
	c, _ := d.computed(v.Type)
	_, reason := d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{v}})
	return reason
}

func (duckDB) raises(catalog.Type) bool { return true }

func (duckDB) returned(catalog.Type) string { return "" }

func (duckDB) argument(o operand) string { return o.text }

func (d duckDB) constant(t catalog.Type, bound int) string {
	return strings.Replace(d.number(bound), "BIGINT", t.DuckDB(), 1)
}

func (duckDB) null(t catalog.Type) string { return "CAST(NULL AS " + t.DuckDB() + ")" }

func (duckDB) typeName(t catalog.Type) string { return t.DuckDB() }

func (duckDB) fitted(text string, _ catalog.Type) (value, beyond string) { return text, "" }

func (duckDB) guarded(text string, _ []string) string { return text }

func (duckDB) made(text string, _ catalog.Type) string { return text }
