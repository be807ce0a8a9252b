package rules

import "github.com/lianji/lianji/planner/ir"

// transitivePredicates gives a column what is known of another column that it must
// equal.
//
//	inner join on a.x = b.x
//	  filter a.x IN (1, 2)
//	    scan a
//	  scan b
//	->
//	inner join on a.x = b.x
//	  filter a.x IN (1, 2)
//	    scan a
//	  filter b.x IN (1, 2)
//	    scan b
//
// It is sound because a row of b whose x is not among the values has no partner. For
// an inner join and for a semi join that goes both ways; for a left, anti or single
// join only from the left side, all of whose rows are kept, to the right one, and
// for a right join the other way round.
//
// It must not fire for a column of another type, where the comparison was made after
// a cast; for predicates other than a comparison with constants; for a full join, in
// which every row is kept; for a mark join, which tells a NULL in b from no row at
// all; for a delim join; and it takes nothing out of a Barrier, whose row filters are
// not the statement's.
var transitivePredicates = Rule{Name: "transitive_predicates", Apply: func(c *Context) (ir.Node, error) {
	return transitive(c.Plan.Root), nil
}}

func transitive(n ir.Node) ir.Node {
	n = spread(n)
	inputs := n.Inputs()
	if len(inputs) == 0 || isBarrier(n) {
		return n
	}
	for i := range inputs {
		inputs[i] = transitive(inputs[i])
	}
	return with(n, inputs...)
}

func isBarrier(n ir.Node) bool {
	switch n.(type) {
	case *ir.Barrier, *ir.Remote:
		return true
	}
	return false
}

// spread pushes down from a join what its conditions carry over.
func spread(n ir.Node) ir.Node {
	j, ok := n.(*ir.Join)
	if !ok || j.Delim != nil || volatile(j.On...) {
		return n
	}
	left, right := &known{}, &known{}
	left.learn(j.Left)
	right.learn(j.Right)
	p := &pusher{still: true}
	l, r := j.Left, j.Right
	switch j.Kind {
	case ir.Inner, ir.Semi:
		both := &known{}
		both.learn(j.Left)
		both.learn(j.Right)
		both.take(j.On)
		l, r = p.push(l, both.about(l)), p.push(r, both.about(r))
	case ir.Left, ir.Anti, ir.Single:
		left.equal(j.On)
		r = p.push(r, left.about(r))
	case ir.Right:
		right.equal(j.On)
		l = p.push(l, right.about(l))
	}
	return with(j, l, r)
}

// known is what is true of all rows of a tree.
type known struct {
	facts  []fact
	equals [][2]*ir.Ref
}

// fact is a predicate over one column and constants.
type fact struct {
	of *ir.Ref
	e  ir.Expr
}

// learn takes what is true of all rows that n gives.
func (k *known) learn(n ir.Node) {
	switch n := n.(type) {
	case *ir.Filter:
		k.take(n.Preds)
		k.learn(n.Input)
	case *ir.Sort, *ir.Limit, *ir.TopN, *ir.Distinct, *ir.Window, *ir.Unnest:
		k.learn(n.Inputs()[0])
	case *ir.Project:
		k.learn(n.Input)
		k.rename(n.Cols)
	case *ir.Aggregate:
		if n.Sets == nil {
			k.learn(n.Input)
			k.rename(n.Groups)
		}
	case *ir.Join:
		if n.Kind == ir.Inner || n.Kind == ir.Semi {
			k.take(n.On)
		}
		if n.Kind != ir.Right && n.Kind != ir.Full {
			k.learn(n.Left)
		}
		if n.Kind == ir.Inner || n.Kind == ir.Right {
			k.learn(n.Right)
		}
	case *ir.CTE:
		k.learn(n.Body)
	}
}

// rename lets columns that hand another one on equal it.
func (k *known) rename(cols []ir.Assign) {
	for _, a := range cols {
		if r, ok := a.Expr.(*ir.Ref); ok && r.ID != a.ID {
			k.equals = append(k.equals, [2]*ir.Ref{a.Ref(), r})
		}
	}
}

func (k *known) take(preds []ir.Expr) {
	k.equal(preds)
	for _, e := range ir.Conjuncts(preds...) {
		if of := factOf(e); of != nil {
			k.facts = append(k.facts, fact{of, e})
		}
	}
}

func (k *known) equal(preds []ir.Expr) {
	for _, e := range ir.Conjuncts(preds...) {
		c, ok := e.(*ir.Compare)
		if !ok || c.Op != ir.Eq {
			continue
		}
		l, okLeft := c.Left.(*ir.Ref)
		r, okRight := c.Right.(*ir.Ref)
		if okLeft && okRight && l.Typ.Equal(r.Typ) {
			k.equals = append(k.equals, [2]*ir.Ref{l, r})
		}
	}
}

// factOf gives the column that a comparison or an IN compares with constants.
func factOf(e ir.Expr) *ir.Ref {
	var operands []ir.Expr
	switch e := e.(type) {
	case *ir.Compare:
		if e.Op == ir.IsDistinct || e.Op == ir.IsNotDistinct {
			return nil
		}
		operands = []ir.Expr{e.Left, e.Right}
	case *ir.In:
		operands = e.Args()
	default:
		return nil
	}
	var of *ir.Ref
	for _, x := range operands {
		switch x := x.(type) {
		case *ir.Ref:
			if of != nil {
				return nil
			}
			of = x
		case *ir.Const, *ir.Param:
		default:
			return nil
		}
	}
	if !total(e) {
		return nil
	}
	return of
}

// about gives the facts over other columns that hold for columns of n as well.
func (k *known) about(n ir.Node) []ir.Expr {
	own := ir.OutputOf(n)
	var out []ir.Expr
	for _, f := range k.facts {
		for _, r := range k.class(f.of) {
			if own[r.ID] {
				out = append(out, ir.Substitute(f.e, map[ir.ColID]ir.Expr{f.of.ID: r}))
			}
		}
	}
	return out
}

// class gives the columns that equal one, directly or by way of others.
func (k *known) class(of *ir.Ref) []*ir.Ref {
	class := []*ir.Ref{of}
	in := ir.Set{of.ID: true}
	for i := 0; i < len(class); i++ {
		for _, pair := range k.equals {
			for side, r := range pair {
				other := pair[1-side]
				if r.ID == class[i].ID && !in[other.ID] {
					in[other.ID] = true
					class = append(class, other)
				}
			}
		}
	}
	return class[1:]
}
