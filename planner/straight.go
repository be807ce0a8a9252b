package planner

// straight is a statement over one table with nothing but columns and pushed
// comparisons: its rows can go to the client as the source gives them.
type straight struct {
	ref     *reference
	columns []int    // result column -> column of the reference's table
	where   []pushed // every conjunct of its filter
}

// straightThrough recognises such a statement: projections of bare columns over
// filters of plain predicates over one GET.
func straightThrough(root *node, only *reference) *straight {
	positions := make([]int, root.width)
	for i := range positions {
		positions[i] = i
	}
	var where []conjunct
	for n := root; ; n = n.children[0] {
		switch n.op {
		case "LOGICAL_GET":
			return atGet(n, only, positions, where)
		case "LOGICAL_PROJECTION":
			expressions := list(n.raw, "expressions")
			bare := func(i int) (int, bool) {
				e := asObject(&expressions[i])
				return refIndex(e), str(e, "expression_class") == "BOUND_REF"
			}
			for k, i := range positions {
				j, ok := bare(i)
				if !ok {
					return nil
				}
				positions[k] = j
			}
			for k := range where {
				j, ok := bare(where[k].position)
				if !ok {
					return nil
				}
				where[k].position = j
			}
		case "LOGICAL_FILTER":
			if len(list(n.raw, "projection_map")) > 0 {
				return nil
			}
			own, whole := conjuncts(list(n.raw, "expressions"))
			if !whole {
				return nil
			}
			where = append(where, own...)
		default:
			return nil
		}
		if len(n.children) != 1 {
			return nil
		}
	}
}

func atGet(n *node, only *reference, positions []int, where []conjunct) *straight {
	if ref, _ := n.scanOf(); ref != only.number || n.width < 0 {
		return nil
	}
	s := &straight{ref: only}
	for _, i := range positions {
		c := n.column(i)
		if c < 0 {
			return nil
		}
		s.columns = append(s.columns, c)
	}
	for _, w := range where {
		c := n.column(w.position)
		if c < 0 {
			return nil
		}
		s.where = append(s.where, pushed{column: c, op: w.op, operands: w.operands, typ: w.typ})
	}
	return s
}
