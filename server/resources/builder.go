package resources

import (
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/server"
)

// builder writes a statement.
type builder struct {
	sql    strings.Builder
	params []server.Param
	fields map[string]string // of the address, by the names of the parameters that have their values
}

func (b *builder) text(sql string) { b.sql.WriteString(sql) }

func (b *builder) name(name string) { b.text(catalog.QuoteIdent(name)) }

func (b *builder) comma(i int) {
	if i > 0 {
		b.text(", ")
	}
}

// compare writes a comparison of an item with a value of its type.
func (b *builder) compare(c catalog.Column, operator, value string) {
	b.params = append(b.params, server.Param{Text: value, Type: c.Type})
	b.name(c.Name)
	b.text(" " + operator + " $" + strconv.Itoa(len(b.params)))
}

func (b *builder) orderBy(order []ordered) {
	for i, c := range order {
		if i == 0 {
			b.text(" ORDER BY ")
		}
		b.comma(i)
		b.name(c.Name)
		b.text(" NULLS LAST")
	}
}

// at keeps the rows of a place.
func (b *builder) at(order []ordered, values []*string) {
	for i, c := range order {
		if i > 0 {
			b.text(" AND ")
		}
		if values[i] == nil {
			b.name(c.Name)
			b.text(" IS NULL")
		} else {
			b.compare(c.Column, "=", *values[i])
		}
	}
}

// after keeps the rows behind a place, in the order in which NULL comes last.
func (b *builder) after(order []ordered, values []*string) {
	first := order[0]
	if len(order) > 1 && first.certain && values[0] != nil {
		// It follows from the rest, and lets the source begin there.
		b.compare(first.Column, ">=", *values[0])
		b.text(" AND ")
	}
	b.text("(")
	b.behind(order, values)
	b.text(")")
}

func (b *builder) behind(order []ordered, values []*string) {
	c, value, last := order[0], values[0], len(order) == 1
	switch {
	case value == nil && last:
		b.text("FALSE")
	case value == nil:
		b.name(c.Name)
		b.text(" IS NULL")
	default:
		b.compare(c.Column, ">", *value)
	}
	if value != nil && !c.certain {
		b.text(" OR ")
		b.name(c.Name)
		b.text(" IS NULL")
	}
	if last {
		return
	}
	if value == nil {
		b.text(" AND (")
	} else {
		b.text(" OR ")
		b.compare(c.Column, "=", *value)
		b.text(" AND (")
	}
	b.behind(order[1:], values[1:])
	b.text(")")
}
