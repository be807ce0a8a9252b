package dialect

import (
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// match asks whether a text has a shape: LIKE without ESCAPE with a constant pattern, or
// a function that says the same of a word without wildcards.
type match struct {
	arg     ir.Expr
	shape   string        // one of the LIKE parts of entries
	pattern catalog.Value // as LIKE has it; a backslash stands for itself
	negated bool
}

// word gives what stands between the percent signs at the ends of a pattern.
func (m match) word() catalog.Value {
	s := m.pattern.V.(string)
	if m.shape == partSuffix || m.shape == partInfix {
		s = s[1:]
	}
	if m.shape == partPrefix || m.shape == partInfix {
		s = s[:len(s)-1]
	}
	return catalog.Value{Type: m.pattern.Type, V: s}
}

// The functions that ask so, by DuckDB's names.
const (
	likeFunction    = "~~"
	notLikeFunction = "!~~"
)

var wordFunctions = map[string]struct{ before, behind string }{
	"starts_with": {"", "%"}, "prefix": {"", "%"}, "^@": {"", "%"}, "ends_with": {"%", ""}, "suffix": {"%", ""}, "contains": {"%", "%"},
}

// matchOf takes e apart; false when it is no match with a constant.
func matchOf(e *ir.Func) (match, bool) {
	if len(e.List) != 2 {
		return match{}, false
	}
	c, ok := e.List[1].(*ir.Const)
	if !ok {
		return match{}, false
	}
	text, ok := c.Value.V.(string)
	if !ok || c.Value.Type.Kind != catalog.Text {
		return match{}, false
	}
	if w, ok := wordFunctions[e.Name]; ok {
		if strings.ContainsAny(text, "%_") {
			return match{}, false
		}
		text = w.before + text + w.behind
	} else if e.Name != likeFunction && e.Name != notLikeFunction {
		return match{}, false
	}
	return match{arg: e.List[0], shape: shapeOf(text), pattern: catalog.Value{Type: c.Value.Type, V: text}, negated: e.Name == notLikeFunction}, true
}

func shapeOf(pattern string) string {
	begin, ends := strings.CutSuffix(pattern, "%")
	middle, begins := strings.CutPrefix(begin, "%")
	_, tail := strings.CutPrefix(pattern, "%")
	switch {
	case strings.Contains(pattern, "_"):
		return partPattern
	case ends && !strings.Contains(begin, "%"):
		return partPrefix
	case ends && begins && !strings.Contains(middle, "%"):
		return partInfix
	case tail && !strings.Contains(pattern[1:], "%"):
		return partSuffix
	}
	return partPieces
}

// behind gives the least text that is greater than every text that begins with
// prefix, by code points; none for one of the greatest code point alone.
func behind(prefix string) (string, bool) {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if !utf8.ValidRune(next) && next <= utf8.MaxRune { // over the surrogates
			next = 0xe000
		}
		if next <= utf8.MaxRune {
			return string(runes[:i]) + string(next), true
		}
	}
	return "", false
}

func judgeMatch(d judging, e *ir.Func, at Columns) (Verdict, string) {
	m, ok := matchOf(e)
	switch {
	case !ok && (e.Name == likeFunction || e.Name == notLikeFunction || wordFunctions[e.Name].before+wordFunctions[e.Name].behind != ""):
		return None, "of patterns only constant ones are sent, and of words those without wildcards"
	case !ok:
		return None, "a function stays here"
	}
	p, reason := lookedAt(d, m.arg, at)
	switch {
	case reason != "":
		return None, reason
	case p.Base.Type.Kind != catalog.Text:
		return None, "a pattern for a column that is no text"
	}
	if v, reason := d.table().part(m.shape, p.Base.Type); v != Exact {
		return None, reason
	}
	v, reason := d.matching(*p.Base, m)
	if m.negated && v == Superset {
		return None, "the source may keep more rows, so it would drop too many under NOT"
	}
	return v, reason
}
