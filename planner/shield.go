package planner

import (
	"slices"

	"github.com/lianji/lianji/planner/sqltext"
)

// DuckDB's binder lets a cast of a parameter become the parameter's own type, and so a second
// one over it, written or implied: of $1::INTEGER::VARCHAR, and of ts >= $1::DATE, nothing
// would be left but a text and a time. COALESCE(.., NULL) gives what it is given, and what
// stands over it finds no parameter. The tree and the fallback take it out again.
const (
	shieldFrom = "COALESCE("
	shieldTo   = ", NULL)"
)

// shielding is what is written round a cast of a parameter, or within a TRY_CAST.
type shielding struct {
	param      int // where the parameter's token starts
	start, end int // of the cast
	try        bool
}

// castsOfParams finds the casts that are written right round parameters.
func (b *binding) castsOfParams() []shielding {
	tokens, err := sqltext.Tokens(b.user)
	if err != nil {
		return nil
	}
	is := func(i int, word string) bool { return i >= 0 && i < len(tokens) && tokens[i].Is(b.user, word) }
	var out []shielding
	for i, t := range tokens {
		if t.Kind != sqltext.Placeholder {
			continue
		}
		from, to := i, i
		for is(from-1, "(") && is(to+1, ")") && !b.calls(tokens, from-2) {
			from, to = from-1, to+1
		}
		switch {
		case is(to+1, "::"):
			if end := typeEnd(b.user, tokens, to+2); end > 0 {
				out = append(out, shielding{param: t.Start, start: tokens[from].Start, end: end})
			}
		case is(from-1, "(") && is(to+1, "AS") && (is(from-2, "CAST") || is(from-2, "TRY_CAST")):
			if end := typeEnd(b.user, tokens, to+2); end > 0 {
				k := slices.IndexFunc(tokens, func(t sqltext.Token) bool { return t.Start >= end })
				if is(k, ")") {
					out = append(out, shielding{param: t.Start, start: tokens[from-2].Start, end: tokens[k].End, try: is(from-2, "TRY_CAST")})
				}
			}
		}
	}
	return out
}

// calls reports whether a bracket behind this token is a call's.
func (b *binding) calls(tokens []sqltext.Token, i int) bool {
	if i < 0 {
		return false
	}
	switch t := tokens[i]; t.Kind {
	case sqltext.Quoted:
		return true
	case sqltext.Word:
		return !slices.ContainsFunc(beforeBrackets, func(word string) bool { return t.Is(b.user, word) })
	}
	return false
}

// beforeBrackets are the keywords behind which an expression in brackets stands.
var beforeBrackets = []string{"SELECT", "DISTINCT", "AND", "OR", "NOT", "WHERE", "HAVING", "ON", "WHEN", "THEN", "ELSE", "CASE", "BETWEEN", "BY", "LIMIT", "OFFSET", "IS", "LIKE", "ILIKE", "FROM", "RETURN", "QUALIFY", "FILTER"}

// typeEnd gives the end of the type that begins with token i; 0 where none is seen.
func typeEnd(text string, tokens []sqltext.Token, i int) int {
	is := func(word string) bool { return i < len(tokens) && tokens[i].Is(text, word) }
	brackets := func(open, closed string) bool {
		if !is(open) {
			return true
		}
		for depth := 0; i < len(tokens); i++ {
			if is(open) {
				depth++
			} else if is(closed) {
				if depth--; depth == 0 {
					i++
					return true
				}
			}
		}
		return false
	}
	if i >= len(tokens) || tokens[i].Kind != sqltext.Word && tokens[i].Kind != sqltext.Quoted {
		return 0
	}
	double := is("DOUBLE")
	char := is("CHARACTER") || is("CHAR") || is("NATIONAL")
	timed := is("TIMESTAMP") || is("TIME")
	i++
	if double && is("PRECISION") || char && (is("VARYING") || is("CHARACTER")) {
		i++
	}
	if !brackets("(", ")") {
		return 0
	}
	if timed && (is("WITH") || is("WITHOUT")) {
		i += 3 // TIME ZONE
	}
	for is("[") {
		if !brackets("[", "]") {
			return 0
		}
	}
	if i > len(tokens) {
		return 0
	}
	return tokens[i-1].End
}
