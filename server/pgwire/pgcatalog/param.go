package pgcatalog

import (
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// params gives a statement's parameters in order. One whose type DuckDB cannot tell is text,
// or a list of texts.
func params(text string, types map[string]catalog.Type) []planner.Param {
	tokens, _ := sqltext.Tokens(text) // DuckDB has read it
	lists := listed(text, tokens)
	out := make([]planner.Param, 0, len(types))
	for i := range len(types) {
		name := strconv.Itoa(i + 1)
		t := types[name]
		if !t.Readable() {
			t = catalog.Type{Kind: catalog.Text}
		}
		if lists[name] && t.Kind != catalog.List {
			t = catalog.ListOf(catalog.Type{Kind: catalog.Text})
		}
		out = append(out, planner.Param{Name: name, Type: t})
	}
	return out
}

// written gives a statement with its parameters' values in their places, as literals, so
// that names of types and settings, patterns and lists are read as if the client had written
// them there. What comes out is judged again.
func written(text string, types map[string]catalog.Type, got []server.Param) (string, error) {
	want := params(text, types)
	if len(want) != len(got) {
		return "", errs.New(errs.ParameterInvalid, "parameter_count", msg.Args{"Want": len(want), "Got": len(got)})
	}
	tokens, err := sqltext.Tokens(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	done := 0
	for _, t := range tokens {
		if t.Kind != sqltext.Placeholder {
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(t.Text(text), "$"))
		if err != nil || n < 1 || n > len(want) {
			return "", errs.New(errs.NotSupported, "pgwire_param_names", nil)
		}
		value, ok := valueText(want[n-1].Type, got[n-1])
		if !ok {
			return "", errs.New(errs.ParameterInvalid, "parameter_value", msg.Args{"Name": want[n-1].Name, "Type": want[n-1].Type.DuckDB()})
		}
		if t := want[n-1].Type; t.Kind != catalog.Text || got[n-1].Null {
			value += "::" + t.DuckDB()
		}
		out.WriteString(text[done:t.Start] + value)
		done = t.End
	}
	return out.String() + text[done:], nil
}

// valueText writes a parameter's value.
func valueText(t catalog.Type, p server.Param) (string, bool) {
	switch {
	case p.Null:
		return "NULL", true
	case t.Kind != catalog.List:
		return literal(p.Text), true
	}
	items, ok := p.Items, p.List
	if !ok { // a text for what the client did not know to be a list
		items, ok = pgvalue.Items(p.Text)
	}
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = "NULL"
		if item != nil {
			list[i] = literal(*item)
		}
	}
	return "[" + strings.Join(list, ", ") + "]", ok
}

// unsaid gives so many parameters that are NULL.
func unsaid(n int) []server.Param {
	out := make([]server.Param, n)
	for i := range out {
		out[i].Null = true
	}
	return out
}
