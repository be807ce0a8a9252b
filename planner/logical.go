package planner

import (
	"strconv"
	"strings"

	"github.com/lianji/lianji/planner/planjson"
)

// maxPlanDepth bounds every walk over a plan: a tree of 900 levels is legal in DuckDB.
const maxPlanDepth = 400

// object is a JSON object of a plan; nil is one without members.
type object = *planjson.Value

// node is an operator of the bound plan. Its shape is DuckDB 1.5.5's; the format
// carries no promise, so whatever is not known is refused.
type node struct {
	op       string
	children []*node
	raw      object
	width    int // how many columns it gives; -1 when that could not be told
}

// operators lists every operator that a plan may hold.
var operators = map[string]bool{
	"LOGICAL_GET": true, "LOGICAL_PROJECTION": true, "LOGICAL_FILTER": true, "LOGICAL_AGGREGATE_AND_GROUP_BY": true, "LOGICAL_WINDOW": true,
	"LOGICAL_UNNEST": true, "LOGICAL_COMPARISON_JOIN": true, "LOGICAL_ANY_JOIN": true, "LOGICAL_ASOF_JOIN": true, "LOGICAL_DELIM_JOIN": true,
	"LOGICAL_CROSS_PRODUCT": true, "LOGICAL_POSITIONAL_JOIN": true, "LOGICAL_DELIM_GET": true, "LOGICAL_ORDER_BY": true, "LOGICAL_LIMIT": true,
	"LOGICAL_TOP_N": true, "LOGICAL_SAMPLE": true, "LOGICAL_DISTINCT": true, "LOGICAL_UNION": true, "LOGICAL_EXCEPT": true, "LOGICAL_INTERSECT": true,
	"LOGICAL_MATERIALIZED_CTE": true, "LOGICAL_RECURSIVE_CTE": true, "LOGICAL_CTE_REF": true, "LOGICAL_EXPRESSION_GET": true, "LOGICAL_DUMMY_SCAN": true,
	"LOGICAL_EMPTY_RESULT": true, "LOGICAL_PIVOT": true,
}

// expressionClasses lists every class of expression that a plan may hold.
var expressionClasses = map[string]bool{
	"BOUND_REF": true, "BOUND_CONSTANT": true, "BOUND_CAST": true, "BOUND_FUNCTION": true, "BOUND_AGGREGATE": true, "BOUND_COMPARISON": true,
	"BOUND_CONJUNCTION": true, "BOUND_OPERATOR": true, "BOUND_CASE": true, "BOUND_WINDOW": true, "BOUND_UNNEST": true, "BOUND_PARAMETER": true,
	"BOUND_COLUMN_REF": true, "BOUND_LAMBDA": true, "BOUND_LAMBDA_REF": true, "BOUND_BETWEEN": true,
}

// decodePlan reads the operators of a plan that checkPlan let through.
func decodePlan(o object) *node {
	n := &node{op: str(o, "type"), raw: o}
	children := list(o, "children")
	for i := range children {
		n.children = append(n.children, decodePlan(&children[i]))
	}
	n.width = n.countColumns()
	return n
}

// countColumns tells how many columns an operator gives; -1 where that is not known.
func (n *node) countColumns() int {
	child := func(i int) int {
		if i < len(n.children) {
			return n.children[i].width
		}
		return -1
	}
	plus := func(a, b int) int {
		if a < 0 || b < 0 {
			return -1
		}
		return a + b
	}
	switch n.op {
	case "LOGICAL_GET":
		if len(n.children) > 0 || len(list(n.raw, "projection_ids")) > 0 {
			return -1
		}
		return len(list(n.raw, "column_indexes"))
	case "LOGICAL_PROJECTION":
		return len(list(n.raw, "expressions"))
	case "LOGICAL_FILTER":
		if m := list(n.raw, "projection_map"); len(m) > 0 {
			return len(m)
		}
		return child(0)
	case "LOGICAL_ORDER_BY":
		for _, key := range []string{"projection_map", "projections"} {
			if m := list(n.raw, key); len(m) > 0 {
				return len(m)
			}
		}
		return child(0)
	case "LOGICAL_LIMIT", "LOGICAL_TOP_N", "LOGICAL_SAMPLE", "LOGICAL_DISTINCT", "LOGICAL_UNION", "LOGICAL_EXCEPT", "LOGICAL_INTERSECT":
		return child(0)
	case "LOGICAL_AGGREGATE_AND_GROUP_BY":
		return len(list(n.raw, "groups")) + len(list(n.raw, "expressions")) + len(list(n.raw, "grouping_functions"))
	case "LOGICAL_WINDOW", "LOGICAL_UNNEST":
		return plus(child(0), len(list(n.raw, "expressions")))
	case "LOGICAL_COMPARISON_JOIN", "LOGICAL_ANY_JOIN", "LOGICAL_DELIM_JOIN", "LOGICAL_ASOF_JOIN", "LOGICAL_CROSS_PRODUCT", "LOGICAL_POSITIONAL_JOIN":
		if len(list(n.raw, "left_projection_map")) > 0 || len(list(n.raw, "right_projection_map")) > 0 {
			return -1
		}
		switch str(n.raw, "join_type") {
		case "SEMI", "ANTI":
			return child(0)
		case "MARK":
			return plus(child(0), 1)
		}
		return plus(child(0), child(1))
	case "LOGICAL_MATERIALIZED_CTE":
		return child(1)
	case "LOGICAL_RECURSIVE_CTE":
		return child(0)
	case "LOGICAL_CTE_REF":
		return len(list(n.raw, "bound_columns"))
	case "LOGICAL_DELIM_GET":
		return len(list(n.raw, "chunk_types"))
	case "LOGICAL_EXPRESSION_GET":
		return len(list(n.raw, "expr_types"))
	case "LOGICAL_DUMMY_SCAN":
		return 1
	}
	return -1
}

func str(o object, key string) string {
	if v := o.Member(key); v != nil && v.Kind == planjson.Text {
		return v.Text
	}
	return ""
}

func list(o object, key string) []planjson.Value {
	if v := o.Member(key); v != nil && v.Kind == planjson.Array {
		return v.List
	}
	return nil
}

func sub(o object, key string) object { return asObject(o.Member(key)) }

// asObject gives nil for what is no object.
func asObject(v *planjson.Value) object {
	if v == nil || v.Kind != planjson.Object {
		return nil
	}
	return v
}

// noIndex is 2^64-1, how a plan writes "none".
const noIndex = ^uint64(0)

// number reads an unsigned integer; a missing or other value gives noIndex.
func number(o object, key string) uint64 {
	n := o.Member(key)
	if n == nil || n.Kind != planjson.Number {
		return noIndex
	}
	v, err := strconv.ParseUint(n.Text, 10, 64)
	if err != nil {
		return noIndex
	}
	return v
}

// walkExpressions calls f for every expression in v, outermost first.
func walkExpressions(v *planjson.Value, f func(e object)) {
	if v == nil {
		return
	}
	if v.Member("expression_class") != nil {
		f(v)
	}
	for i := range v.List {
		walkExpressions(&v.List[i], f)
	}
}

// scanOf gives the table reference that a GET reads, by the number in the name of
// its catalog; 0 when it reads a table function.
func (n *node) scanOf() (reference int, isTable bool) {
	if n.op != "LOGICAL_GET" || str(n.raw, "name") != "seq_scan" {
		return 0, false
	}
	digits, ok := strings.CutPrefix(str(sub(n.raw, "function_data"), "catalog"), catalogPrefix)
	if !ok {
		return 0, true
	}
	ref, err := strconv.Atoi(digits)
	if err != nil || ref < 1 {
		return 0, true
	}
	return ref, true
}

// column gives the table's column that position i of a GET reads; -1 for none
// (rowid, and what count(*) reads).
func (n *node) column(i int) int {
	indexes := list(n.raw, "column_indexes")
	if i >= len(indexes) {
		return -1
	}
	k := number(asObject(&indexes[i]), "index")
	if k >= 1<<31 {
		return -1
	}
	return int(k)
}
