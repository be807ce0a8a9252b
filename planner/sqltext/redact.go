package sqltext

import (
	"strings"
	"unicode/utf8"
)

// Redact gives text with each literal replaced by what literal says of it, for logs
// and the audit: keyed hashes, say. Literals are strings of every form, numbers and
// parts of numbers, and everything from the place on where text is no longer made of
// tokens. Comments are left out, space is made one blank. Names stay as they are: a
// value that somebody wrote as a name, "in double quotes" or without any, is not
// told from one. What input methods for Chinese write for quotes and digits makes
// names, too, but ones that nobody gives to a table: these are taken for literals. So is
// the rest of a text from a string on of which somebody may have meant MySQL's escapes.
//
// literal gets the value: what stands between the quotes, with a doubled quote made
// one, or the digits as they were written. Behind limit bytes (at least) of the
// result the rest of the text is one literal, so that a list of a million values
// costs no more than one. Redact never fails.
func Redact(text string, limit int, literal func(value []byte) string) string {
	return redact(text, limit, literal, func(t Token, text string) bool {
		return escapesAQuote(t.Text(text)) && !meansWhatItSays(text[t.Start:])
	})
}

// redact makes one literal of everything from the first token that ends holds for.
func redact(text string, limit int, literal func(value []byte) string, ends func(t Token, text string) bool) string {
	r := redactor{text: text, literal: literal}
	l := NewLexer(text)
	for {
		begin := l.pos
		t, err := l.Next()
		switch {
		case err != nil:
			// The text may hold half a literal anywhere behind the last token.
			r.rest(begin)
			return r.out.String()
		case t.Kind == End:
			return r.out.String()
		case r.out.Len() >= limit, ends(t, text):
			r.rest(t.Start)
			return r.out.String()
		}
		if at := typedQuote(t.Text(text)); t.Kind == Word && at >= 0 {
			r.typed(l, t, t.Start+at)
			continue
		}
		r.token(t)
	}
}

type redactor struct {
	text    string
	literal func([]byte) string
	out     strings.Builder
	end     int  // of the last token
	number  bool // the last token was a number
}

// What stands round a literal in a redacted text: it cannot be taken for SQL.
const (
	openLiteral  = "‹"
	closeLiteral = "›"
)

func (r *redactor) token(t Token) {
	touches := t.Start == r.end && t.Start > 0
	r.space(t.Start)
	text := t.Text(r.text)
	number := false
	switch {
	case t.Kind == String:
		r.write(stringValue(text))
	case t.Kind == Number, t.Kind == Word && touches && r.number:
		// 0x1f and 1abc are read as a number and a word.
		r.write([]byte(text))
		number = true
	case t.Kind == Placeholder:
		r.placeholder(text)
	case t.Kind == Other || !utf8.ValidString(text):
		r.write([]byte(text))
	case t.Kind == Word:
		r.word(text)
	default:
		r.out.WriteString(text)
	}
	r.end, r.number = t.End, number
}

// space writes the blank before what begins at an offset.
func (r *redactor) space(start int) {
	if touches := start == r.end && start > 0; !touches && r.out.Len() > 0 {
		r.out.WriteByte(' ')
	}
}

// placeholder writes one without what may stand between its sign and its name.
func (r *redactor) placeholder(text string) {
	name, err := NewLexer(text[1:]).Next()
	if err != nil || !utf8.ValidString(text) {
		r.write([]byte(text))
		return
	}
	r.out.WriteString(text[:1] + name.Text(text[1:]))
}

func (r *redactor) write(value []byte) {
	r.out.WriteString(openLiteral + r.literal(value) + closeLiteral)
}

// rest makes everything from an offset on one literal.
func (r *redactor) rest(from int) {
	if r.out.Len() > 0 {
		r.out.WriteByte(' ')
	}
	r.out.WriteString("… ")
	r.write([]byte(r.text[from:]))
}

// stringValue gives what a string token stands for, where that is plain to see; of
// strings with escapes or in several parts, what was written.
func stringValue(s string) []byte {
	if strings.HasPrefix(s, "$") {
		tag := 1 + strings.IndexByte(s[1:], '$') + 1
		return []byte(s[tag : len(s)-tag])
	}
	if strings.HasPrefix(s, "'") {
		inner := s[1 : len(s)-1]
		if whole := strings.ReplaceAll(inner, "''", "\x00"); !strings.Contains(whole, "'") {
			return []byte(strings.ReplaceAll(inner, "''", "'"))
		}
	}
	return []byte(s)
}
