package planner

import (
	"strconv"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/planjson"
)

// operand is a constant of a predicate: a value, or a parameter's value brought
// through the casts that the statement puts round it.
type operand struct {
	value catalog.Value
	param int            // from 1; 0 means value
	casts []catalog.Type // innermost first
}

// conjunct is a predicate of one column that stands in a filter: `ref op operands`.
type conjunct struct {
	position int // in the operator's input
	op       dialect.Op
	operands []operand
	typ      catalog.Type // the column's type as bound
}

// pushed is a conjunct that reached a table reference.
type pushed struct {
	column   int // of the reference's table
	op       dialect.Op
	operands []operand
	typ      catalog.Type
}

// pushdown finds, for every table reference, the predicates that all of its rows
// must pass to matter. They are copies: the statement keeps its own filter, so a
// predicate here only spares rows.
type pushdown struct {
	found map[int][]pushed
}

func pushPredicates(root *node) map[int][]pushed {
	p := &pushdown{found: map[int][]pushed{}}
	p.visit(root, nil)
	return p.found
}

func (p *pushdown) visit(n *node, from []conjunct) {
	if n.width < 0 || anyUnknown(n) {
		from = nil
	}
	var below [2][]conjunct
	switch n.op {
	case "LOGICAL_GET":
		if ref, _ := n.scanOf(); ref > 0 && len(n.children) == 0 {
			for _, c := range from {
				if col := n.column(c.position); col >= 0 {
					p.found[ref] = append(p.found[ref], pushed{column: col, op: c.op, operands: c.operands, typ: c.typ})
				}
			}
		}
	case "LOGICAL_FILTER":
		mapped := from
		if m := list(n.raw, "projection_map"); len(m) > 0 {
			mapped = nil
			for _, c := range from {
				if k := toIndex(&m[c.position]); k >= 0 {
					c.position = k
					mapped = append(mapped, c)
				}
			}
		}
		own, _ := conjuncts(list(n.raw, "expressions"))
		below[0] = append(append(below[0], mapped...), own...)
	case "LOGICAL_PROJECTION":
		expressions := list(n.raw, "expressions")
		for _, c := range from {
			if e := asObject(&expressions[c.position]); str(e, "expression_class") == "BOUND_REF" {
				c.position = refIndex(e)
				below[0] = append(below[0], c)
			}
		}
	case "LOGICAL_CROSS_PRODUCT", "LOGICAL_COMPARISON_JOIN", "LOGICAL_ANY_JOIN", "LOGICAL_DELIM_JOIN":
		below = p.throughJoin(n, from)
	case "LOGICAL_ORDER_BY":
		if n.width == n.children[0].width {
			below[0] = from
		}
	case "LOGICAL_DISTINCT": // not DISTINCT ON: there the filter would change which row is first
		if str(n.raw, "distinct_type") == "DISTINCT" {
			below[0] = from
		}
	case "LOGICAL_UNION", "LOGICAL_INTERSECT", "LOGICAL_EXCEPT":
		below = [2][]conjunct{from, from}
		if len(n.children) > 2 {
			below = [2][]conjunct{}
		}
	case "LOGICAL_MATERIALIZED_CTE":
		below[1] = from
	}
	for i, c := range n.children {
		if i < 2 {
			p.visit(c, below[i])
		} else {
			p.visit(c, nil)
		}
	}
}

// throughJoin hands a filter above a join to the sides whose rows it can only
// spare: both of an inner join, the kept side of an outer one.
func (p *pushdown) throughJoin(n *node, from []conjunct) (below [2][]conjunct) {
	left, right := false, false
	switch kind := str(n.raw, "join_type"); {
	case n.op == "LOGICAL_CROSS_PRODUCT":
		left, right = true, true
	case kind == "INNER":
		left, right = true, n.op != "LOGICAL_DELIM_JOIN"
	case kind == "LEFT" || kind == "SEMI" || kind == "ANTI" || kind == "MARK" || kind == "SINGLE":
		left = true
	case kind == "RIGHT":
		right = n.op != "LOGICAL_DELIM_JOIN"
	}
	lw := n.children[0].width
	for _, c := range from {
		switch {
		case c.position < lw && left:
			below[0] = append(below[0], c)
		case c.position >= lw && right:
			c.position -= lw
			below[1] = append(below[1], c)
		}
	}
	return below
}

// conjuncts reads filter expressions into predicates; whole says that nothing
// else stands in them.
func conjuncts(expressions []planjson.Value) (found []conjunct, whole bool) {
	whole = true
	for i := range expressions {
		e := asObject(&expressions[i])
		if e == nil {
			return found, false
		}
		if str(e, "expression_class") == "BOUND_CONJUNCTION" && str(e, "type") == "CONJUNCTION_AND" {
			inner, all := conjuncts(list(e, "children"))
			found = append(found, inner...)
			whole = whole && all
			continue
		}
		if c, ok := predicate(e); ok {
			found = append(found, c)
		} else {
			whole = false
		}
	}
	return found, whole
}

var comparisons = map[string]struct{ op, flipped dialect.Op }{
	"COMPARE_EQUAL": {dialect.Eq, dialect.Eq}, "COMPARE_NOTEQUAL": {dialect.Ne, dialect.Ne},
	"COMPARE_LESSTHAN": {dialect.Lt, dialect.Gt}, "COMPARE_LESSTHANOREQUALTO": {dialect.Le, dialect.Ge},
	"COMPARE_GREATERTHAN": {dialect.Gt, dialect.Lt}, "COMPARE_GREATERTHANOREQUALTO": {dialect.Ge, dialect.Le},
}

// predicate reads `column op constant` in the forms that the fallback pushes.
func predicate(e object) (conjunct, bool) {
	switch str(e, "expression_class") {
	case "BOUND_COMPARISON":
		ops, ok := comparisons[str(e, "type")]
		if !ok {
			return conjunct{}, false
		}
		if c, ok := column(sub(e, "left")); ok {
			v, ok := constant(sub(e, "right"), 0)
			c.op, c.operands = ops.op, []operand{v}
			return c, ok
		}
		if c, ok := column(sub(e, "right")); ok {
			v, ok := constant(sub(e, "left"), 0)
			c.op, c.operands = ops.flipped, []operand{v}
			return c, ok
		}
	case "BOUND_OPERATOR":
		children := list(e, "children")
		if len(children) == 0 {
			return conjunct{}, false
		}
		c, ok := column(asObject(&children[0]))
		if !ok {
			return conjunct{}, false
		}
		switch kind := str(e, "type"); {
		case kind == "OPERATOR_IS_NULL" && len(children) == 1:
			c.op = dialect.IsNull
			return c, true
		case kind == "OPERATOR_IS_NOT_NULL" && len(children) == 1:
			c.op = dialect.NotNull
			return c, true
		case kind == "COMPARE_IN":
			c.op = dialect.In
			for i := range children[1:] {
				v, ok := constant(asObject(&children[1+i]), 0)
				if !ok {
					return conjunct{}, false
				}
				c.operands = append(c.operands, v)
			}
			return c, len(c.operands) > 0
		}
	}
	return conjunct{}, false
}

// column reads a bare column; DuckDB's no-op casts of a column to its own type too.
func column(e object) (conjunct, bool) {
	if str(e, "expression_class") != "BOUND_REF" {
		return conjunct{}, false
	}
	return conjunct{position: refIndex(e), typ: decodeType(sub(e, "return_type"))}, true
}

func refIndex(e object) int {
	if i := number(e, "index"); i < 1<<31 {
		return int(i)
	}
	return 0
}

func toIndex(v *planjson.Value) int {
	if v.Kind != planjson.Number {
		return -1
	}
	i, err := strconv.ParseInt(v.Text, 10, 32)
	if err != nil {
		return -1
	}
	return int(i)
}
