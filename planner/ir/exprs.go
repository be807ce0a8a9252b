package ir

func exprsOf(lists ...[]Assign) []Expr {
	count := 0
	for _, l := range lists {
		count += len(l)
	}
	if count == 0 {
		return nil
	}
	out := make([]Expr, 0, count)
	for _, l := range lists {
		for i := range l {
			out = append(out, l[i].Expr)
		}
	}
	return out
}

// eachExpr calls f for each of a node's own expressions, with own for those that must
// be calls of an aggregate or a window function. It makes no list of them.
func eachExpr(n Node, f func(e Expr, own bool)) {
	assigned := func(list []Assign, own bool) {
		for i := range list {
			f(list[i].Expr, own)
		}
	}
	switch n := n.(type) {
	case *Project:
		assigned(n.Cols, false)
	case *Aggregate:
		assigned(n.Groups, false)
		assigned(n.Aggs, true)
	case *Window:
		assigned(n.Calls, true)
	default:
		for _, e := range n.Exprs() {
			f(e, false)
		}
	}
}

func mapAssigns(list []Assign, f func(Expr) Expr) []Assign {
	if list == nil {
		return nil
	}
	out := make([]Assign, len(list))
	for i, a := range list {
		out[i] = Assign{Column: a.Column, Expr: f(a.Expr)}
	}
	return out
}

func mapList(list []Expr, f func(Expr) Expr) []Expr {
	if list == nil {
		return nil
	}
	out := make([]Expr, len(list))
	for i, e := range list {
		out[i] = f(e)
	}
	return out
}

func keyExprs(keys []Key) []Expr {
	out := make([]Expr, len(keys))
	for i, k := range keys {
		out[i] = k.Expr
	}
	return out
}

func mapKeys(keys []Key, f func(Expr) Expr) []Key {
	if keys == nil {
		return nil
	}
	out := make([]Key, len(keys))
	for i, k := range keys {
		k.Expr = f(k.Expr)
		out[i] = k
	}
	return out
}

// present lists those expressions that are there.
func present(list ...Expr) []Expr {
	var out []Expr
	for _, e := range list {
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

func mapOne(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	return f(e)
}

// Exprs implements Node.
func (*Scan) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *Scan) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (*Barrier) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *Barrier) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (*Remote) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *Remote) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (*DelimGet) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *DelimGet) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (*SetOp) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *SetOp) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (*CTE) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *CTE) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (*CTERef) Exprs() []Expr { return nil }

// MapExprs implements Node.
func (n *CTERef) MapExprs(func(Expr) Expr) Node { return n }

// Exprs implements Node.
func (n *Filter) Exprs() []Expr { return n.Preds }

// MapExprs implements Node.
func (n *Filter) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Preds = mapList(n.Preds, f)
	return &c
}

// Exprs implements Node.
func (n *Project) Exprs() []Expr { return exprsOf(n.Cols) }

// MapExprs implements Node.
func (n *Project) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Cols = mapAssigns(n.Cols, f)
	return &c
}

// Exprs implements Node.
func (n *Join) Exprs() []Expr { return n.On }

// MapExprs implements Node.
func (n *Join) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.On = mapList(n.On, f)
	return &c
}

// Exprs implements Node.
func (n *Aggregate) Exprs() []Expr { return exprsOf(n.Groups, n.Aggs) }

// MapExprs implements Node.
func (n *Aggregate) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Groups, c.Aggs = mapAssigns(n.Groups, f), mapAssigns(n.Aggs, f)
	return &c
}

// Exprs implements Node.
func (n *Sort) Exprs() []Expr { return keyExprs(n.Keys) }

// MapExprs implements Node.
func (n *Sort) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Keys = mapKeys(n.Keys, f)
	return &c
}

// Exprs implements Node.
func (n *Limit) Exprs() []Expr { return present(n.Count, n.Offset) }

// MapExprs implements Node.
func (n *Limit) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Count, c.Offset = mapOne(n.Count, f), mapOne(n.Offset, f)
	return &c
}

// Exprs implements Node.
func (n *TopN) Exprs() []Expr { return append(keyExprs(n.Keys), present(n.Count, n.Offset)...) }

// MapExprs implements Node.
func (n *TopN) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Keys = mapKeys(n.Keys, f)
	c.Count, c.Offset = mapOne(n.Count, f), mapOne(n.Offset, f)
	return &c
}

// Exprs implements Node.
func (n *Distinct) Exprs() []Expr { return append(append([]Expr{}, n.On...), keyExprs(n.Keys)...) }

// MapExprs implements Node.
func (n *Distinct) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.On, c.Keys = mapList(n.On, f), mapKeys(n.Keys, f)
	return &c
}

// Exprs implements Node.
func (n *Window) Exprs() []Expr { return exprsOf(n.Calls) }

// MapExprs implements Node.
func (n *Window) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Calls = mapAssigns(n.Calls, f)
	return &c
}

// Exprs implements Node.
func (n *Unnest) Exprs() []Expr { return exprsOf(n.Calls) }

// MapExprs implements Node.
func (n *Unnest) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Calls = mapAssigns(n.Calls, f)
	return &c
}

// Exprs implements Node.
func (n *TableFunction) Exprs() []Expr { return n.Args }

// MapExprs implements Node.
func (n *TableFunction) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Args = mapList(n.Args, f)
	return &c
}

// Exprs implements Node.
func (n *Values) Exprs() []Expr {
	var out []Expr
	for _, r := range n.Rows {
		out = append(out, r...)
	}
	return out
}

// MapExprs implements Node.
func (n *Values) MapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Rows = make([][]Expr, len(n.Rows))
	for i, r := range n.Rows {
		c.Rows[i] = mapList(r, f)
	}
	return &c
}
