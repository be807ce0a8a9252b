package policy

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/lex"
)

// Functions are what row filters and masks may call besides the session's: they have a
// value for every row. Arguments after the first one that are numbers must be small
// constants.
var Functions = words("length substring substr left right || concat lower upper trim starts_with ^@ prefix suffix ends_with contains year month day")

// plainWords are the words of an expression that name nothing.
var plainWords = words("case when then else end and or not in is null like between true false cast as distinct from coalesce escape varchar text integer bigint double boolean date timestamp")

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// queryWords begin what no policy holds.
var queryWords = words("select union intersect except exists with values over returning")

// CheckFilter tells what of a row filter shows to be wrong without the resource's table:
// that it cannot be taken apart, has brackets without their other half, or a query in it
// that does not look a value up. Whether it names columns and what may be called shows
// only over the table.
func CheckFilter(text string) error {
	if err := CheckText(text); err != nil {
		return err
	}
	tokens, err := lex.Tokens(text)
	if err != nil {
		return err
	}
	queries, err := queriesIn(text, tokens)
	if err != nil {
		return err
	}
	depth := 0
	for i, t := range tokens {
		switch {
		case slices.ContainsFunc(queries, func(q query) bool { return q.word == i }):
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth < 0 {
				return lex.Syntax(text, t.From)
			}
		case t.Is(";"), t.Is("?"):
			return lex.Syntax(text, t.From)
		case t.Kind == lex.Word && queryWords[strings.ToLower(t.Value)]:
			return unknownIn(text, t)
		}
	}
	if depth != 0 {
		return lex.Syntax(text, len(text))
	}
	return nil
}

// CheckExpression tells, without the resource's table, whether an expression can stand in
// the place of an item: whether it can be taken apart, and names items of the resource
// and functions that a policy may call alone. That it fails on no row, and its type, show
// only over the table.
func CheckExpression(text string, r *catalog.Resource) error {
	if err := CheckText(text); err != nil {
		return err
	}
	tokens, err := lex.Tokens(text)
	if err != nil {
		return err
	}
	depth, empty := 0, true
	for n, t := range tokens {
		if t.Kind == lex.End {
			break
		}
		empty = false
		called := tokens[min(n+1, len(tokens)-1)].Is("(")
		switch word := strings.ToLower(t.Value); {
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth < 0 {
				return lex.Syntax(text, t.From)
			}
		case t.Is(";"), t.Is("?"):
			return lex.Syntax(text, t.From)
		case t.Kind == lex.Word && plainWords[word]:
		case t.Kind == lex.Word && called:
			if _, session := sessionFunctions[word]; !session && word != attributeFunction && !Functions[word] {
				return unknownIn(text, t)
			}
		case t.Kind == lex.Word || t.Kind == lex.Quoted:
			if _, ok := r.Item(t.Value); !ok || called || t.Value == "" {
				return unknownIn(text, t)
			}
		}
	}
	if depth != 0 || empty {
		return lex.Syntax(text, len(text))
	}
	return nil
}

func unknownIn(text string, t lex.Token) error {
	return errs.New(errs.UnknownName, "policy_mask_name", msg.Args{"Name": t.Value}).At(text, t.From)
}

// mentions reports whether an expression speaks of a column.
func mentions(text, column string) bool {
	tokens, err := lex.Tokens(text)
	if err != nil {
		return true
	}
	for _, t := range tokens {
		if (t.Kind == lex.Word || t.Kind == lex.Quoted) && catalog.SameName(t.Value, column) {
			return true
		}
	}
	return false
}
