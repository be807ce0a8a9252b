package sqltext

import (
	"slices"
	"strings"
)

// NoRows tells whether a query has no rows by its own words, whatever its tables hold: tools
// ask so for the columns of a table or of a query. It ends in LIMIT 0, or it is SELECT * FROM
// under a WHERE that says nothing but that 1 is 0.
func NoRows(text string) bool {
	tokens, err := Tokens(text)
	if err != nil {
		return false
	}
	var outermost []string // the words and signs that stand in no brackets
	depth := 0
	for _, t := range tokens {
		word := strings.ToUpper(t.Text(text))
		if word == ")" || word == "]" || word == "}" {
			depth--
		}
		if depth == 0 && word != ";" {
			outermost = append(outermost, word)
		}
		if word == "(" || word == "[" || word == "{" {
			depth++
		}
	}
	begins := func(with ...string) bool {
		return len(outermost) >= len(with) && slices.Equal(outermost[:len(with)], with)
	}
	ends := func(with ...string) bool {
		return len(outermost) >= len(with) && slices.Equal(outermost[len(outermost)-len(with):], with)
	}
	switch {
	case !begins("SELECT") && !begins("WITH"):
		return false
	case ends("LIMIT", "0"):
		return true
	case !begins("SELECT", "*", "FROM") || slices.ContainsFunc(outermost, isSetOperation):
		return false // of which others have rows
	}
	return slices.ContainsFunc(never, func(condition []string) bool { return ends(append([]string{"WHERE"}, condition...)...) })
}

// never are the conditions by which tools ask for columns.
var never = [][]string{{"FALSE"}, {"1", "=", "0"}, {"0", "=", "1"}, {"1", "<>", "1"}, {"1", "!=", "1"}}

func isSetOperation(word string) bool {
	return word == "UNION" || word == "INTERSECT" || word == "EXCEPT"
}
