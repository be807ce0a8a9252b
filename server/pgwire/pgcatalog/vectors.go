package pgcatalog

import (
	"strings"

	"github.com/lianji/lianji/planner/sqltext"
)

// PostgreSQL's int2vector and oidvector count from 0, are written as "1 2", and their
// elements are int2 and oid. relations.sql says which types stand for them here.

// vectors are the columns of the catalogue that are such, and the lists of their elements.
var vectors = map[string]string{
	"indkey": "SMALLINT[]", "indoption": "SMALLINT[]", "partattrs": "SMALLINT[]", "tgattr": "SMALLINT[]", "stxkeys": "SMALLINT[]", "prattrs": "SMALLINT[]",
	"indcollation": "UINTEGER[]", "indclass": "UINTEGER[]", "partclass": "UINTEGER[]", "partcollation": "UINTEGER[]", "proargtypes": "UINTEGER[]",
}

// spread are the functions that give elements one by one: what is made of these is no
// vector any more.
var spread = set("unnest _pg_expandarray")

// findVectors notes what is written otherwise of such columns. One that a query gives
// another name to is known by its type alone, when its elements are asked for.
func (r *rewriter) findVectors() {
	for i := range r.tokens {
		if r.name(i) == "" || r.is(i+1, ".") {
			continue
		}
		start := i
		for r.is(start-1, ".") && r.name(start-2) != "" {
			start -= 2
		}
		elements := vectors[r.name(i)]
		switch {
		case r.is(start-1, "AS") || r.is(start-1, "::") || r.is(start-1, "."): // an alias, a type, a member of something
		case elements == "" && r.is(i+1, "["):
			r.fromType(start, i)
		case elements == "":
		case r.is(i+1, "["):
			if r.shifted(i+1, "1+(") {
				r.asList(start, i, elements)
			}
		case r.is(start-1, "(") && r.is(i+1, ")") && spread[r.name(start-2)]:
			r.asList(start, i, elements)
		case r.is(i+1, "::") && r.textual(i+1) > 0:
			r.asText(start, i, cast{r.textual(i + 1), ", ' ')" + r.alias(i+1, r.textual(i+1), r.name(i))}, i+1)
		case r.is(i+1, "AS") && r.is(start-1, "(") && r.is(start-2, "CAST") && r.is(r.textual(i+1), ")"):
			r.cast[start-2] = cast{start, ""}
			r.asText(start, i, cast{r.textual(i+1) + 1, ", ' ')" + r.alias(i+1, r.textual(i+1)+1, r.name(i))}, i+1)
		case r.is(start-1, "(") && r.is(i+1, "::"): // (x::int2[])[0]: a cast changes nothing of what it counts from
			if closing := r.closing(start - 1); r.is(closing, ")") && r.is(closing-1, "]") && r.is(closing-2, "[") {
				r.shifted(closing+1, "1+(")
			}
		}
	}
}

func (r *rewriter) asList(start, name int, elements string) {
	r.before[start] += "("
	r.behind[name] = "::" + elements + ")" + r.behind[name]
}

func (r *rewriter) asText(start, name int, with cast, at int) {
	r.before[start] += "array_to_string("
	r.cast[at] = with
}

// fromType writes x[i] so that it counts from what the type of x does.
func (r *rewriter) fromType(start, name int) {
	if word := strings.ToUpper(r.name(name)); r.kind(name) == sqltext.Word && (reserved[word] || goesOn[word] || opens[word] || word == "ARRAY") || name-start > 2 {
		return
	}
	column := r.text[r.tokens[start].Start:r.tokens[name].End]
	r.shifted(name+1, "CASE WHEN typeof("+column+") IN ('USMALLINT[]', 'UBIGINT[]') THEN 1 ELSE 0 END+(")
}

// shifted adds something to what stands in brackets, and tells whether there is anything.
func (r *rewriter) shifted(open int, by string) bool {
	closing := len(r.tokens)
	if r.is(open, "[") {
		closing = r.pair[open]
	}
	if closing >= len(r.tokens) || closing == open+1 {
		return false
	}
	for from := open; from < closing; {
		to := from + 1
		for to < closing && !r.is(to, ":") {
			if r.is(to, "(") || r.is(to, "[") {
				to = min(r.pair[to], closing-1)
			}
			to++
		}
		if to > from+1 {
			r.behind[from] += by
			r.before[to] = ")" + r.before[to]
		}
		from = to
	}
	return true
}
