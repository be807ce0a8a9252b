package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// tokenKind is what a piece of a policy's text is.
type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a name or key word without quotes
	tokenQuoted           // a name in double quotes
	tokenText             // a text in single quotes
	tokenNumber           // digits, with a point and an exponent where they have them
	tokenSign             // one sign, or an operator of two or three
)

// token is a piece of a policy's text. Value is what it means: a quoted name or text
// without its quotes.
type token struct {
	kind     tokenKind
	value    string
	from, to int // bytes of the text
}

// is reports whether the token is a key word or sign, in any case of letters.
func (t token) is(word string) bool {
	return (t.kind == tokenWord || t.kind == tokenSign) && strings.EqualFold(t.value, word)
}

// operators of more than one sign; the longest come first.
var operators = []string{"!~~*", "!~~", "~~*", "<=>", "->>", "<=", ">=", "<>", "!=", "==", "||", "::", "~~", "->"}

// lex takes a policy's text apart. Comments, text with escapes and text in dollars
// are refused: a policy is short, and nothing of it may be read in two ways.
func lex(text string) ([]token, error) {
	var out []token
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		start := i
		add := func(kind tokenKind, value string, to int) {
			out = append(out, token{kind, value, start, to})
			i = to
		}
		switch {
		case r == utf8.RuneError && size <= 1, r == 0:
			return nil, syntax(text, i)
		case unicode.IsSpace(r):
			i += size
		case strings.HasPrefix(text[i:], "--"), strings.HasPrefix(text[i:], "/*"), r == '$':
			return nil, syntax(text, i)
		case r == '\'' || r == '"':
			value, end, ok := quoted(text, i)
			if !ok {
				return nil, syntax(text, i)
			}
			kind := tokenText
			if r == '"' {
				kind = tokenQuoted
			}
			add(kind, value, end)
		case unicode.IsDigit(r):
			add(tokenNumber, text[i:numberEnd(text, i)], numberEnd(text, i))
		case unicode.IsLetter(r) || r == '_':
			end := wordEnd(text, i)
			if end < len(text) && text[end] == '\'' { // e'…', x'…', b'…', U&'…'
				return nil, syntax(text, i)
			}
			add(tokenWord, text[i:end], end)
		default:
			end := i + size
			for _, o := range operators {
				if strings.HasPrefix(text[i:], o) {
					end = i + len(o)
					break
				}
			}
			add(tokenSign, text[i:end], end)
		}
	}
	return append(out, token{tokenEnd, "", len(text), len(text)}), nil
}

// quoted reads what stands in quotes from a place on; a quote is doubled inside.
func quoted(text string, at int) (value string, end int, ok bool) {
	q := text[at]
	var b strings.Builder
	for i := at + 1; i < len(text); i++ {
		if text[i] != q {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == q {
			b.WriteByte(q)
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func numberEnd(text string, at int) int {
	for at < len(text) && (text[at] >= '0' && text[at] <= '9' || text[at] == '.') {
		at++
	}
	return at
}

func wordEnd(text string, at int) int {
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '_' {
			break
		}
		at += size
	}
	return at
}

func syntax(text string, at int) *errs.Error {
	return errs.New(errs.SyntaxError, "policy_syntax", msg.Args{}).At(text, at)
}
