// Package lex takes the text of policies apart: row filters, masks, and the statements
// that grant.
package lex

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Kind is what a piece of a policy's text is.
type Kind uint8

// The kinds. A list of tokens ends with End.
const (
	End    Kind = iota
	Word        // a name or key word without quotes
	Quoted      // a name in double quotes
	Text        // a text in single quotes
	Number      // digits, with a point where they have one
	Sign        // one sign, or an operator of two or three
)

// Token is a piece of a policy's text.
type Token struct {
	Kind     Kind
	Value    string // what it means: a quoted name or text without its quotes
	From, To int    // bytes of the text
}

// Is reports whether the token is a key word or sign, in any case of letters.
func (t Token) Is(word string) bool {
	return (t.Kind == Word || t.Kind == Sign) && strings.EqualFold(t.Value, word)
}

// operators of more than one sign; the longest come first.
var operators = []string{"!~~*", "!~~", "~~*", "<=>", "->>", "<=", ">=", "<>", "!=", "==", "||", "::", "~~", "->"}

// Tokens takes a policy's text apart. Comments, text with escapes, text in dollars and
// digits of other scripts are refused: a policy is short, and nothing of it may be read
// in two ways.
func Tokens(text string) ([]Token, error) {
	var out []Token
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		start := i
		add := func(kind Kind, value string, to int) {
			out = append(out, Token{kind, value, start, to})
			i = to
		}
		switch {
		case r == utf8.RuneError && size <= 1, r == 0:
			return nil, Syntax(text, i)
		case unicode.IsSpace(r):
			i += size
		case strings.HasPrefix(text[i:], "--"), strings.HasPrefix(text[i:], "/*"), r == '$', r > '9' && unicode.IsDigit(r):
			return nil, Syntax(text, i)
		case r == '\'' || r == '"':
			value, end, ok := quoted(text, i)
			if !ok {
				return nil, Syntax(text, i)
			}
			kind := Text
			if r == '"' {
				kind = Quoted
			}
			add(kind, value, end)
		case r >= '0' && r <= '9':
			add(Number, text[i:numberEnd(text, i)], numberEnd(text, i))
		case unicode.IsLetter(r) || r == '_':
			end := wordEnd(text, i)
			if end < len(text) && text[end] == '\'' { // e'…', x'…', b'…', U&'…'
				return nil, Syntax(text, i)
			}
			add(Word, text[i:end], end)
		default:
			end := i + size
			for _, o := range operators {
				if strings.HasPrefix(text[i:], o) {
					end = i + len(o)
					break
				}
			}
			add(Sign, text[i:end], end)
		}
	}
	return append(out, Token{End, "", len(text), len(text)}), nil
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

// Syntax is the error of a text that cannot be read at a place.
func Syntax(text string, at int) *errs.Error {
	return errs.New(errs.SyntaxError, "policy_syntax", msg.Args{}).At(text, at)
}
