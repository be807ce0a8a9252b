package planner

import (
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/planner/planjson"
)

// generators are the table functions that a plan may read besides tables; the
// gate has bounded their rows.
var generators = map[string]bool{"range": true, "generate_series": true, "unnest": true, "json_each": true, "json_tree": true, "repeat": true}

// checkPlan is the second gate: macros and operators are expanded only here, so
// every name is looked at again, and every table read must be a reference.
func checkPlan(n *node, refs []*reference) error {
	if n.op == "LOGICAL_GET" {
		ref, isTable := n.scanOf()
		name := str(n.raw, "name")
		switch {
		case isTable && (ref < 1 || ref > len(refs)):
			return errs.Internalf("the plan reads a table that the statement does not name")
		case !isTable && !generators[name]:
			return notAllowed(name)
		}
	}
	var err error
	n.walkOwn(func(e object) {
		if err != nil {
			return
		}
		name := str(e, "name")
		switch str(e, "expression_class") {
		case "BOUND_FUNCTION":
			if !gate.AllowedScalar(name) {
				err = notAllowed(name)
			} else if sized[name] && !constantSize(list(e, "children")) {
				err = errs.New(errs.NotSupported, "size_not_constant", msg.Args{"Name": name})
			}
		case "BOUND_AGGREGATE":
			if !gate.AllowedAggregate(name) {
				err = notAllowed(name)
			}
		case "BOUND_WINDOW":
			if name != "" && !gate.AllowedAggregate(name) {
				err = notAllowed(name)
			}
		}
	})
	if err != nil {
		return err
	}
	for _, c := range n.children {
		if err := checkPlan(c, refs); err != nil {
			return err
		}
	}
	return nil
}

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
