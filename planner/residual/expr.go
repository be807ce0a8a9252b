package residual

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// join makes the value of an expression of its parts'.
func join(text string, parts ...value) value {
	v := value{text: text}
	for _, p := range parts {
		v.size += p.size
		v.once = v.once || p.once
		v.volatile = v.volatile || p.volatile
		v.subquery = v.subquery || p.subquery
	}
	return v
}

func list(values []value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = v.text
	}
	return strings.Join(texts, ", ")
}

func (w *writer) exprs(b *block, list []ir.Expr) []value {
	out := make([]value, len(list))
	for i, e := range list {
		out[i] = w.expr(b, e)
	}
	return out
}

// expr writes an expression over the block's columns. The text is closed: whatever
// stands beside it, it is read as one. Its size is 0 when it reads no column.
func (w *writer) expr(b *block, e ir.Expr) value {
	switch e := e.(type) {
	case *ir.Ref:
		v, ok := b.cols[e.ID]
		if !ok {
			w.unsupported("a column that is not there")
		}
		return v
	case *ir.Const:
		return value{text: w.constant(e.Value)}
	case *ir.Param:
		return value{text: "CAST($" + strconv.Itoa(e.Number) + " AS " + w.typeName(e.Typ) + ")"}
	case *ir.Func:
		return w.function(b, e)
	case *ir.Agg, *ir.WindowCall:
		w.unsupported("a call in the wrong place")
		return value{}
	}
	args := w.exprs(b, e.Args())
	v := join(w.form(e, args), args...)
	if v.size > 0 {
		v.size++
	}
	if c, ok := e.(*ir.Cast); ok {
		v.wary = wary(c.Arg.Type().Kind, c.Typ.Kind)
	}
	return v
}

// wary tells the casts that DuckDB 1.5.5 undoes wrongly where their result is
// compared with a constant: it casts the constant instead, the one to NULL, the
// other without the time zone. It does not see them in a derived table.
func wary(from, to catalog.Kind) bool {
	return from == catalog.TimestampTZ && to == catalog.Text || from == catalog.Date && to == catalog.TimestampTZ
}

// form writes what is no function's call.
func (w *writer) form(e ir.Expr, args []value) string {
	switch e := e.(type) {
	case *ir.Cast:
		word := "CAST("
		if e.Try {
			word = "TRY_CAST("
		}
		return word + args[0].text + " AS " + w.typeName(e.Typ) + ")"
	case *ir.Compare:
		return "(" + args[0].text + " " + e.Op.String() + " " + args[1].text + ")"
	case *ir.And:
		return w.chain(args, " AND ", "true")
	case *ir.Or:
		return w.chain(args, " OR ", "false")
	case *ir.Not:
		return "(NOT " + args[0].text + ")"
	case *ir.IsNull:
		if e.Negated {
			return "(" + args[0].text + " IS NOT NULL)"
		}
		return "(" + args[0].text + " IS NULL)"
	case *ir.In:
		return w.in(e, args)
	case *ir.Coalesce:
		return "COALESCE(" + list(args) + ")"
	case *ir.Case:
		text := "(CASE"
		for i := range e.When {
			text += " WHEN " + args[2*i].text + " THEN " + args[2*i+1].text
		}
		return text + " ELSE " + args[len(args)-1].text + " END)"
	}
	w.unsupported(fmt.Sprintf("%T", e))
	return ""
}

func (w *writer) chain(args []value, word, none string) string {
	if len(args) == 0 {
		return typed(none, "BOOLEAN")
	}
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.text
	}
	return "(" + strings.Join(texts, word) + ")"
}

func (w *writer) in(e *ir.In, args []value) string {
	if len(args) < 2 {
		w.unsupported("an empty IN")
		return ""
	}
	word := " IN ("
	if e.Negated {
		word = " NOT IN ("
	}
	return "(" + args[0].text + word + list(args[1:]) + "))"
}

// function calls a function by its quoted name, operators too.
func (w *writer) function(b *block, e *ir.Func) value {
	if text, v, ok := w.decimal(b, e); ok {
		v.text = text
		return v
	}
	args := w.exprs(b, e.List)
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.text
	}
	named := 0 // how many of the last arguments are fields of the result
	switch e.Name {
	case "struct_pack":
		named = len(args)
	case "struct_insert":
		named = len(args) - 1
	case "struct_update", "union_value":
		w.unsupported("the function " + e.Name)
	}
	for i := range named {
		at := len(e.Typ.Fields) - named + i
		if e.Typ.Kind != catalog.Struct || at < 0 {
			w.unsupported("the function " + e.Name)
			break
		}
		k := len(args) - named + i
		texts[k] = w.ident(e.Typ.Fields[at].Name) + " := " + texts[k]
	}
	v := join(w.ident(e.Name)+"("+strings.Join(texts, ", ")+")", args...)
	return w.sized(v, ir.VolatileFunction(e.Name))
}

func (w *writer) sized(v value, volatile bool) value {
	if v.size > 0 {
		v.size++
	}
	if volatile {
		v.once, v.volatile, v.size = true, true, v.size+1
	}
	return v
}
