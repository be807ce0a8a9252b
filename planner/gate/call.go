package gate

import (
	"encoding/json"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// takesLambda are the functions whose second argument may be a lambda.
var takesLambda = set("list_transform", "list_apply", "array_transform", "array_apply", "apply", "list_filter", "array_filter", "filter",
	"list_reduce", "array_reduce", "reduce")

// maxLambdas is how deep lambdas may stand in lambdas.
const maxLambdas = 10

// maxLambdaWork is how many steps a lambda over a constant list may take while
// DuckDB binds.
const maxLambdaWork = 1_000_000

// call measures a function call.
func (m *measurer) call(o object, s *scope) (estimate, error) {
	e, err := m.arguments(o, s)
	if err != nil {
		return e, err
	}
	m.visit(o)
	name := strings.ToLower(text(o, "function_name"))
	f := functions[name]
	if f.copies > 1 {
		e.units = saturate(e.units * int64(f.copies))
	}
	if f.aggregate && !f.scalar || f.volatile || isUnnest(name) {
		e.constant, e.once = false, false
		e.settle()
	}
	if err := m.checkAmount(name, o, e.args); err != nil {
		return e, err
	}
	e.leaves = typeOfCall(name, e.args)
	if matchesPattern[name] && len(e.args) > 1 && e.args[1].constant {
		e.units = saturate(e.units + patternCost(argument(o, 1)))
	}
	if e.constant {
		e.bytes, e.elems, err = m.sizeOf(name, o, e)
		e.sure = sureElems(name, e.args, e.elems)
		if err == nil {
			err = m.checkFolded(e)
		}
		return e, err
	}
	if e.made = product(e.made, int64(max(f.copies, 1))); err == nil {
		e.bytes, e.elems, err = m.rowSize(name, o, e.args)
		e.sure = sureElems(name, e.args, 0)
	}
	if name == "replace" {
		e.replace(o)
	}
	if err == nil && !refers[name] && !picks[name] && (!f.aggregate || f.scalar || joins[name]) {
		err = m.grow(&e, s)
	}
	return e, err
}

// arguments measures a call's arguments, FILTER and ORDER BY. A method's object
// counts as the first argument.
func (m *measurer) arguments(o object, s *scope) (estimate, error) {
	sum := estimate{leaves: 1, constant: true, once: true}
	if column := methodOf(o); column != nil {
		e := m.columnRef(column, s)
		sum.args = append(sum.args, e)
		sum.join(e)
	}
	name := strings.ToLower(text(o, "function_name"))
	for i, kid := range list(o, "children") {
		var e estimate
		var err error
		if lambda := asObject(kid); takesLambda[name] && text(lambda, "class") == "LAMBDA" && len(sum.args) > 0 {
			e, err = m.lambda(lambda, name, sum.args, list(o, "children")[i+1:], s)
		} else {
			e, err = m.expr(kid, s)
		}
		if err != nil {
			return sum, err
		}
		sum.args = append(sum.args, e)
		sum.join(e)
	}
	extra := []any{o.get("filter")}
	for _, ord := range list(sub(o, "order_bys"), "orders") {
		extra = append(extra, asObject(ord).get("expression"))
	}
	for _, x := range extra {
		if x == nil {
			continue
		}
		e, err := m.expr(x, s)
		if err != nil {
			return sum, err
		}
		sum.join(e)
	}
	sum.settle()
	sum.units, sum.nodes, sum.depth = saturate(sum.units+1-cheaper(list(o, "children"))), saturate(sum.nodes+1), sum.depth+1
	sum.chars = saturate(sum.chars + 24)
	return sum, nil
}

// argument gives the node of a call's argument i; nil for a method's object.
func argument(o object, i int) any {
	kids := list(o, "children")
	if methodOf(o) != nil {
		i--
	}
	if i < 0 || i >= len(kids) {
		return nil
	}
	return kids[i]
}

// methodOf gives the column whose method is called in x.f() or t.x.f(), which
// DuckDB parses as a schema; nil for a real schema and for plain calls.
func methodOf(o object) []string {
	schema, catalog := text(o, "schema"), text(o, "catalog")
	switch strings.ToLower(schema) {
	case "", "main", "pg_catalog", "system":
		return nil
	}
	if catalog != "" {
		return []string{catalog, schema}
	}
	return []string{schema}
}

// lambda measures x -> .. over the list in args[0]. A lambda is bound twice on each
// level of nesting.
func (m *measurer) lambda(o object, function string, args []estimate, initial []any, s *scope) (estimate, error) {
	names, ok := parameters(o.get("lhs"))
	if !ok { // a JSON arrow
		e, err := m.children(s, o.get("lhs"), o.get("expr"))
		e.units = saturate(e.units * 2)
		return e, err
	}
	if m.lambdas++; m.lambdas > maxLambdas {
		return estimate{}, m.tooComplex("gate_too_expanded", m.limits.Expanded)
	}
	defer func() { m.lambdas-- }()
	list := args[0]
	// Of all elements one may hold nearly all of the list's bytes, the others few.
	whole := estimate{units: 1, leaves: max(1, list.leaves-1), constant: list.constant, once: list.once, nodes: 1, depth: 1, bytes: list.bytes}
	if whole.leaves > 1 {
		whole.elems = list.elems
	}
	n := list.elements()
	few := whole
	few.bytes = list.bytes/max(n, 1) + 1
	in := s.inner()
	body, err := m.lambdaBody(o, in, names, whole)
	if err != nil {
		return body, err
	}
	e := body
	e.units, e.nodes, e.depth, e.args = saturate(body.units*2+1), saturate(body.nodes+1), body.depth+1, nil
	e.constant, e.once = body.constant && list.constant, body.once && list.once
	if e.work = product(body.work+body.nodes, max(list.elems, 1)); list.constant && e.work > maxLambdaWork {
		return e, m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	if !e.constant {
		return m.eachRow(o, in, names, function, list, few, e, initial, s)
	}
	if strings.HasSuffix(function, "reduce") {
		return m.reduce(o, in, names, list, few, e, initial, s)
	}
	small, err := m.lambdaBody(o, in, names, few)
	e.bytes = saturate(body.bytes + product(list.elems, small.bytes))
	e.elems = list.elems
	return e, err
}

// eachRow gives the size of what a lambda makes of the list of one row.
func (m *measurer) eachRow(o object, in *scope, names []string, function string, list, few, e estimate, initial []any, s *scope) (estimate, error) {
	n := list.elements()
	if len(e.bodies) > 0 { // DuckDB takes no subquery there, and a second look would count its tables twice
		return e, nil
	}
	switch {
	case strings.HasSuffix(function, "filter"):
		e.bytes, e.elems = saturate(list.bytes+16*n), list.elems
		return e, nil
	case strings.HasSuffix(function, "reduce"):
		acc := few
		if len(initial) > 0 {
			first, err := m.expr(initial[0], s)
			if err != nil {
				return e, err
			}
			acc.bytes = max(acc.bytes, first.bytes)
		}
		if !list.constant {
			n = max(n, columnElems)
		}
		bytes, err := m.reduced(o, in, names, n, few, acc)
		e.bytes, e.elems = saturate(bytes+list.bytes), 0
		return e, err
	}
	small, err := m.lambdaBody(o, in, names, few)
	e.bytes, e.elems = saturate(e.bytes+product(n, max(small.bytes, 16))), n
	return e, err
}

func (m *measurer) lambdaBody(o object, in *scope, names []string, element estimate) (estimate, error) {
	in.lambda = map[string]estimate{}
	for _, n := range names {
		in.lambda[asciiLower(n)] = element
	}
	return m.expr(o.get("expr"), in)
}

// reduce runs a reduction's sizes: what one step gives is what the next one starts
// from.
func (m *measurer) reduce(o object, in *scope, names []string, list, element, e estimate, initial []any, s *scope) (estimate, error) {
	acc := element
	if len(initial) > 0 {
		first, err := m.expr(initial[0], s)
		if err != nil {
			return e, err
		}
		acc.bytes, acc.elems, acc.leaves = max(acc.bytes, first.bytes), first.elems, first.leaves
	}
	for range list.elems {
		in.lambda = map[string]estimate{}
		for _, n := range names {
			in.lambda[asciiLower(n)] = element
		}
		in.lambda[asciiLower(names[0])] = acc
		got, err := m.expr(o.get("expr"), in)
		if err != nil {
			return e, err
		}
		if got.bytes <= acc.bytes && got.elems <= acc.elems {
			break
		}
		acc.bytes, acc.elems = got.bytes, got.elems
		if err := m.checkFolded(acc); err != nil {
			return e, err
		}
	}
	e.bytes, e.elems = saturate(acc.bytes+list.bytes), acc.elems
	return e, nil
}

// parameters gives a lambda's parameters; ok is false if the left side is none.
func parameters(lhs any) ([]string, bool) {
	o := asObject(lhs)
	if text(o, "class") == "COLUMN_REF" {
		names := texts(o, "column_names")
		return names, len(names) == 1
	}
	if text(o, "class") != "FUNCTION" || text(o, "function_name") != "row" {
		return nil, false
	}
	var all []string
	for _, k := range list(o, "children") {
		names := texts(asObject(k), "column_names")
		if len(names) != 1 {
			return nil, false
		}
		all = append(all, names[0])
	}
	return all, len(all) > 0
}

func (m *measurer) fail(code errs.Code, id string, args msg.Args) error {
	return errs.New(code, id, args).At(m.tree.SQL, m.at)
}

func (m *measurer) unknown(id, name string) error {
	return m.fail(errs.UnknownName, id, msg.Args{"Name": name})
}

// checkFolded refuses a constant whose value is too large.
func (m *measurer) checkFolded(e estimate) error {
	if e.constant && (e.bytes > int64(m.limits.ValueBytes) || e.elems > int64(m.limits.ValueBytes)/8) {
		return m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	return nil
}

func wholeNumber(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}
