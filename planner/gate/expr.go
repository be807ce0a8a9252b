package gate

import (
	"reflect"
	"strings"
)

// estimate is what is known of an expression before it is bound.
type estimate struct {
	units   int64 // parts, copies counted
	leaves  int64 // members of its type
	columns int64 // COLUMNS(..) stands in it: it is written once for each of so many

	// Of a constant expression, which DuckDB may compute while it binds:
	constant     bool
	chars        int64 // bytes of its text, about
	nodes, depth int64 // of the expression
	bytes, elems int64 // size of its value, elements if it is a list
	work         int64 // steps that its lambdas take

	// Of any other, bytes and elems are the same for one row, as far as constants say.
	made     int64     // bytes that this and its parts make anew for each row
	replaced *replaced // by replace(..)
	sure     int64     // elements that a list has for certain, constant or not
	once     bool      // it is of constants and parameters alone: DuckDB computes it once, not for each row

	args   []estimate // of a call
	bodies []*body    // of the subqueries in it
}

// bytesPerUnit is how many bytes of names and strings count as one part, and
// leavesPerUnit how many members of a type: both are copied with whatever has them.
const (
	bytesPerUnit  = 256
	leavesPerUnit = 8
)

func plain(units int64) estimate {
	return estimate{units: units, leaves: 1, chars: 16, bytes: columnBytes}
}

// weigh charges what a part carries with it.
func (e *estimate) weigh(names ...string) {
	for _, n := range names {
		e.chars = saturate(e.chars + int64(len(n)) + 1)
		e.units = saturate(e.units + int64(len(n))/bytesPerUnit)
	}
	e.units = saturate(e.units + e.leaves/leavesPerUnit)
}

// foldCost is what computing a constant expression costs, in parts: DuckDB computes
// it again on each level.
func (e estimate) foldCost() int64 {
	if !e.constant || e.depth < 2 {
		return 0
	}
	return saturate(min(e.nodes, saturated>>20) * min(e.depth*e.depth/256, saturated>>20))
}

// root measures an expression that stands for itself: whatever COLUMNS makes of it
// is counted in.
func (m *measurer) root(e any, s *scope) (estimate, error) {
	got, err := m.expr(e, s)
	if err != nil {
		return got, err
	}
	got.units += got.foldCost()
	if got.columns > 1 {
		got.units = saturate(min(got.units, saturated>>20) * min(got.columns, saturated>>20))
		for _, b := range got.bodies {
			b.from[0].factor = saturate(b.from[0].factor * got.columns)
		}
	}
	if got.units > int64(m.limits.Expanded) {
		return got, m.tooComplex("gate_too_expanded", m.limits.Expanded)
	}
	return got, m.add(got)
}

// children measures parts and gives their sum; leaves are those of the largest.
func (m *measurer) children(s *scope, parts ...any) (estimate, error) {
	sum := estimate{leaves: 1, constant: true, once: true, args: make([]estimate, 0, len(parts))}
	for _, p := range parts {
		if p == nil {
			continue
		}
		e, err := m.expr(p, s)
		if err != nil {
			return sum, err
		}
		sum.args = append(sum.args, e)
		sum.join(e)
	}
	sum.settle()
	sum.units, sum.nodes, sum.depth = saturate(sum.units+1-cheaper(parts)), saturate(sum.nodes+1), sum.depth+1
	sum.chars = saturate(sum.chars + 8)
	return sum, nil
}

// cheaper is by how much a list's parts count less because the plain constants
// among them cost a quarter of what other parts cost.
func cheaper(parts []any) int64 {
	n := int64(0)
	for _, p := range parts {
		if _, ok := p.(*constant); ok {
			n++
		}
	}
	return n - (n+3)/4
}

// join adds a part to what holds it.
func (e *estimate) join(part estimate) {
	e.units = saturate(e.units + part.units)
	e.leaves = max(e.leaves, part.leaves)
	e.columns = max(e.columns, part.columns)
	e.constant, e.once = e.constant && part.constant, e.once && part.once
	e.nodes = saturate(e.nodes + part.nodes)
	e.depth = max(e.depth, part.depth)
	e.bytes = saturate(e.bytes + part.bytes)
	e.elems = max(e.elems, part.elems)
	e.work = saturate(e.work + part.work)
	e.made = saturate(e.made + part.made)
	e.chars = saturate(e.chars + part.chars)
	e.bodies = append(e.bodies, part.bodies...)
}

// settle charges what computing the constant parts of an expression costs that is
// not constant as a whole.
func (e *estimate) settle() {
	if e.constant {
		return
	}
	for _, a := range e.args {
		e.units = saturate(e.units + a.foldCost())
	}
	e.nodes, e.depth = 0, 0
}

// truth makes an estimate one of a boolean or a number.
func (e estimate) truth() estimate {
	e.leaves, e.bytes, e.elems = 1, min(e.bytes, 16), 0
	return e
}

func (m *measurer) expr(v any, s *scope) (estimate, error) {
	if c, ok := v.(*constant); ok {
		return constantEstimate(c), nil
	}
	o := asObject(v)
	m.visit(o)
	if m.steps++; m.steps > maxSteps/20 {
		return estimate{}, m.tooComplex("gate_too_expanded", m.limits.Expanded)
	}
	e, err := m.class(o, s)
	e.weigh(text(o, "alias"))
	return e, err
}

func (m *measurer) class(o object, s *scope) (estimate, error) {
	switch class := text(o, "class"); class {
	case "COLUMN_REF":
		return m.columnRef(texts(o, "column_names"), s), nil
	case "FUNCTION":
		return m.call(o, s)
	case "STAR":
		return m.star(o, s)
	case "SUBQUERY":
		return m.subquery(o, s)
	case "OPERATOR":
		return m.operator(o, s)
	case "CASE":
		return m.caseOf(o, s)
	case "CAST":
		return m.cast(o, s)
	case "WINDOW":
		return m.window(o, s)
	case "COLLATE":
		return m.children(s, o.get("child"))
	case "LAMBDA": // not a lambda but a JSON arrow; bound twice
		e, err := m.children(s, o.get("lhs"), o.get("expr"))
		e.units = saturate(e.units * 2)
		if err == nil {
			e.bytes, e.elems = e.args[0].bytes, 0
		}
		return e, err
	case "BETWEEN": // becomes two comparisons, each with the input
		e, err := m.children(s, o.get("input"), o.get("lower"), o.get("upper"))
		if err == nil {
			e.units = saturate(e.units + e.args[0].units)
			e.made = saturate(e.made + e.args[0].made)
		}
		return e.truth(), err
	case "COMPARISON":
		e, err := m.children(s, o.get("left"), o.get("right"))
		return e.truth(), err
	case "CONJUNCTION":
		e, err := m.children(s, list(o, "children")...)
		return e.truth(), err
	}
	if text(o, "class") == "PARAMETER" {
		return m.parameter(text(o, "identifier")), nil
	}
	return plain(1), nil // POSITIONAL_REFERENCE
}

func constantEstimate(c *constant) estimate {
	e := estimate{units: 1, leaves: 1, constant: true, once: true, nodes: 1, depth: 1, bytes: 8}
	if s, ok := c.value.(string); ok {
		e.bytes = int64(len(s))
		e.units += e.bytes / bytesPerUnit
	}
	e.chars = e.bytes + 2
	if l := list(asObject(c.value), "children"); l != nil {
		e.elems = int64(len(l))
		e.bytes = 16 * (e.elems + 1)
	}
	return e
}

// columnRef measures a name: a lambda's parameter, an alias, whose expression DuckDB
// writes in its place, a whole row, or a column.
func (m *measurer) columnRef(names []string, s *scope) estimate {
	first := asciiLower(names[0])
	found := estimate{units: 1, leaves: s.widest(), bytes: columnBytes}
	found.weigh(names...)
	if own, ok := ownValues[first]; ok && own.bare && len(names) == 1 {
		found.constant, found.once, found.nodes, found.depth, found.bytes = true, true, 1, 1, 64
	}
	for in := s; in != nil; in = in.outer {
		if p, ok := in.lambda[first]; ok {
			return p
		}
		if a, ok := in.aliases[first]; ok && len(names) == 1 {
			for _, b := range a.bodies {
				b.from = append(b.from, use{s.body, 1})
			}
			a.leaves = max(a.leaves, found.leaves)
			a.columns = 0
			return a
		}
		for _, r := range in.relations {
			if !found.constant {
				found.bytes = max(found.bytes, r.sizeOf(names))
			}
			// A whole row is named by its table alone, or with the schema before it; what
			// has the table's name before it is a column, no larger than the widest.
			if r.name == asciiLower(names[len(names)-1]) {
				found.leaves = max(found.leaves, r.leaves)
				found.units = max(found.units, r.columns)
			}
		}
	}
	return found
}

// star measures * and COLUMNS(..) as parts of an expression.
func (m *measurer) star(o object, s *scope) (estimate, error) {
	w := s.star(text(o, "relation_name"))
	var parts []any
	for _, r := range list(o, "replace_list") {
		parts = append(parts, asObject(r).get("value"))
	}
	if inner, ok := o.lookup("expr"); ok {
		parts = append(parts, inner)
	}
	e, err := m.children(s, parts...)
	if err != nil {
		return e, err
	}
	out := estimate{units: saturate(e.units + e.foldCost()), leaves: max(w.widest, 1), bodies: e.bodies, bytes: max(columnBytes, w.bytes, e.bytes), made: e.made}
	if flag(o, "columns") {
		out.columns = max(w.columns, 1)
		if inner, ok := o.get("expr").(*constant); ok {
			out.units = saturate(out.units + patternCost(inner))
		}
		return out, nil
	}
	out.units = saturate(out.units + w.columns + w.names/bytesPerUnit + w.leaves/leavesPerUnit)
	// Within COLUMNS(..) a star is the list of the columns' names.
	out.constant, out.nodes, out.depth, out.elems, out.bytes = true, 1, 1, w.columns, saturate(w.columns*128)
	return out, nil
}

// maxSubqueries is how deep subqueries that read something may stand in the expressions of others:
// DuckDB's optimiser takes about three times as long for each level, deaf to
// interrupts (10 levels 1 s, 12 levels 20 s).
const maxSubqueries = 8

func (m *measurer) subquery(o object, s *scope) (estimate, error) {
	if from := sub(sub(sub(o, "subquery"), "node"), "from_table"); text(from, "type") != "EMPTY" {
		m.subqueries++
		defer func() { m.subqueries-- }()
	}
	if m.subqueries > maxSubqueries {
		return estimate{}, m.tooComplex("gate_subqueries_too_deep", maxSubqueries)
	}
	b := newBody(s.body)
	in := s.inner()
	in.body = b
	w, units, err := m.query(sub(sub(o, "subquery"), "node"), in)
	if err != nil {
		return estimate{}, err
	}
	e, err := m.children(s, o.get("child"))
	e.constant, e.once = false, false
	e.settle()
	e.units = saturate(e.units + units)
	e.leaves, e.bytes, e.elems = 1, columnBytes, 0
	if text(o, "subquery_type") == "SCALAR" {
		e.leaves, e.bytes = max(1, w.leaves), max(columnBytes, w.bytes)
	}
	e.bodies = append(e.bodies, b)
	return e, err
}

func (m *measurer) operator(o object, s *scope) (estimate, error) {
	kids := list(o, "children")
	if text(o, "type") == "OPERATOR_UNPACK" { // *COLUMNS(..) becomes that many arguments
		e, err := m.children(s, kids...)
		if err != nil {
			return e, err
		}
		e.units = saturate(e.units + e.columns)
		e.leaves = saturate(e.leaves * max(e.columns, 1))
		e.bytes = product(e.bytes, max(e.columns, 1))
		e.columns, e.constant, e.once = 0, false, false
		return e, nil
	}
	e, err := m.children(s, kids...)
	if err != nil {
		return e, err
	}
	switch text(o, "type") {
	case "OPERATOR_COALESCE":
		e.leaves = mixed(e.args)
		err = m.chosen(&e, s, e.args)
	case "ARRAY_CONSTRUCTOR":
		e.leaves = saturate(1 + mixed(e.args))
		e.elems, e.sure = int64(len(e.args)), int64(len(e.args))
		if !e.constant {
			e.bytes = saturate(e.bytes + 16*e.elems)
			err = m.grow(&e, s)
		}
	case "ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT", "OPERATOR_TRY":
		if len(e.args) > 0 {
			e.leaves = e.args[0].leaves
			if !e.constant {
				e.bytes, e.elems = e.args[0].bytes, e.args[0].elems
			}
		}
		if text(o, "type") == "ARRAY_EXTRACT" && !e.constant {
			e.bytes, e.elems = e.args[0].element(), 0
		}
	default:
		return e.truth(), nil
	}
	if err != nil {
		return e, err
	}
	return e, m.checkFolded(e)
}

func (m *measurer) caseOf(o object, s *scope) (estimate, error) {
	checks := list(o, "case_checks")
	parts := make([]any, 0, 2*len(checks)+1)
	for _, c := range checks {
		parts = append(parts, asObject(c).get("when_expr"), asObject(c).get("then_expr"))
	}
	e, err := m.children(s, append(parts, o.get("else_expr"))...)
	if err == nil {
		e.leaves = mixed(e.args)
		results := e.args[len(e.args)-1:]
		for i := 1; i < len(e.args); i += 2 {
			results = append(results[:len(results):len(results)], e.args[i])
		}
		err = m.chosen(&e, s, results)
	}
	return e, err
}

// chosen makes an estimate that of one of several values. Of texts DuckDB keeps where
// they stand, lists are copied.
func (m *measurer) chosen(e *estimate, s *scope, from []estimate) error {
	if e.constant {
		return nil
	}
	e.bytes, e.elems = largestOf(from)
	if e.elems == 0 {
		return nil
	}
	return m.grow(e, s)
}

func (m *measurer) cast(o object, s *scope) (estimate, error) {
	e, err := m.children(s, o.get("child"))
	if err != nil {
		return e, err
	}
	if child := sub(o, "child"); text(child, "class") == "CAST" && reflect.DeepEqual(child.get("cast_type"), o.get("cast_type")) {
		e.args = nil
		return e, m.checkFolded(e) // DuckDB drops it
	}
	leaves, elems := typeSize(sub(o, "cast_type"))
	nested := e.elems > 0 || e.leaves > 1
	if leaves > 1 || e.leaves > 1 || e.elems > 0 || elems > 1 {
		e.bytes = saturate(e.bytes*4 + elems*16)
		e.elems = max(e.elems, e.bytes, elems)
	}
	e.leaves = leaves
	e.bytes = saturate(e.bytes + 16)
	e.args = nil
	if !e.constant && leaves == 1 {
		e.elems = 0
		switch id := text(sub(o, "cast_type"), "id"); {
		case sizedTypes[id]:
			e.bytes = 16
		case nested:
			err = m.grow(&e, s)
		}
		return e, err
	}
	return e, m.checkFolded(e)
}

// sizedTypes are those whose values have a fixed size.
var sizedTypes = set("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE",
	"DECIMAL", "UUID", "DATE", "TIME", "TIME_NS", "TIME WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "INTERVAL")

func (m *measurer) window(o object, s *scope) (estimate, error) {
	parts := append([]any{}, list(o, "children")...)
	n := len(parts)
	parts = append(parts, list(o, "partitions")...)
	for _, key := range []string{"orders", "arg_orders"} {
		for _, ord := range list(o, key) {
			parts = append(parts, asObject(ord).get("expression"))
		}
	}
	for _, key := range []string{"start_expr", "end_expr", "offset_expr", "default_expr", "filter_expr"} {
		if e, ok := o.lookup(key); ok {
			parts = append(parts, e)
		}
	}
	e, err := m.children(s, parts...)
	if err != nil {
		return e, err
	}
	e.constant, e.once = false, false
	e.settle()
	name := strings.ToLower(text(o, "function_name"))
	e.leaves = typeOfCall(name, e.args[:n])
	e.bytes, e.elems = largestOf(e.args)
	if joins[name] {
		if e.bytes, e.elems, err = m.rowSize(name, o, e.args[:n]); err == nil {
			err = m.grow(&e, s)
		}
	}
	return e, err
}
