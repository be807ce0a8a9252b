package pgcatalog

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server/pgwire/command"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// Lists, and functions that give a row for each of their values, stand in other places and
// are written otherwise in DuckDB.

// closing finds the parenthesis that closes the one at a place; the end where none does.
func (r *rewriter) closing(open int) int {
	if !r.is(open, "(") {
		return len(r.tokens)
	}
	return r.pair[open]
}

// findPairs notes which parentheses and brackets belong together.
func (r *rewriter) findPairs() {
	r.pair = make([]int, len(r.tokens))
	open := map[string][]int{}
	for i, t := range r.tokens {
		r.pair[i] = -1
		switch text := t.Text(r.text); text {
		case "(", "[":
			r.pair[i] = len(r.tokens)
			open[text] = append(open[text], i)
		case ")", "]":
			begins := map[string]string{")": "(", "]": "["}[text]
			if stack := open[begins]; len(stack) > 0 {
				last := stack[len(stack)-1]
				open[begins], r.pair[i], r.pair[last] = stack[:len(stack)-1], last, i
			}
		}
	}
}

// rowsets are functions that give rows; askers those that rewrite.go answers.
var (
	rowsets = set("generate_series unnest generate_subscripts")
	askers  = set("current_database current_schema current_setting pg_backend_pid")
)

// scalars gives what a function in FROM gives the names that it has in PostgreSQL: the
// column of FROM generate_series(..) s is s, and where a function gives one value, that is
// a row.
func (r *rewriter) scalars() {
	for i := range r.tokens {
		name, start := r.name(i), i
		if !r.is(i+1, "(") || !builtin[name] && !functions[name] && !askers[name] {
			continue
		}
		if r.is(i-1, ".") {
			start -= 2
		}
		if !r.is(start-1, "FROM") && !r.is(start-1, ",") && !r.is(start-1, "JOIN") && !r.is(start-1, "LATERAL") || r.clause[start] != "FROM" {
			continue
		}
		closing := r.closing(i + 1)
		alias := closing + 1
		if r.is(alias, "AS") {
			alias++
		}
		called := r.name(alias)
		if reserved[strings.ToUpper(called)] && r.kind(alias) == sqltext.Word {
			called = ""
		}
		switch {
		case closing >= len(r.tokens):
		case rowsets[name]:
			if called != "" && !r.is(alias+1, "(") {
				r.behind[alias] = "(" + r.tokens[alias].Text(r.text) + ")"
			}
		default:
			as, end := catalog.QuoteIdent(called), ")"
			if called == "" {
				as = catalog.QuoteIdent(name)
				end = ") AS " + as
			}
			r.before[start] = "(SELECT " + r.before[start]
			r.behind[closing] += " AS " + as + end
		}
	}
}

// selected tells whether a call stands in a list of SELECT itself, where PostgreSQL gives a
// row for each of its values, and DuckDB a list.
func (r *rewriter) selected(i int) bool {
	return r.is(i+1, "(") && (r.is(i-1, "SELECT") || r.is(i-1, ",")) && r.clause[i] == "SELECT"
}

// star tells whether a * stands for columns: of those that the system keeps, PostgreSQL
// shows none then.
func (r *rewriter) star(i int) bool {
	if r.clause[i] != "SELECT" || !r.begins(i) && !r.is(i-1, ".") {
		return false
	}
	return i+1 >= len(r.tokens) || r.is(i+1, ",") || r.is(i+1, ")") || r.is(i+1, ";") || r.is(i+1, "FROM") || r.is(i+1, "UNION")
}

// unnested writes such a call so that it gives rows.
func (r *rewriter) unnested(i int) int {
	r.behind[r.closing(i+1)] = ")"
	return r.put(i, i+1, "unnest("+r.tokens[i].Text(r.text))
}

// ofAll writes ANY ('{a,b}') and ALL ('{a,b}') with a list.
func (r *rewriter) ofAll(i int) int {
	at, in := i+2, r.is(i-1, "=") && r.is(i, "ANY")
	switch {
	case in && r.kind(at) != sqltext.Placeholder && r.kind(at) != sqltext.String && !r.is(at, "SELECT") && !r.is(at, "WITH") && !r.is(at, "VALUES"):
		return r.put(i-1, at, "IN coalesce(") // DuckDB's own reads the list as a query, which not every place may hold
	case r.kind(at) != sqltext.String:
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
