package sqltext

import (
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
)

// Normalize gives text with every comment and every Unicode space outside of
// quotes turned into plain spaces, byte for byte, so that offsets stay as they
// were. DuckDB accepts a full-width space (U+3000) and its kin but takes them out
// before it parses, and after that all its positions are off; and what looks for
// them takes a quote within a comment for the start of a string.
func Normalize(text string) (string, error) {
	b := []byte(text)
	l := NewLexer(text)
	prev := 0
	for {
		t, err := l.Next()
		if err != nil {
			return "", err
		}
		blank(b[prev:t.Start])
		if t.Kind == Placeholder && t.End > t.Start+1 {
			inner, err := NewLexer(text[t.Start+1 : t.End]).Next()
			if err != nil {
				return "", err
			}
			blank(b[t.Start+1 : t.Start+1+inner.Start])
		}
		if t.Kind == End {
			break
		}
		prev = t.End
	}
	out := string(b)
	if at := strippedByDuckDB(out); at >= 0 {
		return "", errs.New(errs.NotSupported, "gate_unicode_space", nil).At(text, at)
	}
	return out, nil
}

// blank turns what stands between two tokens into spaces, newlines kept.
func blank(gap []byte) {
	for i, c := range gap {
		if c != '\n' && c != '\r' {
			gap[i] = ' '
		}
	}
}

// unicodeSpace gives the length of the Unicode space at the start of s, else 0:
// the characters that DuckDB takes for space.
func unicodeSpace(s string) int {
	switch r, n := utf8.DecodeRuneInString(s); {
	case r == 0xA0, 0x2000 <= r && r <= 0x200B, r == 0x202F, r == 0x205F, r == 0x2060, r == 0x3000, r == 0xFEFF:
		return n
	}
	return 0
}

// strippedByDuckDB gives the place of a Unicode space that DuckDB would take out
// of text before it parses, or -1. It reads quotes more simply than the parser (no
// backslash escapes, no block comments), and so does this.
func strippedByDuckDB(text string) int {
	if !hasUnicodeSpace(text) {
		return -1
	}
	for i := 0; i+2 < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\'':
			i = skipSimpleQuote(text, i)
		case c == '$' && (text[i+1] == '$' || isNameStart(text[i+1])):
			j := i + 1
			for j < len(text) && isTagPart(text[j]) {
				j++
			}
			if j < len(text) && text[j] == '$' {
				tag := text[i : j+1]
				end := strings.Index(text[j+1:], tag)
				if end < 0 {
					return -1
				}
				i = j + end + len(tag)
			}
		case c == '-' && text[i+1] == '-':
			for i < len(text) && text[i] != '\n' && text[i] != '\r' {
				i++
			}
		case unicodeSpace(text[i:]) > 0:
			return i
		}
	}
	return -1
}

// skipSimpleQuote gives the offset of the quote that closes the one at i.
func skipSimpleQuote(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return i
	}
	return i
}

func hasUnicodeSpace(text string) bool {
	for i := range text {
		if text[i] >= 0x80 && unicodeSpace(text[i:]) > 0 {
			return true
		}
	}
	return false
}
