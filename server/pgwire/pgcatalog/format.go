package pgcatalog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server/pgwire/command"
)

// format writes PostgreSQL's format('%I.%s', ..), which DuckDB has not: the values that
// follow are put in a row, and the pieces joined with its members. A call whose first
// argument is no string, or that asks for a width, is left as it is.
func (r *rewriter) format(i int) int {
	closing := r.closing(i + 1)
	if r.kind(i+2) != sqltext.String || closing >= len(r.tokens) || !r.is(i+3, ",") && closing != i+3 {
		return i + 1
	}
	text, err := command.Literal(r.tokens[i+2].Text(r.text))
	if err != nil {
		return i + 1
	}
	pieces, ok := formatted(text)
	if !ok {
		return i + 1
	}
	first, next := "NULL", i+3 // a row has one member at least
	if r.is(i+3, ",") {
		first, next = "", i+4
	}
	r.behind[closing] += "], lambda lianji_row: concat(" + strings.Join(pieces, ", ") + ")))[1]"
	return r.put(i, next, "(list_transform([row("+first)
}

// formatted gives the pieces of a format as expressions over the row of its values.
func formatted(text string) (pieces []string, ok bool) {
	count := 0
	for {
		plain, rest, more := strings.Cut(text, "%")
		if plain != "" || !more {
			pieces = append(pieces, literal(plain))
		}
		if !more {
			return pieces, true
		}
		count++
		if digits, behind, found := strings.Cut(rest, "$"); found {
			if n, err := strconv.Atoi(digits); err == nil && n > 0 {
				count, rest = n, behind
			}
		}
		value := fmt.Sprintf("lianji_row[%d]::VARCHAR", count)
		switch {
		case strings.HasPrefix(rest, "%"):
			count--
			value = "'%'"
		case strings.HasPrefix(rest, "s"):
		case strings.HasPrefix(rest, "I"):
			value = "pgc.quote_ident(" + value + ")"
		case strings.HasPrefix(rest, "L"):
			value = "pgc.quote_nullable(" + value + ")"
		default:
			return nil, false
		}
		pieces, text = append(pieces, value), rest[1:]
	}
}
