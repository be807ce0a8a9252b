package ir

// fits looks at what a node's own parts say of each other.
func (c *checker) fits(n Node, exprs []Expr) {
	switch n := n.(type) {
	case *Filter:
		c.conditions(n, n.Preds)
	case *Join:
		c.conditions(n, n.On)
	case *Limit:
		c.readNothing(n, n.Count, n.Offset)
	case *TopN:
		c.readNothing(n, n.Count, n.Offset)
	case *Values:
		c.rows(n)
	case *Aggregate:
		places := append([][]int{}, n.Sets...)
		for _, g := range n.Grouping {
			places = append(places, g.Groups)
		}
		for _, set := range places {
			for _, at := range set {
				if at < 0 || at >= len(n.Groups) {
					c.failf("%s: there is no group %d", Line(n, Redacted), at)
				}
			}
		}
	}
	c.calls(n, exprs)
}

func (c *checker) conditions(n Node, list []Expr) {
	for _, e := range list {
		if !e.Type().Equal(Bool) {
			c.failf("%s: a condition is a %s", Line(n, Redacted), e.Type())
		}
	}
}

func (c *checker) readNothing(n Node, list ...Expr) {
	for id := range RefsOf(present(list...)...) {
		c.failf("%s: #%d is read where there is no row", Line(n, Redacted), id)
	}
}

func (c *checker) rows(n *Values) {
	for _, row := range n.Rows {
		if len(row) != len(n.Columns) {
			c.failf("%s: a row of %d values", Line(n, Redacted), len(row))
			continue
		}
		for i, e := range row {
			if !e.Type().Equal(n.Columns[i].Type) {
				c.failf("%s: a value of column %d is a %s", Line(n, Redacted), i+1, e.Type())
			}
		}
	}
}

// calls looks that calls of aggregates and window functions stand where they are
// computed, each alone, and nowhere else.
func (c *checker) calls(n Node, exprs []Expr) {
	var own []Assign
	switch n := n.(type) {
	case *Aggregate:
		own = n.Aggs
	case *Window:
		own = n.Calls
	}
	var at map[Expr]bool
	if len(own) > 0 {
		at = make(map[Expr]bool, len(own))
	}
	for _, a := range own {
		at[a.Expr] = true
		_, agg := a.Expr.(*Agg)
		_, window := a.Expr.(*WindowCall)
		if _, grouping := n.(*Aggregate); agg != grouping || window == grouping {
			c.failf("%s: #%d is no call of its kind", Line(n, Redacted), a.ID)
		}
	}
	for _, e := range exprs {
		WalkExpr(e, func(x Expr) {
			switch x.(type) {
			case *Agg, *WindowCall:
				if !at[x] {
					c.failf("%s: a call of an aggregate or a window function within an expression", Line(n, Redacted))
				}
			}
		})
	}
}
