package ir

import (
	"errors"
	"fmt"
	"sync"

	"github.com/lianji/lianji/catalog"
)

// Base names a base column that a plan reads.
type Base struct {
	Ref      int // the table reference
	Position int // of the resource's columns
}

// Reads gives every base column that the tree's scans read.
func Reads(n Node) map[Base]bool {
	reads := map[Base]bool{}
	Walk(n, func(n Node) {
		if s, ok := n.(*Scan); ok {
			for _, c := range s.Columns {
				reads[Base{s.Ref, c.Position}] = true
			}
		}
	})
	return reads
}

// ReadsMore gives a base column that the tree's scans read and that is not among those
// allowed; ok is false when there is none.
func ReadsMore(n Node, allowed map[Base]bool) (more Base, ok bool) {
	Walk(n, func(n Node) {
		s, isScan := n.(*Scan)
		if !isScan || ok {
			return
		}
		for _, c := range s.Columns {
			if b := (Base{s.Ref, c.Position}); !allowed[b] {
				more, ok = b, true
				return
			}
		}
	})
	return more, ok
}

// Check reports what is wrong with a tree: a column that is read and that no input
// gives, or that is read as another type; an id that two nodes make; an output that
// is empty or doubled; a DelimGet or CTERef without its node; rows, grouping sets and
// calls that do not fit their node.
func Check(root Node) error {
	c := checkers.Get().(*checker)
	defer c.free()
	c.visit(root)
	return errors.Join(c.problems...)
}

// checkers are kept: a tree is checked after every rule that changed it.
var checkers = sync.Pool{New: func() any {
	return &checker{columns: make([]seen, 256), all: make([]shown, 256)}
}}

// mostKept is how many columns a checker that is kept has room for.
const mostKept = 4096

// free keeps the checker for the next tree, without anything of this one.
func (c *checker) free() {
	if len(c.columns) > mostKept || len(c.all) > mostKept {
		return
	}
	clear(c.columns)
	clear(c.all)
	*c = checker{columns: c.columns, all: c.all}
	checkers.Put(c)
}

type checker struct {
	columns  []seen          // by id, of those below dense
	others   map[ColID]*seen // of further ids; nil while there is none
	all      []shown         // for outputs
	taken    int             // of all
	node     int32           // how many nodes were looked at
	delims   map[int]types
	ctes     map[int]types
	problems []error
}

// shown is a column of an output, without its name. The type stands in the node.
type shown struct {
	id  ColID
	typ *catalog.Type
}

// list gives an empty list with room for n columns.
func (c *checker) list(n int) []shown {
	if n > len(c.all)-c.taken {
		c.all, c.taken = make([]shown, max(n, 2*len(c.all))), 0
	}
	l := c.all[c.taken : c.taken : c.taken+n]
	c.taken += n
	return l
}

func showColumns(out []shown, columns []Column) []shown {
	for i := range columns {
		out = append(out, shown{columns[i].ID, &columns[i].Type})
	}
	return out
}

func showAssigned(out []shown, list []Assign) []shown {
	for i := range list {
		out = append(out, shown{list[i].ID, &list[i].Type})
	}
	return out
}

// seen is what is known of a column. given and listed say at which node it was found
// last, so that they need not be cleared for the next one.
type seen struct {
	typ    *catalog.Type // as it was given
	given  int32         // by an input of that node
	listed int32         // in the output of that node
	made   bool
}

// dense is up to which id columns are kept in a list. A plan numbers its columns from
// 1 on; a tree may hold others.
const dense = 1 << 16

func (c *checker) of(id ColID) *seen {
	if id >= 0 && id < dense {
		if int(id) >= len(c.columns) {
			more := make([]seen, max(int(id)+8, 2*len(c.columns)))
			copy(more, c.columns)
			c.columns = more
		}
		return &c.columns[id]
	}
	if c.others == nil {
		c.others = map[ColID]*seen{}
	}
	if c.others[id] == nil {
		c.others[id] = &seen{}
	}
	return c.others[id]
}

// types are columns with their types.
type types map[ColID]*catalog.Type

func typesOf(columns []shown) types {
	m := make(types, len(columns))
	for _, c := range columns {
		m[c.id] = c.typ
	}
	return m
}

func (c *checker) failf(format string, args ...any) {
	if len(c.problems) < 5 {
		c.problems = append(c.problems, fmt.Errorf(format, args...))
	}
}

func (c *checker) make(n Node, id ColID) {
	if id == 0 {
		c.failf("%s: a column without an id", Line(n, Redacted))
	}
	at := c.of(id)
	if at.made {
		c.failf("%s: #%d is made twice", Line(n, Redacted), id)
	}
	at.made = true
}

// visit checks a tree and gives its output: asked from the root down, each node
// would put its inputs' together again.
func (c *checker) visit(n Node) []shown {
	var inputs [2][]shown
	count := 0
	switch n := n.(type) {
	case *Join:
		left := c.visit(n.Left)
		if n.Delim != nil {
			columns := typesOf(left)
			for _, id := range n.Delim.Columns {
				if _, ok := columns[id]; !ok {
					c.failf("%s: #%d is not a column of its left side", Line(n, Redacted), id)
				}
			}
			if c.delims == nil {
				c.delims = map[int]types{}
			}
			c.delims[n.Delim.ID] = columns
		}
		inputs, count = [2][]shown{left, c.visit(n.Right)}, 2
		if n.Delim != nil {
			delete(c.delims, n.Delim.ID)
		}
	case *CTE:
		def := c.visit(n.Def)
		if c.ctes == nil {
			c.ctes = map[int]types{}
		}
		c.ctes[n.ID] = typesOf(def)
		inputs, count = [2][]shown{def, c.visit(n.Body)}, 2
		delete(c.ctes, n.ID)
	case *SetOp:
		inputs, count = [2][]shown{c.visit(n.Left), c.visit(n.Right)}, 2
	default:
		if in := input(n); in != nil {
			inputs[0], count = c.visit(in), 1
		}
	}
	out := c.outputOver(n, inputs)
	c.node++ // from here on, what is noted of columns is this node's
	c.makes(n, out)
	c.output(n, out, inputs[:count])
	c.reads(n, inputs[:count])
	c.fits(n)
	return out
}

// outputOver gives n's output from those of its inputs.
func (c *checker) outputOver(n Node, inputs [2][]shown) []shown {
	switch n := n.(type) {
	case *Barrier, *Remote, *Filter, *Sort, *Limit, *TopN, *Distinct:
		return inputs[0]
	case *CTE:
		return inputs[1]
	case *Scan:
		out := c.list(len(n.Columns))
		for i := range n.Columns {
			out = append(out, shown{n.Columns[i].ID, &n.Columns[i].Type})
		}
		return out
	case *Project:
		return showAssigned(c.list(len(n.Cols)), n.Cols)
	case *Aggregate:
		out := c.list(len(n.Groups) + len(n.Aggs) + len(n.Grouping))
		out = showAssigned(showAssigned(out, n.Groups), n.Aggs)
		for i := range n.Grouping {
			out = append(out, shown{n.Grouping[i].ID, &n.Grouping[i].Type})
		}
		return out
	case *Window:
		return showAssigned(append(c.list(len(inputs[0])+len(n.Calls)), inputs[0]...), n.Calls)
	case *Unnest:
		return showAssigned(append(c.list(len(inputs[0])+len(n.Calls)), inputs[0]...), n.Calls)
	case *Join:
		switch n.Kind {
		case Semi, Anti:
			return inputs[0]
		case Mark:
			return append(append(c.list(len(inputs[0])+1), inputs[0]...), shown{n.Mark.ID, &n.Mark.Type})
		}
		return append(append(c.list(len(inputs[0])+len(inputs[1])), inputs[0]...), inputs[1]...)
	}
	columns := n.Output()
	return showColumns(c.list(len(columns)), columns)
}

func (c *checker) makes(n Node, out []shown) {
	switch n := n.(type) {
	case *Scan, *DelimGet, *CTERef, *Values, *TableFunction, *SetOp:
		for _, col := range out {
			c.make(n, col.id)
		}
	case *Project:
		c.assigned(n, n.Cols)
	case *Aggregate:
		c.assigned(n, n.Groups)
		c.assigned(n, n.Aggs)
		for _, g := range n.Grouping {
			c.make(n, g.ID)
		}
	case *Window:
		c.assigned(n, n.Calls)
	case *Unnest:
		for _, a := range n.Calls {
			c.make(n, a.ID)
		}
	case *Join:
		if n.Kind == Mark {
			c.make(n, n.Mark.ID)
		}
	}
	c.from(n, out)
}

// assigned are columns of which one that only hands its own id on is not made.
func (c *checker) assigned(n Node, list []Assign) {
	for i := range list {
		a := &list[i]
		if r, ok := a.Expr.(*Ref); !ok || r.ID != a.ID {
			c.make(n, a.ID)
		}
		if t := a.Expr.Type(); !a.Type.Equal(t) {
			c.failf("%s: #%d is a %s and its expression a %s", Line(n, Redacted), a.ID, a.Type, t)
		}
	}
}

func (c *checker) from(n Node, out []shown) {
	var from []ColID
	var have types
	ok := true
	switch n := n.(type) {
	case *DelimGet:
		from = n.From
		have, ok = c.delims[n.Delim]
	case *CTERef:
		from = n.From
		have, ok = c.ctes[n.ID]
	default:
		return
	}
	if !ok || len(from) != len(out) {
		c.failf("%s: nothing gives its rows", Line(n, Redacted))
		return
	}
	for i, id := range from {
		t, ok := have[id]
		switch {
		case !ok:
			c.failf("%s: #%d is not there", Line(n, Redacted), id)
		case !t.Equal(*out[i].typ):
			c.failf("%s: #%d is read as %s and is a %s", Line(n, Redacted), id, *out[i].typ, *t)
		}
	}
}

func (c *checker) output(n Node, out []shown, inputs [][]shown) {
	if len(out) == 0 {
		c.failf("%s: no column", Line(n, Redacted))
	}
	for _, col := range out {
		at := c.of(col.id)
		if at.listed == c.node {
			c.failf("%s: #%d is there twice", Line(n, Redacted), col.id)
		}
		at.listed = c.node
	}
	if _, ok := n.(*SetOp); ok {
		for _, given := range inputs {
			if len(given) != len(out) {
				c.failf("%s: an input of %d columns", Line(n, Redacted), len(given))
				continue
			}
			for i := range given {
				if !given[i].typ.Equal(*out[i].typ) {
					c.failf("%s: column %d is a %s", Line(n, Redacted), i+1, *given[i].typ)
				}
			}
		}
	}
}

// reads looks at the columns that a node's expressions read, and at their types.
func (c *checker) reads(n Node, inputs [][]shown) {
	switch n.(type) {
	case *Scan, *Barrier, *Remote, *SetOp, *CTE, *CTERef, *DelimGet:
		return // they have no expressions
	}
	for _, in := range inputs {
		for _, col := range in {
			at := c.of(col.id)
			at.given, at.typ = c.node, col.typ
		}
	}
	eachExpr(n, func(e Expr, own bool) {
		WalkExpr(e, func(x Expr) {
			switch x := x.(type) {
			case *Ref:
				c.read(n, x)
			case *Agg, *WindowCall:
				if !own || x != e {
					c.failf("%s: a call of an aggregate or a window function within an expression", Line(n, Redacted))
				}
			}
		})
	})
}

func (c *checker) read(n Node, r *Ref) {
	at := c.of(r.ID)
	switch {
	case at.given != c.node:
		c.failf("%s: #%d is not given by an input", Line(n, Redacted), r.ID)
	case !at.typ.Equal(r.Typ):
		c.failf("%s: #%d is read as %s and is a %s", Line(n, Redacted), r.ID, r.Typ, *at.typ)
	}
}
