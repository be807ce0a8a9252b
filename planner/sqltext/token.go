// Package sqltext reads statement text without understanding it: tokens with
// exact byte offsets, parameters, and which kind of statement a text is. What a
// text means is DuckDB's business; this package follows DuckDB's scanner so that
// both see the same tokens.
package sqltext

import "strings"

// Kind is a token's kind.
type Kind uint8

// Kinds of token. Space and comments are not tokens.
const (
	End         Kind = iota // the end of the text
	Word                    // an identifier or keyword without quotes
	Quoted                  // "an identifier in quotes"
	String                  // '..', E'..', B'..', X'..', U&'..' or $$..$$
	Number                  // 1, 1_000, 1.5, .5, 1e10
	Placeholder             // $1, $name, ? or ?1
	Operator                // + - || :: := -> and so on
	Punct                   // one of , ( ) [ ] { } ; . :
	Other                   // a byte that starts no token
)

// Token is one token. Its text is text[Start:End].
type Token struct {
	Kind       Kind
	Start, End int // byte offsets
}

// Text gives the token as it stands in the text it was read from.
func (t Token) Text(text string) string { return text[t.Start:t.End] }

// Is reports whether the token is the keyword word (given in upper case) or the
// punctuation word.
func (t Token) Is(text, word string) bool {
	switch t.Kind {
	case Word:
		return t.End-t.Start == len(word) && strings.EqualFold(text[t.Start:t.End], word)
	case Punct, Operator:
		return text[t.Start:t.End] == word
	}
	return false
}

// longestKeyword is more than the length of any of DuckDB's.
const longestKeyword = 24

// Keyword gives a Word in upper case (ASCII letters only, as DuckDB compares
// keywords); empty for any other token and for a word too long to be one.
func (t Token) Keyword(text string) string {
	if t.Kind != Word || t.End-t.Start > longestKeyword {
		return ""
	}
	var buf [longestKeyword]byte
	n := copy(buf[:], text[t.Start:t.End])
	for i, c := range buf[:n] {
		if 'a' <= c && c <= 'z' {
			buf[i] = c - 'a' + 'A'
		}
	}
	return string(buf[:n])
}

// Name gives the name that an identifier token stands for: as written without
// quotes, unescaped with them. ok is false for other tokens.
func (t Token) Name(text string) (name string, ok bool) {
	switch t.Kind {
	case Word:
		return text[t.Start:t.End], true
	case Quoted:
		s := text[t.Start:t.End]
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`), true
	}
	return "", false
}

// Identifier gives the end of the identifier that begins at a byte offset of
// text; ok is false when none begins there.
func Identifier(text string, offset int) (end int, ok bool) {
	if offset < 0 || offset > len(text) {
		return 0, false
	}
	t, err := (&Lexer{text: text, pos: offset}).Next()
	if err != nil || t.Start != offset || t.Kind != Word && t.Kind != Quoted {
		return 0, false
	}
	return t.End, true
}
