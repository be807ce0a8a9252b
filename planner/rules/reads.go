package rules

import "github.com/lianji/lianji/planner/ir"

// readAbove gives the columns that the plan reads outside of the tree n: by an
// expression, by name in a delim join or a CTE, by a node that compares or hands on
// whole rows, or as the answer.
func readAbove(root, n ir.Node) ir.Set {
	read := ir.OutputOf(root)
	var visit func(at ir.Node)
	visit = func(at ir.Node) {
		if at == n {
			return
		}
		read.Add(at.Exprs()...)
		switch at := at.(type) {
		case *ir.Join:
			if at.Delim != nil {
				addAll(read, at.Delim.Columns)
			}
		case *ir.DelimGet:
			addAll(read, at.From)
		case *ir.CTERef:
			addAll(read, at.From)
		case *ir.Distinct:
			if at.On == nil {
				addColumns(read, at.Input)
			}
		case *ir.SetOp:
			addColumns(read, at.Left)
			addColumns(read, at.Right)
		}
		for _, in := range at.Inputs() {
			visit(in)
		}
	}
	visit(root)
	return read
}

func addAll(s ir.Set, ids []ir.ColID) {
	for _, id := range ids {
		s[id] = true
	}
}

func addColumns(s ir.Set, n ir.Node) {
	for _, c := range n.Output() {
		s[c.ID] = true
	}
}

// listed reports whether the list of n's columns matters above n, and not only
// the columns that are read by name: n hands its rows to a set operation, a
// DISTINCT or the answer as they are.
func listed(root, n ir.Node) bool {
	found := false
	var visit func(at ir.Node, matters bool)
	visit = func(at ir.Node, matters bool) {
		if at == n {
			found = matters
			return
		}
		for i, in := range at.Inputs() {
			m := matters
			switch at := at.(type) {
			case *ir.Project, *ir.Aggregate:
				m = false
			case *ir.SetOp:
				m = true
			case *ir.Distinct:
				m = m || at.On == nil
			case *ir.CTE:
				m = m && i == 1
			case *ir.Join:
				m = m && (i == 0 || at.Kind <= ir.Full || at.Kind == ir.Single)
			}
			visit(in, m)
		}
	}
	visit(root, true)
	return found
}

// put gives the tree with another node in the place of old.
func put(root, old, other ir.Node) ir.Node {
	if root == old {
		return other
	}
	inputs, changed := root.Inputs(), false
	for i, in := range inputs {
		if now := put(in, old, other); now != in {
			inputs[i], changed = now, true
		}
	}
	if !changed {
		return root
	}
	return root.With(inputs)
}
