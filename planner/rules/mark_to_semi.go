package rules

import "github.com/lianji/lianji/planner/ir"

// markToSemi turns a mark join whose mark is only filtered by into a semi join, or
// an anti join where NOT mark is wanted.
//
//	filter mark AND a.x > 1
//	  mark join on a.id = b.id mark mark
//	    scan a
//	    scan b
//	->
//	filter a.x > 1
//	  semi join on a.id = b.id
//	    scan a
//	    scan b
//
// The filter may stand further up, as long as it could move down to the join: over
// other filters, on the left side of joins, on either side of inner ones. Where the
// mark is still read, a projection gives it as the constant that it is there.
//
// It is sound because a mark is true exactly where a semi join keeps the row. NOT
// mark is true where the mark is false, and an anti join also keeps rows whose mark
// is NULL: so it must not fire for NOT mark (NOT IN) unless no condition of the join
// can be NULL, by IS NOT DISTINCT FROM or because neither side has NULLs. A column's
// declaration as NOT NULL proves nothing; a filter, a comparison or count does. It
// must not fire for a mark under an OR, in a CASE or in the select list, nor move a
// filter past a volatile condition.
var markToSemi = Rule{Name: "mark_to_semi", Apply: func(c *Context) (ir.Node, error) {
	root := c.Plan.Root
	for {
		next := markOnce(root)
		if next == root {
			return root, nil
		}
		root = next
	}
}}

// markOnce converts the first mark join that it can.
func markOnce(root ir.Node) ir.Node {
	next := root
	ir.Walk(root, func(n ir.Node) {
		f, ok := n.(*ir.Filter)
		if !ok || next != root {
			return
		}
		preds := ir.Conjuncts(f.Preds...)
		for i, p := range preds {
			mark, negated := p, false
			for not, ok := p.(*ir.Not); ok; not, ok = mark.(*ir.Not) {
				mark, negated = not.Arg, !negated
			}
			ref, ok := mark.(*ir.Ref)
			if !ok || volatile(f.Preds...) {
				continue
			}
			path := &markPath{known: withValue(preds...)}
			j := path.find(f.Input, ref.ID)
			if j == nil || (negated && !path.certain(j)) {
				continue
			}
			rest := append(append([]ir.Expr{}, preds[:i]...), preds[i+1:]...)
			next = markReplaced(root, f, rest, j, negated)
			return
		}
	})
	return next
}

// markPath is the way down from a filter to the mark join whose mark it reads.
type markPath struct {
	known ir.Set // columns with a value wherever the filters on the way keep a row
}

func (p *markPath) find(n ir.Node, id ir.ColID) *ir.Join {
	switch n := n.(type) {
	case *ir.Filter:
		if volatile(n.Preds...) {
			return nil
		}
		for c := range withValue(n.Preds...) {
			p.known[c] = true
		}
		return p.find(n.Input, id)
	case *ir.Project:
		if ir.OutputOf(n.Input)[id] && !volatile(n.Exprs()...) {
			return p.find(n.Input, id)
		}
	case *ir.Join:
		if volatile(n.On...) {
			return nil
		}
		if n.Kind == ir.Mark && n.Mark.ID == id {
			return n
		}
		inLeft := ir.OutputOf(n.Left)[id]
		switch n.Kind {
		case ir.Inner:
			if !inLeft && n.Delim == nil {
				return p.find(n.Right, id)
			}
			fallthrough
		case ir.Left, ir.Semi, ir.Anti, ir.Mark, ir.Single:
			if inLeft {
				return p.find(n.Left, id)
			}
		}
	}
	return nil
}

// certain reports whether the join's mark is true or false, and never NULL, on every
// row that the filters keep.
func (p *markPath) certain(j *ir.Join) bool {
	for _, e := range ir.Conjuncts(j.On...) {
		switch e := e.(type) {
		case *ir.IsNull:
		case *ir.Compare:
			if e.Op < ir.IsDistinct && (!p.hasValue(e.Left, j) || !p.hasValue(e.Right, j)) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func (p *markPath) hasValue(e ir.Expr, j *ir.Join) bool {
	switch e := e.(type) {
	case *ir.Ref:
		return p.known[e.ID] || columnNeverNull(e.ID, j.Left) || columnNeverNull(e.ID, j.Right)
	case *ir.Cast:
		return !e.Try && p.hasValue(e.Arg, j)
	}
	return neverNull(e, j)
}

// markReplaced gives the tree without the mark's conjunct and with another join.
func markReplaced(root ir.Node, f *ir.Filter, rest []ir.Expr, j *ir.Join, negated bool) ir.Node {
	kept := *j
	kept.Kind, kept.Mark = ir.Semi, ir.Column{}
	if negated {
		kept.Kind = ir.Anti
	}
	build := func(join ir.Node) ir.Node {
		return put(root, f, where(put(f.Input, j, join), rest...))
	}
	without := build(&kept)
	if !readAbove(without, nil)[j.Mark.ID] && !listed(root, j) {
		return without
	}
	p := &ir.Project{Input: &kept, Cols: handedOn(kept.Output())}
	p.Cols = append(p.Cols, ir.Assign{Column: j.Mark, Expr: boolean(!negated)})
	return build(p)
}
