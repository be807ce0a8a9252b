package ir

// input gives the one input of a node that is not of two; nil for a leaf. It does
// what Inputs does without making a list.
func input(n Node) Node {
	switch n := n.(type) {
	case *Filter:
		return n.Input
	case *Project:
		return n.Input
	case *Aggregate:
		return n.Input
	case *Remote:
		return n.Input
	}
	if in := n.Inputs(); len(in) > 0 {
		return in[0]
	}
	return nil
}

// Inputs implements Node.
func (n *Barrier) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Barrier) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Remote) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Remote) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Filter) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Project) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Project) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Aggregate) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Sort) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Limit) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Limit) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *TopN) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *TopN) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Distinct) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Distinct) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Window) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Window) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Unnest) Inputs() []Node { return []Node{n.Input} }

// With implements Node.
func (n *Unnest) With(inputs []Node) Node {
	c := *n
	c.Input = inputs[0]
	return &c
}

// Inputs implements Node.
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

// With implements Node.
func (n *Join) With(inputs []Node) Node {
	c := *n
	c.Left, c.Right = inputs[0], inputs[1]
	return &c
}

// Inputs implements Node.
func (n *SetOp) Inputs() []Node { return []Node{n.Left, n.Right} }

// With implements Node.
func (n *SetOp) With(inputs []Node) Node {
	c := *n
	c.Left, c.Right = inputs[0], inputs[1]
	return &c
}

// Inputs implements Node.
func (n *CTE) Inputs() []Node { return []Node{n.Def, n.Body} }

// With implements Node.
func (n *CTE) With(inputs []Node) Node {
	c := *n
	c.Def, c.Body = inputs[0], inputs[1]
	return &c
}

// Inputs implements Node.
func (*Scan) Inputs() []Node { return nil }

// With implements Node.
func (n *Scan) With([]Node) Node { return n }

// Inputs implements Node.
func (*DelimGet) Inputs() []Node { return nil }

// With implements Node.
func (n *DelimGet) With([]Node) Node { return n }

// Inputs implements Node.
func (*CTERef) Inputs() []Node { return nil }

// With implements Node.
func (n *CTERef) With([]Node) Node { return n }

// Inputs implements Node.
func (*Values) Inputs() []Node { return nil }

// With implements Node.
func (n *Values) With([]Node) Node { return n }

// Inputs implements Node.
func (*TableFunction) Inputs() []Node { return nil }

// With implements Node.
func (n *TableFunction) With([]Node) Node { return n }
