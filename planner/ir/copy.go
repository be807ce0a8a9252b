package ir

// Copy gives a tree with new ids for every column, delim join and CTE that it
// makes: for a second place in one plan. The map leads from old ids to new ones.
func (p *Plan) Copy(n Node) (Node, map[ColID]ColID) {
	c := &copier{plan: p, ids: map[ColID]ColID{}, numbers: map[int]int{}}
	return c.node(n), c.ids
}

type copier struct {
	plan    *Plan
	ids     map[ColID]ColID
	numbers map[int]int // of delim joins and CTEs
}

func (c *copier) id(old ColID) ColID {
	if n, ok := c.ids[old]; ok {
		return n
	}
	return old // made outside of the tree
}

func (c *copier) make(col Column) Column {
	if _, ok := c.ids[col.ID]; !ok {
		c.ids[col.ID] = c.plan.NewID()
	}
	col.ID = c.ids[col.ID]
	return col
}

func (c *copier) number(old int) int {
	if n, ok := c.numbers[old]; ok {
		return n
	}
	return old
}

func (c *copier) columns(list []Column) []Column {
	out := make([]Column, len(list))
	for i, col := range list {
		out[i] = c.make(col)
	}
	return out
}

func (c *copier) from(list []ColID) []ColID {
	out := make([]ColID, len(list))
	for i, id := range list {
		out[i] = c.id(id)
	}
	return out
}

func (c *copier) expr(e Expr) Expr {
	return TransformExpr(e, func(x Expr) Expr {
		if r, ok := x.(*Ref); ok && c.id(r.ID) != r.ID {
			return &Ref{ID: c.id(r.ID), Name: r.Name, Typ: r.Typ}
		}
		return x
	})
}

func (c *copier) assigns(list []Assign) []Assign {
	if list == nil {
		return nil
	}
	out := make([]Assign, len(list))
	for i, a := range list {
		e := c.expr(a.Expr)
		if r, ok := a.Expr.(*Ref); ok && r.ID == a.ID {
			a.ID = c.id(a.ID)
		} else {
			a.Column = c.make(a.Column)
		}
		out[i] = Assign{Column: a.Column, Expr: e}
	}
	return out
}

func (c *copier) node(n Node) Node {
	switch n := n.(type) {
	case *Join:
		left := c.node(n.Left)
		d := *n
		if n.Delim != nil {
			c.numbers[n.Delim.ID] = c.plan.NewNumber()
			d.Delim = &Delim{ID: c.number(n.Delim.ID), Columns: c.from(n.Delim.Columns)}
		}
		d.Left, d.Right = left, c.node(n.Right)
		d.On = mapList(n.On, c.expr)
		if n.Kind == Mark {
			d.Mark = c.make(n.Mark)
		}
		return &d
	case *CTE:
		d := *n
		d.Def = c.node(n.Def)
		c.numbers[n.ID] = c.plan.NewNumber()
		d.ID, d.Body = c.number(n.ID), c.node(n.Body)
		return &d
	}
	inputs := n.Inputs()
	for i := range inputs {
		inputs[i] = c.node(inputs[i])
	}
	return c.own(n.With(inputs))
}

// own gives a node whose inputs were copied its new ids.
func (c *copier) own(n Node) Node {
	switch n := n.(type) {
	case *Scan:
		d := *n
		d.Columns = make([]ScanColumn, len(n.Columns))
		for i, col := range n.Columns {
			col.Column = c.make(col.Column)
			d.Columns[i] = col
		}
		return &d
	case *DelimGet:
		return &DelimGet{Delim: c.number(n.Delim), Columns: c.columns(n.Columns), From: c.from(n.From)}
	case *CTERef:
		return &CTERef{ID: c.number(n.ID), Name: n.Name, Columns: c.columns(n.Columns), From: c.from(n.From)}
	case *Values:
		d := n.MapExprs(c.expr).(*Values)
		d.Columns = c.columns(n.Columns)
		return d
	case *TableFunction:
		d := n.MapExprs(c.expr).(*TableFunction)
		d.Columns = c.columns(n.Columns)
		return d
	case *SetOp:
		d := *n
		d.Columns = c.columns(n.Columns)
		return &d
	case *Project:
		return &Project{Input: n.Input, Cols: c.assigns(n.Cols)}
	case *Window:
		return &Window{Input: n.Input, Calls: c.assigns(n.Calls)}
	case *Unnest:
		return &Unnest{Input: n.Input, Calls: c.assigns(n.Calls)}
	case *Aggregate:
		d := *n
		d.Groups, d.Aggs = c.assigns(n.Groups), c.assigns(n.Aggs)
		d.Grouping = nil
		for _, g := range n.Grouping {
			d.Grouping = append(d.Grouping, GroupingCall{Column: c.make(g.Column), Groups: g.Groups})
		}
		return &d
	}
	return n.MapExprs(c.expr)
}
