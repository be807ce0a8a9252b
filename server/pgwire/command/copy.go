package command

import (
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/sqltext"
)

// Format is a form of COPY.
type Format uint8

// The forms.
const (
	TextFormat Format = iota
	CSVFormat
	BinaryFormat
)

// CopyOptions are what a COPY says of its form.
type CopyOptions struct {
	Format     Format
	Header     bool
	Delimiter  byte
	Null       string
	Quote      byte
	Escape     byte
	ForceQuote bool     // of every column
	Forced     []string // the columns that are quoted, where not all are
}

// copy reads COPY (query) TO STDOUT and COPY table TO STDOUT: nothing is ever written here,
// nor read from a file or a program.
func (p *parser) copy() (Command, error) {
	c := Command{Kind: Copy}
	start := p.peek()
	if p.take("(") {
		if err := p.copyQuery(&c); err != nil {
			return c, err
		}
	} else if err := p.copyTable(&c); err != nil {
		return c, err
	}
	switch {
	case p.word() == "FROM":
		return c, errs.New(errs.ReadOnly, "gate_read_only_word", msg.Args{"Keyword": "COPY"}).At(p.text, start.Start)
	case !p.take("TO"):
		return c, p.unexpected()
	case !p.take("STDOUT"):
		return c, errs.New(errs.NotAllowed, "pgwire_copy_to", nil).At(p.text, p.peek().Start)
	}
	return c, p.copyOptions(&c)
}

func (p *parser) copyQuery(c *Command) error {
	first, depth := p.peek().Start, 1
	for ; !p.done(); p.pos++ {
		switch t := p.peek(); {
		case t.Is(p.text, "("):
			depth++
		case t.Is(p.text, ")"):
			depth--
		}
		if depth == 0 {
			c.SQL, c.Offset = p.text[first:p.peek().Start], first
			p.pos++
			return nil
		}
	}
	return p.unexpected()
}

// copyTable writes COPY a.b (c, d) as the query that it means.
func (p *parser) copyTable(c *Command) error {
	first := p.peek()
	for {
		if _, err := p.name(); err != nil {
			return err
		}
		if !p.take(".") {
			break
		}
	}
	table := p.text[first.Start:p.tokens[p.pos-1].End]
	columns := "*"
	if p.take("(") {
		from := p.peek().Start
		for !p.done() && !p.peek().Is(p.text, ")") {
			if _, err := p.name(); err != nil {
				return err
			}
			p.take(",")
		}
		columns = p.text[from:p.peek().Start]
		if !p.take(")") {
			return p.unexpected()
		}
	}
	c.SQL, c.Offset = "SELECT "+columns+" FROM "+table, -1
	return nil
}

func (p *parser) copyOptions(c *Command) error {
	c.Delimiter, c.Null, c.Quote = '\t', `\N`, '"'
	given := map[string]string{}
	p.take("WITH")
	if p.take("(") {
		for {
			if err := p.copyOption(c, given); err != nil {
				return err
			}
			if p.take(")") {
				break
			}
			if !p.take(",") {
				return p.unexpected()
			}
		}
	} else if err := p.oldOptions(c, given); err != nil {
		return err
	}
	return p.copyForm(c, given)
}

// copyOption reads one of the options in parentheses.
func (p *parser) copyOption(c *Command, given map[string]string) error {
	at := p.peek()
	name, err := p.name()
	if err != nil {
		return err
	}
	if name = strings.ToLower(name); name == "force_quote" {
		return p.forced(c, given, at)
	}
	value := ""
	if !p.peek().Is(p.text, ",") && !p.peek().Is(p.text, ")") {
		if value, err = p.value(); err != nil {
			return err
		}
	} else if name == "header" {
		value = "true"
	} else {
		return sqltext.SyntaxErrorAt(p.text, p.peek())
	}
	return p.give(given, name, value, at)
}

// give notes an option, which may be given once.
func (p *parser) give(given map[string]string, name, value string, at sqltext.Token) error {
	if _, twice := given[name]; twice {
		return sqltext.SyntaxErrorAt(p.text, at)
	}
	given[name] = value
	return nil
}

// forced reads of which columns the values are quoted: all or those in a list.
func (p *parser) forced(c *Command, given map[string]string, at sqltext.Token) error {
	if c.ForceQuote = p.take("*"); !c.ForceQuote {
		if !p.take("(") {
			return p.unexpected()
		}
		if err := p.columns(c); err != nil {
			return err
		}
		if !p.take(")") {
			return p.unexpected()
		}
	}
	return p.give(given, "force_quote", "", at)
}

func (p *parser) columns(c *Command) error {
	for {
		name, err := p.name()
		if err != nil {
			return err
		}
		if c.Forced = append(c.Forced, name); !p.take(",") {
			return nil
		}
	}
}

// oldOptions reads the options as they were written before PostgreSQL 9.
func (p *parser) oldOptions(c *Command, given map[string]string) error {
	for !p.done() {
		at := p.peek()
		name, value := strings.ToLower(p.word()), "true"
		p.pos++
		switch name {
		case "csv", "binary":
			name, value = "format", name
		case "header":
		case "delimiter", "null", "quote", "escape", "encoding":
			p.take("AS")
			var err error
			if value, err = p.value(); err != nil {
				return err
			}
		case "force":
			if !p.take("QUOTE") {
				return p.unexpected()
			}
			if c.ForceQuote = p.take("*"); !c.ForceQuote {
				if err := p.columns(c); err != nil {
					return err
				}
			}
			name = "force_quote"
		default:
			return sqltext.SyntaxErrorAt(p.text, at)
		}
		if err := p.give(given, name, value, at); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) copyForm(c *Command, given map[string]string) error {
	wrong := func(name string) error {
		return errs.New(errs.NotSupported, "pgwire_copy_option", msg.Args{"Name": name})
	}
	switch strings.ToLower(given["format"]) {
	case "", "text":
	case "csv":
		c.Format, c.Delimiter, c.Null = CSVFormat, ',', ""
	case "binary":
		c.Format = BinaryFormat
	default:
		return wrong("format")
	}
	for name, v := range given {
		one := len(v) == 1 && v[0] < 0x80 && v != "\n" && v != "\r"
		ok := true
		switch name {
		case "format":
		case "header":
			ok = isOne(v, "true", "on", "1", "false", "off", "0")
			c.Header = isOne(v, "true", "on", "1")
			ok = ok && !(c.Header && c.Format == BinaryFormat)
		case "delimiter":
			if v == `\t` && c.Format == TextFormat {
				v, one = "\t", true
			}
			if ok = one && c.Format != BinaryFormat; ok {
				c.Delimiter = v[0]
			}
		case "null":
			ok = c.Format != BinaryFormat && !strings.ContainsAny(v, "\r\n")
			c.Null = v
		case "quote":
			if ok = one && c.Format == CSVFormat; ok {
				c.Quote = v[0]
			}
		case "escape":
			if ok = one && c.Format == CSVFormat; ok {
				c.Escape = v[0]
			}
		case "force_quote":
			ok = c.Format == CSVFormat
		case "encoding":
			ok = IsUTF8(v)
		default:
			ok = false
		}
		if !ok {
			return wrong(name)
		}
	}
	if c.Escape == 0 {
		c.Escape = c.Quote
	}
	// As PostgreSQL has it: otherwise a reader would take what is written for another value.
	switch {
	case c.Format == BinaryFormat:
	case c.Format == TextFormat && strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, c.Delimiter) >= 0,
		c.Format == CSVFormat && c.Delimiter == c.Quote:
		return wrong("delimiter")
	case strings.IndexByte(c.Null, c.Delimiter) >= 0, c.Format == CSVFormat && strings.IndexByte(c.Null, c.Quote) >= 0:
		return wrong("null")
	}
	return nil
}

func isOne(v string, of ...string) bool {
	for _, o := range of {
		if strings.EqualFold(v, o) {
			return true
		}
	}
	return false
}

// IsUTF8 tells whether a name of an encoding is one of UTF-8's.
func IsUTF8(name string) bool {
	return isOne(strings.NewReplacer("-", "", "_", "", "'", "", " ", "").Replace(name), "utf8", "unicode")
}
