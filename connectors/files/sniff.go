package files

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
)

// sampleRows is how many rows decide the types of a CSV or JSON table.
const sampleRows = 20_480

// The classes of a value, one bit each; a column's type follows from the set of
// its values' classes.
const (
	isBool = 1 << iota
	isInt
	isLongInt // JSON: more digits than a double keeps
	isDouble
	isDate
	isTimestamp
	isTimestampTZ
	isTime
	isText
	isOther // JSON: an object, an array or a number beyond all
)

// identifierDigits is the length from which on a whole number in CSV is taken for
// an identifier, such as an identity card's, that must stay the text it is: some
// of them end in X, and none is reckoned with.
const identifierDigits = 15

var kind = func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

// textClass writes the class of a text in CSV; NULL for an empty one. Numbers are
// known by the spelling in which nothing is lost: no leading zero, no plus sign,
// no 1E5, which may be the number of a house.
func textClass(v string) string {
	cases := [][2]string{
		{v + " IS NULL OR " + v + " = ''", "NULL"},
		{fits(v, kind(catalog.Bool)), num(isBool)},
		{"NOT regexp_matches(" + v + ", '^-?[0-9]')", num(isText)},
		{"length(ltrim(" + v + ", '-')) < " + num(identifierDigits) + " AND " + fits(v, kind(catalog.Int64)), num(isInt)},
		{`regexp_full_match(` + v + `, '-?(0|[1-9][0-9]{0,13})(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-][0-9]+)') AND ` + fits(v, kind(catalog.Float64)), num(isDouble)},
	}
	return choose(append(cases, timeCases(v)...), isText)
}

func timeCases(v string) [][2]string {
	return [][2]string{
		{fits(v, kind(catalog.Date)), num(isDate)},
		{fits(v, kind(catalog.Timestamp)), num(isTimestamp)},
		{fits(v, kind(catalog.TimestampTZ)), num(isTimestampTZ)},
		{"length(" + v + ") >= 5 AND " + fits(v, kind(catalog.Time)), num(isTime)},
	}
}

// longestTime is longer than any spelling of a date or time.
const longestTime = 64

// jsonClass writes the class of a JSON value. There, numbers and texts are told
// apart by whoever wrote them.
func jsonClass(j string) string {
	written := "CAST(" + j + " AS VARCHAR)"
	text := choose(append([][2]string{{"NOT regexp_matches(" + written + `, '^"[0-9]') OR strlen(` + written + ") > " + num(longestTime), num(isText)}},
		timeCases("("+j+" ->> '$')")...), isText)
	return choose([][2]string{
		{j + " IS NULL", "NULL"},
		{fmt.Sprintf(isJSONText, written), text},
		{written + " IN ('true', 'false')", num(isBool)},
		{fits(written, kind(catalog.Int64)) + " AND length(" + written + ") <= 15", num(isInt)},
		{fits(written, kind(catalog.Int64)), num(isLongInt)},
		{fits(written, kind(catalog.Float64)), num(isDouble)},
	}, isOther)
}

func num(n int) string { return strconv.Itoa(n) }

func choose(cases [][2]string, otherwise int) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, c := range cases {
		b.WriteString(" WHEN " + c[0] + " THEN " + c[1])
	}
	return b.String() + " ELSE " + num(otherwise) + " END"
}

// typeOfClasses gives the type of a column whose values have these classes; other
// is the type that holds whatever comes.
func typeOfClasses(classes int, other catalog.Kind) catalog.Type {
	within := func(set int) bool { return classes != 0 && classes&^set == 0 }
	switch {
	case within(isBool):
		return kind(catalog.Bool)
	case within(isInt | isLongInt):
		return kind(catalog.Int64)
	case within(isInt | isDouble):
		return kind(catalog.Float64)
	case within(isDate):
		return kind(catalog.Date)
	case within(isDate | isTimestamp):
		return kind(catalog.Timestamp)
	case within(isTimestampTZ):
		return kind(catalog.TimestampTZ)
	case within(isTime):
		return kind(catalog.Time)
	case within(isText | isDate | isTimestamp | isTimestampTZ | isTime):
		return kind(catalog.Text)
	}
	return kind(other)
}

// sniff gives the type of each of the expressions over the first rows of from.
func sniff(ctx context.Context, c *duck.Conn, from string, columns []string, class func(string) string, other catalog.Kind) ([]catalog.Type, error) {
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = "coalesce(bit_or(" + class(column) + "), 0)"
	}
	text, err := c.QueryText(ctx, "SELECT CAST(to_json(["+strings.Join(parts, ", ")+"]) AS VARCHAR) FROM (SELECT * FROM "+from+" LIMIT "+num(sampleRows)+")")
	if err != nil {
		return nil, err
	}
	var classes []int
	if err := json.Unmarshal([]byte(text), &classes); err != nil || len(classes) != len(columns) {
		return nil, errs.Internalf("the classes of a sample cannot be read")
	}
	types := make([]catalog.Type, len(classes))
	for i, set := range classes {
		types[i] = typeOfClasses(set, other)
	}
	return types, nil
}
