package sqltext

import (
	"strings"

	"github.com/lianji/lianji/internal/errs"
)

// Lexer reads a text token by token. Its zero value reads an empty text.
type Lexer struct {
	text string
	pos  int
}

// NewLexer gives a lexer at the start of text.
func NewLexer(text string) *Lexer { return &Lexer{text: text} }

// Tokens gives all tokens of text, the End token left out. The error is a
// SyntaxError that points at an unterminated string, name or comment or at a lone
// dollar sign.
func Tokens(text string) ([]Token, error) {
	l := NewLexer(text)
	tokens := make([]Token, 0, len(text)/bytesPerToken+8)
	for {
		t, err := l.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == End {
			return tokens, nil
		}
		tokens = append(tokens, t)
	}
}

// bytesPerToken is about how long a token is in statements of people, with space.
const bytesPerToken = 6

// Next gives the next token; after the last one it gives End, again and again.
func (l *Lexer) Next() (Token, error) {
	if err := l.skipSpace(); err != nil {
		return Token{}, err
	}
	start := l.pos
	kind, err := l.scan()
	if err != nil {
		return Token{}, err
	}
	return Token{Kind: kind, Start: start, End: l.pos}, nil
}

// at gives the byte i places after the position, or 0 past the end. A NUL byte
// in the text is therefore like the end of a token, never a crash.
func (l *Lexer) at(i int) byte {
	if l.pos+i < len(l.text) {
		return l.text[l.pos+i]
	}
	return 0
}

func (l *Lexer) skipSpace() error {
	for l.pos < len(l.text) {
		switch c := l.at(0); {
		case isSpace(c):
			l.pos++
		case c == '-' && l.at(1) == '-':
			l.skipLine()
		case c == '/' && l.at(1) == '*':
			if err := l.skipBlock(); err != nil {
				return err
			}
		default:
			n := 0
			if c >= 0x80 {
				n = unicodeSpace(l.text[l.pos:])
			}
			if n == 0 {
				return nil
			}
			l.pos += n
		}
	}
	return nil
}

func (l *Lexer) skipLine() {
	for l.pos < len(l.text) && l.text[l.pos] != '\n' && l.text[l.pos] != '\r' {
		l.pos++
	}
}

// skipBlock skips a block comment; they nest.
func (l *Lexer) skipBlock() error {
	start, depth := l.pos, 0
	for l.pos < len(l.text) {
		switch {
		case l.at(0) == '/' && l.at(1) == '*':
			depth++
			l.pos += 2
		case l.at(0) == '*' && l.at(1) == '/':
			depth--
			l.pos += 2
			if depth == 0 {
				return nil
			}
		default:
			l.pos++
		}
	}
	return l.unterminated(start)
}

func (l *Lexer) unterminated(start int) error {
	return errs.New(errs.SyntaxError, "gate_unterminated", nil).At(l.text, start)
}

func (l *Lexer) scan() (Kind, error) {
	if l.pos >= len(l.text) {
		return End, nil
	}
	c := l.at(0)
	switch {
	case c == '\'':
		return String, l.quotedString(false, true)
	case c == '"':
		return Quoted, l.quotedName()
	case (c == 'e' || c == 'E') && l.at(1) == '\'':
		l.pos++
		return String, l.quotedString(true, true)
	case (c == 'b' || c == 'B' || c == 'x' || c == 'X') && l.at(1) == '\'':
		l.pos++
		return String, l.quotedString(false, false)
	case (c == 'u' || c == 'U') && l.at(1) == '&' && l.at(2) == '\'':
		l.pos += 2
		return String, l.quotedString(false, true)
	case c == '$':
		return l.dollar()
	case c == '?':
		l.pos++
		if isDigit(l.at(0)) {
			l.digits()
		}
		return Placeholder, nil
	case isNameStart(c):
		l.name()
		return Word, nil
	case isDigit(c), c == '.' && isDigit(l.at(1)):
		l.number()
		return Number, nil
	case strings.IndexByte(",()[]{};.:", c) >= 0:
		return l.punct(), nil
	case isOperator(c):
		l.operator()
		return Operator, nil
	}
	l.pos++
	return Other, nil
}

// quotedString reads from the opening quote. A string goes on in the next line:
// 'a' <newline> 'b' is one string, read by the rules of its first part.
func (l *Lexer) quotedString(escapes, doubled bool) error {
	start := l.pos
	for l.pos++; l.pos < len(l.text); l.pos++ {
		switch c := l.text[l.pos]; {
		case c == '\\' && escapes:
			l.pos++
		case c == '\'' && doubled && l.at(1) == '\'':
			l.pos++
		case c == '\'':
			l.pos++
			if !l.continues() {
				return nil
			}
		}
	}
	return l.unterminated(start)
}

// continues moves onto the quote of a string's next part, if there is one: space
// and line comments with a newline among them, then a quote. At a newline in the
// middle of a comment the comment has ended.
func (l *Lexer) continues() bool {
	back, newline := l.pos, false
	for l.pos < len(l.text) {
		switch c := l.at(0); {
		case c == '\n' || c == '\r':
			newline = true
			l.pos++
		case isSpace(c):
			l.pos++
		case c == '-' && l.at(1) == '-':
			l.skipLine()
		case c == '\'' && newline:
			return true
		default:
			l.pos = back
			return false
		}
	}
	l.pos = back
	return false
}

func (l *Lexer) quotedName() error {
	start := l.pos
	for l.pos++; l.pos < len(l.text); l.pos++ {
		if l.text[l.pos] != '"' {
			continue
		}
		if l.at(1) != '"' {
			l.pos++
			return nil
		}
		l.pos++
	}
	return l.unterminated(start)
}

// dollar reads $1, $name or $tag$..$tag$. A name may stand apart from its dollar
// sign; a dollar sign without one is an error, for DuckDB too.
func (l *Lexer) dollar() (Kind, error) {
	start := l.pos
	l.pos++
	if isDigit(l.at(0)) {
		l.digits()
		return Placeholder, nil
	}
	if isNameStart(l.at(0)) {
		for l.pos < len(l.text) && isTagPart(l.text[l.pos]) {
			l.pos++
		}
	}
	if l.at(0) == '$' {
		l.pos++
		tag := l.text[start:l.pos]
		end := strings.Index(l.text[l.pos:], tag)
		if end < 0 {
			return String, l.unterminated(start)
		}
		l.pos += end + len(tag)
		return String, nil
	}
	l.pos = start + 1
	if err := l.skipSpace(); err != nil {
		return Other, err
	}
	switch c := l.at(0); {
	case c == '"':
		return Placeholder, l.quotedName()
	case isNameStart(c):
		l.name()
		return Placeholder, nil
	}
	return Other, errs.New(errs.SyntaxError, "gate_syntax", nil).At(l.text, start)
}

// name reads a name without quotes up to a Unicode space, which DuckDB takes for
// space although its other bytes above 127 belong to names.
func (l *Lexer) name() {
	for l.pos < len(l.text) && isNamePart(l.text[l.pos]) {
		if l.text[l.pos] >= 0x80 && unicodeSpace(l.text[l.pos:]) > 0 {
			return
		}
		l.pos++
	}
}

func (l *Lexer) digits() {
	for isDigit(l.at(0)) || l.at(0) == '_' && isDigit(l.at(1)) {
		l.pos++
	}
}

func (l *Lexer) number() {
	l.digits()
	if l.at(0) == '.' && l.at(1) != '.' {
		l.pos++
		if isDigit(l.at(0)) {
			l.digits()
		}
	}
	if l.at(0) == 'e' || l.at(0) == 'E' {
		n := 1
		if l.at(1) == '+' || l.at(1) == '-' {
			n = 2
		}
		if isDigit(l.at(n)) {
			l.pos += n
			l.digits()
		}
	}
}

func (l *Lexer) punct() Kind {
	two := l.text[l.pos:min(l.pos+2, len(l.text))]
	switch {
	case two == "::", two == ":=", two == "..":
		l.pos += 2
		return Operator
	}
	l.pos++
	return Punct
}

// operator reads a run of operator characters up to a comment. A + or - does not
// end it unless a character stands in it that standard operators do not have.
func (l *Lexer) operator() {
	n := 0
	for l.pos+n < len(l.text) && isOperator(l.text[l.pos+n]) {
		if n > 0 && (l.at(n) == '-' && l.at(n+1) == '-' || l.at(n) == '/' && l.at(n+1) == '*') {
			break
		}
		n++
	}
	run := l.text[l.pos : l.pos+n]
	for n > 1 && (run[n-1] == '+' || run[n-1] == '-') && !strings.ContainsAny(run[:n-1], "~!@^&|`%") {
		n--
		run = run[:n]
	}
	l.pos += n
}

func isSpace(c byte) bool     { return c == ' ' || '\t' <= c && c <= '\r' && c != '\v' }
func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isNameStart(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
func isTagPart(c byte) bool   { return isNameStart(c) || isDigit(c) }
func isNamePart(c byte) bool  { return isTagPart(c) || c == '$' }
func isOperator(c byte) bool  { return strings.IndexByte("~!@^&|`+-*/%<>=", c) >= 0 }
