package rules

import "github.com/lianji/lianji/planner/ir"

// Reached is a Remote whose rows may be asked whether Arg, over its columns, is in
// some list of constants.
type Reached struct {
	Remote *ir.Remote
	Arg    ir.Expr
}

// Reach tells where it may be asked of n's rows whether arg, over n's columns, is in
// a list of constants: at the Remotes to which predicate_pushdown would bring such a
// condition. It is none where a volatile expression stands in between.
func Reach(n ir.Node, arg ir.Expr) []Reached {
	mark := &ir.Param{Number: -1, Typ: arg.Type()} // stands for the list
	asked := &ir.In{Arg: arg, List: []ir.Expr{mark}}
	if !total(asked) || len(ir.RefsOf(arg)) == 0 || volatileAbove(n) {
		return nil
	}
	var out []Reached
	outside(Ask(n, asked), func(n ir.Node) {
		f, ok := n.(*ir.Filter)
		if !ok {
			return
		}
		r, ok := f.Input.(*ir.Remote)
		if !ok {
			return
		}
		for _, p := range f.Preds {
			if in, ok := p.(*ir.In); ok && len(in.List) == 1 && in.List[0] == ir.Expr(mark) {
				out = append(out, Reached{Remote: r, Arg: in.Arg})
			}
		}
	})
	return out
}

// Ask gives n with the rows for which cond is true. The condition, which cannot
// fail, stands as deep as predicate_pushdown would bring it; all others stay.
func Ask(n ir.Node, cond ir.Expr) ir.Node {
	return (&pusher{still: true}).push(n, []ir.Expr{cond})
}

// outside calls f for n and every node below it that stands outside of Remotes and
// Barriers.
func outside(n ir.Node, f func(ir.Node)) {
	f(n)
	if isBarrier(n) {
		return
	}
	for _, in := range n.Inputs() {
		outside(in, f)
	}
}

func volatileAbove(n ir.Node) bool {
	found := false
	outside(n, func(n ir.Node) {
		found = found || volatile(n.Exprs()...)
	})
	return found
}
