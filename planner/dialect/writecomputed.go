package dialect

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// operand gives a column, or what computes the value of an expression that was judged.
func (w *writer) operand(e ir.Expr, columns map[ir.ColID]operand) operand {
	if r, ok := e.(*ir.Ref); ok {
		return columns[r.ID]
	}
	at := Columns{}
	for id := range ir.RefsOf(e) {
		at[id] = columns[id].place
	}
	c := computer{w: w, columns: columns, at: at}
	before := len(w.values)
	text := w.d.made(c.closed(e), e.Type())
	return operand{text: text, typ: e.Type(), read: true, keyed: true, made: true, binds: len(w.values) > before || binds(e, columns)}
}

// binds reports whether e reads a column with values of its own.
func binds(e ir.Expr, columns map[ir.ColID]operand) bool {
	for id := range ir.RefsOf(e) {
		if columns[id].binds {
			return true
		}
	}
	return false
}

// computer writes what computes a value.
type computer struct {
	w       *writer
	columns map[ir.ColID]operand
	at      Columns
}

// made is a text, and the conditions under which a part of it does not fit its type.
type made struct {
	text   string
	beyond []string
}

// closed writes e with what ends the statement where a part does not fit its type.
func (c computer) closed(e ir.Expr) string {
	m := c.value(e)
	if len(m.beyond) == 0 {
		return m.text
	}
	return c.w.d.guarded(m.text, m.beyond)
}

func (c computer) value(e ir.Expr) made {
	switch e := e.(type) {
	case *ir.Ref:
		return made{text: c.w.d.argument(c.columns[e.ID])}
	case *ir.Const:
		if e.Value.IsNull() {
			return made{text: c.w.d.null(e.Value.Type)}
		}
		text := c.w.d.constant(e.Value.Type, len(c.w.values))
		c.w.bind(e.Value)
		return made{text: text}
	case *ir.Case:
		return made{text: c.cases(e)}
	}
	return c.call(e)
}

// cases writes a CASE, each value of which is looked at only where it is due.
func (c computer) cases(e *ir.Case) string {
	w := c.w
	alone, sieve := w.alone, w.sieve
	w.alone, w.sieve = false, false
	var b strings.Builder
	b.WriteString("(CASE")
	for i := range e.When {
		b.WriteString(" WHEN " + w.condition(e.When[i], c.columns))
		b.WriteString(" THEN " + c.closed(e.Then[i]))
	}
	b.WriteString(" ELSE " + c.closed(e.Else) + " END)")
	w.alone, w.sieve = alone, sieve
	return w.d.looked(b.String(), cellsOf(e, c.columns))
}

func (c computer) call(e ir.Expr) made {
	name, args := callOf(e)
	types := make([]catalog.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	entry := c.w.d.table().find(name, e.Type(), types...)
	if entry == nil { // judged, so there is one
		return made{}
	}
	var out made
	texts := make([]string, len(args))
	for i, a := range args {
		if i > 0 && name == partCoalesce {
			texts[i] = c.closed(a)
			continue
		}
		m := c.value(a)
		texts[i] = m.text
		out.beyond = append(out.beyond, m.beyond...)
	}
	template := entry.Text
	if entry.call != nil {
		template = entry.call(args, e.Type())
	}
	out.text = filled(template, texts, c.w.d.typeName(e.Type()))
	if name == partCoalesce {
		out.text = c.w.d.looked(out.text, cellsOf(e, c.columns))
	}
	if entry.Overflows && entry.open && compute(c.w.d, e, c.at).fails {
		text, beyond := c.w.d.fitted(out.text, e.Type())
		out.text = text
		if beyond != "" {
			out.beyond = append(out.beyond, beyond)
		}
	}
	return out
}

var placeInText = regexp.MustCompile(`#[0-9t*]`)

// filled puts arguments into the text of an entry.
func filled(template string, args []string, result string) string {
	return placeInText.ReplaceAllStringFunc(template, func(place string) string {
		switch place {
		case "#t":
			return result
		case "#*":
			return strings.Join(args, ", ")
		}
		n, _ := strconv.Atoi(place[1:])
		return args[n-1]
	})
}
