package grantsql

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/lex"
)

// maxStatement is the longest statement, in bytes.
const maxStatement = 1 << 20

// Parse reads a statement, without semicolons at its end. Dates and times without a
// zone are of zone's clock. Errors are *errs.Error with their place in the text.
func Parse(text string, zone *time.Location) (*Statement, error) {
	if len(text) > maxStatement {
		return nil, errs.New(errs.StatementTooComplex, "gate_text_too_long", msg.Args{"Max": maxStatement})
	}
	tokens, err := lex.Tokens(text)
	if err != nil {
		e := errs.New(errs.SyntaxError, "grants_unreadable", nil)
		e.Pos = errs.From(err).Pos
		return nil, e
	}
	p := &parser{text: text, tokens: tokens, zone: zone, known: allClauses(), s: &Statement{text: text, places: map[string]int{}}}
	if err := p.statement(); err != nil {
		return nil, err
	}
	return p.s, nil
}

type parser struct {
	text   string
	tokens []lex.Token // ends with one of kind End
	pos    int
	zone   *time.Location
	known  []clause
	s      *Statement
}

func (p *parser) peek() lex.Token { return p.ahead(0) }

// ahead gives the token n places further on; behind the last one End.
func (p *parser) ahead(n int) lex.Token { return p.tokens[min(p.pos+n, len(p.tokens)-1)] }

// take moves over words and signs, all of them or none.
func (p *parser) take(words ...string) bool {
	for n, w := range words {
		if !p.ahead(n).Is(w) {
			return false
		}
	}
	p.pos += len(words)
	return true
}

// wants is the error that says what should stand at the next token.
func (p *parser) wants(what string) error {
	return errs.New(errs.SyntaxError, "grants_wants", msg.Args{"What": what}).At(p.text, p.peek().From)
}

func (p *parser) wrong(id string, args msg.Args, at int) error {
	return errs.New(errs.SyntaxError, id, args).At(p.text, at)
}

func (p *parser) statement() error {
	switch {
	case p.take("GRANT"):
		return p.grant()
	case p.take("REVOKE"):
		return p.revoke()
	case p.take("SHOW", "GRANTS"):
		return p.show()
	}
	return p.wants("GRANT, REVOKE, SHOW GRANTS")
}

func (p *parser) grant() error {
	p.s.Kind = Grant
	p.s.Grant.Items = map[string]string{}
	if !p.take("SELECT") {
		return p.wants("SELECT (…)")
	}
	if err := p.list(p.grantedItem); err != nil {
		return err
	}
	if err := p.on(); err != nil {
		return err
	}
	if !p.take("TO") {
		return p.wants("TO AGENCY …, TO PRINCIPAL …, TO APPLICATION …")
	}
	if err := p.grantee(); err != nil {
		return err
	}
	return p.clauses()
}

// list reads items in parentheses. Each is named: there is no * of what may be added
// to the resource one day.
func (p *parser) list(item func() error) error {
	if !p.take("(") || p.peek().Is("*") {
		return p.wants("(item, …)")
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.take(")") {
			return nil
		}
		if !p.take(",") {
			return p.wants(", )")
		}
	}
}

func (p *parser) grantedItem() error {
	t := p.peek()
	name, err := p.name("item")
	if err != nil {
		return err
	}
	for before := range p.s.Grant.Items {
		if catalog.SameName(before, name) {
			return p.wrong("grants_twice", msg.Args{"What": name}, t.From)
		}
	}
	p.s.places["items/"+name] = t.From
	use := string(catalog.Clear)
	switch {
	case p.take("MASKED"):
		if !p.take("WITH") {
			return p.wants("WITH")
		}
		mask, err := p.mask()
		if err != nil {
			return err
		}
		use = string(catalog.Masked) + " " + mask
	case p.take("TOKEN"):
		use = string(catalog.Tokenized)
		if kind := p.peek(); kind.Kind == lex.Word {
			p.pos++
			use += " " + strings.ToLower(kind.Value)
		}
	case p.take("CLEAR"):
	}
	p.s.Grant.Items[name] = use
	return nil
}

// mask reads the name of a built-in mask, or (EXPRESSION) AS TYPE.
func (p *parser) mask() (string, error) {
	t := p.peek()
	if t.Is("(") {
		return p.maskExpression()
	}
	if t.Kind != lex.Word {
		return "", p.wants("id_no, name, phone, …, (…) AS text")
	}
	p.pos++
	return strings.ToLower(t.Value), nil
}

// maskExpression reads (EXPRESSION) AS TYPE, and gives it as a document has it.
func (p *parser) maskExpression() (string, error) {
	open := p.pos
	depth := 0
	for {
		switch t := p.peek(); {
		case t.Kind == lex.End:
			return "", p.wants(")")
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		}
		p.pos++
		if depth == 0 {
			break
		}
	}
	first, last := p.tokens[open+1], p.tokens[p.pos-2]
	if p.pos-open < 3 {
		return "", p.wrong("grants_wants", msg.Args{"What": "(…) AS text"}, p.tokens[open].From)
	}
	if !p.take("AS") {
		return "", p.wants("AS text, AS date, …")
	}
	t := p.peek()
	if t.Kind != lex.Word {
		return "", p.wants("text, date, …")
	}
	p.pos++
	return p.text[first.From:last.To] + " as " + strings.ToLower(t.Value), nil
}

// name reads a name, in double quotes or without.
func (p *parser) name(what string) (string, error) {
	t := p.peek()
	if (t.Kind != lex.Word && t.Kind != lex.Quoted) || t.Value == "" {
		return "", p.wants(what)
	}
	p.pos++
	return t.Value, nil
}

func (p *parser) on() error {
	if !p.take("ON") {
		return p.wants("ON agency.resource")
	}
	return p.resource()
}

// resource reads agency.resource.
func (p *parser) resource() error {
	p.s.places["resource"] = p.peek().From
	agency, err := p.name("agency.resource")
	if err != nil {
		return err
	}
	if !p.take(".") {
		return p.wants(".")
	}
	own, err := p.name("agency.resource")
	if err != nil {
		return err
	}
	if strings.Contains(agency, ".") { // no agency has such a name, and joined it would be another one's
		return p.wrong("grants_wants", msg.Args{"What": "agency.resource"}, p.s.places["resource"])
	}
	p.s.Resource = agency + "." + own
	return nil
}

// grantee reads AGENCY name, PRINCIPAL login or APPLICATION login.
func (p *parser) grantee() (err error) {
	for _, kind := range []string{toAgency, toPrincipal, toApplication} {
		if !p.take(kind) {
			continue
		}
		p.s.places["grantee"] = p.peek().From
		p.s.Grantee.Kind = kind
		if kind == toAgency {
			p.s.Grantee.Name, err = p.name("agency")
		} else {
			p.s.Grantee.Name, err = p.login()
		}
		return err
	}
	return p.wants("AGENCY …, PRINCIPAL …, APPLICATION …")
}

// login reads a login: in quotes of either kind, or words with points between them.
func (p *parser) login() (string, error) {
	t := p.peek()
	if t.Kind == lex.Text && t.Value != "" {
		p.pos++
		return t.Value, nil
	}
	login, err := p.name("login")
	if err != nil || t.Kind == lex.Quoted {
		return login, err
	}
	for p.peek().Is(".") && p.peek().From == p.tokens[p.pos-1].To && p.ahead(1).Kind == lex.Word && p.ahead(1).From == p.peek().To {
		login += "." + p.ahead(1).Value
		p.pos += 2
	}
	if next := p.peek(); next.From == p.tokens[p.pos-1].To && next.Kind != lex.End {
		return "", p.wrong("grants_login_quotes", nil, t.From)
	}
	return login, nil
}

// purposes reads codes in single quotes with commas between them.
func (p *parser) purposes(to *[]string) error {
	for {
		t := p.peek()
		if t.Kind != lex.Text || !catalog.IsPurposeCode(t.Value) {
			return p.wants("'DB-HC'")
		}
		p.pos++
		if slices.Contains(*to, t.Value) {
			return p.wrong("grants_twice", msg.Args{"What": t.Value}, t.From)
		}
		p.s.places["purposes/"+t.Value] = t.From
		*to = append(*to, t.Value)
		if !p.take(",") {
			return nil
		}
	}
}

// revoke reads REVOKE [SELECT [(…)]] ON … FROM … [FOR PURPOSE …].
func (p *parser) revoke() error {
	p.s.Kind = Revoke
	if p.take("SELECT") && p.peek().Is("(") {
		if err := p.list(p.revokedItem); err != nil {
			return err
		}
	}
	if err := p.on(); err != nil {
		return err
	}
	if !p.take("FROM") {
		return p.wants("FROM AGENCY …, FROM PRINCIPAL …, FROM APPLICATION …")
	}
	if err := p.grantee(); err != nil {
		return err
	}
	if p.take("FOR") {
		if !p.take("PURPOSE") {
			return p.wants("PURPOSE '…'")
		}
		if err := p.purposes(&p.s.Purposes); err != nil {
			return err
		}
	}
	return p.end()
}

func (p *parser) revokedItem() error {
	t := p.peek()
	name, err := p.name("item")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(p.s.Items, func(before string) bool { return catalog.SameName(before, name) }) {
		return p.wrong("grants_twice", msg.Args{"What": name}, t.From)
	}
	p.s.places["items/"+name] = t.From
	p.s.Items = append(p.s.Items, name)
	return nil
}

// show reads SHOW GRANTS [ON …] [TO …].
func (p *parser) show() error {
	p.s.Kind = Show
	if p.take("ON") {
		if err := p.resource(); err != nil {
			return err
		}
	}
	if p.take("TO") {
		if err := p.grantee(); err != nil {
			return err
		}
	}
	return p.end()
}

func (p *parser) end() error {
	if p.peek().Kind != lex.End {
		return p.wrong("grants_too_much", nil, p.peek().From)
	}
	return nil
}

// number reads a whole number above 0.
func (p *parser) number() (int64, error) {
	t := p.peek()
	n, err := strconv.ParseInt(t.Value, 10, 64)
	if t.Kind != lex.Number || err != nil || n <= 0 {
		return 0, p.wants("1, 2, 3, …")
	}
	p.pos++
	return n, nil
}

func unknown(kind string) error {
	return errs.New(errs.UnknownName, "store_unknown", msg.Args{"Kind": kind})
}
