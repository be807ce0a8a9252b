package dialect

import "github.com/lianji/lianji/catalog"

// sqliteEntries is what SQLite does as DuckDB.
var sqliteEntries = tableOf(sharedEntries(), sqliteParts(), sqliteComputed())

func (sqlite) table() *entries { return sqliteEntries }

var sqliteKeys = Kinds{catalog.Int64, catalog.Bool, catalog.Blob, catalog.Date, catalog.Text}

func sqliteParts() []Entry {
	classes := "a cell of another class ends the statement"
	return []Entry{
		{Names: comparisons, Args: []Kinds{sqliteKeys}, Verdict: Exact, NeverFails: true, Only: classes + "; text by order where the database is UTF-8"},
		{Names: comparisons, Args: []Kinds{decimals}, Reason: "SQLite keeps decimals as binary floating point"},
		{Names: comparisons, Args: []Kinds{floating}, Reason: "SQLite has no NaN, which compares here"},
		{Names: comparisons, Args: []Kinds{{catalog.Timestamp, catalog.Time}}, Reason: "one moment has several spellings in SQLite's text"},
		{Names: comparisons, Args: []Kinds{everything}, Reason: "SQLite compares values of this type in its own way"},
		{Names: partPair + ", " + partGroup + ", " + partDistinct + ", " + partCombined + ", " + partOrder + ", " + partCounted + ", min, max",
			Args: []Kinds{sqliteKeys}, Verdict: Exact, NeverFails: true, Only: classes + "; text by order where the database is UTF-8"},
		{Names: "sum", Args: []Kinds{everything}, Reason: "SQLite's sum is another where it does not fit in 64 bits"},
		{Names: "UNION, UNION ALL, INTERSECT, EXCEPT", Verdict: Exact, NeverFails: true, Only: "columns that group and sort"},
		{Names: "INTERSECT ALL", Reason: "SQLite counts no rows of an intersect"},
		{Names: "EXCEPT ALL", Reason: "SQLite counts no rows of an except"},
		{Names: partPrefix + ", " + partInfix, Args: []Kinds{texts}, Verdict: Exact, NeverFails: true, Only: "a constant, and a database of UTF-8; NOT LIKE, starts_with and contains too"},
		{Names: partSuffix + ", " + partPieces + ", " + partPattern, Args: []Kinds{texts}, Reason: "SQLite's LIKE takes letters of two cases for the same"},
	}
}

// SQLite makes a double of a whole number that does not fit in 64 bits, and ends a text
// at its first NUL where it counts letters.
func sqliteComputed() []Entry {
	two := []Kinds{bigints, bigints}
	values := Kinds{catalog.Int64, catalog.Text, catalog.Date}
	letters := "SQLite ends a text at its first NUL when it counts letters"
	list := []Entry{
		{Names: partCase, Args: []Kinds{values}, Verdict: Exact, NeverFails: true, Only: "exact conditions that never fail"},
		{Names: partCoalesce, Any: true, Args: []Kinds{values}, Verdict: Exact, NeverFails: true, Text: "coalesce(NULL, #*)", most: mostAny},
		{Names: "greatest, least", Any: true, Args: []Kinds{everything}, Reason: "of values of which one is NULL SQLite gives NULL"},
		{Names: "+", Args: two, To: bigints, Verdict: Exact, Text: "(#1 + #2)", Overflows: true, open: true, most: mostSum, Only: onlyFitting},
		{Names: "-", Args: two, To: bigints, Verdict: Exact, Text: "(#1 - #2)", Overflows: true, open: true, most: mostSum, Only: onlyFitting},
		{Names: "*", Args: two, To: bigints, Verdict: Exact, Text: "(#1 * #2)", Overflows: true, open: true, most: mostProduct, Only: onlyFitting},
		{Names: "//", Args: two, To: bigints, Verdict: Exact, Text: "(#1 / #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostFirst},
		{Names: "%", Args: two, To: bigints, Verdict: Exact, Text: "(#1 % #2)", NeverFails: true, Only: onlyDivisors, only: divisor, most: mostModulo},
		{Names: "abs, @", Args: []Kinds{bigints}, To: bigints, Verdict: Exact, Text: "abs(#1)", Overflows: true, most: mostFirst},
		{Names: partCast, Args: []Kinds{bigints}, To: texts, Verdict: Exact, Text: "CAST(#1 AS TEXT)", NeverFails: true},
		{Names: "+, -, *, /", Args: []Kinds{decimals, decimals}, Reason: "SQLite keeps decimals as binary floating point"},
		{Names: "length, len, char_length, character_length", Args: []Kinds{texts}, Reason: letters},
		{Names: "substring, substr", Args: []Kinds{texts, bigints, bigints}, Reason: letters},
		{Names: "substring, substr, left, right", Args: []Kinds{texts, bigints}, Reason: letters},
		{Names: "trim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "trim(#1, " + sqliteBlanks + ")", NeverFails: true},
		{Names: "ltrim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "ltrim(#1, " + sqliteBlanks + ")", NeverFails: true},
		{Names: "rtrim", Args: []Kinds{texts}, To: texts, Verdict: Exact, Text: "rtrim(#1, " + sqliteBlanks + ")", NeverFails: true},
		{Names: "||", Args: []Kinds{texts, texts}, To: texts, Verdict: Exact, Text: "(#1 || #2)"},
		{Names: "lower, upper, lcase, ucase", Args: []Kinds{texts}, Reason: "a computed value, of letters of which SQLite knows ASCII's alone"},
		{Names: "date_diff day, datediff day", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: "CAST(julianday(#2) - julianday(#1) AS INTEGER)", NeverFails: true, most: mostly(1 << 32)},
		{Names: "-", Args: []Kinds{dates, dates}, To: bigints, Verdict: Exact, Text: "CAST(julianday(#1) - julianday(#2) AS INTEGER)", NeverFails: true, most: mostly(1 << 32)},
	}
	for _, p := range []struct {
		names, text string
		most        int64
	}{
		{"year, date_part year, datepart year", "CAST(substr(#1, 1, 4) AS INTEGER)", 9999},
		{"month, date_part month, datepart month", "CAST(substr(#1, 6, 2) AS INTEGER)", 12},
		{"day, dayofmonth, date_part day, datepart day", "CAST(substr(#1, 9, 2) AS INTEGER)", 31},
		{"quarter, date_part quarter, datepart quarter", "((CAST(substr(#1, 6, 2) AS INTEGER) + 2) / 3)", 4},
		{"dayofweek, weekday, date_part dow, datepart dow", "CAST(strftime('%w', #1) AS INTEGER)", 6},
		{"dayofyear, date_part doy, datepart doy", "CAST(strftime('%j', #1) AS INTEGER)", 366},
	} {
		list = append(list, Entry{Names: p.names, Args: []Kinds{dates}, To: bigints, Verdict: Exact, Text: p.text, NeverFails: true, most: mostly(p.most)})
	}
	return list
}

const onlyFitting = "arguments that are so small that the result always fits"

// sqliteBlanks are the characters that DuckDB trims: those of Unicode's class Zs.
const sqliteBlanks = "char(32, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202, 8239, 8287, 12288)"

// readable asks of text what an order asks: functions count bytes of UTF-8.
func (d sqlite) readable(p Place) string { return d.keyed(p.Base.Type, p, true) }

func (d sqlite) sendable(v catalog.Value, _ Columns) string {
	c, _ := d.computed(v.Type)
	_, reason := d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{v}})
	return reason
}

func (sqlite) raises(catalog.Type) bool { return false }

func (sqlite) returned(catalog.Type) string { return "" }

func (d sqlite) argument(o operand) string { return "(" + d.checked(o) + ")" }

func (d sqlite) constant(_ catalog.Type, bound int) string { return d.number(bound) }

func (sqlite) null(catalog.Type) string { return "NULL" }

func (sqlite) typeName(t catalog.Type) string { return t.DuckDB() }

func (sqlite) fitted(text string, _ catalog.Type) (value, beyond string) { return text, "" }

func (sqlite) guarded(text string, _ []string) string { return text }

func (sqlite) made(text string, _ catalog.Type) string { return text }
