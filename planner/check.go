package planner

import (
	"fmt"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/planner/planjson"
)

// generators are the table functions that a plan may read besides tables; the
// gate has bounded their rows.
var generators = map[string]bool{"range": true, "generate_series": true, "unnest": true, "json_each": true, "json_tree": true, "repeat": true}

// checkPlan is the second gate: macros and operators are expanded only in a bound
// plan, so every name is looked at again, every table read must be a reference, and
// an operator or a class of expression that is not known is refused.
func checkPlan(root *planjson.Value, refs []*reference) error {
	c := planCheck{refs: len(refs)}
	c.operator(root, 0)
	return c.err
}

// planCheck holds the first thing that is wrong.
type planCheck struct {
	refs int // table references of the statement
	err  error
}

func (c *planCheck) unknown(format string, args ...any) {
	if c.err == nil {
		c.err = errs.Wrap(errs.NotSupported, "plan_not_known", nil, fmt.Errorf(format, args...))
	}
}

func (c *planCheck) refuse(err error) {
	if c.err == nil {
		c.err = err
	}
}

// shallow counts the level of depth and reports whether to go on.
func (c *planCheck) shallow(depth int) bool {
	if depth > maxPlanDepth {
		c.unknown("a plan of more than %d levels", maxPlanDepth)
	}
	return c.err == nil
}

func (c *planCheck) operator(v *planjson.Value, depth int) {
	if !c.shallow(depth) {
		return
	}
	if v.Kind != planjson.Object {
		c.unknown("an operator that is not an object")
		return
	}
	op := str(v, "type")
	if !operators[op] {
		c.unknown("operator %q is not known", op)
		return
	}
	if op == "LOGICAL_GET" {
		n := node{op: op, raw: v}
		ref, isTable := n.scanOf()
		name := str(v, "name")
		switch {
		case isTable && (ref < 1 || ref > c.refs):
			c.refuse(errs.Internalf("the plan reads a table that the statement does not name"))
		case !isTable && !generators[name]:
			c.refuse(notAllowed(name))
		}
	}
	c.expression(v)
	for i := range v.List {
		m := &v.List[i]
		if m.Key != "children" || m.Kind != planjson.Array {
			c.value(m, depth+1)
			continue
		}
		for k := range m.List {
			c.operator(&m.List[k], depth+1)
		}
	}
}

// value looks at every expression in v.
func (c *planCheck) value(v *planjson.Value, depth int) {
	if len(v.List) == 0 {
		return
	}
	if !c.shallow(depth) {
		return
	}
	c.expression(v)
	for i := range v.List {
		c.value(&v.List[i], depth+1)
	}
}

// expression looks at what v calls, when it is an expression.
func (c *planCheck) expression(v *planjson.Value) {
	class := v.Member("expression_class")
	if class == nil || class.Kind != planjson.Text {
		return
	}
	if !expressionClasses[class.Text] {
		c.unknown("expression %q is not known", class.Text)
		return
	}
	switch class.Text {
	case "BOUND_FUNCTION":
		if name := str(v, "name"); !gate.AllowedScalar(name) && !bindersOwn[name] {
			c.refuse(notAllowed(name))
		} else if sized[name] && !constantSize(list(v, "children")) {
			c.refuse(errs.New(errs.NotSupported, "size_not_constant", msg.Args{"Name": name}))
		}
	case "BOUND_AGGREGATE":
		if name := str(v, "name"); !gate.AllowedAggregate(name) {
			c.refuse(notAllowed(name))
		}
	case "BOUND_WINDOW":
		if name := str(v, "name"); name != "" && !gate.AllowedAggregate(name) {
			c.refuse(notAllowed(name))
		}
	}
}

// bindersOwn are functions that DuckDB's binder writes: people cannot, the gate looks at
// their names before. By this one values of TIME WITH TIME ZONE are sorted and grouped.
var bindersOwn = map[string]bool{"timetz_byte_comparable": true}

// sized are functions whose second argument says how large each result is. The
// gate bounds it where it is a constant; DuckDB takes the memory of one result at
// once, beyond its own cap and deaf to interrupts, so anything else is refused.
var sized = map[string]bool{
	"lpad": true, "rpad": true, "repeat": true, "list_resize": true, "array_resize": true, "bitstring": true,
}

func constantSize(arguments []planjson.Value) bool {
	if len(arguments) < 2 {
		return true
	}
	constant := true
	walkExpressions(&arguments[1], func(e object) {
		switch str(e, "expression_class") {
		case "BOUND_CONSTANT", "BOUND_CAST", "BOUND_FUNCTION", "BOUND_OPERATOR":
		default:
			constant = false
		}
	})
	return constant
}

func notAllowed(name string) *errs.Error {
	return errs.New(errs.UnknownName, "unknown_function", msg.Args{"Name": name})
}
