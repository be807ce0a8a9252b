package ir

// Walk calls f for n and every node below it, outermost first.
func Walk(n Node, f func(Node)) {
	f(n)
	switch n := n.(type) {
	case *Join:
		Walk(n.Left, f)
		Walk(n.Right, f)
	case *SetOp:
		Walk(n.Left, f)
		Walk(n.Right, f)
	case *CTE:
		Walk(n.Def, f)
		Walk(n.Body, f)
	default:
		if in := input(n); in != nil {
			Walk(in, f)
		}
	}
}

// Transform rebuilds a tree from its leaves up: f gets each node over inputs that
// were rebuilt already. Nodes that nothing changed stay the same pointers.
func Transform(n Node, f func(Node) Node) Node {
	switch x := n.(type) {
	case *Join:
		n = over(n, x.Left, x.Right, f)
	case *SetOp:
		n = over(n, x.Left, x.Right, f)
	case *CTE:
		n = over(n, x.Def, x.Body, f)
	default:
		if in := input(n); in != nil {
			if d := Transform(in, f); d != in {
				n = n.With([]Node{d})
			}
		}
	}
	return f(n)
}

// over gives n over what f makes of its two inputs.
func over(n, left, right Node, f func(Node) Node) Node {
	l, r := Transform(left, f), Transform(right, f)
	if l == left && r == right {
		return n
	}
	return n.With([]Node{l, r})
}

// WalkExpr calls f for e and every expression below it, outermost first. The kinds
// that stand in every statement are taken apart here, because Args makes a list.
func WalkExpr(e Expr, f func(Expr)) {
	f(e)
	switch e := e.(type) {
	case *Ref, *Const, *Param:
	case *Cast:
		WalkExpr(e.Arg, f)
	case *Compare:
		WalkExpr(e.Left, f)
		WalkExpr(e.Right, f)
	case *Not:
		WalkExpr(e.Arg, f)
	case *IsNull:
		WalkExpr(e.Arg, f)
	case *In:
		WalkExpr(e.Arg, f)
		for _, a := range e.List {
			WalkExpr(a, f)
		}
	case *Case:
		for i := range e.When {
			WalkExpr(e.When[i], f)
			WalkExpr(e.Then[i], f)
		}
		WalkExpr(e.Else, f)
	default:
		for _, a := range e.Args() {
			WalkExpr(a, f)
		}
	}
}

// TransformExpr rebuilds an expression from its leaves up. What nothing changed
// stays the same pointer.
func TransformExpr(e Expr, f func(Expr) Expr) Expr {
	switch x := e.(type) {
	case *Ref, *Const, *Param:
		return f(e)
	case *Cast:
		if arg := TransformExpr(x.Arg, f); arg != x.Arg {
			e = &Cast{Arg: arg, Typ: x.Typ, Try: x.Try}
		}
		return f(e)
	case *Compare:
		left, right := TransformExpr(x.Left, f), TransformExpr(x.Right, f)
		if left != x.Left || right != x.Right {
			e = &Compare{Op: x.Op, Left: left, Right: right}
		}
		return f(e)
	case *Case:
		return f(transformCase(x, f))
	}
	args := e.Args()
	var changed []Expr
	for i, a := range args {
		if b := TransformExpr(a, f); b != a {
			if changed == nil {
				changed = append([]Expr{}, args...)
			}
			changed[i] = b
		}
	}
	if changed != nil {
		e = e.WithArgs(changed)
	}
	return f(e)
}

// transformCase is TransformExpr for what is below a CASE.
func transformCase(e *Case, f func(Expr) Expr) *Case {
	var args []Expr
	put := func(i int, old Expr) {
		now := TransformExpr(old, f)
		if now == old {
			return
		}
		if args == nil {
			args = e.Args()
		}
		args[i] = now
	}
	for i := range e.When {
		put(2*i, e.When[i])
		put(2*i+1, e.Then[i])
	}
	put(2*len(e.When), e.Else)
	if args == nil {
		return e
	}
	return e.WithArgs(args).(*Case)
}

// Set is a set of columns.
type Set map[ColID]bool

// SetOf gives the ids of columns.
func SetOf(columns []Column) Set {
	s := Set{}
	for _, c := range columns {
		s[c.ID] = true
	}
	return s
}

// OutputOf gives the ids of the columns that a node gives. It does not put the lists
// of its inputs together.
func OutputOf(n Node) Set {
	s := Set{}
	eachOutput(n, func(c *Column) { s[c.ID] = true })
	return s
}

// Has reports whether every column that the expressions read is in s.
func (s Set) Has(list ...Expr) bool {
	all := true
	for _, e := range list {
		WalkExpr(e, func(x Expr) {
			if r, ok := x.(*Ref); ok && !s[r.ID] {
				all = false
			}
		})
	}
	return all
}

// Add puts the columns that the expressions read into s.
func (s Set) Add(list ...Expr) {
	for _, e := range list {
		WalkExpr(e, func(x Expr) {
			if r, ok := x.(*Ref); ok {
				s[r.ID] = true
			}
		})
	}
}

// RefsOf gives the columns that the expressions read.
func RefsOf(list ...Expr) Set {
	s := Set{}
	s.Add(list...)
	return s
}

// Substitute puts other expressions in the place of references.
func Substitute(e Expr, with map[ColID]Expr) Expr {
	return TransformExpr(e, func(x Expr) Expr {
		if r, ok := x.(*Ref); ok {
			if w, ok := with[r.ID]; ok {
				return w
			}
		}
		return x
	})
}

// Conjuncts splits an expression at its ANDs.
func Conjuncts(list ...Expr) []Expr {
	var out []Expr
	for _, e := range list {
		if a, ok := e.(*And); ok {
			out = append(out, Conjuncts(a.List...)...)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// Where gives n, or a Filter over it when there are predicates. Two filters in a
// row become one.
func Where(n Node, preds ...Expr) Node {
	if len(preds) == 0 {
		return n
	}
	if f, ok := n.(*Filter); ok {
		return &Filter{Input: f.Input, Preds: append(append([]Expr{}, f.Preds...), preds...)}
	}
	return &Filter{Input: n, Preds: preds}
}
