package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// listMembership asks with an IN whether a value is among the elements of a constant
// list. DuckDB binds a = ANY(list) as a join with the elements.
//
//	semi join on a = x
//	  scan t
//	  project x
//	    unnest x = list_value(1, 2, NULL)
//	      values: (0)
//	->
//	filter a IN (1, 2)
//	  scan t
//
// A mark join becomes a column a IN (1, 2, NULL), an anti join a filter for a that is
// NULL or not in the list. Calls of list_contains in a filter are INs as well. Where
// only TRUE counts, as in a filter, a list needs no NULL: a IN (1, NULL) is true where
// a IN (1) is, and its NOT never is.
//
// It is sound because a mark is true where a pair of equal values exists, else NULL
// where a is NULL or one of the elements is, else false: as IN is, but for an empty
// list, with which nothing is compared, and which gives FALSE even for NULL. A NULL
// for a list has no elements either.
//
// It must not fire where an element is no constant of the type that is compared, for a
// value that can fail, or for a list that is longer than those that sources take:
// DuckDB is better at joining that. Under NOT a list_contains stays: it knows no NULL
// among the elements. An inner join with the elements stays too, because it gives a
// row for each of those that are equal.
var listMembership = Rule{Name: "list_membership", Late: true, Apply: func(c *Context) (ir.Node, error) {
	m := &membership{marks: ir.Set{}}
	root := ir.Transform(c.Plan.Root, m.node)
	if len(m.marks) == 0 {
		return root, nil
	}
	for {
		next := m.withoutMark(root)
		if next == root {
			return root, nil
		}
		root = next
	}
}}

// membership turns joins with the elements of lists into conditions.
type membership struct {
	marks ir.Set // that projections compute now
}

// withoutMark takes a projection out whose mark nobody reads.
func (m *membership) withoutMark(root ir.Node) ir.Node {
	next, read := root, readAbove(root, nil)
	ir.Walk(root, func(n ir.Node) {
		if p, mark := m.marking(n); p != nil && next == root && !read[mark.ID] && !listed(root, p) {
			next = put(root, p, p.Input)
		}
	})
	return next
}

// marking gives a projection that was made for a mark.
func (m *membership) marking(n ir.Node) (p *ir.Project, mark ir.Assign) {
	p, ok := n.(*ir.Project)
	if !ok || !m.marks[p.Cols[len(p.Cols)-1].ID] {
		return nil, mark
	}
	mark = p.Cols[len(p.Cols)-1]
	if r, ok := mark.Expr.(*ir.Ref); ok && r.ID == mark.ID { // it hands one on
		return nil, mark
	}
	return p, mark
}

func (m *membership) node(n ir.Node) ir.Node {
	switch n := n.(type) {
	case *ir.Filter:
		return m.filter(n)
	case *ir.Join:
		return m.join(n)
	}
	return n
}

// join gives what a join with the elements of a list is.
func (m *membership) join(n *ir.Join) ir.Node {
	value, elements, ok := memberOf(n)
	if !ok {
		return n
	}
	switch asked := isMember(value, elements); n.Kind {
	case ir.Semi:
		return where(n.Left, onlyTrue(asked))
	case ir.Anti:
		return where(n.Left, withoutTrue([]ir.Expr{foldOne(&ir.Or{List: []ir.Expr{&ir.IsNull{Arg: value}, never(onlyTrue(asked))}})})...)
	default:
		m.marks[n.Mark.ID] = true
		return &ir.Project{Input: n.Left, Cols: append(handedOn(n.Left.Output()), ir.Assign{Column: n.Mark, Expr: asked})}
	}
}

// filter asks below a mark's projection what it asks of the mark.
func (m *membership) filter(n *ir.Filter) ir.Node {
	p, mark := m.marking(n.Input)
	preds, changed := make([]ir.Expr, len(n.Preds)), false
	for i, e := range n.Preds {
		preds[i] = e
		if p != nil {
			preds[i] = fold(ir.Substitute(e, map[ir.ColID]ir.Expr{mark.ID: mark.Expr}))
		}
		preds[i] = onlyTrue(preds[i])
		changed = changed || preds[i] != e
	}
	if !changed {
		return n
	}
	preds = withoutTrue(preds)
	if p == nil || !total(preds...) {
		return ir.Where(n.Input, preds...)
	}
	below := where(p.Input, preds...)
	if f, ok := below.(*ir.Filter); ok {
		below = m.filter(f)
	}
	return with(p, below)
}

// listContains holds DuckDB's names of the function that looks for a value in a list.
var listContains = map[string]bool{"list_contains": true, "list_has": true, "array_contains": true, "array_has": true, "contains": true}

// isMember says that a value is one of the elements, with SQL's NULL.
func isMember(value ir.Expr, elements []ir.Expr) ir.Expr {
	if len(elements) == 0 {
		return boolean(false)
	}
	return &ir.In{Arg: value, List: elements}
}

func never(e ir.Expr) ir.Expr {
	if b, known := truth(e); known {
		return boolean(negate(b))
	}
	return &ir.Not{Arg: e}
}

// onlyTrue gives a condition that is true where e is; where e is NULL it may be false.
func onlyTrue(e ir.Expr) ir.Expr {
	switch e := e.(type) {
	case *ir.And, *ir.Or:
		return foldOne(mapArgs(e, onlyTrue))
	case *ir.Not:
		if in, ok := e.Arg.(*ir.In); ok && !in.Negated && hasNull(in.List) && total(in) {
			return boolean(false)
		}
	case *ir.In:
		if !hasNull(e.List) || !total(e) {
			return e
		}
		if e.Negated {
			return boolean(false)
		}
		return isMember(e.Arg, withoutNull(e.List))
	case *ir.Func:
		if !listContains[e.Name] || len(e.List) != 2 {
			return e
		}
		value := e.List[1]
		if elements, ok := elementsOf(e.List[0], value.Type()); ok && total(value) && comparedAlike(value.Type()) {
			return isMember(value, withoutNull(elements))
		}
	}
	return e
}

// mapArgs applies f to what is below an expression, which stays the same pointer when
// nothing changes.
func mapArgs(e ir.Expr, f func(ir.Expr) ir.Expr) ir.Expr {
	args, changed := append([]ir.Expr{}, e.Args()...), false
	for i, a := range args {
		args[i] = f(a)
		changed = changed || args[i] != a
	}
	if !changed {
		return e
	}
	return e.WithArgs(args)
}

func isNull(e ir.Expr) bool {
	c, ok := e.(*ir.Const)
	return ok && c.Value.IsNull()
}

func hasNull(list []ir.Expr) bool { return len(withoutNull(list)) < len(list) }

func withoutNull(list []ir.Expr) []ir.Expr {
	var out []ir.Expr
	for _, e := range list {
		if !isNull(e) {
			out = append(out, e)
		}
	}
	return out
}

// memberOf takes a join apart that asks whether a value of its left side is among the
// constants of its right side.
func memberOf(n *ir.Join) (value ir.Expr, elements []ir.Expr, ok bool) {
	if n.Delim != nil || len(n.On) != 1 || n.Kind != ir.Semi && n.Kind != ir.Anti && n.Kind != ir.Mark {
		return nil, nil, false
	}
	on, ok := n.On[0].(*ir.Compare)
	if !ok || on.Op != ir.Eq {
		return nil, nil, false
	}
	value, element := on.Left, on.Right
	left, right := ir.OutputOf(n.Left), ir.OutputOf(n.Right)
	if right.Has(value) && left.Has(element) {
		value, element = element, value
	}
	if !left.Has(value) || !right.Has(element) || !total(value) || !comparedAlike(value.Type()) {
		return nil, nil, false
	}
	elements, ok = constantRows(n.Right, element)
	return value, elements, ok
}

// comparedAlike reports whether a type's values are equal for a join, for IN and for
// list_contains alike.
func comparedAlike(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Decimal, catalog.Text, catalog.Blob,
		catalog.Date, catalog.Timestamp, catalog.TimestampTZ, catalog.UUID:
		return true
	}
	return false
}
