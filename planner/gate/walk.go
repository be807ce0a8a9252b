package gate

import (
	"encoding/json"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// walk goes once through the whole tree: every node against its shape, every name
// against its list, and the counts that need no understanding.
type walk struct {
	limits    Limits
	tree      *Tree
	nodes     int
	constants int
	level     int
	at        int // the last place seen, for errors

	columnAt, replaceAt map[int]int // by offset: index into the tree's list
}

func (w *walk) fail(code errs.Code, id string, args msg.Args) error {
	return errs.New(code, id, args).At(w.tree.SQL, w.at)
}

func (w *walk) refuse(id string) error { return w.fail(errs.NotSupported, id, nil) }

// refuseName refuses a name that is not there, or not for people: one text for both.
func (w *walk) refuseName(id, name string, candidates []string) error {
	e := errs.New(errs.UnknownName, id, msg.Args{"Name": name}).At(w.tree.SQL, w.at)
	e.Nearest = Nearest(name, candidates, 3)
	return e
}

func (w *walk) refuseColumn(name string) error { return w.refuseName("gate_unknown_column", name, nil) }

func (w *walk) tooComplex(id string, limit int) error {
	return w.fail(errs.StatementTooComplex, id, msg.Args{"Max": limit})
}

func (w *walk) count(n int) error {
	if w.nodes += n; w.nodes > w.limits.Nodes {
		return w.tooComplex("gate_too_many_nodes", w.limits.Nodes)
	}
	return nil
}

// enter counts a node and the level it stands on.
func (w *walk) enter() error {
	if w.level++; w.level > w.limits.Depth {
		return w.tooComplex("gate_too_deep", w.limits.Depth)
	}
	return w.count(1)
}

// object checks v against a shape, in the shape's order, so that a node's place is
// known before its parts are looked at.
func (w *walk) object(v any, s shape) error {
	o, ok := v.(object)
	if !ok {
		return errUnknownShape
	}
	found := 0
	for _, m := range s {
		part, there := o.lookup(m.name)
		if !there {
			if !m.optional {
				return errUnknownShape
			}
			continue
		}
		found++
		if err := m.check(w, part); err != nil {
			return err
		}
	}
	return known(found == len(o.members))
}

// node checks a node of one of the families, by its type's shape.
func (w *walk) node(v any, family map[string]shape, typeKey string) error {
	s, ok := family[text(asObject(v), typeKey)]
	if !ok {
		return errUnknownShape
	}
	if err := w.enter(); err != nil {
		return err
	}
	defer func() { w.level-- }()
	return w.object(v, s)
}

func asObject(v any) object {
	o, _ := v.(object)
	return o
}

func aStatement(w *walk, v any) error { return w.object(v, statementShape) }

func aQuery(w *walk, v any) error { return w.node(v, queryShapes, "type") }

func aTable(w *walk, v any) error {
	if o := asObject(v); text(o, "type") == "SHOW_REF" && text(o, "show_type") != "SUMMARY" {
		return w.refuse("gate_describe_inside")
	}
	return w.node(v, tableShapes, "type")
}

func aModifier(w *walk, v any) error {
	s, ok := modifierShapes[text(asObject(v), "type")]
	if !ok {
		return errUnknownShape
	}
	return w.object(v, s)
}

func orders(w *walk, v any) error {
	return listOf(func(w *walk, v any) error { return w.object(v, orderShape) })(w, v)
}

func aCTEMap(w *walk, v any) error {
	cte := func(w *walk, v any) error { return w.object(v, cteShape) }
	return w.object(v, shape{must("map", listOf(pair("key", aText, "value", cte)))})
}

// expressions checks a list of expressions. Constants in a list of nothing but
// constants, which may start with something else as IN's does, count as constants
// only, not as parts of the statement.
func expressions(w *walk, v any) error {
	l, ok := v.([]any)
	if !ok {
		return errUnknownShape
	}
	pure := true
	for i, e := range l {
		if _, isConstant := e.(*constant); !isConstant && i > 0 {
			pure = false
		}
	}
	for _, e := range l {
		c, isConstant := e.(*constant)
		if !isConstant {
			if err := anExpression(w, e); err != nil {
				return err
			}
			continue
		}
		if !pure {
			if err := w.count(1); err != nil {
				return err
			}
		}
		if err := w.constant(c); err != nil {
			return err
		}
	}
	return nil
}

// constant checks a constant's type and counts it.
func (w *walk) constant(c *constant) error {
	if c.at >= 0 {
		w.at = c.at
	}
	if w.constants++; w.constants > w.limits.Constants {
		return w.tooComplex("gate_too_many_constants", w.limits.Constants)
	}
	if c.typ == "NULL" {
		return known(c.info == nil)
	}
	if err := checkType(w, c.typ, c.info, 0); err != nil {
		return err
	}
	return checkValue(c.typ, c.value)
}

// checkValue lets only the values stand in a constant that its type can have. The
// parser makes no list but the empty one.
func checkValue(typ string, v any) error {
	switch typ {
	case "BOOLEAN":
		return known(is[bool](v))
	case "VARCHAR", "BLOB", "BIT", "BIGNUM":
		return known(is[string](v))
	case "LIST":
		children, ok := asObject(v).get("children").([]any)
		return known(ok && len(children) == 0 && len(asObject(v).members) == 1)
	}
	parts, ok := v.(object) // beyond 64 bits, an interval
	if !ok {
		return known(is[json.Number](v))
	}
	for _, m := range parts.members {
		if !valueParts[m.key] || !is[json.Number](m.value) {
			return errUnknownShape
		}
	}
	return nil
}

var valueParts = set("upper", "lower", "months", "days", "micros")

func anExpression(w *walk, v any) error {
	if c, ok := v.(*constant); ok {
		if err := w.count(1); err != nil {
			return err
		}
		return w.constant(c)
	}
	o := asObject(v)
	class := text(o, "class")
	if !expressionTypes[class][text(o, "type")] {
		return errUnknownShape
	}
	if err := w.node(v, expressionShapes, "class"); err != nil {
		return err
	}
	if at := place(o); at >= 0 {
		w.at = at
	}
	switch class {
	case "FUNCTION":
		return w.function(o)
	case "WINDOW":
		return w.window(o)
	case "COLUMN_REF":
		return w.column(o)
	case "PARAMETER":
		return known(text(o, "identifier") != "")
	}
	return nil
}

// column takes note of a column.
func (w *walk) column(o object) error {
	names := texts(o, "column_names")
	if len(names) == 0 {
		return errUnknownShape
	}
	if err := w.count(len(names) - 1); err != nil { // a.b.c.d may become members of members
		return err
	}
	for _, n := range names {
		if isRowID(n) {
			return w.refuseColumn(n)
		}
	}
	at := place(o)
	if i, twice := w.columnAt[at]; twice && at >= 0 {
		w.tree.Columns[i].Nodes = append(w.tree.Columns[i].Nodes, o)
	} else {
		w.columnAt[at] = len(w.tree.Columns)
		w.tree.Columns = append(w.tree.Columns, ColumnRef{Names: names, Offset: at, Nodes: []*Node{o}})
	}
	if len(names) == 1 {
		w.ours(o, names[0], false)
	}
	return nil
}

// ours takes note of a name for which the gateway gives the value itself.
func (w *walk) ours(o object, name string, call bool) {
	lower := strings.ToLower(name)
	kind, ok := ownValues[lower]
	if ok && (call || kind.bare) {
		w.replace(Replacement{Kind: kind.kind, Name: lower, Call: call, Offset: place(o), Nodes: []*Node{o}})
	}
}

func (w *walk) replace(r Replacement) {
	if i, twice := w.replaceAt[r.Offset]; twice && r.Offset >= 0 {
		w.tree.Replace[i].Nodes = append(w.tree.Replace[i].Nodes, r.Nodes...)
		return
	}
	w.replaceAt[r.Offset] = len(w.tree.Replace)
	w.tree.Replace = append(w.tree.Replace, r)
}
