// Package command reads the statements that the PostgreSQL door answers itself: those
// about its own connection. It knows their words, not what they name.
package command

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/sqltext"
)

// Kind says what a command does. The zero Kind is no command: the statement is the
// gateway's to answer.
type Kind uint8

// The kinds.
const (
	None Kind = iota
	Begin
	Commit
	Rollback
	Savepoint  // Name
	Release    // Name
	RollbackTo // Name
	Set        // Name, Value or Default
	SetNothing // SET TRANSACTION and the like: every transaction reads, and sees each source as it is
	Reset      // Name
	ResetAll
	Show // Name
	ShowAll
	DiscardAll
	Discard    // what is kept of plans, sequences or temporary tables: there is none
	Deallocate // Name
	DeallocateAll
	Close // Name
	CloseAll
	Declare // Name, SQL, Hold, Binary
	Fetch   // Name, Count
	Move    // Name, Count
	Copy    // SQL, Format and what belongs to it
	Listen  // LISTEN and UNLISTEN: nothing is ever notified
)

// All is a Count without end.
const All = -1

// Command is a statement of the door's own.
type Command struct {
	Kind    Kind
	Name    string
	Value   string
	Default bool   // SET .. TO DEFAULT
	Local   bool   // SET LOCAL
	SQL     string // of Declare and Copy
	Offset  int    // byte offset of SQL in the text; -1 when it does not stand there as it is
	Hold    bool
	Binary  bool
	Count   int // rows; All for the rest
	CopyOptions
}

// Piece is one statement of a text, without the semicolon behind it.
type Piece struct {
	SQL    string
	Offset int // in bytes
}

// Split gives the statements of a text that holds any number of them. A text that cannot
// be read is one statement: whoever reads it says what is wrong. A comment before the first
// statement is its own, and one behind the last: tools say there for whom they ask, and
// libraries which trace a statement belongs to.
func Split(text string) []Piece {
	tokens, err := sqltext.Tokens(text)
	if err != nil {
		return []Piece{{text, 0}}
	}
	var out []Piece
	first := -1
	start := func() int {
		if at := tokens[first].Start; first > 0 || strings.TrimSpace(text[:at]) == "" {
			return at
		}
		return 0
	}
	for i, t := range tokens {
		switch {
		case !t.Is(text, ";"):
			if first < 0 {
				first = i
			}
		case first >= 0:
			end := t.Start
			if i == len(tokens)-1 && strings.TrimSpace(text[t.End:]) != "" {
				end = len(text)
			}
			out = append(out, Piece{text[start():end], start()})
			first = -1
		}
	}
	if first >= 0 {
		out = append(out, Piece{strings.TrimRightFunc(text[start():], unicode.IsSpace), start()})
	}
	return out
}

// Parse reads one statement. The error is an *errs.Error that points into text.
func Parse(text string) (Command, error) {
	tokens, err := sqltext.Tokens(text)
	if err != nil || len(tokens) == 0 {
		return Command{}, nil
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].Is(text, ";") {
		tokens = tokens[:len(tokens)-1]
	}
	p := &parser{text: text, tokens: tokens}
	read, ours := commands[p.word()]
	if !ours {
		return Command{}, nil
	}
	p.pos++
	c, err := read(p)
	if err == nil && c.Kind != None && p.pos < len(p.tokens) {
		err = p.unexpected()
	}
	if err != nil {
		return Command{}, err
	}
	return c, nil
}

var commands = map[string]func(*parser) (Command, error){
	"BEGIN": (*parser).begin, "START": (*parser).begin,
	"COMMIT": (*parser).commit, "END": (*parser).commit,
	"ROLLBACK": (*parser).rollback, "ABORT": (*parser).rollback,
	"SAVEPOINT":  func(p *parser) (Command, error) { return p.named(Savepoint) },
	"RELEASE":    func(p *parser) (Command, error) { p.take("SAVEPOINT"); return p.named(Release) },
	"SET":        (*parser).set,
	"RESET":      (*parser).reset,
	"SHOW":       (*parser).show,
	"DISCARD":    (*parser).discard,
	"DEALLOCATE": (*parser).deallocate,
	"CLOSE":      (*parser).closeCursor,
	"DECLARE":    (*parser).declare,
	"FETCH":      func(p *parser) (Command, error) { return p.fetch(Fetch) },
	"MOVE":       func(p *parser) (Command, error) { return p.fetch(Move) },
	"COPY":       (*parser).copy,
	"LISTEN":     (*parser).listen, "UNLISTEN": (*parser).listen,
}

type parser struct {
	text   string
	tokens []sqltext.Token
	pos    int
}

func (p *parser) peek() sqltext.Token {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return sqltext.Token{Kind: sqltext.End, Start: len(p.text), End: len(p.text)}
}

func (p *parser) word() string { return p.peek().Keyword(p.text) }

func (p *parser) done() bool { return p.pos >= len(p.tokens) }

// take moves over words that stand one behind the other, or over none of them.
func (p *parser) take(words ...string) bool {
	for i, w := range words {
		if p.pos+i >= len(p.tokens) || !p.tokens[p.pos+i].Is(p.text, w) {
			return false
		}
	}
	p.pos += len(words)
	return true
}

func (p *parser) unexpected() error { return sqltext.SyntaxErrorAt(p.text, p.peek()) }

// rest moves to the end: what stands there means nothing here.
func (p *parser) rest() { p.pos = len(p.tokens) }

// name takes an identifier, which PostgreSQL reads in lower case without quotes.
func (p *parser) name() (string, error) {
	t := p.peek()
	name, ok := t.Name(p.text)
	if !ok {
		return "", p.unexpected()
	}
	p.pos++
	if t.Kind == sqltext.Word {
		name = strings.ToLower(name)
	}
	return name, nil
}

func (p *parser) named(kind Kind) (Command, error) {
	name, err := p.name()
	return Command{Kind: kind, Name: name}, err
}

func (p *parser) begin() (Command, error) {
	p.rest() // what it says of isolation and access: all transactions read
	return Command{Kind: Begin}, nil
}

// noChain takes the words that say what is so anyway.
func (p *parser) noChain() { p.take("AND", "NO", "CHAIN") }

func (p *parser) commit() (Command, error) {
	if !p.take("WORK") {
		p.take("TRANSACTION")
	}
	p.noChain()
	return Command{Kind: Commit}, nil
}

func (p *parser) rollback() (Command, error) {
	if !p.take("WORK") {
		p.take("TRANSACTION")
	}
	if p.take("TO") {
		p.take("SAVEPOINT")
		return p.named(RollbackTo)
	}
	p.noChain()
	return Command{Kind: Rollback}, nil
}

func (p *parser) set() (Command, error) {
	c := Command{Kind: Set, Local: p.take("LOCAL")}
	if !c.Local && p.word() == "SESSION" {
		p.take("SESSION")
		if p.take("CHARACTERISTICS") {
			p.rest()
			return Command{Kind: SetNothing}, nil
		}
	}
	switch {
	case p.take("TRANSACTION"), p.take("CONSTRAINTS"):
		p.rest()
		return Command{Kind: SetNothing}, nil
	case p.take("AUTHORIZATION", "DEFAULT"):
		return Command{Kind: SetNothing}, nil
	case p.take("TIME", "ZONE"):
		c.Name = "timezone"
		return p.values(c)
	case p.take("NAMES"):
		c.Name = "client_encoding"
		return p.values(c)
	}
	var err error
	if c.Name, err = p.setting(); err != nil {
		return c, err
	}
	if !p.take("=") && !p.take("TO") {
		return c, p.unexpected()
	}
	return p.values(c)
}

// setting takes a setting's name, which may have a prefix.
func (p *parser) setting() (string, error) {
	name, err := p.name()
	for err == nil && p.take(".") {
		var more string
		more, err = p.name()
		name += "." + more
	}
	return strings.ToLower(name), err
}

// values takes what a setting is to be: words, numbers and strings, with commas.
func (p *parser) values(c Command) (Command, error) {
	if p.take("DEFAULT") || c.Name == "timezone" && p.take("LOCAL") {
		c.Default = true
		return c, nil
	}
	var values []string
	for {
		v, err := p.value()
		if err != nil {
			return c, err
		}
		values = append(values, v)
		if !p.take(",") {
			c.Value = strings.Join(values, ", ")
			return c, nil
		}
	}
}

func (p *parser) value() (string, error) {
	sign := ""
	if p.take("-") {
		sign = "-"
	} else {
		p.take("+")
	}
	t := p.peek()
	switch t.Kind {
	case sqltext.Number:
		p.pos++
		return sign + t.Text(p.text), nil
	case sqltext.String:
		p.pos++
		return Literal(t.Text(p.text))
	case sqltext.Word:
		p.pos++
		return t.Text(p.text), nil
	case sqltext.Quoted:
		p.pos++
		name, _ := t.Name(p.text)
		return name, nil
	}
	return "", p.unexpected()
}

// Literal gives what a string stands for: one in plain quotes, or E'..'.
func Literal(text string) (string, error) {
	wrong := errs.New(errs.NotSupported, "pgwire_string", nil)
	body, escapes := text, false
	if len(body) > 1 && (body[0] == 'E' || body[0] == 'e') {
		body, escapes = body[1:], true
	}
	if len(body) < 2 || body[0] != '\'' || body[len(body)-1] != '\'' {
		return "", wrong
	}
	body = body[1 : len(body)-1]
	var out strings.Builder
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case b == '\'':
			if i++; i == len(body) || body[i] != b { // of two parts
				return "", wrong
			}
			out.WriteByte(b)
		case b != '\\' || !escapes:
			out.WriteByte(b)
		default:
			v, n := escape(body[i+1:])
			if n == 0 {
				return "", wrong
			}
			out.WriteByte(v)
			i += n
		}
	}
	return out.String(), nil
}

// escape reads what stands behind the backslash of E'..', and gives how long that is; 0 for
// what is no character of ASCII.
func escape(s string) (value byte, n int) {
	if s == "" {
		return 0, 0
	}
	if at := strings.IndexByte("bfnrt", s[0]); at >= 0 {
		return "\b\f\n\r\t"[at], 1
	}
	digits, most, base := "01234567", 3, 8
	switch s[0] {
	case 'x':
		digits, most, base, n = "0123456789abcdefABCDEF", 2, 16, 1
	case 'u', 'U':
		return 0, 0
	}
	end := n
	for end < len(s) && end < n+most && strings.IndexByte(digits, s[end]) >= 0 {
		end++
	}
	if end == n { // any other character stands for itself
		return s[0], 1
	}
	number, err := strconv.ParseUint(s[n:end], base, 7)
	if err != nil || number == 0 {
		return 0, 0
	}
	return byte(number), end
}

func (p *parser) reset() (Command, error) {
	switch {
	case p.take("ALL"):
		return Command{Kind: ResetAll}, nil
	case p.take("TIME", "ZONE"):
		return Command{Kind: Reset, Name: "timezone"}, nil
	case p.take("SESSION", "AUTHORIZATION"):
		return Command{Kind: SetNothing}, nil
	}
	name, err := p.setting()
	return Command{Kind: Reset, Name: name}, err
}

// show leaves what is about tables and grants to the gateway.
func (p *parser) show() (Command, error) {
	switch p.word() {
	case "TABLES", "SCHEMAS", "DATABASES", "GRANTS", "COLUMNS":
		return Command{}, nil
	}
	switch {
	case p.take("ALL") && p.done():
		return Command{Kind: ShowAll}, nil
	case p.take("TIME", "ZONE"):
		return Command{Kind: Show, Name: "timezone"}, nil
	case p.take("TRANSACTION", "ISOLATION", "LEVEL"):
		return Command{Kind: Show, Name: "transaction_isolation"}, nil
	case p.take("SESSION", "AUTHORIZATION"):
		return Command{Kind: Show, Name: "session_authorization"}, nil
	}
	if p.done() {
		return Command{}, nil
	}
	name, err := p.setting()
	if err != nil || !p.done() {
		return Command{}, nil
	}
	return Command{Kind: Show, Name: name}, nil
}

func (p *parser) discard() (Command, error) {
	switch {
	case p.take("ALL"):
		return Command{Kind: DiscardAll}, nil
	case p.take("PLANS"), p.take("SEQUENCES"), p.take("TEMP"), p.take("TEMPORARY"):
		return Command{Kind: Discard}, nil
	}
	return Command{}, p.unexpected()
}

func (p *parser) deallocate() (Command, error) {
	p.take("PREPARE")
	if p.take("ALL") {
		return Command{Kind: DeallocateAll}, nil
	}
	return p.named(Deallocate)
}

func (p *parser) closeCursor() (Command, error) {
	if p.take("ALL") {
		return Command{Kind: CloseAll}, nil
	}
	return p.named(Close)
}

func (p *parser) listen() (Command, error) {
	p.rest()
	return Command{Kind: Listen}, nil
}
