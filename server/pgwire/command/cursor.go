package command

import (
	"strconv"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/sqltext"
)

func (p *parser) declare() (Command, error) {
	c, err := p.named(Declare)
	if err != nil {
		return c, err
	}
	for {
		switch {
		case p.take("BINARY"):
			c.Binary = true
			continue
		case p.take("INSENSITIVE"), p.take("ASENSITIVE"), p.take("NO", "SCROLL"):
			continue
		case p.word() == "SCROLL":
			return c, errs.New(errs.NotSupported, "pgwire_scroll", nil).At(p.text, p.peek().Start)
		}
		break
	}
	if !p.take("CURSOR") {
		return c, p.unexpected()
	}
	if p.take("WITH", "HOLD") {
		c.Hold = true
	} else {
		p.take("WITHOUT", "HOLD")
	}
	if !p.take("FOR") || p.done() {
		return c, p.unexpected()
	}
	c.Offset = p.peek().Start
	c.SQL = p.text[c.Offset:p.tokens[len(p.tokens)-1].End]
	p.rest()
	return c, nil
}

// fetch reads FETCH and MOVE, forwards alone: an answer's stream has no way back.
func (p *parser) fetch(kind Kind) (Command, error) {
	c := Command{Kind: kind, Count: 1}
	switch {
	case p.take("NEXT"):
	case p.take("ALL"):
		c.Count = All
	case p.take("FORWARD"):
		if p.take("ALL") {
			c.Count = All
		} else if p.peek().Kind == sqltext.Number {
			if err := p.count(&c); err != nil {
				return c, err
			}
		}
	case p.peek().Kind == sqltext.Number:
		if err := p.count(&c); err != nil {
			return c, err
		}
	case p.word() == "PRIOR", p.word() == "FIRST", p.word() == "LAST", p.word() == "ABSOLUTE", p.word() == "RELATIVE", p.word() == "BACKWARD", p.peek().Is(p.text, "-"):
		return c, errs.New(errs.NotSupported, "pgwire_scroll", nil).At(p.text, p.peek().Start)
	}
	if !p.take("FROM") {
		p.take("IN")
	}
	var err error
	c.Name, err = p.name()
	return c, err
}

func (p *parser) count(c *Command) (err error) {
	c.Count, err = strconv.Atoi(p.peek().Text(p.text))
	if err != nil {
		return p.unexpected()
	}
	p.pos++
	return nil
}
