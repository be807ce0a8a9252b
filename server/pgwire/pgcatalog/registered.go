package pgcatalog

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/sqltext"
)

// PostgreSQL has types whose values are OIDs and look like names: regclass and its kin.
// Here they are OIDs wherever something is done with them, and names where they are cast
// to text or shown.

var registries = set("regclass regtype regproc regprocedure regnamespace regrole")

// strict are those whose names, written out, are an error where there is no such thing, and
// the functions that tell.
var strict = map[string]string{"regclass": "pgc.lianji_no_class", "regproc": "pgc.lianji_no_proc", "regprocedure": "pgc.lianji_no_proc"}

// missing gives the error that one of these ended a statement with; nil for another.
func missing(message string) error {
	for word, id := range map[string]string{"lianji_no_class ": "unknown_table", "lianji_no_proc ": "unknown_function"} {
		if _, name, found := strings.Cut(message, word); found {
			name, _, _ = strings.Cut(name, "\n")
			return errs.New(errs.UnknownName, id, msg.Args{"Name": name})
		}
	}
	return nil
}

// texts are the types that a name is cast to.
var texts = set("text varchar name bpchar")

// registry finds such a type, and the token behind its name.
func (r *rewriter) registry(at int) (string, int) {
	if r.name(at) == "pg_catalog" && r.is(at+1, ".") {
		at += 2
	}
	if name := r.name(at); registries[name] {
		return name, at + 1
	}
	return "", at
}

// textual gives the token behind ::x or AS x where x is such a type; 0 elsewhere.
func (r *rewriter) textual(at int) int {
	if at++; r.name(at) == "pg_catalog" && r.is(at+1, ".") {
		at += 2
	}
	if !texts[r.name(at)] {
		return 0
	}
	return at + 1
}

// alias gives the words that name a column as PostgreSQL does, for an entry of the
// outermost list that ends in front of a token and has no other name.
func (r *rewriter) alias(at, next int, name string) string {
	if !r.shown[at] || !r.ends(next) || r.is(next, "AS") || r.aliased(next) {
		return ""
	}
	return " AS " + catalog.QuoteIdent(name)
}

// registers tells whether something is cast to such a type.
func (r *rewriter) registers() bool {
	for i := range r.tokens {
		if r.is(i, "::") || r.is(i, "AS") {
			if what, _ := r.registry(i + 1); what != "" {
				return true
			}
		}
	}
	return false
}

// cast is what is written in the place of some tokens.
type cast struct {
	next int // the token behind them
	as   string
}

// casts finds the casts to such types, and what stands in front of what they cast.
func (r *rewriter) casts() {
	r.before, r.cast = map[int]string{}, map[int]cast{}
	for i := range r.tokens {
		from, what, next, entry := -1, "", i, 0 // entry: where the whole cast begins
		switch {
		case r.is(i, "::"):
			if what, next = r.registry(i + 1); what != "" {
				from = r.operand(i)
				entry = from
			}
		case r.is(i, "AS"):
			if what, next = r.registry(i + 1); what != "" && r.is(next, ")") {
				from = r.castFrom(next)
				next, entry = next+1, from-2
			}
		}
		if from < 0 {
			continue
		}
		r.ours = true
		function, among, behind := "pgc.lianji_"+what, "", ")"
		text := r.textual(next)
		switch {
		case what == "regtype" && r.is(next, "[") && r.is(next+1, "]"):
			function, next = function+"_list", next+2
		case r.is(next, "::") && text > 0:
			function, next = function+"_name", text
			behind += r.alias(i, next, r.named(from, i, what))
		case r.is(next, "AS") && text > 0 && r.is(text, ")"):
			function += "_name"
		case r.shown[i] && r.begins(entry) && r.ends(next):
			function += "_name"
			behind += r.alias(i, next, r.named(from, i, what))
		case r.kind(from) == sqltext.String && from == i-1 && !digits(r.tokens[from].Text(r.text)):
			function = "pgc.to_" + what
			if strict := strict[what]; strict != "" {
				function = strict
			}
			if what == "regclass" && len(r.facts.Path) > 0 {
				function, among = "pgc.lianji_class_on", r.facts.path()+", "
			}
			name := strings.TrimPrefix(strings.Trim(r.tokens[from].Text(r.text), "'"), "pg_catalog.")
			if id := classes[name]; id != "" && what == "regclass" && r.reads {
				// A look-up may not stand in every condition of a join.
				r.cast[from], r.cast[i] = cast{from + 1, id + "::UINTEGER"}, cast{next, ""}
				continue
			}
		}
		r.before[from] = function + "(" + among + r.before[from] // what comes later goes round what is there
		r.cast[i] = cast{next, behind}
	}
}

// digits tells whether a string is an OID.
func digits(text string) bool { return strings.Trim(text, "'0123456789") == "" }

// castFrom finds the token behind the CAST( that a parenthesis closes, which is left out.
func (r *rewriter) castFrom(closing int) int {
	open := r.opening(closing)
	if open < 1 || !r.is(open-1, "CAST") {
		return -1
	}
	r.cast[open-1] = cast{open + 1, ""}
	return open + 1
}

// opening finds what the closing parenthesis or bracket at a place belongs to; -1 for none.
func (r *rewriter) opening(at int) int {
	if at < 0 || at >= len(r.tokens) {
		return -1
	}
	return r.pair[at]
}

// operand finds where what a :: casts begins; -1 where that cannot be told.
func (r *rewriter) operand(at int) int {
	for at--; at >= 0; at-- {
		switch k := r.kind(at); {
		case r.is(at, ")"):
			open := r.opening(at)
			if open < 0 || !r.called(open-1) {
				return open
			}
			at = open - 1
		case r.is(at, "]"):
			if at = r.opening(at); r.is(at-1, "ARRAY") {
				return at - 1
			}
			continue // an element of what stands in front of it
		case k == sqltext.String || k == sqltext.Number || k == sqltext.Placeholder:
			return at
		case r.name(at) == "":
			return -1
		}
		for r.is(at-1, ".") && r.name(at-2) != "" {
			at -= 2
		}
		if !r.is(at-1, "::") {
			return at
		}
		at-- // a type, and in front of it what was cast to it
	}
	return -1
}

// called tells whether the name of a function stands at a place in front of a parenthesis.
func (r *rewriter) called(at int) bool {
	name := strings.ToUpper(r.name(at))
	return name != "" && (r.kind(at) == sqltext.Quoted || !reserved[name] && !goesOn[name] && !opens[name])
}

var (
	// goesOn are the words that go on with an expression or end it.
	goesOn = set("FROM AS AND OR NOT IS IN LIKE ILIKE SIMILAR BETWEEN COLLATE ISNULL NOTNULL AT OPERATOR ASC DESC NULLS THEN WHEN ELSE END")
	// opens are other words that stand in front of a parenthesis which is no call's.
	opens = set("SELECT DISTINCT ALL ANY SOME CASE BY VALUES")
)

// findShown notes which tokens stand in the outermost list, or are the AS of a CAST there,
// and for each the word that begins the clause in which it stands.
func (r *rewriter) findShown() {
	r.shown, r.clause = make([]bool, len(r.tokens)), make([]string, len(r.tokens))
	inCast, open := false, []string{""}
	for i := range r.tokens {
		depth := len(open) - 1
		r.clause[i] = open[depth]
		switch {
		case r.is(i, "("):
			if open = append(open, ""); depth == 0 {
				inCast = r.is(i-1, "CAST")
			}
		case r.is(i, ")"):
			open = open[:max(depth, 1)]
		case r.is(i, "FROM"): // of a query, not of a function that takes a word for a comma
			if open[depth] == "SELECT" && !r.is(i-1, "DISTINCT") {
				open[depth] = "FROM"
			}
		case r.is(i, "SELECT"), r.is(i, "WHERE"), r.is(i, "BY"):
			open[depth] = strings.ToUpper(r.tokens[i].Text(r.text))
		}
		r.reads = r.reads || r.is(i, "FROM") || r.is(i, "WHERE")
		r.shown[i] = open[0] == "SELECT" && (len(open) == 1 || len(open) == 2 && inCast && r.is(i, "AS"))
	}
}

// begins tells whether an entry of a list begins with a token.
func (r *rewriter) begins(at int) bool {
	return r.is(at-1, ",") || r.is(at-1, "SELECT") || r.is(at-1, "DISTINCT") || r.is(at-1, "ALL")
}

// ends tells whether an entry of a list ends in front of a token.
func (r *rewriter) ends(at int) bool {
	word := strings.ToUpper(r.name(at))
	return at >= len(r.tokens) || r.is(at, ",") || r.is(at, ";") || word == "FROM" || word == "AS" || reserved[word] || r.aliased(at)
}

// aliased tells whether an alias without AS stands at a place.
func (r *rewriter) aliased(at int) bool {
	name := strings.ToUpper(r.name(at))
	return r.kind(at) == sqltext.Quoted || r.kind(at) == sqltext.Word && !reserved[name] && !goesOn[name]
}

// named gives PostgreSQL's name for a column that is a cast without an alias.
func (r *rewriter) named(from, cast int, what string) string {
	last := cast - 1
	for r.is(last-1, "::") {
		last -= 2
	}
	if r.is(last, ")") {
		last = r.opening(last) - 1
	}
	if name := r.name(last); last >= from && name != "" {
		return name
	}
	return what
}
