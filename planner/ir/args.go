package ir

// Args implements Expr.
func (*Ref) Args() []Expr { return nil }

// WithArgs implements Expr.
func (e *Ref) WithArgs([]Expr) Expr { return e }

// Args implements Expr.
func (*Const) Args() []Expr { return nil }

// WithArgs implements Expr.
func (e *Const) WithArgs([]Expr) Expr { return e }

// Args implements Expr.
func (*Param) Args() []Expr { return nil }

// WithArgs implements Expr.
func (e *Param) WithArgs([]Expr) Expr { return e }

// Args implements Expr.
func (e *Cast) Args() []Expr { return []Expr{e.Arg} }

// WithArgs implements Expr.
func (e *Cast) WithArgs(args []Expr) Expr { return &Cast{Arg: args[0], Typ: e.Typ, Try: e.Try} }

// Args implements Expr.
func (e *Func) Args() []Expr { return e.List }

// WithArgs implements Expr.
func (e *Func) WithArgs(args []Expr) Expr { return &Func{Name: e.Name, List: args, Typ: e.Typ} }

// Args implements Expr.
func (e *Compare) Args() []Expr { return []Expr{e.Left, e.Right} }

// WithArgs implements Expr.
func (e *Compare) WithArgs(args []Expr) Expr {
	return &Compare{Op: e.Op, Left: args[0], Right: args[1]}
}

// Args implements Expr.
func (e *And) Args() []Expr { return e.List }

// WithArgs implements Expr.
func (*And) WithArgs(args []Expr) Expr { return &And{List: args} }

// Args implements Expr.
func (e *Or) Args() []Expr { return e.List }

// WithArgs implements Expr.
func (*Or) WithArgs(args []Expr) Expr { return &Or{List: args} }

// Args implements Expr.
func (e *Not) Args() []Expr { return []Expr{e.Arg} }

// WithArgs implements Expr.
func (*Not) WithArgs(args []Expr) Expr { return &Not{Arg: args[0]} }

// Args implements Expr.
func (e *IsNull) Args() []Expr { return []Expr{e.Arg} }

// WithArgs implements Expr.
func (e *IsNull) WithArgs(args []Expr) Expr { return &IsNull{Arg: args[0], Negated: e.Negated} }

// Args implements Expr.
func (e *In) Args() []Expr { return append([]Expr{e.Arg}, e.List...) }

// WithArgs implements Expr.
func (e *In) WithArgs(args []Expr) Expr {
	return &In{Arg: args[0], List: args[1:], Negated: e.Negated}
}

// Args implements Expr.
func (e *Coalesce) Args() []Expr { return e.List }

// WithArgs implements Expr.
func (*Coalesce) WithArgs(args []Expr) Expr { return &Coalesce{List: args} }

// Args implements Expr: each When with its Then, then Else.
func (e *Case) Args() []Expr {
	out := make([]Expr, 0, 2*len(e.When)+1)
	for i := range e.When {
		out = append(out, e.When[i], e.Then[i])
	}
	return append(out, e.Else)
}

// WithArgs implements Expr.
func (e *Case) WithArgs(args []Expr) Expr {
	n := len(e.When)
	c := &Case{Typ: e.Typ, Else: args[2*n]}
	if n > 0 {
		list := make([]Expr, 2*n)
		c.When, c.Then = list[:n:n], list[n:]
	}
	for i := range e.When {
		c.When[i], c.Then[i] = args[2*i], args[2*i+1]
	}
	return c
}

// Args implements Expr.
func (e *Agg) Args() []Expr {
	if e.Filter == nil && len(e.Order) == 0 {
		return e.List
	}
	out := append([]Expr{}, e.List...)
	out = append(out, present(e.Filter)...)
	return append(out, keyExprs(e.Order)...)
}

// WithArgs implements Expr.
func (e *Agg) WithArgs(args []Expr) Expr {
	c, a := *e, &args
	c.List, c.Filter, c.Order = takeList(a, e.List), takeOne(a, e.Filter), takeKeys(a, e.Order)
	return &c
}

// Args implements Expr.
func (e *WindowCall) Args() []Expr {
	out := append(append([]Expr{}, e.List...), e.Partition...)
	out = append(append(out, keyExprs(e.Order)...), keyExprs(e.ArgOrder)...)
	return append(out, present(e.Filter, e.Frame.From, e.Frame.To)...)
}

// WithArgs implements Expr.
func (e *WindowCall) WithArgs(args []Expr) Expr {
	c, a := *e, &args
	c.List, c.Partition = takeList(a, e.List), takeList(a, e.Partition)
	c.Order, c.ArgOrder = takeKeys(a, e.Order), takeKeys(a, e.ArgOrder)
	c.Filter, c.Frame.From, c.Frame.To = takeOne(a, e.Filter), takeOne(a, e.Frame.From), takeOne(a, e.Frame.To)
	return &c
}

func takeOne(args *[]Expr, old Expr) Expr {
	if old == nil {
		return nil
	}
	e := (*args)[0]
	*args = (*args)[1:]
	return e
}

func takeList(args *[]Expr, old []Expr) []Expr {
	if old == nil {
		return nil
	}
	l := append([]Expr{}, (*args)[:len(old)]...)
	*args = (*args)[len(old):]
	return l
}

func takeKeys(args *[]Expr, old []Key) []Key {
	if old == nil {
		return nil
	}
	out := make([]Key, len(old))
	for i, k := range old {
		k.Expr = takeOne(args, k.Expr)
		out[i] = k
	}
	return out
}
