package grantsql

import (
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/lex"
)

// clause is what may stand behind a grantee. Each stands once, in any order.
type clause struct {
	words []string // it begins with
	next  lex.Kind // and then comes; End for anything
	read  func(*parser) error
}

// allClauses lists the clauses in the order in which statements are written.
func allClauses() []clause {
	return []clause{
		{[]string{"FOR", "PURPOSE"}, lex.End, func(p *parser) error { return p.purposes(&p.s.Grant.Purposes) }},
		{[]string{"IN", "MODE"}, lex.End, (*parser).modes},
		{[]string{"WHERE"}, lex.End, (*parser).where},
		{[]string{"FROM"}, lex.Text, func(p *parser) error { return p.instant(&p.s.Grant.From, "from") }},
		{[]string{"UNTIL"}, lex.Text, func(p *parser) error { return p.instant(&p.s.Grant.Until, "until") }},
		{[]string{"HOURS"}, lex.Text, (*parser).hours},
		{[]string{"KEYS", "TO"}, lex.End, (*parser).keys},
		{[]string{"QUOTA"}, lex.Number, (*parser).quota},
	}
}

// clauseAt gives the clause that begins at a token, nil for none. Its shape is looked at
// too: in a row filter a column may be called until.
func (p *parser) clauseAt(pos int) *clause {
	for i := range p.known {
		c := &p.known[i]
		begins := true
		for n, w := range c.words {
			begins = begins && p.tokens[min(pos+n, len(p.tokens)-1)].Is(w)
		}
		if begins && (c.next == lex.End || p.tokens[min(pos+len(c.words), len(p.tokens)-1)].Kind == c.next) {
			return c
		}
	}
	return nil
}

// clauses reads what stands behind the grantee, up to the end.
func (p *parser) clauses() error {
	seen := map[*clause]bool{}
	for p.peek().Kind != lex.End {
		c := p.clauseAt(p.pos)
		if c == nil {
			return p.clauseWanted()
		}
		if seen[c] {
			return p.wrong("grants_twice", msg.Args{"What": strings.Join(c.words, " ")}, p.peek().From)
		}
		seen[c] = true
		p.pos += len(c.words)
		if err := c.read(p); err != nil {
			return err
		}
	}
	if len(p.s.Grant.Purposes) == 0 {
		return p.wants("FOR PURPOSE '…'")
	}
	if len(p.s.Grant.Modes) == 0 {
		p.s.Grant.Modes = []string{string(catalog.Interface)}
	}
	return nil
}

// clauseWanted says which clauses there are, or what one that began lacks.
func (p *parser) clauseWanted() error {
	var all []string
	for _, c := range p.known {
		if p.peek().Is(c.words[0]) {
			p.pos++
			switch {
			case len(c.words) > 1:
				return p.wants(c.words[1])
			default:
				return p.wants("'…'")
			}
		}
		all = append(all, strings.Join(c.words, " "))
	}
	return p.wants(strings.Join(all, ", "))
}

func (p *parser) modes() error {
	for {
		t := p.peek()
		mode := strings.ToLower(t.Value)
		if t.Kind != lex.Word || !slices.Contains(catalog.Modes(), catalog.Mode(mode)) {
			var all []string
			for _, m := range catalog.Modes() {
				all = append(all, string(m))
			}
			return p.wants(strings.Join(all, ", "))
		}
		if slices.Contains(p.s.Grant.Modes, mode) {
			return p.wrong("grants_twice", msg.Args{"What": mode}, t.From)
		}
		p.pos++
		p.s.places["modes"] = t.From
		p.s.Grant.Modes = append(p.s.Grant.Modes, mode)
		if !p.take(",") {
			return nil
		}
	}
}

// where takes the row filter: everything up to the next clause that stands outside of
// parentheses, or to the end.
func (p *parser) where() error {
	first := p.pos
	depth := 0
	for ; p.peek().Kind != lex.End; p.pos++ {
		switch t := p.peek(); {
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth < 0 {
				return p.wrong("grants_parentheses", nil, t.From)
			}
		case t.Is(";"):
			return p.wrong("grants_too_much", nil, t.From)
		}
		if depth == 0 && p.clauseAt(p.pos) != nil && !p.distinctFrom() {
			break
		}
	}
	if depth > 0 {
		return p.wants(")")
	}
	if p.pos == first {
		return p.wants("WHERE …")
	}
	p.s.places["where"] = p.tokens[first].From
	p.s.Grant.Where = p.text[p.tokens[first].From:p.tokens[p.pos-1].To]
	return nil
}

// distinctFrom reports that the FROM at hand is one of IS [NOT] DISTINCT FROM.
func (p *parser) distinctFrom() bool {
	return p.pos > 0 && p.peek().Is("FROM") && p.tokens[p.pos-1].Is("DISTINCT")
}

// Forms of dates and times: a day begins at its midnight.
var instants = []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05"}

// instant reads a date or time in single quotes.
func (p *parser) instant(to *string, part string) error {
	t := p.peek()
	at, err := time.Parse(time.RFC3339Nano, t.Value)
	for _, form := range instants {
		if err == nil {
			break
		}
		at, err = time.ParseInLocation(form, t.Value, p.zone)
	}
	if err != nil {
		return p.wants("'2027-06-30', '2027-06-30 18:00', '2027-06-30T18:00:00+08:00'")
	}
	p.pos++
	p.s.places[part] = t.From
	*to = at.UTC().Format(time.RFC3339Nano)
	return nil
}

func (p *parser) hours() error {
	t := p.peek()
	p.pos++
	p.s.places["hours"] = t.From
	p.s.Grant.Hours = t.Value
	return nil
}

// anyWord stands for every agency.
const anyWord = "ANY"

// keys reads ANY or names of agencies.
func (p *parser) keys() error {
	if p.take(anyWord) {
		p.s.Grant.KeysTo = []string{catalog.AnyAgency}
		return nil
	}
	for {
		t := p.peek()
		name, err := p.name("ANY, agency")
		if err != nil {
			return err
		}
		if name == catalog.AnyAgency { // in quotes it is a name, and no agency has it
			return p.wrong("grants_wants", msg.Args{"What": "ANY, agency"}, t.From)
		}
		if slices.Contains(p.s.Grant.KeysTo, name) {
			return p.wrong("grants_twice", msg.Args{"What": name}, t.From)
		}
		p.s.places["keys_to/"+name] = t.From
		p.s.Grant.KeysTo = append(p.s.Grant.KeysTo, name)
		if !p.take(",") {
			return nil
		}
	}
}

// quota reads how many rows and statements a day.
func (p *parser) quota() error {
	p.s.places["quota"] = p.peek().From
	for {
		n, err := p.number()
		if err != nil {
			return err
		}
		to := &p.s.Grant.Quota.Rows
		t := p.peek()
		switch {
		case p.take("ROWS"):
		case p.take("QUERIES"):
			to = &p.s.Grant.Quota.Queries
		default:
			return p.wants("ROWS, QUERIES")
		}
		if *to != 0 {
			return p.wrong("grants_twice", msg.Args{"What": t.Value}, t.From)
		}
		*to = n
		if !p.take(",") {
			return nil
		}
	}
}
