package rules

import "github.com/lianji/lianji/planner/ir"

// predicatePushdown splits conditions at their ANDs and moves each conjunct down to
// the rows that it speaks of.
//
//	filter a.x = 1 AND b.y = 2 AND a.z = b.z
//	  inner join
//	    scan a
//	    scan b
//	->
//	filter a.z = b.z
//	  inner join
//	    filter a.x = 1
//	      scan a
//	    filter b.y = 2
//	      scan b
//
// What several alternatives of an OR have in common is taken out of it, and an OR
// that reads both sides of a join gives each side what follows for it alone; the OR
// itself stays.
//
// It is sound because a conjunct passes an operator only if that operator gives the
// rows for which the conjunct is true from inputs for which it is true: a group, a
// partition or a set operation keeps or loses rows by values that the conjunct reads
// alone, and an outer join's null-supplying side is not filtered from above.
//
// It must not fire for a conjunct that can fail or is volatile: below, it would see
// rows that the statement hides from it. Nothing passes a LIMIT, a DISTINCT ON, a
// volatile expression or a Barrier, and nothing enters the right side of a delim
// join, whose rows hang on those of the left.
var predicatePushdown = Rule{Name: "predicate_pushdown", Apply: func(c *Context) (ir.Node, error) {
	p := &pusher{implied: true}
	return p.push(c.Plan.Root, nil), nil
}}

// predicatePushdownLate moves what became constant with the parameters; what an OR
// implies was added before.
var predicatePushdownLate = Rule{Name: predicatePushdown.Name, Late: true, Apply: func(c *Context) (ir.Node, error) {
	p := &pusher{}
	return p.push(c.Plan.Root, nil), nil
}}

// pusher moves predicates down.
type pusher struct {
	implied bool // add what an OR implies for a side of a join
	still   bool // the tree's own filters and join conditions stay where they are
}

// push gives n with the rows for which preds are true. All of preds are total.
func (p *pusher) push(n ir.Node, preds []ir.Expr) ir.Node {
	if p.still && len(preds) == 0 {
		return n
	}
	switch n := n.(type) {
	case *ir.Filter:
		return p.filter(n, preds)
	case *ir.Project:
		return p.project(n, preds)
	case *ir.Join:
		return p.join(n, preds)
	case *ir.SetOp:
		return p.setOp(n, preds)
	case *ir.Sort, *ir.Unnest, *ir.Window, *ir.Distinct:
		return p.over(n, preds)
	case *ir.Aggregate:
		return p.aggregate(n, preds)
	case *ir.CTE:
		return with(n, p.push(n.Def, nil), p.push(n.Body, preds))
	case *ir.Barrier, *ir.Remote:
		return where(n, preds...)
	}
	inputs := n.Inputs()
	for i := range inputs {
		inputs[i] = p.push(inputs[i], nil)
	}
	return where(with(n, inputs...), preds...)
}

// movable parts predicates into those that may move and the others.
func (p *pusher) movable(list []ir.Expr) (move, stay []ir.Expr) {
	if p.still {
		return nil, list
	}
	found := setOf(nil)
	for _, e := range ir.Conjuncts(list...) {
		if !total(e) {
			stay = append(stay, e)
			continue
		}
		found.add(ir.Conjuncts(factored(e))...)
	}
	return found.list, stay
}

func (p *pusher) filter(n *ir.Filter, preds []ir.Expr) ir.Node {
	if volatile(n.Preds...) {
		return where(with(n, p.push(n.Input, nil)), preds...)
	}
	preds = without(preds, ir.Conjuncts(n.Preds...))
	move, stay := p.movable(n.Preds)
	return refilter(n, p.push(n.Input, union(move, preds)), stay)
}

// split parts predicates by whether they read columns of the set, and at least one.
func split(preds []ir.Expr, of ir.Set) (inside, outside []ir.Expr) {
	for _, e := range preds {
		if of.Has(e) && len(ir.RefsOf(e)) > 0 {
			inside = append(inside, e)
		} else {
			outside = append(outside, e)
		}
	}
	return inside, outside
}

// over pushes through nodes that add columns or an order to the rows of one input.
func (p *pusher) over(n ir.Node, preds []ir.Expr) ir.Node {
	in := n.Inputs()[0]
	var through []ir.Expr
	if !volatile(n.Exprs()...) {
		through, preds = split(preds, passes(n, in))
	}
	return where(with(n, p.push(in, through)), preds...)
}

// passes gives the columns whose values decide which rows of in belong together
// in n: all of them where n looks at each row alone.
func passes(n ir.Node, in ir.Node) ir.Set {
	switch n := n.(type) {
	case *ir.Distinct:
		if n.On != nil {
			return nil
		}
	case *ir.Window:
		keys := ir.Set{}
		for i, a := range n.Calls {
			now := ir.Set{}
			if w, ok := a.Expr.(*ir.WindowCall); ok {
				for _, k := range w.Partition {
					if r, ok := k.(*ir.Ref); ok && (i == 0 || keys[r.ID]) {
						now[r.ID] = true
					}
				}
			}
			keys = now
		}
		return keys
	}
	return ir.OutputOf(in)
}

func (p *pusher) project(n *ir.Project, preds []ir.Expr) ir.Node {
	var through []ir.Expr
	if len(preds) > 0 && !volatile(n.Exprs()...) {
		through, preds = substituted(preds, n.Cols)
	}
	return where(with(n, p.push(n.Input, through)), preds...)
}

// substituted rewrites predicates over assigned columns into ones over what is
// below, as far as these are total; the others stay.
func substituted(preds []ir.Expr, cols []ir.Assign) (through, stay []ir.Expr) {
	by := map[ir.ColID]ir.Expr{}
	for _, a := range cols {
		by[a.ID] = a.Expr
	}
	for _, e := range preds {
		if below := ir.Substitute(e, by); total(below) && len(ir.RefsOf(below)) > 0 {
			through = append(through, below)
		} else {
			stay = append(stay, e)
		}
	}
	return through, stay
}

func (p *pusher) aggregate(n *ir.Aggregate, preds []ir.Expr) ir.Node {
	var through []ir.Expr
	if n.Sets == nil && !volatile(n.Exprs()...) {
		var keys []ir.Assign
		for _, g := range n.Groups {
			if _, ok := g.Expr.(*ir.Ref); ok {
				keys = append(keys, g)
			}
		}
		var stay []ir.Expr
		through, stay = split(preds, ir.SetOf(outputOf(keys)))
		through, preds = substituted(through, keys)
		preds = append(preds, stay...)
	}
	return where(with(n, p.push(n.Input, through)), preds...)
}

func outputOf(list []ir.Assign) []ir.Column {
	out := make([]ir.Column, len(list))
	for i, a := range list {
		out[i] = a.Column
	}
	return out
}

func (p *pusher) setOp(n *ir.SetOp, preds []ir.Expr) ir.Node {
	through, stay := split(preds, ir.SetOf(n.Columns))
	side := func(in ir.Node) ir.Node {
		by := map[ir.ColID]ir.Expr{}
		for i, c := range in.Output() {
			by[n.Columns[i].ID] = c.Ref()
		}
		list := make([]ir.Expr, len(through))
		for i, e := range through {
			list[i] = ir.Substitute(e, by)
		}
		return p.push(in, list)
	}
	return where(with(n, side(n.Left), side(n.Right)), stay...)
}

// join sends predicates from above and the join's own conditions to its sides.
func (p *pusher) join(n *ir.Join, preds []ir.Expr) ir.Node {
	left, right := ir.OutputOf(n.Left), ir.OutputOf(n.Right)
	// From above, a side that is completed with NULLs is closed.
	toLeft, toRight := n.Kind != ir.Right && n.Kind != ir.Full, (n.Kind == ir.Inner || n.Kind == ir.Right) && n.Delim == nil
	// Of the conditions, those of a side of which rows without a partner are dropped
	// or do not count. A Mark tells a condition that is NULL from one that is false.
	onLeft := n.Kind == ir.Inner || n.Kind == ir.Right || n.Kind == ir.Semi
	onRight := n.Kind != ir.Right && n.Kind != ir.Full && n.Kind != ir.Mark

	var l, r []ir.Expr
	var down []ir.Expr
	if toLeft {
		down, preds = split(preds, left)
		l = append(l, down...)
	}
	if toRight {
		down, preds = split(preds, right)
		r = append(r, down...)
	}
	on := n.On
	if n.Delim == nil && !p.still && !volatile(n.On...) {
		move, stay := p.movable(n.On)
		if onLeft {
			down, move = split(move, left)
			l = append(l, down...)
		}
		if onRight {
			down, move = split(move, right)
			r = append(r, down...)
		}
		on = append(stay, move...)
		if p.implied {
			l = append(l, impliedFor(left, move, onLeft)...)
			r = append(r, impliedFor(right, move, onRight)...)
		}
	}
	if p.implied {
		l = append(l, impliedFor(left, preds, toLeft)...)
		r = append(r, impliedFor(right, preds, toRight)...)
	}
	var out ir.Node = with(n, p.push(n.Left, l), p.push(n.Right, r))
	if !sameExprs(on, n.On) {
		j := *(out.(*ir.Join))
		j.On = on
		out = &j
	}
	return where(out, preds...)
}
