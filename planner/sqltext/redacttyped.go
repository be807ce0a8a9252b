package sqltext

import (
	"strings"
	"unicode/utf8"
)

// An input method for Chinese writes quotes and digits that are letters to DuckDB. A
// person who did not see it has sent a value in them, and the statement is refused
// because nothing has that name.

// typedQuotes are such quotes: each with those that may end what it begins.
var typedQuotes = map[rune]string{
	'‘': "‘’", '’': "‘’", '“': "“”", '”': "“”", '＇': "＇", '＂': "＂", '「': "」", '『': "』",
}

// typedQuote gives the place of the first such quote in a word; -1 for none.
func typedQuote(word string) int {
	return strings.IndexFunc(word, func(c rune) bool { return typedQuotes[c] != "" })
}

// typed writes the word t, in which such a quote stands at an offset of the text, up
// to where the quotes end, as one literal. What DuckDB takes for one token is never
// divided behind the quotes: half of a literal could be left.
func (r *redactor) typed(l *Lexer, t Token, from int) {
	r.space(t.Start)
	if before := r.text[t.Start:from]; utf8.ValidString(before) {
		r.word(before)
	} else {
		r.write([]byte(before))
	}
	end, at, value := t.End, from, ""
	for {
		open, size := utf8.DecodeRuneInString(r.text[at:])
		begin := at + size
		inside := strings.IndexAny(r.text[begin:], typedQuotes[open])
		if inside < 0 {
			if open != '’' && open != '”' { // which end what they do not begin
				end = len(r.text)
			}
			break
		}
		_, size = utf8.DecodeRuneInString(r.text[begin+inside:])
		closed := begin + inside + size
		value = r.text[begin : begin+inside]
		if end = l.behind(end, closed); end < 0 {
			end = len(r.text)
			break
		}
		next := -1
		if closed < end {
			next = typedQuote(r.text[closed:end])
		}
		if next < 0 {
			break
		}
		at = closed + next
	}
	l.pos = max(l.pos, end)
	if whole := r.text[from:end]; value == "" || utf8.RuneCountInString(whole) != utf8.RuneCountInString(value)+2 {
		value = whole
	}
	r.write([]byte(value))
	r.end, r.number = end, false
}

// behind reads on to the token that ends at an offset or behind it, and gives that
// end; -1 where the text is no longer made of tokens. end is the last token's.
func (l *Lexer) behind(end, offset int) int {
	for end < offset {
		t, err := l.Next()
		switch {
		case err != nil:
			return -1
		case t.Start >= offset: // the quote stood in a comment
			l.pos = t.Start
			return offset
		}
		end = t.End
	}
	return end
}

// word writes a name, and what of it are digits alone as literals.
func (r *redactor) word(text string) {
	for text != "" {
		n := strings.IndexFunc(text, isTypedSign)
		if n < 0 {
			n = len(text)
		}
		switch {
		case typedNumber(text[:n]):
			r.write([]byte(text[:n]))
		case n > 0:
			r.out.WriteString(text[:n])
		}
		_, size := utf8.DecodeRuneInString(text[n:])
		r.out.WriteString(text[n : n+size])
		text = text[n+size:]
	}
}

// isTypedSign reports whether such a sign stands between values rather than in one.
func isTypedSign(c rune) bool {
	return '！' <= c && c <= '／' || '：' <= c && c <= '＠' || '［' <= c && c <= '｀' || '｛' <= c && c <= '～' || strings.ContainsRune("、。《》【】", c)
}

// typedNumber reports whether a part of a word is a number in full-width digits, or
// one of a person, which may end in X.
func typedNumber(s string) bool {
	if c, _ := utf8.DecodeRuneInString(s); c < '０' || '９' < c {
		return false
	}
	for _, end := range []string{"X", "x", "Ｘ", "ｘ"} {
		if cut, ok := strings.CutSuffix(s, end); ok {
			s = cut
			break
		}
	}
	return strings.Trim(s, "０１２３４５６７８９0123456789") == ""
}
