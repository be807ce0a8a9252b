package command

import (
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
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
	ForceQuote bool // of every column
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
		for !p.take(")") {
			name, err := p.name()
			if err != nil {
				return err
			}
			given[strings.ToLower(name)] = "true"
			if !p.peek().Is(p.text, ",") && !p.peek().Is(p.text, ")") {
				if !p.take("*") {
					if given[strings.ToLower(name)], err = p.value(); err != nil {
						return err
					}
				}
			}
			p.take(",")
		}
	} else if err := p.oldOptions(given); err != nil {
		return err
	}
	return p.copyForm(c, given)
}

// oldOptions reads the options as they were written before PostgreSQL 9.
func (p *parser) oldOptions(given map[string]string) error {
	for !p.done() {
		switch word := p.word(); word {
		case "CSV", "BINARY", "TEXT":
			given["format"] = strings.ToLower(word)
			p.pos++
		case "HEADER":
			given["header"] = "true"
			p.pos++
		case "DELIMITER", "NULL", "QUOTE", "ESCAPE":
			p.pos++
			p.take("AS")
			v, err := p.value()
			if err != nil {
				return err
			}
			given[strings.ToLower(word)] = v
		case "FORCE":
			if !p.take("FORCE", "QUOTE", "*") {
				return p.unexpected()
			}
			given["force_quote"] = "true"
		default:
			return p.unexpected()
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
			ok = c.Format == CSVFormat && v == "true"
			c.ForceQuote = ok
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
