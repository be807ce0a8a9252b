package pgcatalog

import (
	"math/bits"
	"strings"
)

// DuckDB computes constants, expands macros and writes aliases out while it prepares a
// statement, and nothing can stop it there but the end of its process. So what makes
// expressions or texts grow is counted in the parse tree before, and told as what it is;
// what drivers ask stays far below.
const (
	mostText      = 64 << 10 // bytes of a statement
	mostParsed    = 5_000    // parts of the parse tree that DuckDB's parser makes of it, near enough
	mostGrowing   = 32       // operations that join texts or lists
	mostDerived   = 3        // queries with such, whose columns others use: what one makes the next multiplies
	mostDoubling  = 16       // doublings of texts by calls of replace and its kin, each with a short replacement
	mostExpanding = 24       // calls of functions of names.sql, which write their arguments out several times
	mostExpanded  = 3        // of these, in each other
	mostAliases   = 4        // expressions that are used again by their alias in the same list
	mostWiths     = 8        // WITH clauses
	mostSeries    = 10_000   // a constant bound of generate_series
	longest       = 16       // bytes of a replacement
	mostPadded    = 1_000    // characters that a text is filled up to
)

// growing are functions beside || that join texts or lists.
var growing = set("concat concat_ws array_cat list_concat")

// bounds counts what can grow.
type bounds struct {
	growing, derived, doubling, expanding, aliases, withs int
	over                                                  bool
}

func (b *bounds) count(n *int, most int) {
	if *n++; *n > most {
		b.over = true
	}
}

// grows counts an operation that joins what it is given.
func (b *bounds) grows(at place) {
	b.count(&b.growing, mostGrowing)
	if at.derived != nil && !*at.derived {
		*at.derived = true
		b.count(&b.derived, mostDerived)
	}
}

// function looks at a call at a place.
func (b *bounds) function(name string, children []any, at place) {
	if functions[name] {
		b.count(&b.expanding, mostExpanding)
		if at.expanding >= mostExpanded && len(children) > 0 {
			b.over = true
		}
	}
	switch {
	case name == "replace" || name == "regexp_replace":
		by, ok := replaced(name, children)
		if b.doubling += by; !ok || b.doubling > mostDoubling {
			b.over = true
		}
	case name == "repeat":
		n, ok := timesOf(children)
		if b.doubling += bits.Len(uint(max(n, 1) - 1)); !ok || b.doubling > mostDoubling {
			b.over = true
		}
	case name == "lpad" || name == "rpad":
		if n, ok := timesOf(children); !ok || n > mostPadded {
			b.over = true
		}
		b.grows(at)
	case name == "generate_series":
		for i := range children {
			if n, ok := amount(children[i]); ok && (n > mostSeries || n < -mostSeries) {
				b.over = true
			}
		}
	case name == "||":
		// A constant beside it makes a text longer, and not twice as long.
		if len(children) == 2 && (isConstant(children[0]) || isConstant(children[1])) {
			return
		}
		b.grows(at)
	case growing[name]:
		b.grows(at)
	}
}

// replaced tells how many times a call of replace or its kin may double a text; false where
// that cannot be told.
func replaced(name string, children []any) (doublings int, ok bool) {
	to, ok := constant(children, 2)
	if !ok || len(to) > longest {
		return 0, false
	}
	each := len(to)
	if from, ok := constant(children, 1); ok && from != "" && name == "replace" {
		each = (len(to) + len(from) - 1) / len(from)
	} else if name != "replace" {
		each++ // a pattern that matches nothing is replaced between all that there is
	}
	return bits.Len(uint(max(each, 1) - 1)), true
}

// timesOf gives a second argument that is a whole number written out.
func timesOf(children []any) (int, bool) {
	if len(children) < 2 || !isConstant(children[1]) {
		return 0, false
	}
	n, ok := amount(children[1])
	return int(min(n, mostSeries)), ok
}

func isConstant(node any) bool {
	n, ok := node.(map[string]any)
	return ok && str(n["class"]) == "CONSTANT"
}

// constant gives the text of an argument that is one written out.
func constant(children []any, i int) (string, bool) {
	if i >= len(children) || !isConstant(children[i]) {
		return "", false
	}
	n, _ := children[i].(map[string]any)
	value, _ := n["value"].(map[string]any)
	text, ok := value["value"].(string)
	return text, ok
}

// amount gives an argument that is a number written out, or one behind a minus or a cast.
func amount(node any) (float64, bool) {
	n, ok := node.(map[string]any)
	if !ok {
		return 0, false
	}
	switch str(n["class"]) {
	case "CONSTANT":
		value, _ := n["value"].(map[string]any)
		number, ok := value["value"].(float64)
		return number, ok
	case "CAST":
		return amount(n["child"])
	case "FUNCTION":
		// Arithmetic of constants may make any number.
		children, _ := n["children"].([]any)
		for _, c := range children {
			if _, ok := amount(c); !ok {
				return 0, false
			}
		}
		return mostSeries + 1, len(children) > 0
	}
	return 0, false
}

// selected looks for expressions of a list that later ones use by their alias: DuckDB
// writes them out again at each such place.
func (b *bounds) selected(list []any) {
	seen := map[string]bool{}
	for _, item := range list {
		b.uses(item, seen, 0)
		n, ok := item.(map[string]any)
		if alias := strings.ToLower(str(n["alias"])); ok && alias != "" && str(n["class"]) != "COLUMN_REF" {
			seen[alias] = true
		}
	}
}

func (b *bounds) uses(node any, seen map[string]bool, depth int) {
	if len(seen) == 0 || depth > mostDepth {
		return
	}
	switch n := node.(type) {
	case []any:
		for _, one := range n {
			b.uses(one, seen, depth+1)
		}
	case map[string]any:
		if names, ok := n["column_names"].([]any); ok && len(names) == 1 && seen[strings.ToLower(str(names[0]))] {
			b.count(&b.aliases, mostAliases)
		}
		for _, one := range n {
			b.uses(one, seen, depth+1)
		}
	}
}
