package ir

import (
	"errors"
	"fmt"

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
	c := &checker{delims: map[int]types{}, ctes: map[int]types{}}
	c.visit(root)
	return errors.Join(c.problems...)
}

type checker struct {
	columns  []seen          // by id, of those below dense
	others   map[ColID]*seen // of further ids; nil while there is none
	node     int32           // how many nodes were looked at
	delims   map[int]types
	ctes     map[int]types
	problems []error
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
type types map[ColID]catalog.Type

func typesOf(columns []Column) types {
	m := make(types, len(columns))
	for _, c := range columns {
		m[c.ID] = c.Type
	}
	return m
}

func (c *checker) failf(format string, args ...any) {
	if len(c.problems) < 5 {
		c.problems = append(c.problems, fmt.Errorf(format, args...))
	}
}

func (c *checker) make(n Node, cols ...Column) {
	for _, col := range cols {
		if col.ID == 0 {
			c.failf("%s: a column without an id", Line(n, Redacted))
		}
		at := c.of(col.ID)
		if at.made {
			c.failf("%s: #%d is made twice", Line(n, Redacted), col.ID)
		}
		at.made = true
	}
}

// visit checks a tree and gives its output: asked from the root down, each node
// would put its inputs' together again.
func (c *checker) visit(n Node) []Column {
	inputs := make([][]Column, 0, 2)
	switch n := n.(type) {
	case *Join:
		out := c.visit(n.Left)
		inputs = append(inputs, out)
		if n.Delim != nil {
			left := typesOf(out)
			for _, id := range n.Delim.Columns {
				if _, ok := left[id]; !ok {
					c.failf("%s: #%d is not a column of its left side", Line(n, Redacted), id)
				}
			}
			c.delims[n.Delim.ID] = left
		}
		inputs = append(inputs, c.visit(n.Right))
		if n.Delim != nil {
			delete(c.delims, n.Delim.ID)
		}
	case *CTE:
		def := c.visit(n.Def)
		c.ctes[n.ID] = typesOf(def)
		inputs = append(inputs, def, c.visit(n.Body))
		delete(c.ctes, n.ID)
	default:
		for _, in := range n.Inputs() {
			inputs = append(inputs, c.visit(in))
		}
	}
	out := outputOver(n, inputs)
	c.node++ // from here on, what is noted of columns is this node's
	c.makes(n, out)
	c.output(n, out, inputs)
	exprs := n.Exprs()
	c.reads(n, exprs, inputs)
	c.fits(n, exprs)
	return out
}

// outputOver gives n's output from those of its inputs.
func outputOver(n Node, inputs [][]Column) []Column {
	switch n := n.(type) {
	case *Barrier, *Remote, *Filter, *Sort, *Limit, *TopN, *Distinct:
		return inputs[0]
	case *CTE:
		return inputs[1]
	case *Window:
		return concat(inputs[0], columnsOf(n.Calls))
	case *Unnest:
		return concat(inputs[0], columnsOf(n.Calls))
	case *Join:
		switch n.Kind {
		case Semi, Anti:
			return inputs[0]
		case Mark:
			return concat(inputs[0], []Column{n.Mark})
		}
		return concat(inputs[0], inputs[1])
	}
	return n.Output()
}

func (c *checker) makes(n Node, out []Column) {
	switch n := n.(type) {
	case *Scan, *DelimGet, *CTERef, *Values, *TableFunction, *SetOp:
		c.make(n, out...)
	case *Project:
		c.assigned(n, n.Cols)
	case *Aggregate:
		c.assigned(n, n.Groups)
		c.assigned(n, n.Aggs)
		for _, g := range n.Grouping {
			c.make(n, g.Column)
		}
	case *Window:
		c.assigned(n, n.Calls)
	case *Unnest:
		c.make(n, columnsOf(n.Calls)...)
	case *Join:
		if n.Kind == Mark {
			c.make(n, n.Mark)
		}
	}
	c.from(n, out)
}

// assigned are columns of which one that only hands its own id on is not made.
func (c *checker) assigned(n Node, list []Assign) {
	for _, a := range list {
		if r, ok := a.Expr.(*Ref); !ok || r.ID != a.ID {
			c.make(n, a.Column)
		}
		if !a.Type.Equal(a.Expr.Type()) {
			c.failf("%s: #%d is a %s and its expression a %s", Line(n, Redacted), a.ID, a.Type, a.Expr.Type())
		}
	}
}

func (c *checker) from(n Node, out []Column) {
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
		case !t.Equal(out[i].Type):
			c.failf("%s: #%d is read as %s and is a %s", Line(n, Redacted), id, out[i].Type, t)
		}
	}
}

func (c *checker) output(n Node, out []Column, inputs [][]Column) {
	if len(out) == 0 {
		c.failf("%s: no column", Line(n, Redacted))
	}
	for _, col := range out {
		at := c.of(col.ID)
		if at.listed == c.node {
			c.failf("%s: #%d is there twice", Line(n, Redacted), col.ID)
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
				if !given[i].Type.Equal(out[i].Type) {
					c.failf("%s: column %d is a %s", Line(n, Redacted), i+1, given[i].Type)
				}
			}
		}
	}
}

// reads looks at the columns that a node's expressions read, and at their types.
func (c *checker) reads(n Node, exprs []Expr, inputs [][]Column) {
	if len(exprs) == 0 {
		return
	}
	for _, in := range inputs {
		for i := range in {
			at := c.of(in[i].ID)
			at.given, at.typ = c.node, &in[i].Type
		}
	}
	for _, e := range exprs {
		WalkExpr(e, func(x Expr) {
			r, ok := x.(*Ref)
			if !ok {
				return
			}
			at := c.of(r.ID)
			switch {
			case at.given != c.node:
				c.failf("%s: #%d is not given by an input", Line(n, Redacted), r.ID)
			case !at.typ.Equal(r.Typ):
				c.failf("%s: #%d is read as %s and is a %s", Line(n, Redacted), r.ID, r.Typ, *at.typ)
			}
		})
	}
}
