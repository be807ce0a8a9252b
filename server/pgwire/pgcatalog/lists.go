package pgcatalog

import (
	"strings"

	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server/pgwire/command"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// Lists, and functions that give a row for each of their values, stand in other places and
// are written otherwise in DuckDB.

// closing finds the parenthesis that closes the one at a place; the end where none does.
func (r *rewriter) closing(open int) int {
	depth := 0
	for at := open; at < len(r.tokens); at++ {
		switch {
		case r.is(at, "("):
			depth++
		case r.is(at, ")"):
			if depth--; depth == 0 {
				return at
			}
		}
	}
	return len(r.tokens)
}

// scalars gives the column of FROM generate_series(..) s the name s, which it has in
// PostgreSQL.
func (r *rewriter) scalars(i int) {
	if name := r.name(i); name != "generate_series" && name != "unnest" && name != "generate_subscripts" || !r.is(i+1, "(") {
		return
	}
	before := i - 1
	if r.is(before, ".") {
		before -= 2
	}
	if !r.is(before, "FROM") && !r.is(before, ",") && !r.is(before, "JOIN") && !r.is(before, "LATERAL") {
		return
	}
	alias := r.closing(i+1) + 1
	if r.is(alias, "AS") {
		alias++
	}
	if !r.is(before, ",") && r.name(alias) != "" && !r.is(alias+1, "(") && !reserved[strings.ToUpper(r.name(alias))] {
		r.behind[alias] = "(" + r.tokens[alias].Text(r.text) + ")"
	}
}

// selected tells whether a call stands in a list of SELECT itself, where PostgreSQL gives a
// row for each of its values, and DuckDB a list.
func (r *rewriter) selected(i int) bool {
	if !r.is(i+1, "(") || !r.is(i-1, "SELECT") && !r.is(i-1, ",") {
		return false
	}
	for at := i - 1; at >= 0; at-- {
		switch {
		case r.is(at, ")"):
			at = r.opening(at, "(", ")")
		case r.is(at, "SELECT"):
			return true
		case r.is(at, "("), r.is(at, "FROM"), r.is(at, "WHERE"), r.is(at, "BY"):
			return false
		}
	}
	return false
}

// unnested writes such a call so that it gives rows.
func (r *rewriter) unnested(i int) int {
	r.behind[r.closing(i+1)] = ")"
	return r.put(i, i+1, "unnest("+r.tokens[i].Text(r.text))
}

// ofAll writes ANY ('{a,b}') and ALL ('{a,b}') with a list.
func (r *rewriter) ofAll(i int) int {
	at := i + 2
	if r.kind(at) != sqltext.String {
		return i + 1
	}
	text, err := command.Literal(r.tokens[at].Text(r.text))
	if err != nil {
		return i + 1
	}
	items, ok := pgvalue.Items(text)
	if !ok {
		return i + 1
	}
	list := make([]string, len(items))
	for k, item := range items {
		list[k] = "NULL"
		if item != nil {
			list[k] = literal(*item)
		}
	}
	return r.put(i, at+1, r.tokens[i].Text(r.text)+" (["+strings.Join(list, ", ")+"]")
}

// listed are the places of the parameters of a text that stand alone in ANY(..) or ALL(..):
// DuckDB cannot tell that they are lists.
func listed(text string, tokens []sqltext.Token) map[string]bool {
	out := map[string]bool{}
	for i, t := range tokens {
		if t.Kind == sqltext.Placeholder && i > 1 && i+1 < len(tokens) && tokens[i-1].Is(text, "(") && tokens[i+1].Is(text, ")") && (tokens[i-2].Is(text, "ANY") || tokens[i-2].Is(text, "ALL")) {
			out[strings.TrimPrefix(t.Text(text), "$")] = true
		}
	}
	return out
}
