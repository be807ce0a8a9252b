package planner

import "github.com/lianji/lianji/planner/planjson"

// required collects which columns of each table reference a plan needs. Where
// the shape of an operator is not known, all that is below it is needed.
type required struct {
	columns map[int]map[int]bool // reference -> column of its table
	reads   map[int]int          // reference -> number of GETs
	again   map[int]bool         // reference -> may be read more than once by one GET
	rowid   bool                 // a rowid is really used
}

func requiredColumns(root *node) *required {
	r := &required{columns: map[int]map[int]bool{}, reads: map[int]int{}, again: map[int]bool{}}
	r.visit(root, nil, true, false)
	return r
}

// visit asks n for the output positions in want, for every one when all is set.
// repeated says that n may run more than once (under a recursive CTE).
func (r *required) visit(n *node, want map[int]bool, all, repeated bool) {
	if n.width < 0 || anyUnknown(n) {
		all = true
	}
	switch n.op {
	case "LOGICAL_GET":
		r.get(n, want, all, repeated)
		return
	case "LOGICAL_PROJECTION":
		child := map[int]bool{}
		expressions := list(n.raw, "expressions")
		for i := range expressions {
			if all || want[i] {
				addRefs(child, &expressions[i])
			}
		}
		r.visit(n.children[0], child, false, repeated)
		return
	case "LOGICAL_FILTER":
		r.visit(n.children[0], r.throughMap(n, "projection_map", want, all, n.raw.Member("expressions")), all && len(list(n.raw, "projection_map")) == 0, repeated)
		return
	case "LOGICAL_ORDER_BY", "LOGICAL_LIMIT", "LOGICAL_TOP_N", "LOGICAL_SAMPLE":
		if n.width == n.children[0].width {
			child := clone(want)
			for _, key := range []string{"orders", "limit_val", "offset_val"} {
				addRefs(child, n.raw.Member(key))
			}
			r.visit(n.children[0], child, all, repeated)
			return
		}
	case "LOGICAL_AGGREGATE_AND_GROUP_BY":
		child := map[int]bool{}
		addRefs(child, n.raw.Member("groups"))
		groups, calls := len(list(n.raw, "groups")), list(n.raw, "expressions")
		for i := range calls {
			if all || want[groups+i] {
				addRefs(child, &calls[i])
			}
		}
		r.visit(n.children[0], child, false, repeated)
		return
	case "LOGICAL_WINDOW":
		child := map[int]bool{} // the windows themselves stand behind the child's columns
		for i := range want {
			if i < n.children[0].width {
				child[i] = true
			}
		}
		addRefs(child, n.raw.Member("expressions"))
		r.visit(n.children[0], child, all, repeated)
		return
	case "LOGICAL_CROSS_PRODUCT", "LOGICAL_COMPARISON_JOIN", "LOGICAL_ANY_JOIN":
		r.join(n, want, all, repeated)
		return
	case "LOGICAL_DELIM_JOIN":
		// The right side reads the left one's columns through DELIM_GET, which is
		// known by position only: both sides whole.
		all = true
	case "LOGICAL_RECURSIVE_CTE":
		r.visit(n.children[0], nil, true, repeated)
		r.visit(n.children[1], nil, true, true)
		return
	}
	for _, c := range n.children {
		r.visit(c, nil, true, repeated)
	}
}

func anyUnknown(n *node) bool {
	for _, c := range n.children {
		if c.width < 0 {
			return true
		}
	}
	return false
}

func clone(m map[int]bool) map[int]bool {
	c := make(map[int]bool, len(m))
	for k := range m {
		c[k] = true
	}
	return c
}

// addRefs adds every input position that an expression reads.
func addRefs(m map[int]bool, v *planjson.Value) {
	walkExpressions(v, func(e object) {
		if str(e, "expression_class") == "BOUND_REF" {
			if i := number(e, "index"); i < 1<<31 {
				m[int(i)] = true
			} else {
				m[0] = true // an index left out means 0
			}
		}
	})
}

func (r *required) throughMap(n *node, key string, want map[int]bool, all bool, own *planjson.Value) map[int]bool {
	child := map[int]bool{}
	addRefs(child, own)
	positions := list(n.raw, key)
	if len(positions) == 0 {
		for i := range want {
			child[i] = true
		}
		return child
	}
	for i := range positions {
		if all || want[i] {
			if k := toIndex(&positions[i]); k >= 0 {
				child[k] = true
			}
		}
	}
	return child
}

func (r *required) join(n *node, want map[int]bool, all, repeated bool) {
	left, right := map[int]bool{}, map[int]bool{}
	lw := n.children[0].width
	for i := range want {
		switch {
		case i < lw:
			left[i] = true
		case str(n.raw, "join_type") != "MARK": // the mark itself reads nothing
			right[i-lw] = true
		}
	}
	conditions := list(n.raw, "conditions")
	for i := range conditions {
		addRefs(left, conditions[i].Member("left"))
		addRefs(right, conditions[i].Member("right"))
	}
	both := map[int]bool{} // ANY_JOIN counts both sides together
	addRefs(both, n.raw.Member("condition"))
	for i := range both {
		if i < lw {
			left[i] = true
		} else {
			right[i-lw] = true
		}
	}
	// Keys that no version seen so far has are read as reading everything.
	for i := range n.raw.List {
		if !joinKeys[n.raw.List[i].Key] {
			all = true
		}
	}
	r.visit(n.children[0], left, all, repeated)
	r.visit(n.children[1], right, all, repeated)
}

var joinKeys = map[string]bool{
	"type": true, "children": true, "join_type": true, "mark_index": true, "left_projection_map": true, "right_projection_map": true,
	"conditions": true, "condition": true, "mark_types": true, "duplicate_eliminated_columns": true, "delim_flipped": true, "predicate": true,
	"convert_mark_to_semi": true,
}

func (r *required) get(n *node, want map[int]bool, all, repeated bool) {
	ref, _ := n.scanOf()
	if len(n.children) > 0 {
		for _, c := range n.children {
			r.visit(c, nil, true, repeated)
		}
	}
	if ref == 0 {
		return
	}
	r.reads[ref]++
	if repeated {
		r.again[ref] = true
	}
	if r.columns[ref] == nil {
		r.columns[ref] = map[int]bool{}
	}
	for i := range list(n.raw, "column_indexes") {
		c := n.column(i)
		if c < 0 {
			if want[i] {
				r.rowid = true
			}
			continue
		}
		if all || want[i] {
			r.columns[ref][c] = true
		}
	}
}
