package ir

// fits looks at what a node's own parts say of each other.
func (c *checker) fits(n Node) {
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
	c.calls(n)
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

// calls looks that a node that computes calls, of aggregates or of window functions,
// has calls of its kind and nothing else; reads finds those that stand elsewhere.
func (c *checker) calls(n Node) {
	switch n := n.(type) {
	case *Aggregate:
		for _, a := range n.Aggs {
			if _, ok := a.Expr.(*Agg); !ok {
				c.failf("%s: #%d is no call of its kind", Line(n, Redacted), a.ID)
			}
		}
	case *Window:
		for _, a := range n.Calls {
			if _, ok := a.Expr.(*WindowCall); !ok {
				c.failf("%s: #%d is no call of its kind", Line(n, Redacted), a.ID)
			}
		}
	}
}
