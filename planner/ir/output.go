package ir

// outputOf lists the columns that a node gives, at once: the lists of its inputs, and
// of theirs, are not made on the way.
func outputOf(n Node) []Column {
	out := make([]Column, 0, Width(n))
	eachOutput(n, func(c *Column) { out = append(out, *c) })
	return out
}

// Width gives the number of columns that a node gives.
func Width(n Node) int {
	switch n := n.(type) {
	case *Barrier:
		return Width(n.Input)
	case *Remote:
		return Width(n.Input)
	case *Filter:
		return Width(n.Input)
	case *Sort:
		return Width(n.Input)
	case *Limit:
		return Width(n.Input)
	case *TopN:
		return Width(n.Input)
	case *Distinct:
		return Width(n.Input)
	case *CTE:
		return Width(n.Body)
	case *Scan:
		return len(n.Columns)
	case *Project:
		return len(n.Cols)
	case *Aggregate:
		return len(n.Groups) + len(n.Aggs) + len(n.Grouping)
	case *Window:
		return Width(n.Input) + len(n.Calls)
	case *Unnest:
		return Width(n.Input) + len(n.Calls)
	case *Join:
		switch n.Kind {
		case Semi, Anti:
			return Width(n.Left)
		case Mark:
			return Width(n.Left) + 1
		}
		return Width(n.Left) + Width(n.Right)
	}
	return len(n.Output())
}

// eachOutput calls f for each column that a node gives, in order.
func eachOutput(n Node, f func(c *Column)) {
	assigned := func(list []Assign) {
		for i := range list {
			f(&list[i].Column)
		}
	}
	switch n := n.(type) {
	case *Barrier:
		eachOutput(n.Input, f)
	case *Remote:
		eachOutput(n.Input, f)
	case *Filter:
		eachOutput(n.Input, f)
	case *Sort:
		eachOutput(n.Input, f)
	case *Limit:
		eachOutput(n.Input, f)
	case *TopN:
		eachOutput(n.Input, f)
	case *Distinct:
		eachOutput(n.Input, f)
	case *CTE:
		eachOutput(n.Body, f)
	case *Scan:
		for i := range n.Columns {
			f(&n.Columns[i].Column)
		}
	case *Project:
		assigned(n.Cols)
	case *Aggregate:
		assigned(n.Groups)
		assigned(n.Aggs)
		for i := range n.Grouping {
			f(&n.Grouping[i].Column)
		}
	case *Window:
		eachOutput(n.Input, f)
		assigned(n.Calls)
	case *Unnest:
		eachOutput(n.Input, f)
		assigned(n.Calls)
	case *Join:
		eachOutput(n.Left, f)
		switch n.Kind {
		case Semi, Anti:
		case Mark:
			f(&n.Mark)
		default:
			eachOutput(n.Right, f)
		}
	default:
		list := n.Output()
		for i := range list {
			f(&list[i])
		}
	}
}

// Output implements Node.
func (n *Scan) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Barrier) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Remote) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Filter) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Project) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Join) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *DelimGet) Output() []Column { return n.Columns }

// Output implements Node.
func (n *Aggregate) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Sort) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Limit) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *TopN) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Distinct) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *SetOp) Output() []Column { return n.Columns }

// Output implements Node.
func (n *Window) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *Unnest) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *CTE) Output() []Column { return outputOf(n) }

// Output implements Node.
func (n *CTERef) Output() []Column { return n.Columns }

// Output implements Node.
func (n *Values) Output() []Column { return n.Columns }

// Output implements Node.
func (n *TableFunction) Output() []Column { return n.Columns }
